"""The colour world: a picture of one coloured shape, a caption that names both; a small task on which a pair torn apart shows.

Exchanging red and blue in the picture makes a false pair while the caption stays, and a new true one when the caption follows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmaug.schema import Caption, Image, Schema
from mmaug.testing.raster import CATEGORIES, Shape, paint, vary

COLOURS = ("red", "blue", "green", "black", "white", "gray")
"""With red and blue exchanged each is again one of them."""

PLACES = {
    "in the top left corner": (0.3, 0.3), "at the top": (0.5, 0.3), "in the top right corner": (0.7, 0.3), "on the left": (0.3, 0.5),
    "in the middle": (0.5, 0.5), "on the right": (0.7, 0.5), "in the bottom left corner": (0.3, 0.7), "at the bottom": (0.5, 0.7),
    "in the bottom right corner": (0.7, 0.7),
}  # fmt: skip
"""Where a shape is, as shares of the picture's width and height."""

SCHEMA = Schema(image=Image(), caption=Caption(of="image"))


def draw_world(count: int, seed: int, *, size: int = 32) -> list[dict[str, Any]]:
    """So many rows: image, uint8 [size, size, 3], and caption, such as "a red star on the left"; the same seed, the same rows."""
    return [_row(np.random.default_rng([seed, number]), size) for number in range(count)]


def _row(rng: np.random.Generator, size: int) -> dict[str, Any]:
    colour, category, place = str(rng.choice(COLOURS)), str(rng.choice(CATEGORIES)), str(rng.choice(sorted(PLACES)))
    x, y = size * (np.array(PLACES[place]) + rng.uniform(-0.05, 0.05, 2))
    shape = Shape(
        category, colour, vary(colour, rng), float(x), float(y), size * float(rng.uniform(0.17, 0.23)), float(rng.uniform(-12, 12))
    )
    article = "an" if colour == "orange" else "a"
    return {"image": paint([shape], (size, size), rng)[0], "caption": f"{article} {colour} {category} {place}"}
