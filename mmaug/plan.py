"""Plans: every random choice for one view of one row, as plain data that goes on any row."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mmaug.errors import PlanError, PolicyError
from mmaug.registry import get_op

FORMAT = 1
"""The number of the JSON form; another number is refused."""


@dataclass(frozen=True, slots=True)
class Step:
    """One op on one field with its drawn, relative parameters (shares of the size, ratios, decibels, degrees).

    group: steps with the same number stand or fall together; None stands alone.
    """

    op: str
    field: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    group: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The step as plain JSON values."""
        value = {"op": self.op, "field": self.field, "params": copy.deepcopy(dict(self.params))}
        return value if self.group is None else {**value, "group": self.group}

    def __str__(self) -> str:
        return f"{self.op}({', '.join(f'{k}={_short(v)}' for k, v in self.params.items())}) on {self.field}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps drawn for one view of one row, in order.

    partners: for each row that a step mixes in, (its key, its own plan); see `mmaug.mix`.
    """

    steps: tuple[Step, ...]
    partners: tuple[tuple[str | int, Plan], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON values."""
        value: dict[str, Any] = {"plan": FORMAT, "steps": [step.to_json() for step in self.steps]}
        return {**value, "partners": [[key, plan.to_json()] for key, plan in self.partners]} if self.partners else value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """The plan of a JSON value. Raises: PlanError for another format number or an unknown key."""
        if not isinstance(value, Mapping) or value.get("plan") != FORMAT or value.keys() - {"partners"} != {"plan", "steps"}:
            raise PlanError(f'a plan must be {{"plan": {FORMAT}, "steps": [...]}}, got {value!r}')
        if not isinstance(value["steps"], (list, tuple)):
            raise PlanError(f'a plan: "steps" must be a list, got {type(value["steps"]).__name__}')
        partners = value.get("partners", ())
        if not isinstance(partners, (list, tuple)) or not all(
            isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], (str, int)) for pair in partners
        ):
            raise PlanError(f'a plan: "partners" must be a list of [key, plan], got {repr(partners)[:120]}')
        steps = tuple(_step(item, f"steps[{number}]") for number, item in enumerate(value["steps"]))
        return cls(steps, tuple((key, cls.from_json(plan)) for key, plan in partners))

    def __str__(self) -> str:
        return "\n".join(["Plan", *(f"  {step}" for step in self.steps)])


def _step(item: Any, where: str) -> Step:
    if not isinstance(item, Mapping) or not {"op", "field", "params"} <= item.keys() <= {"op", "field", "params", "group"}:
        got = sorted(map(str, item)) if isinstance(item, Mapping) else repr(item)
        raise PlanError(f"{where}: must have op, field, params and perhaps group, got {got}")
    step = Step(**item)
    try:
        params = get_op(step.op).params
        if not isinstance(step.params, Mapping) or step.params.keys() != params.keys():
            raise PlanError(f"{where}: {step.op} must have the params {sorted(params)}, got {step.params!r}")
        for name, param in params.items():
            drawn = param.from_given(step.params[name], f"{where}: {step.op}: {name}")([0.0] * max(param.uniforms, 1))
            if drawn != step.params[name]:  # only a value draws itself; a range or a list of choices has not been drawn yet
                raise PlanError(f"{where}: {step.op}: {name} must be one value, got {step.params[name]!r}")
    except PolicyError as error:
        raise PlanError(str(error)) from None
    if not isinstance(step.field, str) or not (step.group is None or isinstance(step.group, int)):
        raise PlanError(f"{where}: field must be a string and group a whole number or null, got {step.field!r} and {step.group!r}")
    return replace(step, params=dict(step.params))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
