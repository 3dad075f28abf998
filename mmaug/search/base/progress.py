"""How far a search is, on the error stream: a bar on a terminal, else a line every few seconds."""

from __future__ import annotations

import time
from typing import Any

from mmaug.search.base.evaluator import Cost
from mmaug.search.base.searcher import Budget

EVERY = 5.0
"""Seconds between two lines."""


class Bar:
    """Shows the share of the budget that is spent, the best objective so far and the time left. shown: False is silent."""

    def __init__(self, name: str, budget: Budget, shown: bool):
        self.name, self.budget = name, budget
        self.best: float | None = None
        self._bar: Any = None
        self._console: Any = None
        self._begun = self._said = time.monotonic()
        if not shown:
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._console = Console(stderr=True)
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[shown]}"), TimeElapsedColumn())
            self._bar = Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=self._console)
            self._task = self._bar.add_task(name, total=1.0, shown="")
            self._bar.start()

    def phase(self, name: str, budget: Budget | None = None) -> None:
        """What is done now, on a budget of its own."""
        self.name, self.budget, self.best = name, budget or Budget(), None
        self._begun = time.monotonic()
        if self._bar:
            self._bar.update(self._task, description=name)

    def update(self, trials: int, spent: Cost, seconds: float, objective: float | None) -> None:
        """So much is done. seconds: of wall time."""
        if objective is not None and (self.best is None or objective > self.best):
            self.best = objective
        if self._console is None:
            return
        share = self._share(trials, spent, seconds)
        best = "" if self.best is None else f"  best {self.best:.4f}"
        of = f"/{self.budget.evaluations}" if self.budget.evaluations else ""
        if self._bar:
            self._bar.update(self._task, completed=share, shown=f"{trials}{of}{best}")
        elif time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            left = "" if not share else f", {(self._said - self._begun) * (1 / share - 1):.0f} s left"
            self._console.print(f"{self.name}: {trials}{of}{best}{left}", highlight=False)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar:
            self._bar.stop()

    def _share(self, trials: int, spent: Cost, seconds: float) -> float:
        parts = ((trials, self.budget.evaluations), (spent.steps, self.budget.steps), (seconds, self.budget.seconds))
        return min(1.0, max((done / bound for done, bound in parts if bound), default=0.0))
