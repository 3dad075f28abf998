"""What was done to a row and why: steps applied or dropped, texts edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmaug.plan import Step


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why a step was dropped: the field that would have become false, which of its texts (None: not a text), the rule, the reason."""

    field: str
    index: int | None
    rule: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"field": self.field, "index": self.index, "rule": self.rule, "reason": self.reason}

    def __str__(self) -> str:
        place = self.field if self.index is None else f"{self.field}[{self.index}]"
        return f"{place}: {self.reason} ({self.rule})"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of the plan and what became of it."""

    step: Step
    dropped: Dropped | None = None

    @property
    def applied(self) -> bool:
        return self.dropped is None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        value = {**self.step.to_json(), "status": "applied" if self.applied else "vetoed"}
        return value if self.dropped is None else {**value, "veto": self.dropped.to_json()}


@dataclass(frozen=True, slots=True)
class FollowRecord:
    """A picture or sound that took an op because another changed: which field, which op, because of which field, by which rule."""

    field: str
    op: str
    because: str
    rule: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"field": self.field, "op": self.op, "because": self.because, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class EditRecord:
    """A text that was changed: field, which of its texts, before and after, and by what (rules and wording ops, in order)."""

    field: str
    index: int
    before: str
    after: str
    by: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"field": self.field, "index": self.index, "before": self.before, "after": self.after, "by": list(self.by)}


@dataclass(frozen=True, slots=True)
class Mixed:
    """What was mixed into a row.

    op: by which. partner: the key of the other row. shares: by modality ("image", "text", "audio") how much of the row is the partner's
    now, in [0, 1]. texts: by field its texts and the partner's, each with its share. trace: what was done to the partner.
    """

    op: str
    partner: str | int
    shares: Mapping[str, float]
    texts: Mapping[str, tuple[tuple[str, float], ...]]
    trace: Trace

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        texts = {name: [list(pair) for pair in pairs] for name, pairs in self.texts.items()}
        return {"op": self.op, "partner": self.partner, "shares": dict(self.shares), "texts": texts, "trace": self.trace.to_json()}

    def __str__(self) -> str:
        return f"{self.partner!r} ({', '.join(f'{share:.0%} of the {name}' for name, share in self.shares.items() if share)})"


@dataclass(frozen=True, slots=True)
class Trace:
    """The record of one run; `before` in an edit is the text as it was in the row.

    notes: what could only be seen on the samples themselves, such as a peak that had to be lowered. mixed: what another row gave to it.
    """

    steps: tuple[StepRecord, ...]
    edits: tuple[EditRecord, ...]
    follows: tuple[FollowRecord, ...] = ()
    notes: tuple[str, ...] = ()
    mixed: Mixed | None = None

    @property
    def applied(self) -> tuple[Step, ...]:
        return tuple(record.step for record in self.steps if record.applied)

    @property
    def vetoes(self) -> tuple[StepRecord, ...]:
        return tuple(record for record in self.steps if not record.applied)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        value: dict[str, Any] = {
            "steps": [record.to_json() for record in self.steps],
            "follows": [record.to_json() for record in self.follows],
            "edits": [record.to_json() for record in self.edits],
            "notes": list(self.notes),
        }
        return value if self.mixed is None else {**value, "mixed": self.mixed.to_json()}

    def __str__(self) -> str:
        lines = ["Trace"]
        for record in self.steps:
            lines.append(f"  {'applied' if record.applied else 'vetoed '} {record.step}")
            if record.dropped:
                lines.append(f"          {record.dropped}")
        lines += [f"  follows {f.op} on {f.field}, because {f.because} changed ({f.rule})" for f in self.follows]
        lines += [f"  edited  {e.field}[{e.index}] {e.before!r} -> {e.after!r} ({', '.join(e.by)})" for e in self.edits]
        lines += [f"  mixed   with {self.mixed}"] if self.mixed else []
        lines += [f"  note    {note}" for note in self.notes]
        return "\n".join(lines)
