"""Words of a text with their places."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Token(NamedTuple):
    """A word: half-open character span and its lower-case form (a curly apostrophe becomes a plain one).

    A named tuple: a caption has twenty of them, and they are made four times faster than frozen dataclasses.
    """

    start: int
    end: int
    word: str


class Mention(NamedTuple):
    """A word or phrase that says something the rules ask about: half-open character span, lower-case."""

    start: int
    end: int
    word: str


def tokens_of(text: str) -> tuple[Token, ...]:
    """The words of a text, in order; a hyphen ends a word. Linear in the length of the text."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters become two
        return tuple(Token(m.start(), m.end(), m.group().lower().replace("’", "'")) for m in _WORD.finditer(text))
    lower = lower.replace("’", "'")
    return tuple([Token(start, end, lower[start:end]) for start, end in [m.span() for m in _WORD.finditer(text)]])


def word_at(tokens: tuple[Token, ...], i: int) -> str:
    """The word of token `i`, or "" when there is no such token."""
    return tokens[i].word if 0 <= i < len(tokens) else ""


def gap(text: str, tokens: tuple[Token, ...], i: int) -> str:
    """What stands between token `i` and the next one, or up to the text's end (16 characters at most)."""
    if i < 0:
        return ""
    end = tokens[i + 1].start if i + 1 < len(tokens) else len(text)
    return text[tokens[i].end : min(end, tokens[i].end + 16)]


def with_case_of(model: str, word: str) -> str:
    """`word` in the case of `model`: LEFT, Left or left."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def same_words(text: str, words: list[str]) -> bool:
    """Whether a text says exactly these words, apart from case and punctuation; each of its tokens is one of them."""
    return [bare for token in text.split() if (bare := _bare(token))] == [bare for word in words if (bare := _bare(word))]


def _bare(word: str) -> str:
    return re.sub(r"\W+", "", word).casefold()
