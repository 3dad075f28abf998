"""Plans: every random choice for one view of one row, as plain data that goes on any row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmaug.errors import PlanError

FORMAT = 1
"""The number of the JSON form; another number is refused."""


@dataclass(frozen=True, slots=True)
class Step:
    """One op on one field with its drawn, relative parameters (shares of the size, ratios, decibels, degrees).

    group: steps with the same number stand or fall together; None stands alone.
    """

    op: str
    field: str
    params: Mapping[str, Any] = field(default_factory=dict)
    group: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The step as plain JSON values."""
        value = {"op": self.op, "field": self.field, "params": dict(self.params)}
        return value if self.group is None else {**value, "group": self.group}

    def __str__(self) -> str:
        return f"{self.op}({', '.join(f'{k}={_short(v)}' for k, v in self.params.items())}) on {self.field}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps drawn for one view of one row, in order."""

    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON values."""
        return {"plan": FORMAT, "steps": [step.to_json() for step in self.steps]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """The plan of a JSON value. Raises: PlanError for another format number or an unknown key."""
        if not isinstance(value, Mapping) or value.get("plan") != FORMAT or value.keys() != {"plan", "steps"}:
            raise PlanError(f'a plan must be {{"plan": {FORMAT}, "steps": [...]}}, got {value!r}')
        steps = []
        for number, item in enumerate(value["steps"]):
            if not {"op", "field"} <= item.keys() <= {"op", "field", "params", "group"}:
                raise PlanError(f"steps[{number}]: must have op, field, params and perhaps group, got {sorted(item)}")
            steps.append(Step(item["op"], item["field"], dict(item.get("params", {})), item.get("group")))
        return cls(tuple(steps))

    def __str__(self) -> str:
        return "\n".join(["Plan", *(f"  {step}" for step in self.steps)])


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
