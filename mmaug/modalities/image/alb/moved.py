"""Where an albumentations transform puts every pixel, measured: it is run on a picture whose colours are coordinates.

What the measured places fit decides: an affine or projective map, else a bend. What fits neither (a shuffled grid, a fold) has no map.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache

import cv2
import numpy as np

from mmaug.effects import geometry
from mmaug.effects.bend import Bend, steepness
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.modalities.image.alb.transform import Ran, run

FITS = 0.05
"""Pixels by which a matrix may miss the measured places."""

BEND_FITS = 1.0
"""Pixels by which a bend may miss them, but for one place in a hundred (seams of a grid)."""

FOLDS = 0.9
"""Pixels a pixel of way from which a bend is taken to fold: the way back could not be found surely."""

_NODES = (9, 17, 33, 65)
"""Nodes a side of a bend, the fewest that fit."""

_SAMPLES = 48
"""Places a side at which the result is looked at."""


@lru_cache(maxsize=256)
def measured(cls: str, key: str, seed: int, size: Size) -> tuple[GeometryMap | None, Size]:
    """The map of a transform with settings (as JSON) and seed on a picture of `size`, and the size that comes out.

    None where no map fits. Raises: RowError where albumentations cannot run it on a picture of this size.
    """
    ran = run(cls, json.loads(key), seed, _coordinates(size), plainly=True)
    out_size = (ran.image.shape[1], ran.image.shape[0])
    return _matrix(ran.image, size, out_size) or _bend(ran, size, out_size), out_size


@lru_cache(maxsize=4)
def _coordinates(size: Size) -> np.ndarray:
    """float32 [h, w, 3]: x and y of each pixel's centre as shares of the sides, and 1."""
    picture = np.ones((size[1], size[0], 3), np.float32)
    picture[..., 0] = (np.arange(size[0], dtype=np.float32) + 0.5) / size[0]
    picture[..., 1] = ((np.arange(size[1], dtype=np.float32) + 0.5) / size[1])[:, None]
    picture.flags.writeable = False
    return picture


def _matrix(image: np.ndarray, size: Size, out_size: Size) -> GeometryMap | None:
    """The affine or projective map that the places fit."""
    rows, columns = (np.unique(np.linspace(0, side - 1, _SAMPLES).round().astype(np.intp)) for side in out_size[::-1])
    sampled = image[rows[:, None], columns]
    there = sampled[..., 2] > 1 - 1e-4  # elsewhere black entered
    if not there.any():
        return None
    now = np.stack([np.broadcast_to(columns, there.shape), np.broadcast_to(rows[:, None], there.shape)], axis=2)[there] + 0.5
    was = sampled[there][:, :2].astype(np.float64) * size
    inner = ((was > was.min(axis=0) + 0.01) & (was < was.max(axis=0) - 0.01)).all(axis=1)  # enlarging cuts places off at the edge
    if inner.sum() >= 12:
        now, was = now[inner], was[inner]
    for fit in (_plain, _affine, _projective):
        back = fit(now, was, size, out_size)
        if back is not None and _miss(back, now, was) < FITS:
            return _map(_rounded(back, out_size), size, out_size)
    return None


def _plain(now: np.ndarray, was: np.ndarray, size: Size, out_size: Size) -> np.ndarray:
    """The matrix back where the whole picture is only resized, or nothing happens."""
    return np.diag([size[0] / out_size[0], size[1] / out_size[1], 1.0])


def _affine(now: np.ndarray, was: np.ndarray, size: Size, out_size: Size) -> np.ndarray:
    """The matrix back, from places now to places before: least squares, nearest to a plain resize where that leaves it open."""
    plain = _plain(now, was, size, out_size)[:2]
    known = np.column_stack([now, np.ones(len(now))])
    solved = np.linalg.lstsq(known, was - known @ plain.T, rcond=None)[0].T
    return np.vstack([plain + solved, (0.0, 0.0, 1.0)])


