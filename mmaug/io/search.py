"""A search for the best policy on the rows of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console

import mmaug
from mmaug import report
from mmaug.errors import MmaugError, SchemaError
from mmaug.io.folder import Folder
from mmaug.schema import Schema
from mmaug.schema.columns import Row
from mmaug.search import SEARCHERS
from mmaug.search.base.result import SearchResult
from mmaug.search.base.searcher import Budget

_T = TypeVar("_T")


def search(
    folder: Folder,
    schema: Schema,
    out: Path,
    *,
    searcher: str,
    budget: Budget | None = None,
    held_out: float = 0.25,
    steps: int = 120,
    workers: int = 1,
    seed: int = 0,
    on_conflict: str = "edit",
    device: str = "cpu",
    resume: Path | None = None,
    page: Path | None = None,
    console: Console | None = None,
) -> SearchResult:
    """Search on the rows of a folder, and write the policy to `out` and all of the result beside it, to `out` with ".result.json".

    searcher: a name in `SEARCHERS`. budget: default the searcher's own. held_out: the share of rows that children are scored on, in
    (0, 1). steps: of one child's training. workers: processes. device: where children are trained. resume: a folder for the journal.
    page: where to write the report, if at all. console: where progress is shown.
    Raises: MmaugError, before the search, for an unknown searcher, a share that leaves no rows on one side, or a file that cannot be
    written.
    """
    if searcher not in SEARCHERS:
        raise MmaugError(f"--searcher must be one of {', '.join(SEARCHERS)}, got {searcher!r}")
    for path in (out, result_path(out), *(() if page is None else (page,))):
        writable(path)
    kept, unseen = split(range(len(folder)), held_out, seed)
    train, valid = _rows(folder, kept), _rows(folder, unseen)
    task = mmaug.ChildTask(train, valid, schema=schema, steps=steps, seed=seed, on_conflict=on_conflict, device=device)
    if console is not None:
        for note in task.notes:
            console.print(note, style="dim", highlight=False, markup=False, soft_wrap=True)
    found = SEARCHERS[searcher](seed=seed).search(
        task, task.space, budget=budget, resume=resume, progress=console is not None, executor=workers
    )
    _write(found, out, page)
    return found


def _write(found: SearchResult, out: Path, page: Path | None) -> None:
    """The result first: all else can be made of it."""
    found.save(result_path(out))
    try:
        found.policy.save(out)
        if page is not None:
            report.search(found, page)
    except OSError as error:
        raise MmaugError(f"{error.filename}: cannot be written: {error.strerror}; the result is in {result_path(out)}") from error


def writable(path: Path) -> None:
    """Make the folders on the way, and see that a file can be written there; one that is there keeps what is in it.

    Raises: MmaugError naming the path.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        path.open("ab").close()
        if is_new:
            path.unlink()
    except OSError as error:
        raise MmaugError(f"{path}: must be a file that can be written, got {error}; name another place") from error


def result_path(out: Path) -> Path:
    """Where all of a result goes, for a policy that goes to `out`."""
    return out.with_suffix(".result.json")


def split(rows: Sequence[_T], held_out: float, seed: int) -> tuple[list[_T], list[_T]]:
    """Rows (or their numbers) to train on and held out, the same for the same seed; both keep their order.

    Raises: MmaugError where one side is empty.
    """
    if not 0 < held_out < 1:
        raise MmaugError(f"--held-out must be a share between 0 and 1, got {held_out!r}")
    count = round(held_out * len(rows))
    if not 0 < count < len(rows):
        raise SchemaError(f"a share of {held_out:g} of {len(rows)} rows leaves none on one side; more rows are needed")
    chosen = set(np.random.default_rng([17, seed]).permutation(len(rows))[:count].tolist())
    sides: tuple[list[_T], list[_T]] = ([], [])
    for number, row in enumerate(rows):
        sides[number in chosen].append(row)
    return sides


def _rows(folder: Folder, numbers: Sequence[int]) -> Iterator[Row]:
    """One at a time: a child keeps them at its own size."""
    for number in numbers:
        yield folder.load(number)[1]
