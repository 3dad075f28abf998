"""Resampling many pictures, each through its own map: the same rules as for one (`image/warp.py`), batched.

Flips, quarter turns and whole-pixel crops copy pixels; upright windows of whole pixels are resized; all else is sampled bilinearly,
after averaging blocks where the map shrinks by 2 or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmaug.effects.bend import Bend, Rows
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.modalities.image import warp as rules
from mmaug.modalities.image.batched.canvas import canvas_size, chunks, groups, on_canvas, size_of
from mmaug.modalities.image.batched.resize import Window, resize

Job = tuple[int, Tensor, GeometryMap]
"""A number that is given back, a picture [3, h, w], the map it goes through."""


def warp(jobs: Sequence[Job], bound: int) -> dict[int, Tensor]:
    """Every picture through its map: uint8 to uint8, rounded, or float to float. bound: bytes that may be in use at once."""
    done: dict[int, Tensor] = {}
    plans = []
    for number, picture, move in jobs:
        window = None if move.bends else rules.whole_window(move)
        turned = window and copied(picture, move, window)
        if turned is not None:
            done[number] = turned
        else:
            plans.append(_plan(number, picture, move, window))
    for group in groups(plans, _Plan.key):
        for part in chunks(group, group[0].bytes, bound):
            warped = _resized(part) if part[0].back is None and not part[0].bends else _sampled(part)
            if not part[0].picture.is_floating_point():
                warped = warped.round_().to(part[0].picture.dtype)
            done.update((plan.number, picture) for plan, picture in zip(part, warped.unbind(), strict=True))
    return done


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How one picture is resampled: a window of it resized; then, with `back` (from result points to those of the resized picture)
    or bends, sampled. inside: whether nothing from outside is seen, so that no black may bleed in.
    """

    number: int
    picture: Tensor
    window: Window
    out_size: Size
    back: np.ndarray | None = None
    bends: tuple[Bend, ...] = ()
    inside: bool = False

    @property
    def whole(self) -> bool:
        """Whether the picture is sampled as it is."""
        return self.window == Window((0, 0, *size_of(self.picture)), size_of(self.picture))

    def key(self) -> tuple[object, ...]:
        """Those with the same key go together."""
        sampled = self.back is not None or bool(self.bends)
        between = canvas_size(self.window.size) if sampled and not self.whole else None
        return canvas_size(size_of(self.picture)), self.out_size, sampled, between, self.picture.dtype

    @property
    def bytes(self) -> int:
        """At most this much memory is in use for it at once, besides the picture and the result."""
        wide, high = canvas_size(size_of(self.picture))
        width, height = self.out_size
        number = 8 if self.picture.dtype == torch.float64 else 4
        floats = 3 * wide * high + 6 * width * height  # the picture, the result twice
        if not self.whole:
            small = canvas_size(self.window.size) if self.back is not None or self.bends else self.out_size
            floats += 2 * max(self.window.taps) * 4 * (width + height) + 3 * (3 * small[0] * high + 3 * small[0] * small[1])
        return number * (floats + 12 * width * height)


def _plan(number: int, picture: Tensor, move: GeometryMap, window: tuple[int, int, int, int] | None) -> _Plan:
    upright = window is not None and move.rows[0] > 0 and move.rows[4] > 0 and move.rows[1] == move.rows[3] == 0
    if upright and window is not None:
        return _Plan(number, picture, Window(window, move.out_size), move.out_size)
    size = size_of(picture)
    small = shrunk(size, move.matrix)
    back = move.straight.back().matrix
    if not move.bends:
        back = np.diag((small[0] / size[0], small[1] / size[1], 1.0)) @ back
    inside = not move.bends and rules.nothing_enters(move)
    return _Plan(number, picture, Window((0, 0, *size), small), move.out_size, back, move.bends, inside)


def copied(picture: Tensor, move: GeometryMap, window: tuple[int, int, int, int]) -> Tensor | None:
    """The result where it is a flip or quarter turn of a window without scaling; else None."""
    a, b, _, c, d, *_ = move.rows
    turned = tuple(map(round, (a, b, c, d)))
    if max(abs(n - t) for n, t in zip((a, b, c, d), turned, strict=True)) > 1e-9 or turned not in rules.TURNS:
        return None
    left, top, right, bottom = window
    out = picture[:, top:bottom, left:right]
    across, down = (turned[0], turned[3]) if turned[0] else (turned[1], turned[2])
    if turned[0] == 0:
        out = out.transpose(1, 2)
    return out.flip([axis for axis, way in ((1, down), (2, across)) if way < 0])


def shrunk(size: Size, matrix: np.ndarray) -> Size:
    """The size that a picture is averaged to first: smaller where the map shrinks by 2 or more along an axis of it."""
    along = np.hypot(*matrix[:2, :2])
    by = [min(int(1 / length) if length > 0 else 1, side) for length, side in zip(along, size, strict=True)]
    if max(by) < 2:
        return size
    return max(round(size[0] / max(by[0], 1)), 1), max(round(size[1] / max(by[1], 1)), 1)


