"""How a child and a network for sound hear: log-mel pictures, of any recording."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mmaug.errors import PolicyError

FLOOR_DB, CEILING_DB = -80.0, 0.0
"""Powers are seen between these, as -1 to 1; 0 dB is a full-scale sine in one band, about."""

DECIBELS = (CEILING_DB - FLOOR_DB) / 2
"""A picture is 1 lighter where the sound is so many decibels louder."""

_AT_ONCE = 4096
"""Frames worked on at a time, so that a long recording takes little more memory than a short one."""


@dataclass(frozen=True)
class Hearing:
    """rate: samples a second at which it hears. bands: of a picture. frames: of the pictures that it was trained on. hop: samples from one
    frame to the next.

    Raises: PolicyError for numbers below 1.
    """

    rate: int
    bands: int
    frames: int
    hop: int

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise PolicyError(f"Hearing: {name} must be a whole number of at least 1, got {value!r}")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Hearing:
        """The hearing of a JSON value, which `dataclasses.asdict` gives. Raises: PolicyError where it is none."""
        try:
            return cls(**value)
        except TypeError:
            raise PolicyError(f"a hearing must have rate, bands, frames and hop, got {value!r}") from None

    @property
    def window(self) -> int:
        """Samples that a frame looks at."""
        return max(256, 2 ** math.ceil(math.log2(2 * self.hop)))

    @property
    def bins(self) -> int:
        """Samples of the Fourier transform: more than a short window has, so that every low band has a bin."""
        return max(self.window, 1024)

    @cached_property
    def corners(self) -> np.ndarray:
        """Where bands begin, peak and end, in hertz: band i begins at corner i, peaks at i + 1, ends at i + 2; float64 [bands + 2]."""
        return mel_corners(self.bands, self.rate)

    @cached_property
    def filters(self) -> np.ndarray:
        """How much of each bin a band has: float32 [bands, bins / 2 + 1]."""
        return mel_filters(self.bands, self.bins, self.rate)

    def picture(self, samples: np.ndarray) -> np.ndarray:
        """The log-mel picture, float32 [bands, frames] in -1..1, of samples float32 [n] at `rate`: a frame each `hop` samples."""
        frames, window = max(math.ceil(len(samples) / self.hop), 1), self.window
        padded = np.zeros((frames - 1) * self.hop + window, np.float32)
        padded[window // 2 : window // 2 + len(samples)] = samples[: len(padded) - window // 2]
        views = np.lib.stride_tricks.sliding_window_view(padded, window)[:: self.hop]
        parts = [self._levels(views[first : first + _AT_ONCE]) for first in range(0, frames, _AT_ONCE)]
        return (np.clip(np.concatenate(parts), FLOOR_DB, CEILING_DB).T / DECIBELS + 1).astype(np.float32)

    def _levels(self, views: np.ndarray) -> np.ndarray:
        """Decibels, [frames, bands], of samples [frames, window]."""
        hann = (0.5 - 0.5 * np.cos(2 * math.pi * np.arange(self.window) / self.window)).astype(np.float32)
        power = np.abs(np.fft.rfft(views * hann, self.bins)) ** 2 * (4.0 / hann.sum() ** 2)
        return 10 * np.log10(np.maximum(power @ self.filters.T, 1e-10))


def mel_corners(bands: int, rate: int) -> np.ndarray:
    """Corners of triangles that are evenly spaced in mel from 0 Hz to half the rate, in hertz: float64 [bands + 2].

    Source: Stevens et al. 1937 (the mel scale, in O'Shaughnessy's formula).
    """
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    return 700 * (10 ** (np.linspace(0, highest, bands + 2) / 2595) - 1)


def mel_filters(bands: int, window: int, rate: int) -> np.ndarray:
    """HTK's triangles of height 1: float32 [bands, window / 2 + 1]. window: samples of the Fourier transform."""
    corners, bins = mel_corners(bands, rate), np.linspace(0, rate / 2, window // 2 + 1)
    rising = (bins[None] - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - bins[None]) / np.diff(corners)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
