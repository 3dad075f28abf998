"""Erasing ops. Each gives only the parts to cover, as convex polygons in the pixels of the picture as it is at that step."""

from __future__ import annotations

import math

from mmaug.effects.geometry import Size
from mmaug.effects.view import Polygon
from mmaug.params import Fixed, Magnitude, Place
from mmaug.registry import register


@register(
    "erase",
    scale=Magnitude(0.0, 0.25, "of the area", 0.0, 1.0),
    x=Place("of the room to the left"),
    y=Place("of the room above"),
    fill=Fixed(128, "grey level", 0, 255),
)
def cutout(size: Size, *, scale: float, x: float, y: float, fill: float) -> list[Polygon]:
    """Cover a square with a flat grey.

    scale: area of the square as a share of the picture's, in [0, 1]; a side longer than the picture's is cut to it.
    x, y: where it lies, 0 left/top to 1 right/bottom; it is inside the frame. fill: grey level in [0, 255].
    Source: DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with Cutout", section 3.
    """
    side = math.sqrt(scale * size[0] * size[1])
    width, height = min(side, size[0]), min(side, size[1])
    if width == 0 or height == 0:
        return []
    x1, y1 = x * (size[0] - width), y * (size[1] - height)
    return [[(x1, y1), (x1 + width, y1), (x1 + width, y1 + height), (x1, y1 + height)]]
