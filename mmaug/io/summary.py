"""What an augmentation did, in a few lines: rows, and for each op how often it was applied or dropped, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

REASONS = 3
"""How many reasons an op's line has at most."""


class Tally:
    """Counts the rows and steps of finished rows."""

    def __init__(self) -> None:
        self.written = self.skipped = self.edits = 0
        self.applied: Counter[str] = Counter()
        self.vetoed: Counter[str] = Counter()
        self.reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, trace: Mapping[str, Any]) -> None:
        """Count one view's trace, in its JSON form."""
        self.written += 1
        self.edits += len(trace["edits"])
        for step in trace["steps"]:
            if step["status"] == "applied":
                self.applied[step["op"]] += 1
            else:
                self.vetoed[step["op"]] += 1
                self.reasons[step["op"]][_reason(step["veto"])] += 1

    def text(self) -> str:
        """The counts as lines of text."""
        steps, dropped = self.applied.total(), self.vetoed.total()
        lines = [
            f"{self.written} rows written, {self.skipped} skipped" + (", see errors.jsonl" if self.skipped else ""),
            f"{steps} steps applied, {dropped} vetoed, {self.edits} texts edited",
        ]
        names = sorted(self.applied | self.vetoed)
        width = max(map(len, names), default=0)
        for name in names:
            yes, no = self.applied[name], self.vetoed[name]
            why = "; ".join(f"{count} {reason}" for reason, count in self.reasons[name].most_common(REASONS))
            lines.append(f"  {name:<{width}} {yes:>6} applied {no:>6} vetoed {yes / (yes + no):>5.0%}" + (f"  {why}" if why else ""))
        return "\n".join(lines)


def _reason(veto: Mapping[str, Any]) -> str:
    """What reasons are counted by: the rule, and what it was asked about."""
    return f"{veto['rule']} ({veto['field']})"
