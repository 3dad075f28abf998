"""The fused picture program: all geometry is one resampling, all colour steps one function, then what is covered.

Moving pixels and recolouring them commute, so a whole run of steps is: warp once, recolour once, fill the covered parts (each
in the colour that its own fill has after the colour steps that came later). What enters the frame is black before recolouring.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mmaug.effects import colour, geometry
from mmaug.effects.colour import ColourMap
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.effects.picture import ImageState, image_state
from mmaug.effects.view import Polygon
from mmaug.registry import get_op

cv2.setNumThreads(1)  # workers are processes: several OpenCV threads each would fight over the cores


@dataclass(frozen=True, slots=True)
class Cover:
    """A covered part: its outline in the pixels of the original picture and its final colour."""

    polygon: Polygon
    fill: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Program:
    """What to do to the pixels of one picture."""

    geometry: GeometryMap
    colour: ColourMap
    covers: tuple[Cover, ...]

    @property
    def is_identity(self) -> bool:
        """Whether every pixel keeps its place and its colour."""
        return self.geometry.is_identity and self.colour.is_identity and not self.covers


def compile_steps(steps: Iterable[tuple[str, dict[str, Any]]], size: Size) -> Program:
    """The program of a run of (op name, params) on a picture of `size`."""
    state: ImageState = image_state(size)
    covers: list[Cover] = []
    for name, params in steps:
        op = get_op(name)
        before, state = state, op.compose(state, params)
        if op.family == "erase":
            level = float(params["fill"])
            covers += [Cover(polygon, (level, level, level)) for polygon in state.hidden[len(before.hidden) :]]
        elif op.family == "colour":
            step = ColourMap((op.function(**params),))
            covers = [Cover(c.polygon, _rgb(step(np.array([c.fill])))) for c in covers]
    return Program(state.geometry, state.colour, tuple(covers))


def run(program: Program, pixels: np.ndarray) -> np.ndarray:
    """Pixels, uint8 [h, w, 3 or 4] (alpha moves but keeps its values), through a program; the input is not changed."""
    out = warp(pixels, program.geometry)
    if program.colour.stages:
        out = recolour(out, program.colour)
    if program.covers:
        out = np.array(out) if out is pixels or not out.flags.writeable or out.base is not None else out
        for cover in program.covers:
            _fill(out, cover.polygon, program.geometry, [*cover.fill, 255.0][: out.shape[2]])
    return out


def run_mask(program: Program, labels: np.ndarray, fill: int) -> np.ndarray:
    """Labels, integers [h, w], through the same program: nearest neighbour; what enters or is covered becomes `fill`."""
    kept, labels = labels.dtype, _as_cv_type(labels)
    out = warp(labels, program.geometry, nearest=True, border=fill)
    if program.covers:
        out = np.array(out)
        for cover in program.covers:
            _fill(out, cover.polygon, program.geometry, [float(fill)])
    return out.astype(kept, copy=False)


def warp(pixels: np.ndarray, move: GeometryMap, *, nearest: bool = False, border: float = 0.0) -> np.ndarray:
    """Resample once. Flips, quarter turns and whole-pixel crops copy pixels and are exact.

    A map that shrinks by 2 or more first averages blocks of pixels, so that nothing is skipped.
    """
    if move.is_identity:
        return pixels
    exact = _whole_pixels(pixels, move)
    if exact is not None:
        return exact
    matrix = move.matrix
    if not nearest:
        pixels, matrix = _shrunk(pixels, matrix)
    centred = _HALF_BACK @ matrix @ _HALF
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    outside = cv2.BORDER_REPLICATE if _nothing_enters(move) else cv2.BORDER_CONSTANT
    if move.is_affine:
        return cv2.warpAffine(pixels, centred[:2], move.out_size, flags=flags, borderMode=outside, borderValue=(border,) * 4)
    return cv2.warpPerspective(pixels, centred, move.out_size, flags=flags, borderMode=outside, borderValue=(border,) * 4)


def _nothing_enters(move: GeometryMap) -> bool:
    """Whether all that is seen was in the picture; then no border colour may bleed into its edge."""
    back, (width, height) = move.back(), move.size
    corners = [back.point(x, y) for x, y in geometry.frame(move.out_size)]
    return all(-_BESIDE <= x <= width + _BESIDE and -_BESIDE <= y <= height + _BESIDE for x, y in corners)


_BESIDE = 1e-3
"""Pixels by which a view may pass the edge of the picture without anything new to see."""


_HALF = np.array(((1.0, 0.0, 0.5), (0.0, 1.0, 0.5), (0.0, 0.0, 1.0)))
_HALF_BACK = np.array(((1.0, 0.0, -0.5), (0.0, 1.0, -0.5), (0.0, 0.0, 1.0)))  # OpenCV counts from the middle of the first pixel


def recolour(pixels: np.ndarray, change: ColourMap) -> np.ndarray:
    """Run the colour stages on pixels, uint8 [h, w, 3 or 4]; alpha stays."""
    rgb = pixels[..., :3]
    for stage in change.stages:
        rgb = _stage(np.ascontiguousarray(rgb), stage)
    return rgb if pixels.shape[2] == 3 else np.dstack([rgb, pixels[..., 3]])


def _stage(rgb: np.ndarray, stage: np.ndarray) -> np.ndarray:
    if colour.is_table(stage):
        return cv2.LUT(rgb, np.ascontiguousarray(stage)[None])
    mixes = stage[:, :3] - np.diag(np.diag(stage))
    if not mixes.any():  # each channel on its own: a table is exact and costs no multiplication
        levels = np.arange(256)[:, None] * np.diag(stage) + stage[:, 3]
        return cv2.LUT(rgb, np.clip(np.rint(levels), 0, 255).astype(np.uint8)[None])
    return cv2.transform(rgb, stage)


def _whole_pixels(pixels: np.ndarray, move: GeometryMap) -> np.ndarray | None:
    """The result where it is a flip or quarter turn of a window of whole pixels inside the picture; else None."""
    a, b, _, c, d, *_ = move.rows
    turned = tuple(map(round, (a, b, c, d)))
    if not move.is_affine or max(abs(n - t) for n, t in zip((a, b, c, d), turned, strict=True)) > 1e-9 or turned not in _TURNS:
        return None
    back = move.back()
    xs, ys = zip(*(back.point(x, y) for x, y in geometry.frame(move.out_size)), strict=True)
    window = (min(xs), min(ys), max(xs), max(ys))
    left, top, right, bottom = map(round, window)
    off = max(abs(w - r) for w, r in zip(window, (left, top, right, bottom), strict=True))
    if off > 1e-6 or left < 0 or top < 0 or right > move.size[0] or bottom > move.size[1]:
        return None
    out = pixels[top:bottom, left:right]
    if turned[0] == 0:
        return np.array(out.swapaxes(0, 1)[:: turned[2], :: turned[1]], order="C")
    return np.array(out[:: turned[3], :: turned[0]], order="C")


_TURNS = {(x, 0, 0, y) for x in (1, -1) for y in (1, -1)} | {(0, x, y, 0) for x in (1, -1) for y in (1, -1)}
"""The eight flips and quarter turns."""


def _shrunk(pixels: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average whole blocks first where the map shrinks by 2 or more along an axis of the picture."""
    height, width = pixels.shape[:2]
    along_x, along_y = np.hypot(*matrix[:2, 0]), np.hypot(*matrix[:2, 1])
    by_x = min(int(1 / along_x) if along_x > 0 else 1, width)
    by_y = min(int(1 / along_y) if along_y > 0 else 1, height)
    if max(by_x, by_y) < 2:
        return pixels, matrix
    small = (max(round(width / max(by_x, 1)), 1), max(round(height / max(by_y, 1)), 1))
    back = np.diag((width / small[0], height / small[1], 1.0))
    return cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), matrix @ back


