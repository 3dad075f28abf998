"""Where noises and rooms come from: a folder of recordings, or a set that the program registered under a name.

A policy holds only the name or the folder and a place from 0 to 1; which recording that is follows from the sorted list.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mmaug.errors import MmaugError, PolicyError
from mmaug.modalities.audio import resampling, values

ENDINGS = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")

_LONG = 2**21
"""Samples of which a file is read in parts, and not kept in memory: more than two minutes at 16 kHz."""

_REGISTERED: dict[str, tuple[tuple[np.ndarray, int], ...]] = {}


def register_clips(name: str, clips: Iterable[Any]) -> None:
    """Give recordings a name that ops can use as their `source`: `mm.op("audio.background", source="cafe")`.

    clips: in any form a row may hold them (`mm.AudioClip`, (waveform, rate), {"array", "sampling_rate"}). A worker process that
    is started afresh (spawn) has to register them too; a forked one has them.
    Raises: MmaugError for a name that is taken or no clips, RowError for what is no recording.
    """
    if not isinstance(name, str) or not name or name in _REGISTERED:
        raise MmaugError(f"register_clips: the name must be a new, non-empty string, got {name!r}; choose another")
    found = []
    for number, clip in enumerate(clips):
        where = f"register_clips({name!r}): clip {number}"
        rate = values.listen(clip, where).rate
        samples = np.array(values.to_samples(clip, where)[0])
        samples.flags.writeable = False
        found.append((samples, rate))
    if not found:
        raise MmaugError(f"register_clips({name!r}): there must be at least one clip, got none")
    _REGISTERED[name] = tuple(found)


def whole(source: str, which: float, rate: int) -> np.ndarray:
    """The recording at a place from 0 to 1 in a source, at `rate`: float32 [channels, samples], read-only.

    Raises: PolicyError where there is no such source, or it holds no recording.
    """
    number = _number(source, which)
    return _registered_at_rate(source, number, rate) if source in _REGISTERED else _at_rate(source, number, rate)


def excerpt(source: str, which: float, start: float, length: int, rate: int) -> np.ndarray:
    """`length` samples at `rate` of a recording, from a place of its own from 0 to 1 on; again from its start where it is too short.

    Of a long file only what is needed is read. Returns a new array, float32 [channels, length]. Raises: as `whole`.
    """
    number = _number(source, which)
    if source not in _REGISTERED:
        path = _files(source)[number]
        frames, own = _size(path)
        needed = max(round(length * own / rate), 1)
        if frames > max(_LONG, needed):
            return resampling.to_length(_read(path, int(start * (frames - needed)), needed), own, rate, length).copy()
    clip = whole(source, which, rate)
    room = clip.shape[1] - length
    first = int(start * (room if room > 0 else clip.shape[1]))
    if room >= 0:
        return clip[:, first : first + length].copy()
    return np.take(clip, np.arange(first, first + length), axis=1, mode="wrap")


def _number(source: str, which: float) -> int:
    count = len(_REGISTERED[source] if source in _REGISTERED else _files(source))
    return min(int(which * count), count - 1)


@lru_cache(maxsize=64)
def _files(folder: str) -> tuple[Path, ...]:
    """The recordings in a folder and the folders in it, sorted by their path inside it; looked up once."""
    path = Path(folder)
    if not path.is_dir():
        names = f"registered are {', '.join(_REGISTERED)}" if _REGISTERED else "none are registered"
        raise PolicyError(
            f"source {folder!r}: must be a folder or the name of registered clips, and is neither ({names}); "
            "call mm.register_clips in this process too, or give a folder"
        )
    found = sorted((p for p in path.rglob("*") if p.suffix.lower() in ENDINGS), key=lambda p: p.relative_to(path).as_posix())
    if not found:
        raise PolicyError(f"source {folder!r}: the folder must hold recordings ({', '.join(ENDINGS)}), got none")
    return tuple(found)


@lru_cache(maxsize=4096)
def _size(path: Path) -> tuple[int, int]:
    """How many samples a file has on each channel, and their rate."""
    import soundfile

    try:
        found = soundfile.info(path)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise PolicyError(f"source {str(path.parent)!r}: {path.name} must be a recording, got {error}; take it out") from error
    return found.frames, found.samplerate


def _read(path: Path, first: int, count: int) -> np.ndarray:
    """Samples of a file, float32 [channels, count]. Raises: PolicyError for a broken file or samples that are not finite."""
    import soundfile

    try:
        samples = soundfile.read(path, count, first, dtype="float32", always_2d=True)[0]
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise PolicyError(f"source {str(path.parent)!r}: {path.name} must be a whole recording, got {error}; take it out") from error
    if not len(samples) or not np.isfinite(samples).all():
        raise PolicyError(f"source {str(path.parent)!r}: {path.name} must hold finite samples; get it again or take it out")
    return np.ascontiguousarray(samples.T)


@lru_cache(maxsize=64)
def _at_rate(folder: str, number: int, rate: int) -> np.ndarray:
    path = _files(folder)[number]
    frames, own = _size(path)
    return _read_only(resampling.resampled(_read(path, 0, frames), own, rate))


@lru_cache(maxsize=64)
def _registered_at_rate(name: str, number: int, rate: int) -> np.ndarray:
    samples, own = _REGISTERED[name][number]
    return _read_only(resampling.resampled(samples, own, rate))


def _read_only(samples: np.ndarray) -> np.ndarray:
    samples.flags.writeable = False
    return samples