def _resized(plans: Sequence[_Plan]) -> Tensor:
    pictures = on_canvas([plan.picture for plan in plans], _working(plans[0].picture))
    return resize(pictures, [plan.window for plan in plans], plans[0].out_size)


def _sampled(plans: Sequence[_Plan]) -> Tensor:
    pictures = on_canvas([plan.picture for plan in plans], _working(plans[0].picture))
    if not plans[0].whole:
        pictures = resize(pictures, [plan.window for plan in plans], canvas_size(plans[0].window.size))
    sizes = [plan.window.size for plan in plans]
    backs = np.stack([np.eye(3) if plan.back is None else plan.back for plan in plans])
    tilted = bool(backs[:, 2, :2].any())
    x, y = origins(torch.from_numpy(backs).to(pictures.dtype).to(pictures.device), plans[0].out_size, tilted)
    for number, plan in enumerate(plans):
        if plan.bends:
            x[number], y[number] = bent(x[number], y[number], plan.bends)
            x[number] *= plan.window.size[0] / plan.picture.shape[2]
            y[number] *= plan.window.size[1] / plan.picture.shape[1]
    if any(plan.inside for plan in plans):
        far = float("inf")
        ends = [[0.5, w - 0.5, h - 0.5] if plan.inside else [-far, far, far] for plan, (w, h) in zip(plans, sizes, strict=True)]
        low, right, bottom = torch.tensor(ends, dtype=x.dtype, device=x.device).T[:, :, None, None]
        x, y = torch.minimum(torch.maximum(x, low), right), torch.minimum(torch.maximum(y, low), bottom)
    return sample(pictures, x, y)


def origins(backs: Tensor, size: Size, tilted: bool) -> tuple[Tensor, Tensor]:
    """Where the centres of result pixels were, x and y, each [b, h, w].

    backs: [b, 3, 3], from points of the result to those of the picture. tilted: whether any is not affine (asking would wait for the
    device).
    """
    x = torch.arange(size[0], dtype=backs.dtype, device=backs.device) + 0.5
    y = (torch.arange(size[1], dtype=backs.dtype, device=backs.device) + 0.5)[:, None]
    a, b, c, d, e, f, g, h, i = backs.reshape(-1, 9, 1, 1).unbind(1)
    to_x, to_y = torch.addcmul(b * y + c, a, x), torch.addcmul(e * y + f, d, x)
    if tilted:
        w = torch.addcmul(h * y + i, g, x)
        return to_x / w, to_y / w
    return to_x, to_y


def bent(x: Tensor, y: Tensor, bends: Sequence[Bend]) -> tuple[Tensor, Tensor]:
    """The way back through bends: points [h, w] of the bent picture to those of the original."""
    for bend in reversed(bends):
        field = torch.from_numpy(np.ascontiguousarray(bend.field.transpose(2, 0, 1))).to(x.dtype).to(x.device)
        x, y = through_bend(x[None], y[None], field[None], bend)
        x, y = x[0], y[0]
    return x, y


def through_bend(x: Tensor, y: Tensor, fields: Tensor, bend: Bend) -> tuple[Tensor, Tensor]:
    """Points [b, h, w] back through bends like `bend` whose nodes are `fields`, [b, 2, rows, columns]."""
    inverse = np.linalg.inv(np.array(bend.into).reshape(3, 3))
    x, y = _moved(x, y, bend.into)
    places = torch.stack((x * (2 / bend.size[0]) - 1, y * (2 / bend.size[1]) - 1), dim=-1)
    push = functional.grid_sample(fields, places, mode="bilinear", padding_mode="border", align_corners=True)
    return _moved(x + push[:, 0], y + push[:, 1], tuple(inverse.ravel().tolist()))


def _moved(x: Tensor, y: Tensor, rows: Rows | tuple[float, ...]) -> tuple[Tensor, Tensor]:
    a, b, c, d, e, f, g, h, i = rows
    if rows == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0):
        return x, y
    w = g * x + h * y + i
    return (a * x + b * y + c) / w, (d * x + e * y + f) / w


def sample(pictures: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Pictures, float [b, 3, H, W], at points x, y, [b, h, w]: bilinear between pixel centres, black beyond the picture."""
    width, height = size_of(pictures)
    places = torch.stack((x * (2 / width) - 1, y * (2 / height) - 1), dim=-1)
    return functional.grid_sample(pictures, places, mode="bilinear", padding_mode="zeros", align_corners=False)


def nearest(pictures: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Pictures, [b, 3, H, W], at points x, y, [b, h, w]: the nearest pixel, black beyond the picture. Halves go where OpenCV's go."""
    width, height = size_of(pictures)
    column, row = (x - 0.5).round().long(), (y - 0.5).round().long()
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    place = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    found = torch.gather(pictures.flatten(2), 2, place.flatten(1)[:, None].expand(-1, 3, -1))
    return torch.where(inside[:, None], found.view(len(pictures), 3, *x.shape[1:]), 0)


def _working(picture: Tensor) -> torch.dtype:
    return picture.dtype if picture.is_floating_point() else torch.float32
