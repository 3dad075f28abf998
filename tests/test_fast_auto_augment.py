"""Fast AutoAugment: the laws of searchers, the planted inverse shift, and folds that stay as they are."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from mmaug.errors import MmaugError
from mmaug.policy import Policy, op
from mmaug.search.base.evaluator import Capability
from mmaug.search.fast_auto_augment import FastAutoAugment, without_repeats
from mmaug.testing.tasks import InverseShift


def stepped(searcher: FastAutoAugment, task: Any) -> list[dict[str, float]]:
    searcher.begin(task, task.space)
    logs = []
    while (log := searcher.step()) is not None:
        logs.append(dict(log.values))
    return logs


def test_it_finds_the_inverse_of_the_shift():
    """The right op on every fold and its strength, in 60 trials a fold, on three tasks."""
    apart = []
    for seed, name in enumerate(("image.brightness", "image.shear_x", "image.contrast")):
        task = InverseShift(op=name, seed=seed)
        searcher = FastAutoAugment(folds=3, trials=60, seed=seed)
        assert len(stepped(searcher, task)) == 3 * 60
        tops = [searcher._top(fold)[0][1] for fold in range(3)]
        assert all(node.name == name for policy in tops for node in policy.ops())
        assert statistics.fmean(node.strength or 0 for policy in tops for node in policy.ops()) == pytest.approx(0.74, abs=0.05)
        found = searcher.best(1)[0]
        assert isinstance(found, Policy) and [node.name for node in found.ops()] == [name]
        apart.append(abs((next(iter(found.ops())).strength or 0) - 0.74))
        assert 0.7 < searcher.diagnostics()["gain"] < 1 and not searcher.diagnostics()["collapsed"]
    assert max(apart) <= 0.05, apart


def test_every_fold_is_tried_as_often_and_trained_once():
    searcher = FastAutoAugment(folds=3, trials=5, startup=4)
    task = InverseShift()
    logs = stepped(searcher, task)
    assert [log["fold"] for log in logs] == [0, 1, 2] * 5
    searcher.begin(task, task.space)
    costs = [log.cost for log in iter(searcher.step, None)]
    assert [cost.evaluations for cost in costs] == [1] * 15
    assert [cost.steps for cost in costs] == [300] + [0] * 14


def test_losses_are_means():
    """Not the best of several draws, which is mostly luck: each trial's loss is what the fold says of that policy again."""
    task = InverseShift()
    searcher = FastAutoAugment(folds=2, trials=4, startup=4, draws=3)
    logs = stepped(searcher, task)
    folds = task.folds(2, share=0.4, seed=0)
    for number, (log, (loss, policy)) in enumerate(zip(logs, searcher._tried, strict=True)):
        single = [folds[number % 2].loss(policy, draws=3, seed=0)]
        assert -log["objective"] == loss == pytest.approx(statistics.fmean(single))


def test_weights_of_folds_stay():
    searcher = FastAutoAugment(folds=2, trials=6, startup=4)
    task = InverseShift()
    searcher.begin(task, task.space)
    before = [fold.fingerprint() for fold in searcher._folds]
    while searcher.step() is not None:
        pass
    assert [fold.fingerprint() for fold in searcher._folds] == before
    assert searcher.diagnostics()["unchanged"]


def test_a_fold_that_learns_is_refused():
    searcher = FastAutoAugment(folds=2, trials=3, startup=2)
    task = InverseShift()
    searcher.begin(task, task.space)
    searcher.step()
    searcher._folds[0].mean += 0.1  # type: ignore[attr-defined]
    with pytest.raises(MmaugError, match="fold 0: its weights must not change"):
        while searcher.step() is not None:
            pass


def test_density_alone_leaves_rows_as_they_are():
    """Where nothing was shifted no policy helps, and the diagnostics say so."""
    searcher = FastAutoAugment(folds=2, trials=30)
    stepped(searcher, InverseShift(shift=0.0))
    assert searcher.diagnostics()["gain"] <= 0.01


def test_repeats_go_and_the_best_of_them_stays():
    one, other = (Policy.choice([Policy.sequence(op("image.rotate", strength=s)), Policy.sequence(op("image.invert"))]) for s in (0.2, 0.9))
    third = Policy.choice([Policy.sequence(op("image.invert"), op("image.rotate", strength=0.5))])
    found = without_repeats([one, other, third])
    assert found.items == (*one.items, *third.items) and set(found.weights) == {1.0}


def test_what_it_needs_and_refuses():
    assert FastAutoAugment.requires == Capability.DENSITY
    for options in ({"folds": 0}, {"trials": 0}, {"share": 1.0}):
        with pytest.raises(ValueError, match="FastAutoAugment"):
            FastAutoAugment(**options)
