"""Lint a folder: its rows are opened one by one, and what cannot be opened is a finding."""

from __future__ import annotations

from rich.console import Console
from rich.progress import track

from mmaug.errors import RowError, SchemaError
from mmaug.io.folder import METADATA, Folder
from mmaug.lint.report import LintReport
from mmaug.lint.run import Linter


def lint(folder: Folder, linter: Linter, *, limit: int | None = None, console: Console | None = None) -> LintReport:
    """The report on a folder that was opened with `skip`. limit: look at so many rows, evenly spread."""
    for line, source, reason in folder.bad:
        linter.fail(source or f"{METADATA} line {line}", SchemaError(reason))
    count = len(folder) if limit is None else min(limit, len(folder))
    numbers = (number * len(folder) // count for number in range(count))
    for number in track(numbers, "reading", count, console=console, transient=True, disable=console is None or not console.is_terminal):
        try:
            key, row = folder.load(number)
        except RowError as error:
            linter.fail(folder.key(number), error)
        else:
            linter.add(key, row)
    return linter.report()
