"""Level ops: how loud, how even, how steady. A gain is only decibels; the others look at the samples.

All channels are treated alike, so that what comes from a side still does.
"""

from __future__ import annotations

import math

import numpy as np

from mmaug.effects.sound import AudioState
from mmaug.modalities.audio import measure
from mmaug.params import Anywhere, Fixed, Magnitude, Place
from mmaug.registry import register

_STEP = 0.001
"""Seconds: how often a compressor looks at the level."""


@register("level", db=Magnitude(0.0, 12.0, "dB", -60.0, 60.0, signed=True))
def gain(*, db: float) -> float:
    """Make the sound louder or quieter; never so loud that a peak that was within full scale leaves it.

    db: decibels, in [-60, 60].
    Source: audiomentations, Gain.
    """
    return db


def _relevelled(state: AudioState, *, peak_db: float) -> AudioState:
    return state.relevel()


@register("dynamics", _relevelled, peak_db=Fixed(0.0, "dB of full scale", -60.0, 0.0))
def normalize(samples: np.ndarray, rate: int, *, peak_db: float) -> np.ndarray:
    """Bring the highest peak to a level; silence stays.

    peak_db: where the peak comes to, in decibels of full scale, in [-60, 0].
    Source: audiomentations, Normalize.
    """
    peak = measure.peak(samples)
    return samples * np.float32(10 ** (peak_db / 20) / peak) if peak > 1e-30 else samples


def _compressed(state: AudioState, *, ratio: float, **_: float) -> AudioState:
    return state.relevel() if ratio > 1 else state


@register(
    "dynamics",
    _compressed,
    ratio=Magnitude(1.0, 8.0, "to 1", 1.0, 20.0, scale="log"),
    threshold_db=Anywhere((-30.0, -15.0), "dB of the peak", -60.0, 0.0),
    attack=Fixed(0.005, "s", 0.001, 1.0),
    release=Fixed(0.1, "s", 0.001, 5.0),
)
def dynamic_range(samples: np.ndarray, rate: int, *, ratio: float, threshold_db: float, attack: float, release: float) -> np.ndarray:
    """Bring the loud and the quiet closer together (a compressor); the highest peak stays where it was.

    ratio: how many decibels above the threshold become one, in [1, 20]. threshold_db: in decibels of the recording's own peak, in
    [-60, 0]. attack: seconds in which the gain follows. release: seconds in which it recovers by 20 dB.
    Source: Giannoulis, Massberg and Reiss 2012, "Digital dynamic range compressor design", section 2 (feed-forward, in decibels).
    """
    peak = measure.peak(samples)
    if ratio <= 1 or threshold_db >= 0 or peak < 1e-30:
        return samples
    hop = max(round(_STEP * rate), 1)
    levels = _levels(samples, hop) / peak
    loud = 20 * np.log10(np.maximum(levels, 1e-6)) - threshold_db
    fall = 20 / release * hop / rate * np.arange(len(loud))
    loud = np.maximum.accumulate(loud + fall) - fall  # no faster down than the release
    cut = np.maximum(loud, 0.0) * (1 / ratio - 1)
    cut = _smoothed(cut, math.exp(-hop / rate / attack))
    out = samples * _ramps(10 ** (cut / 20), hop)[: samples.shape[1]]
    out *= np.float32(peak / max(measure.peak(out), 1e-30))
    return out


def _levels(samples: np.ndarray, hop: int) -> np.ndarray:
    """The highest peak on any channel in each `hop` samples: float64 [hops]."""
    over = np.abs(samples).max(axis=0)
    whole = len(over) // hop * hop
    tops = over[:whole].reshape(-1, hop).max(axis=1)
    return np.append(tops, over[whole:].max()).astype(np.float64) if whole < len(over) else tops.astype(np.float64)


def _ramps(values: np.ndarray, hop: int) -> np.ndarray:
    """Straight lines of `hop` samples between the middles of neighbouring values: float32 [hop * values]."""
    edges = np.concatenate((values[:1], (values[:-1] + values[1:]) / 2, values[-1:])).astype(np.float32)
    steps = (np.arange(hop, dtype=np.float32) + np.float32(0.5)) / np.float32(hop)
    return (edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * steps).reshape(-1)


def _smoothed(values: np.ndarray, keep: float) -> np.ndarray:
    """Each value on its way from the last one: a share `keep` of where it was, the rest of where it goes."""
    from scipy.signal import lfilter

    return lfilter([1 - keep], [1.0, -keep], values, zi=[keep * values[0]])[0]


def _wavering(state: AudioState, *, depth: float, **_: float) -> AudioState:
    return state.fluctuate() if depth > 0 else state


@register(
    "dynamics",
    _wavering,
    depth=Magnitude(0.0, 0.8, "of the amplitude", 0.0, 1.0),
    beats_hz=Anywhere((2.0, 8.0), "times a second", 0.1, 20.0, scale="log"),
    phase=Place("of a beat"),
)
def tremolo(samples: np.ndarray, rate: int, *, depth: float, beats_hz: float, phase: float) -> np.ndarray:
    """Let the level go down and up again in a rhythm.

    depth: how far it goes down, in [0, 1]; 1 is to silence. beats_hz: how often in a second, in [0.1, 20]. phase: where in a beat
    the recording starts.
    Source: Zölzer 2011, "DAFX", section 3.3.1 (amplitude modulation; tremolo).
    """
    if depth <= 0:
        return samples
    wave = np.cos(angles(samples.shape[1], beats_hz / rate, phase))
    wave *= np.float32(depth / 2)
    wave += np.float32(1 - depth / 2)
    return samples * wave


def angles(count: int, step: float, start: float) -> np.ndarray:
    """Angles that go on by `step` turns, from `start` turns, in [0, 2 * pi): float32 [count]."""
    turns = np.arange(count, dtype=np.float64)
    turns *= step
    turns += start
    turns -= np.floor(turns)
    return (turns * (2 * math.pi)).astype(np.float32)
