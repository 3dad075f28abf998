"""Carrying out many picture programs with torch: the same meaning as `image/executor.py`, within rounding, on any device.

Every picture's program asks for one thing at a time (`requests.py`); those that ask for the same sort of thing get it together. What a
picture becomes never depends on the others in its batch: sums run in a fixed order, canvases have sizes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.effects.geometry import GeometryMap
from mmaug.errors import MmaugError
from mmaug.modalities.image.batched import colour
from mmaug.modalities.image.batched.canvas import canvas_size, chunks, groups, on_canvas, size_of
from mmaug.modalities.image.batched.cover import cover
from mmaug.modalities.image.batched.kernels import KERNELS
from mmaug.modalities.image.batched.requests import Fill, Filter, Measure, Recolour, Sample, Steps, Warp, follow
from mmaug.modalities.image.batched.warp import bent, nearest, origins, warp
from mmaug.modalities.image.program import Program


def run(programs: Sequence[Program], pictures: Sequence[Tensor] | Tensor, memory_mb: float = 256.0) -> list[Tensor]:
    """Pictures, each [3, h, w] on one device, through their programs; what comes in is not changed.

    pictures: a list, or one tensor [b, 3, h, w]; uint8, or float32 or float64 in 0..1. Kernels without a torch version see floats
    rounded to 8 bits, and no gradient goes through them.
    memory_mb: at most so much is in use besides the pictures and the results (floats are held twice); more where one picture alone
    needs more.
    Raises: MmaugError for other types or shapes.
    """
    if len(programs) != len(pictures):
        raise MmaugError(f"there must be one program a picture, got {len(programs)} for {len(pictures)}")
    checked = [_checked(picture, number) for number, picture in enumerate(pictures)]
    rows = [_Row(number, checked[number], follow(program)) for number, program in enumerate(programs)]
    bound = int(memory_mb * 2**20)
    if len(pictures) and pictures[0].device.type == "cpu":
        bound = min(bound, _CACHE)
    for row in rows:
        row.go_on(None)
    while waiting := [row for row in rows if row.request is not None]:
        kind, answer = next((kind, do) for kind, do in _ANSWERS.items() if any(isinstance(row.request, kind) for row in waiting))
        answer([row for row in waiting if isinstance(row.request, kind)], bound)
    return [row.picture / 255.0 if given.is_floating_point() else row.picture for row, given in zip(rows, pictures, strict=True)]


_CACHE = 4 * 2**20
"""Bytes that a CPU works on at once: what fits near it is faster than what is many."""


@dataclass(slots=True, eq=False)
class _Row:
    """A picture on its way, and what it asks for now; None when it is done. Floats are in 0..255 here."""

    number: int
    picture: Tensor
    steps: Steps
    request: Any = None

    def go_on(self, answer: Any) -> None:
        try:
            self.request = self.steps.send(answer)
        except StopIteration:
            self.request = None


def _checked(picture: Tensor, number: int) -> Tensor:
    if picture.ndim != 3 or picture.shape[0] != 3 or picture.dtype not in (torch.uint8, torch.float32, torch.float64):
        raise MmaugError(
            f"picture {number}: must be uint8, float32 or float64 [3, h, w], floats in 0..1; got {picture.dtype} {list(picture.shape)}"
        )
    return picture * 255.0 if picture.is_floating_point() else picture


def _filter(rows: list[_Row], bound: int) -> None:
    for group in groups(rows, lambda row: (row.request.function, row.picture.shape, row.picture.dtype)):
        kernel = KERNELS.get(group[0].request.function)
        for part in chunks(group, 24 * group[0].picture.numel(), bound) if kernel else ():
            _filter_together(part, kernel)  # type: ignore[arg-type]
        for row in group if kernel is None else ():
            _filter_alone(row)


def _filter_together(rows: Sequence[_Row], kernel: Callable[..., Tensor]) -> None:
    stacked = torch.stack([row.picture for row in rows])
    floats = stacked if stacked.is_floating_point() else stacked.float()
    params = {
        name: torch.tensor([float(row.request.params[name]) for row in rows], dtype=floats.dtype, device=floats.device)
        for name in rows[0].request.params
    }
    out = kernel(floats, **params).clamp(0.0, 255.0)
    _put(rows, out if stacked.is_floating_point() else out.round_().to(stacked.dtype))


def _filter_alone(row: _Row) -> None:
    before = row.picture.detach()
    whole = before.round().clamp(0, 255).to(torch.uint8) if before.is_floating_point() else before
    pixels = np.ascontiguousarray(whole.permute(1, 2, 0).cpu().numpy())
    out = torch.from_numpy(np.ascontiguousarray(row.request.function(pixels, **row.request.params)))
    row.picture = out.to(before.device).permute(2, 0, 1).to(before.dtype)
    row.go_on(None)


def _sample(rows: list[_Row], bound: int) -> None:
    for group in groups(rows, lambda row: (canvas_size(size_of(row.picture)), row.request.move.out_size, row.picture.dtype)):
        wide, high = canvas_size(size_of(group[0].picture))
        width, height = group[0].request.move.out_size
        for part in chunks(group, group[0].picture.element_size() * 3 * wide * high + 120 * width * height, bound):
            pictures = on_canvas([row.picture.detach() for row in part], part[0].picture.dtype)
            x, y = _points([row.request.move for row in part], pictures)
            for row, picture in zip(part, nearest(pictures, x, y), strict=True):
                row.go_on(picture)


def _points(moves: Sequence[GeometryMap], pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Where the centres of the pixels that maps show were."""
    dtype = pictures.dtype if pictures.is_floating_point() else torch.float32
    stacked = np.stack([move.straight.back().matrix for move in moves])
    matrices = torch.from_numpy(stacked).to(dtype).to(pictures.device)
    x, y = origins(matrices, moves[0].out_size, bool(stacked[:, 2, :2].any()))
    for number, move in enumerate(moves):
        if move.bends:
            x[number], y[number] = bent(x[number], y[number], move.bends)
    return x, y


