"""The value that a side phrase is read into."""

from __future__ import annotations

from dataclasses import dataclass

from mmaug.language import lexicon as lex
from mmaug.language.tokens import Token


@dataclass(frozen=True, slots=True)
class Side:
    """One side phrase of a caption.

    `start`, `end`: half-open span of the phrase `text`.
    `names`: one or two of left, right, up, down, clockwise, counterclockwise, horizontal, vertical.
    "Top left" names up and left.
    `kind`: relation, absolute, direction, body (a side that belongs to a person or thing), frame ("to his left": the
    picture's side or the person's), rotation, support ("on top of"), orientation ("upside down") or axis.
    `form`: how the phrase is built, for `turns.turned`.
    `sure`: False when the word may mean something else; `reason` says what.
    """

    start: int
    end: int
    text: str
    names: tuple[str, ...]
    kind: str
    form: str
    sure: bool = True
    reason: str = ""

    @property
    def word(self) -> str:
        """The phrase in lower case."""
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class Place:
    """A side word in its text: what the readers look at. `before`, `after`: the words around token `i`, or "";
    `tail`: what stands between it and the next word; `ends`: whether nothing follows it in its clause."""

    text: str
    tokens: tuple[Token, ...]
    i: int
    before: str
    after: str
    tail: str

    @property
    def word(self) -> str:
        """The side word, lower case."""
        return self.tokens[self.i].word

    @property
    def ends(self) -> bool:
        """Whether nothing follows in the clause."""
        return not self.after or not self.tail.isspace()

    @property
    def runs_on(self) -> bool:
        """Whether a content word follows after one space."""
        return self.tail == " " and bool(self.after) and self.after not in lex.FUNCTION_WORDS

    def near(self, steps: int) -> str:
        """The word so many places further (negative: before), or ""."""
        j = self.i + steps
        return self.tokens[j].word if 0 <= j < len(self.tokens) else ""

    def side(
        self,
        kind: str,
        form: str = "word",
        first: int = 0,
        last: int = 0,
        *,
        names: tuple[str, ...] | None = None,
        doubt: str = "",
    ) -> Side:
        """The side phrase from `first` to `last` words away; `doubt` is the reason why it is not sure."""
        tokens = self.tokens[self.i + first : self.i + last + 1]
        start, end = tokens[0].start, tokens[-1].end
        if names is None:
            names = tuple(lex.NAME_OF[token.word] for token in tokens if token.word in lex.NAME_OF)
        return Side(start, end, self.text[start:end], names, kind, form, not doubt, doubt)
