"""Recordings in files: read as floats, written in the format and sample type they came in."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import soundfile

from mmaug.errors import RowError
from mmaug.io import same_bytes

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG"}
"""File endings and libsndfile's names of the formats."""


def decode(data: bytes, ending: str, where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The recording as {"array": float32 [samples] or [channels, samples], "sampling_rate"}, and how to encode one like it.

    Raises: RowError for a file that is empty, cut off, of another format, without samples, or with NaN among them.
    """
    if not data:
        raise RowError(f"{where}: must be a recording, got an empty file (0 bytes); get the file again")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            samples, rate, saving = file.read(dtype="float32"), file.samplerate, {"format": file.format, "subtype": file.subtype}
            expected = file.frames
    except (soundfile.LibsndfileError, RuntimeError) as error:
        message = f"{where}: must be a whole {FORMATS[ending]} recording, got {error}; get the file again or take the row out"
        raise RowError(message) from error
    if samples.size == 0 or len(samples) < expected:
        wanted = f"{expected} samples" if expected else "at least one sample"
        raise RowError(f"{where}: must hold {wanted}, got {len(samples)}; mend the recording")
    if bad := int(np.count_nonzero(~np.isfinite(samples))):
        raise RowError(f"{where}: samples must be finite, got {bad} that are NaN or infinite of {samples.size}; mend the recording")
    return {"array": np.ascontiguousarray(samples.T), "sampling_rate": int(rate)}, saving


def encode(sound: Mapping[str, Any], saving: Mapping[str, Any]) -> bytes:
    """The bytes of a file; whole-number formats are clipped to full scale, so nothing wraps. The same sound, the same bytes."""
    samples = np.asarray(sound["array"], dtype=np.float32).T
    if saving["subtype"] not in ("FLOAT", "DOUBLE"):
        samples = np.clip(samples, -1.0, 1.0)
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sound["sampling_rate"], **saving)
    return same_bytes.without_chance(buffer.getvalue())
