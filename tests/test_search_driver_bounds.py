"""The driver: clocks, failing steps and baselines, what random search is given, cost that grows with trials and no faster."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mmaug import policies
from mmaug.errors import MmaugError
from mmaug.search import Budget, JointNAS, PolicySpace, RandomSearch, TrivialAugment
from mmaug.search.base.candidate import JointCandidate
from mmaug.search.base.climb import Ladder
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.executor import InProcess
from mmaug.search.base.joint_space import JointSpace
from mmaug.search.base.searcher import AskTellSearcher, OnlineSearcher, StepLog, Trial
from mmaug.testing.searchers import history
from mmaug.testing.tasks import JointTable, PlantedBandit, PlantedSchedule

SPACE = PolicySpace(("image.rotate", "image.brightness"), n_sub=1, n_ops=1)
COINS = {f"sub0.slot0.{name}": value for name, value in (("image.op", "image.rotate"), ("image.strength", 0.5), ("p", 1.0))}


@dataclass(frozen=True)
class Slow(PlantedBandit):
    """A table that takes its time."""

    def evaluate(self, candidate, *, fidelity: float = 1.0, seed: int = 0):
        time.sleep(0.02)
        return super().evaluate(candidate, fidelity=fidelity, seed=seed)


@dataclass
class Walker(OnlineSearcher):
    """Steps of which one can fail, or be no number."""

    seed: int = 0
    fails: int = 99
    nan: int = 99
    pause: float = 0.0
    requires = Capability.RESUME
    default_budget = Budget(evaluations=6)

    def begin(self, task: Any, space: Any, init: Any = ()) -> None:
        del init
        self._run, self._space, self._number = task.start(self.seed), space, 0

    def step(self) -> StepLog | None:
        if self._number == self.fails:
            raise ZeroDivisionError("planted")
        time.sleep(self.pause)
        self._run.advance(1, [policies.identity()])
        value = math.nan if self._number == self.nan else 0.5
        self._number += 1
        return StepLog(self._number - 1, {"objective": value, "gap": math.inf if value != value else 0.0}, Cost(1, 1), self.best(1)[0])

    def best(self, count: int) -> list[Any]:
        return [self._space.policy(COINS)]

    def state(self) -> Any:
        return self._run.state(), {"number": self._number}

    def load(self, tensors: Any, values: Any) -> None:
        self._run.load(tensors)
        self._number = values["number"]

    def config(self) -> dict[str, Any]:
        return {"searcher": "Walker"}  # that it fails is not what it is


def test_a_search_that_the_clock_ended_ends_there_again(tmp_path):
    first = RandomSearch(batch=2).search(Slow(), budget=Budget(seconds=0.3), resume=tmp_path, rerank_seeds=1)
    lines = (tmp_path / "journal.jsonl").read_bytes()
    again = RandomSearch(batch=2).search(Slow(), budget=Budget(seconds=0.3), resume=tmp_path, rerank_seeds=1)
    assert first.history and history(again) == history(first) and again.top == first.top
    assert (tmp_path / "journal.jsonl").read_bytes() == lines
    longer = RandomSearch(batch=2).search(Slow(), budget=Budget(seconds=0.6), resume=tmp_path, baselines=(), rerank_seeds=1)
    assert history(longer)[: len(first.history)] == history(first) and len(longer.history) > len(first.history)


def test_where_a_search_ended_is_noted_though_no_answer_says_it(tmp_path):
    """The clock ran out in a callback, after the last answer was written."""
    options: dict[str, Any] = {"budget": Budget(seconds=0.25), "baselines": (), "rerank_seeds": 1}
    slow = [lambda record: time.sleep(0.1)]
    for number, (searcher, task) in enumerate(((RandomSearch(batch=1), PlantedBandit()), (Walker(), PlantedSchedule()))):
        first = searcher.search(task, SPACE, resume=tmp_path / str(number), callbacks=slow, **options)
        again = searcher.search(task, SPACE, resume=tmp_path / str(number), **options)
        assert first.history and history(again) == history(first)


def test_the_clock_does_not_count_the_baselines(tmp_path):
    RandomSearch(batch=2).search(Slow(), budget=4, resume=tmp_path, rerank_seeds=20)  # 8 candidates for 20 seeds: 3 s
    again = RandomSearch(batch=2).search(Slow(), budget=Budget(seconds=0.5), resume=tmp_path, baselines=(), rerank_seeds=1)
    assert len(again.history) > 8


def test_an_online_search_on_a_clock_goes_on_and_ends_there_again(tmp_path):
    task = PlantedSchedule()
    first = Walker(pause=0.02).search(task, SPACE, budget=Budget(seconds=0.2), resume=tmp_path, baselines=())
    again = Walker(pause=0.02).search(task, SPACE, budget=Budget(seconds=0.2), resume=tmp_path, baselines=())
    assert len(first.history) > 2 and history(again) == history(first)


def test_a_step_that_fails_says_where_and_loses_nothing(tmp_path):
    task, seen = PlantedSchedule(), list[int]()
    with pytest.raises(MmaugError, match=rf"Walker: step 4 failed with ZeroDivisionError: planted.*kept in {tmp_path}"):
        Walker(fails=4).search(task, SPACE, resume=tmp_path, baselines=())
    with pytest.raises(MmaugError, match="nothing was kept: give resume="):
        Walker(fails=4).search(task, SPACE, baselines=())
    again = Walker().search(task, SPACE, resume=tmp_path, baselines=(), callbacks=[lambda record: seen.append(record.number)])
    assert history(again) == history(Walker().search(task, SPACE, baselines=())) and seen == list(range(6))


def test_a_step_that_gives_no_number_is_journalled_as_null(tmp_path):
    result = Walker(nan=2).search(PlantedSchedule(), SPACE, resume=tmp_path, baselines=())
    assert "NaN" not in (text := (tmp_path / "journal.jsonl").read_text()) and "Infinity" not in text
    bad = result.history[2].evaluation
    assert bad.objective is None and dict(bad.metrics) == {"objective": None, "gap": None} and bad.error == "the objective is nan"
    assert result.diagnostics["failed"] == 1


def test_steps_say_how_long_they_took():
    result = Walker(pause=0.02).search(PlantedSchedule(), SPACE, baselines=())
    assert 6 * 0.02 <= result.cost.seconds < 6 and result.cost.steps == 6


class Checked(PlantedSchedule):
    """A task on which nothing can be found."""

    def check(self) -> None:
        raise MmaugError("nothing to win")


@dataclass(frozen=True)
class Unscored(PlantedBandit):
    """A table that fails on the seeds of scoring."""

    def evaluate(self, candidate, *, fidelity: float = 1.0, seed: int = 0):
        if seed >= 10_000 and candidate == policies.identity():
            raise RuntimeError("planted failure")
        return super().evaluate(candidate, fidelity=fidelity, seed=seed)


def test_a_task_that_has_nothing_to_win_is_refused_before_it_is_begun():
    class Begun(Walker):
        def begin(self, task: Any, space: Any, init: Any = ()) -> None:
            raise AssertionError("begun")

    with pytest.raises(MmaugError, match="nothing to win"):
        Begun().search(Checked(), SPACE)


def test_a_task_is_checked_once(tmp_path):
    checked: list[int] = []

    class Counting(PlantedBandit):
        def check(self) -> None:
            checked.append(1)

    for _ in range(2):
        RandomSearch().search(Counting(), budget=3, baselines=(), resume=tmp_path)
    assert checked == [1]


def test_an_identity_without_a_score_is_an_error():
    with pytest.raises(MmaugError, match="identity has no score on fresh seeds.*planted failure"):
        RandomSearch().search(Unscored(), budget=3)


def test_a_random_baseline_that_fails_leaves_the_search_its_result():
    good = policies.trivial_augment(modalities=("image",))

    def objective(policy: Any, fidelity: float, seed: int) -> float:
        if policy.to_json() in (good.to_json(), policies.identity().to_json()):
            return 1.0
        raise RuntimeError("planted failure")

    @dataclass
    class Known(RandomSearch):
        """Asks for the same good policy."""

        def _candidate(self, number: int) -> Any:
            return good

    other = _not_random(Known)
    result = other().search(objective, PolicySpace(modalities=("image",)), budget=8)
    assert result.top[0].mean == 1.0
    random = result.baselines["random"]
    assert not random.scores and "planted failure" in random.error and "planted failure" in str(result)


def _not_random(cls: Any) -> Any:
    """The same searcher as a class that is no RandomSearch: the driver gives it a random baseline."""

    @dataclass
    class Other(AskTellSearcher):
        seed: int = 0

        def __post_init__(self) -> None:
            self._inner = cls()

        def begin(self, task: Any, space: Any, init: Any = ()) -> None:
            self._inner.begin(task, space, init)

        def ask(self, count: int) -> Any:
            return self._inner.ask(count)

        def tell(self, trial: Any, evaluation: Any) -> None:
            self._inner.tell(trial, evaluation)

        def best(self, count: int) -> Any:
            return self._inner.best(count)

    return Other


def test_random_search_beside_it_has_as_many_steps(tmp_path):
    """On rungs: as many trials are not as many steps, since other trials climb."""
    task = PlantedBandit(rungs=(0.1, 1.0))
    result = _not_random(lambda: RandomSearch(seed=4))().search(task, budget=30, resume=tmp_path, rerank_seeds=1)
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()[1:]]
    spent = sum(line["answer"]["cost"]["steps"] for line in lines if line["key"].startswith("random/"))
    assert result.cost.steps <= spent < result.cost.steps + 2 * 110
    one = TrivialAugment().search(PlantedBandit(), budget=5, rerank_seeds=1)
    assert one.cost.steps == 100 and one.baseline_cost.steps == 100 + 100 * 5  # trivial itself, identity, manual, random; not more


def test_of_equal_trials_the_earlier_climb():
    def evaluate(asked: Any) -> list[Evaluation]:
        return [Evaluation(1.0, fidelity=request.fidelity) for _, request in asked]

    ladder = Ladder((0.5, 1.0))
    climbed = ladder.climb([Trial(number, policies.identity()) for number in range(9)], evaluate)
    assert [len(rungs) for rungs in climbed] == [2, 2, 2, 1, 1, 1, 1, 1, 1]
    later = ladder.climb([Trial(number, policies.identity()) for number in range(9, 12)], evaluate)
    assert [len(rungs) for rungs in later] == [1, 1, 1]  # a third of twelve is four, and four were earlier


def test_random_search_beside_a_joint_one_draws_architectures(tmp_path):
    task = JointTable()
    result = JointNAS(rounds=6, shared=2, samples=4, hidden=8, embedding=4).search(task, task.space, resume=tmp_path, rerank_seeds=1)
    assert isinstance(result.baselines["random"].candidate, JointCandidate)
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()[1:]]
    assert sum(line["key"].startswith("random/") for line in lines) >= 1
    space = JointSpace(task.space, task.supernet(seed=0).choices)
    many = [space.sample(np.random.default_rng(i)) for i in range(200)]
    assert {(one.architecture["depth"], one.architecture["width"]) for one in many} == {(d, w) for d in (1, 2, 3) for w in (16, 32)}


@pytest.mark.parametrize("rungs", [(1.0,), (0.3, 1.0)])
def test_time_grows_with_trials_and_no_faster(rungs):
    """Eight times as many trials take about eight times as long; were each to look at all before it, it would be over sixty."""

    def took(count: int) -> float:
        begun = time.process_time()
        RandomSearch().search(PlantedBandit(rungs=rungs), SPACE, budget=count, baselines=(), rerank_seeds=1)
        return time.process_time() - begun

    took(50)
    many, few = (
        min(took(count) for _ in range(2)) for count in (3200, 400)
    )  # whatever else lies in this process is collected now and then
    assert many / few < 20


def test_an_engine_that_loses_an_answer_is_told_which():
    class Losing(InProcess):
        def run(self, requests: Any) -> Any:
            return (answer for answer in super().run(requests) if answer[0] != 2)

    with pytest.raises(MmaugError, match=r"Losing.run must answer every request, got none for trial/2/0"):
        RandomSearch().search(PlantedBandit(), budget=4, baselines=(), executor=Losing())
