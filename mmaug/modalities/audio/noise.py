"""Ops that add noise at an exact ratio to the sound.

The ratio is that of the power of the sound in its active frames (20 ms each, no more than 40 dB below the loudest, all channels
together) to the mean power of the noise that is added, in decibels. Pauses in the sound do not count; silence stays silent.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np

from mmaug import rng
from mmaug.effects.sound import AUDIBLE, AudioState
from mmaug.modalities.audio import clips, measure
from mmaug.params import Anywhere, Magnitude, Place, Seed, Text
from mmaug.registry import register

UNHEARD = 60.0
"""Decibels below the sound at which noise is none."""

SNR = Magnitude(UNHEARD, 5.0, "dB", -20.0, UNHEARD)


def _noisy(state: AudioState, *, snr_db: float, **_: object) -> AudioState:
    return state.noisy(snr_db) if snr_db < UNHEARD else state


@register("treatment", _noisy, snr_db=SNR, seed=Seed())
def gaussian_noise(samples: np.ndarray, rate: int, *, snr_db: float, seed: int) -> np.ndarray:
    """Add white noise, another on each channel.

    snr_db: of the sound to the noise, in [-20, 60]; 60 adds none. seed: of the noise.
    Source: audiomentations, AddGaussianSNR; here against the power of the active frames.
    """
    if snr_db >= UNHEARD:
        return samples
    return added(samples, rate, white(samples.shape, seed), snr_db)


@register("treatment", _noisy, snr_db=SNR, exponent=Anywhere((0.0, 2.0), "of 1/f", -2.0, 2.0), seed=Seed())
def colored_noise(samples: np.ndarray, rate: int, *, snr_db: float, exponent: float, seed: int) -> np.ndarray:
    """Add noise whose power falls with the frequency, another on each channel.

    snr_db: of the sound to the noise, in [-20, 60]; 60 adds none. exponent: power goes as 1 / f ** exponent, in [-2, 2]: 0 is white,
    1 pink, 2 brown, -1 blue, -2 violet. seed: of the noise.
    Source: Timmer and König 1995, "On generating power law noise"; audiomentations, AddColorNoise.
    """
    if snr_db >= UNHEARD:
        return samples
    return added(samples, rate, coloured(samples.shape, rate, exponent, seed), snr_db)


@register(
    "treatment",
    _noisy,
    snr_db=SNR,
    source=Text(("",), "a folder, the name of registered clips, or empty for coloured noise"),
    which=Place("of the source"),
    start=Place("of the clip"),
    seed=Seed(),
)
def background(samples: np.ndarray, rate: int, *, snr_db: float, source: str, which: float, start: float, seed: int) -> np.ndarray:
    """Add a background: a recording from a folder or from registered clips, or coloured noise where neither is given.

    snr_db: of the sound to the background, in [-20, 60]; 60 adds none. source: a folder, the name of clips registered with
    `mm.register_clips`, or "" for noise between white and brown, the same on all channels. which: which recording, from the first to
    the last (or how brown). start: where in it to begin; it is repeated where it is too short. seed: of coloured noise.
    Source: audiomentations, AddBackgroundNoise.
    """
    if snr_db >= UNHEARD:
        return samples
    return added(samples, rate, behind(samples.shape, rate, source, which, start, seed), snr_db)


def added(samples: np.ndarray, rate: int, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Samples with noise, [channels or 1, samples], at a ratio of their powers; the noise may be overwritten."""
    wanted = measure.active_power(samples, rate) / 10 ** (snr_db / 10)
    power = measure.power(noise)
    if not power or not wanted:
        return samples
    noise *= np.float32(np.sqrt(wanted / power))
    return np.add(samples, noise, out=noise if noise.shape == samples.shape else None)


