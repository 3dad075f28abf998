"""Plain noun phrases: a determiner, adjectives and one noun ("the small brown dogs"). Anything less plain is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mmaug.language import forms, wordnet
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.colour_words import ING_NOUNS, MODIFIERS, PATTERNS, TERMS
from mmaug.language.tokens import gap, word_at

_OPENERS = lex.DETERMINERS | lex.POSSESSIVES | lex.NUMBERS.keys() | lex.words("several many few multiple various")
NOUNS_IN_ING = ING_NOUNS | lex.words("""
    crossing clearing opening landing outing setting gathering meeting drawing parking housing stuffing dressing wrapping filling
    topping serving mooring
""")
_MORE = 4
"""At most so many adjectives."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens `first`..`head` of a text: perhaps an opener (a determiner, possessive or number; "" without), adjectives, the noun."""

    first: int
    head: int
    opener: str
    adjectives: tuple[int, ...]
    plural: bool


def phrase_at(reading: Reading, i: int) -> Phrase | None:
    """The plain noun phrase whose noun is token `i`; None where that is not sure."""
    if not is_plain_noun(reading, i):
        return None
    tokens, text = reading.tokens, reading.text
    at = i
    while at and i - at < _MORE and gap(text, tokens, at - 1) == " " and is_adjective(tokens[at - 1].word):
        at -= 1
    before = word_at(tokens, at - 1) if gap(text, tokens, at - 1) == " " else ""
    plural = forms.singular(tokens[i].word) != tokens[i].word or tokens[i].word in forms.PLURAL_ALONE
    adjectives = tuple(range(at, i))
    if before in _OPENERS or before.isdecimal():
        return Phrase(at - 1, i, before, adjectives, plural)
    starts = not before or before in lex.PLACES or before in lex.CONJUNCTIONS or before.endswith("ing") or before in lex.VERBS
    return Phrase(at, i, "", adjectives, plural) if starts else None


def is_plain_noun(reading: Reading, i: int) -> bool:
    """Whether token `i` is surely a noun at the end of its phrase, and no part of a compound with what follows."""
    tokens, text = reading.tokens, reading.text
    word = word_at(tokens, i)
    if len(word) < 3 or word in lex.FUNCTION_WORDS or word in TERMS:
        return False
    if word.endswith(("ing", "ed")) and word not in NOUNS_IN_ING and word not in ("bed", "shed", "sled"):
        return False
    if "-" in gap(text, tokens, i) or "-" in gap(text, tokens, i - 1) or wordnet.part_of_speech(word) != "n":
        return False
    return ends_phrase(reading, i)


def ends_phrase(reading: Reading, i: int) -> bool:
    """Whether no noun can follow token `i` in its phrase: a mark, a function word or a verb stands there."""
    tokens, text = reading.tokens, reading.text
    after = word_at(tokens, i + 1)
    if not after or gap(text, tokens, i) != " ":
        return True
    if after in lex.FUNCTION_WORDS or after in lex.VERBS:
        return True
    if after.endswith("ing") and after not in NOUNS_IN_ING:
        return word_at(tokens, i + 2) in lex.FUNCTION_WORDS or i + 2 >= len(tokens) or gap(text, tokens, i + 1) != " "
    verbal = after.endswith("ed") and len(after) > 4 and wordnet.part_of_speech(after) != "n"
    return verbal and word_at(tokens, i + 2) in lex.PLACES


@lru_cache(maxsize=16384)
def is_adjective(word: str) -> bool:
    """Whether a word before a noun is an adjective: a colour, a size, a pattern, or WordNet knows it as little else."""
    if word in lex.FUNCTION_WORDS or word in lex.NUMBERS or word in lex.VAGUE:
        return False
    return word in TERMS or word in lex.SIZE or word in MODIFIERS or word in PATTERNS or wordnet.part_of_speech(word) == "a"


def claims_all(reading: Reading) -> bool:
    """Whether the text denies, compares or speaks of all or only some: then a wider or barer word may make it false."""
    counted = any(count.kind in ("all", "none", "only") for count in reading.counts)
    return bool(reading.negation) or counted or any(token.word in _WHOLE for token in reading.tokens)


_WHOLE = lex.SUPERLATIVES | lex.words("any every each all both no not never only than as except without other others another else half")
