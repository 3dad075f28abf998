"""Taking away: bands of frequencies altogether, and stretches of time."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from mmaug.effects.sound import AUDIBLE, Band
from mmaug.modalities.audio import resampling

FADE = 0.005
"""Seconds in which a muted stretch fades out and in."""

_FRAME = 0.064
"""Seconds of a frame whose spectrum is masked: bands are sharp to about 30 Hz."""

_STEPS = 320
"""Lower rates are multiples of the rate divided by this: twice as fast to resample to as any rate, and no further off than 0.3 %."""

_FRAMES = 4096
"""Frames worked on at a time, so that a long recording takes no more memory than a short one."""


def without(samples: np.ndarray, rate: int, bands: tuple[Band, ...]) -> np.ndarray:
    """Samples, float32 [channels, samples], without some bands; what reaches up to the end of what is audible is left out by resampling."""
    out = samples
    for low, high in bands:
        if low >= rate / 2:
            continue
        if high >= min(AUDIBLE[1], rate / 2) and low <= AUDIBLE[0]:
            return np.zeros_like(samples)
        if high >= min(AUDIBLE[1], rate / 2):
            lower = max(round(2 * low / rate * _STEPS), 1) * rate / _STEPS
            out = resampling.to_length(resampling.resampled(out, rate, lower), lower, rate, samples.shape[1])
        else:
            out = _masked(out, rate, low, high)
    return out


def muted(samples: np.ndarray, rate: int, start: float, end: float) -> np.ndarray:
    """Samples, float32 [channels, samples], silent from `start` to `end` seconds, with fades inside."""
    first, last = round(start * rate), min(round(end * rate), samples.shape[1])
    if first >= last:
        return samples
    out = samples.copy()
    out[:, first:last] *= fades(last - first, rate)
    return out


def fades(count: int, rate: int) -> np.ndarray:
    """The level in a muted stretch: from 1 to silence and back to 1, float32 [count]."""
    slope = _slope(min(round(FADE * rate), count // 2))
    fade = len(slope)
    out = np.zeros(count, np.float32)
    out[:fade], out[count - fade :] = slope, slope[::-1]
    return out


@lru_cache(maxsize=16)  # one for each rate
def _slope(fade: int) -> np.ndarray:
    """From 1 to silence: read-only float32 [fade]."""
    slope = (0.5 + 0.5 * np.cos(math.pi * (np.arange(fade) + 0.5) / max(fade, 1))).astype(np.float32)
    slope.flags.writeable = False
    return slope


def _masked(samples: np.ndarray, rate: int, low: float, high: float) -> np.ndarray:
    """Zero the bins of a band in frames."""
    kept = kept_bins(half_frame(rate), rate, low, high)
    return weighed(samples, rate, lambda first, count: kept)


def weighed(samples: np.ndarray, rate: int, shares: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """Samples, float32 [channels, samples], with each bin times a share; frames overlap by half, under a sine window before and after.

    shares: (first, count) -> for so many frames from the first, float32 [count, half + 1], or [half + 1] for all; the middle of frame i is
    at sample i * half.
    """
    half = half_frame(rate)
    channels, length = samples.shape
    frames = math.ceil(length / half) + 1
    padded = np.zeros((channels, (frames + 1) * half), dtype=np.float32)
    padded[:, half : half + length] = samples
    out = np.zeros_like(padded)
    window = sine_window(half)
    for first in range(0, frames, _FRAMES):
        count = min(_FRAMES, frames - first)
        part = slice(first * half, (first + count + 1) * half)
        view = np.lib.stride_tricks.sliding_window_view(padded[:, part], 2 * half, axis=1)[:, ::half]
        made = _through(view * window, shares(first, count)) * window
        blocks = out[:, part].reshape(channels, count + 1, half)
        blocks[:, :-1] += made[..., :half]
        blocks[:, 1:] += made[..., half:]
    return out[:, half : half + length]


def half_frame(rate: int) -> int:
    """Samples of half a frame, a power of 2."""
    return 2 ** max(round(math.log2(_FRAME * rate / 2)), 3)


def sine_window(half: int) -> np.ndarray:
    """A window whose square adds up to 1 over frames that overlap by half: float32 [2 * half]."""
    return np.sin(math.pi * (np.arange(2 * half) + 0.5) / (2 * half)).astype(np.float32)


def kept_bins(half: int, rate: int, low: float, high: float) -> np.ndarray:
    """1 for the bins to keep and 0 for those in the band, the nearest one at least: float32 [half + 1]."""
    hertz = np.arange(half + 1) * (rate / (2 * half))
    gone = (hertz >= low) & (hertz <= high)
    gone[np.abs(hertz - (low + high) / 2).argmin()] = True
    return (~gone).astype(np.float32)


def _through(frames: np.ndarray, kept: np.ndarray) -> np.ndarray:
    import scipy.fft

    return scipy.fft.irfft(scipy.fft.rfft(frames) * kept, frames.shape[-1])  # type: ignore[return-value]
