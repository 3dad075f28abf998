"""Optuna's samplers behind values of a space: ask for values, tell what they were worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmaug.search.base.dimensions import Choice, Dimension

if TYPE_CHECKING:
    import optuna

METHODS = ("tpe", "gp")
MAX_SEED = 2**32


class Study:
    """One optuna study in memory, to be maximised. The same tells in the same order lead to the same asks.

    flat: the decisions by name; it is static, since decisions that come and go would be drawn at random. method: "tpe" is multivariate
    with a constant liar for trials that run, "gp" a Gaussian process (Matern 5/2, categories by Hamming distance) with the logarithm of
    expected improvement. startup: trials that are spread evenly first: every option of every decision comes up as often as any other.
    candidates: points that the Parzen estimator chooses from; the fewer, the more it explores. first: values asked for before all.
    """

    def __init__(
        self, flat: Mapping[str, Dimension], method: str = "tpe", startup: int = 32, candidates: int = 8, seed: int = 0,
        first: Sequence[Mapping[str, Any]] = (),
    ):  # fmt: skip
        import optuna

        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
        sampler: optuna.samplers.BaseSampler
        if method == "tpe":
            sampler = optuna.samplers.TPESampler(
                seed=seed % MAX_SEED, multivariate=True, constant_liar=True, n_startup_trials=startup, n_ei_candidates=candidates
            )
        else:
            sampler = optuna.samplers.GPSampler(seed=seed % MAX_SEED, n_startup_trials=startup)
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))  # that a study was made is no news
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        optuna.logging.set_verbosity(before)
        self._distributions = {name: _distribution(dimension) for name, dimension in flat.items()}
        for values in (*first, *spread(flat, startup, seed)):
            self._study.enqueue_trial(dict(values))

    def ask(self) -> tuple[int, dict[str, Any]]:
        """The number of a trial, and its values."""
        trial = self._study.ask(self._distributions)
        return trial.number, {name: trial.params[name] for name in self._distributions}

    def tell(self, number: int, objective: float | None) -> None:
        """What a trial was worth; None where it failed."""
        import optuna

        if objective is None:
            self._study.tell(number, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(number, objective)


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
