"""AutoAugment: a recurrent controller writes policies, and learns from how well children do that are trained under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.ranking import Ranking
from mmaug.search.base.searcher import AskTellSearcher, Budget, Trial
from mmaug.search.base.settings import NOT_NEGATIVE, POSITIVE, Maybe, Number, OneOf, Whole, check
from mmaug.search.controller import Controller, generator
from mmaug.search.joined import joined
from mmaug.search.policy_gradient import ALGORITHMS, Baseline, Learner
from mmaug.search.vocabulary import of_space

COLLAPSED = 0.02
"""A controller whose ops have less of the entropy of even draws than this writes the same ops always."""


@dataclass
class AutoAugment(AskTellSearcher):
    """Writes policies with an LSTM of 100 units, which is trained by PPO or REINFORCE on the objective.

    algorithm: "ppo" or "reinforce". rate: Adam's; default 3.5e-4 for PPO, 3.5e-3 for REINFORCE. epochs, clip: PPO's steps a batch and
    bound of the ratio. entropy: its weight beside the reward. decay: of the running mean that rewards are held against. join: so many
    of the best distinct policies become one. batch: policies a step of the controller.
    `best` gives the joined policy first, then single ones.
    Differs from the paper: it trains 15 000 children, which is the default budget, and says nothing of PPO's batch, epochs and clip; a
    policy here has an op for each modality in a slot; strengths of ops that take none are left out of probability and entropy.
    Source: Cubuk et al. 2019, "AutoAugment", section 3 and appendix; baseline and entropy as Zoph et al. 2018, appendix.
    """

    algorithm: str = "ppo"
    rate: float | None = None
    epochs: int = 4
    clip: float = 0.2
    entropy: float = 1e-5
    decay: float = 0.95
    join: int = 5
    hidden: int = 100
    embedding: int = 32
    batch: int = 16
    seed: int = 0
    default_budget: ClassVar[Budget] = Budget(evaluations=15_000)

    def __post_init__(self) -> None:
        check(
            self, algorithm=OneOf(ALGORITHMS), rate=Maybe(POSITIVE), epochs=Whole(), clip=Number(above=0, below=1), entropy=NOT_NEGATIVE,
            decay=Number(least=0, below=1), join=Whole(), hidden=Whole(), embedding=Whole(), batch=Whole(),
        )  # fmt: skip

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start afresh. init: policies that are evaluated first; they can be found best, but the controller does not learn from them."""
        del task
        self._space, self._init = space, list(init)
        controller = Controller(of_space(space), self.hidden, self.embedding, self.seed)
        self._learner = Learner(controller, self.algorithm, self.rate, self.epochs, self.clip, self.entropy)
        self._baseline = Baseline(self.decay)
        self._asked = self._drawn = 0
        self._waiting: list[tuple[list[int], float]] = []
        self._told: list[tuple[list[int], float, float]] = []
        self._ranking = Ranking()
        self._log: dict[str, float] = {"loss": 0.0, "entropy": 1.0, "op_entropy": 1.0}

    def ask(self, count: int) -> list[Trial]:
        """Policies that the controller writes; a batch of them at a time, so that how many are asked for moves nothing."""
        trials = []
        for _ in range(count):
            if self._init:
                candidate, notes = self._init.pop(0), {}
            else:
                tokens, log_probability = self._next()
                candidate = self._space.policy(self._space.from_tokens(tokens))
                notes = {"tokens": tokens, "log_probability": log_probability}
            trials.append(Trial(self._asked, candidate, notes=notes))
            self._asked += 1
        return trials

    def _next(self) -> tuple[list[int], float]:
        if not self._waiting:
            tokens, logs = self._learner.controller.sample(self.batch, generator(self.seed, 2, self._drawn))
            self._waiting = list(zip(tokens.tolist(), logs.tolist(), strict=True))
            self._drawn += 1
        return self._waiting.pop(0)

    def tell(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember it; the controller learns from every `batch` answers. It learns nothing from trials that failed."""
        self._ranking.add(trial.candidate, evaluation)
        if evaluation.objective is None or "tokens" not in trial.notes:
            return
        self._told.append((list(trial.notes["tokens"]), float(trial.notes["log_probability"]), float(evaluation.objective)))
        if len(self._told) == self.batch:
            tokens, old, rewards = (torch.tensor(column) for column in zip(*self._told, strict=True))
            advantages = self._baseline.advantages(rewards.double())
            self._log = self._learner.update(tokens, old.double(), advantages)
            self._told = []

    def best(self, count: int) -> list[Candidate]:
        """The best `join` policies as one, then the best single ones."""
        if not (singles := self._ranking.best(max(count, self.join))):
            return []
        together = joined(policy_of(candidate) for candidate in singles[: self.join])
        return [together, *singles][:count] if self.join > 1 else singles[:count]

    def diagnostics(self) -> dict[str, Any]:
        """Entropy of the controller and of its ops alone as shares of even draws', and whether it has collapsed to the same ops always."""
        collapsed = self._log["op_entropy"] < COLLAPSED
        return {**self._log, "collapsed": collapsed, "baseline": self._baseline.value}
