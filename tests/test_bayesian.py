"""Bayesian optimisation: the laws of searchers, the planted table beside random search, expected improvement against Monte Carlo."""

from __future__ import annotations

import math
import statistics
import warnings

import numpy as np
import pytest
import torch

from mmaug.policy import Policy, op
from mmaug.search.base.candidate import digest
from mmaug.search.base.dimensions import Choice, Level
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.searcher import AskTellSearcher
from mmaug.search.base.space import PolicySpace
from mmaug.search.bayesian import BayesianSearch
from mmaug.search.optuna_adapter import Study, spread
from mmaug.search.random_search import RandomSearch
from mmaug.testing.searchers import SearcherContract
from mmaug.testing.tasks import PlantedBandit


def regret(searcher: AskTellSearcher, task: PlantedBandit, trials: int) -> float:
    searcher.begin(task, task.space)
    for _ in range(0, trials, searcher.batch):
        for trial in searcher.ask(searcher.batch):
            searcher.tell(trial, task.evaluate(trial.candidate))
    return task.regret(searcher.best(1)[0])


class TestTPE(SearcherContract):
    def make(self) -> BayesianSearch:
        return BayesianSearch(startup=8, batch=3)


@pytest.mark.slow
class TestGP(SearcherContract):
    budget = 9

    def make(self) -> BayesianSearch:
        return BayesianSearch(method="gp", startup=6)


@pytest.mark.slow
class TestGPOnTheCompactSpace(SearcherContract):
    budget = 8

    def make(self) -> BayesianSearch:
        return BayesianSearch(method="gp", view="compact", startup=6, batch=2)


@pytest.mark.slow
def test_tpe_finds_what_was_planted():
    """200 trials, five tables: the median; and on average better than random search by far."""
    tasks = [PlantedBandit(seed=seed) for seed in range(5)]
    found = [regret(BayesianSearch(seed=task.seed), task, 200) for task in tasks]
    random = [regret(RandomSearch(seed=task.seed), task, 200) for task in tasks]
    assert statistics.median(found) <= 0.05, found
    assert statistics.fmean(found) < statistics.fmean(random) / 2, (found, random)


@pytest.mark.slow
def test_gp_finds_what_was_planted():
    """100 trials, three tables."""
    tasks = [PlantedBandit(seed=seed) for seed in range(3)]
    found = [regret(BayesianSearch(method="gp", seed=task.seed), task, 100) for task in tasks]
    random = [regret(RandomSearch(seed=task.seed), task, 100) for task in tasks]
    assert statistics.median(found) <= 0.05, found
    assert statistics.fmean(found) < statistics.fmean(random) / 2, (found, random)


def test_a_gp_gets_few_decisions_and_tpe_all():
    wide, narrow = PolicySpace(n_sub=5, n_ops=2), PolicySpace(("image.rotate", "text.synonym"), n_sub=1, n_ops=2)
    for method, space, kind in (("gp", wide, "CompactSpace"), ("gp", narrow, "PolicySpace"), ("tpe", wide, "PolicySpace")):
        searcher = BayesianSearch(method=method)
        searcher.begin(None, space)
        assert searcher.diagnostics()["space"] == kind
    assert searcher.diagnostics()["decisions"] == wide.unit() > 30


@pytest.mark.parametrize("variance", [1e-4, 0.3, 4.0])
def test_expected_improvement_is_that_of_monte_carlo(variance):
    """Of the back end, against its closed form and against draws."""
    from optuna._gp.acqf import logei

    rng, best = np.random.default_rng(0), 0.3
    drawn = rng.standard_normal(2_000_000) * math.sqrt(variance)
    for mean in (best - 3 * math.sqrt(variance), best - math.sqrt(variance), best, best + 0.7 * math.sqrt(variance)):
        z = (mean - best) / math.sqrt(variance)
        closed = math.sqrt(variance) * (z * 0.5 * math.erfc(-z / math.sqrt(2)) + math.exp(-z * z / 2) / math.sqrt(2 * math.pi))
        found = math.exp(logei(torch.tensor([mean], dtype=torch.float64), torch.tensor([variance], dtype=torch.float64), best).item())
        gains = np.maximum(drawn + mean - best, 0)
        assert found == pytest.approx(closed, rel=1e-8)
        assert abs(found - gains.mean()) < 4 * gains.std() / math.sqrt(len(drawn))


def test_expected_improvement_vanishes_far_below_without_becoming_nothing():
    from optuna._gp.acqf import logei

    far = logei(torch.tensor([-40.0]).double(), torch.tensor([1.0]).double(), 0.0).item()
    assert far == pytest.approx(-800 - math.log(math.sqrt(2 * math.pi)) - 2 * math.log(40), abs=1e-2)


def test_first_trials_are_spread_evenly():
    flat = PolicySpace(n_sub=1, n_ops=1).flat()
    rows = spread(flat, 32, seed=4)
    for name, dimension in flat.items():
        column = [row[name] for row in rows]
        if isinstance(dimension, Choice):
            counts = [column.count(option) for option in dimension.options]
            assert max(counts) - min(counts) <= 1
        else:
            assert isinstance(dimension, Level)
            assert sorted(int(value * 32) for value in column) == list(range(32))


def test_whole_numbers_keep_their_order():
    import optuna

    study = Study(PolicySpace().compact().flat())
    assert isinstance(study._distributions["image.n"], optuna.distributions.IntDistribution)
    assert isinstance(study._distributions["image.strength"], optuna.distributions.FloatDistribution)


def test_what_it_starts_from_is_asked_for_first():
    space = PolicySpace(("image.rotate", "image.invert"), n_sub=1, n_ops=1)
    own, foreign = space.sample(np.random.default_rng(3)), Policy.sequence(op("text.synonym"))
    searcher = BayesianSearch()
    searcher.begin(None, space, [own, foreign])
    assert [trial.candidate for trial in searcher.ask(2)] == [foreign, own]
    for trial in searcher.ask(1):
        searcher.tell(trial, Evaluation(0.1))


def test_asking_for_several_before_telling_gives_different_ones():
    task = PlantedBandit()
    searcher = BayesianSearch(startup=10)
    searcher.begin(task, task.space)
    for trial in searcher.ask(10):
        searcher.tell(trial, task.evaluate(trial.candidate))
    assert len({digest(trial.candidate) for trial in searcher.ask(8)}) == 8


def test_optuna_neither_warns_nor_speaks(caplog):
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.enable_propagation()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        task = PlantedBandit()
        regret(BayesianSearch(startup=5), task, 8)
    optuna.logging.disable_propagation()
    assert optuna.logging.get_verbosity() == before and not caplog.records


@pytest.mark.parametrize(("options", "words"), [({"method": "cma"}, "one of tpe, gp"), ({"view": "wide"}, "one of auto, full, compact")])
def test_unknown_options_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        BayesianSearch(**options)
