"""A folder with metadata.jsonl: HuggingFace's ImageFolder and AudioFolder, rows by number."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmaug.errors import RowError, SchemaError
from mmaug.io import media
from mmaug.io.media import Encoding
from mmaug.schema import Schema
from mmaug.schema.columns import Row

METADATA = "metadata.jsonl"
SUFFIX = "_file_name"

Bad = tuple[int, str | None, str]
"""A row that cannot be used: its line, its main file if known, the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A row with its files opened. encodings: for each media column how to write a file like the one that was read."""

    key: str
    row: Row
    encodings: Mapping[str, Encoding]


class Folder:
    """The rows of `path/metadata.jsonl`, one JSON object a line; opening it reads only that file.

    `file_name` holds the main file, loaded into the column `image` or `audio` by its ending; a column `mask_file_name` gives
    a column `mask`, and so on. skip: leave out the rows that are not as they must be, and keep (line, source if known, reason)
    of each in `bad`, in the order of the lines.
    Raises: SchemaError, with the line, where metadata.jsonl is not as it must be; with skip, where no good row is left.
    """

    def __init__(self, path: str | Path, skip: bool = False):
        self.path, self.skip = Path(path), skip
        self.lines: list[int] = []
        self.rows: list[Row] = []
        self.files: list[dict[str, str | None]] = []
        self.key_column = ""
        self.bad: tuple[Bad, ...] = tuple(sorted(self._take_rows(), key=lambda bad: bad[0]))
        if not self.rows:
            got = f"got {len(self.bad)} bad ones, the first: {self.bad[0][2]}" if self.bad else "got none"
            raise SchemaError(f"{self.path / METADATA}: must hold at least one row, {got}")
        if not skip:
            self._refuse_duplicates()

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Folder({str(self.path)!r}, {len(self)} rows)"

    def where(self, number: int) -> str:
        """The place of a row, for messages."""
        return f"{METADATA} line {self.lines[number]}"

    def key(self, number: int) -> str:
        """The name of a row: its main file as written."""
        return self.rows[number][self.key_column]

    def column_of(self, number: int, name: str) -> str:
        """The column that the files named by a column of the metadata are loaded into."""
        return _column_of(self.rows[number], name)

    def load(self, number: int) -> tuple[str, Row]:
        """The key of a row, and the row with its files opened. Raises: RowError for a file that is missing or broken."""
        loaded = self.open(number)
        return loaded.key, loaded.row

    def open(self, number: int) -> Loaded:
        """As `load`, with what is needed to write such files again."""
        row: Row = {}
        encodings = {}
        for column, name in self.files[number].items():
            row[column] = None
            if name is not None:
                place = f"{self.where(number)}: {name}"
                row[column], encodings[column] = media.read(self.path / name, place, deep=column != "image")
        row.update((name, value) for name, value in self.rows[number].items() if not is_file_column(name))
        return Loaded(self.key(number), row, encodings)

    def schema(self) -> Schema:
        """The schema in schema.json, else the one that the metadata and the kinds of file most likely mean (see its `notes`)."""
        written = self.path / "schema.json"
        if written.is_file():
            return Schema.load(written)
        samples = self._samples()
        rows = []
        for files, row in zip(self.files, self.rows, strict=True):
            opened = {column: samples.get(column) if name else None for column, name in files.items()}
            rows.append({**opened, **{name: value for name, value in row.items() if not is_file_column(name)}})
        return Schema.infer(rows)

    def _samples(self) -> dict[str, Any]:
        """A cheap value for each media column that has the kind, and for further pictures the mode, of its first file."""
        samples: dict[str, Any] = {}
        for number, files in enumerate(self.files):
            for column, name in files.items():
                if name is None or column in samples:
                    continue
                if media.kind(name) == "audio":
                    samples[column] = {"array": np.zeros(1, np.float32), "sampling_rate": 1}
                elif column == media.main_column(name):
                    samples[column] = Image.new("RGB", (1, 1))
                else:
                    try:
                        samples[column] = media.read(self.path / name, f"{self.where(number)}: {name}", deep=True)[0]
                    except RowError:
                        if not self.skip:  # else the next file will tell
                            raise
        return samples

    def _take_rows(self) -> Iterator[Bad]:
        """Gather the good rows, give the bad ones. Raises: SchemaError for the first bad one without `skip`."""
        seen: dict[str, int] = {}
        for line, data in _read(self.path):
            row: Row = {}
            try:
                row = _object(data, f"{self.path / METADATA} line {line}")
                self.key_column = self.key_column or _key_column(row, f"{METADATA} line {line}")
                files = self._files(row, f"{METADATA} line {line}")
                key = posixpath.normpath(row[self.key_column])
                if self.skip and key in seen:
                    raise RowError(f"{METADATA} line {line}: {self.key_column!r} must name a file once, got {key!r} as on line {seen[key]}")
            except SchemaError as error:
                if not self.skip:
                    raise
                source = row.get(self.key_column)
                yield line, source if isinstance(source, str) else None, str(error)
                continue
            seen[key] = line
            self.lines.append(line)
            self.rows.append(row)
            self.files.append(files)

    def _files(self, row: Row, where: str) -> dict[str, str | None]:
        """The file of each media column, normalised: `./a//b.jpg` is `a/b.jpg`. Raises: RowError where a name cannot be one."""
        files: dict[str, str | None] = {}
        if not isinstance(row.get(self.key_column), str):
            raise RowError(
                f"{where}: must have {self.key_column!r} with the path of a file, got {row.get(self.key_column)!r} "
                f"(columns {', '.join(sorted(row))}); add it or take the row out"
            )
        for name, value in row.items():
            if name.endswith("file_names"):
                raise SchemaError(f"{where}: {name!r}: lists of files cannot be read; give each file a column, such as first{SUFFIX}")
            if not is_file_column(name):
                continue
            path = None if value is None else _inside(value, f"{where}: {name!r}")
            column = _column_of(row, name)
            if column in row or column in files:
                raise RowError(f"{where}: {name!r} is loaded as {column!r}, but the row has a column {column!r} already; rename one")
            files[column] = path
        return files

    def _refuse_duplicates(self) -> None:
        seen: dict[str, list[int]] = {}
        for number in range(len(self)):
            seen.setdefault(posixpath.normpath(self.key(number)), []).append(self.lines[number])
        twice = {name: lines for name, lines in seen.items() if len(lines) > 1}
        if twice:
            shown = "; ".join(f"{name!r} on lines {', '.join(map(str, lines))}" for name, lines in list(twice.items())[:5])
            more = f" and {len(twice) - 5} more" if len(twice) > 5 else ""
            raise SchemaError(
                f"{self.path / METADATA}: {self.key_column!r} must name a file once, got {shown}{more}; "
                "join those rows (a row may hold a list of captions) or take one out"
            )


def is_file_column(name: str) -> bool:
    """Whether a metadata column holds the path of a file."""
    return name == "file_name" or (name.endswith(SUFFIX) and name != SUFFIX)


def _column_of(row: Row, name: str) -> str:
    return media.main_column(row[name]) if name == "file_name" else name.removesuffix(SUFFIX)


def _read(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, from 1; empty lines are passed over."""
    source = path / METADATA
    if not path.is_dir():
        raise SchemaError(f"{path}: must be a folder with {METADATA}, but there is no such folder")
    if not source.is_file():
        raise SchemaError(
            f"{path}: must hold {METADATA}, a JSON object a line such as "
            '{"file_name": "images/1.jpg", "caption": "a dog"}, but there is no such file'
        )
    with source.open("rb") as file:
        for line, data in enumerate(file, 1):
            if data.strip():
                yield line, data.removeprefix(b"\xef\xbb\xbf")


