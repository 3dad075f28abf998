"""The work on one row: read its files, augment every view, encode. It writes nothing, so it may run in any process."""

from __future__ import annotations

from dataclasses import dataclass

from mmaug.errors import MmaugError
from mmaug.graph import TransformGraph
from mmaug.io import media, naming
from mmaug.io.folder import Folder, Loaded, is_file_column
from mmaug.io.naming import OwnColumns
from mmaug.io.plain import encode
from mmaug.schema.columns import Row
from mmaug.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is done to every row. exact: the columns that hold masks."""

    folder: Folder
    graph: TransformGraph
    copies: int
    own: OwnColumns
    exact: frozenset[str]


@dataclass(frozen=True, slots=True)
class Done:
    """A row's result. record: its line in the journal. files: what to write, name and bytes. errors: what went wrong, if anything."""

    number: int
    record: bytes
    files: tuple[tuple[str, bytes], ...]
    errors: tuple[str, ...]


def augment_row(job: Job, number: int) -> Done:
    """Every view of a row. What fails is told in the result: a whole row that cannot be read, or a view."""
    entries: list[bytes] = []
    files: list[tuple[str, bytes]] = []
    errors: list[str] = []

    def fail(view: int | None, error: Exception) -> None:
        errors.append(_told(job, number, error))
        entries.append(encode({"view": view, "error": errors[-1]}))

    try:
        loaded = job.folder.open(number)
    except Exception as error:
        fail(None, error)
        loaded = None
    for view in range(job.copies if loaded else 0):
        try:
            row, made = _augment_view(job, number, loaded, view)  # type: ignore[arg-type]
            entries.append(b'{"row": ' + encode(row) + b"}")
            files += made
        except Exception as error:
            fail(view, error)
    record = b'{"number": %d, "entries": [' % number + b", ".join(entries) + b"]}\n"
    return Done(number, record, tuple(files), tuple(errors))


def _augment_view(job: Job, number: int, loaded: Loaded, view: int) -> tuple[Row, list[tuple[str, bytes]]]:
    out, trace = job.graph.run(loaded.row, key=loaded.key, epoch=0, view=view)
    names, files = {}, []
    for column, encoding in loaded.encodings.items():
        exact = column in job.exact
        name = names[column] = naming.out_name(str(job.folder.files[number][column]), view, exact=exact)
        kept = out[column] is loaded.row[column] and name.lower().endswith(encoding.ending)
        files.append((name, encoding.path.read_bytes() if kept else media.write(out[column], encoding, exact=exact)[1]))
    return _metadata(job, number, out, trace, names, view), files


def _metadata(job: Job, number: int, out: Row, trace: Trace, names: dict[str, str], view: int) -> Row:
    """The row as metadata.jsonl holds it: the original columns in their order, then ours."""
    row: Row = {}
    for name in job.folder.rows[number]:
        if not is_file_column(name):
            row[name] = out[name]
        else:
            row[name] = names.get(job.folder.column_of(number, name))
    own = job.own
    return {**row, own.source: job.folder.key(number), own.view: view, own.trace: trace.to_json()}


def _told(job: Job, number: int, error: Exception) -> str:
    """The error with its place. One that nobody raised on purpose is named, so that it can be reported."""
    where = job.folder.where(number)
    text = str(error) if isinstance(error, MmaugError) else f"unexpected {type(error).__name__}: {error}; please report it"
    return text if text.startswith(f"{where}:") else f"{where}: {job.folder.key(number)}: {text}"
