"""Side words of a text: which reader looks at which word."""

from __future__ import annotations

from mmaug.language import left_right, up_down
from mmaug.language.side import Place, Side
from mmaug.language.tokens import Token, gap, word_at

__all__ = ["SIDE_WORDS", "Side", "find_sides"]


def find_sides(text: str, tokens: tuple[Token, ...], at: list[int]) -> tuple[Side, ...]:
    """The side phrases around the tokens `at` (indices of words in `SIDE_WORDS`), in order, never overlapping."""
    found: list[Side] = []
    for i in at:
        place = Place(text, tokens, i, word_at(tokens, i - 1), word_at(tokens, i + 1), gap(text, tokens, i))
        side = _READERS[tokens[i].word](place)
        if side is not None and (not found or side.start >= found[-1].end):
            found.append(side)
    return tuple(found)


def _most(p: Place) -> Side:
    return p.side("absolute", "most")


def _handed(p: Place) -> Side:
    """ "lefthanded", "a southpaw"."""
    name = "right" if p.word.startswith("right") else "left"
    return p.side("body", names=(name,), doubt="handedness, not a place in the picture")


def _of_a_ship(p: Place) -> Side | None:
    """ "starboard", "the port side"."""
    if p.word == "port" and p.after not in ("side", "bow", "quarter"):
        return None
    return p.side("body", names=("right" if p.word == "starboard" else "left",), doubt="a side of a ship")


def _misspelt(p: Place) -> Side:
    name = "left" if p.word.startswith("l") else "right"
    return p.side("absolute", names=(name,), doubt=f'it may be meant to say "{name}"')


def _hand(p: Place) -> Side:
    return p.side("absolute")


def _clock(p: Place) -> Side:
    """ "clockwise", "counter-clockwise"."""
    counter = p.word == "clockwise" and p.before in ("counter", "anti")
    return p.side("rotation", first=-1, names=("counterclockwise",)) if counter else p.side("rotation")


def _ward(p: Place) -> Side:
    """ "leftward" is the picture's; "upward" is as often the world's, or a body's."""
    return p.side("direction", "ward") if p.word.startswith(("left", "right")) else p.side("support")


_READERS = {
    word: reader
    for reader, words in {
        left_right.read_left_right: "left right",
        up_down.read_top_bottom: "top bottom upper lower",
        up_down.read_above_below: "above below",
        up_down.read_support: "over under beneath underneath",
        up_down.read_up_down: "up down",
        up_down.read_axis: "horizontal horizontally vertical vertically",
        up_down.read_sideways: "sideways",
        _most: "leftmost rightmost topmost bottommost uppermost lowermost",
        _handed: "lefthanded righthanded lefty lefties righty righties southpaw southpaws",
        _of_a_ship: "starboard port",
        _misspelt: "leftt lefft letf lfet rigth rihgt rightt rigt",
        _hand: "lefthand righthand",
        _clock: "clockwise counterclockwise anticlockwise",
        _ward: "leftward leftwards rightward rightwards upward upwards downward downwards",
    }.items()
    for word in words.split()
}
SIDE_WORDS = frozenset(_READERS)
