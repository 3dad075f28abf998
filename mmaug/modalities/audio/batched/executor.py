"""Sound programs on many recordings at once.

Recordings walk through their programs in step; those that come to the same kind of step with the same length and rate are stacked and
go through one kernel together. On the CPU each goes alone through the numpy executor, which is faster there and gives the bytes that
single rows get; tensors on another device stay there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.effects.sound import AudioState, kept_sides
from mmaug.modalities.audio import executor, fused
from mmaug.modalities.audio.batched import kernels
from mmaug.modalities.audio.executor import Program, Run, Segment

TOGETHER = 64
"""Recordings that go through a kernel at once at most, so that memory does not grow with the batch."""


def run_batch(programs: Sequence[Program], samples: Sequence[Any], rates: Sequence[int]) -> list[Any]:
    """Each recording through its program, in the form it came: float32 [channels, samples], numpy arrays or tensors on one device.

    programs, samples, rates: one a recording; lengths, channels and rates may differ. The input is not changed. On another device than
    the CPU the result is that of the numpy executor to within 1e-4 of full scale.
    """
    return [out for out, _ in run_batch_noted(programs, samples, rates)]


def run_batch_noted(programs: Sequence[Program], samples: Sequence[Any], rates: Sequence[int]) -> list[tuple[Any, float]]:
    """As `run_batch`, and by how many decibels each was made quieter so that it does not clip (0 or less)."""
    if all(isinstance(one, np.ndarray) or one.device.type == "cpu" for one in samples):
        return [_alone(*each) for each in zip(programs, samples, rates, strict=True)]
    return _run_tensors(programs, [torch.as_tensor(one) for one in samples], rates)


def run_tensors(programs: Sequence[Program], samples: Sequence[Tensor], rates: Sequence[int]) -> list[Tensor]:
    """As `run_batch`, always with torch kernels, on any device."""
    return [out for out, _ in _run_tensors(programs, samples, rates)]


def _run_tensors(programs: Sequence[Program], samples: Sequence[Tensor], rates: Sequence[int]) -> list[tuple[Tensor, float]]:
    now = list(samples)
    for depth in range(max((len(program.segments) for program in programs), default=0)):
        groups: dict[Hashable, list[int]] = {}
        for row, program in enumerate(programs):
            if depth < len(program.segments):
                groups.setdefault(_alike(program.segments[depth], now[row], rates[row]), []).append(row)
        for rows in groups.values():
            for first in range(0, len(rows), TOGETHER):
                part = rows[first : first + TOGETHER]
                made = _through([programs[row].segments[depth] for row in part], [now[row] for row in part], rates[part[0]])
                for row, out in zip(part, made, strict=True):
                    now[row] = out
    return [_guarded(program, *pair) for program, *pair in zip(programs, now, samples, strict=True)]


def _alike(segment: Segment, samples: Tensor, rate: int) -> Hashable:
    """What recordings must share to go through a step together."""
    if isinstance(segment, Run):
        return "run", rate
    return segment.family, segment.steps[0][0], tuple(samples.shape), rate


def _through(segments: Sequence[Any], samples: Sequence[Tensor], rate: int) -> Sequence[Tensor]:
    first = segments[0]
    if isinstance(first, Run):
        return [_composed(segment, one, rate) for segment, one in zip(segments, samples, strict=True)]
    kernel = _kernel(segments, rate)
    if kernel is None:
        return [_on_cpu(Program((segment,)), one, rate) for segment, one in zip(segments, samples, strict=True)]
    return kernel(torch.stack(tuple(samples))).unbind()


def _kernel(segments: Sequence[Any], rate: int) -> Callable[[Tensor], Tensor] | None:
    """What runs these steps on stacked recordings; None where nothing does."""
    family, (function, _) = segments[0].family, segments[0].steps[0]
    params = [segment.steps[0][1] for segment in segments]
    if family == "equaliser":
        filters = [sum((made(rate, **given) for made, given in segment.steps), ()) for segment in segments]
        return lambda stacked: kernels.filtered(stacked, rate, filters)
    if family == "mute":
        spans = [function(segment.seconds, **given) for segment, given in zip(segments, params, strict=True)]
        return lambda stacked: kernels.muted(stacked, rate, spans)
    if family == "band":
        taken = [function(**given) for given in params]
        if not all(kernels.can_mask(rate, one) for one in taken):
            return None
        return lambda stacked: kernels.masked(stacked, rate, [one[0] for one in taken])
    treat = kernels.TREATMENTS.get(function)
    return None if treat is None else lambda stacked: treat(stacked, rate, params)


def _composed(segment: Run, samples: Tensor, rate: int) -> Tensor:
    """A fused run: where it stretches, on the CPU; else slices, mix and gain where the samples are."""
    state = segment.state
    if state.semitones or abs(state.time.rate - 1) > 1e-9:
        return _on_cpu(Program((segment,)), samples, rate)
    out = samples if state.time.is_identity else _retimed(state, samples, rate)
    if state.mix != kept_sides(state.channels):
        out = torch.tensor(state.mix, dtype=torch.float32, device=out.device) @ out
    return out * 10.0 ** (state.gain_db / 20.0) if state.gain_db else out


def _retimed(state: AudioState, samples: Tensor, rate: int) -> Tensor:
    """Pieces of the samples where the time map puts them."""
    moves = fused.slices(state.time, samples.shape[1], rate)
    out = samples.new_empty((samples.shape[0], moves.length))
    for first, end in moves.silent:
        out[:, first:end] = 0.0
    for first, source, count, backwards in moves.pieces:
        piece = samples[:, source : source + count]
        out[:, first : first + count] = piece.flip(1) if backwards else piece
    return out


def _guarded(program: Program, out: Tensor, before: Tensor) -> tuple[Tensor, float]:
    """No peak beyond full scale, or beyond where it was; and the decibels that this took."""
    if out is before or not executor.may_rise(program):
        return out, 0.0
    limit = before.abs().amax().clamp_min(1.0)
    factor = (limit / out.abs().amax().clamp_min(1e-30)).clamp_max(1.0)
    return out * factor, 20 * math.log10(float(factor))


def _alone(program: Program, samples: Any, rate: int) -> tuple[Any, float]:
    if isinstance(samples, np.ndarray):
        return executor.run_noted(program, samples, rate)
    out, db = executor.run_noted(program, samples.numpy(), rate)
    return torch.from_numpy(np.ascontiguousarray(out)), db


def _on_cpu(program: Program, samples: Tensor, rate: int) -> Tensor:
    """Steps that have no kernel; peaks are looked at when all is done."""
    out = executor.unguarded(program, samples.detach().cpu().numpy(), rate)
    return torch.from_numpy(np.ascontiguousarray(out)).to(samples.device)
