"""Counts over all rows of a page: what was drawn, applied and vetoed by op, and how many texts were edited."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mmaug.trace import Trace


@dataclass(slots=True)
class Tally:
    """Counts that grow by one copy of a row at a time."""

    applied: Counter[str] = field(default_factory=Counter)
    vetoed: Counter[str] = field(default_factory=Counter)
    edited: int = 0
    made: int = 0
    failed: int = 0

    def add(self, outcome: tuple[Any, Trace] | Exception) -> None:
        """Count one copy, or the error in its place."""
        if isinstance(outcome, Exception):
            self.failed += 1
            return
        self.made += 1
        self.edited += len(outcome[1].edits)
        for record in outcome[1].steps:
            (self.applied if record.applied else self.vetoed)[record.step.op] += 1

    @property
    def ops(self) -> list[dict[str, Any]]:
        """One line an op, by name."""
        return [
            {"op": name, "drawn": self.applied[name] + self.vetoed[name], "applied": self.applied[name], "vetoed": self.vetoed[name]}
            for name in sorted({*self.applied, *self.vetoed})
        ]
