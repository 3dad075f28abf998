"""How much of a thing the final view still shows, exactly: convex pieces cut by the frame and by what hides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmaug.effects.geometry import GeometryMap, Point, corners

Polygon = list[Point]
Box = tuple[float, float, float, float]
"""(x1, y1, x2, y2) in pixels of the original picture, half-open."""


_NO_AREA = 1e-9
"""Square pixels: what is smaller is rounding."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is left of a box in view: its share of the area in [0, 1], and centre and extent where it is now."""

    share: float
    centre: Point
    extent: Box | None


def seen(box: Box, geometry: GeometryMap, hidden: Sequence[Polygon]) -> Seen:
    """How a box of the original picture is seen through `geometry`, with `hidden` parts (of the original) covered.

    A box without area counts as its centre point. `extent` is the box round the part inside the frame, in pixels of the
    new picture; hidden parts do not shrink it (the thing is still there, behind).
    """
    outline = [geometry.point(x, y) for x, y in corners(box)] if not geometry.bends else _bent_outline(box, geometry)
    width, height = geometry.out_size
    if not hidden and geometry.keeps_axes:
        return _seen_upright(_extent(outline), width, height)
    inside = clip_to_frame(outline, float(width), float(height))
    if not inside:
        return Seen(0.0, _middle(outline), None)
    extent = _extent(inside)
    whole = abs(area(outline))
    covers = [[geometry.point(x, y) for x, y in polygon] for polygon in hidden]
    if whole < _NO_AREA:
        covered = any(clip([_middle(outline)], cover) for cover in covers)
        return Seen(float(not covered), _middle(outline), extent)
    pieces = [inside]
    for cover in covers:
        pieces = [piece for left in pieces for piece in cut_away(left, cover)]
    parts = [_area_and_centre(piece) for piece in pieces]
    total = sum(part for part, _, _ in parts)
    if total == 0:
        return Seen(0.0, _middle(outline), extent)
    centre = (sum(part * x for part, x, _ in parts) / total, sum(part * y for part, _, y in parts) / total)
    return Seen(min(total / whole, 1.0), centre, extent)


def _bent_outline(box: Box, geometry: GeometryMap) -> Polygon:
    """The outline of a box through bends, which leave no side straight."""
    xs, ys = np.array(corners(box)).T
    round_xs, round_ys = ([*side, side[0]] for side in (xs, ys))
    places = np.arange(4 * _POINTS_A_SIDE) / _POINTS_A_SIDE
    points = np.stack([np.interp(places, np.arange(5), round_xs), np.interp(places, np.arange(5), round_ys)], axis=1)
    return [(x, y) for x, y in geometry.points(points).tolist()]


_POINTS_A_SIDE = 12


def _seen_upright(box: Box, width: float, height: float) -> Seen:
    """The same where the box is still a box: its sides are cut at the frame."""
    x1, y1, x2, y2 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(width)), min(box[3], float(height))
    whole = (box[2] - box[0]) * (box[3] - box[1])
    if x1 > x2 or y1 > y2 or (whole > 0 and (x1 == x2 or y1 == y2)):
        return Seen(0.0, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), None)
    return Seen((x2 - x1) * (y2 - y1) / whole if whole > 0 else 1.0, ((x1 + x2) / 2, (y1 + y2) / 2), (x1, y1, x2, y2))


def clip_to_frame(polygon: Polygon, width: float, height: float) -> Polygon:
    """The part of a convex polygon inside a picture; the polygon itself when it is all inside."""
    x1, y1, x2, y2 = _extent(polygon)
    if x1 >= 0 and y1 >= 0 and x2 <= width and y2 <= height:
        return polygon
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
        return []
    for axis, limit, sign, out in (
        (0, 0.0, 1.0, x1 < 0),
        (0, width, -1.0, x2 > width),
        (1, 0.0, 1.0, y1 < 0),
        (1, height, -1.0, y2 > height),
    ):
        if out and polygon:
            polygon = _beyond(polygon, axis, limit, sign)
    return polygon


def _beyond(polygon: Polygon, axis: int, limit: float, sign: float) -> Polygon:
    """The part of a polygon whose x (axis 0) or y (axis 1) is above a limit (sign 1) or below it (sign -1)."""
    return _kept(polygon, [(point[axis] - limit) * sign for point in polygon])


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
        if len(outside) > 2 and abs(area(outside)) > _NO_AREA:
            pieces.append(outside)
        polygon = _half(polygon, start, end, keep_inside=True)
        if len(polygon) < 3:
            break
    return pieces


def area(polygon: Polygon) -> float:
    """The signed area: positive when the corners go clockwise as seen (x right, y down)."""
    total = 0.0
    before_x, before_y = polygon[-1]
    for x, y in polygon:
        total += before_x * y - x * before_y
        before_x, before_y = x, y
    return total / 2


def _half(polygon: Polygon, start: Point, end: Point, *, keep_inside: bool) -> Polygon:
    """The part of a polygon on one side of the line from start to end (inside: to the right of it, y down)."""
    x, y = start
    dx, dy = end[0] - x, end[1] - y
    if not keep_inside:
        dx, dy = -dx, -dy
    distances = [dx * (py - y) - dy * (px - x) for px, py in polygon]
    if min(distances) >= 0:
        return polygon
    return _kept(polygon, distances)


def _kept(polygon: Polygon, distances: list[float]) -> Polygon:
    """The part of a polygon whose distance from a line is not negative, given that of each corner."""
    kept: Polygon = []
    previous, before = polygon[-1], distances[-1]
    for point, now in zip(polygon, distances, strict=True):
        if before * now < 0:
            share = before / (before - now)
            kept.append((previous[0] + share * (point[0] - previous[0]), previous[1] + share * (point[1] - previous[1])))
        if now >= 0:
            kept.append(point)
        previous, before = point, now
    return kept


def _edges(polygon: Polygon) -> list[tuple[Point, Point]]:
    """The sides in order; a mirrored polygon is turned round so that its inside is on the right."""
    if area(polygon) < 0:
        polygon = polygon[::-1]
    return list(zip(polygon[-1:] + polygon[:-1], polygon, strict=True))


def _area_and_centre(polygon: Polygon) -> tuple[float, float, float]:
    """The area and the centroid (x, y) of a polygon."""
    total = x = y = 0.0
    ox, oy = polygon[0]  # about a corner: far from the origin the products would lose digits
    ax, ay = polygon[-1][0] - ox, polygon[-1][1] - oy
    for px, py in polygon:
        bx, by = px - ox, py - oy
        cross = ax * by - bx * ay
        total += cross
        x += (ax + bx) * cross
        y += (ay + by) * cross
        ax, ay = bx, by
    if total == 0:
        return (0.0, *_middle(polygon))
    return (abs(total) / 2, ox + x / (3 * total), oy + y / (3 * total))


def _middle(polygon: Polygon) -> Point:
    x1, y1, x2, y2 = _extent(polygon)
    return ((x1 + x2) / 2, (y1 + y2) / 2)


def _extent(polygon: Polygon) -> Box:
    xs, ys = [p[0] for p in polygon], [p[1] for p in polygon]
    return (min(xs), min(ys), max(xs), max(ys))
