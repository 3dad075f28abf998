"""The sound program: fused runs of steps, and between them the steps that work on samples where they stand in the chain.

Time, pitch, speed, level and channels compose, so a run of them is one stretch, one set of slices, one mix and one gain. A step that
looks at samples or filters them ends the run. Filters that follow each other are one filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.effects.sound import AudioState, audio_state
from mmaug.modalities.audio import bands, fused, measure, passes
from mmaug.registry import Op, get_op

COMPOSED = frozenset({"time", "pitch", "speed", "level", "channels"})
"""The families that fuse."""


_NO_LOUDER = frozenset({"mute", "dynamics", "distortion"})
"""The families that take no peak beyond full scale."""


@dataclass(frozen=True, slots=True)
class Run:
    """A fused run of steps: what they do together."""

    state: AudioState


@dataclass(frozen=True, slots=True)
class Treatment:
    """Steps of one family on samples as they are then, one after the other: more than one only for filters, which are one filter.

    seconds: how long the recording is then.
    """

    family: str
    steps: tuple[tuple[Callable[..., Any], dict[str, Any]], ...]
    seconds: float


Segment = Run | Treatment


@dataclass(frozen=True, slots=True)
class Program:
    """What to do to the samples of one recording, in order."""

    segments: tuple[Segment, ...]

    @property
    def is_identity(self) -> bool:
        """Whether every sample stays as it is, whatever it is."""
        return not self.segments


def compile_steps(steps: Iterable[tuple[str, dict[str, Any]]], seconds: float, channels: int) -> Program:
    """The program of a run of (op name, params) on a recording."""
    segments: list[Segment] = []
    run: AudioState | None = None
    for name, params in steps:
        op = get_op(name)
        if op.family in COMPOSED:
            run = op.compose(run or audio_state(seconds, channels), params)
            continue
        seconds = _end(segments, run, seconds)
        run = None
        _append(segments, op, params, seconds)
    _end(segments, run, seconds)
    return Program(tuple(segments))


def _end(segments: list[Segment], run: AudioState | None, seconds: float) -> float:
    """Close a run that was of `seconds`; how long the recording is after it."""
    if run is None:
        return seconds
    if not fused.does_nothing(run):
        segments.append(Run(run))
    return run.time.out_seconds


def _append(segments: list[Segment], op: Op, params: dict[str, Any], seconds: float) -> None:
    """A step on samples; a filter joins the filter before it."""
    step = (op.function, params)
    last = segments[-1] if segments else None
    if op.family == "equaliser" and isinstance(last, Treatment) and last.family == op.family:
        segments[-1] = Treatment(op.family, (*last.steps, step), seconds)
    else:
        segments.append(Treatment(op.family, (step,), seconds))


def run(program: Program, samples: np.ndarray, rate: int) -> np.ndarray:
    """Samples, float32 [channels, samples], through a program; the input is not changed.

    A peak that was within full scale stays there, and one beyond it gets no larger: where the program would take it further,
    everything is made quieter at the end by as much as that takes.
    """
    return run_noted(program, samples, rate)[0]


def run_noted(program: Program, samples: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """As `run`, and by how many decibels the result was made quieter so that it does not clip (0 or less)."""
    out = unguarded(program, samples, rate)
    if out is samples or not may_rise(program):
        return out, 0.0
    peak = measure.peak(out)
    limit = 1.0 if peak <= 1.0 else max(1.0, measure.peak(samples))
    if peak <= limit:
        return out, 0.0
    return out * np.float32(limit / peak), float(20 * np.log10(limit / peak))


def unguarded(program: Program, samples: np.ndarray, rate: int) -> np.ndarray:
    """As `run`, with peaks wherever they come to lie."""
    for segment in program.segments:
        samples = fused.run(segment.state, samples, rate) if isinstance(segment, Run) else _treat(segment, samples, rate)
    return samples


def may_rise(program: Program) -> bool:
    """Whether a peak could come out higher than it was."""
    return not all(fused.keeps_level(s.state) if isinstance(s, Run) else s.family in _NO_LOUDER for s in program.segments)


def _treat(segment: Treatment, samples: np.ndarray, rate: int) -> np.ndarray:
    function, params = segment.steps[0]
    if segment.family == "equaliser":
        return passes.filtered(samples, sum((made(rate, **given) for made, given in segment.steps), ()))
    if segment.family == "band":
        return bands.without(samples, rate, function(**params))
    if segment.family == "mute":
        return bands.muted(samples, rate, *function(segment.seconds, **params))
    return function(samples, rate, **params)