def _warp(rows: list[_Row], bound: int) -> None:
    done = warp([(row.number, row.picture, row.request.move) for row in rows], bound)
    for row in rows:
        row.picture = done[row.number]
        row.go_on(None)


def _measure(rows: list[_Row], bound: int) -> None:
    for row in rows:
        if row.request.sample is not None:
            sample = row.request.sample[None]
            for stage in row.request.stages:
                sample = colour.recolour(sample, [stage])
            row.request = Measure(row.request.statistic, sample[0])
    for group in groups(rows, lambda row: (row.request.statistic, _measured(row).shape, row.picture.dtype)):
        for part in chunks(group, 24 * _measured(group[0]).numel(), bound):
            found = colour.STATISTICS[part[0].request.statistic](torch.stack([_measured(row) for row in part]))
            for row, statistic in zip(part, found, strict=True):
                row.go_on(statistic)


def _measured(row: _Row) -> Tensor:
    return row.picture if row.request.sample is None else row.request.sample


def _recolour(rows: list[_Row], bound: int) -> None:
    for group in groups(rows, lambda row: (row.request.stage.shape, row.picture.shape, row.picture.dtype)):
        for part in chunks(group, 24 * group[0].picture.numel(), bound):
            _put(part, colour.recolour(torch.stack([row.picture for row in part]), [row.request.stage for row in part]))


def _fill(rows: list[_Row], bound: int) -> None:
    for group in groups(rows, lambda row: (row.picture.shape, row.picture.dtype)):
        for part in chunks(group, 24 * group[0].picture.numel(), bound):
            covers = [(row.request.outlines, row.request.colours) for row in part]
            _put(part, cover(torch.stack([row.picture for row in part]), covers))


def _put(rows: Sequence[_Row], pictures: Tensor) -> None:
    for row, picture in zip(rows, pictures.unbind(), strict=True):
        row.picture = picture
        row.go_on(None)


_ANSWERS: dict[type, Callable[[list[_Row], int], None]] = {
    Filter: _filter,
    Sample: _sample,
    Warp: _warp,
    Measure: _measure,
    Recolour: _recolour,
    Fill: _fill,
}
"""By sort of request, in the order that lets the most pictures go together: what comes first in a segment comes first."""
