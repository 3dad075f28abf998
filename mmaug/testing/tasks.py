"""Tasks with planted optima, evaluated in microseconds: what a searcher must find, and by how much it missed.

    task = PlantedBandit(seed=3)
    result = MySearcher().search(task, task.space, budget=200)
    assert task.regret(result.best) <= 0.05

Also `PlantedGrid` (the compact space), `PlantedSchedule` (training in steps), `InverseShift` (frozen folds), `MinimaxGame` (several
policies at once) and `JointTable` (an architecture beside the policy).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.errors import PolicyError
from mmaug.registry import get_op
from mmaug.search.base.candidate import Candidate, digest, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.pools import IDENTITY, IMAGE_OPS
from mmaug.search.base.space import PolicySpace
from mmaug.testing.game_task import MinimaxGame as MinimaxGame
from mmaug.testing.grid_task import PlantedGrid as PlantedGrid
from mmaug.testing.joint_task import JointTable as JointTable
from mmaug.testing.schedule_task import PlantedSchedule as PlantedSchedule
from mmaug.testing.shift_task import InverseShift as InverseShift

WIDTH, FLOOR = 0.5, 0.3
"""How far from the planted probability and strength an op is worth much less, and the share of its worth that it has anywhere."""


SPACE = PolicySpace(IMAGE_OPS[:15], n_sub=1, n_ops=2)


@dataclass(frozen=True)
class PlantedBandit:
    """A table over op, probability and strength of every slot, each slot on its own: EVALUATE.

    In each slot and modality one op is worth 1 at its planted strength and the slot's planted probability, the others at most 0.6, the
    identity 0.2; a policy is worth the mean. What is planted lies on the steps of tokens. seed: of the table. noise: of an evaluation,
    standard deviation. space: default two slots of 15 ops on pictures. rungs: noise grows as fidelity falls.
    """

    seed: int = 0
    noise: float = 0.02
    space: PolicySpace = SPACE
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE

    @functools.cached_property
    def planted(self) -> dict[str, Any]:
        """The values of the best policy."""
        rng = np.random.default_rng([5, self.seed])
        values: dict[str, Any] = {}
        for token in self.space.tokens():
            first = 1 if token.name.endswith(".op") else 0  # 0 is the identity
            values[token.name] = token.options[int(rng.integers(first, len(token.options)))]
        return self.space.canonical(values)

    @functools.cached_property
    def gains(self) -> dict[str, dict[str, float]]:
        """What each op is worth in each slot, at its best."""
        rng = np.random.default_rng([6, self.seed])
        table: dict[str, dict[str, float]] = {}
        for token in self.space.tokens():
            if token.name.endswith(".op"):
                best = self.planted[token.name]
                table[token.name] = {op: float(rng.uniform(0.0, 0.6)) for op in token.options} | {IDENTITY: 0.2, best: 1.0}
        return table

    def true(self, candidate: Candidate) -> float:
        """What a candidate is worth, without noise; a policy of another space counts as the identity."""
        try:
            values = self.space.values(policy_of(candidate))
        except PolicyError:
            return 0.2
        return float(np.mean([self._worth(name, values) for name in self.gains]))

    def _worth(self, name: str, values: dict[str, Any]) -> float:
        owner, chosen = name.removesuffix(".op"), values[name]
        gain = self.gains[name][chosen]
        if chosen == IDENTITY:
            return gain
        coin = f"{owner}.p" if f"{owner}.p" in values else f"{owner.rpartition('.')[0]}.p"
        apart = (values[coin] - self.planted[coin]) ** 2
        if get_op(chosen).has_strength and chosen == self.planted[name]:
            apart += (values[f"{owner}.strength"] - self.planted[f"{owner}.strength"]) ** 2
        return gain * (FLOOR + (1 - FLOOR) * math.exp(-apart / (2 * WIDTH**2)))

    def regret(self, candidate: Candidate) -> float:
        """How much worse than the best a candidate is, without noise."""
        return 1.0 - self.true(candidate)

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """The worth with noise; pure."""
        rng = np.random.default_rng([self.seed, seed, int(digest(candidate), 16)])
        objective = self.true(candidate) + self.noise / math.sqrt(fidelity) * float(rng.standard_normal())
        return Evaluation(objective, {"objective": objective}, Cost(1, round(100 * fidelity)), fidelity, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "PlantedBandit", "seed": self.seed, "noise": self.noise, "rungs": list(self.rungs)}
