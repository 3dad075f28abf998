"""AutoAugment: the laws of searchers, the planted table beside random search, and what it joins."""

from __future__ import annotations

import numpy as np
import pytest

from mmaug.policy import Policy, op
from mmaug.search.auto_augment import AutoAugment
from mmaug.search.base.candidate import digest
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.space import PolicySpace
from mmaug.search.joined import joined, sub_policies
from mmaug.search.random_search import RandomSearch
from mmaug.testing.searchers import SearcherContract
from mmaug.testing.tasks import PlantedBandit

JOINT = PolicySpace(("image.rotate", "image.invert", "text.synonym", "audio.gain", "audio.polarity"), n_sub=2, n_ops=2)


def played(searcher: AutoAugment | RandomSearch, task: PlantedBandit, trials: int) -> tuple[float, float]:
    """Regret of the best single policy, and the mean regret of the last 100 policies."""
    searcher.begin(task, task.space)
    regrets = []
    while len(regrets) < trials:
        for trial in searcher.ask(min(searcher.batch, trials - len(regrets))):
            searcher.tell(trial, task.evaluate(trial.candidate))
            regrets.append(task.regret(trial.candidate))
    singles = [c for c in searcher.best(6) if isinstance(c, Policy) and len(c.items) == task.space.n_sub]
    return task.regret(singles[0]), float(np.mean(regrets[-100:]))


class TestReinforceOnThreeModalities(SearcherContract):
    def make(self) -> AutoAugment:
        return AutoAugment(algorithm="reinforce", batch=6, hidden=12)

    def task(self) -> PlantedBandit:
        return PlantedBandit(space=JOINT)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "reinforce"])
def test_it_finds_what_was_planted(algorithm):
    """3000 trials on two slots, three tables, beside random search."""
    for seed in range(3):
        task = PlantedBandit(seed=seed)
        found, drawn = played(AutoAugment(algorithm=algorithm, seed=seed), task, 3000)
        _, random = played(RandomSearch(seed=seed), task, 3000)
        assert found <= 0.06, f"table {seed}: regret {found:.3f}"
        assert drawn < random / 3, f"table {seed}: the controller's policies are {drawn:.3f} from the best, random ones {random:.3f}"


def test_it_learns_the_ops_of_three_modalities():
    """REINFORCE on a small joint space: far better draws than random ones, in 1200 trials."""
    task = PlantedBandit(seed=1, space=PolicySpace(JOINT.ops, n_sub=1, n_ops=1))
    found, drawn = played(AutoAugment(algorithm="reinforce", hidden=32), task, 1200)
    _, random = played(RandomSearch(), task, 1200)
    assert found <= 0.06 and drawn < random / 3


def test_asking_one_at_a_time_is_asking_for_a_batch():
    task, histories = PlantedBandit(), []
    for count in (1, 4, 8):
        searcher = AutoAugment(batch=8, hidden=12)
        searcher.begin(task, task.space)
        history = []
        while len(history) < 32:
            for trial in searcher.ask(count):
                searcher.tell(trial, task.evaluate(trial.candidate))
                history.append(trial.candidate)
        histories.append(history)
    assert histories[0] == histories[1] == histories[2]


def test_the_controller_learns_once_a_batch():
    task, searcher = PlantedBandit(), AutoAugment(batch=4, hidden=12)
    searcher.begin(task, task.space)
    start = searcher._learner.state()["controller.start"]
    for number, trial in enumerate(searcher.ask(8), 1):
        before = searcher._learner.state()["controller.start"]
        searcher.tell(trial, task.evaluate(trial.candidate))
        moved = bool((searcher._learner.state()["controller.start"] != before).any())
        assert moved == (number % 4 == 0)
    assert (before != start).any()


def test_nothing_is_learnt_from_failures():
    searcher = AutoAugment(batch=4, hidden=12)
    searcher.begin(None, JOINT)
    before = searcher._learner.state()
    for trial in searcher.ask(8):
        searcher.tell(trial, Evaluation(None, error="planted"))
    assert all((searcher._learner.state()[name] == value).all() for name, value in before.items())
    assert searcher.best(3) == []


def test_the_five_best_become_one():
    task = PlantedBandit()
    searcher = AutoAugment(batch=8, hidden=12)
    searcher.begin(task, task.space)
    told = {}
    for trial in searcher.ask(24):
        answer = task.evaluate(trial.candidate)
        searcher.tell(trial, answer)
        told[digest(trial.candidate)] = answer.objective
    together, *singles = searcher.best(6)
    assert [digest(single) for single in singles] == sorted(told, key=lambda c: -told[c])[:5]
    assert isinstance(together, Policy)
    assert [part for part, _ in sub_policies(together)] == [single.items[0] for single in singles]


def test_equal_sub_policies_are_joined_with_their_weights():
    a, b, c = (Policy.sequence(op(f"image.{name}")) for name in ("invert", "equalize", "to_gray"))
    together = joined([Policy.choice([a, b]), Policy.choice([b, c], weights=[1, 3]), a])
    assert together.items == (a, b, c)
    assert np.array(together.weights) / sum(together.weights) == pytest.approx(np.array([1.5, 0.75, 0.75]) / 3)


def test_a_collapsed_controller_says_so():
    task = PlantedBandit(noise=0.0, space=PolicySpace(("image.invert", "image.equalize"), n_sub=1, n_ops=1, bins=1))
    searcher = AutoAugment(algorithm="reinforce", rate=0.1, hidden=8, batch=8)
    searcher.begin(task, task.space)
    assert not searcher.diagnostics()["collapsed"]
    for _ in range(60):
        for trial in searcher.ask(8):
            searcher.tell(trial, task.evaluate(trial.candidate))
    assert searcher.diagnostics()["op_entropy"] < 0.02 and searcher.diagnostics()["collapsed"]
