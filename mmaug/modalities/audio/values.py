"""The forms a recording may come in, and the array that kernels see: what comes in goes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mmaug.errors import RowError
from mmaug.modalities.audio import encoded

FULL_SCALE = 32768
"""What int16 samples are divided by, and multiplied with on the way back."""

Restore = Callable[[np.ndarray], Any]


@dataclass(frozen=True, slots=True, eq=False)
class AudioClip:
    """A recording. samples: float [samples] or [channels, samples] in [-1, 1]; rate: samples a second."""

    samples: np.ndarray
    rate: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AudioClip) and self.rate == other.rate and bool(np.array_equal(self.samples, other.samples))

    @property
    def seconds(self) -> float:
        return self.samples.shape[-1] / self.rate


@dataclass(frozen=True, slots=True)
class Hearing:
    """What can be known of a recording without its samples."""

    samples: int
    channels: int
    rate: int

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


def listen(value: Any, where: str) -> Hearing:
    """Length, channels and rate. Raises: RowError for something that is no recording, has no rate or no samples."""
    if encoded.is_file(value):
        count, channels, rate = encoded.measure(encoded.data_of(value, where), where)
        shape: tuple[int, ...] = (channels, count)
    else:
        samples, rate, _ = _open(value, where)
        shape = tuple(samples.shape)
        _check_type(samples, where)
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise RowError(f"{where}: must be [samples] or [channels, samples] with at least one sample, got shape {list(shape)}")
    if len(shape) == 2 and shape[0] > 64:
        raise RowError(f"{where}: must be [channels, samples], got {list(shape)}; transpose it")
    return Hearing(shape[-1], 1 if len(shape) == 1 else shape[0], rate)


def to_samples(value: Any, where: str) -> tuple[np.ndarray, Restore]:
    """The samples as float32 [channels, samples], and the function that gives such samples back in the form that came.

    int16 samples are divided by 32768, and come back rounded and clipped. An {"bytes", "path"} comes back encoded as it was: exactly
    for WAV and FLAC but for the rounding of whole numbers, with new losses for OGG and MP3. A decoder of torchcodec comes back as
    {"array", "sampling_rate"}, which `datasets` takes in its place.
    Raises: RowError for NaN or infinite samples.
    """
    samples, _, restore = _open(value, where)
    array = samples.detach().cpu().numpy() if hasattr(samples, "detach") else np.asarray(samples)
    flat, dtype = array.ndim == 1, array.dtype
    whole = dtype == np.int16
    if not whole and not np.isfinite(array).all():
        bad = int(np.count_nonzero(~np.isfinite(array)))
        raise RowError(f"{where}: samples must be finite, got {bad} that are NaN or infinite of {array.size}; mend the recording")

    def back(out: np.ndarray) -> Any:
        shaped = out[0] if flat else out
        if whole:
            shaped = np.clip(np.rint(shaped * np.float32(FULL_SCALE)), -FULL_SCALE, FULL_SCALE - 1)
        shaped = shaped.astype(dtype, copy=False)
        return restore(samples.new_tensor(shaped) if hasattr(samples, "new_tensor") else shaped)

    floats = np.atleast_2d(array).astype(np.float32, copy=False)
    return floats / np.float32(FULL_SCALE) if whole else floats, back


def _check_type(samples: Any, where: str) -> None:
    name = _name(samples.dtype)
    if name.startswith(("complex", "bool")):
        raise RowError(f"{where}: must hold floats in [-1, 1] or int16, got {samples.dtype}; give the samples themselves, not a spectrum")
    if not name.startswith("float") and name != "int16":
        raise RowError(
            f"{where}: must hold floats in [-1, 1] or int16, got {samples.dtype}; divide other whole numbers by their full scale "
            "(8388608 for 24 bits, 2147483648 for 32)"
        )


@lru_cache(maxsize=64)  # numpy takes longer to write the name of a type than all else that is asked of a recording
def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _open(value: Any, where: str) -> tuple[Any, int, Restore]:
    """The samples as they are, the rate, and how to wrap new samples the same way."""
    if encoded.is_file(value):
        decoded, rate, saving = encoded.decode(encoded.data_of(value, where), where)
        return decoded, rate, lambda out: {**value, "bytes": encoded.encode(out, rate, saving)}
    if hasattr(value, "get_all_samples"):  # a decoder of torchcodec, or of datasets, which is one
        found = value.get_all_samples()
        rate, decoded = _rate(found.sample_rate, where), found.data.detach().cpu().numpy()
        return decoded, rate, lambda out: {"array": out, "sampling_rate": rate}
    if isinstance(value, AudioClip):
        return value.samples, _rate(value.rate, where), lambda out: AudioClip(out, value.rate)
    missing = [key for key in ("array", "sampling_rate") if key not in value] if isinstance(value, Mapping) else []
    if len(missing) == 1:
        raise RowError(f"{where}: must have the keys 'array' and 'sampling_rate', got {sorted(map(str, value))}; add {missing[0]!r}")
    if isinstance(value, Mapping) and not missing:
        rate = _rate(value["sampling_rate"], where)
        return _array(value["array"], where), rate, lambda out: {**value, "array": _like(value["array"], out)}
    if isinstance(value, tuple) and len(value) == 2:
        return _array(value[0], where), _rate(value[1], where), lambda out: (_like(value[0], out), value[1])
    raise RowError(
        f'{where}: must be {{"array", "sampling_rate"}}, {{"bytes", "path"}}, (waveform, rate) or mm.AudioClip, got {type(value).__name__}'
        + (f" with keys {sorted(map(str, value))}; name yours so, or give (waveform, rate)" if isinstance(value, Mapping) else "")
    )


def _array(samples: Any, where: str) -> Any:
    if hasattr(samples, "dtype"):
        return samples
    try:
        array = np.asarray(samples)
    except ValueError:
        raise RowError(f"{where}: must hold floats in [-1, 1], the channels all of one length") from None
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _like(came: Any, out: Any) -> Any:
    """Samples as a list where a list came."""
    return out.tolist() if isinstance(came, (list, tuple)) else out


def _rate(rate: Any, where: str) -> int:
    if isinstance(rate, (int, np.integer)) and not isinstance(rate, bool) and 1 <= rate <= 1_000_000:
        return int(rate)
    if len(shape := getattr(rate, "shape", ())):
        raise RowError(f"{where}: must be (samples, rate), got an array of shape {list(shape)} as the rate; change the two over")
    raise RowError(f"{where}: the sampling rate must be a whole number of samples a second, got {rate!r}")
