"""Which annotated things a text names, and whether the boxes show all that it speaks of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from mmaug.language.analyser import Reading, read
from mmaug.language.nouns import Noun
from mmaug.language.wordnet import names_object
from mmaug.pairing.base import Thing

BYSTANDER = 0.1
"""A box this much smaller than the largest of its name is a bystander: a text names it only by counting."""

PLACE_NOUNS = frozenset("middle center centre centered centred corner corners edge edges border borders".split())
_FRAME_NOUNS = PLACE_NOUNS | frozenset("side top bottom half part picture photo photograph image view scene background foreground".split())
"""Nouns that name a part of the picture or the picture itself, and no thing in it."""

_ANYTHING = frozenset("shape object thing item figure".split())
"""Nouns that any thing may be called."""


_MANY = frozenset("crowd audience traffic".split())
_MASSES = frozenset("food furniture fruit produce luggage baggage clothing livestock silverware cutlery crockery tableware".split())
"""Nouns that stay true while some of what they name is there, like a plural."""

_SMALL = frozenset("small smaller smallest little tiny miniature".split())


@dataclass(frozen=True, slots=True)
class Naming:
    """How a text speaks of things with certain labels.

    labels: those it names. everything: whether boxes show all it speaks of. fine: whether it counts, or calls small, what they do not
    show. counted: the labels it counts. loosely: the labels that one plural or mass names ("animals": dog and cat), and how many of
    their things must be there at least; none of these labels is also named alone or counted exactly.
    """

    labels: frozenset[str]
    everything: bool
    fine: bool
    counted: frozenset[str]
    loosely: tuple[tuple[frozenset[str], int], ...]


def named(text: str, things: tuple[Thing, ...]) -> tuple[list[Thing], Naming]:
    """The things that a text names, without bystanders unless it counts them, and how well they cover what it says."""
    if not things:
        return [], naming(text, ())
    found = naming(text, tuple(sorted(thing.label for thing in things)))
    mine = [thing for thing in things if thing.label in found.labels]
    largest: dict[str, float] = {}
    for thing in mine:
        largest[thing.label] = max(largest.get(thing.label, 0.0), area(thing))
    return [thing for thing in mine if thing.label in found.counted or area(thing) >= BYSTANDER * largest[thing.label]], found


@lru_cache(maxsize=65536)
def naming(text: str, labels: tuple[str, ...]) -> Naming:
    """What a text says of things with these labels, one label a box."""
    reading, boxes = read(text), Counter(label for label in labels if label)
    names = {
        noun.lemma: set(boxes) if noun.lemma in _ANYTHING else {label for label in boxes if names_object(noun.lemma, label)}
        for noun in reading.nouns
        if noun.lemma not in _FRAME_NOUNS
    }
    several = [count for count in reading.counts if count.kind in ("exact", "all") and (count.value or 0) > 1]
    uncounted = any(int(count.value or 0) > sum(boxes[label] for label in names.get(count.noun, ())) for count in several)
    claims = Counter(label for noun, matching in names.items() if noun not in _ANYTHING for label in matching)
    shared = any(nouns > boxes[label] for label, nouns in claims.items())  # "a man and a woman" of one box "person"
    found = frozenset(label for matching in names.values() for label in matching)
    counted = frozenset(label for count in reading.counts for label in (names.get(count.noun, ()) if count.noun else found))
    everything = bool(labels) and all(names.values()) and not uncounted and not shared
    return Naming(found, everything, uncounted or _small_unseen(reading, names), counted, _loosely(reading, names, found))


def _loosely(reading: Reading, names: dict[str, set[str]], found: frozenset[str]) -> tuple[tuple[frozenset[str], int], ...]:
    alone = {label for noun in reading.nouns if not _least(noun) for label in names.get(noun.lemma, ())}
    exact = {label for count in reading.counts if count.kind != "vague" for label in (names.get(count.noun, ()) if count.noun else found)}
    loose = {(frozenset(names.get(noun.lemma, ())), _least(noun)) for noun in reading.nouns if _least(noun)}
    return tuple((labels, least) for labels, least in sorted(loose, key=str) if labels and not labels & (alone | exact))


def _least(noun: Noun) -> int:
    """How many things a noun names at least where it may name more than it says: 2 for a plural, 1 for a mass, 0 for one thing."""
    return 1 if noun.lemma in _MASSES else 2 if noun.plural or noun.lemma in _MANY else 0


def _small_unseen(reading: Reading, names: dict[str, set[str]]) -> bool:
    """Whether something is called small that no box shows: "a small bird", not "a little girl" with her box."""
    for size in reading.size:
        if size.word in _SMALL:
            near = next((noun for noun in reading.nouns if size.end <= noun.start), None)
            heads = [noun for noun in reading.nouns if near and near.start <= noun.start <= near.end + 1]
            if not any(names.get(noun.lemma) for noun in heads):
                return True
    return False


def area(thing: Thing) -> float:
    """The area of a thing's box in square pixels."""
    x1, y1, x2, y2 = thing.box
    return (x2 - x1) * (y2 - y1)
