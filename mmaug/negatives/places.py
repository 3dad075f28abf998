"""Negatives of place: the opposite relation or side, where every box says that it is false."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.nouns import Noun
from mmaug.language.side import Side
from mmaug.language.tokens import with_case_of
from mmaug.language.turns import FLIP, MIRROR, turned
from mmaug.negatives.base import Known, Option, depicts, instances, is_head, is_thing, phrase_after
from mmaug.pairing.base import Thing

APART = 0.3
"""Of the mean width or height of two boxes, and
NEAR = 0.02 of the picture's: by so much their middles must differ before one is surely left of, or above, the other."""
NEAR = 0.02

OWN_HALF = 0.8
"""The share of a box that must lie in the half of the picture that a caption puts it in."""

_STACKED = {"on top of": "underneath", "under": "on top of", "beneath": "on top of", "underneath": "on top of"}
_STACKED |= {"over": "under", "above": "below", "below": "above"}
_BOUNDARIES = lex.words("with and while as where has have having of featuring showing containing by near beside")
_WORDS = {"left": "left of", "right": "right of", "up": "above", "down": "below"}
_SIDES = {"left": (0, 1), "right": (0, -1), "up": (1, 1), "down": (1, -1)}
"""Side -> axis, and the sign of (other - one) along it."""


def relations(reading: Reading, known: Known) -> Iterator[Option]:
    """ "A dog left of a cat" as "a dog right of a cat", if every dog is clearly left of every cat."""
    if known.things is None or depicts(reading):
        return
    for side in reading.sides:
        said, place = _opposite_relation(reading, side)
        other = phrase_after(reading, place) if said else None
        if said is None or other is None or not is_head(reading, other) or (subjects := _subjects(reading, side, known)) is None:
            continue
        firsts = {id(thing): thing for noun in subjects for thing in instances(noun.lemma, known.things)}
        seconds = instances(other.lemma, known.things)
        pairs = [(one, two) for one, two in product(firsts.values(), seconds) if one is not two]
        if pairs and all(_clearly(side, one, two, known) for one, two in pairs):
            why = f"in each of {len(pairs)} pairs of boxes the first is clearly {_WORDS[side.names[0]]} the second"
            yield Option((Replacement(side.start, side.end, said),), side.text, said, why)


def sides(reading: Reading, known: Known) -> Iterator[Option]:
    """ "A dog on the left" as "a dog on the right", if every dog is clearly in the left half."""
    if known.things is None or depicts(reading):
        return
    for side in reading.sides:
        if side.kind != "absolute" or side.form not in ("at", "at_of", "far", "pair", "adjective") or not side.sure:
            continue
        if not set(side.names) <= _SIDES.keys() or not _of_the_picture(reading, side):
            continue
        subjects = _subjects(reading, side, known)
        things = [thing for noun in subjects or () for thing in instances(noun.lemma, known.things)]
        for name in side.names if things else ():
            axis, sign = _SIDES[name]
            said = turned(side, FLIP if axis else MIRROR)
            if said and said != side.text and all(_in_half(thing, axis, sign, known) for thing in things):
                where = {"up": "upper", "down": "lower"}.get(name, name)
                why = f"{len(things)} of {len(things)} boxes lie in the {where} half"
                yield Option((Replacement(side.start, side.end, said),), side.text, said, why)


def _opposite_relation(reading: Reading, side: Side) -> tuple[str | None, int]:
    """The phrase that says the opposite of a relation, and where what it relates to begins; None for what is no relation."""
    if not side.sure or len(side.names) != 1 or side.names[0] not in _SIDES:
        return None, side.end
    if side.kind == "support":
        said = _STACKED.get(side.word)
        return with_case_of(side.text, said) if said else None, side.end
    beside = _SIDE_OF.match(reading.text, side.end) if side.kind == "absolute" and side.form == "adjective" else None
    if side.kind != "relation" and beside is None:
        return None, side.end
    said = turned(side, FLIP if side.names[0] in ("up", "down") else MIRROR)
    return said if said != side.text else None, beside.end() if beside else side.end


_SIDE_OF = re.compile(r"(?:[ -]hand)? side of(?= )")
"""What follows "left" in "at the left side of the man": a relation, too."""


def _subjects(reading: Reading, side: Side, known: Known) -> list[Noun] | None:
    """The nouns before a side phrase that it may speak of, each with its boxes; None where some may have none.

    All that stand before it count, whichever of them is meant; only what an earlier "with", "and" or comma parts off may lack boxes.
    """
    before = [noun for noun in reading.nouns if noun.end <= side.start and is_thing(noun)]
    bound = [noun for noun in before if instances(noun.lemma, known.things)]
    loose = [noun for noun in before if noun not in bound]
    nearest = max(before, key=lambda noun: noun.start, default=None)
    if nearest is None or nearest not in bound or not is_head(reading, nearest):
        return None
    return None if any(noun.start >= _segment(reading, side.start, nearest) for noun in loose) else bound


def _segment(reading: Reading, end: int, nearest: Noun) -> int:
    """Where the clause of the noun nearest to a place begins."""
    marks = [token.end for token in reading.tokens if token.end <= nearest.start and token.word in _BOUNDARIES]
    marks += [i + 1 for i, mark in enumerate(reading.text[: min(end, nearest.start)]) if mark in ",;.:"]
    return max(marks, default=0)


def _clearly(side: Side, one: Thing, two: Thing, known: Known) -> bool:
    """Whether boxes say so clearly that one is on that side of the other that the opposite is false."""
    axis, sign = _SIDES[side.names[0]]
    low, high = axis, axis + 2
    extents = (one.box[high] - one.box[low] + two.box[high] - two.box[low]) / 2
    apart = sign * (two.box[low] + two.box[high] - one.box[low] - one.box[high]) / 2
    if apart < APART * extents + NEAR * known.size[axis]:
        return False
    if side.kind != "support":
        return True
    return one.box[high] <= two.box[high] if sign > 0 else one.box[low] >= two.box[low]


def _in_half(thing: Thing, axis: int, sign: int, known: Known) -> bool:
    """Whether nearly all of a box lies in the half of the picture towards which the axis is negative (sign 1) or positive."""
    low, high, middle = thing.box[axis], thing.box[axis + 2], known.size[axis] / 2
    inside = max(0.0, min(high, middle) - low) if sign > 0 else max(0.0, high - max(low, middle))
    return inside >= OWN_HALF * (high - low)


def _of_the_picture(reading: Reading, side: Side) -> bool:
    """Whether a side is the picture's: "in the left corner", not "on the left side of the bed"."""
    after = [token.word for token in reading.tokens if token.start >= side.end]
    while after and after[0] in lex.REGIONS:
        after = after[1:]
    if side.form != "at_of" and after[:1] != ["of"]:
        before = next((token.word for token in reversed(reading.tokens) if token.end <= side.start), "")
        return side.form in ("at", "far") or before == "the"
    return any(word in lex.PICTURES for word in after[:4])
