"""Joint search of an architecture for the child and of a policy for its rows, over children that share weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from mmaug.errors import MmaugError
from mmaug.search.base.candidate import Candidate, JointCandidate
from mmaug.search.base.evaluator import Capability, Cost, Supernet
from mmaug.search.base.searcher import OnlineSearcher, StepLog
from mmaug.search.base.settings import NOT_NEGATIVE, POSITIVE, Maybe, Number, OneOf, Whole, check
from mmaug.search.controller import Controller
from mmaug.search.joint_draws import ControllerDraws, Draws, EvenDraws, RelaxedDraws
from mmaug.search.policy_gradient import Baseline, Learner
from mmaug.search.vocabulary import of_space

if TYPE_CHECKING:
    from torch import Tensor

METHODS = ("controller", "differentiable", "random")
RATES: Mapping[str, float] = {"controller": 3.5e-3, "differentiable": 0.05, "random": 0.0}
COLLAPSED = 0.02
"""With less of the entropy of even draws than this one candidate only is drawn."""


@dataclass
class JointNAS(OnlineSearcher):
    """Draws architectures together with policies; a round trains the shared weights, then learns from rewards.

    method: "controller" is an LSTM that writes the architecture first and the policy after it (REINFORCE); "differentiable" has one
    distribution for each decision, moved by RELAX; "random" draws evenly, over the same supernet: put the others beside it, since
    shared weights rank architectures badly and random search over them is strong. rounds; shared: steps of the shared weights in
    each, every one with a candidate of its own; samples: candidates in each that are rewarded; fine_tune: steps under the candidate's
    policy before its reward, since the shared weights know all policies and would not tell them apart. rate: Adam's; default 3.5e-3
    (controller), .05 (differentiable). entropy: its weight beside the reward; decay: of the running mean that rewards are held against.
    `best` ranks candidates by their mean reward less its standard error; the driver trains them from scratch (`task.evaluate`).
    Differs from the papers: ENAS has no policies, and a controller of 32 units with bounded logits.
    Source: Pham et al. 2018, "Efficient neural architecture search via parameter sharing", section 2; Tian et al. 2020, "Improving
    auto-augment via augmentation-wise weight sharing", section 3 (fine-tuning under the policy); Li and Talwalkar 2019 (random search).
    """

    method: str = "controller"
    rounds: int = 500
    shared: int = 16
    samples: int = 16
    fine_tune: int = 4
    rate: float | None = None
    entropy: float = 0.02
    decay: float = 0.95
    hidden: int = 100
    embedding: int = 32
    seed: int = 0
    requires: ClassVar[Capability] = Capability.SUPERNET

    def __post_init__(self) -> None:
        check(
            self, method=OneOf(METHODS), rounds=Whole(), shared=Whole(0), samples=Whole(), fine_tune=Whole(), rate=Maybe(POSITIVE),
            entropy=NOT_NEGATIVE, decay=Number(least=0, below=1), hidden=Whole(), embedding=Whole(),
        )  # fmt: skip

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Make the shared weights and what draws. init: candidates that the first rewards go to, where they are of the space."""
        self._space = space
        self._net: Supernet = task.supernet(seed=self.seed)
        self._vocabulary = of_space(space, before=self._net.choices)
        self._draws = self._make()
        self._round, self._failed = 0, 0
        self._worst = 0.0
        self._entropy = 1.0
        self._found: dict[tuple[int, ...], tuple[int, float, float]] = {}
        for candidate in init:
            if isinstance(candidate, JointCandidate):
                self._reward(self._tokens(candidate))

    def _make(self) -> Draws:
        rate = RATES[self.method] if self.rate is None else self.rate
        if self.method == "controller":
            controller = Controller(self._vocabulary, self.hidden, self.embedding, self.seed)
            return ControllerDraws(Learner(controller, "reinforce", rate, entropy=self.entropy), Baseline(self.decay))
        if self.method == "differentiable":
            return RelaxedDraws(self._vocabulary, rate, self.entropy, self.decay, self.seed)
        return EvenDraws(self._vocabulary)

    def candidate(self, tokens: Sequence[int]) -> JointCandidate:
        """The architecture and the policy of a sequence of tokens."""
        first = len(self._net.choices)
        architecture = {t.name: t.options[n] for t, n in zip(self._vocabulary.tokens[:first], tokens, strict=False)}
        return JointCandidate(self._space.policy(self._space.from_tokens(list(tokens[first:]))), architecture)

    def _tokens(self, candidate: JointCandidate) -> tuple[int, ...]:
        first = [options.index(candidate.architecture[name]) for name, options in self._net.choices.items()]
        return (*first, *self._space.to_tokens(self._space.values(candidate.policy)))

    def step(self) -> StepLog | None:
        """One round: the shared weights, then rewards for new candidates, then the draws learn."""
        if self._round >= self.rounds:
            return None
        for tokens in self._draws.draw(self.shared, self.seed, 8, self._round).tolist() if self.shared else []:
            one = self.candidate(tokens)
            try:
                self._net.step(one.architecture, one.policy)
            except MmaugError:  # the shared weights are as they were
                self._failed += 1
        key = (self.seed, 9, self._round)
        drawn = self._draws.draw(self.samples, *key)
        rewards = [self._reward(tuple(tokens)) for tokens in drawn.tolist()]
        self._entropy = self._draws.learn(drawn, torch.tensor(rewards, dtype=torch.float64), *key)
        self._round += 1
        best = int(np.argmax(rewards))
        values = {"objective": rewards[best], "mean": float(np.mean(rewards)), "entropy": self._entropy}
        cost = Cost(self.samples, self.shared + self.samples * self.fine_tune)
        return StepLog(self._round - 1, values, cost, self.candidate(drawn[best].tolist()))

    def _reward(self, tokens: tuple[int, ...]) -> float:
        one = self.candidate(tokens)
        try:
            reward = float(self._net.reward(one.architecture, one.policy, self.fine_tune))
        except MmaugError:
            reward = math.nan
        if not math.isfinite(reward):
            self._failed, reward = self._failed + 1, self._worst
        self._worst = min(self._worst, reward)
        count, total, squares = self._found.get(tokens, (0, 0.0, 0.0))
        self._found[tokens] = (count + 1, total + reward, squares + reward * reward)
        return reward

    def _noise(self) -> float:
        """The standard deviation of rewards of one candidate, from all that had several; 0 where none had."""
        several = [one for one in self._found.values() if one[0] > 1]
        apart = sum(max(0.0, squares - total * total / count) for count, total, squares in several)
        return math.sqrt(apart / max(1, sum(count - 1 for count, _, _ in several)))

    def best(self, count: int) -> list[Candidate]:
        """The best distinct candidates by mean reward less its standard error."""
        noise = self._noise()
        worth = {tokens: total / n - noise / math.sqrt(n) for tokens, (n, total, _) in self._found.items()}
        return [self.candidate(tokens) for tokens in sorted(worth, key=lambda tokens: -worth[tokens])[:count]]

    def diagnostics(self) -> dict[str, Any]:
        """Entropy as a share of even draws', whether draws have collapsed, distinct candidates, noise of a reward."""
        return {
            "rounds": self._round, "entropy": self._entropy, "collapsed": self._entropy < COLLAPSED,
            "distinct": len(self._found), "noise": self._noise(), "failed_steps": self._failed,
        }  # fmt: skip

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What draws, the shared weights, and all rewards so far."""
        tensors = {f"draws.{name}": value for name, value in self._draws.state().items()}
        tensors |= {f"net.{name}": value for name, value in self._net.state().items()}
        if self._found:
            tensors["found.tokens"] = torch.tensor(list(self._found))
            tensors["found.rewards"] = torch.tensor(list(self._found.values()), dtype=torch.float64)
        return tensors, {"round": self._round, "entropy": self._entropy, "failed": self._failed, "worst": self._worst}

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state; `begin` was called with the same task and space."""
        parts: dict[str, dict[str, Tensor]] = {"draws": {}, "net": {}, "found": {}}
        for name, value in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        self._draws.load(parts["draws"])
        self._net.load(parts["net"])
        rows = zip(parts["found"]["tokens"].tolist(), parts["found"]["rewards"].tolist(), strict=True) if parts["found"] else ()
        self._found = {tuple(tokens): (int(n), total, squares) for tokens, (n, total, squares) in rows}
        self._round, self._entropy = int(values["round"]), float(values["entropy"])
        self._failed, self._worst = int(values["failed"]), float(values["worst"])
