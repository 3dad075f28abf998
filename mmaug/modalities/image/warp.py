"""Resampling a picture once through a map: exact copies where they are possible, OpenCV elsewhere."""

from __future__ import annotations

import cv2
import numpy as np

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.modalities.image import fused


def warp(pixels: np.ndarray, move: GeometryMap, *, nearest: bool = False, border: float = 0.0) -> np.ndarray:
    """Resample once. Flips, quarter turns and whole-pixel crops copy pixels and are exact.

    A map that shrinks by 2 or more first averages blocks of pixels, so that nothing is skipped; a plain resize averages exactly.
    """
    if move.is_identity:
        return pixels
    if move.bends:
        return _bent(pixels, move, nearest, border)
    if (plain := _copied(pixels, move, nearest)) is not None:
        return plain
    if not nearest and border == 0 and fused.fits(pixels, move):
        return warp_and_recolour(pixels, move)
    matrix = move.matrix
    if not nearest:
        pixels, matrix = _shrunk(pixels, matrix)
    centred = _HALF_BACK @ matrix @ _HALF
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    outside = cv2.BORDER_REPLICATE if nothing_enters(move) else cv2.BORDER_CONSTANT
    if move.is_affine:
        return cv2.warpAffine(pixels, centred[:2], move.out_size, flags=flags, borderMode=outside, borderValue=(border,) * 4)
    return cv2.warpPerspective(pixels, centred, move.out_size, flags=flags, borderMode=outside, borderValue=(border,) * 4)


def warp_and_recolour(
    pixels: np.ndarray, move: GeometryMap, matrix: np.ndarray | None = None, table: np.ndarray | None = None
) -> np.ndarray:
    """uint8 [h, w, 3] that `fused.fits`, through a map, then a colour matrix and a table, in one pass where it must be resampled."""
    copied = _copied(pixels, move, nearest=False)
    if copied is None:
        replicate = nothing_enters(move)
        small, shrunk = _shrunk(pixels, move.matrix) if _shrinks(move) else (pixels, None)
        if shrunk is not None:
            move = geometry.from_matrix(shrunk, (small.shape[1], small.shape[0]), move.out_size)
        return fused.warp(small, move, replicate, matrix, table)
    if matrix is not None:
        copied = cv2.transform(copied, matrix)
    if table is not None:
        copied = cv2.LUT(copied, np.ascontiguousarray(table)[None])
    return copied


def _copied(pixels: np.ndarray, move: GeometryMap, nearest: bool) -> np.ndarray | None:
    """The result of a map that shows a window of whole pixels as it is, flipped, turned or only scaled; None for any other."""
    window = whole_window(move)
    if window is None:
        return None
    exact = _whole_pixels(pixels, move, window)
    if exact is None and not nearest and move.rows[0] > 0 and move.rows[4] > 0 and move.rows[1] == move.rows[3] == 0:
        left, top, right, bottom = window
        return _resize(pixels[top:bottom, left:right], move.out_size)
    return exact


def _shrinks(move: GeometryMap) -> bool:
    """Whether a map shrinks by 2 or more along an axis of the picture."""
    a, b, _, d, e, *_ = move.rows
    return min(a * a + d * d, b * b + e * e) <= 0.25


_HALF = np.array(((1.0, 0.0, 0.5), (0.0, 1.0, 0.5), (0.0, 0.0, 1.0)))
_HALF_BACK = np.array(((1.0, 0.0, -0.5), (0.0, 1.0, -0.5), (0.0, 0.0, 1.0)))  # OpenCV counts from the middle of the first pixel


def nothing_enters(move: GeometryMap) -> bool:
    """Whether all that is seen was in the picture; then no border colour may bleed into its edge."""
    back, (width, height) = move.back(), move.size
    corners = [back.point(x, y) for x, y in geometry.frame(move.out_size)]
    return all(-_BESIDE <= x <= width + _BESIDE and -_BESIDE <= y <= height + _BESIDE for x, y in corners)


