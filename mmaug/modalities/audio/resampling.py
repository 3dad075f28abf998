"""Another number of samples for the same sound."""

from __future__ import annotations

import numpy as np

SHORTEST = 0.05
"""Seconds: shorter recordings have no spectrum to speak of and are resampled by linear interpolation."""


def resampled(samples: np.ndarray, rate: float, new_rate: float) -> np.ndarray:
    """The same sound at another rate: float32 [channels, about samples * new_rate / rate], at least one.

    Source: the SoX Resampler library, through soxr.
    """
    return to_length(samples, rate, new_rate, max(round(samples.shape[1] * new_rate / rate), 1))


def to_length(samples: np.ndarray, rate: float, new_rate: float, length: int) -> np.ndarray:
    """The same sound at another rate: float32 [channels, length]; what is missing at the end is silent."""
    import soxr

    if rate == new_rate and length == samples.shape[1]:
        return samples
    if samples.shape[1] < SHORTEST * rate:
        return interpolated(samples, length)
    made = np.stack([soxr.resample(channel, rate, new_rate) for channel in samples])[:, :length]
    return np.pad(made, ((0, 0), (0, length - made.shape[1])))


def interpolated(samples: np.ndarray, length: int) -> np.ndarray:
    """Straight lines between samples: float32 [channels, length]."""
    places = np.linspace(0, samples.shape[1] - 1, length)
    grid = np.arange(samples.shape[1])
    return np.stack([np.interp(places, grid, channel) for channel in samples]).astype(np.float32)
