"""TrivialAugment: one op at a strength drawn evenly; there is nothing to search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mmaug.errors import PolicyError
from mmaug.policies import uniform
from mmaug.policy import Policy, PolicyOp, op
from mmaug.registry import get_op
from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.ranking import Ranking
from mmaug.search.base.searcher import AskTellSearcher, Budget, Trial
from mmaug.search.base.settings import Flag, OneOf, check

SPACES = {"wide": uniform.WIDE, "standard": uniform.STANDARD}


@dataclass
class TrivialAugment(AskTellSearcher):
    """For each modality one op of the space, or the identity, at a strength drawn evenly for every row; asked for once.

    space: how far the ops on pictures go, "wide" or "standard"; others go as far as strength 1. joint: True changes only one modality
    of a row, drawn evenly; else all.
    Source: Mueller and Hutter 2021, "TrivialAugment", algorithm 1.
    Differs from the paper: strengths are drawn from the whole range, not from 31 values in it; modalities are ours.
    """

    seed: int = 0
    space: str = "wide"
    joint: bool = False
    default_budget: ClassVar[Budget] = Budget(evaluations=1)

    def __post_init__(self) -> None:
        check(self, space=OneOf(list(SPACES)), joint=Flag())

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start afresh. It has no parameters, so nothing of what it was given to start from is used."""
        del task, init
        self._policy = trivial(space.ops, self.space, self.joint)
        self._asked = False
        self._ranking = Ranking()

    def ask(self, count: int) -> list[Trial]:
        """The policy, once."""
        if self._asked or count < 1:
            return []
        self._asked = True
        return [Trial(0, self._policy)]

    def tell(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember how good it is."""
        self._ranking.add(trial.candidate, evaluation)

    def best(self, count: int) -> list[Candidate]:
        """The policy."""
        return self._ranking.best(count)


def trivial(ops: Sequence[str], space: str = "wide", joint: bool = False) -> Policy:
    """The policy of TrivialAugment for these ops; see the class. Raises: PolicyError for another space."""
    if space not in SPACES:
        raise PolicyError(f"TrivialAugment: space must be one of {', '.join(SPACES)}, got {space!r}")
    pools: dict[str, list[PolicyOp]] = {}
    for name in ops:
        known = SPACES[space].get(name)
        pools.setdefault(get_op(name).modality, []).append(uniform.anywhere(name) if known is None else op(name, **known))
    parts = [Policy.choice([Policy.sequence(), *pool]) for pool in pools.values()]
    return Policy.choice(parts) if joint else Policy.sequence(*parts)
