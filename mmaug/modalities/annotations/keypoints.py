"""Keypoints follow the geometry of their picture; in a mirror left and right joints change places."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmaug.effects.picture import ImageState
from mmaug.effects.view import clip
from mmaug.errors import RowError


def follow(value: Any, names: tuple[str, ...], state: ImageState, where: str) -> Any:
    """Keypoints in the nesting that came: [n, k, 2 or 3], [k, 2 or 3], or each flat; None entries stay None.

    Points outside the new frame become (0, 0, 0), covered ones get visibility 1; without a visibility they keep their place.
    Raises: RowError for another shape, or another number of points than names.
    """
    if isinstance(value, np.ndarray) or hasattr(value, "new_tensor"):
        moved = follow(value.tolist(), names, state, where)
        if isinstance(value, np.ndarray):
            return np.asarray(moved, dtype=value.dtype if value.dtype.kind == "f" else np.float64).reshape(value.shape)
        return (value if value.is_floating_point() else value.float()).new_tensor(moved).reshape(value.shape)
    if not isinstance(value, (list, tuple)):
        raise RowError(f"{where}: must be a list of points [x, y] or [x, y, visibility], got {type(value).__name__}")
    if value and all(isinstance(item, (int, float)) for item in value):
        return _flat(value, names, state, where)
    if value and all(_is_point(item) for item in value):
        return [type(p)(q) for p, q in zip(value, _points(np.array(value, dtype=np.float64), names, state, where), strict=True)]
    return [None if item is None else follow(item, names, state, f"{where}[{i}]") for i, item in enumerate(value)]


def _flat(value: Any, names: tuple[str, ...], state: ImageState, where: str) -> list[float]:
    """A flat list x, y, v, x, y, v, ... as COCO writes it (or x, y, x, y, ... where the names say so)."""
    width = 2 if names and len(value) == 2 * len(names) else 3
    if len(value) % width or (not names and len(value) % 3):
        raise RowError(f"{where}: a flat list must hold 3 numbers a point (x, y, visibility), got {len(value)} numbers")
    moved = _points(np.array(value, dtype=np.float64).reshape(-1, width), names, state, where)
    return [number for point in moved for number in point]


def _points(points: np.ndarray, names: tuple[str, ...], state: ImageState, where: str) -> list[list[float]]:
    if names and len(points) != len(names):
        raise RowError(f"{where}: must hold {len(names)} points, one for each name, got {len(points)}")
    if not np.isfinite(points).all():
        raise RowError(f"{where}: must hold finite numbers, got {points[~np.isfinite(points).all(axis=1)][0].tolist()}")
    moved = points.copy()
    moved[:, :2] = state.geometry.points(points[:, :2])
    if points.shape[1] == 3:
        labelled = points[:, 2] > 0
        width, height = state.geometry.out_size
        inside = (moved[:, 0] >= 0) & (moved[:, 0] < width) & (moved[:, 1] >= 0) & (moved[:, 1] < height)
        covered = labelled & inside & np.array([_covered(point, state) for point in points[:, :2].tolist()], dtype=bool)
        moved[covered, 2] = 1.0
        moved[~(labelled & inside)] = 0.0
    if state.geometry.mirrored:
        moved = moved[_other_side(names)] if names else moved
    out = moved.tolist()
    return [[x, y, int(v)] for x, y, v in out] if points.shape[1] == 3 else out


def _other_side(names: tuple[str, ...]) -> list[int]:
    """For each point the number of the one that takes its place in a mirror."""
    places = {name: number for number, name in enumerate(names)}

    def partner(name: str) -> str:
        if name.startswith("left"):
            return "right" + name[4:]
        return "left" + name[5:] if name.startswith("right") else name

    return [places.get(partner(name), number) for number, name in enumerate(names)]


def _covered(point: list[float], state: ImageState) -> bool:
    x, y = point
    dot = [(x - 1e-6, y - 1e-6), (x + 1e-6, y - 1e-6), (x + 1e-6, y + 1e-6), (x - 1e-6, y + 1e-6)]
    return any(clip(dot, polygon) for polygon in state.hidden)


def _is_point(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and len(item) in (2, 3) and all(isinstance(n, (int, float)) for n in item)
