"""Wording ops that misspell. None makes another word, so none changes what a text says to a reader who mends it.

The first and last letter stay, but for `misspell`, whose misspellings are people's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from mmaug.language import wordnet
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.misspellings import MISSPELLINGS
from mmaug.language.tokens import with_case_of
from mmaug.modalities.text.draws import Spans, fraction, free, one_of, rolls
from mmaug.params import Magnitude, Seed
from mmaug.registry import register

_T = TypeVar("_T")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@register("wording", share=Magnitude(0.0, 0.5, "of the words", 0.0, 1.0), seed=Seed())
def keyboard_typo(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Hit a neighbouring key in one letter of some words of four letters or more; the first and last letter stay.

    No typo makes another word ("snow" never becomes "show").

    share: of the words, in [0, 1]. seed: which words, which letter, which neighbour.
    Source: Belinkov and Bisk 2018, "Synthetic and natural noise both break neural machine translation", 3.2 (Key).
    """
    made = []
    for start, word, pick in _words(reading, protected, share, seed):
        inner = len(word) - 2
        place = 1 + int(pick * inner)
        for key in _turned(_NEIGHBOURS[word[place].lower()], fraction(pick, inner)):
            if _is_new(word, place, 1, key):
                made.append(_in_word(start, word, place, 1, key))
                break
    return made


@register("wording", share=Magnitude(0.0, 0.5, "of the words", 0.0, 1.0), seed=Seed())
def ocr_typo(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Misread one letter or pair of letters of some words as a scanner does ("l" as "1", "rn" as "m"); no word becomes another.

    share: of the words, in [0, 1]. seed: which words, which letters.
    Source: Kukich 1992, "Techniques for automatically correcting words in text" (OCR errors); pairs of like shapes.
    """
    made = []
    for start, word, pick in _words(reading, protected, share, seed):
        places = [
            (place, seen, read)
            for place in range(1, len(word) - 1)
            for size in (1, 2)
            if (seen := word[place : place + size]) in _LOOKS_LIKE and place + size < len(word)
            for read in _LOOKS_LIKE[seen]
        ]
        for place, seen, read in _turned(places, pick):
            if _is_new(word, place, len(seen), read):
                made.append(Replacement(start + place, start + place + len(seen), read))
                break
    return made


@register("wording", share=Magnitude(0.0, 0.5, "of the words", 0.0, 1.0), seed=Seed())
def char_noise(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Insert, leave out, replace or swap a letter inside some words of four letters or more; no word becomes another.

    share: of the words, in [0, 1]. seed: which words, which letter, and what happens to it.
    Source: Belinkov and Bisk 2018, "Synthetic and natural noise both break neural machine translation", 3.2; Pruthi et al. 2019,
    "Combating adversarial misspellings with robust word recognition" (swap, drop, add, keyboard).
    """
    made = []
    for start, word, pick in _words(reading, protected, share, seed):
        kind, rest = int(pick * 4), fraction(pick, 4)
        letter = one_of(_LETTERS, fraction(rest, 97))
        for place in _turned(range(1, len(word) - 1), rest):
            size, new = _noise(kind, word, place, letter)
            if new is not None and _is_new(word, place, size, new):
                made.append(_in_word(start, word, place, size, new))
                break
    return made


def _noise(kind: int, word: str, place: int, letter: str) -> tuple[int, str | None]:
    """How many letters go and which come; None where nothing would change."""
    if kind == 0:
        return 0, letter
    if kind == 1:
        return 1, ""
    if kind == 2:
        return 1, letter if letter != word[place].lower() else None
    one, two = word[place], word[place + 1]
    return 2, two + one if one != two and place + 2 < len(word) else None


@register("wording", share=Magnitude(0.0, 1.0, "of the words that have one", 0.0, 1.0), seed=Seed())
def misspell(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Spell words as people often misspell them ("beautiful" as "beautifull").

    share: of the words with a well-known misspelling, in [0, 1]. seed: which words, and which misspelling.
    Source: Belinkov and Bisk 2018, "Synthetic and natural noise both break neural machine translation", 3.1 (natural errors).
    """
    made = []
    for i, roll, pick in rolls(free(reading, protected), seed):
        token = reading.tokens[i]
        if roll < share and (wrong := MISSPELLINGS.get(token.word)):
            made.append(Replacement(token.start, token.end, with_case_of(reading.text[token.start : token.end], one_of(wrong, pick))))
    return made


@register("wording", share=Magnitude(0.0, 0.3, "of the words", 0.0, 1.0), seed=Seed())
def split_words(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Put a space into some words of five letters or more, where neither part is a word ("surf board" says something else).

    share: of the words, in [0, 1]. seed: which words, and where.
    Source: Kukich 1992, "Techniques for automatically correcting words in text" (word boundary errors).
    """
    made = []
    for start, word, pick in _words(reading, protected, share, seed):
        for place in _turned(range(2, len(word) - 1), pick):
            if len(word) > 4 and not wordnet.is_word(word[:place].lower()) and not wordnet.is_word(word[place:].lower()):
                made.append(Replacement(start + place, start + place, " "))
                break
    return made


def _words(reading: Reading, protected: Spans, share: float, seed: int) -> Iterator[tuple[int, str, float]]:
    """The drawn words of four letters or more: where each starts, the word, and a uniform number."""
    for i, roll, pick in rolls(free(reading, protected), seed):
        if roll < share:
            token = reading.tokens[i]
            word = reading.text[token.start : token.end]
            if len(word) >= 4 and word.isascii() and word.isalpha():
                yield token.start, word, pick


def _is_new(word: str, place: int, size: int, new: str) -> bool:
    return not wordnet.is_word(f"{word[:place]}{new}{word[place + size :]}".lower())


def _in_word(start: int, word: str, place: int, size: int, new: str) -> Replacement:
    """Letters at a place of a word, in capitals where the word is."""
    return Replacement(start + place, start + place + size, new.upper() if word.isupper() else new)


def _turned(values: Sequence[_T], pick: float) -> Iterator[_T]:
    """All values, from a drawn one on."""
    first = int(pick * len(values))
    yield from values[first:]
    yield from values[:first]


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

_LOOKS_LIKE = {
    "a": ("o",), "b": ("h", "6"), "c": ("e", "o"), "d": ("cl",), "e": ("c",), "f": ("t",), "g": ("9", "q"), "h": ("b", "n"),
    "i": ("1", "l", "j"), "j": ("i",), "l": ("1", "i", "I"), "m": ("rn", "nn"), "n": ("ri", "h"), "o": ("0", "c"), "q": ("g", "9"),
    "r": ("n",), "s": ("5",), "t": ("f", "l"), "u": ("v", "ii"), "v": ("u", "y"), "w": ("vv",), "y": ("v",), "z": ("2",),
    "rn": ("m",), "nn": ("m",), "cl": ("d",), "vv": ("w",), "ri": ("n",), "li": ("h",), "ii": ("u",), "ol": ("d",),
    "B": ("8",), "D": ("O", "0"), "E": ("F",), "G": ("6", "C"), "I": ("l", "1"), "O": ("0", "Q"), "S": ("5",), "T": ("7",), "Z": ("2",),
}  # fmt: skip
"""What a scanner takes a letter or pair of letters for."""
