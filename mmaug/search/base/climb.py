"""Successive halving: a trial goes on to the next fidelity while it is among the better ones at its rung so far.

The rule is deterministic: a batch is evaluated at a rung, its results join those seen there before, and those among the best third
of all of them climb; of equal ones the earlier trial is the better. The first trial at a rung always does. A trial that asks for a
fidelity below 1 is evaluated there only.

Source: Li et al. 2020, "A system for massively parallel hyperparameter tuning" (ASHA), algorithm 2, with reduction factor 3; here batches
are waited for, so that a history does not depend on the speed or the number of workers.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Sequence

from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.jobs import Request
from mmaug.search.base.searcher import Trial

FACTOR = 3
"""One of so many climbs."""

Evaluate = Callable[[list[tuple[str, Request]]], list[Evaluation]]


class Ladder:
    """The rungs of a task and what was seen on each."""

    def __init__(self, rungs: Sequence[float]):
        self.rungs = tuple(rungs)
        self.seen: list[list[tuple[float, int]]] = [[] for _ in self.rungs]
        """(minus the objective, the trial's number), best first."""

    def climb(self, trials: Sequence[Trial], evaluate: Evaluate) -> list[list[Evaluation]]:
        """For each trial its evaluations, lowest rung first."""
        climbed: list[list[Evaluation]] = [[] for _ in trials]
        own = [i for i, trial in enumerate(trials) if trial.fidelity < 1]
        for i, given in zip(own, evaluate([(f"trial/{trials[i].number}/0", _request(trials[i])) for i in own]), strict=True):
            climbed[i].append(given)
        here = [i for i, trial in enumerate(trials) if trial.fidelity >= 1]
        for rung, fidelity in enumerate(self.rungs):
            asked = [(f"trial/{trials[i].number}/{rung}", _request(trials[i], fidelity)) for i in here]
            for i, given in zip(here, evaluate(asked), strict=True):
                climbed[i].append(given)
            here = self._better(rung, trials, here, climbed)
        return climbed

    def _better(self, rung: int, trials: Sequence[Trial], here: list[int], climbed: list[list[Evaluation]]) -> list[int]:
        seen = self.seen[rung]
        ranks = {i: (-given, trials[i].number) for i in here if (given := climbed[i][-1].objective) is not None}
        for rank in ranks.values():
            insort(seen, rank)
        if not ranks:
            return []
        bound = seen[math.ceil(len(seen) / FACTOR) - 1]
        return [i for i, rank in ranks.items() if rank <= bound]


def _request(trial: Trial, fidelity: float | None = None) -> Request:
    return Request(trial.candidate, trial.fidelity if fidelity is None else fidelity, trial.seed)