def _projective(now: np.ndarray, was: np.ndarray, size: Size, out_size: Size) -> np.ndarray | None:
    """The same for a projective map. Source: Hartley and Zisserman 2004, "Multiple view geometry", 4.1 (direct linear transform)."""
    if len(now) < 8:
        return None
    scale, before = np.array(out_size, np.float64), np.array(size, np.float64)
    (x, y), (u, v) = (now / scale).T, (was / before).T
    one, none = np.ones_like(x), np.zeros_like(x)
    upper = np.stack([x, y, one, none, none, none, -x * u, -y * u], axis=1)
    lower = np.stack([none, none, none, x, y, one, -x * v, -y * v], axis=1)
    solved = np.linalg.lstsq(np.vstack([upper, lower]), np.concatenate([u, v]), rcond=None)[0]
    return np.diag([*before, 1.0]) @ np.append(solved, 1.0).reshape(3, 3) @ np.diag([*(1 / scale), 1.0])


def _miss(back: np.ndarray, now: np.ndarray, was: np.ndarray) -> float:
    found = now @ back[:, :2].T + back[:, 2]
    with np.errstate(all="ignore"):  # a wrong map may send places to infinity, which is no fit
        return float(np.abs(found[:, :2] / found[:, 2:] - was).max())


def _rounded(back: np.ndarray, out_size: Size) -> np.ndarray:
    """The matrix without the dust of measuring: whole numbers and whole pixels where none notices, so that flips and crops are exact."""
    notice = 0.02
    reach = np.array([out_size[0], out_size[1], 1.0])
    clean = back.copy()
    if (np.abs(clean[2, :2]) * reach[:2] < 1e-6).all():
        clean[2] = (0.0, 0.0, 1.0)
    for row in clean[:2]:
        for place in range(3):
            whole = round(row[place])
            if abs(row[place] - whole) * reach[place] < notice:
                row[place] = whole
        along = [place for place in (0, 1) if row[place]]
        end = row[2] + sum(row[place] * reach[place] for place in along)
        if len(along) == 1 and row[2] == round(row[2]) and abs(end - round(end)) < notice:
            row[along[0]] = (round(end) - row[2]) / reach[along[0]]
    return clean


def _map(back: np.ndarray, size: Size, out_size: Size) -> GeometryMap | None:
    if abs(np.linalg.det(back)) < 1e-9:
        return None
    if back[2, 0] == back[2, 1] == 0:
        return geometry.from_rows(tuple(back[0].tolist()), tuple(back[1].tolist()), out_size, size).back()  # type: ignore[arg-type]
    return geometry.from_matrix(np.linalg.inv(back), size, out_size)


def _bend(ran: Ran, size: Size, out_size: Size) -> GeometryMap | None:
    """The bend that the places fit. Transforms that remap say where each pixel was, also beyond the picture."""
    if size != out_size or min(size) < 8:
        return None
    width, height = size
    if "map_x" in ran.drawn:
        was = np.dstack([ran.drawn["map_x"], ran.drawn["map_y"]]).astype(np.float32) + 0.5
    elif (ran.image[..., 2] > 1 - 1e-4).all():
        was = ran.image[..., :2] * np.array(size, np.float32)
    else:
        return None
    pushes = was - _middles(size)
    rows, columns = (np.arange(0, side, max(side // 96, 1)) for side in (height, width))
    sampled = pushes[rows[:, None], columns].reshape(-1, 2)
    places = _middles(size)[rows[:, None], columns].reshape(-1, 2).astype(np.float64)
    for nodes in _NODES:
        shape = (min(math.ceil(nodes * min(width / height, 1.0)) + 1, width), min(math.ceil(nodes * min(height / width, 1.0)) + 1, height))
        bend = Bend(_at_nodes(pushes, shape), size)
        missed = np.abs(bend.origins(places) - places - sampled).max(axis=1)
        if float(np.quantile(missed, 0.99)) < BEND_FITS:
            break
    else:
        return None
    if steepness(bend.field, size) > FOLDS:
        return None
    return GeometryMap(geometry.identity(size).rows, size, size, (bend,))


@lru_cache(maxsize=4)
def _middles(size: Size) -> np.ndarray:
    """x and y of each pixel's centre: float32 [h, w, 2]."""
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32) + 0.5, np.arange(size[1], dtype=np.float32) + 0.5)
    return np.dstack([x, y])


def _at_nodes(pushes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The displacement at nodes spread from edge to edge: float64 [rows, columns, 2]."""
    height, width = pushes.shape[:2]
    x = np.linspace(0.0, width, shape[0], dtype=np.float32) - np.float32(0.5)
    y = np.linspace(0.0, height, shape[1], dtype=np.float32) - np.float32(0.5)
    at_x, at_y = np.meshgrid(x, y)
    return cv2.remap(pushes, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)
