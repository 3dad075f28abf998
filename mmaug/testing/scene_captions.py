"""Writes sentences that are true of a list of shapes, by construction."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from mmaug.testing.raster import Shape

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
Candidates = dict[str, list[str]]


def with_article(words: str) -> str:
    """Puts "a" or "an" in front of a noun phrase."""
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def counted(number: int, words: str) -> str:
    """Says a number of things: "a square", "two red circles"."""
    return with_article(words) if number == 1 else f"{NUMBERS[number]} {words}s"


def listed(parts: list[str]) -> str:
    """Joins noun phrases: "a circle, a star and two hearts"."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def names_of(shapes: list[Shape]) -> list[list[str]]:
    """For each shape the noun phrases that fit it and no other shape; colour first."""
    full = Counter((shape.colour, shape.category) for shape in shapes)
    short = Counter(shape.category for shape in shapes)
    return [
        ([f"{shape.colour} {shape.category}"] if full[shape.colour, shape.category] == 1 else [])
        + ([shape.category] if short[shape.category] == 1 else [])
        for shape in shapes
    ]


def sides_between(first: Shape, second: Shape) -> list[str]:
    """The relations that clearly hold from one shape to another: side by side, or one over the other."""
    across, down = second.x - first.x, second.y - first.y
    margin = 0.8 * (first.radius + second.radius)
    sides = []
    if abs(across) >= max(margin, 0.6 * abs(down)):
        sides += ["left of", "to the left of"] if across > 0 else ["right of", "to the right of"]
    if abs(down) >= max(margin, 0.6 * abs(across)):
        sides += ["above"] if down > 0 else ["below"]
    return sides


def place_of(shape: Shape, size: tuple[int, int]) -> list[str]:
    """Where a shape clearly is in the picture: a side, and the corner if it is in one."""
    across, down = shape.x / size[0], shape.y / size[1]
    side = "left" if across < 0.36 else "right" if across > 0.64 else ""
    level = "top" if down < 0.36 else "bottom" if down > 0.64 else ""
    places = [f"on the {side}"] * bool(side) + [f"at the {level}"] * bool(level)
    return places + ([f"in the {level} {side} corner"] if side and level else [])


def relations(shapes: list[Shape], rng: np.random.Generator) -> Candidates:
    """Sentences on where shapes are to one another, of one relation ("relation") or two ("compound")."""
    names = [[str(rng.choice(own))] if own else [] for own in names_of(shapes)]
    found: Candidates = {"relation": [], "compound": []}
    for at, first in enumerate(shapes):
        parts = []
        for other, second in enumerate(shapes):
            sides = sides_between(first, second)
            if at != other and sides and names[at] and names[other]:
                parts.append(f"{rng.choice(sides)} {with_article(names[other][0])}")
        subject = with_article(names[at][0]) if names[at] else ""
        found["relation"] += [f"{subject} {part}" for part in parts]
        found["compound"] += [f"{subject} is {one} and {two}" for one, two in pairwise(parts)]
    return found


def counts(shapes: list[Shape], rng: np.random.Generator) -> list[str]:
    """Sentences that count all shapes, the shapes of each category, or those of one colour."""
    total = f"{NUMBERS[len(shapes)]} shape" + "s" * (len(shapes) > 1)
    kinds = Counter(shape.category for shape in shapes)
    found = [str(rng.choice([total, f"there {'is' if len(shapes) == 1 else 'are'} {total}"]))]
    if max(kinds.values()) > 1:
        found.append(listed([counted(number, kind) for kind, number in kinds.items()]))
    colours = Counter(shape.colour for shape in shapes)
    found += [f"exactly {NUMBERS[number]} {colour} shapes" for colour, number in colours.items() if number > 1]
    return found


def candidates(shapes: list[Shape], size: tuple[int, int], rng: np.random.Generator) -> Candidates:
    """Every kind of true sentence that the shapes allow."""
    found = relations(shapes, rng)
    found |= {"absolute": [], "count": counts(shapes, rng), "colour": [], "plain": []}
    kinds = Counter(shape.category for shape in shapes)
    for shape, names in zip(shapes, names_of(shapes), strict=True):
        for name in names:
            found["absolute"] += [f"{with_article(name)} {place}" for place in place_of(shape, size)]
        if kinds[shape.category] == 1:
            found["colour"].append(f"the {shape.category} is {shape.colour}")
        found["plain"] += [with_article(name) for name in names[:1]]
    if 1 < len(shapes) == len(kinds):
        found["plain"].append(listed([with_article(f"{shape.colour} {shape.category}") for shape in shapes]))
    return {kind: list(dict.fromkeys(sentences)) for kind, sentences in found.items() if sentences}


def write_captions(shapes: list[Shape], size: tuple[int, int], rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Two to four true sentences of mixed kinds. Returns the sentences and the kind of each."""
    found = candidates(shapes, size, rng)
    want = int(rng.integers(2, 5))
    kinds = [str(kind) for kind in rng.permutation(sorted(found))]
    pairs = [(str(rng.choice(found[kind])), kind) for kind in kinds[:want]]
    spare = [(text, kind) for kind in kinds for text in found[kind] if (text, kind) not in pairs]
    pairs += spare[: max(0, 2 - len(pairs))]
    return [text for text, _ in pairs], [kind for _, kind in pairs]
