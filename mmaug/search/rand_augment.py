"""RandAugment: a grid over how many ops and how strong."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmaug.errors import MmaugError, PolicyError
from mmaug.search.base import dimensions
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.compact import CompactSpace
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.ranking import Ranking
from mmaug.search.base.searcher import AskTellSearcher, Budget, Trial
from mmaug.search.base.settings import Flag, Whole, check

Values = dict[str, Any]


@dataclass
class RandAugment(AskTellSearcher):
    """Every cell of a grid over n and m, once.

    With several modalities the grid is gone through one modality at a time, the others held at the best found so far; joint=True goes
    through all combinations instead, in a random order, since there are soon more than a budget allows. n = 0 is one cell, as nothing has
    no strength. It works on `space.compact()`. most: the largest n. batch: trials asked for together; the last of a modality may be fewer.
    Source: Cubuk et al. 2020, "RandAugment", section 3.
    Differs from the paper: its grids are small and picked by hand, and its children are the final models, where the task's is used here.
    """

    seed: int = 0
    most: int = 3
    joint: bool = False
    batch: int = 8
    default_budget: ClassVar[Budget] = Budget(evaluations=100)

    def __post_init__(self) -> None:
        check(self, most=Whole(), joint=Flag(), batch=Whole())

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start afresh. What it was given to start from is asked for first; one of the compact space is where the grid starts."""
        del task
        self._space = space if isinstance(space, CompactSpace) else space.compact(self.most)
        self._at = self._space.values(self._space.policy(dict.fromkeys(self._space.flat(), 0)))
        for candidate in reversed(init):
            try:
                self._at = self._space.values(policy_of(candidate))
            except PolicyError:
                continue  # a policy of another space is asked for, and no more
        self._first = [*init, *([] if init else [self._space.policy(self._at)])]
        self._ranking, self._worth = Ranking(), -math.inf
        self._asked, self._told = 0, 0
        self._cells = self._all_cells(dict(self._at)) if self.joint else iter(())
        self._modalities = iter(() if self.joint else self._space.modalities)

    def ask(self, count: int) -> list[Trial]:
        """The next cells; none when all were asked for. Raises: MmaugError where answers are missing that decide what comes next."""
        trials: list[Trial] = []
        while len(trials) < count and (trial := self._next()) is not None:
            trials.append(trial)
        if not trials and (waiting := self._asked - self._told):
            raise MmaugError(f"RandAugment must be told the answers to its last {waiting} trials before it can ask on")
        return trials

    def _next(self) -> Trial | None:
        if self._asked < len(self._first):
            candidate = self._first[self._asked]
        elif (values := self._cell()) is not None:
            candidate = self._space.policy(values)
        else:
            return None
        self._asked += 1
        return Trial(self._asked - 1, candidate)

    def _cell(self) -> Values | None:
        while (values := next(self._cells, None)) is None:
            if self._told < self._asked or (modality := next(self._modalities, None)) is None:
                return None
            self._cells = self._cells_of(modality, dict(self._at))
        return values

    def _cells_of(self, modality: str, at: Values) -> Iterator[Values]:
        """The cells of one modality, the others as they are; without the one where it stands, which was evaluated before."""
        for n, strength in self._side(modality):
            values = {**at, f"{modality}.n": n, f"{modality}.strength": strength}
            if values != at:
                yield values

    def _all_cells(self, start: Values) -> Iterator[Values]:
        """All combinations in an order that the seed decides, without the one that was asked for first."""
        sides = [self._side(modality) for modality in self._space.modalities]
        shape = [len(side) for side in sides]
        for number in np.random.default_rng([2, self.seed]).permutation(int(np.prod(shape))):
            picked = [side[i] for side, i in zip(sides, np.unravel_index(number, shape), strict=True)]
            values: Values = {}
            for modality, (n, strength) in zip(self._space.modalities, picked, strict=True):
                values |= {f"{modality}.n": n, f"{modality}.strength": strength}
            if values != start:
                yield values

    def _side(self, modality: str) -> list[tuple[int, float]]:
        """The values of n and of the strength for one modality."""
        levels = dimensions.options(self._space.flat()[f"{modality}.strength"])
        return [(0, 0.0), *itertools.product(range(1, self._space.most + 1), levels)]

    def tell(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember how good a cell was, and stand at the best one."""
        self._told += 1
        self._ranking.add(trial.candidate, evaluation)
        if evaluation.objective is None or evaluation.objective <= self._worth:
            return
        try:
            self._at = self._space.values(policy_of(trial.candidate))
        except PolicyError:
            return  # what it was given to start from, of another space
        self._worth = evaluation.objective

    def best(self, count: int) -> list[Candidate]:
        """The best cells."""
        return self._ranking.best(count)
