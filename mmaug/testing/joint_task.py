"""A table of architectures and policies in which each architecture has a best policy of its own."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mmaug.policy import Policy
from mmaug.search.base.candidate import Candidate, JointCandidate, digest, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.pools import IDENTITY, IMAGE_OPS
from mmaug.search.base.space import PolicySpace
from mmaug.testing.policy_reading import nodes, strength

if TYPE_CHECKING:
    from torch import Tensor

CHOICES: Mapping[str, tuple[Any, ...]] = MappingProxyType({"depth": (1, 2, 3), "width": (16, 32)})
PLAIN = {"depth": 1, "width": 16}
"""The architecture of a candidate that names none."""


@dataclass(frozen=True)
class JointTable:
    """Six architectures, each worth most under an op and a strength of its own; the best pair is worth 1: SUPERNET, EVALUATE.

    Of the other architectures the best pair is worth 0.6 to 0.85. A policy is one slot of 15 ops, read by its likeliest op. seed: of the
    table. noise: of a reward, standard deviation.
    """

    seed: int = 0
    noise: float = 0.02
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE | Capability.SUPERNET

    @property
    def space(self) -> PolicySpace:
        return PolicySpace(IMAGE_OPS[:15], n_sub=1, n_ops=1)

    @functools.cached_property
    def planted(self) -> dict[tuple[Any, ...], tuple[str, float, float]]:
        """For each architecture its op, strength and worth."""
        rng = np.random.default_rng([13, self.seed])
        architectures = list(itertools.product(*CHOICES.values()))
        best = int(rng.integers(len(architectures)))
        rolled = rng.permutation(15)[: len(architectures)]
        return {
            a: (IMAGE_OPS[rolled[i]], round(float(rng.integers(2, 11)) / 10, 12), 1.0 if i == best else float(rng.uniform(0.6, 0.85)))
            for i, a in enumerate(architectures)
        }

    def true(self, candidate: Candidate) -> float:
        """What a candidate is worth, without noise."""
        given = candidate.architecture if isinstance(candidate, JointCandidate) else PLAIN
        return self.worth(given, policy_of(candidate))

    def worth(self, architecture: Mapping[str, Any], policy: Policy) -> float:
        """Half for the op, half for how near its strength is; a third of the height for any other op."""
        op, at, height = self.planted[tuple(architecture[name] for name in CHOICES)]
        found = max(nodes(policy.at(0.0)), key=lambda pair: pair[0], default=None)
        if found is None or found[1].name != op:
            return height / 3 if found is not None and found[1].name != IDENTITY else height / 4
        node = found[1]
        near = math.exp(-(((strength(node) - at) / 0.25) ** 2) / 2) if node.strength is not None else 1.0
        return height * (0.5 + 0.5 * near)

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """The worth with noise; pure."""
        rng = np.random.default_rng([14, self.seed, seed, int(digest(candidate), 16)])
        objective = self.true(candidate) + self.noise * float(rng.standard_normal())
        return Evaluation(objective, {"objective": objective}, Cost(1, round(100 * fidelity)), fidelity, seed)

    def supernet(self, seed: int = 0) -> TableSupernet:
        """The shared weights, which are only a count here."""
        return TableSupernet(self, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "JointTable", "seed": self.seed, "noise": self.noise}


class TableSupernet:
    """`Supernet` of the table: a reward is the worth, with noise that every call draws anew and that the state decides."""

    choices = CHOICES

    def __init__(self, task: JointTable, seed: int):
        self.task, self.seed = task, seed
        self.steps = 0
        self.asked = 0

    def step(self, architecture: Mapping[str, Any], policy: Policy) -> float:
        """A step of shared weights; its loss."""
        self.steps += 1
        return 1.0 - self.task.worth(architecture, policy)

    def reward(self, architecture: Mapping[str, Any], policy: Policy, steps: int) -> float:
        """The worth with noise."""
        del steps
        self.asked += 1
        drawn = np.random.default_rng([15, self.task.seed, self.seed, self.asked]).standard_normal()
        return self.task.worth(architecture, policy) + self.task.noise * float(drawn)

    def state(self) -> dict[str, Tensor]:
        """Both counters."""
        import torch

        return {"steps": torch.tensor(self.steps), "asked": torch.tensor(self.asked)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        self.steps, self.asked = int(state["steps"]), int(state["asked"])
