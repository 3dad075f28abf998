"""Sides that somebody speaks of: "a man says to turn left" stays so when left and right change places."""

from __future__ import annotations

from collections.abc import Iterator

from mmaug.language import lexicon as lex
from mmaug.language import sound_words as said
from mmaug.language.analyser import Reading
from mmaug.language.side import Side
from mmaug.language.tokens import Token, gap, word_at

_STATING = said.verbs("say announce explain mention state declare report claim insist remind warn suggest recommend") | lex.words(
    "said says"
)
_ASKING = said.verbs(
    "tell instruct command order advise ask request urge demand repeat inform promise answer reply describe read"
) | lex.words("told")
_MESSAGES = lex.words("instruction instructions announcement announcements message messages direction directions lyrics")
_TELLING = _STATING | _ASKING | _MESSAGES
"""What follows these is or may be what is said, unless another clause begins."""

_CALLING = said.verbs("shout yell call scream whisper sing chant count direct guide speak talk rap holler mutter") | lex.words(
    "sang sung spoke"
)
"""These may have what is said after them, or say only that there is a voice."""

_DOING = lex.words(
    "turn go keep look move stay step stand watch stop take get run drive head veer bear make walk merge exit follow continue proceed "
    "lean swing mind beware hold pull push put use raise lift"
)
"""Verbs of which one is told to do something."""

_CLAUSES = lex.words("while whereas whilst meanwhile followed as")
_LINKS = _CLAUSES | lex.words("and or but then with before after over")
_STOPS = frozenset(".;!?\n")


def reported_sides(reading: Reading) -> tuple[tuple[Side, bool], ...]:
    """The sides of a text that are or may be part of what somebody says, and whether they surely are."""
    if not reading.sides:
        return ()
    spans = [span for first, last in _sentences(reading) for span in _spans(reading, first, last)]
    found = []
    for side in reading.sides:
        kinds = [sure for start, end, sure in spans if start <= side.start < end]
        if kinds:
            found.append((side, any(kinds)))
    return tuple(found)


def _sentences(reading: Reading) -> Iterator[tuple[int, int]]:
    first = 0
    for i in range(len(reading.tokens)):
        if i + 1 == len(reading.tokens) or _STOPS & set(gap(reading.text, reading.tokens, i)):
            yield first, i + 1
            first = i + 1


def _spans(reading: Reading, first: int, last: int) -> Iterator[tuple[int, int, bool]]:
    """Stretches of the sentence from token `first` to `last` that are told: (start, end, surely), in characters."""
    tokens, text = reading.tokens, reading.text
    whole = (tokens[first].start, tokens[last - 1].end)
    if tokens[first].word in _DOING or any(token.word in _TELLING for token in tokens[max(first + 1, last - 3) : last]):
        yield *whole, False  # "Turn left, a voice says", "turn left"
    for i in range(first, last):
        told_of = word_at(tokens, i + 1) == "by"  # "is answered by a bark on the right"
        telling, calling = tokens[i].word in _TELLING and not told_of, tokens[i].word in _CALLING
        if ":" in gap(text, tokens, i) and any(_speaks(token.word) for token in tokens[: i + 1]):
            yield tokens[i].end, len(text), False
        content, sure = _content(reading, i, last) if telling or calling else (None, False)
        if telling or content is not None:
            yield tokens[i].end, _ends(tokens, i + 1, last, _CLAUSES), False
        if content is not None and sure:
            yield tokens[content].start, _comma(reading, content, _ends(tokens, content, last, _LINKS)), True


def _speaks(word: str) -> bool:
    return word in said.VOICES or word in said.SPEAKING or word in _TELLING


def _content(reading: Reading, i: int, last: int) -> tuple[int | None, bool]:
    """The token at which what is said begins, and whether it surely is: "to turn left", "that the door on the left ...", "left"."""
    tokens = reading.tokens
    teller = tokens[i].word
    direct = teller in _STATING | _ASKING
    for j in range(i + 1, min(i + 5, last)):
        word, after = tokens[j].word, word_at(tokens, j + 1)
        if "," in gap(reading.text, tokens, j - 1):
            return (j, False) if word in _DOING else (None, False)  # "people shout, run to the left"
        if word == "to" and after in _DOING:
            return j, teller in _TELLING
        if word == "that":
            return j, teller in _STATING
        if word in _DOING or (word in ("left", "right") and j == i + 1):
            return j, direct and teller not in ("read", "reads")
        if word in lex.PLACES - {"out", "for", "to"} or word in _LINKS:
            return None, False  # "shouts on the left"
    return None, False


def _ends(tokens: tuple[Token, ...], first: int, last: int, words: frozenset[str]) -> int:
    """The character at which the first of these words begins, or the sentence ends; "while turning" begins no clause."""
    for j in range(first, last):
        if tokens[j].word in words and not word_at(tokens, j + 1).endswith("ing"):
            return tokens[j].start
    return tokens[last - 1].end


def _comma(reading: Reading, first: int, end: int) -> int:
    comma = reading.text.find(",", reading.tokens[first].end, end)
    return end if comma < 0 else comma
