"""How the graph of an augmenting network is proposed, trial by trial: by evolution, or by a controller."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from mmaug.neural.genotype import GenotypeSpace
from mmaug.search.base.dimensions import Token
from mmaug.search.controller import Controller, generator
from mmaug.search.policy_gradient import Baseline, Learner
from mmaug.search.vocabulary import Vocabulary


class Proposals(Protocol):
    """Gives the numbers of options of the next genotype, and hears how good it was."""

    def ask(self, number: int) -> list[int]: ...

    def tell(self, number: int, numbers: list[int], fitness: float | None) -> None: ...

    def entropy(self) -> float:
        """Of what is proposed, as a share of that of even draws."""
        ...

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]: ...

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None: ...


class Evolution:
    """Regularised evolution: the best of a few drawn members is changed in one place, and the oldest member dies.

    Source: Real et al. 2019, "Regularized evolution for image classifier architecture search", algorithm 1.
    """

    def __init__(self, space: GenotypeSpace, seed: int, population: int = 8, sample: int = 3):
        self.space, self.seed, self.population, self.sample = space, seed, population, sample
        self.members: list[tuple[list[int], float]] = []

    def ask(self, number: int) -> list[int]:
        """The next genotype."""
        drawn = np.random.default_rng([self.seed, 1, number])
        if len(self.members) < self.population:
            return self.space.sample(drawn)
        chosen = drawn.choice(len(self.members), min(self.sample, len(self.members)), replace=False)
        parent = max((self.members[int(i)] for i in chosen), key=lambda member: member[1])
        return self.space.mutate(parent[0], drawn)

    def tell(self, number: int, numbers: list[int], fitness: float | None) -> None:
        """How good it was; one that failed lives, as the worst."""
        worst = min((value for _, value in self.members), default=0.0)
        self.members = [*self.members, (list(numbers), worst if fitness is None else fitness)][-self.population :]

    def entropy(self) -> float:
        """Of the decisions within the population."""
        shares = []
        for place, (_, options) in enumerate(self.space.decisions):
            if len(options) > 1 and self.members:
                counts = np.bincount([numbers[place] for numbers, _ in self.members], minlength=len(options)) / len(self.members)
                most = math.log(min(len(options), len(self.members))) or 1.0
                shares.append(float(-(counts[counts > 0] * np.log(counts[counts > 0])).sum()) / most)
        return float(np.mean(shares)) if shares else 1.0

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The members, oldest first."""
        return {}, {"members": [[numbers, fitness] for numbers, fitness in self.members]}

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.members = [([int(n) for n in numbers], float(fitness)) for numbers, fitness in values["members"]]


class Controlled:
    """An LSTM writes the decisions one by one and learns from each batch of trials, with PPO.

    Source: Zoph and Le 2017, "Neural architecture search with reinforcement learning", 3.
    """

    def __init__(self, space: GenotypeSpace, seed: int, batch: int = 4):
        tokens = tuple(Token(name, options) for name, options in space.decisions)
        self.space, self.seed, self.batch = space, seed, batch
        self.learner = Learner(Controller(Vocabulary(tokens, ((),) * len(tokens)), seed=seed), rate=3.5e-3)
        self.baseline = Baseline()
        self.told: list[tuple[list[int], float | None]] = []
        self.share = 1.0

    def ask(self, number: int) -> list[int]:
        """The next genotype."""
        tokens, _ = self.learner.controller.sample(1, generator(self.seed, 2, number))
        return [int(token) for token in tokens[0]]

    def tell(self, number: int, numbers: list[int], fitness: float | None) -> None:
        """How good it was; after a whole batch the controller learns. Trials that failed teach nothing."""
        self.told.append((list(numbers), fitness))
        if len(self.told) < self.batch:
            return
        good = [(numbers, fitness) for numbers, fitness in self.told if fitness is not None]
        self.told = []
        if len(good) > 1:
            tokens = torch.tensor([numbers for numbers, _ in good])
            rewards = torch.tensor([fitness for _, fitness in good], dtype=torch.float64)
            with torch.no_grad():
                before, _ = self.learner.controller.judge(tokens)
            advantage = self.baseline.advantages(rewards)
            self.share = self.learner.update(tokens, before, advantage / advantage.std().clamp_min(1e-8))["entropy"]

    def entropy(self) -> float:
        """Of the controller's tokens at its last update."""
        return self.share

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The controller, and what it has not learnt from yet."""
        return self.learner.state(), {"told": [list(one) for one in self.told], "baseline": self.baseline.value, "share": self.share}

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.learner.load(tensors)
        self.told = [(list(numbers), fitness) for numbers, fitness in values["told"]]
        self.baseline.value, self.share = values["baseline"], values["share"]
