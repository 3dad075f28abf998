"""A fused run of steps on samples: one stretch for all tempo and pitch, one set of slices, one mix, one gain.

All time steps are one map. If it changes the tempo or the pitch, everything is stretched once; then the pieces are sliced out,
some backwards, and put where the map says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from mmaug.effects.sound import AudioState, Mix, kept_sides
from mmaug.effects.time import TimeMap
from mmaug.modalities.audio import resampling

_SEED = 0
"""Beyond twice as slow the engine draws random phases: with its own seed the same step would not give the same bytes."""

_MOST_CHANNELS = 2
"""The engine is made for mono and stereo; more channels go through it in pairs."""


def run(state: AudioState, samples: np.ndarray, rate: int) -> np.ndarray:
    """Samples, float32 [channels, samples], through the composed steps; the input is not changed."""
    out = samples
    if not state.time.is_identity or state.semitones:
        out = retime(out, rate, state.time, state.semitones)
    if state.mix != kept_sides(state.channels):
        out = remix(out, state.mix)
    return out * np.float32(10.0 ** (state.gain_db / 20.0)) if state.gain_db else out


def does_nothing(state: AudioState) -> bool:
    """Whether every sample would stay as it is."""
    return not (state.gain_db or state.semitones) and state.mix == kept_sides(state.channels) and state.time.is_identity


def keeps_level(state: AudioState) -> bool:
    """Whether no sample can come out larger than the largest was: a stretch may overshoot, a gain raises."""
    if state.gain_db > 0 or state.semitones or abs(state.time.rate - 1) >= 1e-9:
        return False
    return state.mix == kept_sides(state.channels) or max(sum(map(abs, row)) for row in state.mix) <= 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Slices:
    """Where the pieces of stretched samples go: each (first sample, where it comes from, how many, whether backwards) of `length`.

    silent: what no piece fills, each (first sample, last).
    """

    length: int
    pieces: tuple[tuple[int, int, int, bool], ...]
    silent: tuple[tuple[int, int], ...]


def slices(move: TimeMap, length: int, rate: int) -> Slices:
    """A time map on `length` samples that are stretched to its tempo already, in whole samples."""
    tempo, whole = move.rate, max(round(move.out_seconds * rate), 1)
    found = []
    for start, end, to, until in move.pieces:
        first, last = (0, 1) if whole == 1 else (round(min(to, until) * rate), min(round(max(to, until) * rate), whole))
        count = min(last - first, length)
        middle = (start + end) / 2 / tempo * rate  # from the middle, so that half samples are lost evenly at both ends
        source = min(max(round(middle - count / 2), 0), length - count)
        if count > 0:
            found.append((first, source, count, to > until))
    silent, end = [], 0
    for first, _, count, _ in sorted(found):
        if first > end:
            silent.append((end, first))
        end = max(end, first + count)
    return Slices(whole, tuple(found), (*silent, (end, whole)) if end < whole else tuple(silent))


def retime(samples: np.ndarray, rate: int, move: TimeMap, semitones: float = 0.0) -> np.ndarray:
    """Samples where a time map puts them, higher by so many semitones; moments that nothing maps to are silent."""
    stretched = stretch(samples, rate, move.rate, semitones)
    plan = slices(move, stretched.shape[1], rate)
    out = np.empty((samples.shape[0], plan.length), dtype=samples.dtype)
    for first, end in plan.silent:
        out[:, first:end] = 0.0
    for first, source, count, backwards in plan.pieces:
        piece = stretched[:, source : source + count]
        if backwards:
            cv2.flip(piece, 1, dst=out[:, first : first + count])
        else:
            out[:, first : first + count] = piece
    return out


def stretch(samples: np.ndarray, rate: int, tempo: float, semitones: float = 0.0) -> np.ndarray:
    """The same sound `tempo` times faster and higher by so many semitones: float32 [channels, round(samples / tempo)].

    Where it gets higher as it gets faster, like a tape, samples are only resampled, which is exact.
    """
    higher = 2.0 ** (semitones / 12)
    same_tempo, same_pitch = abs(tempo - 1) < 1e-9, abs(higher - 1) < 1e-9
    length = max(round(samples.shape[1] / tempo), 1)
    if same_tempo and same_pitch:
        return samples
    if abs(higher / tempo - 1) < 1e-9:
        return resampling.to_length(samples, rate * tempo, rate, length)
    if samples.shape[1] < resampling.SHORTEST * rate:
        return resampling.interpolated(samples, length)
    pairs = range(0, samples.shape[0], _MOST_CHANNELS)
    return np.concatenate([_stretched(samples[i : i + _MOST_CHANNELS], rate, tempo, semitones, length) for i in pairs])


def _stretched(samples: np.ndarray, rate: int, tempo: float, semitones: float, length: int) -> np.ndarray:
    import python_stretch

    engine = python_stretch.Signalsmith.Stretch(_SEED)
    engine.preset(samples.shape[0], rate)
    if semitones:
        engine.setTransposeSemitones(semitones)
    if tempo != 1.0:
        engine.timeFactor = tempo
    made = np.asarray(engine.process(np.require(samples, np.float32, ["C", "W"])))[:, :length]
    return np.pad(made, ((0, 0), (0, length - made.shape[1])))


def remix(samples: np.ndarray, mix: Mix) -> np.ndarray:
    """Every channel plays its row of the mix; a permutation copies samples exactly, and one turned upside down negates them."""
    moved = _moved(mix)
    if moved is None:
        return np.array(mix, dtype=np.float32) @ samples
    sources, signs = moved
    out = samples if sources is None else samples[sources]
    return np.negative(out) if signs is None else out * signs if (signs < 0).any() else out


@lru_cache(maxsize=64)
def _moved(mix: Mix) -> tuple[np.ndarray | None, np.ndarray | None] | None:
    """Where each channel comes from (None: each from itself) and its sign (None: all turned), for a mix that mixes nothing; else None."""
    weights = np.array(mix, dtype=np.float32)
    sources = np.abs(weights).argmax(axis=1)
    signs = weights[np.arange(len(mix)), sources][:, None]
    if np.count_nonzero(weights) != len(mix) or not np.array_equal(np.abs(signs), np.ones_like(signs)):
        return None
    return (None if np.array_equal(sources, np.arange(len(mix))) else sources), (None if (signs < 0).all() else signs)
