"""A searcher that trains while it searches, and tasks that take their time or kill their worker, for tests of the driver."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmaug.policy import Policy
from mmaug.search import Budget, PolicySpace
from mmaug.search.base.candidate import digest
from mmaug.search.base.evaluator import Capability, Cost
from mmaug.search.base.searcher import OnlineSearcher, StepLog
from mmaug.testing.tasks import PlantedBandit, PlantedSchedule

SPACE = PolicySpace(("image.rotate", "image.brightness", "image.horizontal_flip"), n_sub=1, n_ops=1)


@dataclass(frozen=True)
class Slow(PlantedBandit):
    """A table that takes its time."""

    def evaluate(self, candidate, *, fidelity: float = 1.0, seed: int = 0):
        time.sleep(0.03)
        return super().evaluate(candidate, fidelity=fidelity, seed=seed)


@dataclass(frozen=True)
class Deadly(PlantedBandit):
    """A table whose every fourth candidate kills the process that evaluates it, but only once where `marks` is a folder."""

    marks: str = ""

    def evaluate(self, candidate, *, fidelity: float = 1.0, seed: int = 0):
        name = digest(candidate)
        if int(name, 16) % 4 == 0:
            mark = Path(self.marks, name) if self.marks else None
            if mark is None or not mark.exists():
                if mark is not None:
                    mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().evaluate(candidate, fidelity=fidelity, seed=seed)


@dataclass
class Climber(OnlineSearcher):
    """The smallest searcher that trains while it searches: the strength walks, and stays where the loss was lower.

    Source: none; it is here for its state.
    """

    seed: int = 0
    requires = Capability.RESUME
    default_budget = Budget(evaluations=20)

    def begin(self, task: Any, space: Any, init: Any = ()) -> None:
        self._run, self._space = task.start(self.seed), space
        self._number, self._at, self._rng_steps = 0, 0.5, 0
        del init

    def step(self) -> StepLog | None:
        if self._number == 30:
            return None
        rng = np.random.default_rng([self.seed, self._number])
        other = float(np.clip(self._at + rng.normal(0, 0.2), 0, 1))
        losses = self._run.advance(5, [self._policy(self._at), self._policy(other)])
        self._at = other if losses[1] < losses[0] else self._at
        self._number += 1
        return StepLog(self._number - 1, {"objective": self._run.score().objective or 0.0}, Cost(1, 10), self._policy(self._at))

    def _policy(self, strength: float) -> Policy:
        return self._space.policy({"sub0.slot0.image.op": "image.rotate", "sub0.slot0.image.strength": strength, "sub0.slot0.p": 1.0})

    def best(self, count: int) -> list[Any]:
        return [self._policy(self._at)]

    def state(self) -> Any:
        return self._run.state(), {"number": self._number, "at": self._at}

    def load(self, tensors: Any, values: Any) -> None:
        self._run.load(tensors)
        self._number, self._at = values["number"], values["at"]


@dataclass(frozen=True)
class SlowSchedule(PlantedSchedule):
    """A training that takes its time."""

    def start(self, seed: int = 0, steps: int | None = None):
        run = super().start(seed, steps)
        advance = run.advance

        def slowly(steps: int, policies: Any) -> list[float]:
            time.sleep(0.03)
            return advance(steps, policies)

        run.advance = slowly  # type: ignore[method-assign]
        return run
