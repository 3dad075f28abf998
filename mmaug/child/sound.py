"""Recordings as log-mel pictures: what the child's audio tower sees."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmaug.child.config import ChildConfig
from mmaug.neural.hearing import CEILING_DB, FLOOR_DB, Hearing


class LogMel:
    """Waveforms to float [n, 1, mels, mels] in [-1, 1]: as many frames as bands, over `seconds`."""

    def __init__(self, config: ChildConfig, seconds: float):
        self.length = max(round(seconds * config.audio_rate), config.mels)
        self.hears = Hearing(config.audio_rate, config.mels, config.mels, math.ceil(self.length / config.mels))
        self._hann = torch.hann_window(self.hears.window)
        self._filters = torch.from_numpy(self.hears.filters)

    def __call__(self, clips: Sequence[np.ndarray | None]) -> Tensor:
        """clips: float [channels, samples], or None; channels are averaged, too long ones cut, too short ones end in silence."""
        hears = self.hears
        waves = np.zeros((len(clips), hears.frames * hears.hop), np.float32)
        for wave, clip in zip(waves, clips, strict=True):
            if clip is not None:
                mono = np.atleast_2d(clip)[:, : self.length].mean(0)
                wave[: len(mono)] = mono
        spectrum = torch.stft(
            torch.from_numpy(waves), hears.bins, hears.hop, hears.window, self._hann, pad_mode="constant", return_complex=True
        )[..., : hears.frames]
        power = (spectrum.real.square() + spectrum.imag.square()) * (4.0 / self._hann.sum() ** 2)
        db = 10 * torch.log10((self._filters @ power).clamp_min(1e-10))
        return ((db.clamp(FLOOR_DB, CEILING_DB) - FLOOR_DB) / (CEILING_DB - FLOOR_DB) * 2 - 1)[:, None]
