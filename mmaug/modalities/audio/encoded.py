"""Recordings as the bytes of a file: WAV, FLAC, OGG, MP3 and whatever else libsndfile reads and writes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmaug.errors import RowError
from mmaug.modalities.audio import same_bytes

_BLOCK = 1 << 16
"""Samples handed to the encoder at a time: the Vorbis encoder overflows its stack on long ones."""


def is_file(value: Any) -> bool:
    """Whether a value is {"bytes", "path"}, the form of `datasets.Audio(decode=False)`."""
    return isinstance(value, Mapping) and {"bytes", "path"} <= value.keys() and "array" not in value


def data_of(value: Mapping[str, Any], where: str) -> bytes:
    """The bytes of {"bytes", "path"}: the bytes themselves, or those of the file at the path. Raises: RowError where there are none."""
    if value["bytes"] is not None:
        return bytes(value["bytes"])
    try:
        return Path(value["path"]).read_bytes()
    except (OSError, TypeError) as error:
        got = f"no bytes and path={value['path']!r} ({getattr(error, 'strerror', None) or 'no path'})"
        raise RowError(f"{where}: must hold the bytes of a recording or the path of one, got {got}") from error


def measure(data: bytes, where: str) -> tuple[int, int, int]:
    """(samples, channels, rate) by the header alone. Raises: RowError for what is no recording."""
    import soundfile

    try:
        info = soundfile.info(io.BytesIO(data))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise _broken(data, "", where, error) from error
    return info.frames, info.channels, info.samplerate


def decode(data: bytes, where: str, form: str = "") -> tuple[np.ndarray, int, dict[str, str]]:
    """The samples, float32 [samples] or [channels, samples], their rate, and how to encode others the same way.

    form: what it should be, for messages.
    Raises: RowError for bytes that are empty, cut off, no recording, without samples, or with NaN among them.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            samples, rate, saving = file.read(dtype="float32"), file.samplerate, {"format": file.format, "subtype": file.subtype}
            expected = file.frames
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise _broken(data, form, where, error) from error
    if samples.size == 0 or len(samples) < expected:
        wanted = f"{expected} samples" if expected else "at least one sample"
        raise RowError(f"{where}: must hold {wanted}, got {len(samples)}; mend the recording")
    if bad := int(np.count_nonzero(~np.isfinite(samples))):
        raise RowError(f"{where}: samples must be finite, got {bad} that are NaN or infinite of {samples.size}; mend the recording")
    return np.ascontiguousarray(samples.T), int(rate), saving


def encode(samples: np.ndarray, rate: int, saving: Mapping[str, Any]) -> bytes:
    """The bytes of a file; whole-number formats are clipped to full scale, so nothing wraps. The same sound, the same bytes."""
    import soundfile

    frames = np.asarray(samples, dtype=np.float32).T
    if saving["subtype"] not in ("FLOAT", "DOUBLE"):
        frames = np.clip(frames, -1.0, 1.0)
    buffer = io.BytesIO()
    channels = 1 if frames.ndim == 1 else frames.shape[1]
    with soundfile.SoundFile(buffer, "w", rate, channels, **saving) as file:
        for first in range(0, len(frames), _BLOCK):
            file.write(frames[first : first + _BLOCK])
    return same_bytes.without_chance(buffer.getvalue())


def _broken(data: bytes, form: str, where: str, error: Exception) -> RowError:
    if not data:
        return RowError(f"{where}: must be a recording, got an empty file (0 bytes); get the file again")
    whole = f"a whole {form} recording" if form else "a whole recording that libsndfile reads (WAV, FLAC, OGG, MP3)"
    got = re.sub(r"(Error opening )?<_io\.BytesIO[^>]*>:? *", "", str(error)) or "bytes that are none"
    return RowError(f"{where}: must be {whole}, got {got}; get the file again or take the row out")
