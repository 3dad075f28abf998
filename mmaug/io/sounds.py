"""Recordings in files: read as floats, written in the format and sample type they came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaug.modalities.audio import encoded

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
"""File endings and libsndfile's names of the formats."""


def decode(data: bytes, ending: str, where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The recording as {"array": float32 [samples] or [channels, samples], "sampling_rate"}, and how to encode one like it.

    Raises: RowError for a file that is empty, cut off, of another format, without samples, or with NaN among them.
    """
    samples, rate, saving = encoded.decode(data, where, FORMATS[ending])
    return {"array": samples, "sampling_rate": rate}, saving


def encode(sound: Mapping[str, Any], saving: Mapping[str, Any]) -> bytes:
    """The bytes of a file; whole-number formats are clipped to full scale, so nothing wraps. The same sound, the same bytes."""
    return encoded.encode(sound["array"], sound["sampling_rate"], saving)
