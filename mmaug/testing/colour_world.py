"""The colour world: a picture of one coloured shape, a caption of what it is; a small task on which a pair torn apart shows.

With red and blue exchanged a picture shows another of the world's colours. That is a false pair while the caption stays, and a new true
one when the caption follows. Of the red and the blue things only a part is ever seen in training, so that new pairs have something to
teach; what is held out is unseen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from mmaug.effects.picture import ImageState
from mmaug.language.analyser import read
from mmaug.language.edits import Replacement
from mmaug.pairing import DEFAULT
from mmaug.pairing.base import Context, Edit, Rules, Verdict, Veto, harmless, rule
from mmaug.schema import Caption, Image, Schema
from mmaug.testing.raster import CATEGORIES, Shape, paint

COLOURS = {
    "red": (206, 38, 46), "blue": (46, 38, 206), "green": (46, 150, 46), "black": (26, 26, 26), "white": (246, 246, 246),
    "gray": (130, 130, 130),
}  # fmt: skip
"""The middle of each colour's shades, sRGB. With the first and the last channel exchanged each is again one of them."""

REACH = 14
"""Grey levels that a drawn colour may lie off its middle, in each channel."""

SIZES = {"large": (0.2, 0.24), "small": (0.09, 0.12)}
"""Least and largest radius, as shares of the picture."""

PLACES = {
    "in the top left corner": (0.3, 0.3), "at the top": (0.5, 0.3), "in the top right corner": (0.7, 0.3), "on the left": (0.3, 0.5),
    "in the middle": (0.5, 0.5), "on the right": (0.7, 0.5), "in the bottom left corner": (0.3, 0.7), "at the bottom": (0.5, 0.7),
    "in the bottom right corner": (0.7, 0.7),
}  # fmt: skip
"""Where a shape is, as shares of the picture's width and height."""

SEEN = {"red": 0.4, "blue": 0.4}
"""The share of a colour's shapes and places that training shows; of the other colours `SEEN_OTHERS`."""

SEEN_OTHERS = 0.8

SCHEMA = Schema(image=Image(), caption=Caption(of="image"))


def draw_world(count: int, seed: int, *, size: int = 32, seen: bool | None = None) -> list[dict[str, Any]]:
    """So many rows: image, uint8 [size, size, 3], and caption, such as "a large red star on the left"; the same seed, the same rows.

    seen: True for what training shows, False for shapes of a colour at a place that it never does, None for all of them.
    """
    return [_row(np.random.default_rng([seed, number]), size, seen) for number in range(count)]


def _row(rng: np.random.Generator, size: int, seen: bool | None) -> dict[str, Any]:
    while True:
        colour, category, place = (str(rng.choice(names)) for names in (list(COLOURS), CATEGORIES, sorted(PLACES)))
        if seen is None or shown(colour, category, place) == seen:
            break
    large = str(rng.choice(list(SIZES)))
    x, y = size * (np.array(PLACES[place]) + rng.uniform(-0.05, 0.05, 2))
    red, green, blue = np.clip(np.array(COLOURS[colour]) + rng.integers(-REACH, REACH + 1, 3), 0, 255).tolist()
    radius, tilt = size * float(rng.uniform(*SIZES[large])), float(rng.uniform(-12, 12))
    shape = Shape(category, colour, (red, green, blue), float(x), float(y), radius, tilt)
    return {"image": paint([shape], (size, size), rng)[0], "caption": f"a {large} {colour} {category} {place}"}


@lru_cache(maxsize=1024)
def shown(colour: str, category: str, place: str) -> bool:
    """Whether training shows such a shape there: drawn once for all, the same in every world."""
    at = (list(COLOURS).index(colour), CATEGORIES.index(category), sorted(PLACES).index(place))
    return bool(np.random.default_rng([99, *at]).random() < SEEN.get(colour, SEEN_OTHERS))


@rule("colour", on="caption")
def shades_are_known(text: str, picture: ImageState, context: Context) -> Verdict:
    """A colour word becomes that of the world's colour to which its own goes.

    Of photographs nobody knows so surely what a blue becomes, and the rules that the library brings leave the word out.
    """
    wanted = []
    for mention in read(text).colours:
        middle = np.array([COLOURS.get(mention.term, (0, 0, 0))], np.float64)
        names = {_nearest(change(middle)[0]) for change in picture.colour.possible()}
        new = names.pop() if len(names) == 1 and mention.term in COLOURS else None
        if new is None:
            return Veto(f"{mention.text!r} would become none of {', '.join(COLOURS)}")
        if new != mention.term:
            wanted.append(Replacement(mention.start, mention.end, new))
    return Edit(tuple(wanted)) if wanted else None


def _nearest(rgb: np.ndarray) -> str | None:
    """The colour that lies near in every channel, if one does."""
    off = {name: float(np.abs(rgb - middle).max()) for name, middle in COLOURS.items()}
    name = min(off, key=lambda name: off[name])
    return name if off[name] <= 2 * REACH else None


_OTHERS = Rules(entry for entry in DEFAULT if entry.aspect != "colour" or "caption" not in entry.kinds)

FOLLOWED = _OTHERS + shades_are_known
"""Rules under which captions follow the colours of this world."""

KEPT = _OTHERS + harmless("colour", on="caption")
"""Rules that never look at colour words: what is done without pairing rules."""
