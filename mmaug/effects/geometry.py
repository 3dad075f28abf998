"""Where every point of a picture went, as one map that composes.

Conventions (said once more in `schema`): x to the right, y down, pixel i covers [i, i + 1), its centre is i + 0.5.
A picture of width w spans x from 0 to w, whatever its pixels are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from mmaug.effects.bend import STEEPEST, Bend, Point, Rows, Size, steepness

Turn = tuple[int, int, int, int]
"""A flip or quarter turn of the square: the rows of its 2 x 2 matrix, (xx, xy, yx, yy), acting on (x, y)."""

UPRIGHT: Turn = (1, 0, 0, 1)
MIRRORED: Turn = (-1, 0, 0, 1)

STILL = 1e-3
"""Pixels that nobody sees: a map that moves no corner by more is the identity."""


@dataclass(frozen=True, slots=True)
class GeometryMap:
    """A map from the points of a picture of `size` to those of a picture of `out_size`: bends first, then a projective map.

    rows: the matrix, acting on column vectors (x, y, 1). bends: smooth displacements of the original picture, in turn; few maps
    have any.
    """

    rows: Rows
    size: Size
    out_size: Size
    bends: tuple[Bend, ...] = ()

    @property
    def matrix(self) -> np.ndarray:
        """float64 [3, 3]."""
        return np.array(self.rows).reshape(3, 3)

    @property
    def is_affine(self) -> bool:
        """Whether parallel lines stay parallel."""
        return self.rows[6] == 0 and self.rows[7] == 0 and not self.bends

    def then(self, after: GeometryMap) -> GeometryMap:
        """This map, then `after`; nothing is cut at the frame in between."""
        bends = self.bends
        if after.bends:  # a bend after a projective map is that map after a bend of the original: R2 C R B = (R2 R) (R^-1 C R) B
            bends += tuple(replace(bend, into=_product(bend.into, self.rows)) for bend in after.bends)
        return GeometryMap(_product(after.rows, self.rows), self.size, after.out_size, bends)

    def point(self, x: float, y: float) -> Point:
        """Where one point went."""
        for bend in self.bends:
            x, y = bend.point(x, y)
        a, b, c, d, e, f, g, h, i = self.rows
        if g == 0 and h == 0:
            return (a * x + b * y + c, d * x + e * y + f)
        w = g * x + h * y + i
        return ((a * x + b * y + c) / w, (d * x + e * y + f) / w)

    def points(self, xy: np.ndarray) -> np.ndarray:
        """Where the points went: float64 [n, 2] to float64 [n, 2]."""
        for bend in self.bends:
            xy = bend.points(xy)
        mapped = xy @ self.matrix[:, :2].T + self.matrix[:, 2]
        return mapped[:, :2] if self.is_affine else mapped[:, :2] / mapped[:, 2:]

    def origin(self, x: float, y: float) -> Point:
        """Where in the original picture a point of the new one was."""
        x, y = self.straight.back().point(x, y)
        for bend in reversed(self.bends):
            x, y = bend.origin(x, y)
        return x, y

    @property
    def straight(self) -> GeometryMap:
        """The same without its bends."""
        return GeometryMap(self.rows, self.size, self.out_size) if self.bends else self

    def back(self) -> GeometryMap:
        """The map the other way, for one without bends (`origin` does both)."""
        assert not self.bends, "a bend has no closed form the other way"
        a, b, c, d, e, f, *_ = self.rows
        area = a * e - b * d
        if not self.is_affine or area == 0:
            return from_matrix(np.linalg.inv(self.matrix), self.out_size, self.size)
        rows = (e / area, -b / area, (b * f - c * e) / area, -d / area, a / area, (c * d - a * f) / area, 0.0, 0.0, 1.0)
        return GeometryMap(rows, self.out_size, self.size)

    @property
    def is_identity(self) -> bool:
        """Whether every pixel stays where it is."""
        if self.bends or self.size != self.out_size:
            return False
        if self.rows is _EYE:
            return True
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
        return g == 0 and h == 0 and ((b == 0 and d == 0) or (a == 0 and e == 0)) and not self.bends

    def outside_at_most(self) -> float:
        """A bound on the share of the picture that is out of the frame: what lies beyond each side of it, summed.

        What lies beyond a line of a parallelogram depends only on how deep it reaches, and on its two sides' reach across.
        """
        a, b, c, d, e, f, g, h, _ = self.rows
        if g or h or a * e == b * d or self.bends:
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

    def _middle(self) -> tuple[float, float, float, float]:
        """The linear map [[a, b], [d, e]] near the middle of the picture (bends are small and leave it)."""
        a, b, c, d, e, f, g, h, i = self.rows
        if g == 0 and h == 0:
            return a, b, d, e
        x, y = self.size[0] / 2, self.size[1] / 2
        w = g * x + h * y + i
        to_x, to_y = (a * x + b * y + c) / w, (d * x + e * y + f) / w
        return (a - g * to_x) / w, (b - h * to_x) / w, (d - g * to_y) / w, (e - h * to_y) / w

    @property
    def zoom(self) -> float:
        """How many times larger areas become, in pixels, near the middle."""
        a, b, d, e = self._middle()
        return abs(a * e - b * d)

    @property
    def mirrored(self) -> bool:
        """Whether the picture is seen in a mirror."""
        a, b, d, e = self._middle()
        return a * e - b * d < 0

    def turn(self) -> tuple[Turn, float]:
        """The nearest flip or quarter turn, and how far from it the axes ended, in degrees, near the middle."""
        return _turn(*self._middle())


@lru_cache(maxsize=256)  # every rule and text asks it of the same map
def _turn(a: float, b: float, d: float, e: float) -> tuple[Turn, float]:
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


def four_points(size: Size, to: Sequence[Point]) -> GeometryMap:
    """The projective map that takes the corners of the picture (in order round it) to four points, no three on a line."""
    rows, values = [], []
    for (x, y), (u, v) in zip(frame(size), to, strict=True):
        rows += [(x, y, 1.0, 0.0, 0.0, 0.0, -x * u, -y * u), (0.0, 0.0, 0.0, x, y, 1.0, -x * v, -y * v)]
        values += [u, v]
    return from_matrix(np.append(np.linalg.solve(np.array(rows), np.array(values)), 1.0).reshape(3, 3), size, size)


def bent(size: Size, field: np.ndarray) -> GeometryMap:
    """What is now at p was at p + field(p): float [rows, columns, 2], nodes from edge to edge, in pixels; made flatter where it folds."""
    steep = steepness(field, size)
    if steep > STEEPEST:
        field = field * (STEEPEST / steep)
    return GeometryMap(_EYE, size, size, (Bend(np.asarray(field, np.float64), size),) if steep else ())


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
