"""A user's own function as a task."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from mmaug.search.base import functions
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Evaluation


class FunctionTask:
    """A function (policy, fidelity, seed) -> number, or metrics with "objective" among them, as an evaluator."""

    capabilities = Capability.EVALUATE
    rungs = (1.0,)

    def __init__(self, function: Callable[..., Any]):
        self.function = function

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """What the function says. Raises: TypeError where it gives neither a number nor metrics."""
        begun = time.perf_counter()
        given = self.function(policy_of(candidate), fidelity, seed)
        cost = Cost(1, 0, time.perf_counter() - begun)
        if isinstance(given, Evaluation):
            return given
        if isinstance(given, Mapping):
            metrics = {str(name): float(value) for name, value in given.items()}
            if "objective" not in metrics:
                raise TypeError(f'the metrics of an objective must have "objective" among them, got {", ".join(metrics) or "none"}')
            return Evaluation(metrics["objective"], metrics, cost, fidelity, seed)
        try:
            return Evaluation(float(given), {}, cost, fidelity, seed)
        except (TypeError, ValueError):
            raise TypeError(f'an objective must give a number, or metrics with "objective"; got {given!r}') from None

    def describe(self) -> dict[str, Any]:
        """The function's name, and a digest of what it does."""
        named = getattr(self.function, "func", self.function)  # of a partial
        named = named if hasattr(named, "__qualname__") else type(named)
        return {"task": f"{named.__module__}.{named.__qualname__}", "code": functions.digest(self.function)}


def as_task(given: Any) -> Any:
    """The task itself, or a function made into one. Raises: TypeError for anything else."""
    if hasattr(given, "capabilities"):
        return given
    if callable(given):
        return FunctionTask(given)
    raise TypeError(f"task must be an evaluator such as mm.ChildTask, or a function (policy, fidelity, seed) -> number; got {given!r}")
