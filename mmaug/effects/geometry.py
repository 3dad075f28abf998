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

Point = tuple[float, float]

Rows = tuple[float, float, float, float, float, float, float, float, float]
"""A 3 x 3 matrix row by row. Plain floats: at this size they compose several times faster than arrays."""

Turn = tuple[int, int, int, int]
"""A flip or quarter turn of the square: the rows of its 2 x 2 matrix, (xx, xy, yx, yy), acting on (x, y)."""

UPRIGHT: Turn = (1, 0, 0, 1)
MIRRORED: Turn = (-1, 0, 0, 1)

STILL = 1e-3
"""Pixels that nobody sees: a map that moves no corner by more is the identity."""


@dataclass(frozen=True, slots=True)
class GeometryMap:
    """A projective map from the points of a picture of `size` to those of a picture of `out_size`.

    rows: the matrix, acting on column vectors (x, y, 1).
    """

    rows: Rows
    size: Size
    out_size: Size

    @property
    def matrix(self) -> np.ndarray:
        """float64 [3, 3]."""
        return np.array(self.rows).reshape(3, 3)

    @property
    def is_affine(self) -> bool:
        """Whether parallel lines stay parallel."""
        return self.rows[6] == 0 and self.rows[7] == 0

    def then(self, after: GeometryMap) -> GeometryMap:
        """This map, then `after`; nothing is cut at the frame in between."""
        return GeometryMap(_product(after.rows, self.rows), self.size, after.out_size)

    def point(self, x: float, y: float) -> Point:
        """Where one point went."""
        a, b, c, d, e, f, g, h, i = self.rows
        if g == 0 and h == 0:
            return (a * x + b * y + c, d * x + e * y + f)
        w = g * x + h * y + i
        return ((a * x + b * y + c) / w, (d * x + e * y + f) / w)

    def points(self, xy: np.ndarray) -> np.ndarray:
        """Where the points went: float64 [n, 2] to float64 [n, 2]."""
        mapped = xy @ self.matrix[:, :2].T + self.matrix[:, 2]
        return mapped[:, :2] if self.is_affine else mapped[:, :2] / mapped[:, 2:]

    def back(self) -> GeometryMap:
        """The map the other way."""
        a, b, c, d, e, f, *_ = self.rows
        area = a * e - b * d
        if not self.is_affine or area == 0:
            return from_matrix(np.linalg.inv(self.matrix), self.out_size, self.size)
        rows = (e / area, -b / area, (b * f - c * e) / area, -d / area, a / area, (c * d - a * f) / area, 0.0, 0.0, 1.0)
        return GeometryMap(rows, self.out_size, self.size)

    @property
    def is_identity(self) -> bool:
        """Whether every pixel stays where it is."""
        if self.rows is _EYE or self.size != self.out_size:
            return self.size == self.out_size
        for x, y in corners((0.0, 0.0, float(self.size[0]), float(self.size[1]))):
            to_x, to_y = self.point(x, y)
            if abs(to_x - x) > STILL or abs(to_y - y) > STILL:
                return False
        return True

    @property
    def keeps_axes(self) -> bool:
        """Whether upright boxes stay upright boxes."""
        _, b, _, d, _, _, g, h, _ = self.rows
        a, e = self.rows[0], self.rows[4]
        return g == 0 and h == 0 and ((b == 0 and d == 0) or (a == 0 and e == 0))

    def outside_at_most(self) -> float:
        """A bound on the share of the picture that is out of the frame: what lies beyond each side of it, summed.

        What lies beyond a line of a parallelogram depends only on how deep it reaches, and on its two sides' reach across.
        """
        a, b, c, d, e, f, g, h, _ = self.rows
        if g or h or a * e == b * d:
            return 1.0
        (width, height), (right, bottom) = self.size, self.out_size
        x, y = c + (a * width + b * height) / 2, f + (d * width + e * height) / 2  # where the middle went
        across, down = (abs(a) * width, abs(b) * height), (abs(d) * width, abs(e) * height)
        total = 0.0
        for middle, limit, (p, q) in ((x, right, across), (y, bottom, down)):
            half = (p + q) / 2
            if middle < half:
                total += _beyond(half - middle, p, q)
            if middle + half > limit:
                total += _beyond(middle + half - limit, p, q)
        return total

    @property
    def zoom(self) -> float:
        """How many times larger areas become, in pixels, near the middle of an affine map."""
        a, b, _, d, e, *_ = self.rows
        return abs(a * e - b * d)

    @property
    def mirrored(self) -> bool:
        """Whether the picture is seen in a mirror."""
        a, b, _, d, e, *_ = self.rows
        return a * e - b * d < 0

    def turn(self) -> tuple[Turn, float]:
        """The nearest flip or quarter turn, and how far from it the axes ended, in degrees."""
        a, b, _, d, e, *_ = self.rows
        if a * e - b * d == 0:
            return UPRIGHT, 90.0
        right, down = _nearest_axis(a, d), _nearest_axis(b, e)
        if right[0] * down[0] + right[1] * down[1] != 0:  # sheared so far that both axes fell together
            return UPRIGHT, 90.0
        off = max(_angle(a, d, right), _angle(b, e, down))
        return (right[0], down[0], right[1], down[1]), off


