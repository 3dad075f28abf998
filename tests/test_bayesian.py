"""Bayesian optimisation: the laws of searchers, the planted table beside random search, expected improvement against Monte Carlo."""

from __future__ import annotations

import math
import statistics
import warnings
from typing import Any

import numpy as np
import pytest
import torch

from mmaug.policy import Policy, op
from mmaug.search.base.candidate import digest
from mmaug.search.base.dimensions import Choice, Level
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.searcher import AskTellSearcher
from mmaug.search.base.space import PolicySpace
from mmaug.search.bayesian import BayesianSearch, slots
from mmaug.search.optuna_adapter import Study, spread
from mmaug.search.probing import STEP, Probes
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
    """200 trials, twenty tables: nearly all are solved (94 of 100 are); and on average far better than random search."""
    tasks = [PlantedBandit(seed=seed) for seed in range(200, 220)]
    found = [regret(BayesianSearch(seed=task.seed), task, 200) for task in tasks]
    random = [regret(RandomSearch(seed=task.seed), task, 200) for task in tasks]
    assert sum(one <= 0.05 for one in found) >= 18, found
    assert statistics.fmean(found) < statistics.fmean(random) / 3, (found, random)


@pytest.mark.slow
def test_gp_finds_what_was_planted():
    """100 trials, three tables."""
    tasks = [PlantedBandit(seed=seed) for seed in range(3)]
    found = [regret(BayesianSearch(method="gp", seed=task.seed), task, 100) for task in tasks]
    random = [regret(RandomSearch(seed=task.seed), task, 100) for task in tasks]
    assert max(found) <= 0.05, found
    assert statistics.fmean(found) < statistics.fmean(random) / 2, (found, random)


def test_slots_are_modelled_apart_and_all_of_a_slot_together():
    flat = PolicySpace(("image.rotate", "text.synonym"), n_sub=2, n_ops=2).flat()
    parts = slots(flat)
    assert [name for part in parts for name in part] == list(flat)
    assert [{name.rsplit(".", name.count(".") - 1)[0] for name in part} for part in parts] == [
        {f"sub{i}.slot{j}"} for i in range(2) for j in range(2)
    ]
    assert {name.removeprefix("sub0.slot0.") for name in parts[0]} == {
        "image.op", "image.strength", "text.op", "text.strength", "p",
    }  # fmt: skip
    assert slots(PolicySpace().compact().flat()) == [list(PolicySpace().compact().flat())]


def probed() -> tuple[dict[str, Any], dict[str, Any], Probes]:
    space = PolicySpace(("image.rotate", "image.invert", "image.brightness", "audio.gain"), n_sub=1, n_ops=2)
    flat, rng = space.flat(), np.random.default_rng(0)
    assert not Probes(space.compact().flat(), 0)
    return flat, {name: dimension.draw(rng) for name, dimension in flat.items()}, Probes(flat, seed=1)


def test_a_probe_changes_one_op_and_its_own_numbers_and_all_have_their_turns():
    flat, best, probes = probed()
    names = [name for name in flat if name.endswith(".op")]
    seen: dict[str, list[str]] = {name: [] for name in names}
    for turn in range(4 * 8):
        name, made = names[turn % 4], probes.other(best)
        probes.near(best)  # has the other half of each turn
        assert {key for key in flat if made[key] != best[key]} <= {name, name.replace(".op", ".strength")}
        assert all(dimension.legal(made[key]) for key, dimension in flat.items())
        seen[name].append(made[name])
        probes.add({**best, name: made[name], name.replace(".op", ".strength"): made[name.replace(".op", ".strength")]})
    for name in names:
        assert {"image.rotate", "image.brightness"} <= set(seen[name]) if "image" in name else "audio.gain" in seen[name]
        assert seen[name].count("image.invert") <= 1 and seen[name].count("identity") <= 1, "without a strength once is enough"
    assert Probes(flat, seed=1).other(best) == Probes(flat, seed=1).other(best)


def test_a_probe_goes_where_an_op_was_never_tried():
    _, best, probes = probed()
    name, strength = "sub0.slot0.image.op", "sub0.slot0.image.strength"
    for one in ("identity", "image.invert", "image.rotate", "image.brightness"):
        for at in np.linspace(0, 1, 11) if one != "image.rotate" else (0.0, 0.1, 0.3):
            probes.add({**best, name: one, strength: float(at)})
    made = probes.other(best)
    assert made[name] == "image.rotate" and made[strength] > 0.85, "nothing between .3 and 1: the end is the furthest"
    probes.add(made)
    for _ in range(7):
        probes.near(best)  # on to the same choice
    made = probes.other(best)
    assert made[name] == "image.rotate" and 0.5 < made[strength] < 0.8


def test_a_small_step_moves_one_number():
    flat, best, probes = probed()
    best |= {name: 0.5 for name in best if not name.endswith(".op")}
    moved: dict[str, list[float]] = {}
    for _ in range(2000):
        made = probes.near(best)
        (changed,) = (name for name in flat if made[name] != best[name])
        moved.setdefault(changed, []).append(made[changed] - 0.5)
        assert 0 <= made[changed] <= 1
    assert set(moved) == {name for name in flat if not name.endswith(".op")}
    steps = np.concatenate(list(moved.values()))
    assert abs(steps.std() - STEP) < 0.02 and abs(steps.mean()) < 0.02


def test_of_three_trials_one_is_the_models():
    task, searcher = PlantedBandit(), BayesianSearch(startup=6)
    searcher.begin(task, task.space)
    told: list[tuple[float, Any]] = []
    for number in range(36):
        (trial,) = searcher.ask(1)
        made = trial.notes["values"]
        if number >= 6 and (number - 6) % 3 < 2:
            best = task.space.values(max(told, key=lambda pair: pair[0])[1])
            changed = {name for name in best if task.space.canonical(made)[name] != best[name]}
            if (number - 6) % 3 == 0:
                assert len({name.split(".")[1] for name in changed}) == 1, "one op, in one place"
            else:
                assert len(changed) <= 1 and not any(name.endswith(".op") for name in changed)
        given = task.evaluate(trial.candidate)
        told.append((given.objective or 0.0, trial.candidate))
        searcher.tell(trial, given)


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

    ((_, distributions),) = Study(PolicySpace().compact().flat())._parts
    assert isinstance(distributions["image.n"], optuna.distributions.IntDistribution)
    assert isinstance(distributions["image.strength"], optuna.distributions.FloatDistribution)


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


@pytest.mark.parametrize(
    ("options", "words"),
    [({"method": "cma"}, "one of tpe, gp"), ({"view": "wide"}, "one of auto, full, compact"), ({"probe": 1}, "0, for none, or at least 3")],
)
def test_unknown_options_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        BayesianSearch(**options)
