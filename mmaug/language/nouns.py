"""Counts and nouns of a caption: candidates that may name an object, and the words that count them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mmaug.language import colour_words as cw
from mmaug.language import forms
from mmaug.language import lexicon as lex
from mmaug.language.numerals import is_numeral
from mmaug.language.tokens import Mention, Token, gap, word_at


class Noun(NamedTuple):
    """A word or compound that may name an object: half-open span, singular lower-case `lemma`, plural or not."""

    start: int
    end: int
    lemma: str
    plural: bool

    @property
    def word(self) -> str:
        """The same as `lemma`."""
        return self.lemma


@dataclass(frozen=True, slots=True)
class Count:
    """A word that counts.

    `kind`: exact (`value` says how many), vague, all, none or only. `noun`: the lemma it counts, or "".
    """

    start: int
    end: int
    word: str
    kind: str
    value: int | None
    noun: str


COMPOUNDS = frozenset(
    tuple(phrase.split())
    for phrase in (
        "traffic light;fire hydrant;stop sign;parking meter;sports ball;baseball bat;baseball "
        "glove;tennis racket;tennis racquet;wine glass;hot dog;potted plant;dining table;cell "
        "phone;mobile phone;teddy bear;hair drier;hair dryer;blow dryer;fire truck;fire engine;street "
        "light;traffic signal;street sign;surf board;skate board;snow board;tooth brush;polar bear;black "
        "bear;brown bear;mountain bike;motor bike;motor cycle;remote control;game controller;computer "
        "mouse;computer monitor;lap top;hand bag;back pack;suit case;water bottle;coffee cup;coffee "
        "table;tennis ball;soccer ball;bow tie;neck tie;air plane;sea gull;stuffed animal;stuffed "
        "bear;pick up;school bus;kitchen sink;dog house;bird house;cat tree;horse carriage;guinea pig;sea"
        " lion;sail boat;row boat;house boat;ice cream;double decker;pizza box;coffee maker;wine bottle"
    ).split(";")
)
_FIRST = {phrase[0] for phrase in COMPOUNDS}
_NOT_NOUNS = (
    lex.FUNCTION_WORDS
    | lex.NUMBERS.keys()
    | lex.SIZE
    | {"left", "right", "top", "bottom", "upper", "lower"}
    | frozenset(
        (
            "young old new white black red blue green yellow brown gray grey pink purple orange several many "
            "few multiple various couple pair bunch lot lots wooden colorful beautiful different other same "
            "long high open empty full busy dirty clean wet dry hot cold happy blond blonde dark bright sits "
            "sit stands walks rides holds looks wears eats plays runs jumps takes makes gets goes comes s t"
        ).split()
    )
)


def find_nouns(text: str, tokens: tuple[Token, ...]) -> tuple[Noun, ...]:
    """Every word that may be a noun; compounds such as "hot dog" as one. Generous: `wordnet.names_object` decides."""
    found: list[Noun] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.word
        if word in _FIRST and i + 1 < n:
            lemma = forms.singular(tokens[i + 1].word)
            if (word, lemma) in COMPOUNDS and gap(text, tokens, i) in (" ", "-"):
                found.append(Noun(token.start, tokens[i + 1].end, f"{word} {lemma}", lemma != tokens[i + 1].word))
                i += 2
                continue
        if len(word) > 1 and word not in _NOT_NOUNS and not word.endswith("ly") and word[0].isalpha():
            bare = word.removesuffix("'s").removesuffix("'")
            lemma = forms.singular(bare)
            found.append(Noun(token.start, token.end, lemma, lemma != bare or bare in forms.PLURAL_ALONE))
        i += 1
    return tuple(found)


def find_counts(
    text: str, tokens: tuple[Token, ...], nouns: tuple[Noun, ...], at: list[int]
) -> tuple[tuple[Count, ...], tuple[Mention, ...]]:
    """The counting words at the tokens `at`, each with the noun that follows within five words; and the numbers that are names."""
    found: list[Count] = []
    numerals: list[Mention] = []
    for i in at:
        word, after = tokens[i].word, word_at(tokens, i + 1)
        if _counts_nothing(word, after, word_at(tokens, i - 1)):
            continue
        kind, value = _kind(word)
        last = i
        if after == "of":
            last = i + 1
            if word in lex.GROUPS:
                kind, value = ("exact", lex.GROUPS[word]) if word != "couple" else ("vague", None)
        noun = _counted(text, tokens, nouns, last, kind == "vague" or (value or 0) > 1)
        if is_numeral(text, tokens, i, noun):
            numerals.append(Mention(tokens[i].start, tokens[i].end, word))
            continue
        if word == "one" and after != "of" and (not noun or after in ("is", "has", "another", "in", "on")):
            kind, value = "vague", None  # "one in a red shirt" is of those already spoken of
        start = tokens[i - 1].start if i and tokens[i - 1].word == "a" and word in lex.VAGUE else tokens[i].start
        found.append(Count(start, tokens[last].end, text[start : tokens[last].end].lower(), kind, value, noun))
    return tuple(found), tuple(numerals)


def _counts_nothing(word: str, after: str, before: str) -> bool:
    """Whether a counting word does not count here: "each other", "a row boat", "dressed in all white", "a lot"."""
    if word in lex.GATHERED:
        return after != "of"
    if word == "all":
        return before in _WHOLLY and (after in cw.TERMS or after in cw.MODIFIERS)
    return word == "each" and after == "other"


_WHOLLY = frozenset("a an in wearing wears dressed".split())
"""Before "all white" these tell that it means white all over."""


def _kind(word: str) -> tuple[str, int | None]:
    if word in lex.NUMBERS:
        return "exact" if lex.NUMBERS[word] else "none", lex.NUMBERS[word]
    if word.isdecimal():
        return "exact", int(word) if len(word) < 10 else None
    if word in lex.ALL:
        return "all", 2 if word == "both" else None
    if word in lex.NONE:
        return "none", 0
    if word in lex.ONLY:
        return "only", None
    return "vague", None


def _counted(text: str, tokens: tuple[Token, ...], nouns: tuple[Noun, ...], last: int, many: bool) -> str:
    """The lemma of the noun phrase right after token `last`: where several are counted its first plural, else its last noun."""
    start = tokens[last].end
    end = _phrase_end(text, tokens, last)
    low, high = 0, len(nouns)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if nouns[middle].start < start else (low, middle)
    mine: list[Noun] = []
    while low < len(nouns) and nouns[low].end <= end:
        word = text[nouns[low].start : nouns[low].end].lower()
        if not word.endswith("ing") or word in cw.ING_NOUNS:
            mine.append(nouns[low])
        low += 1
    plural = next((noun.lemma for noun in mine if noun.plural), None) if many else None
    if plural is not None:
        return plural
    while len(mine) > 1 and mine[-1].lemma.endswith("ed"):
        mine.pop()  # "one arm outstretched"
    return mine[-1].lemma if mine else ""


def _phrase_end(text: str, tokens: tuple[Token, ...], last: int) -> int:
    """Where the noun phrase after token `last` ends: at a function word, a verb or a comma that does not part adjectives."""
    end = tokens[last].end
    for i in range(last + 1, min(last + 7, len(tokens))):
        word, before = tokens[i].word, word_at(tokens, i - 1)
        opening = i == last + 1
        joined = word == "and" and before in cw.TERMS and word_at(tokens, i + 1) in cw.TERMS
        if not joined and word != "other" and word in lex.FUNCTION_WORDS:
            break
        if not opening and word.endswith("ing") and word not in cw.ING_NOUNS:
            break
        if word in lex.VERBS and not (opening and word.endswith("ed")):
            break
        gapped = gap(text, tokens, i - 1)
        if gapped not in (" ", "-", "  ") and not (gapped == ", " and (before in cw.TERMS or before in lex.SIZE)):
            break
        end = tokens[i].end
    return end
