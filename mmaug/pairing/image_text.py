"""What a change to a picture means for the text about it: sides, colours, light, writing. (What is in view: `image_view`.)"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from mmaug import colour
from mmaug.effects import geometry
from mmaug.effects.colour import ColourMap
from mmaug.effects.geometry import UPRIGHT
from mmaug.effects.picture import ImageState
from mmaug.language import colours as colour_words
from mmaug.language.analyser import Reading, read
from mmaug.language.colour_words import GREYS_ONLY, SHADES
from mmaug.language.colours import Colour
from mmaug.language.edits import Replacement
from mmaug.language.reported import reported_sides
from mmaug.language.turns import Turn, turned
from mmaug.language.up_down import is_level
from mmaug.pairing.base import Context, Edit, PairRule, Verdict, Veto, rule
from mmaug.pairing.naming import named

TEXTS = ("caption", "messages")

SMALL_TURN = 15.0
"""Degrees off its axes up to which a picture keeps what is left, right, above and below, when no boxes can say so."""

LARGE_TURN = 40.0
"""Degrees off its axes from which sides are in doubt whatever the boxes say."""

SAME_SHADE = 10.0
"""CIELAB distance up to which a colour is still what it was called, where the word is no basic term."""

SAME_LIGHT = 10.0
"""CIELAB lightness that may change before words such as "dark" or "sunny" are in doubt."""


NEUTRAL = frozenset(("black", "gray", "white"))

TONES = frozenset(("dark", "light", "pale", "deep"))
"""Words before a colour that go with any other colour as well: "dark green" may become "dark blue", but "hot pink" never "hot orange"."""


@rule("geometry", on=TEXTS)
def sides_follow(text: str, picture: ImageState, context: Context) -> Verdict:
    """Left, right, above and below follow flips and quarter turns; small turns leave them, larger ones veto.

    A mirror also makes writing unreadable: a text that quotes or implies some is vetoed.
    """
    reading = read(text)
    if reading.writing is not None and picture.geometry.mirrored:
        return Veto(f"a mirror makes writing unreadable ({reading.writing})")
    if reading.numerals and picture.geometry.turn()[0] != UPRIGHT:
        return Veto(f"a number that is turned may be another, as 6 and 9: {reading.numerals[0].word!r}")
    if not reading.sides:
        turn = picture.geometry.turn()[0]
        return turned_sides(text, turn) if turn[3] != 1 else None
    turn, off = picture.geometry.turn()
    if off > SMALL_TURN and (off > LARGE_TURN or not named(text, context.things or ())[1].everything):
        return Veto(f"the picture is {off:.0f} degrees off its axes, which puts {reading.sides[0].text!r} in doubt")
    return None if turn == UPRIGHT else _but_what_is_said(reading, turned_sides(text, turn))


def _but_what_is_said(reading: Reading, made: Edit | Veto | None) -> Edit | Veto | None:
    """An edit without the sides that somebody surely speaks of: "a man says to turn left"."""
    told = [side for side, sure in reported_sides(reading) if sure] if isinstance(made, Edit) else []
    if not isinstance(made, Edit) or not told:
        return made
    kept = tuple(word for word in made.replacements if all(not side.start <= word.start < side.end for side in told))
    return Edit(kept) if kept else None


_UPRIGHT = frozenset(
    "top bottom upper lower higher lowest highest atop overhead underside upward downward upwards downwards up down high low"
    " bellow landscape portrait vertical vertically horizontal horizontally sideways tilted slanted diagonal diagonally".split()
)
"""Words that speak of above and below, or of how the picture stands, besides the sides that `turned` can reword."""


_STACKED = frozenset("on base stacked stack".split())
"""Words that stay true of a photo upside down, as everybody knows which way is up there, but not of a drawing."""


def _is_drawn(reading: Reading) -> bool:
    """Whether a text speaks of shapes ("a yellow square"), among which only the picture says what is up."""
    starts = {token.start: token.word for token in reading.tokens}
    return any(starts.get(mention.end + 1) in _SHAPES for mention in reading.colours)


_SHAPES = frozenset("block blocks square squares circle circles triangle triangles item items object objects shape shapes".split())


def _upright_word(reading: Reading) -> str | None:
    spans = [(side.start, side.end) for side in reading.sides]
    words = _UPRIGHT | _STACKED if _is_drawn(reading) else _UPRIGHT
    said = (i for i, token in enumerate(reading.tokens) if token.word in words and not is_level(reading.tokens, i))
    free = (reading.tokens[i] for i in said)
    return next((token.word for token in free if not any(start <= token.start < end for start, end in spans)), None)


@lru_cache(maxsize=65536)
def turned_sides(text: str, turn: geometry.Turn) -> Edit | Veto | None:
    """Every side word of a text under a flip or quarter turn."""
    reading = read(text)
    if turn[3] != 1 and (word := _upright_word(reading)):
        return Veto(f"the text says {word!r}, and the picture would be turned")
    wanted = []
    for side in reading.sides:
        said = turned(side, Turn(*turn))
        if said is None:
            return Veto(f"cannot say surely what {side.text!r} becomes" + (f": {side.reason}" if side.reason else ""))
        if said != side.text:
            wanted.append(Replacement(side.start, side.end, said))
    return Edit(tuple(wanted)) if wanted else None


@rule("colour", on=TEXTS)
def colours_keep_their_names(text: str, picture: ImageState, context: Context) -> Verdict:
    """The prototypes of every named colour go through the composed colour function and are named again.

    If all get the same new name the word is replaced; if they disagree it is left out where the text stays true without it,
    else the step is vetoed. Words about light stand only while lightness does.
    """
    if not _speaks_of_colour(text) or picture.colour.is_identity:
        return None
    return _colours(text, picture.recolours.possible)


@lru_cache(maxsize=65536)
def _speaks_of_colour(text: str) -> bool:
    reading = read(text)
    return bool(reading.colours or reading.light or _in_colour(text))


def _colours(text: str, changes: Iterable[ColourMap]) -> Edit | Veto | None:
    """Every colour word of a text under the colour functions that may be meant: one, or one for each sort of picture."""
    reading = read(text)
    if (word := _in_colour(text)) and not all(map(_colourful, changes)):
        return Veto(f"the text says {word!r}, and colours would be lost")
    if reading.light and (step := max(map(_lightness_change, changes))) > SAME_LIGHT:
        return Veto(f"lightness changes by {step:.0f} of 100, and the text says {reading.light[0].word!r}")
    wanted: list[Replacement] = []
    for i, mention in enumerate(reading.colours):
        verdict = _agreed(mention, changes)
        if not isinstance(verdict, Veto) and _called_alike(reading, i, changes):
            verdict = _left_out(mention)
        if isinstance(verdict, Veto):
            return verdict
        if _is_counted(mention, reading) and any(_no_longer_alone(mention, verdict, change) for change in changes):
            return Veto(f"the text counts what is {mention.text!r}, and things of another colour would be called the same")
        if verdict is not None:
            wanted.append(verdict)
    if wanted and (word := _turned_round(text)):
        return Veto(f"a colour would have to change, and what {word!r} makes of it cannot be said surely")
    gone = [r for r in wanted if not r.text]
    kept = [r for r in wanted if r.text and not any(g.start <= r.start and r.end <= g.end for g in gone)]
    return Edit((*kept, *gone)) if wanted else None


def _agreed(mention: Colour, changes: Iterable[ColourMap]) -> Replacement | Veto | None:
    """What becomes of a colour word where all functions say the same; where it depends on the picture it is left out."""
    each = (_recolour(mention, change) for change in changes)
    verdict, unsure = next(each), _left_out(mention)
    if verdict == unsure:  # then it is left out whatever the others say
        return unsure
    return verdict if all(other == verdict for other in each) else unsure


@lru_cache(maxsize=65536)
def _turned_round(text: str) -> str | None:
    """A word that denies, excepts, compares or asks: what is weaker elsewhere may be stronger there."""
    if "?" in text:
        return "?"
    reading = read(text)
    if reading.negation:
        return reading.negation[0].word
    return next((token.word for token in reading.tokens if token.word in _ROUND), None)


_ROUND = frozenset(
    "except excepting excluding but instead absence lack than rarely hardly seldom non only exactly precisely unless hue shade tint"
    " tone".split()
)


def _recolour(mention: Colour, change: ColourMap) -> Replacement | Veto | None:
    """The new word for a colour, its deletion, or a veto; None where it stays true."""
    if mention.role == "name":
        return None
    if _still_named(mention, change):
        return None
    if mention.term in colour.BASIC and mention.role != "fixed":
        term = colour.renamed(mention.term, change, mention.modifier or None)
        said = colour_words.recoloured(mention, term) if term and term != mention.term else None
        if said is not None and colour_words.is_kind(mention):
            said = None
        if mention.modifier and (mention.modifier not in TONES or term in NEUTRAL):
            said = None  # no "hot gray", "sky green" or "dark white"
        if said is not None:
            return Replacement(mention.start, mention.end, said)
    return _left_out(mention)


def _called_alike(reading: Reading, i: int, changes: Iterable[ColourMap]) -> bool:
    """Whether a colour and one joined to it ("red and orange") would be called the same ("green and green") under any function."""
    mention = reading.colours[i]
    for other in (*reading.colours[max(i - 1, 0) : i], *reading.colours[i + 1 : i + 2]):
        first, second = (mention, other) if mention.start < other.start else (other, mention)
        joined = reading.text[first.end : second.start].lower().strip() in _JOINED
        if joined and mention.term != other.term and any(_same_after(mention, other, change) for change in changes):
            return True
    return False


def _same_after(mention: Colour, other: Colour, change: ColourMap) -> bool:
    now = _term_after(mention, change)
    return now is not None and now == _term_after(other, change)


_JOINED = frozenset(("and", "or", ",", "&", "/", "-", ", and", ", or", "-and-", "n"))


def _term_after(mention: Colour, change: ColourMap) -> str | None:
    """What a basic colour is called then; None for words that make no sure claim."""
    if mention.term not in colour.BASIC or mention.role not in ("adjective", "predicate"):
        return None
    return colour.renamed(mention.term, change, mention.modifier or None)


def _left_out(mention: Colour) -> Replacement | Veto:
    """The deletion of a colour word where its text stays true without it."""
    if mention.delete is not None:
        return Replacement(*mention.delete, "")
    return Veto(f"what is called {mention.text!r} would have another colour, and it cannot be said surely which")


def _is_counted(mention: Colour, reading: Reading) -> bool:
    """Whether a count may be of things of this colour: "two red cups", not "two men by a red wall"."""
    for count in reading.counts:
        between = any(count.end <= noun.start and noun.end <= mention.start for noun in reading.nouns)
        if count.kind == "all" and mention.role == "predicate":
            continue  # "everyone is in white" stands when more things are white
        if count.kind == "none" and reading.text[count.end :].lstrip().lower().startswith("but "):
            continue
        if count.kind != "vague" and (mention.role != "adjective" or (not between and count.start < mention.start)):
            return True
    return False


def _no_longer_alone(mention: Colour, made: Replacement | None, change: ColourMap) -> bool:
    """Whether a counted colour would no longer tell its things from others: "two gray cups" when all cups become gray."""
    if mention.role == "name" or mention.term not in colour.BASIC or (made is not None and not made.text):
        return False  # where the colour is left out, the reader of the text has made sure that nothing counts it
    new = mention.term if made is None else colour.renamed(mention.term, change, mention.modifier or None)
    return new is not None and colour.collides(mention.term, new, change)


def _still_named(mention: Colour, change: ColourMap) -> bool:
    if mention.term in colour.BASIC:
        same = colour.renamed(mention.term, change, mention.modifier or None) == mention.term
        return same and (not mention.modifier or _same_shade(mention.term, change))
    if mention.role == "photo" or mention.term in GREYS_ONLY:
        return _keeps_greys(change)
    if mention.term in colour.WORDS:
        return _same_shade(mention.term, change, mention.modifier or None)
    if mention.term in SHADES:
        return float(np.abs(colour.to_lab(change(_VIVID)) - colour.to_lab(_VIVID)).max()) <= SAME_SHADE
    return _colourful(change)  # "colorful" and its like


def _same_shade(word: str, change: ColourMap, modifier: str | None = None) -> bool:
    """Whether a word that names a shade still does; what is seen of it in less or more light may move twice as far."""
    return colour.shift(word, change, modifier) <= SAME_SHADE and colour.shift(word, change, modifier, lit=True) <= 2 * SAME_SHADE


@lru_cache(maxsize=4096)
def _keeps_greys(change: ColourMap) -> bool:
    return bool(_chroma(change(_GREYS)).max() < 4.0)


@lru_cache(maxsize=65536)
def _in_colour(text: str) -> str | None:
    """A word that says there are colours, without naming one."""
    return next((token.word for token in read(text).tokens if token.word in _COLOURED), None)


_COLOURED = frozenset("color colors colour colours colorfully colourfully".split())


@lru_cache(maxsize=4096)
def _colourful(change: ColourMap) -> bool:
    """Whether things of several colours still have several."""
    return len(set(colour.name(change(_VIVID))) - {"black", "gray", "white"}) >= 3


_GREYS = np.repeat(np.array([[30.0], [90.0], [150.0], [220.0]]), 3, axis=1)
_VIVID = np.array([[220.0, 40.0, 40.0], [60.0, 180.0, 60.0], [50.0, 80.0, 220.0], [240.0, 220.0, 60.0]])


def _chroma(rgb: np.ndarray) -> np.ndarray:
    lab = colour.to_lab(rgb)
    return np.hypot(lab[:, 1], lab[:, 2])


@lru_cache(maxsize=4096)
def _lightness_change(change: ColourMap) -> float:
    return float(np.abs(colour.to_lab(change(_GREYS))[:, 0] - colour.to_lab(_GREYS)[:, 0]).max())


RULES: tuple[PairRule, ...] = (sides_follow, colours_keep_their_names)
