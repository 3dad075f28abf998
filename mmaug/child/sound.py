"""Recordings as log-mel pictures: what the child's audio tower sees."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmaug.child.config import ChildConfig

FLOOR_DB, CEILING_DB = -80.0, 0.0
"""Powers are seen between these, as -1 to 1; 0 dB is a full-scale sine in one band, about."""


class LogMel:
    """Waveforms to float [n, 1, mels, mels] in [-1, 1]: as many frames as bands, over `seconds`.

    Source: Stevens et al. 1937 (the mel scale, in O'Shaughnessy's formula); HTK's triangular filters.
    """

    def __init__(self, config: ChildConfig, seconds: float):
        self.rate, self.frames = config.audio_rate, config.mels
        self.length = max(round(seconds * config.audio_rate), config.mels)
        self.hop = math.ceil(self.length / self.frames)
        self.window = max(256, 2 ** math.ceil(math.log2(2 * self.hop)))
        self._hann = torch.hann_window(self.window)
        self._bins = max(self.window, 1024)  # finer than a short window, so that every low band has a bin
        self._filters = torch.from_numpy(mel_filters(config.mels, self._bins, config.audio_rate))

    def __call__(self, clips: Sequence[np.ndarray | None]) -> Tensor:
        """clips: float [channels, samples], or None; channels are averaged, too long ones cut, too short ones end in silence."""
        waves = np.zeros((len(clips), self.frames * self.hop), np.float32)
        for wave, clip in zip(waves, clips, strict=True):
            if clip is not None:
                mono = np.atleast_2d(clip)[:, : self.length].mean(0)
                wave[: len(mono)] = mono
        spectrum = torch.stft(
            torch.from_numpy(waves), self._bins, self.hop, self.window, self._hann, pad_mode="constant", return_complex=True
        )[..., : self.frames]
        power = (spectrum.real.square() + spectrum.imag.square()) * (4.0 / self._hann.sum() ** 2)
        db = 10 * torch.log10((self._filters @ power).clamp_min(1e-10))
        return ((db.clamp(FLOOR_DB, CEILING_DB) - FLOOR_DB) / (CEILING_DB - FLOOR_DB) * 2 - 1)[:, None]


def mel_filters(bands: int, window: int, rate: int) -> np.ndarray:
    """Triangles of height 1, evenly spaced in mel from 0 Hz to half the rate: float32 [bands, window / 2 + 1].

    window: samples of the Fourier transform.
    """
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, bands + 2) / 2595) - 1)
    bins = np.linspace(0, rate / 2, window // 2 + 1)
    rising = (bins[None] - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - bins[None]) / np.diff(corners)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
