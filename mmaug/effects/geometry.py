"""Where every point of a picture went, as one map that composes.

Conventions (said once more in `schema`): x to the right, y down, pixel i covers [i, i + 1), its centre is i + 0.5.
A picture of width w spans x from 0 to w, whatever its pixels are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Size = tuple[int, int]
"""(width, height) in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class GeometryMap:
    """A projective map from the points of a picture of `size` to those of a picture of `out_size`.

    matrix: float64 [3, 3], acts on column vectors (x, y, 1).
    """

    matrix: np.ndarray
    size: Size
    out_size: Size

    def then(self, after: GeometryMap) -> GeometryMap:
        """This map, then `after`; nothing is cut at the frame in between."""
        return GeometryMap(after.matrix @ self.matrix, self.size, after.out_size)

    def points(self, xy: np.ndarray) -> np.ndarray:
        """Where the points went: float64 [n, 2] to float64 [n, 2]."""
        mapped = xy @ self.matrix[:, :2].T + self.matrix[:, 2]
        if _is_affine(self.matrix):
            return mapped[:, :2]
        return mapped[:, :2] / mapped[:, 2:]

    def back(self, xy: np.ndarray) -> np.ndarray:
        """Where the points came from: float64 [n, 2] to float64 [n, 2]."""
        return GeometryMap(np.linalg.inv(self.matrix), self.out_size, self.size).points(xy)

    @property
    def is_identity(self) -> bool:
        """Whether every pixel stays where it is (to a thousandth of a pixel)."""
        if self.size != self.out_size:
            return False
        m = self.matrix
        if m is _EYE:
            return True
        return bool(np.abs(self.points(frame(self.size)) - frame(self.size)).max() < 1e-3)

    @property
    def mirrored(self) -> bool:
        """Whether the picture is seen in a mirror."""
        (a, b, _), (c, d, _), _ = self.matrix.tolist()
        return a * d - b * c < 0

    def turn(self) -> tuple[Turn, float]:
        """The nearest flip or quarter turn, and how far from it the axes ended, in degrees."""
        (a, b, _), (c, d, _), _ = self.matrix.tolist()
        if a * d - b * c == 0:
            return UPRIGHT, 90.0
        right, down = _nearest_axis(a, c), _nearest_axis(b, d)
        if right[0] * down[0] + right[1] * down[1] != 0:  # sheared so far that both axes fell together
            return UPRIGHT, 90.0
        off = max(_angle(a, c, right), _angle(b, d, down))
        return (right[0], down[0], right[1], down[1]), off


Turn = tuple[int, int, int, int]
"""A flip or quarter turn of the square: the rows of its 2 x 2 matrix, (xx, xy, yx, yy), acting on (x, y)."""

UPRIGHT: Turn = (1, 0, 0, 1)
MIRROR: Turn = (-1, 0, 0, 1)

_EYE = np.eye(3)
_EYE.flags.writeable = False


def matrix(x: tuple[float, float, float], y: tuple[float, float, float]) -> np.ndarray:
    """The rows that give x and y, as a 3 x 3 matrix."""
    return np.array((x, y, (0.0, 0.0, 1.0)))


def identity(size: Size) -> GeometryMap:
    return GeometryMap(_EYE, size, size)


def affine(size: Size, a: float, b: float, c: float, d: float, *, about: tuple[float, float] | None = None) -> GeometryMap:
    """The linear map [[a, b], [c, d]] about a point (default: the centre of the picture); the size stays."""
    x, y = about or (size[0] / 2, size[1] / 2)
    return GeometryMap(matrix((a, b, x - a * x - b * y), (c, d, y - c * x - d * y)), size, size)


def shift(size: Size, dx: float, dy: float) -> GeometryMap:
    """Move every point by (dx, dy) pixels; the size stays."""
    return GeometryMap(matrix((1.0, 0.0, dx), (0.0, 1.0, dy)), size, size)


def view(size: Size, x: float, y: float, width: float, height: float, out_size: Size) -> GeometryMap:
    """Look at the window (x, y, width, height) in pixels, scaled to `out_size`."""
    sx, sy = out_size[0] / width, out_size[1] / height
    return GeometryMap(matrix((sx, 0.0, -x * sx), (0.0, sy, -y * sy)), size, out_size)


def frame(size: Size) -> np.ndarray:
    """The corners of a picture in order round it: float64 [4, 2]."""
    return corners((0.0, 0.0, float(size[0]), float(size[1])))


def corners(box: tuple[float, float, float, float]) -> np.ndarray:
    """The corners of a box (x1, y1, x2, y2) in order round it: float64 [4, 2]."""
    x1, y1, x2, y2 = box
    return np.array(((x1, y1), (x2, y1), (x2, y2), (x1, y2)))


def _is_affine(m: np.ndarray) -> bool:
    return bool(m[2, 0] == 0 and m[2, 1] == 0)


def _nearest_axis(x: float, y: float) -> tuple[int, int]:
    if abs(x) >= abs(y):
        return (1, 0) if x > 0 else (-1, 0)
    return (0, 1) if y > 0 else (0, -1)


def _angle(x: float, y: float, axis: tuple[int, int]) -> float:
    along, across = x * axis[0] + y * axis[1], x * axis[1] - y * axis[0]
    return abs(math.degrees(math.atan2(across, along)))
