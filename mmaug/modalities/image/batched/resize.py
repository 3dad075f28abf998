"""Resizing windows of pictures along one side at a time: averaged where they shrink, linear where they grow.

A result pixel is a weighted sum of a few neighbouring pixels of the picture; which, and with which weights, is a small table a
picture and side. Pixels whose weights are all zero come out black.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmaug.effects.geometry import Size


@dataclass(frozen=True, slots=True)
class Window:
    """Whole pixels of a picture, (left, top, right, bottom), and the (width, height) they are resized to."""

    box: tuple[int, int, int, int]
    size: Size

    @property
    def taps(self) -> tuple[int, int]:
        """How many pixels a result pixel is made of, along x and y."""
        left, top, right, bottom = self.box
        return _taps(right - left, self.size[0]), _taps(bottom - top, self.size[1])


def resize(pictures: Tensor, windows: Sequence[Window], size: Size) -> Tensor:
    """A window of each picture, float [b, 3, H, W] to float [b, 3, h, w] with (w, h) = `size`; what is beyond a window's size is black."""
    across = [(w.box[0], w.box[2], w.size[0]) for w in windows]
    down = [(w.box[1], w.box[3], w.size[1]) for w in windows]
    return _along(_along(pictures, 3, across, size[0]), 2, down, size[1])


def _along(pictures: Tensor, side: int, spans: Sequence[tuple[int, int, int]], length: int) -> Tensor:
    if all(span == (0, length, length) for span in spans) and pictures.shape[side] == length:
        return pictures
    places, weights = _tables(spans, length)
    shape = [len(spans), 1, 1, 1]
    shape[side] = length
    wanted = list(pictures.shape)
    wanted[side] = length
    total = pictures.new_zeros(wanted)
    for tap in range(places.shape[2]):
        place = torch.from_numpy(places[:, :, tap]).to(pictures.device).view(shape).expand(wanted)
        weight = torch.from_numpy(weights[:, :, tap]).to(pictures.device, pictures.dtype).view(shape)
        total = torch.addcmul(total, torch.gather(pictures, side, place), weight)
    return total


def _tables(spans: Sequence[tuple[int, int, int]], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Places, int64, and weights, float64, of the pixels each result pixel is made of: [b, length, taps]."""
    starts, ends, outs = (np.array(numbers)[:, None, None] for numbers in zip(*spans, strict=True))
    sizes, number = ends - starts, np.arange(length)[None, :, None]
    step = sizes / outs
    taps = max(_taps(end - start, out) for start, end, out in spans)
    middle = (number + 0.5) * step - 0.5  # linear: between the two pixels round the middle, none beyond the window
    low = np.where(step > 1, number * step, middle)
    first = np.floor(low)
    place = first + np.arange(taps)
    cover = np.minimum(place + 1, (number + 1) * step) - np.maximum(place, number * step)
    averaged = np.clip(cover, 0.0, None) / step
    linear = np.clip(1 - np.abs(place - middle), 0.0, None)
    weights = np.where(step > 1, averaged, linear) * (number < outs)
    return (starts + np.clip(place, 0, sizes - 1)).astype(np.int64), weights


def _taps(before: int, after: int) -> int:
    return 2 if before <= after else int(np.ceil(before / after)) + 1
