"""Passes over samples, compiled where this machine has them (`passes.c`); else scipy and numpy do the same, slower."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

from mmaug.effects import equaliser
from mmaug.effects.equaliser import Sections

_LIBRARY = Path(__file__).with_name("_passes.so")


def _load() -> tuple[Any, Any]:
    """The compiled functions; None where they were not built or cannot run here."""
    try:
        library = ctypes.CDLL(str(_LIBRARY))
        filtering, rounding = library.mmaug_filter, library.mmaug_round
    except (OSError, AttributeError):  # not built, or left by an earlier version
        return None, None
    whole, address = ctypes.c_int64, ctypes.c_void_p
    filtering.argtypes = [address, address, whole, address, address, whole]
    rounding.argtypes = [address, address, whole, ctypes.c_float, ctypes.c_float]
    filtering.restype = rounding.restype = None
    return filtering, rounding


_FILTER, _ROUND = _load()


def filtered(samples: np.ndarray, sections: Sections) -> np.ndarray:
    """Samples, float32 [channels, samples], through second-order sections, as if the first sample had lasted forever before."""
    if not sections:
        return samples
    filters = np.array(sections)
    memory = equaliser.at_rest(sections)[:, None] * samples[:, :1].astype(np.float64)  # [sections, channels, 2]
    if _FILTER is None:
        from scipy.signal import sosfilt

        return sosfilt(filters, samples, axis=1, zi=memory)[0].astype(np.float32)
    samples = np.ascontiguousarray(samples)
    out = np.empty_like(samples)
    for channel in range(len(samples)):
        own = memory[:, channel].copy()
        _FILTER(
            samples[channel].ctypes.data, out[channel].ctypes.data, samples.shape[1], filters.ctypes.data, own.ctypes.data, len(filters)
        )
    return out


def rounded(samples: np.ndarray, levels: float) -> np.ndarray:
    """Samples, float32 [channels, samples], each the nearest of so many levels in an amplitude of 1; halves go to even ones."""
    times, step = np.float32(levels), np.float32(1 / levels)
    samples = np.ascontiguousarray(samples)
    if _ROUND is not None:
        out = np.empty_like(samples)
        _ROUND(samples.ctypes.data, out.ctypes.data, samples.size, times, step)
        return out
    out = samples * times
    np.rint(out, out=out)
    out *= step
    return out
