"""The compiled passes, where this machine has them (`fused.c`): warp and recolour in one, tables, samples; else OpenCV does it.

The two differ by rounding: by one level in few pixels where OpenCV rounds to 8 bits in between.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmaug.effects.geometry import GeometryMap

_LIBRARY = Path(__file__).with_name("_fused.so")
_SMALLEST, _LARGEST = 4, 32768
"""Pixels a side: beyond, fixed-point coordinates are left to OpenCV."""


def _load() -> tuple[Any, Any, Any]:
    """The compiled functions; None where they were not built or cannot run here."""
    try:
        library = ctypes.CDLL(str(_LIBRARY))
        function, tables, nearest = library.mmaug_fused, library.mmaug_look_up, library.mmaug_sample
    except (OSError, AttributeError):  # not built, or left by an earlier version
        return None, None, None
    whole, address = ctypes.c_int64, ctypes.c_void_p
    function.argtypes = [address, whole, whole, whole, address, whole, whole, address, whole, address, address]
    nearest.argtypes = [address, whole, whole, whole, address, whole, whole, address]
    function.restype = nearest.restype = None
    tables.argtypes = [address, address, whole, address, address]
    return function, tables, nearest


_FUNCTION, _TABLES, _NEAREST = _load()


def fits(pixels: np.ndarray, move: GeometryMap) -> bool:
    """Whether a picture, [h, w, c], and a map can take this way: compiled, uint8 RGB, affine."""
    sides = (*pixels.shape[:2], *move.out_size)
    return (
        _FUNCTION is not None
        and pixels.ndim == 3
        and pixels.shape[2] == 3
        and pixels.dtype == np.uint8
        and move.is_affine
        and move.zoom > 0
        and min(sides) >= _SMALLEST
        and max(sides) < _LARGEST
    )


def warp(
    pixels: np.ndarray, move: GeometryMap, replicate: bool, matrix: np.ndarray | None = None, table: np.ndarray | None = None
) -> np.ndarray:
    """uint8 [h, w, 3] through a map, a colour matrix [3, 4] and a table [256, 3], each sampled and rounded once.

    replicate: what lies outside is the edge of the picture; else it is black.
    """
    assert _FUNCTION is not None, "ask fits() first"
    pixels = _in_rows(pixels)
    height, width = pixels.shape[:2]
    out = np.empty((move.out_size[1], move.out_size[0], 3), np.uint8)
    back = (ctypes.c_double * 6)(*_inverse(move.rows))
    matrix = None if matrix is None else np.asarray(matrix * _TO_LEVELS, np.float32, order="C")
    table = None if table is None else np.ascontiguousarray(table.T)
    _FUNCTION(
        pixels.ctypes.data, height, width, pixels.strides[0], out.ctypes.data, out.shape[0], out.shape[1],
        back, replicate, None if matrix is None else matrix.ctypes.data, None if table is None else table.ctypes.data,
    )  # fmt: skip
    return out


def sample(pixels: np.ndarray, move: GeometryMap) -> np.ndarray:
    """uint8 [h, w, 3] that `fits`, through a map, each new pixel the nearest old one; black outside."""
    assert _NEAREST is not None, "ask fits() first"
    pixels = _in_rows(pixels)
    out = np.empty((move.out_size[1], move.out_size[0], 3), np.uint8)
    back = (ctypes.c_double * 6)(*_inverse(move.rows))
    _NEAREST(pixels.ctypes.data, *pixels.shape[:2], pixels.strides[0], out.ctypes.data, *out.shape[:2], back)
    return out


def _in_rows(pixels: np.ndarray) -> np.ndarray:
    """The same with the pixels of a row side by side."""
    return np.ascontiguousarray(pixels) if pixels.strides[1:] != (3, 1) or pixels.strides[0] < 0 else pixels


def look_up(pixels: np.ndarray, stage: np.ndarray) -> np.ndarray | None:
    """uint8 [h, w, 3] through a table [256, 3], or a matrix [3, 4] that mixes no channels; None where OpenCV is to do it."""
    if _TABLES is None or not pixels.flags.c_contiguous or not pixels.size:
        return None
    out = np.empty(pixels.shape, np.uint8)
    if stage.shape[0] == 256:
        table, matrix = np.ascontiguousarray(stage.T), None
    else:
        table, matrix = None, np.ascontiguousarray(stage, np.float64)
    addresses = (None if kept is None else kept.ctypes.data for kept in (table, matrix))
    return out if _TABLES(pixels.ctypes.data, out.ctypes.data, pixels.size, *addresses) else None


_TO_LEVELS = np.array((1 / 128, 1 / 128, 1 / 128, 1.0))
"""The pass samples in 128ths of a level."""


def _inverse(rows: Sequence[float]) -> tuple[float, ...]:
    a, b, c, d, e, f = rows[:6]
    area = a * e - b * d
    return (e / area, -b / area, (b * f - c * e) / area, -d / area, a / area, (c * d - a * f) / area)
