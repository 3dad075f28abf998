"""Which annotated things a text names, and whether the boxes show all that it speaks of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from mmaug.language.analyser import read
from mmaug.language.wordnet import names_object
from mmaug.pairing.base import Thing

BYSTANDER = 0.1
"""A box this much smaller than the largest of its name is a bystander: a text names it only by counting."""

PLACE_NOUNS = frozenset("middle center centre centered centred corner corners edge edges border borders".split())
_FRAME_NOUNS = PLACE_NOUNS | frozenset("side top bottom half part picture photo photograph image view scene background foreground".split())
"""Nouns that name a part of the picture or the picture itself, and no thing in it."""

_ANYTHING = frozenset("shape object thing item figure".split())
"""Nouns that any thing may be called."""


@dataclass(frozen=True, slots=True)
class Naming:
    """labels: those a text names. everything: whether boxes show all it speaks of. uncounted: whether it counts more than they show."""

    labels: frozenset[str]
    everything: bool
    uncounted: bool


def named(text: str, things: tuple[Thing, ...]) -> tuple[list[Thing], Naming]:
    """The things that a text names, without bystanders unless it counts, and how well they cover what it says."""
    if not things:
        return [], naming(text, ())
    found = naming(text, tuple(sorted(thing.label for thing in things)))
    mine = [thing for thing in things if thing.label in found.labels]
    if read(text).counts or not mine:
        return mine, found
    largest: dict[str, float] = {}
    for thing in mine:
        largest[thing.label] = max(largest.get(thing.label, 0.0), area(thing))
    return [thing for thing in mine if area(thing) >= BYSTANDER * largest[thing.label]], found


@lru_cache(maxsize=65536)
def naming(text: str, labels: tuple[str, ...]) -> Naming:
    """What a text says of things with these labels, one label a box."""
    reading, boxes = read(text), Counter(label for label in labels if label)
    names = {
        noun.lemma: set(boxes) if noun.lemma in _ANYTHING else {label for label in boxes if names_object(noun.lemma, label)}
        for noun in reading.nouns
        if noun.lemma not in _FRAME_NOUNS
    }
    uncounted = any(
        count.kind != "vague" and max(count.value or 1, 1) > sum(boxes[label] for label in names.get(count.noun, ()))
        for count in reading.counts
    )
    claims = Counter(label for noun, matching in names.items() if noun not in _ANYTHING for label in matching)
    shared = any(nouns > boxes[label] for label, nouns in claims.items())  # "a man and a woman" of one box "person"
    found = frozenset(label for matching in names.values() for label in matching)
    return Naming(found, bool(labels) and all(names.values()) and not uncounted and not shared, uncounted)


def area(thing: Thing) -> float:
    """The area of a thing's box in square pixels."""
    x1, y1, x2, y2 = thing.box
    return (x2 - x1) * (y2 - y1)
