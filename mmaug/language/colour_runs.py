"""Colour descriptions: which words next to each other say together what colour one thing has."""

from __future__ import annotations

from dataclasses import dataclass

from mmaug.language import colour_words as cw
from mmaug.language import lexicon as lex
from mmaug.language.tokens import Token, gap, word_at

_REACH = 10
"""Words that one colour description may span: what is longer is a list, and reading stays linear."""

THINGS_TOO = cw.AMBIGUOUS - cw.TAN_LIKE
"""Words that are colours before a noun only."""

_THINGS = cw.AMBIGUOUS | {"orange"}
_DONE = frozenset(("cut", "split", "seen", "made", "taken", "lit", "left"))
"""Participles that show no -ed: "a lime cut in half"."""

_JOINTS = frozenset((" ", "-", "/", " & ", ", ", ","))


@dataclass(frozen=True, slots=True)
class Run:
    """Colour words that describe one thing together ("dark red, white and blue"): tokens first..last.

    `head`: the word after them, `tail` what stands between; `noun`: whether the head can be the noun they describe.
    """

    text: str
    tokens: tuple[Token, ...]
    first: int
    last: int
    head: str
    tail: str
    noun: bool


def run_at(text: str, tokens: tuple[Token, ...], i: int) -> Run:
    """The description whose first colour is token `i`."""
    last = i
    first = _opening(text, tokens, i)
    while last - i < _REACH and (steps := _next_colour(text, tokens, last)):
        last += steps
    while last > i and (tokens[last].word not in cw.TERMS or (tokens[last].word in THINGS_TOO and not _heads(text, tokens, last))):
        last -= 1  # "a red rose": the last word is what is red
    head, tail = word_at(tokens, last + 1), gap(text, tokens, last)
    noun = tail in (" ", "-", "\n", "  ") and _is_noun(text, tokens, first, last)
    return Run(text, tokens, first, last, head, tail, noun)


def _opening(text: str, tokens: tuple[Token, ...], i: int) -> int:
    """Where the description opens whose first colour is token `i`: "light to dark", "very" and "wine-" go with it."""
    first = i
    while i - first < _REACH:
        before, between = word_at(tokens, first - 1), gap(text, tokens, first - 1)
        toned = tokens[first].word in cw.MODIFIERS and word_at(tokens, first - 2) in cw.MODIFIERS
        lends = before in cw.SHADED_BY and (word_at(tokens, first - 2) in lex.DETERMINERS or first == 1)
        joined = between == "-" and before not in cw.TERMS and before not in lex.FUNCTION_WORDS - {"off"}
        if joined or (between == " " and (before in cw.MODIFIERS or lends)):
            first -= 1
        elif between == " " and before in ("to", "and", "or") and toned:
            first -= 2
        else:
            break
    return first


def _heads(text: str, tokens: tuple[Token, ...], last: int) -> bool:
    """Whether a noun follows token `last`, so that this token itself can be its colour."""
    return gap(text, tokens, last) in (" ", "-") and _is_noun(text, tokens, last, last)


def _next_colour(text: str, tokens: tuple[Token, ...], last: int) -> int:
    """How many tokens further the description's next colour stands; 0 when there is none."""
    if gap(text, tokens, last) not in _JOINTS:
        return 0
    steps = 2 if word_at(tokens, last + 1) in ("and", "or", "n") else 1
    if word_at(tokens, last + steps) in cw.MODIFIERS and word_at(tokens, last + steps + 1) in cw.TERMS:
        steps += 1
    return steps if word_at(tokens, last + steps) in cw.TERMS else 0


def _determined(tokens: tuple[Token, ...], first: int) -> bool:
    """Whether a determiner or number opens the noun phrase right before the colours, so that a noun must follow."""
    before = word_at(tokens, first - 1)
    return before in lex.DETERMINERS or before in lex.NUMBERS or before in lex.SIZE


def _is_noun(text: str, tokens: tuple[Token, ...], first: int, last: int) -> bool:
    """Whether the word after the colours first..last can be the noun that they describe, or an adjective on the way to it."""
    head, determined, before = word_at(tokens, last + 1), _determined(tokens, first), word_at(tokens, first - 1)
    if not head:
        return False
    if head in lex.FUNCTION_WORDS:
        return determined and head in cw.NOUNS_TOO
    if before in ("a", "an") and head in lex.VERBS and head.endswith("s") and tokens[last].word in _THINGS:
        return False  # "with a tan smiles"
    verbal = head in lex.VERBS or (head.endswith("ing") and head not in cw.ING_NOUNS)
    doing = (verbal and head.endswith(("ing", "ed"))) or head in cw.ACTIVITIES or head in _DONE
    if doing and tokens[last].word in _THINGS:  # "an orange sitting on a table", "an orange sleeping bag"
        after = word_at(tokens, last + 2) if gap(text, tokens, last + 1) == " " else ""
        opens = determined or (tokens[last].word == "orange" and before not in cw.SAID)
        return opens and bool(after) and after not in lex.FUNCTION_WORDS
    return determined or not verbal
