"""Adversarial AutoAugment: a controller that makes rows hard, and a child that learns from them as they are made."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from mmaug.errors import MmaugError
from mmaug.policy import Policy, PolicyOp
from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Capability, Cost, Evaluation, Run
from mmaug.search.base.searcher import OnlineSearcher, StepLog
from mmaug.search.base.settings import NOT_NEGATIVE, POSITIVE, Number, OneOf, Whole, check
from mmaug.search.controller import Controller, generator
from mmaug.search.joined import merged, sub_policies
from mmaug.search.policy_gradient import ALGORITHMS, Learner
from mmaug.search.vocabulary import of_space

if TYPE_CHECKING:
    from torch import Tensor

STEADY = 0.99
"""How much of the deviation of losses is that of earlier rounds."""

COLLAPSED = 0.02
"""A controller whose ops have less of the entropy of even draws than this writes the same ops always, and can learn no more from them."""


@dataclass
class AdversarialAutoAugment(OnlineSearcher):
    """The controller of AutoAugment, rewarded by the loss of the child that is being trained under its policies.

    copies: policies a round; each batch is augmented under all, and the child follows the mean of their losses. rounds, interval: how
    often the controller learns, and steps of the child between; the paper has a round an epoch, so give about one pass over the rows.
    algorithm, rate, entropy: of the controller. Three guards keep rows true, since a destroyed row is the hardest of all: identity: the
    share of rows that is left as it is; cap: the strongest strength; kept: policies under which rows pair up worse than this for
    the child (`run.kept`, 1 for true pairs) are taught as worse than all others.
    `best` gives the average of all rounds first, in which a round weighs as much as its number, then what the controller writes at the
    end: of two that play against each other the averages come to rest, not the last moves. size: sub-policies drawn from each, where
    there are more.
    Differs from the paper: the guards, of which it has none (identity=0, cap=1, kept=0 is the paper); an op for each modality in a slot;
    losses are divided by the running mean of their deviation, not by that of the round: where all copies are about as hard, that would
    make as much of noise as of anything, and the averages keep away from rest.
    Source: Zhang et al. 2020, "Adversarial AutoAugment", section 3 and algorithm 1; Tammelin 2014, "Solving large imperfect information
    games using CFR+", section 2 (the weights of rounds).
    """

    copies: int = 8
    rounds: int = 200
    interval: int = 3
    algorithm: str = "reinforce"
    rate: float = 3.5e-4
    entropy: float = 1e-5
    identity: float = 0.1
    cap: float = 0.9
    kept: float = 0.5
    size: int = 125
    hidden: int = 100
    embedding: int = 32
    seed: int = 0
    requires: ClassVar[Capability] = Capability.RESUME

    def __post_init__(self) -> None:
        check(
            self, copies=Whole(2), rounds=Whole(), interval=Whole(), algorithm=OneOf(ALGORITHMS), rate=POSITIVE, entropy=NOT_NEGATIVE,
            identity=Number(least=0, below=1), cap=Number(above=0, most=1), kept=Number(least=0, below=1), size=Whole(), hidden=Whole(),
            embedding=Whole(),
        )  # fmt: skip

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start a child and a controller. init takes no part: what is found depends on how the child grows with it."""
        del init
        self._space = space
        vocabulary = of_space(space, lambda token: not token.name.endswith(".p"))
        controller = Controller(vocabulary, self.hidden, self.embedding, self.seed)
        self._learner = Learner(controller, self.algorithm, self.rate, entropy=self.entropy)
        self._run: Run = task.start(seed=self.seed, steps=self.rounds * self.interval)
        self._round = self._destroyed = 0
        self._deviation = 0.0
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._log: dict[str, float] = {"loss": 0.0, "entropy": 1.0, "op_entropy": 1.0}

    def policy(self, tokens: Sequence[int]) -> Policy:
        """The policy of a sequence of the controller: every op runs where its slot is reached, with strengths under the cap."""
        named = self._learner.controller.vocabulary.named(tokens)
        values: dict[str, Any] = {}
        for token in self._space.tokens():
            value = named.get(token.name, 1.0)  # there are no probabilities among its decisions
            values[token.name] = value * self.cap if token.name.endswith(".strength") else value
        found = self._space.policy(values)
        return dataclasses.replace(found, p=1.0 - self.identity)

    def step(self) -> StepLog | None:
        """Write policies, train the child under them, and teach the controller how hard they were."""
        if self._round >= self.rounds:
            return None
        tokens, old = self._learner.controller.sample(self.copies, generator(self.seed, 3, self._round))
        policies = [self.policy(sequence) for sequence in tokens.tolist()]
        losses = np.array(self._run.advance(self.interval, policies))
        if not np.isfinite(losses).all():
            raise MmaugError(f"the losses of the child must be numbers, got {losses.tolist()}; lower its learning rate, or the cap")
        kept = np.array([self._run.kept(policy) for policy in policies]) if self.kept else np.ones(self.copies)
        self._deviation = steadied(self._deviation, losses[kept >= self.kept])
        self._log = self._learner.update(tokens, old, torch.from_numpy(hardness(losses, kept, self.kept, self._deviation)))
        self._remember(tokens)
        self._destroyed += int((kept < self.kept).sum())
        self._round += 1
        scored: Evaluation = self._run.score()
        values = {"loss": float(losses.mean()), "hardest": float(losses.max()), "kept": float(kept.min()), "entropy": self._log["entropy"]}
        if scored.objective is not None:
            values["objective"] = float(scored.objective)
        # every copy is a pass over the batch
        return StepLog(self._round - 1, values, Cost(1, self.interval * self.copies, scored.cost.seconds), policies[int(losses.argmax())])

    def _remember(self, tokens: Tensor) -> None:
        parts = Counter(tuple(part) for part in tokens.reshape(-1, tokens.shape[1] // self._space.n_sub).tolist())
        self._seen.update({part: count * (self._round + 1) for part, count in parts.items()})

    def best(self, count: int) -> list[Candidate]:
        """The average of all rounds, then what the controller writes now."""
        if not self._round:
            return []
        now, _ = self._learner.controller.sample(-(-self.size // self._space.n_sub), generator(self.seed, 4, self._round))
        latest = Counter(tuple(part) for part in now.reshape(-1, now.shape[1] // self._space.n_sub).tolist())
        found: list[Candidate] = [self._mixture(self._seen), self._mixture(latest)]
        return found[:count]

    def _mixture(self, seen: Counter[tuple[int, ...]]) -> Policy:
        """The sub-policies with the shares in which they were seen; where there are more than `size`, so many are drawn."""
        if len(seen) > self.size:
            parts = sorted(seen)
            counts = np.array([seen[part] for part in parts], float)
            drawn = np.random.default_rng([self.seed, 5]).choice(len(parts), self.size, p=counts / counts.sum())
            seen = Counter(parts[i] for i in drawn)
        shares: list[tuple[Policy | PolicyOp, float]] = []
        for part, count in sorted(seen.items()):
            policy = self.policy(part * self._space.n_sub)
            shares.append((sub_policies(dataclasses.replace(policy, p=1.0))[0][0], float(count)))
        return dataclasses.replace(merged(shares), p=1.0 - self.identity)

    def diagnostics(self) -> dict[str, Any]:
        """Entropy of the controller and of its ops alone as shares of even draws', whether it has collapsed, how many policies destroyed
        rows.
        """
        entropy = self._log["op_entropy"]
        asked = max(1, self._round * self.copies)
        return {
            "rounds": self._round, "entropy": self._log["entropy"], "op_entropy": entropy, "collapsed": entropy < COLLAPSED,
            "destroyed": self._destroyed / asked, "distinct_sub_policies": len(self._seen),
        }  # fmt: skip

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The controller with its optimiser, the child, and the sub-policies seen so far."""
        tensors = self._learner.state() | {f"run.{name}": value for name, value in self._run.state().items()}
        if self._seen:
            tensors["seen"] = torch.tensor([[*part, count] for part, count in self._seen.items()])
        return tensors, {"round": self._round, "destroyed": self._destroyed, "deviation": self._deviation, "log": self._log}

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state; `begin` was called with the same task and space."""
        first = "run."
        self._run.load({name.removeprefix(first): value for name, value in tensors.items() if name.startswith(first)})
        self._learner.load(tensors)
        self._seen = Counter({tuple(row[:-1]): row[-1] for row in tensors["seen"].tolist()}) if "seen" in tensors else Counter()
        self._round, self._destroyed, self._log = int(values["round"]), int(values["destroyed"]), dict(values["log"])
        self._deviation = float(values["deviation"])


def steadied(before: float, losses: np.ndarray) -> float:
    """The running mean of the deviation of losses, that of this round among them; it begins at the first round that has any."""
    if len(losses) < 2 or not (now := float(losses.std())):
        return before
    return STEADY * before + (1 - STEADY) * now if before else now


def hardness(losses: np.ndarray, kept: np.ndarray, least: float, deviation: float) -> np.ndarray:
    """What the controller hears: losses less their mean, in units of the deviation; float64 [policies].

    Only policies that keep at least so much count in the mean. The others hear between -2 and -1, or worse where the easiest of the kept
    is lower: the more they destroy, the lower.
    """
    fine = kept >= least
    heard = np.zeros(len(losses))
    if fine.sum() > 1 and deviation > 0:
        heard[fine] = (losses[fine] - losses[fine].mean()) / deviation
    floor = min(0.0, float(heard.min())) - 1.0
    heard[~fine] = floor - (least - kept[~fine]) / max(least, 1e-12)
    return heard
