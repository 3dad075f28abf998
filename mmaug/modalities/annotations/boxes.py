"""Boxes follow the geometry of their picture, and leave with what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmaug.effects.geometry import Size
from mmaug.effects.picture import ImageState
from mmaug.effects.view import Box
from mmaug.errors import RowError

TOLERANCE = (2.0, 0.02)
"""Pixels, or share of the side if that is more, by which a box may stick out of its picture (it is cut at the frame)."""


def read(value: Any, format: str, size: Size, where: str) -> list[Box]:
    """Boxes as (x1, y1, x2, y2) in pixels, cut at the frame.

    Raises: RowError for a wrong shape, a number that is not finite, a negative side, or a box outside the picture.
    """
    try:
        value = value.tolist() if hasattr(value, "tolist") else value
        if any(isinstance(number, str) for box in value for number in box):
            raise TypeError
        array = np.asarray(value, dtype=np.float64).reshape(len(value), 4) if len(value) else np.zeros((0, 4))
    except (TypeError, ValueError):
        raise RowError(f"{where}: must be a list of boxes of 4 numbers ({format}), got {repr(value)[:120]}") from None
    width, height = size
    slack_x, slack_y = (max(TOLERANCE[0], TOLERANCE[1] * side) for side in size)
    boxes = []
    for number, (x1, y1, x2, y2) in enumerate(_to_xyxy(array, format, size).tolist()):
        place = f"{where}[{number}]"
        if not all(map(np.isfinite, (x1, y1, x2, y2))):
            raise RowError(f"{place}: must hold finite numbers, got {_shown(value[number])}")
        if x2 < x1 or y2 < y1:
            raise RowError(
                f"{place}: must have x1 <= x2 and y1 <= y2 (format {format!r}), got {_shown(value[number])}; is the format right?"
            )
        if x1 < -slack_x or y1 < -slack_y or x2 > width + slack_x or y2 > height + slack_y:
            raise RowError(
                f"{place}: must lie in the picture of {width} x {height}, got {_shown(value[number])} ({format}); is the format right?"
            )
        boxes.append((max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))))
    return boxes


def follow(boxes: Sequence[Box], state: ImageState, min_visibility: float) -> tuple[list[Box], list[bool]]:
    """Each box round what is inside the new frame, and whether enough of it is seen to keep it."""
    moved, kept = [], []
    for box in boxes:
        seen = state.seen(box)
        moved.append(seen.extent or (0.0, 0.0, 0.0, 0.0))
        kept.append(seen.extent is not None and seen.share > 0 and seen.share >= min_visibility)
    return moved, kept


def write(boxes: Sequence[Box], like: Any, format: str, size: Size) -> Any:
    """Boxes in the format and container that came: a list of lists, an array or a tensor (whole numbers become floats)."""
    array = _from_xyxy(np.asarray(boxes, dtype=np.float64).reshape(-1, 4), format, size)
    if hasattr(like, "new_tensor"):
        return (like if like.is_floating_point() else like.float()).new_tensor(array.tolist()).reshape(-1, 4)
    if isinstance(like, np.ndarray):
        return array.astype(like.dtype if like.dtype.kind == "f" else np.float64)
    plain = np.round(array, 9).tolist()  # 9.6, not 9.599999999999994
    return [type(row)(numbers) if isinstance(row, (list, tuple)) else numbers for row, numbers in zip(like, plain, strict=True)]


def _to_xyxy(boxes: np.ndarray, format: str, size: Size) -> np.ndarray:
    a, b, c, d = boxes.T
    if format == "yolo":
        (a, c), (b, d) = (side * size[0] for side in (a, c)), (side * size[1] for side in (b, d))
    if format == "xywh":
        return np.stack([a, b, a + c, b + d], axis=1)
    if format in ("cxcywh", "yolo"):
        return np.stack([a - c / 2, b - d / 2, a + c / 2, b + d / 2], axis=1)
    return boxes


def _from_xyxy(boxes: np.ndarray, format: str, size: Size) -> np.ndarray:
    x1, y1, x2, y2 = boxes.T
    if format == "xywh":
        return np.stack([x1, y1, x2 - x1, y2 - y1], axis=1)
    if format in ("cxcywh", "yolo"):
        scale = np.array([*size, *size]) if format == "yolo" else 1.0
        return np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=1) / scale
    return boxes


def _shown(numbers: Any) -> str:
    return "[" + ", ".join(str(n) for n in numbers) + "]"
