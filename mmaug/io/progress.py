"""How far a run is: a bar on a terminal, else a line every few seconds."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

EVERY = 5.0
"""Seconds between two lines."""


class Pairs:
    """Counts pairs done of `total`; use it in a `with`. No console, no output."""

    def __init__(self, console: Console | None, total: int, done: int):
        self.console, self.total, self.before, self.done = console, total, done, done
        self._bar: Progress | None = None
        if console is not None and console.is_terminal:
            columns = (TextColumn("augmenting"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
            self._bar = Progress(*columns, TimeRemainingColumn(), console=console)

    def __enter__(self) -> Pairs:
        self._start = self._said = time.monotonic()
        if self._bar:
            self._task = self._bar.add_task("", total=self.total, completed=self.done, rate="")
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    @property
    def rate(self) -> float:
        """Pairs a second in this run; 0 before the first."""
        return (self.done - self.before) / max(self.seconds, 1e-9)

    def advance(self, pairs: int) -> None:
        """So many pairs more are done."""
        self.done += pairs
        if self._bar:
            self._bar.update(self._task, completed=self.done, rate=f"{self.rate:.1f} pairs/s")
        elif self.console is not None and time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            left = (self.total - self.done) / max(self.rate, 1e-9)
            self.console.print(f"{self.done}/{self.total} pairs, {self.rate:.1f} pairs/s, {left:.0f} s left", highlight=False)
