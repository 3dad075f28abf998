"""Optuna's samplers behind values of a space: ask for values, tell what they were worth."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmaug.search.base.dimensions import Choice, Dimension

if TYPE_CHECKING:
    import optuna

METHODS = ("tpe", "gp")
MAX_SEED, APART = 2**32, 7919
"""Samplers take seeds below the first; those of the parts of a study lie apart by the second."""


class Study:
    """Optuna studies in memory, one for each part of the decisions, all told the same, to be maximised. The same tells in the same order
    lead to the same asks.

    flat: the decisions by name; it is static, since decisions that come and go would be drawn at random. method: "tpe" is multivariate
    with a constant liar for trials that run, "gp" a Gaussian process (Matern 5/2, categories by Hamming distance) with the logarithm of
    expected improvement. startup: trials that are spread evenly first: every option of every decision comes up as often as any other.
    candidates: points that the Parzen estimator chooses from; the fewer, the more it explores. first: values asked for before all.
    parts: names that are modelled together; parts are modelled apart from each other. Default: all together.
    """

    def __init__(
        self, flat: Mapping[str, Dimension], method: str = "tpe", startup: int = 32, candidates: int = 8, seed: int = 0,
        first: Sequence[Mapping[str, Any]] = (), parts: Sequence[Sequence[str]] = (),
    ):  # fmt: skip
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
        self._parts = []
        for number, names in enumerate(parts or [list(flat)]):
            made = _study(method, startup, candidates, (seed + number * APART) % MAX_SEED)
            self._parts.append((made, {name: _distribution(flat[name]) for name in names}))
        self._forced = deque[Mapping[str, Any]]([*first, *spread(flat, startup, seed)])

    def ask(self, values: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """The number of a trial, and its values. values: what it shall try, where the model is not to say."""
        forced = self._forced.popleft() if self._forced else values
        found: dict[str, Any] = {}
        number = 0
        for study, distributions in self._parts:
            if forced is not None:
                study.enqueue_trial({name: forced[name] for name in distributions})
            trial = study.ask(distributions)
            number = trial.number
            found |= {name: trial.params[name] for name in distributions}
        return number, found

    @property
    def led(self) -> bool:
        """Whether the next trial is the model's: what was to be asked for first has been."""
        return not self._forced

    def tell(self, number: int, objective: float | None) -> None:
        """What a trial was worth; None where it failed."""
        import optuna

        for study, _ in self._parts:
            if objective is None:
                study.tell(number, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(number, objective)


def _study(method: str, startup: int, candidates: int, seed: int) -> optuna.Study:
    import optuna

    sampler: optuna.samplers.BaseSampler
    if method == "tpe":
        sampler = optuna.samplers.TPESampler(
            seed=seed, multivariate=True, constant_liar=True, n_startup_trials=startup, n_ei_candidates=candidates
        )
    else:
        sampler = optuna.samplers.GPSampler(seed=seed, n_startup_trials=startup)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))  # that a study was made is no news
    made = optuna.create_study(direction="maximize", sampler=sampler)
    optuna.logging.set_verbosity(before)
    return made


def spread(flat: Mapping[str, Dimension], count: int, seed: int) -> list[dict[str, Any]]:
    """Values of which each decision has one in every `count`-th part of its range.

    Source: McKay et al. 1979, "A comparison of three methods for selecting values of input variables" (Latin hypercube).
    """
    rng = np.random.default_rng([seed, 6])
    within = {name: 0.5 if isinstance(dimension, Choice) else rng.random(count) for name, dimension in flat.items()}
    columns = {name: (rng.permutation(count) + within[name]) / count for name in flat}
    return [{name: dimension.from_unit(columns[name][row]) for name, dimension in flat.items()} for row in range(count)]


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    import optuna

    if not isinstance(dimension, Choice):
        return optuna.distributions.FloatDistribution(0.0, 1.0)
    options = dimension.options
    if isinstance(options[0], int) and options == tuple(range(options[0], options[0] + len(options))):
        return optuna.distributions.IntDistribution(options[0], options[-1])  # more and fewer, not only different
    return optuna.distributions.CategoricalDistribution(options)
