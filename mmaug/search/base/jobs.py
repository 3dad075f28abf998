"""What an executor is given to do, and how it is done: a candidate evaluated, or a child in training taken a stretch further."""

from __future__ import annotations

import math
import numbers
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmaug.policy import Policy
from mmaug.search.base import state
from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Cost, Evaluation, Run


@dataclass(frozen=True, slots=True)
class Request:
    """One call of `task.evaluate`."""

    candidate: Candidate
    fidelity: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some steps of one run, and its score after them.

    state: of the run before them, as `state.packed` makes it. steps: to train, under all the policies at once. seed, planned: what the run
    was begun with, `task.start(seed, planned)`.
    """

    state: bytes
    steps: int
    policies: tuple[Policy, ...]
    seed: int
    planned: int


@dataclass(frozen=True, slots=True)
class Stretched:
    """What came of a stretch. state: of the run after it; of one that failed, as it was before. losses: the mean of each policy.
    evaluation: the held-out score, with what the stretch cost; objective None, and the error, where it failed.
    """

    state: bytes
    losses: tuple[float, ...]
    evaluation: Evaluation


class Desk:
    """Does one job after another for a task. The run of the last stretch is kept: a state is loaded sooner than a child is made."""

    def __init__(self, task: Any):
        self.task = task
        self._run: tuple[tuple[int, int], Run] | None = None

    def answer(self, request: Request) -> Evaluation:
        """The task's evaluation; one without an objective, with the error, where it raises or gives no number."""
        given, seconds = _tried(lambda: self.task.evaluate(request.candidate, fidelity=request.fidelity, seed=request.seed))
        if isinstance(given, Evaluation):
            given = _checked(given)
        elif not isinstance(given, str):
            given = f"{type(self.task).__name__}.evaluate must return an Evaluation, got {given!r}"
        if isinstance(given, str):
            return Evaluation(None, {}, Cost(1, 0, seconds), request.fidelity, request.seed, False, given)
        return given if given.cost.seconds else replace(given, cost=replace(given.cost, seconds=seconds))

    def train(self, stretch: Stretch) -> Stretched:
        """The run after the stretch; the state before it, with the error, where it fails or its score is no number."""
        done, seconds = _tried(lambda: self._train(stretch))
        if isinstance(done, str):
            return _untrained(stretch, done, seconds)
        after, losses, scored = done
        cost = Cost(1, stretch.steps * len(stretch.policies), seconds)
        scored = _checked(replace(scored, cost=cost))
        if isinstance(scored, str):
            return _untrained(stretch, scored, seconds)
        return Stretched(stretch.state if scored.objective is None else after, losses, scored)

    def _train(self, stretch: Stretch) -> tuple[bytes, tuple[float, ...], Evaluation]:
        begun = (stretch.seed, stretch.planned)
        kept, self._run = self._run, None  # a run that fails is not used again
        run = kept[1] if kept and kept[0] == begun else self.task.start(seed=stretch.seed, steps=stretch.planned)
        run.load(state.unpacked(stretch.state))
        losses = tuple(run.advance(stretch.steps, stretch.policies))
        scored, after = run.score(), state.packed(run.state())
        self._run = (begun, run)
        return after, losses, scored


def failed(job: Request | Stretch, error: str, seconds: float = 0.0) -> Evaluation | Stretched:
    """The answer to a job that could not be done."""
    if isinstance(job, Request):
        return Evaluation(None, {}, Cost(1, 0, seconds), job.fidelity, job.seed, False, error)
    return _untrained(job, error, seconds)


def _untrained(stretch: Stretch, error: str, seconds: float) -> Stretched:
    return Stretched(stretch.state, (), Evaluation(None, {}, Cost(1, 0, seconds), seed=stretch.seed, feasible=False, error=error))


def _tried(act: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, or the words of its error; and the seconds it took."""
    begun = time.perf_counter()
    try:
        given = act()
    except Exception as error:  # whatever a task raises is a job that failed, not the end of the search
        last = traceback.extract_tb(error.__traceback__)[-1]
        given = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
    return given, round(time.perf_counter() - begun, 4)


def _checked(given: Evaluation) -> Evaluation | str:
    """The evaluation with plain numbers, None for a metric that is not finite; or the words of what is wrong with it."""
    wrong = {"objective": given.objective} | dict(given.metrics)
    for name, value in wrong.items():
        if not (value is None or isinstance(value, numbers.Real)):
            return f"{name} must be a number, got {value!r}"
    metrics = {name: _number(value) for name, value in given.metrics.items()}
    objective = _number(given.objective)
    if objective is None and given.objective is not None:
        return replace(given, objective=None, metrics=metrics, error=f"the objective is {given.objective}")
    return replace(given, objective=objective, metrics=metrics)


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
