"""Fast AutoAugment: policies under which unseen rows look to a frozen child like those that it has seen; no child is trained again."""

from __future__ import annotations

import contextlib
import dataclasses
import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mmaug.errors import MmaugError, PolicyError
from mmaug.policy import Policy, PolicyOp
from mmaug.search.base.candidate import Candidate, digest, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Fold
from mmaug.search.base.searcher import OnlineSearcher, StepLog
from mmaug.search.base.settings import Number, Whole, check
from mmaug.search.joined import merged, sub_policies
from mmaug.search.optuna_adapter import Study

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class FastAutoAugment(OnlineSearcher):
    """Density matching: a child is trained on each of `folds` splits without augmentation and frozen; then, for each fold on its own,
    a tree-structured Parzen estimator looks for policies with a low mean loss on the rows that the child has not seen.

    folds: splits, stratified. share: of the rows that a split leaves unseen. trials: policies tried on each fold. top: of each fold, so
    many of the best are kept; their sub-policies become one policy, where of those with the same ops in the same order only the
    best stays. draws: augmentations of each row in a trial. startup: trials of a fold spread evenly first. candidates: points that the
    estimator chooses each trial from.
    A step is one trial on one fold; folds take turns, so that a search that is stopped early has looked at all of them. What it costs
    in steps is the training of the folds. `best` gives the joined policy first, then single ones.
    Differs from the paper: the loss is the mean over rows and draws, as the paper says and its published code does not (that takes the
    best of five draws, which is mostly luck); one search width. Density matching leans towards leaving rows as they are: read
    `diagnostics()["gain"]`, and what the driver says of the result beside identity.
    Source: Lim et al. 2019, "Fast AutoAugment", section 3 and algorithm 1.
    """

    folds: int = 5
    trials: int = 200
    top: int = 10
    share: float = 0.4
    draws: int = 5
    startup: int = 20
    candidates: int = 24
    seed: int = 0
    requires: ClassVar[Capability] = Capability.DENSITY

    def __post_init__(self) -> None:
        check(
            self, folds=Whole(), trials=Whole(), top=Whole(), share=Number(above=0, below=1), draws=Whole(), startup=Whole(0),
            candidates=Whole(),
        )  # fmt: skip

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Train the folds and freeze them. init: policies that every fold tries first; those of another space are left out."""
        self._space = space
        self._folds: list[Fold] = list(task.folds(self.folds, share=self.share, seed=self.seed))
        self._weights = [fold.fingerprint() for fold in self._folds]
        self._plain = [self._loss(fold, Policy.sequence()) for fold in self._folds]
        if not all(map(math.isfinite, self._plain)):
            raise MmaugError(f"FastAutoAugment: the losses of the folds without augmentation must be numbers, got {self._plain}")
        first = list(self._known(init))
        seeds = [self.seed * self.folds + number for number in range(self.folds)]
        self._studies = [Study(space.flat(), "tpe", self.startup, self.candidates, seed, first) for seed in seeds]
        self._tried: list[tuple[float, Policy]] = []
        self._failed = 0

    def _known(self, init: Sequence[Candidate]) -> Iterator[dict[str, Any]]:
        """The values of the policies that are of the space."""
        for candidate in init:
            with contextlib.suppress(PolicyError):
                yield self._space.values(policy_of(candidate))

    def _loss(self, fold: Fold, policy: Policy) -> float:
        return fold.loss(policy, draws=self.draws, seed=self.seed)

    def _loss_or_worst(self, here: int, policy: Policy) -> float:
        """The loss of a policy on a fold; where it fails, or is no number, the highest that the fold has seen."""
        try:
            loss = self._loss(self._folds[here], policy)
        except MmaugError:
            loss = math.nan
        if math.isfinite(loss):
            return loss
        self._failed += 1
        return max([self._plain[here], *(other for other, _ in self._tried[here :: self.folds])])

    def step(self) -> StepLog | None:
        """One policy on one fold. Raises: MmaugError where a fold's weights have changed."""
        number = len(self._tried)
        if number >= self.folds * self.trials:
            return None
        here = number % self.folds
        asked, values = self._studies[here].ask()
        policy = self._space.policy(values)
        loss = self._loss_or_worst(here, policy)
        self._tell(here, asked, policy, loss)
        if number // self.folds == self.trials - 1:
            self._check(here)
        cost = sum((fold.cost for fold in self._folds), Cost()) if number == 0 else Cost()
        cost = dataclasses.replace(cost, evaluations=1)
        return StepLog(number, {"objective": -loss, "fold": here, "gain": 1 - loss / self._plain[here]}, cost, policy)

    def _tell(self, here: int, asked: int, policy: Policy, loss: float) -> None:
        self._studies[here].tell(asked, -loss)
        self._tried.append((loss, policy))

    def _check(self, here: int) -> None:
        if self._folds[here].fingerprint() != self._weights[here]:
            raise MmaugError(f"fold {here}: its weights must not change while policies are tried, and they did; losses are not comparable")

    def _top(self, here: int) -> list[tuple[float, Policy]]:
        """The best distinct policies of a fold with the share of its plain loss that they take away, best first."""
        own = {digest(policy): (loss, policy) for loss, policy in reversed(self._tried[here :: self.folds])}
        best = heapq.nsmallest(self.top, own.values(), key=lambda pair: pair[0])
        return [(1 - loss / self._plain[here], policy) for loss, policy in best]

    def best(self, count: int) -> list[Candidate]:
        """The joined policy, then the best of all folds by the share of its loss that they take away."""
        found = sorted((pair for here in range(self.folds) for pair in self._top(here)), key=lambda pair: -pair[0])
        if not found:
            return []
        singles = {digest(policy): policy for _, policy in reversed(found)}
        ranked = sorted(singles.values(), key=lambda policy: next(i for i, pair in enumerate(found) if pair[1] == policy))
        together = without_repeats([policy for _, policy in found])
        others: list[Candidate] = [policy for policy in ranked if policy != together]
        return [together, *others][:count]

    def diagnostics(self) -> dict[str, Any]:
        """The share of the plain loss that the best policies take away, on average over folds; where that is none, density
        matching can only leave rows alone, and has collapsed. And whether the weights are as they were.
        """
        gains = [pairs[0][0] for here in range(self.folds) if (pairs := self._top(here))]
        unchanged = all(fold.fingerprint() == before for fold, before in zip(self._folds, self._weights, strict=True))
        gain = sum(gains) / len(gains) if gains else None
        collapsed = gain is not None and gain <= 0
        return {
            "gain": gain,
            "gains": gains,
            "plain": list(self._plain),
            "unchanged": unchanged,
            "collapsed": collapsed,
            "failed_steps": self._failed,
        }

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The losses: all else follows from them."""
        import torch

        return {"losses": torch.tensor([loss for loss, _ in self._tried], dtype=torch.float64)}, {"failed": self._failed}

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state, by asking again for what had been asked for; `begin` was called with the same task and space."""
        self._failed = int(values["failed"])
        for number, loss in enumerate(tensors["losses"].tolist()):
            asked, found = self._studies[number % self.folds].ask()
            self._tell(number % self.folds, asked, self._space.policy(found), loss)


def without_repeats(policies: Sequence[Policy]) -> Policy:
    """The sub-policies of all, evenly; of those with the same ops in the same order only the first."""
    kept: dict[tuple[str, ...], Policy | PolicyOp] = {}
    for policy in policies:
        for part, _ in sub_policies(policy):
            names = tuple(op.name for op in part.ops()) if isinstance(part, Policy) else (part.name,)
            kept.setdefault(names, part)
    return merged([(part, 1.0) for part in kept.values()])
