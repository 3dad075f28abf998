"""Every searcher in `SEARCHERS` is held to the contract of `mmaug.testing.searchers`."""

from __future__ import annotations

import inspect

import pytest

import mmaug.search
from mmaug.search import (
    SEARCHERS,
    AdversarialAutoAugment,
    AutoAugment,
    BayesianSearch,
    Budget,
    DifferentiableSearch,
    FastAutoAugment,
    JointNAS,
    NeuralAugmentSearch,
    PopulationBased,
    RandAugment,
    RandomSearch,
    TrivialAugment,
)
from mmaug.search.base.searcher import Searcher
from mmaug.testing.bilevel_task import ShiftedRegression, TurnedDigits
from mmaug.testing.searchers import SearcherContract
from mmaug.testing.tasks import InverseShift, JointTable, MinimaxGame, PlantedBandit, PlantedGrid, PlantedSchedule


class TestRandomSearch(SearcherContract):
    def make(self):
        return RandomSearch()


class TestRandomSearchOnRungs(SearcherContract):
    def make(self):
        return RandomSearch(seed=3, batch=6)

    def task(self):
        return PlantedBandit(rungs=(0.25, 1.0))


class TestRandAugment(SearcherContract):
    budget = 40

    def make(self):
        return RandAugment(most=2)

    def task(self):
        return PlantedGrid()


class TestRandAugmentJoint(TestRandAugment):
    def make(self):
        return RandAugment(most=2, joint=True)


class TestTrivialAugment(SearcherContract):
    budget = 1

    def make(self):
        return TrivialAugment()


class TestAutoAugment(SearcherContract):
    def make(self):
        return AutoAugment(batch=6, hidden=8, embedding=4)


class TestBayesianSearch(SearcherContract):
    def make(self):
        return BayesianSearch(startup=6, batch=3)


class TestFastAutoAugment(SearcherContract):
    budget = Budget()

    def make(self):
        return FastAutoAugment(folds=2, trials=8, top=2, draws=1, startup=4)

    def task(self):
        return InverseShift()


class TestPopulationBased(SearcherContract):
    budget = Budget()

    def make(self):
        return PopulationBased(population=4, rounds=6)

    def task(self):
        return PlantedSchedule(steps=18)


class TestAdversarialAutoAugment(SearcherContract):
    budget = Budget()

    def make(self):
        return AdversarialAutoAugment(copies=2, rounds=4, size=4, hidden=8, embedding=4)

    def task(self):
        return MinimaxGame()


class TestJointNAS(SearcherContract):
    budget = Budget()

    def make(self):
        return JointNAS(rounds=4, shared=2, samples=4, hidden=8, embedding=4)

    def task(self):
        return JointTable()


class TestDifferentiableSearch(SearcherContract):
    budget = Budget()

    def make(self):
        return DifferentiableSearch(updates=40, every=10, samples=2)

    def task(self):
        return ShiftedRegression()


@pytest.mark.slow
class TestNeuralAugmentSearch(SearcherContract):
    budget = Budget()

    @pytest.fixture(autouse=True)
    def store(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MMAUG_CACHE", str(tmp_path))

    def make(self):
        return NeuralAugmentSearch(trials=2, steps=3, children=1, nodes=1, width=4, least=0.01)

    def task(self):
        return TurnedDigits(steps=4)


def test_every_searcher_is_held_to_the_contract():
    held = {
        type(case().make())
        for case in globals().values()
        if inspect.isclass(case) and issubclass(case, SearcherContract) and not inspect.isabstract(case)
    }
    assert held >= set(SEARCHERS.values())


def test_a_contract_on_nothing_cannot_be_run():
    class Forgotten(SearcherContract):
        """It does not say what is held to the laws."""

    with pytest.raises(TypeError, match="abstract.*make"):
        Forgotten()


def test_searchers_are_found_by_name_and_by_class_name():
    for name, cls in SEARCHERS.items():
        assert issubclass(cls, Searcher) and getattr(mmaug.search, cls.__name__) is cls
        assert "".join(word.capitalize() for word in name.split("_")).lower() == cls.__name__.lower()
