"""Smooth displacements of a picture: what no matrix can say, such as elastic deformation.

A bend says where each point of the new picture was (that is what pixels need); points go the other way by iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Size = tuple[int, int]
"""(width, height) in pixels."""

Point = tuple[float, float]

Rows = tuple[float, float, float, float, float, float, float, float, float]
"""A 3 x 3 matrix row by row. Plain floats: at this size they compose several times faster than arrays."""

_EYE: Rows = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

STEEPEST = 0.7
"""Pixels of displacement a pixel of way: below 1 no part of the picture folds over another, and the way back is found by iteration."""

_ROUNDS = 80
_CLOSE = 1e-4
"""Pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """A displacement: what is now at p was at p + field(p), linear between nodes and constant beyond the picture.

    field: float64 [rows, columns, 2] of (dx, dy) in pixels, its nodes spread evenly from edge to edge of a picture of `size`.
    into: the matrix from the points of the original picture to those of the picture that is bent.
    """

    field: np.ndarray
    size: Size
    into: Rows = _EYE

    @property
    def is_upright(self) -> bool:
        """Whether it was made for the original picture itself."""
        return self.into == _EYE

    def origins(self, xy: np.ndarray) -> np.ndarray:
        """Where points of the new picture were: float64 [n, 2] to float64 [n, 2], both in pixels of the original picture."""
        here = _through(self.into, xy)
        return _through(_inverse(self.into), here + self._at(here))

    def points(self, xy: np.ndarray) -> np.ndarray:
        """Where points of the original picture went: float64 [n, 2] to float64 [n, 2]."""
        target = _through(self.into, np.asarray(xy, np.float64))
        here = target
        for _ in range(_ROUNDS):  # a contraction: see STEEPEST
            there = target - self._at(here)
            done = np.abs(there - here).max(initial=0.0) < _CLOSE
            here = there
            if done:
                break
        return _through(_inverse(self.into), here)

    def point(self, x: float, y: float) -> Point:
        """Where one point went."""
        ((to_x, to_y),) = self.points(np.array([[x, y]])).tolist()
        return to_x, to_y

    def origin(self, x: float, y: float) -> Point:
        """Where one point was."""
        ((to_x, to_y),) = self.origins(np.array([[x, y]])).tolist()
        return to_x, to_y

    def dense(self) -> np.ndarray:
        """The displacement at the centre of every pixel: float64 [h, w, 2]."""
        width, height = self.size
        across, down = (_weights(side, nodes) for side, nodes in zip((width, height), self.field.shape[1::-1], strict=True))
        return np.einsum("yr,rcd,xc->yxd", down, self.field, across, optimize=True)

    def _at(self, xy: np.ndarray) -> np.ndarray:
        rows, columns = self.field.shape[:2]
        x, left = _cell(xy[:, 0] * ((columns - 1) / self.size[0]), columns)
        y, top = _cell(xy[:, 1] * ((rows - 1) / self.size[1]), rows)
        x, y = x[:, None], y[:, None]
        upper = self.field[top, left] * (1 - x) + self.field[top, left + 1] * x
        lower = self.field[top + 1, left] * (1 - x) + self.field[top + 1, left + 1] * x
        return upper * (1 - y) + lower * y


def steepness(field: np.ndarray, size: Size) -> float:
    """The largest change of a displacement along either axis, in pixels a pixel of way."""
    across, down = size[0] / (field.shape[1] - 1), size[1] / (field.shape[0] - 1)
    along_x = np.linalg.norm(np.diff(field, axis=1), axis=2).max() / across
    along_y = np.linalg.norm(np.diff(field, axis=0), axis=2).max() / down
    return float(np.hypot(along_x, along_y))


def _cell(place: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """The share of the way to the next node, and the number of the node before."""
    place = np.clip(place, 0.0, nodes - 1)
    first = np.minimum(place.astype(np.intp), nodes - 2)
    return place - first, first


def _weights(side: int, nodes: int) -> np.ndarray:
    """Rows of linear weights of the nodes at every pixel centre: float64 [side, nodes]."""
    share, first = _cell((np.arange(side) + 0.5) * ((nodes - 1) / side), nodes)
    weights = np.zeros((side, nodes))
    pixels = np.arange(side)
    weights[pixels, first], weights[pixels, first + 1] = 1 - share, share
    return weights


def _through(rows: Rows, xy: np.ndarray) -> np.ndarray:
    if rows == _EYE:
        return xy
    matrix = np.array(rows).reshape(3, 3)
    mapped = xy @ matrix[:, :2].T + matrix[:, 2]
    return mapped[:, :2] / mapped[:, 2:]


def _inverse(rows: Rows) -> Rows:
    if rows == _EYE:
        return rows
    return tuple(np.linalg.inv(np.array(rows).reshape(3, 3)).ravel().tolist())  # type: ignore[return-value]