_EYE: Rows = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def identity(size: Size) -> GeometryMap:
    """Every point stays."""
    return GeometryMap(_EYE, size, size)


def from_rows(x: tuple[float, float, float], y: tuple[float, float, float], size: Size, out_size: Size) -> GeometryMap:
    """The affine map whose rows give x and y."""
    return GeometryMap((*x, *y, 0.0, 0.0, 1.0), size, out_size)


def from_matrix(matrix: np.ndarray, size: Size, out_size: Size) -> GeometryMap:
    """The map of a matrix, float [3, 3]."""
    a, b, c, d, e, f, g, h, i = (matrix / matrix[2, 2]).ravel().tolist()
    return GeometryMap((a, b, c, d, e, f, g, h, i), size, out_size)


def affine(size: Size, a: float, b: float, c: float, d: float) -> GeometryMap:
    """The linear map [[a, b], [c, d]] about the centre of the picture; the size stays."""
    x, y = size[0] / 2, size[1] / 2
    return GeometryMap((a, b, x - a * x - b * y, c, d, y - c * x - d * y, 0.0, 0.0, 1.0), size, size)


def shift(size: Size, dx: float, dy: float) -> GeometryMap:
    """Move every point by (dx, dy) pixels; the size stays."""
    return GeometryMap((1.0, 0.0, dx, 0.0, 1.0, dy, 0.0, 0.0, 1.0), size, size)


def view(size: Size, x: float, y: float, width: float, height: float, out_size: Size) -> GeometryMap:
    """Look at the window (x, y, width, height) in pixels, scaled to `out_size`."""
    sx, sy = out_size[0] / width, out_size[1] / height
    return GeometryMap((sx, 0.0, -x * sx, 0.0, sy, -y * sy, 0.0, 0.0, 1.0), size, out_size)


def corners(box: tuple[float, float, float, float]) -> tuple[Point, Point, Point, Point]:
    """The corners of a box (x1, y1, x2, y2) in order round it."""
    x1, y1, x2, y2 = box
    return ((x1, y1), (x2, y1), (x2, y2), (x1, y2))


def frame(size: Size) -> tuple[Point, Point, Point, Point]:
    """The corners of a picture in order round it."""
    return corners((0.0, 0.0, float(size[0]), float(size[1])))


def _product(p: Rows, q: Rows) -> Rows:
    """The matrix product p q."""
    a, b, c, d, e, f, g, h, i = p
    r, s, t, u, v, w, x, y, z = q
    if g == 0 and h == 0 and x == 0 and y == 0:
        return (a * r + b * u, a * s + b * v, a * t + b * w + c, d * r + e * u, d * s + e * v, d * t + e * w + f, 0.0, 0.0, 1.0)
    k = g * t + h * w + i * z  # the last number is kept at 1: a product of tilts may be affine again
    return (
        (a * r + b * u + c * x) / k, (a * s + b * v + c * y) / k, (a * t + b * w + c * z) / k,
        (d * r + e * u + f * x) / k, (d * s + e * v + f * y) / k, (d * t + e * w + f * z) / k,
        (g * r + h * u + i * x) / k, (g * s + h * v + i * y) / k, 1.0,
    )  # fmt: skip


def _beyond(depth: float, p: float, q: float) -> float:
    """The share of a parallelogram deeper than a line by `depth`, whose two sides reach p and q across the line."""
    p, q = max(p, q), min(p, q)
    if depth >= p + q:
        return 1.0
    if depth > p:
        return 1.0 - (p + q - depth) ** 2 / (2 * p * q)
    return depth * depth / (2 * p * q) if depth < q else (2 * depth - q) / (2 * p)


def _nearest_axis(x: float, y: float) -> tuple[int, int]:
    if abs(x) >= abs(y):
        return (1, 0) if x > 0 else (-1, 0)
    return (0, 1) if y > 0 else (0, -1)


def _angle(x: float, y: float, axis: tuple[int, int]) -> float:
    along, across = x * axis[0] + y * axis[1], x * axis[1] - y * axis[0]
    return abs(math.degrees(math.atan2(across, along)))
