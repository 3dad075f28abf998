"""Population based augmentation: children train side by side, the worst take over the best's weights, and policies change as they go.

What comes out is a schedule: the policies that the best child and its forebears were trained under, one after another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mmaug.errors import MmaugError
from mmaug.policy import Policy
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Capability, Cost
from mmaug.search.base.executor import InProcess
from mmaug.search.base.jobs import Stretch
from mmaug.search.base.searcher import Budget, OnlineSearcher, StepLog
from mmaug.search.base.settings import SHARE, Number, Whole, check
from mmaug.search.base.state import packed, unpacked
from mmaug.search.population_space import MAGNITUDES, PROBABILITIES, PopulationSpace

if TYPE_CHECKING:
    from torch import Tensor


def explore(vector: np.ndarray, rng: np.random.Generator, resample: float = 0.2) -> np.ndarray:
    """A policy's whole numbers after one exploration; int64 [entries, 2], probability and magnitude.

    Each number is drawn afresh with chance `resample`, else moved by 0 to 3 up or down, and kept in its range.
    Source: Ho et al. 2019, "Population based augmentation", algorithm 1.
    """
    tops = np.broadcast_to([PROBABILITIES, MAGNITUDES], vector.shape)
    fresh = rng.integers(0, tops + 1)
    moved = vector + rng.integers(0, 4, vector.shape) * rng.choice([-1, 1], vector.shape)
    return np.where(rng.random(vector.shape) < resample, fresh, np.clip(moved, 0, tops))


def schedule(space: PopulationSpace, vectors: np.ndarray) -> Policy:
    """The policies of a lineage, int [rounds, entries, 2], as a schedule over the progress of training, however long that is."""
    points: list[tuple[float, Policy]] = []
    for number, vector in enumerate(vectors):
        if number == 0 or (vector != vectors[number - 1]).any():
            points.append((number / len(vectors), space.policy(vector)))
    return points[0][1] if len(points) == 1 else Policy.schedule(points)


@dataclass
class PopulationBased(OnlineSearcher):
    """Finds a schedule of policies in one training of a population.

    population: children. rounds: how often they are compared. interval: steps of a child between two comparisons; the paper has 3
    epochs, so give about 3 passes over the training rows. quantile: the share that takes over weights, optimiser and policy from a
    member of the best share. resample: chance that a number is drawn afresh when a policy is explored.
    All members begin alike, with the same weights and rows in the same order: they differ by their policies only. They train side by
    side in the workers of `search(executor=...)`. One whose training fails stays where it was, and is the worst of all until it takes over
    another; where all fail, so does the search.
    Differs from the paper: intervals are in steps, as children here train for few epochs; the rest as `PopulationSpace` says.
    Source: Ho et al. 2019, "Population based augmentation", section 3; Jaderberg et al. 2017, "Population based training" (truncation).
    """

    population: int = 16
    rounds: int = 66
    interval: int = 3
    quantile: float = 0.25
    resample: float = 0.2
    seed: int = 0

    requires: ClassVar[Capability] = Capability.RESUME
    default_budget: ClassVar[Budget] = Budget()

    def __post_init__(self) -> None:
        check(self, population=Whole(2), rounds=Whole(), interval=Whole(), quantile=Number(above=0, most=0.5), resample=SHARE)

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start the population. init: policies that members begin with in turn; where there are none, all begin with the identity."""
        self._space = PopulationSpace(tuple(space.ops))
        starts = [self._space.vector(policy_of(candidate)) for candidate in init] or [self._space.nothing()]
        self._vectors = [starts[number % len(starts)] for number in range(self.population)]
        self._members = self._executor or InProcess()
        if self._executor is None:
            self._members.start(task)
        first = packed(task.start(seed=self.seed, steps=self.rounds * self.interval).state())
        self._states = [first] * self.population
        self._lineages: list[list[np.ndarray]] = [[] for _ in range(self.population)]
        self._founders = list(range(self.population))
        self._scores = [-math.inf] * self.population
        self._round = 0
        self._copied = 0

    def step(self) -> StepLog | None:
        """Compare, copy and explore; then train every member for one interval and score it.

        Raises: MmaugError where the training of every member fails.
        """
        if self._round >= self.rounds:
            return None
        if self._round:
            self._exploit()
        planned, cost, errors = self.rounds * self.interval, Cost(), dict[int, str]()
        policies = [self._space.policy(vector) for vector in self._vectors]
        jobs = [Stretch(held, self.interval, (p,), self.seed, planned) for held, p in zip(self._states, policies, strict=True)]
        for number, done in self._members.train(jobs):
            scored = done.evaluation
            self._states[number] = done.state
            self._scores[number] = -math.inf if scored.objective is None else float(scored.objective)
            cost += scored.cost
            errors |= {number: scored.error} if scored.objective is None else {}
        if len(errors) == self.population:
            raise MmaugError(f"PopulationBased: all members failed in round {self._round}; the first with: {errors[0]}")
        self._lineages = [[*lineage, vector] for lineage, vector in zip(self._lineages, self._vectors, strict=True)]
        self._round += 1
        best, *_ = self._ranking()
        values = {"objective": self._scores[best], "mean": float(np.mean(self._finite())), "copied": float(self._copied)}
        return StepLog(self._round - 1, values, cost, schedule(self._space, np.stack(self._lineages[best])))

    def _exploit(self) -> None:
        """The worst take over everything from one of the best, drawn by lot, and explore from there."""
        rng = np.random.default_rng([self.seed, self._round])
        ranking, count = self._ranking(), max(1, round(self.quantile * self.population))
        best, worst = ranking[:count], ranking[-count:]
        for number in worst:
            parent = best[int(rng.integers(count))]
            self._states[number] = self._states[parent]
            self._lineages[number] = list(self._lineages[parent])
            self._founders[number] = self._founders[parent]
            self._vectors[number] = explore(self._vectors[parent], rng, self.resample)
        self._copied += len(worst)

    def _ranking(self) -> list[int]:
        """Members, best first; of equals the one with the lower number."""
        return sorted(range(self.population), key=lambda number: -self._scores[number])

    def _finite(self) -> list[float]:
        return [score for score in self._scores if math.isfinite(score)] or [math.nan]

    def best(self, count: int) -> list[Candidate]:
        """The schedules of the best members; none of one that failed."""
        found: list[Candidate] = []
        for number in (number for number in self._ranking() if math.isfinite(self._scores[number])):
            policy = schedule(self._space, np.stack(self._lineages[number]))
            if policy not in found:
                found.append(policy)
        return found[:count]

    def diagnostics(self) -> dict[str, Any]:
        """How alike the members have become: different policies, founders with descendants, spread of scores, entropy of the ops."""
        distinct = len({vector.tobytes() for vector in self._vectors})
        chances = np.mean([self._space.chances(vector) for vector in self._vectors], axis=0)
        shares = chances / chances.sum() if chances.sum() else chances
        entropy = float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum() / max(math.log(len(shares)), 1e-12))
        finite = self._finite()
        return {
            "rounds": self._round, "distinct_policies": distinct, "founders": len(set(self._founders)), "entropy": entropy,
            "spread": float(np.max(finite) - np.min(finite)), "collapsed": bool(self._round > 1 and distinct == 1),
            "failed_members": self.population - sum(map(math.isfinite, self._scores)) if self._round else 0,
        }  # fmt: skip

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Every member's child, policy and lineage."""
        import torch

        tensors = {f"member{n}.{name}": value for n, held in enumerate(self._states) for name, value in unpacked(held).items()}
        tensors["vectors"] = torch.from_numpy(np.stack(self._vectors))
        if self._round:
            tensors["lineages"] = torch.from_numpy(np.stack([np.stack(lineage) for lineage in self._lineages]))
        scores = [score if math.isfinite(score) else None for score in self._scores]
        return tensors, {"round": self._round, "copied": self._copied, "scores": scores, "founders": list(self._founders)}

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state; `begin` was called with the same task and space."""
        for number in range(self.population):
            first = f"member{number}."
            self._states[number] = packed({name.removeprefix(first): v for name, v in tensors.items() if name.startswith(first)})
        self._vectors = list(tensors["vectors"].numpy().copy())
        self._round, self._copied, self._founders = int(values["round"]), int(values["copied"]), list(values["founders"])
        held = tensors["lineages"].numpy().copy() if self._round else [[]] * self.population
        self._lineages = [list(lineage) for lineage in held]
        self._scores = [-math.inf if score is None else float(score) for score in values["scores"]]
