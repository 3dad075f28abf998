"""The names of what an augmentation writes: files that never meet, columns that hide none of the data's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from mmaug.errors import SchemaError
from mmaug.io import media
from mmaug.io.folder import Folder
from mmaug.schema import Opaque, Schema


@dataclass(frozen=True, slots=True)
class OwnColumns:
    """The columns that we add to a row: the source's key, the number of the view, and the trace."""

    source: str
    view: str
    trace: str

    @property
    def names(self) -> tuple[str, str, str]:
        return self.source, self.view, self.trace


def own_columns(taken: Iterable[str]) -> OwnColumns:
    """`source`, `view`, `trace`; where the data has one of them, all with `mmaug_` in front, then with a number behind."""
    taken, number = set(taken), 1
    own = OwnColumns("source", "view", "trace")
    while taken & set(own.names):
        behind = "" if number == 1 else f"_{number}"
        own = OwnColumns(*(f"mmaug_{name}{behind}" for name in ("source", "view", "trace")))
        number += 1
    return own


def columns_of(folder: Folder, schema: Schema) -> set[str]:
    """Every column of the data: as written, as loaded, and as the schema says."""
    written = {name for row in folder.rows for name in row}
    return written | {name for files in folder.files for name in files} | {schema.column(name).top for name in schema.fields}


def with_own_columns(schema: Schema, own: OwnColumns) -> Schema:
    """The schema of what is written, so that it can be augmented or loaded again."""
    fields = dict(schema.fields)
    for column in own.names:
        name = column
        while name in fields:
            name += "_"
        fields[name] = Opaque(column=column)
    return Schema(**fields)


def masks(schema: Schema) -> frozenset[str]:
    """The columns that hold masks, whose pixels must be kept exactly."""
    return frozenset(str(schema.fields[name].column) for name in schema.of_kind("mask"))


def out_name(path: str, view: int, *, exact: bool = False) -> str:
    """Where a view of a file goes: `images/7.jpg` view 1 -> `images/7_v1.jpg`. exact: never in a lossy format."""
    source = PurePosixPath(path)
    ending = media.exact_ending(source.suffix) if exact else source.suffix
    return str(source.with_name(f"{source.stem}_v{view}{ending}"))


def refuse_collisions(folder: Folder, exact: frozenset[str]) -> None:
    """Raises: SchemaError when two rows, or two columns of one, would write the same file.

    One view is enough to tell: what follows the last `_v` is the view, so `a.jpg` and `a_v0.jpg` never meet.
    """
    taken: dict[str, str] = {}
    for number, files in enumerate(folder.files):
        for column, path in files.items():
            if path is None:
                continue
            name, place = out_name(path, 0, exact=column in exact), f"{folder.where(number)} ({column}: {path})"
            if name in taken:
                raise SchemaError(
                    f"{taken[name]} and {place} would both be written to {name}; "
                    "each row needs files of its own: copy or rename one of them"
                )
            taken[name] = place
