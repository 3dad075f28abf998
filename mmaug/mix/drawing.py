"""The partners of a plan: a drawn number becomes the key of a row, and that row gets its own plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mmaug.mix.bind import is_mix
from mmaug.mix.parameters import is_named
from mmaug.mix.partners import Partners
from mmaug.plan import Plan, Step


def named(plan: Plan, key: Any, partners: Partners | None, draw: Callable[[Any], Plan]) -> Plan:
    """The plan with its mixing steps last, and with partners, each with a plan of its own that mixes nothing.

    draw: from a key to the plan that the row of that key gets in the same epoch and view.
    """
    own = tuple(step for step in plan.steps if not is_mix(step))
    mixing = [step for step in plan.steps if is_mix(step)]
    if partners is None or not mixing:
        return replace(plan, steps=(*own, *mixing))
    told = [step if is_named(step.params["partner"]) else _told(step, partners.pick(step.params["partner"], key)) for step in mixing]
    keys = dict.fromkeys(step.params["partner"] for step in told)
    plans = tuple((other, Plan(tuple(step for step in draw(other).steps if not is_mix(step)))) for other in keys)
    return Plan((*own, *told), plans)


def _told(step: Step, key: str | int) -> Step:
    return replace(step, params={**step.params, "partner": key})
