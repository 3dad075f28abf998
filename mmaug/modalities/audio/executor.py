"""The fused sound program: one stretch, one set of slices, one gain, one choice of channels.

All time steps are one map. If it changes the tempo, everything is stretched once at the joint rate; then the pieces are
sliced out, some backwards, and put where the map says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import python_stretch

from mmaug.effects.sound import AudioState, Mix, audio_state
from mmaug.effects.time import TimeMap
from mmaug.registry import get_op

SHORTEST_STRETCH = 0.05
"""Seconds: shorter recordings have no spectrum to stretch and are resampled in time by linear interpolation."""

_SEED = 0
"""Beyond twice as slow the engine draws random phases: with its own seed the same step would not give the same bytes."""


def compile_steps(steps: Iterable[tuple[str, dict[str, Any]]], seconds: float, channels: int) -> AudioState:
    """The composed effects of a run of (op name, params); the state is the whole program."""
    state = audio_state(seconds, channels)
    for name, params in steps:
        state = get_op(name).compose(state, params)
    return state


def run(program: AudioState, samples: np.ndarray, rate: int) -> np.ndarray:
    """Samples, float32 [channels, samples], through a program; the input is not changed."""
    out = samples
    if not program.time.is_identity:
        out = retime(out, rate, program.time)
    if program.sides != "kept":
        out = remix(out, program.mix)
    if program.gain_db:
        out = louder(out, program.gain_db)
    return out


def retime(samples: np.ndarray, rate: int, move: TimeMap) -> np.ndarray:
    """Samples where a time map puts them; moments that nothing maps to are silent."""
    tempo = move.rate
    out = np.zeros((samples.shape[0], max(round(move.out_seconds * rate), 1)), dtype=samples.dtype)
    stretched = samples if abs(tempo - 1) < 1e-9 else stretch(samples, rate, tempo)
    length, whole = stretched.shape[1], out.shape[1]
    for start, end, to, until in move.pieces:
        first, last = (0, 1) if whole == 1 else (round(min(to, until) * rate), min(round(max(to, until) * rate), whole))
        count = min(last - first, length)
        middle = (start + end) / 2 / tempo * rate  # from the middle, so that half samples are lost evenly at both ends
        source = min(max(round(middle - count / 2), 0), length - count)
        piece = stretched[:, source : source + count]
        out[:, first : first + count] = piece if to < until else piece[:, ::-1]
    return out


def stretch(samples: np.ndarray, rate: int, tempo: float) -> np.ndarray:
    """The same sound `tempo` times faster at the same pitch: float32 [channels, round(samples / tempo)]."""
    length = max(round(samples.shape[1] / tempo), 1)
    if samples.shape[1] < SHORTEST_STRETCH * rate:
        places = np.linspace(0, samples.shape[1] - 1, length)
        grid = np.arange(samples.shape[1])
        return np.stack([np.interp(places, grid, channel) for channel in samples]).astype(np.float32)
    engine = python_stretch.Signalsmith.Stretch(_SEED)
    engine.preset(samples.shape[0], rate)
    engine.timeFactor = tempo
    made = np.asarray(engine.process(np.require(samples, np.float32, ["C", "W"])))[:, :length]
    return np.pad(made, ((0, 0), (0, length - made.shape[1])))


def remix(samples: np.ndarray, mix: Mix) -> np.ndarray:
    """Every channel plays its row of the mix; a permutation copies samples exactly."""
    weights = np.array(mix, dtype=np.float32)
    sources = weights.argmax(axis=1)
    if np.array_equal(weights, np.eye(len(mix), dtype=np.float32)[sources]):
        return samples[sources]
    return weights @ samples


def louder(samples: np.ndarray, db: float) -> np.ndarray:
    """Multiply by 10 ** (db / 20), but by no more than brings the peak to full scale (a peak above it stays)."""
    factor = 10.0 ** (db / 20.0)
    if factor > 1.0:
        peak = float(np.abs(samples).max())
        factor = min(factor, max(1.0 / peak, 1.0)) if peak > 0 else factor
    return samples * np.float32(factor)
