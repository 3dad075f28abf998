"""Random search: the baseline of every search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.ranking import Ranking
from mmaug.search.base.searcher import AskTellSearcher, Budget, Trial
from mmaug.search.base.settings import Whole, check


@dataclass
class RandomSearch(AskTellSearcher):
    """Every decision of the space drawn evenly, each trial on its own.

    What it was given to start from is asked for first. batch: trials asked for together.
    Source: Bergstra and Bengio 2012, "Random search for hyper-parameter optimization", section 2.
    """

    seed: int = 0
    batch: int = 8
    default_budget: ClassVar[Budget] = Budget(evaluations=100)

    def __post_init__(self) -> None:
        check(self, batch=Whole())

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start afresh."""
        del task
        self._space, self._init = space, tuple(init)
        self._asked = 0
        self._ranking = Ranking()

    def ask(self, count: int) -> list[Trial]:
        """The next candidates; each depends on its number and the seed only."""
        numbers = range(self._asked, self._asked + count)
        self._asked += count
        return [Trial(number, self._candidate(number)) for number in numbers]

    def _candidate(self, number: int) -> Candidate:
        if number < len(self._init):
            return self._init[number]
        return self._space.sample(np.random.default_rng([1, self.seed, number]))

    def tell(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember how good it was."""
        self._ranking.add(trial.candidate, evaluation)

    def best(self, count: int) -> list[Candidate]:
        """Those with the best objectives, of the highest fidelity first."""
        return self._ranking.best(count)