def _object(data: bytes, where: str) -> Row:
    try:
        value = json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SchemaError(f"{where}: must be a JSON object, got {data[:60].decode(errors='replace').strip()!r} ({error})") from error
    if not isinstance(value, dict):
        raise SchemaError(f'{where}: must be a JSON object such as {{"file_name": "1.jpg"}}, got {data[:60].decode().strip()!r}')
    return value


def _key_column(row: Row, where: str) -> str:
    names = [name for name in row if is_file_column(name)]
    if not names:
        raise RowError(f"{where}: must have 'file_name' with the path of a file, got columns {', '.join(sorted(row)) or 'none'}; add it")
    return "file_name" if "file_name" in names else names[0]


def _inside(value: Any, where: str) -> str:
    """A path inside the folder, normalised, with an ending that can be read."""
    if not isinstance(value, str) or not value:
        raise RowError(f"{where} must be the path of a file, got {value!r}")
    path = posixpath.normpath(value)
    if posixpath.isabs(path) or path.split("/")[0] == ".." or "\0" in path:
        raise RowError(f"{where} must be a path inside the folder, got {value!r}; move the file into the folder")
    if media.kind(path) is None:
        raise RowError(f"{where} must end in one of {', '.join(media.ENDINGS)}, got {value!r}; convert the file")
    return path
