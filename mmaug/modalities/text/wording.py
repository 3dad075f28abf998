"""Wording ops. A function takes what a text says and the spans it must leave alone, and returns replacements in the text.

Side, colour, number, negation and order words, quotes, names and the names of annotated things are protected for all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from mmaug import rng
from mmaug.language import wordnet
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.substitutes import substitutes
from mmaug.language.tokens import with_case_of
from mmaug.params import Magnitude, Seed
from mmaug.registry import register

Spans = Sequence[tuple[int, int]]


@register("wording", share=Magnitude(0.0, 1.0, "of the words that have one", 0.0, 1.0), seed=Seed())
def synonym(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Put synonyms in the place of nouns and adjectives whose meaning is clear where they stand, in the same form.

    share: of the words that have a synonym, in [0, 1]. seed: which words, and which synonym.
    Source: Zhang et al. 2015, "Character-level convolutional networks for text classification", 2.4; WordNet 3.0.
    """
    made = []
    for i, roll, pick in _rolls(_free(reading, protected), seed):
        words, token = substitutes(reading, i) if roll < share else (), reading.tokens[i]
        if words:
            word = words[min(int(pick * pick * len(words)), len(words) - 1)]  # squared: the more frequent ones more often
            made.append(Replacement(token.start, token.end, with_case_of(reading.text[token.start : token.end], word)))
    return made


@register("wording", share=Magnitude(0.0, 0.5, "of the words", 0.0, 1.0), seed=Seed())
def keyboard_typo(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Hit a neighbouring key in one letter of some words of four letters or more; the first and last letter stay.

    No typo makes another word ("snow" never becomes "show").

    share: of the words, in [0, 1]. seed: which words, which letter, which neighbour.
    Source: Belinkov and Bisk 2018, "Synthetic and natural noise both break neural machine translation", 3.2 (Key).
    """
    made = []
    for i, roll, pick in _rolls(_free(reading, protected), seed):
        token = reading.tokens[i]
        word = reading.text[token.start : token.end]
        if roll >= share or len(word) < 4 or not word.isascii() or not word.isalpha():
            continue
        place = 1 + int(pick * (len(word) - 2))
        keys = [k for k in _NEIGHBOURS[word[place].lower()] if not wordnet.is_word(f"{word[:place]}{k}{word[place + 1 :]}".lower())]
        if not keys:
            continue
        key = keys[int(pick * 7919 * len(keys)) % len(keys)]
        made.append(Replacement(token.start + place, token.start + place + 1, with_case_of(word[place] + "x", key)))
    return made


_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: [
        other
        for down in (-1, 0, 1)
        if 0 <= row + down < len(_ROWS)
        for step in (-1, 0, 1)
        if (down, step) != (0, 0) and (down, step) not in ((-1, -1), (1, 1))  # rows are shifted by half a key
        if 0 <= column + step < len(_ROWS[row + down])
        for other in _ROWS[row + down][column + step]
    ]
    for row, keys in enumerate(_ROWS)
    for column, key in enumerate(keys)
}
"""QWERTY: the keys that touch each key."""


def _free(reading: Reading, protected: Spans) -> Iterable[int]:
    """The numbers of the words that touch no protected span; both come in order."""
    spans = iter(protected)
    start, end = next(spans, _NEVER)
    for i, token in enumerate(reading.tokens):
        while end <= token.start:
            start, end = next(spans, _NEVER)
        if token.end <= start:
            yield i


_NEVER = (sys.maxsize, sys.maxsize)


def _rolls(tokens: Iterable[int], seed: int) -> Iterable[tuple[int, float, float]]:
    """Two uniform numbers for each word, whatever is done with the words before it."""
    words = list(tokens)
    numbers = rng.uniforms(seed, 2 * len(words))
    return zip(words, numbers[::2], numbers[1::2], strict=True)
