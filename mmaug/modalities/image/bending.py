"""Bending ops: geometry that no matrix can say. Each gives its map as a field of displacements on a few nodes."""

from __future__ import annotations

import numpy as np

from mmaug import rng
from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.params import Fixed, Magnitude, Seed
from mmaug.registry import register


@register(
    "geometry",
    amount=Magnitude(0.0, 0.05, "of the shorter side", 0.0, 0.5),
    cells=Fixed(6, "cells a side", 2, 32),
    seed=Seed(),
)
def elastic(size: Size, *, amount: float, cells: float, seed: int) -> GeometryMap:
    """Push parts of the picture about as if it were printed on rubber; its edge may move too, and black enters there.

    amount: the largest displacement, of the shorter side, in [0, 0.5]; less where the picture would fold. cells: how many parts a
    side move on their own, in [2, 32]. seed: the displacements.
    Source: Simard et al. 2003, "Best practices for convolutional neural networks", section 2 (a random field, smoothed).
    """
    if amount == 0:
        return geometry.identity(size)
    nodes = int(cells) + 1
    pushes = rng.generator(seed).uniform(-1.0, 1.0, (nodes, nodes, 2))
    return geometry.bent(size, _smooth(pushes) * (amount * min(size)))


@register(
    "geometry",
    amount=Magnitude(0.0, 0.5, "of a cell", 0.0, 0.9),
    cells=Fixed(5, "cells a side", 2, 32),
    seed=Seed(),
)
def grid_distortion(size: Size, *, amount: float, cells: float, seed: int) -> GeometryMap:
    """Make columns and rows of the picture wider and narrower, each by its own share; the edges of the picture stay.

    amount: by how much of its width or height a cell may change at most, in [0, 0.9]; less where that is steep. cells: columns and
    rows, in [2, 32]. seed: which become wide.
    Source: albumentations, GridDistortion.
    """
    if amount == 0:
        return geometry.identity(size)
    nodes = int(cells) + 1
    field = np.zeros((nodes, nodes, 2))
    for axis, shares in enumerate(rng.generator(seed).uniform(-1.0, 1.0, (2, nodes - 1))):
        widths = 1 + amount * shares
        was = np.append(0.0, np.cumsum(widths) / widths.sum())
        moved = (was - np.linspace(0.0, 1.0, nodes)) * size[axis]
        field[..., axis] = moved if axis == 0 else moved[:, None]
    return geometry.bent(size, field)


def _smooth(pushes: np.ndarray, finer: int = 4) -> np.ndarray:
    """The same field on `finer` times as many nodes, its curves rounded (Catmull-Rom splines along both axes)."""
    for _ in range(2):
        padded = np.concatenate([pushes[:1], pushes, pushes[-1:]])
        p0, p1, p2, p3 = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
        parts = [
            p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))) for t in np.arange(finer) / finer
        ]
        inner = np.stack(parts, axis=1).reshape(-1, *pushes.shape[1:])
        pushes = np.concatenate([inner, pushes[-1:]]).swapaxes(0, 1)
    return pushes