_BESIDE = 1e-3
"""Pixels by which a view may pass the edge of the picture without anything new to see."""


def whole_window(move: GeometryMap) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of the whole pixels of the picture that an upright map shows; else None."""
    if not move.keeps_axes or move.rows[0] * move.rows[4] == move.rows[1] * move.rows[3]:
        return None
    back = move.back()
    (x1, y1), (x2, y2) = back.point(0.0, 0.0), back.point(*map(float, move.out_size))
    window = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    left, top, right, bottom = map(round, window)
    off = max(abs(window[0] - left), abs(window[1] - top), abs(window[2] - right), abs(window[3] - bottom))
    if off > 1e-6 or left < 0 or top < 0 or right > move.size[0] or bottom > move.size[1] or right <= left or bottom <= top:
        return None
    return left, top, right, bottom


def _whole_pixels(pixels: np.ndarray, move: GeometryMap, window: tuple[int, int, int, int]) -> np.ndarray | None:
    """The result where it is a flip or quarter turn of a window without scaling; else None."""
    a, b, _, c, d, *_ = move.rows
    turned = tuple(map(round, (a, b, c, d)))
    if max(abs(n - t) for n, t in zip((a, b, c, d), turned, strict=True)) > 1e-9 or turned not in TURNS:
        return None
    left, top, right, bottom = window
    out = pixels[top:bottom, left:right]
    if turned[0] == 0:
        out = cv2.transpose(out) if _for_cv(out) else out.swapaxes(0, 1)
        across, down = turned[1], turned[2]
    else:
        across, down = turned[0], turned[3]
    if (across, down) == (1, 1):
        return np.array(out, order="C")
    if not _for_cv(out):
        return np.array(out[::down, ::across], order="C")
    return cv2.flip(out, 0 if across > 0 else 1 if down > 0 else -1)


TURNS = {(x, 0, 0, y) for x in (1, -1) for y in (1, -1)} | {(0, x, y, 0) for x in (1, -1) for y in (1, -1)}
"""The eight flips and quarter turns."""


def _for_cv(pixels: np.ndarray) -> bool:
    """Whether OpenCV copies such pixels as they are."""
    return pixels.ndim == 3 and pixels.dtype == np.uint8 and 1 < pixels.shape[2] <= 4


def _resize(pixels: np.ndarray, size: Size) -> np.ndarray:
    """A whole picture to another size: averaged along the sides that shrink, linear along those that grow."""
    height, width = pixels.shape[:2]
    if size[0] <= width and size[1] <= height:
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    for smaller in ((min(size[0], width), height), (min(size[0], width), min(size[1], height))):
        if smaller != (pixels.shape[1], pixels.shape[0]):
            pixels = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)


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


def _bent(pixels: np.ndarray, move: GeometryMap, nearest: bool, border: float) -> np.ndarray:
    xs, ys = origins(move)
    height, width = pixels.shape[:2]
    if not nearest:
        pixels, _ = _shrunk(pixels, move.matrix)
        xs, ys = xs * np.float32(pixels.shape[1] / width), ys * np.float32(pixels.shape[0] / height)
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.remap(pixels, xs - 0.5, ys - 0.5, flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(border,) * 4)


def origins(move: GeometryMap) -> tuple[np.ndarray, np.ndarray]:
    """Where in the original picture the centre of every new pixel was: x and y, float32 [h, w]."""
    width, height = move.out_size
    back = move.straight.back()
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    places = back.points(np.stack([x.ravel(), y.ravel()], axis=1)) if not back.is_identity else np.stack([x.ravel(), y.ravel()], axis=1)
    for bend in reversed(move.bends):
        if bend.is_upright and places.shape[0] == bend.size[0] * bend.size[1] and back.is_identity and bend is move.bends[-1]:
            places = places + bend.dense().reshape(-1, 2)
        else:
            places = bend.origins(places)
    mapped = places.astype(np.float32).reshape(height, width, 2)
    return np.ascontiguousarray(mapped[..., 0]), np.ascontiguousarray(mapped[..., 1])
