"""What a side phrase becomes under the eight ways of turning and mirroring a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmaug.language import lexicon as lex
from mmaug.language.side import Side
from mmaug.language.tokens import with_case_of


@dataclass(frozen=True, slots=True)
class Turn:
    """An element of the square's symmetry group: (x, y), x right and y down, goes to (a x + b y, c x + d y)."""

    a: int
    b: int
    c: int
    d: int

    @property
    def mirrors(self) -> bool:
        """Whether left and right hands change places (the determinant is -1)."""
        return self.a * self.d - self.b * self.c < 0

    @property
    def quarter(self) -> bool:
        """Whether the picture's axes change places."""
        return self.a == 0

    def then(self, other: Turn) -> Turn:
        """This turn and then the other."""
        a, b, c, d = self.a, self.b, self.c, self.d
        return Turn(other.a * a + other.b * c, other.a * b + other.b * d, other.c * a + other.d * c, other.c * b + other.d * d)


IDENTITY = Turn(1, 0, 0, 1)
MIRROR = Turn(-1, 0, 0, 1)
FLIP = Turn(1, 0, 0, -1)
HALF = Turn(-1, 0, 0, -1)
COUNTERCLOCKWISE = Turn(0, 1, -1, 0)
CLOCKWISE = Turn(0, -1, 1, 0)
TRANSPOSE = Turn(0, 1, 1, 0)
ANTITRANSPOSE = Turn(0, -1, -1, 0)
TURNS = (IDENTITY, MIRROR, FLIP, HALF, COUNTERCLOCKWISE, CLOCKWISE, TRANSPOSE, ANTITRANSPOSE)

_VECTORS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_NAMES = {vector: name for name, vector in _VECTORS.items()}
_OTHER_AXIS = {"horizontal": "vertical", "vertical": "horizontal"}

_FORMS = {
    "to_of": {"left": "to the left of", "right": "to the right of", "up": "above", "down": "below"},
    "of": {"left": "to the left of", "right": "to the right of", "up": "above", "down": "below"},
    "at_of": {"left": "on the left of", "right": "on the right of", "up": "at the top of", "down": "at the bottom of"},
    "at": {"left": "on the left", "right": "on the right", "up": "at the top", "down": "at the bottom"},
    "far": {"left": "on the far left", "right": "on the far right", "up": "at the very top",
    "down": "at the very bottom"},
    "from": {"left": "from the left", "right": "from the right", "up": "from the top", "down": "from the bottom"},
    "toward": {"left": "to the left", "right": "to the right", "up": "toward the top", "down": "toward the bottom"},
    "adjective": {"left": "left", "right": "right", "up": "top", "down": "bottom"},
    "most": {"left": "leftmost", "right": "rightmost", "up": "topmost", "down": "bottommost"},
    "free": {"left": "left", "right": "right", "up": "up", "down": "down"},
    "ward": {"left": "leftward", "right": "rightward", "up": "upward", "down": "downward"},
}  # fmt: skip
"""How each form says each direction, for the quarter turns; a form that is not here cannot be said surely."""


def turned_name(name: str, turn: Turn) -> str:
    """Where a direction goes: left, right, up, down; clockwise and counterclockwise; horizontal and vertical."""
    if name in _VECTORS:
        x, y = _VECTORS[name]
        return _NAMES[turn.a * x + turn.b * y, turn.c * x + turn.d * y]
    if name in _OTHER_AXIS:
        return _OTHER_AXIS[name] if turn.quarter else name
    return lex.OPPOSITE[name] if turn.mirrors else name


def turned(side: Side, turn: Turn) -> str | None:
    """What the phrase becomes under a turn or mirror, in the same case; None when that cannot be said surely."""
    if turn == IDENTITY:
        return side.text
    if turn == MIRROR:
        return _mirrored(side)
    if not side.sure or side.kind == "frame":
        return None
    if side.kind in ("body", "rotation"):
        return _swapped(side.text) if turn.mirrors else side.text
    names = tuple(turned_name(name, turn) for name in side.names)
    if side.kind == "direction" and side.form not in ("free", "ward"):
        return None  # the mover's own side, or the picture's
    if names == side.names:
        return side.text
    if side.kind in ("support", "orientation"):
        return None
    if side.form == "pair":
        return _pair(side, names)
    if side.form == "span":
        return _span(side, names)
    if side.form == "axis":
        return with_case_of(side.text, names[0] + ("ly" if side.word.endswith("ly") else ""))
    if not turn.quarter and side.form != "most":
        return _swapped(side.text)
    return _said(side, names[0])


def _mirrored(side: Side) -> str | None:
    """Left and right change places, word by word; up and down stay."""
    if not {"left", "right", "clockwise", "counterclockwise"} & set(side.names) or side.kind == "orientation":
        return side.text
    return _swapped(side.text, ("left", "right", "clockwise", "counterclockwise")) if side.sure else None


_PARTS = re.compile(r"(?:counter-?|anti-?)?clockwise|[^\W\d_]+", re.IGNORECASE)


def _swapped(text: str, names: tuple[str, ...] | None = None) -> str:
    """Every side word of the phrase becomes its opposite, in its own case."""

    def opposite(match: re.Match[str]) -> str:
        word = match.group().lower()
        stem = word.removesuffix("most") if word in ("leftmost", "rightmost") else word
        if word not in lex.OPPOSITE or (names and lex.NAME_OF.get(stem, "clockwise") not in names):
            return match.group()
        return with_case_of(match.group(), lex.OPPOSITE[word])

    return _PARTS.sub(opposite, text)


def _pair(side: Side, names: tuple[str, ...]) -> str:
    """ "top left" with the vertical word first, in the words and the joint of the original."""
    upper = "upper" in side.word or "lower" in side.word
    words = {"up": "upper" if upper else "top", "down": "lower" if upper else "bottom"}
    ordered = sorted(names, key=lambda name: name in ("left", "right"))
    joint = re.sub(r"[^\W_]+", "", side.text)
    return with_case_of(side.text, joint.join(words.get(name, name) for name in ordered))


def _span(side: Side, names: tuple[str, ...]) -> str:
    """ "from left to right" as "from top to bottom"."""
    words = {"up": "top", "down": "bottom"}
    new = iter(words.get(name, name) for name in names)
    return _PARTS.sub(
        lambda m: with_case_of(m.group(), next(new)) if m.group().lower() in ("left", "right", "top", "bottom") else m.group(),
        side.text,
    )


def _said(side: Side, name: str) -> str | None:
    """The phrase of the same form that says `name`."""
    form = _FORMS.get(side.form)
    if form is None or len(side.names) != 1:
        return None
    said = form[name] + ("s" if side.form == "ward" and side.word.endswith("s") else "")
    return with_case_of(side.text, said)