def _fill(out: np.ndarray, polygon: Polygon, move: GeometryMap, fill: list[float]) -> None:
    """Cover, in place, the pixels whose centres lie in a convex polygon; OpenCV's would draw its outline as well."""
    outline = [move.point(x, y) for x, y in polygon]
    ys = [y for _, y in outline]
    height, width = out.shape[:2]
    top, bottom = (min(max(math.ceil(y - 0.5), 0), height) for y in (min(ys), max(ys)))
    rows = np.arange(top, bottom) + 0.5
    start, end = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if y1 != y2:
            crosses = (rows >= min(y1, y2)) & (rows < max(y1, y2))
            at = x1 + (rows - y1) * ((x2 - x1) / (y2 - y1))
            start, end = np.where(crosses, np.minimum(start, at), start), np.where(crosses, np.maximum(end, at), end)
    first, last = (np.clip(np.ceil(side - 0.5), 0, width)[:, None] for side in (start, end))
    columns = np.arange(width)
    out[top:bottom][(columns >= first) & (columns < last)] = np.rint(fill)


def _as_cv_type(labels: np.ndarray) -> np.ndarray:
    """Labels in a type that OpenCV can warp without loss."""
    if labels.dtype.kind == "b":
        return labels.astype(np.uint8)
    if labels.dtype in (np.uint8, np.int16, np.uint16):
        return np.ascontiguousarray(labels)
    return labels.astype(np.float64)  # whole numbers up to 2**53 survive; nearest neighbour makes no new ones


def _rgb(colours: np.ndarray) -> tuple[float, float, float]:
    r, g, b = colours[0].tolist()
    return (r, g, b)
