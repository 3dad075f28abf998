"""Media files of all kinds: which endings are read, bytes to values and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mmaug.errors import RowError
from mmaug.io import images, sounds

ENDINGS = (*images.FORMATS, *sounds.FORMATS)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to write a value like the one that was read. path: where from. ending: of the file, lower case. saving: for the encoder."""

    path: Path
    ending: str
    saving: Mapping[str, Any] = field(default_factory=dict)


def kind(name: str) -> str | None:
    """ "image" or "audio" by the ending of a file; None for what cannot be read."""
    ending = PurePosixPath(name).suffix.lower()
    return "image" if ending in images.FORMATS else "audio" if ending in sounds.FORMATS else None


def main_column(name: str | None) -> str:
    """The column that a main file is loaded into."""
    return kind(name or "") or "image"


def read(path: Path, where: str, *, deep: bool = False) -> tuple[Any, Encoding]:
    """The value in a file, and how to write one like it. deep: pictures of more than 8 bits are welcome.

    Raises: RowError for a file that is missing or broken.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RowError(f"{where}: the file must be there and readable, got {error.strerror}; put it there or take the row out") from error
    ending = path.suffix.lower()
    if ending in sounds.FORMATS:
        value, saving = sounds.decode(data, ending, where)
    else:
        value, saving = images.decode(data, ending, where, deep=deep)
    return value, Encoding(path, ending, saving)


def write(value: Any, encoding: Encoding, *, exact: bool = False) -> tuple[str, bytes]:
    """The ending and the bytes of a file like the one that was read. exact: a mask, so never in a lossy format."""
    if encoding.ending in sounds.FORMATS:
        return encoding.ending, sounds.encode(value, encoding.saving)
    ending = exact_ending(encoding.ending) if exact else encoding.ending
    return ending, images.encode(value, ending, encoding.saving if ending == encoding.ending else {})


def exact_ending(ending: str) -> str:
    """The ending itself where its format keeps every pixel, else .png."""
    return ending if images.FORMATS.get(ending.lower()) in images.LOSSLESS else ".png"
