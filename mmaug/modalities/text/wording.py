"""Wording ops on whole words. A function takes what a text says and the spans it must leave alone, and returns replacements in the text.

Side, colour, number, negation and order words, quotes, names and the names of annotated things are protected for all of them; none makes
a true caption false. `edits.apply` mends "a" and "an", capitals and spaces.
"""

from __future__ import annotations

from collections.abc import Callable

from mmaug.language import loosening
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.general import general_words
from mmaug.language.loosening import Change
from mmaug.language.phrases import claims_all
from mmaug.language.substitutes import substitutes
from mmaug.language.tokens import with_case_of
from mmaug.modalities.text.draws import Spans, free, is_free, one_of, rolls
from mmaug.params import Magnitude, Seed, Text
from mmaug.registry import register


@register("wording", share=Magnitude(0.0, 1.0, "of the words that have one", 0.0, 1.0), seed=Seed())
def synonym(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Put synonyms in the place of nouns and adjectives whose meaning is clear where they stand, in the same form.

    share: of the words that have a synonym, in [0, 1]. seed: which words, and which synonym.
    Source: Zhang et al. 2015, "Character-level convolutional networks for text classification", 2.4; WordNet 3.0.
    """
    return _instead(reading, protected, substitutes, share, seed)


@register("wording", share=Magnitude(0.0, 1.0, "of the words that have one", 0.0, 1.0), seed=Seed())
def hypernym(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Put a more general noun in the place of a noun, in the same number ("dogs" as "animals").

    Texts that deny, compare or speak of all stay: "no dog" does not mean "no animal".

    share: of the nouns that have a natural more general word, in [0, 1]. seed: which nouns, and which word.
    Source: WordNet 3.0 (hypernyms); Miller 1995, "WordNet: a lexical database for English".
    """
    return [] if share == 0 or claims_all(reading) else _instead(reading, protected, general_words, share, seed)


@register("wording", share=Magnitude(0.0, 1.0, "of the places", 0.0, 1.0), seed=Seed())
def insert_words(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Put in words that claim nothing: "a dog apparently running", "is indeed", ", it seems".

    share: of the places where one fits, in [0, 1]. seed: which places, and which words.
    Source: Wei and Zou 2019, "EDA", 2 (random insertion); only where the sentence stays right, and words that cannot make it false.
    """
    made = []
    for (place, words), roll, pick in rolls(loosening.room_for_hedges(reading) if share else (), seed):
        if roll < share and is_free(place, place, protected):
            made.append(Replacement(place, place, one_of(words, pick)))
    return made


@register("wording", share=Magnitude(0.0, 1.0, "of the words that can go", 0.0, 1.0), seed=Seed())
def delete_words(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Leave out adjectives, adverbs, "that is" and "There is", where the text says less without them, but nothing else.

    share: of the words that can go, in [0, 1]. seed: which.
    Source: Wei and Zou 2019, "EDA", 2 (random deletion); never a noun, a verb or a protected word.
    """
    return _together(reading, protected, loosening.spare_words, share, seed)


@register("wording", share=Magnitude(0.0, 1.0, "of the pairs", 0.0, 1.0), seed=Seed())
def swap_words(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Let equals change places: "a shirt and tie", "old and rusty", "a car next to a tree"; who does what to whom stays.

    share: of the pairs that may change places, in [0, 1]. seed: which.
    Source: Wei and Zou 2019, "EDA", 2 (random swap); only what a symmetric word joins, not any two words.
    """
    return _together(reading, protected, loosening.exchanges, share, seed)


@register("wording", share=Magnitude(0.0, 0.5, "of the words", 0.0, 1.0), mask=Text(("[MASK]",), "what stands for a word"), seed=Seed())
def mask_words(reading: Reading, protected: Spans, *, share: float, mask: str, seed: int) -> list[Replacement]:
    """Hide words behind a mask.

    share: of the words, in [0, 1]. mask: what stands for a word, such as the mask of the model's tokenizer. seed: which.
    Source: Devlin et al. 2019, "BERT", 3.1 (masked words).
    """
    tokens = reading.tokens
    return [Replacement(tokens[i].start, tokens[i].end, mask) for i, roll, _ in rolls(free(reading, protected), seed) if roll < share]


def _instead(
    reading: Reading, protected: Spans, words_for: Callable[[Reading, int], tuple[str, ...]], share: float, seed: int
) -> list[Replacement]:
    """Other words in the place of some, which `words_for` gives for each."""
    made = []
    for i, roll, pick in rolls(free(reading, protected), seed):
        words, token = words_for(reading, i) if roll < share else (), reading.tokens[i]
        if words:
            word = one_of(words, pick * pick)  # squared: the first ones, which fit best, more often
            made.append(Replacement(token.start, token.end, with_case_of(reading.text[token.start : token.end], word)))
    return made


def _together(reading: Reading, protected: Spans, changes: Callable[[Reading], list[Change]], share: float, seed: int) -> list[Replacement]:
    """Some of the changes, each with all of its replacements, and none where another has been made."""
    made: list[Replacement] = []
    for change, roll, _ in rolls(changes(reading) if share else (), seed):
        taken = [(r.start, r.end) for r in made]
        if roll < share and all(is_free(r.start, r.end, protected) and is_free(r.start, r.end, taken) for r in change):
            made += change
    return sorted(made, key=lambda r: r.start)
