"""How much of a thing the final view still shows, exactly: convex pieces cut by the frame and by what hides them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mmaug.effects.geometry import GeometryMap, corners, frame

Point = tuple[float, float]
Polygon = list[Point]
Box = tuple[float, float, float, float]
"""(x1, y1, x2, y2) in pixels of the original picture, half-open."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is left of a box in view: its share of the area in [0, 1], and centre and extent where it is now."""

    share: float
    centre: Point
    extent: Box | None


def seen(box: Box, geometry: GeometryMap, hidden: Iterable[Polygon]) -> Seen:
    """How a box of the original picture is seen through `geometry`, with `hidden` parts (of the original) covered.

    A box without area counts as its centre point. `extent` is the box round the part inside the frame, in pixels of the
    new picture; hidden parts do not shrink it (the thing is still there, behind).
    """
    outline = _points(geometry.points(corners(box)))
    inside = clip(outline, _points(frame(geometry.out_size)))
    if not inside:
        return Seen(0.0, _middle(outline), None)
    extent = _extent(inside)
    whole = abs(area(outline))
    if whole == 0:
        return Seen(1.0, _middle(outline), extent)
    pieces = [inside]
    for polygon in hidden:
        cover = _points(geometry.points(np.array(polygon)))
        pieces = [piece for left in pieces for piece in cut_away(left, cover)]
    areas = [abs(area(piece)) for piece in pieces]
    total = sum(areas)
    if total == 0:
        return Seen(0.0, _middle(outline), extent)
    centres = [_centroid(piece) for piece in pieces]
    x = sum(a * c[0] for a, c in zip(areas, centres, strict=True)) / total
    y = sum(a * c[1] for a, c in zip(areas, centres, strict=True)) / total
    return Seen(min(total / whole, 1.0), (x, y), extent)


def clip(polygon: Polygon, window: Polygon) -> Polygon:
    """The part of a convex polygon inside a convex window; empty when they do not meet.

    Source: Sutherland and Hodgman 1974, "Reentrant polygon clipping".
    """
    for start, end in _edges(window):
        if not polygon:
            return []
        polygon = _half(polygon, start, end, keep_inside=True)
    return polygon


def cut_away(polygon: Polygon, cover: Polygon) -> list[Polygon]:
    """The convex pieces of a convex polygon that a convex cover leaves."""
    pieces = []
    for start, end in _edges(cover):
        outside = _half(polygon, start, end, keep_inside=False)
        if len(outside) > 2 and abs(area(outside)) > 1e-9:
            pieces.append(outside)
        polygon = _half(polygon, start, end, keep_inside=True)
        if len(polygon) < 3:
            break
    return pieces


def area(polygon: Polygon) -> float:
    """The signed area: positive when the corners go clockwise as seen (x right, y down)."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in _edges(polygon, oriented=False)) / 2


def _half(polygon: Polygon, start: Point, end: Point, *, keep_inside: bool) -> Polygon:
    """The part of a polygon on one side of the line from start to end (inside: to the right of it, y down)."""
    sign = 1.0 if keep_inside else -1.0
    dx, dy = end[0] - start[0], end[1] - start[1]
    distances = [sign * (dx * (p[1] - start[1]) - dy * (p[0] - start[0])) for p in polygon]
    kept: Polygon = []
    for i, point in enumerate(polygon):
        before, now = distances[i - 1], distances[i]
        if before * now < 0:
            share = before / (before - now)
            previous = polygon[i - 1]
            kept.append(
                (previous[0] + share * (point[0] - previous[0]), previous[1] + share * (point[1] - previous[1]))
            )
        if now >= 0:
            kept.append(point)
    return kept


def _edges(polygon: Polygon, *, oriented: bool = True) -> list[tuple[Point, Point]]:
    """The sides in order; `oriented` turns a mirrored polygon round so that its inside is on the right."""
    if oriented and area(polygon) < 0:
        polygon = polygon[::-1]
    return [(polygon[i - 1], polygon[i]) for i in range(len(polygon))]


def _centroid(polygon: Polygon) -> Point:
    total = x = y = 0.0
    ox, oy = polygon[0]  # about a corner: far from the origin the products would lose digits
    for (ax, ay), (bx, by) in _edges(polygon, oriented=False):
        cross = (ax - ox) * (by - oy) - (bx - ox) * (ay - oy)
        total += cross
        x += (ax + bx - 2 * ox) * cross
        y += (ay + by - 2 * oy) * cross
    return (ox + x / (3 * total), oy + y / (3 * total)) if total else _middle(polygon)


def _middle(polygon: Polygon) -> Point:
    x1, y1, x2, y2 = _extent(polygon)
    return ((x1 + x2) / 2, (y1 + y2) / 2)


def _extent(polygon: Polygon) -> Box:
    xs, ys = [p[0] for p in polygon], [p[1] for p in polygon]
    return (min(xs), min(ys), max(xs), max(ys))


def _points(xy: np.ndarray) -> Polygon:
    return [(x, y) for x, y in xy.tolist()]
