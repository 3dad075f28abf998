"""Counts and nouns of a caption: candidates that may name an object, and the words that count them."""

from __future__ import annotations

from dataclasses import dataclass

from mmaug.language import forms
from mmaug.language import lexicon as lex
from mmaug.language.tokens import Token, gap, word_at


@dataclass(frozen=True, slots=True)
class Noun:
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


def find_counts(text: str, tokens: tuple[Token, ...], nouns: tuple[Noun, ...], at: list[int]) -> tuple[Count, ...]:
    """The counting words at the tokens `at`, each with the noun that follows within four words."""
    found: list[Count] = []
    for i in at:
        token = tokens[i]
        word = token.word
        kind, value = _kind(word)
        if word in ("one",) and word_at(tokens, i + 1) in ("of", "is", "has", "another", "in", "on") and word_at(tokens, i + 1) != "of":
            kind, value = "vague", None
        last = i
        if word_at(tokens, i + 1) == "of":
            last = i + 1
            if word in lex.GROUPS:
                kind, value = ("exact", lex.GROUPS[word]) if word != "couple" else ("vague", None)
        start = tokens[i - 1].start if i and tokens[i - 1].word == "a" and word in lex.VAGUE else token.start
        found.append(
            Count(
                start,
                tokens[last].end,
                text[start : tokens[last].end].lower(),
                kind,
                value,
                _counted(tokens, nouns, last),
            )
        )
    return tuple(found)


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


def _counted(tokens: tuple[Token, ...], nouns: tuple[Noun, ...], last: int) -> str:
    """The lemma of the noun phrase right after token `last`: its last noun before a function word or verb."""
    start = tokens[last].end
    end = start
    for token in tokens[last + 1 : last + 6]:
        if token.word in lex.FUNCTION_WORDS or token.word in lex.VERBS or token.start - end > 2 or token.word.endswith("ing"):
            break
        end = token.end
    low, high = 0, len(nouns)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if nouns[middle].start < start else (low, middle)
    lemma = ""
    while low < len(nouns) and nouns[low].end <= end:
        lemma = nouns[low].lemma
        low += 1
    return lemma
