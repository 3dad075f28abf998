"""An augmentation that is a network, for sound: how loud each band is at each time changes as it says, and never beyond what is declared.

The network sees a log-mel picture of the recording, all channels together. What it changes is a gain for each band and time, which every
channel gets alike. What it can change at most is measured beforehand with the same noise, on pictures of sorts of sounds.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mmaug.effects.sound import AUDIBLE, AudioState, Band
from mmaug.effects.time import Span, joined_spans
from mmaug.modalities.audio import bands, resampling
from mmaug.neural import running
from mmaug.neural.hearing import DECIBELS, Hearing
from mmaug.params import Network, Seed
from mmaug.registry import register

if TYPE_CHECKING:
    from mmaug.neural.network import NeuralPolicy

LOST = 6.0
"""Decibels by which a band must be weaker to be taken away, or stronger to be raised, as for filters."""

NOTICED = 1.0
"""Decibels that a level may change and be taken for the same."""

WAVERS = 3.0
"""Decibels by which a band may go up and down in the course of a recording that is still even."""

NAMED: Band = (150.0, 5000.0)
"""Hertz: where most sounds have their strength. A time at which half of these octaves are lost counts as silent."""

HALF = 0.5


def _does(state: AudioState, *, network: str, seed: int) -> AudioState:
    if not network:
        return state
    net = running.network(network, "audio")
    low, high = _limits(net, seed)
    if max(-low.min(), high.max()) <= NOTICED:
        return state
    state = state.relevel()
    if (high.max(axis=1) - low.min(axis=1)).max() > WAVERS:
        state = state.fluctuate()
    hears, seconds = _hearing(net), state.time.out_seconds
    silent, weaker = _silent(low <= -LOST, hears)
    for start, end in _spans(silent):
        state = state.mute(start * seconds, end * seconds)
    return state.equalise(_bands(weaker, hears), _bands(np.any(high >= LOST, axis=1), hears))


@register("sound network", _does, network=Network(), seed=Seed())
def neural(samples: np.ndarray, rate: int, *, network: str, seed: int) -> np.ndarray:
    """Augment with a network that a search has trained: bands of the sound become weaker or stronger as it says, in time.

    network: its name, or the folder that `NeuralPolicy.save` wrote, for sound; "" changes nothing. seed: of its noise.
    Bands that it can take away and times that it can silence are declared, so captions that need them drop the step; sides and times stay.
    Source: Park et al. 2019, "SpecAugment", section 2 (masks, here on the sound itself); Suzuki 2022, "TeachAugment" (the training).
    """
    if not network or not samples.size:
        return samples
    net = running.network(network, "audio")
    db = _changes(net, samples, rate, seed)
    if not db.any():
        return samples
    hears = _hearing(net)
    half = bands.half_frame(rate)
    bins = np.arange(half + 1) * (rate / (2 * half))
    weights = _between(hears.corners[1:-1], bins).astype(np.float32)  # beyond the outermost bands as at them
    frames = np.append(db, db[:, -1:], axis=1).T.astype(np.float32) * np.float32(math.log(10) / 20)

    def shares(first: int, count: int) -> np.ndarray:
        places = np.arange(first, first + count) * (half / rate * hears.rate / hears.hop)
        before = np.minimum(places.astype(np.intp), len(frames) - 2)
        on = np.minimum(places - before, 1)[:, None].astype(np.float32)
        return np.exp(((1 - on) * frames[before] + on * frames[before + 1]) @ weights)

    return bands.weighed(samples, rate, shares)


def _hearing(net: NeuralPolicy) -> Hearing:
    assert net.hears is not None  # as `running.network` sees to
    return net.hears


def _changes(net: NeuralPolicy, samples: np.ndarray, rate: int, seed: int) -> np.ndarray:
    """By how many decibels each band is to change in each frame, within the limits: float64 [bands, frames]."""
    hears = _hearing(net)
    mono = samples.mean(axis=0, keepdims=True)
    picture = hears.picture(resampling.resampled(mono, rate, hears.rate)[0])
    made = running.recoloured(net, picture[None, None], seed)[0, 0]
    low, high = _limits(net, seed)
    stretched = _between(np.linspace(0, 1, hears.frames), np.linspace(0, 1, picture.shape[1]))
    return np.clip((made - picture).astype(np.float64) * DECIBELS, low @ stretched, high @ stretched)


def _between(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """How much of the value at each known place goes into that at each place asked: straight lines, float64 [known, asked]."""
    return np.stack([np.interp(asked, known, one) for one in np.eye(len(known))])


# -- what it can change at most ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _limits(net: NeuralPolicy, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most decibels by which each band changes in each frame, of all sorts of sounds: float64 [bands, frames] each."""
    hears = _hearing(net)
    pictures = _sorts(hears)
    made = (running.recoloured(net, pictures[:, None], seed)[:, 0] - pictures).astype(np.float64) * DECIBELS
    return made.min(axis=0), made.max(axis=0)


@cache
def _sorts(hears: Hearing) -> np.ndarray:
    """Pictures of sorts of sounds, as loud as recordings are: even, low and high ones, noise, bursts; float32 [n, bands, frames]."""
    shape = (hears.bands, hears.frames)
    up, along = np.linspace(-1, 1, hears.bands)[:, None], np.arange(hears.frames)[None]
    drawn = np.random.Generator(np.random.Philox(0))
    found = [np.full(shape, level) for level in (-0.6, -0.4, -0.2, 0.0, 0.2)]
    found += [np.broadcast_to(slope * 0.4 * up - 0.2, shape) for slope in (-1, 1)]
    found += [drawn.uniform(-0.6, 0.2, shape) for _ in range(3)]
    found += [np.broadcast_to(np.where(along % 8 < 3, 0.1, -0.6), shape), np.where(np.abs(up) < 0.3, 0.1, -0.6) * np.ones(shape)]
    return np.stack(found).astype(np.float32)


def _silent(lost: np.ndarray, hears: Hearing) -> tuple[np.ndarray, np.ndarray]:
    """Frames in which half of the octaves that matter are lost, bool [frames], and bands that are lost at other times, bool [bands]."""
    edges = np.clip(np.array([_reach(band, band, hears) for band in range(hears.bands)]), *NAMED)
    # what is interpolated between two bands is counted for both, half each
    octaves = np.log2(edges[:, 1] / edges[:, 0])
    silent = octaves @ lost >= HALF * octaves.sum()
    return silent, np.any(lost[:, ~silent], axis=1)


def _reach(first: int, last: int, hears: Hearing) -> Band:
    """From where to where a change of these bands reaches, in hertz: to the middles of their neighbours."""
    low = hears.corners[first] if first else AUDIBLE[0]
    return float(max(low, AUDIBLE[0])), float(hears.corners[last + 2]) if last + 1 < hears.bands else AUDIBLE[1]


def _bands(inside: np.ndarray, hears: Hearing) -> tuple[Band, ...]:
    return tuple(joined_spans(_reach(first, end - 1, hears) for first, end in _runs(inside)))


def _spans(inside: np.ndarray) -> list[Span]:
    """Runs of frames as shares of the recording, to the middles of their neighbours."""
    last = max(len(inside) - 1, 1)
    return [(max(first - 1, 0) / last, min(end, last) / last) for first, end in _runs(inside)]


def _runs(inside: np.ndarray) -> list[tuple[int, int]]:
    """Each run of True: (first, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
