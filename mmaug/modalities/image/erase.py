"""Erasing ops. Each gives only the parts to cover, as convex polygons in the pixels of the picture as it is at that step."""

from __future__ import annotations

import math

from mmaug.effects.geometry import Size
from mmaug.effects.view import Polygon
from mmaug.params import Anywhere, Fixed, Magnitude, Place
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


@register(
    "erase",
    scale=Magnitude(0.0, 0.25, "of the area", 0.0, 0.9),
    unit=Anywhere((0.4, 1.0), "of the shorter side", 0.05, 1.0),
    x=Place("of a unit to the right"),
    y=Place("of a unit down"),
    fill=Fixed(128, "grey level", 0, 255),
)
def grid_mask(size: Size, *, scale: float, unit: float, x: float, y: float, fill: float) -> list[Polygon]:
    """Cover the squares of an even grid with a flat grey.

    scale: covered share of each unit of the grid, in [0, 0.9]. unit: side of a unit as a share of the shorter side, in [0.05, 1]; at
    least a fiftieth of the longer one. x, y: how far the grid is moved, of a unit. fill: grey level in [0, 255].
    Source: Chen et al. 2020, "GridMask data augmentation", 3.2 (1 - r squared of a unit is covered, units of 96 to 224 of 224 pixels).
    """
    step = max(unit * min(size), max(size) / 50)
    side = step * math.sqrt(scale)
    if side == 0:
        return []
    columns, rows = (_spans(length, step, side, moved) for length, moved in zip(size, (x, y), strict=True))
    return [[(x1, y1), (x2, y1), (x2, y2), (x1, y2)] for y1, y2 in rows for x1, x2 in columns]


def _spans(length: int, step: float, side: float, moved: float) -> list[tuple[float, float]]:
    """Where the squares of a grid begin and end along one side of the picture, cut to it."""
    starts = [(number + moved) * step for number in range(-1, math.ceil(length / step))]
    return [(max(start, 0.0), min(start + side, float(length))) for start in starts if start + side > 0 and start < length]
