"""Bayesian optimisation: a model of all answers so far says where to ask next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mmaug.errors import MmaugError, PolicyError
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.ranking import Ranking
from mmaug.search.base.searcher import AskTellSearcher, Budget, Trial
from mmaug.search.base.settings import Maybe, OneOf, Whole, check
from mmaug.search.optuna_adapter import METHODS, Study
from mmaug.search.probing import Probes

MOST = 15
"""Numbers that a Gaussian process is given at most; in 30 it was no better than random draws."""

STARTUP = 16
"""Trials that are spread evenly before the model is asked, where no number is given."""

VIEWS = ("auto", "full", "compact")

SLOT = re.compile(r"sub\d+\.slot\d+\.")
"""What the names of one slot's decisions begin with."""


@dataclass
class BayesianSearch(AskTellSearcher):
    """Tree-structured Parzen estimator, or a Gaussian process with expected improvement, on optuna's samplers.

    method: "tpe" for the full space, "gp" for few decisions and dear trials. view: "full" is all decisions of the space, "compact" is
    two numbers a modality (how many ops, how strong), "auto" is full but for a Gaussian process on more than 15. startup: trials
    spread evenly first; default 16. candidates: points that tpe chooses each trial from. probe: with tpe, of so many trials two are not the
    model's, but the best so far, with one op replaced by another at numbers where it was not tried, and with one number moved a little; 0
    for none. batch: trials asked for together; those not yet answered count as the worst (tpe) or are averaged over (gp).
    Differs from the papers: the first trials are spread so that every op comes up; tpe models each slot apart from the others, and all
    decisions within one together; and it probes, since a slot that has settled on an op seldom sees another one at numbers that suit it,
    and the model, which draws from all good trials, is slow to come to the best numbers.
    Expected improvement is over the best observed value, noisy as it is (optuna's choice); the driver scores the best again on fresh seeds.
    Source: Bergstra et al. 2011, "Algorithms for hyper-parameter optimization", section 4; Snoek et al. 2012, "Practical Bayesian
    optimization", section 2; Ament et al. 2023, "Unexpected improvements to expected improvement", section 4.
    """

    method: str = "tpe"
    view: str = "auto"
    startup: int | None = None
    candidates: int = 24
    probe: int = 3
    batch: int = 1
    seed: int = 0
    default_budget: ClassVar[Budget] = Budget(evaluations=200)

    def __post_init__(self) -> None:
        check(
            self, method=OneOf(METHODS), view=OneOf(VIEWS), startup=Maybe(Whole(0)), candidates=Whole(), probe=Whole(0), batch=Whole(),
        )  # fmt: skip
        if self.probe in (1, 2):
            raise MmaugError(f"BayesianSearch: probe must be 0, for none, or at least 3, got {self.probe}: no trial would be the model's")

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start afresh. init: asked for first; a policy of another space is asked for, and the model does not hear of it."""
        del task
        narrow = self.view == "compact" or (self.view == "auto" and self.method == "gp" and space.unit() > MOST)
        self._space = space.compact() if narrow and hasattr(space, "compact") else space
        self._foreign: list[Candidate] = []
        first = []
        for candidate in init:
            try:
                first.append(self._space.values(policy_of(candidate)))
            except PolicyError:
                self._foreign.append(candidate)
        startup, flat = STARTUP if self.startup is None else self.startup, self._space.flat()
        parts = slots(flat) if self.method == "tpe" else ()
        self._study = Study(flat, self.method, startup, self.candidates, self.seed, first, parts)
        self._probes = Probes(flat, self.seed) if self.method == "tpe" and self.probe else None
        self._asked = self._led = 0
        self._ranking = Ranking()

    def ask(self, count: int) -> list[Trial]:
        """The most promising candidates, given all answers so far."""
        return [self._trial() for _ in range(count)]

    def _trial(self) -> Trial:
        number, self._asked = self._asked, self._asked + 1
        if self._foreign:
            return Trial(number, self._foreign.pop(0))
        asked, values = self._study.ask(self._probed())
        if self._probes is not None:
            self._probes.add(values)
        return Trial(number, self._space.policy(values), notes={"asked": asked, "values": values})

    def _probed(self) -> dict[str, Any] | None:
        """What to try in place of what the model says, if anything."""
        if not self._probes or not self._study.led:
            return None
        self._led += 1
        best, turn = self._ranking.best(1), self._led % self.probe
        if not best or turn not in (1, 2):
            return None
        try:
            values = self._space.values(policy_of(best[0]))
            return self._probes.other(values) if turn == 1 else self._probes.near(values)
        except PolicyError:  # the best is one to start from that is of another space
            return None

    def tell(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember the answer; a trial that failed teaches nothing."""
        self._ranking.add(trial.candidate, evaluation)
        if "asked" in trial.notes:
            self._study.tell(int(trial.notes["asked"]), evaluation.objective)

    def best(self, count: int) -> list[Candidate]:
        """Those with the best objectives."""
        return self._ranking.best(count)

    def diagnostics(self) -> dict[str, Any]:
        """What was modelled, and with how many decisions."""
        return {"method": self.method, "space": type(self._space).__name__, "decisions": self._space.unit()}


def slots(flat: Mapping[str, Any]) -> list[list[str]]:
    """The names of decisions, slot by slot; all together where there are no slots."""
    parts: dict[str, list[str]] = {}
    for name in flat:
        place = SLOT.match(name)
        parts.setdefault(place[0] if place else "", []).append(name)
    return list(parts.values())
