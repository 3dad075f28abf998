"""What an albumentations transform makes of colours, read off a palette instead of the real picture.

Where the palette goes through a table or a matrix, that is the op's colour function. Where it does not, colour words are kept only if
they stand however the palette moved: one of the displacements that were seen takes the place of each sort of picture.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache

import numpy as np

from mmaug import colour
from mmaug.effects import sorts
from mmaug.effects.colour import Stage, Unsure
from mmaug.modalities.image.alb.transform import run
from mmaug.modalities.image.displacement import displacement

CLOSE = 6.0
"""Levels of 255 by which a table or matrix may miss a colour of the palette."""

_PATCH = 6
"""Pixels a side of one colour where a transform may look at what is beside."""

_CELLS = 32
"""Patches a side of a sort of picture."""

_GREYS_ALONE, _GREYS_WITHIN = 256, 18
"""How many greys lead the palette; tables are made from them."""


def stage(cls: str, key: str, seed: int) -> Stage | Unsure:
    """The colour function of a transform that treats every pixel of every picture alike; settings as JSON."""
    was, now, _ = _alone(cls, key, seed)
    found = _fit(was, now, 0.0, _GREYS_ALONE)
    return balance(cls, key, seed, alone=True) if found is None else found


def balance(cls: str, key: str, seed: int, *, alone: bool = False) -> Unsure:
    """The colour functions for each sort of picture. alone: the palette is run without a picture round it."""
    return Unsure(_for_sort, "histogram", (("cls", cls), ("key", key), ("seed", seed), ("alone", alone)))


def _for_sort(histogram: np.ndarray, *, cls: str, key: str, seed: int, alone: bool) -> Stage:
    number = next(i for i, known in enumerate(sorts.statistics("histogram")) if known is histogram)
    was, now, noise = _alone(cls, key, seed) if alone else _within(cls, key, seed, number)
    found = _fit(was, now, noise, _GREYS_ALONE if alone else _GREYS_WITHIN)
    return displacement(now - was, number) if found is None else found


@lru_cache(maxsize=256)
def _alone(cls: str, key: str, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    palette = _palette(5, _GREYS_ALONE)
    side = 24
    picture = np.resize(palette, (side * side, 3)).reshape(side, side, 3)
    made = run(cls, json.loads(key), seed, picture).image.reshape(-1, 3)[: len(palette)]
    return palette.astype(np.float64), made.astype(np.float64), 0.0


@lru_cache(maxsize=256)
def _within(cls: str, key: str, seed: int, sort: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The palette and what it became in a sort of picture, and how far pixels of one colour differ then, by chance, on average."""
    picture, cells = _sort(sort)
    made = run(cls, json.loads(key), seed, picture).image.astype(np.float64)
    patches = made.reshape(_CELLS, _PATCH, _CELLS, _PATCH, 3).swapaxes(1, 2)[:, :, 1:-1, 1:-1].reshape(_CELLS * _CELLS, -1, 3)[cells]
    noise = float(np.median(patches.std(axis=1))) / (_PATCH - 2)
    return _palette(4, _GREYS_WITHIN).astype(np.float64), patches.mean(axis=1), noise


@cache
def _palette(grid: int, ramp: int) -> np.ndarray:
    """uint8 [n, 3]: `ramp` greys in equal steps, grid^3 colours in equal steps, and what rules take for each basic colour."""
    levels = np.linspace(0, 255, grid)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    greys = np.repeat(np.linspace(0, 255, ramp)[:, None], 3, axis=1)
    named = [colour.prototypes(term) for term in colour.BASIC]
    return np.rint(np.concatenate([greys, cube, *named])).astype(np.uint8)


@cache
def _sort(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture of one sort with patches of the palette scattered over it, uint8 [h, w, 3], and the numbers of those cells."""
    palette, rng = _palette(4, _GREYS_WITHIN), np.random.Generator(np.random.Philox(number))
    side = _CELLS * _PATCH
    counts = sorts.statistics("histogram")[number].astype(np.float64)
    picture = np.stack([rng.choice(256, (side, side), p=column / column.sum()) for column in counts.T], axis=2).astype(np.uint8)
    cells = rng.permutation(_CELLS * _CELLS)[: len(palette)]
    for cell, rgb in zip(cells.tolist(), palette, strict=True):
        row, column = divmod(cell, _CELLS)
        picture[row * _PATCH : (row + 1) * _PATCH, column * _PATCH : (column + 1) * _PATCH] = rgb
    return picture, cells


def _fit(was: np.ndarray, now: np.ndarray, noise: float, greys: int) -> Stage | None:
    """The table or matrix that takes the palette to what it became; None where neither does."""
    bound = CLOSE + 3 * noise
    table = np.stack([np.interp(np.arange(256), was[:greys, 0], now[:greys, i]) for i in range(3)], axis=1)
    if np.abs(table[was.astype(np.intp), np.arange(3)] - now).max() <= bound:
        return np.rint(table).astype(np.uint8)
    inner = ((now > 1) & (now < 254)).all(axis=1)
    inner = inner if inner.sum() >= 16 else np.ones(len(was), bool)
    known = np.column_stack([was, np.ones(len(was))])
    matrix = np.linalg.lstsq(known[inner], now[inner], rcond=None)[0].T
    return matrix if np.abs(np.clip(known @ matrix.T, 0, 255) - now).max() <= bound else None
