"""How a network for sound hears: the log-mel picture that it was trained on, made again of any recording."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mmaug.errors import PolicyError

FLOOR_DB = -80.0
"""The power that is seen as -1; 0 dB, a full-scale sine in one band, about, is seen as 1."""

DECIBELS = -FLOOR_DB / 2
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

    @cached_property
    def corners(self) -> np.ndarray:
        """Where the bands begin, peak and end, in hertz: band i begins at corner i, peaks at i + 1 and ends at i + 2; float64 [bands + 2].

        Source: Stevens et al. 1937 (the mel scale, in O'Shaughnessy's formula); HTK's triangular filters.
        """
        highest = math.log1p(self.rate / 2 / 700)
        return 700 * np.expm1(np.linspace(0, highest, self.bands + 2))

    def picture(self, samples: np.ndarray) -> np.ndarray:
        """The log-mel picture, float32 [bands, frames] in -1..1, of samples float32 [n] at `rate`: a frame each `hop` samples."""
        frames, window = max(math.ceil(len(samples) / self.hop), 1), self.window
        padded = np.zeros((frames - 1) * self.hop + window, np.float32)
        padded[window // 2 : window // 2 + len(samples)] = samples[: len(padded) - window // 2]
        views = np.lib.stride_tricks.sliding_window_view(padded, window)[:: self.hop]
        parts = [self._levels(views[first : first + _AT_ONCE]) for first in range(0, frames, _AT_ONCE)]
        return (np.clip(np.concatenate(parts), FLOOR_DB, 0.0).T / DECIBELS + 1).astype(np.float32)

    def _levels(self, views: np.ndarray) -> np.ndarray:
        """Decibels, [frames, bands], of samples [frames, window]."""
        bins = max(self.window, 1024)  # finer than a short window, so that every low band has a bin
        hann = (0.5 - 0.5 * np.cos(2 * math.pi * np.arange(self.window) / self.window)).astype(np.float32)
        power = np.abs(np.fft.rfft(views * hann, bins)) ** 2 * (4.0 / hann.sum() ** 2)
        return 10 * np.log10(np.maximum(power @ self._filters(bins).T, 1e-10))

    def _filters(self, bins: int) -> np.ndarray:
        corners, hertz = self.corners, np.linspace(0, self.rate / 2, bins // 2 + 1)
        rising = (hertz[None] - corners[:-2, None]) / np.diff(corners)[:-1, None]
        falling = (corners[2:, None] - hertz[None]) / np.diff(corners)[1:, None]
        return np.maximum(0, np.minimum(rising, falling))
