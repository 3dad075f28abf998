"""Pictures of several sizes in one tensor, and how many of them go into it at once.

A canvas is as large as the picture's own size rounded up, never as large as another picture: what a row becomes must not depend on
the rows beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from mmaug.effects.geometry import Size

Item = TypeVar("Item")

_STEP = 32
"""Pixels: sides of canvases are multiples of it, so that pictures of about one size go together."""


def canvas_size(size: Size) -> Size:
    """(width, height) of the canvas for a picture of `size`."""
    width, height = size
    return -(-width // _STEP) * _STEP, -(-height // _STEP) * _STEP


def on_canvas(pictures: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    """Pictures, each [3, h, w], that share a canvas size, as one [b, 3, H, W]: each in the upper left corner, black round it."""
    width, height = canvas_size(size_of(pictures[0]))
    if len({picture.shape for picture in pictures}) == 1:
        own = size_of(pictures[0])
        return functional.pad(torch.stack(tuple(pictures)).to(dtype), (0, width - own[0], 0, height - own[1]))
    out = pictures[0].new_zeros((len(pictures), 3, height, width), dtype=dtype)
    for number, picture in enumerate(pictures):
        out[number, :, : picture.shape[1], : picture.shape[2]] = picture
    return out


def size_of(picture: Tensor) -> Size:
    """(width, height) of a picture [..., h, w]."""
    return picture.shape[-1], picture.shape[-2]


def groups(items: Sequence[Item], key: Callable[[Item], Hashable]) -> list[list[Item]]:
    """Items with the same key together, in the order of their first."""
    found: dict[Hashable, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(found.values())


def chunks(items: Sequence[Item], bytes_each: int, bound: int) -> Iterator[Sequence[Item]]:
    """Runs of items that together take at most `bound` bytes; a single one may take more."""
    at_once = max(bound // max(bytes_each, 1), 1)
    for start in range(0, len(items), at_once):
        yield items[start : start + at_once]
