"""What is measured of samples: their peak, and the power of what is heard in them."""

from __future__ import annotations

import cv2
import numpy as np

FRAME = 0.02
"""Seconds over which power is measured."""

ACTIVE = 1e-4
"""A frame is active when it has at least this share (-40 dB) of the power of the loudest one."""


def peak(samples: np.ndarray) -> float:
    """The largest absolute sample of float32 [channels, samples]."""
    return cv2.norm(np.ascontiguousarray(samples), cv2.NORM_INF)  # OpenCV reads beyond arrays that repeat one sample


def power(samples: np.ndarray) -> float:
    """The mean square of float [channels, samples]."""
    flat = samples.reshape(-1)
    return float(np.vdot(flat, flat)) / flat.size


def active_power(samples: np.ndarray, rate: int) -> float:
    """The mean square over the active frames of float32 [channels, samples], so that pauses do not count; 0 for silence."""
    framed = frames(samples, rate)
    if framed is None:
        return power(samples)
    powers = frame_powers(framed)
    return float(powers[powers >= ACTIVE * powers.max()].mean())


def active_samples(samples: np.ndarray, rate: int) -> np.ndarray:
    """The samples of the active frames on all channels: float32 [samples], at least one; of a recording too short for frames, all."""
    framed = frames(samples, rate)
    if framed is None:
        return samples.reshape(-1)
    powers = frame_powers(framed)
    return framed[:, powers >= ACTIVE * powers.max()].reshape(-1)


def frames(samples: np.ndarray, rate: int) -> np.ndarray | None:
    """Samples cut into frames, [channels, frames, samples]; a rest at the end is left out. None where there would be fewer than two."""
    frame = max(round(FRAME * rate), 1)
    count = samples.shape[1] // frame
    return samples[:, : count * frame].reshape(samples.shape[0], count, frame) if count > 1 else None


def frame_powers(framed: np.ndarray) -> np.ndarray:
    """The mean square of each frame over all channels: float32 [frames]."""
    return np.einsum("cfn,cfn->f", framed, framed) / np.float32(framed.shape[0] * framed.shape[2])
