"""A folder with metadata.jsonl: HuggingFace's ImageFolder and AudioFolder, rows by number."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A row with its files opened. encodings: for each media column how to write a file like the one that was read."""

    key: str
    row: Row
    encodings: Mapping[str, Encoding]


class Folder:
    """The rows of `path/metadata.jsonl`, one JSON object a line; opening it reads only that file.

    `file_name` holds the main file, loaded into the column `image` or `audio` by its ending; a column `mask_file_name` gives
    a column `mask`, and so on. Raises: SchemaError, with the line, where metadata.jsonl is not as it must be.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.lines: list[int] = []
        self.rows: list[Row] = []
        for line, row in _read(self.path):
            self.lines.append(line)
            self.rows.append(row)
        if not self.rows:
            raise SchemaError(f"{self.path / METADATA}: must hold at least one row, got none")
        self.key_column = _key_column(self.rows[0], self.where(0))
        self.files = [self._files(number) for number in range(len(self.rows))]
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
        return media.main_column(self.rows[number][name]) if name == "file_name" else name.removesuffix(SUFFIX)

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
                    samples[column] = media.read(self.path / name, f"{self.where(number)}: {name}", deep=True)[0]
        return samples

    def _files(self, number: int) -> dict[str, str | None]:
        """The file of each media column, normalised: `./a//b.jpg` is `a/b.jpg`. Raises: RowError where a name cannot be one."""
        row, where, files = self.rows[number], self.where(number), {}
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
            column = self.column_of(number, name)
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


def _read(path: Path) -> list[tuple[int, Row]]:
    """The rows with the numbers of their lines, from 1; empty lines are passed over."""
    source = path / METADATA
    if not path.is_dir():
        raise SchemaError(f"{path}: must be a folder with {METADATA}, but there is no such folder")
    if not source.is_file():
        raise SchemaError(
            f"{path}: must hold {METADATA}, a JSON object a line such as "
            '{"file_name": "images/1.jpg", "caption": "a dog"}, but there is no such file'
        )
    rows = []
    with source.open("rb") as file:
        for line, data in enumerate(file, 1):
            if data.strip():
                rows.append((line, _object(data.removeprefix(b"\xef\xbb\xbf"), f"{source} line {line}")))
    return rows


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