def white(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Noise of all frequencies: float32 [channels, samples]."""
    return rng.generator(seed).standard_normal(shape, dtype=np.float32)


def behind(shape: tuple[int, ...], rate: int, source: str, which: float, start: float, seed: int) -> np.ndarray:
    """What a background is before it is brought to its level: float32 [channels or 1, samples], a new array."""
    channels, length = shape
    if not source:
        return coloured((1, length), rate, 2 * which, seed)
    clip = clips.excerpt(source, which, start, length, rate)
    return clip if clip.shape[0] == channels else clip.mean(axis=0, keepdims=True)


def coloured(shape: tuple[int, ...], rate: int, exponent: float, seed: int) -> np.ndarray:
    """Noise whose power goes as 1 / f ** exponent above 20 Hz: float32 [channels, samples].

    Made in the frequency domain: amplitudes and phases of a Gaussian process, weighed, and brought to time at once. A long noise is made of
    pieces that fade into each other, as many short transforms are several times faster than a long one.
    """
    channels, length = shape
    fade = round(_FADE * rate)
    whole = max(min(_power_of_two(_PIECE * rate), _power_of_two(length)), 16)
    step = whole - fade if whole < length else whole
    pieces = max(math.ceil((length - fade) / step), 1)
    hertz = np.maximum(np.arange(1, whole // 2 + 1, dtype=np.float32) * np.float32(rate / whole), np.float32(AUDIBLE[0]))
    weights = np.zeros(whole, np.float32)
    # as OpenCV packs a spectrum: the mean, real and imaginary parts in turn, and what is real at half the rate
    weights[1:] = np.repeat(hertz ** np.float32(-exponent / 2), 2)[:-1]
    spectra = _gaussian((channels * pieces, whole), seed)
    spectra *= weights
    made = cv2.dft(spectra, dst=spectra, flags=cv2.DFT_INVERSE | cv2.DFT_REAL_OUTPUT | cv2.DFT_ROWS | cv2.DFT_SCALE)
    return _joined(made.reshape(channels, pieces, whole), step, length)


def _power_of_two(least: float) -> int:
    """The lengths that transform fastest."""
    return 1 << max(math.ceil(least) - 1, 0).bit_length()


_PIECE = 0.17
"""Seconds of noise that are made at once, at least: its spectrum is made in steps of at most 6 Hz, and begins to fall at 20."""

_FADE = 0.025
"""Seconds in which one piece fades into the next."""


def _joined(pieces: np.ndarray, step: int, length: int) -> np.ndarray:
    """Pieces of noise, [channels, pieces, samples], as one of `length`: each starts `step` after the last and fades in as that fades out.

    As they know nothing of each other their powers add up: sine and cosine keep the sum. The samples move within the array that is given.
    """
    channels, count, whole = pieces.shape
    if fade := whole - step:
        angle = (np.arange(fade, dtype=np.float32) + np.float32(0.5)) * np.float32(math.pi / 2 / fade)
        pieces[:, 1:, :fade] *= np.sin(angle)
        pieces[:, 1:, :fade] += pieces[:, :-1, step:] * np.cos(angle)
    flat = pieces.reshape(-1)
    for number in range(channels * count):
        channel, place = divmod(number, count)
        size = min(step if place + 1 < count else whole, length - place * step)
        to, at = channel * length + place * step, number * whole  # never later than it was
        flat[to : to + size] = flat[at : at + size]
    return flat[: channels * length].reshape(channels, length)


def _gaussian(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Numbers that are spread normally, in 256 steps of equal chance: float32. Thirteen times faster than numpy's, which have no steps.

    For amplitudes and phases that is enough: every sample of the noise is a sum of thousands of them.
    """
    count = math.prod(shape)
    words = rng.generator(seed).bit_generator.random_raw(-(-count // 8))
    steps = words.astype("<u8", copy=False).view(np.uint8)[:count]  # the same on every machine
    return cv2.LUT(steps.reshape(1, -1), _quantiles()).reshape(shape)


@cache
def _quantiles() -> np.ndarray:
    """The middles of the steps: float32 [256]."""
    from scipy.special import ndtri

    return ndtri((np.arange(256) + 0.5) / 256).astype(np.float32)
