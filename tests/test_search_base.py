"""The driver: budgets, failures, workers, rungs, baselines."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_searches import SPACE, Climber, Deadly, Slow

from mmaug import policies
from mmaug.errors import MmaugError
from mmaug.policy import Policy
from mmaug.search import Budget, PolicySpace, RandomSearch, SearchResult, TrivialAugment
from mmaug.search.base import scoring
from mmaug.search.base.candidate import JointCandidate, digest
from mmaug.search.base.climb import Ladder
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.executor import InProcess, Local
from mmaug.search.base.jobs import Request
from mmaug.search.base.ranking import Ranking
from mmaug.search.base.result import Scored
from mmaug.search.base.searcher import Trial
from mmaug.testing.searchers import SearcherContract, history
from mmaug.testing.tasks import InverseShift, PlantedBandit, PlantedSchedule


class TestAnOnlineSearcher(SearcherContract):
    """The contract holds for both kinds of searcher."""

    budget = 20

    def make(self):
        return Climber()

    def task(self):
        return PlantedSchedule()


def test_budgets_end_a_search():
    task = PlantedBandit(rungs=(0.5, 1.0))
    assert len(RandomSearch().search(task, budget=13, baselines=()).history) == 13
    by_steps = RandomSearch(batch=2).search(task, budget=Budget(steps=1000), baselines=())
    assert 1000 <= by_steps.cost.steps < 1000 + 2 * 150
    assert by_steps.cost.steps == sum(rung.cost.steps for record in by_steps.history for rung in record.rungs)
    began = time.monotonic()
    timed = RandomSearch().search(Slow(), budget=Budget(seconds=1.0), baselines=(), rerank_seeds=1)
    assert 0.9 < time.monotonic() - began < 6 and 8 <= len(timed.history) < 60
    assert len(RandomSearch().search(PlantedBandit(), baselines=()).history) == 100  # the searcher's own
    no_steps = RandomSearch().search(lambda policy, fidelity, seed: 0.5, SPACE, budget=Budget(steps=10), baselines=())
    assert len(no_steps.history) == 8  # a task that counts no steps ends after a batch
    for wrong in (0, -1, Budget(seconds=0), Budget(steps=True)):
        with pytest.raises(MmaugError, match="budget"):
            RandomSearch().search(task, budget=wrong)


def test_a_function_is_a_task():
    def objective(policy: Policy, fidelity: float, seed: int) -> float:
        return -abs(sum(op.strength or 0 for op in policy.ops()) - 0.7) + 0.001 * seed / 10_000

    result = RandomSearch().search(objective, SPACE, budget=150)
    assert abs(sum(op.strength or 0 for op in result.policy.ops()) - 0.7) < 0.05
    assert result.task["task"].endswith("objective")
    many = RandomSearch().search(lambda p, f, s: {"objective": 1.0, "recall": 0.5}, SPACE, budget=2, baselines=())
    assert many.top[0].metrics == {"objective": 1.0, "recall": 0.5}
    with pytest.raises(MmaugError, match="must give a number"):
        RandomSearch().search(lambda p, f, s: "good", SPACE, budget=10)
    with pytest.raises(TypeError, match="task must be"):
        RandomSearch().search(3, SPACE)  # type: ignore[arg-type]


def test_failed_trials_say_where_and_a_hopeless_search_ends():
    def fails(policy: Policy, fidelity: float, seed: int) -> float:
        raise KeyError("planted")

    with pytest.raises(MmaugError, match="first 8 trials failed.*KeyError.*planted.*test_search_base.py"):
        RandomSearch().search(fails, SPACE, budget=50)
    nan = RandomSearch().search(lambda p, f, s: float("nan") if list(p.ops()) else 0.0, SPACE, budget=20, baselines=())
    assert {record.evaluation.error for record in nan.history} == {"", "the objective is nan"}
    assert "trials failed" in " ".join(nan.diagnostics["warnings"])


def test_a_trial_that_kills_its_worker_is_recorded_and_the_search_goes_on():
    result = RandomSearch().search(Deadly(), budget=10, executor=2, baselines=(), rerank_seeds=1)
    died = [record for record in result.history if record.evaluation.objective is None]
    expected = [number for number, record in enumerate(result.history) if int(digest(record.candidate), 16) % 4 == 0]
    assert [record.number for record in died] == expected and expected
    assert all("died 2 times (exit code -9" in record.evaluation.error for record in died)


def test_a_worker_that_is_killed_from_outside_costs_nothing(tmp_path):
    """Each marked trial is begun again on a new worker, and the history is as if nothing had been."""
    result = RandomSearch().search(Deadly(marks=str(tmp_path)), budget=10, executor=2, baselines=(), rerank_seeds=1)
    assert history(result) == history(RandomSearch().search(PlantedBandit(), budget=10, baselines=(), rerank_seeds=1))
    assert list(tmp_path.iterdir())


def test_a_task_that_cannot_be_pickled_says_so():
    with pytest.raises(MmaugError, match="picklable.*executor=1"):
        RandomSearch().search(lambda p, f, s: 0.0, SPACE, budget=2, executor=2)
    for wrong in (0, True, -2):
        with pytest.raises(MmaugError, match="executor"):
            RandomSearch().search(PlantedBandit(), budget=2, executor=wrong)


class Threads:
    """Says how many threads a worker computes with."""

    capabilities = Capability.EVALUATE
    rungs = (1.0,)

    def evaluate(self, candidate: Any, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        import cv2
        import torch

        return Evaluation(0.0, {"torch": torch.get_num_threads(), "cv2": cv2.getNumThreads(), "process": os.getpid()}, Cost(1, 1))

    def describe(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("executor", [InProcess(), Local(2)], ids=["here", "workers"])
def test_trials_run_on_one_thread_each(executor):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        executor.start(Threads())
        answers = dict(executor.run([Request(policies.identity())] * 8))
    finally:
        executor.stop()
        assert torch.get_num_threads() == 2
        torch.set_num_threads(before)
    assert sorted(answers) == list(range(8))
    assert {(a.metrics["torch"], a.metrics["cv2"]) for a in answers.values()} == {(1, 1)}
    processes = {a.metrics["process"] for a in answers.values()}
    assert processes == {os.getpid()} if isinstance(executor, InProcess) else os.getpid() not in processes


class Counting:
    """An executor of one's own: it counts, and answers from the end to the beginning."""

    def __init__(self) -> None:
        self.inner, self.asked, self.stopped = InProcess(), 0, False

    def start(self, task: Any) -> None:
        self.inner.start(task)

    def run(self, requests: Any) -> Any:
        self.asked += len(requests)
        yield from reversed(list(self.inner.run(requests)))

    def train(self, stretches: Any) -> Any:
        return self.inner.train(stretches)

    def stop(self) -> None:
        self.stopped = True


def test_another_engine_can_take_the_place_of_ours():
    engine, task = Counting(), PlantedBandit(rungs=(0.3, 1.0))
    result = RandomSearch().search(task, budget=20, baselines=("identity",), executor=engine, top=2, rerank_seeds=2)
    assert history(result) == history(RandomSearch().search(task, budget=20, baselines=()))
    assert engine.stopped and engine.asked == sum(len(r.rungs) for r in result.history) + 3 * 2


def test_the_better_third_climbs():
    """Against a rule written out by hand."""
    task = PlantedBandit(rungs=(0.1, 0.4, 1.0))
    result = RandomSearch(batch=5).search(task, budget=40, baselines=())
    seen: list[list[float]] = [[], []]
    for first in range(0, 40, 5):
        batch = result.history[first : first + 5]
        for rung in (0, 1):
            there = [record for record in batch if len(record.rungs) > rung]
            seen[rung] += [float(record.rungs[rung].objective or 0) for record in there]
            better = sorted(seen[rung], reverse=True)[: -(-len(seen[rung]) // 3)]
            for record in there:
                assert (len(record.rungs) > rung + 1) == (record.rungs[rung].objective in better)
    assert {len(record.rungs) for record in result.history} == {1, 2, 3}
    assert all(record.evaluation == record.rungs[-1] for record in result.history)
    top = result.top[0].candidate
    assert next(record for record in result.history if record.candidate == top).evaluation.fidelity == 1.0


def test_a_trial_that_wants_a_low_fidelity_stays_there():
    calls: list[float] = []

    def evaluate(asked: Any) -> list[Evaluation]:
        calls.extend(request.fidelity for _, request in asked)
        return [Evaluation(1.0, fidelity=request.fidelity) for _, request in asked]

    ladder = Ladder((0.5, 1.0))
    climbed = ladder.climb([Trial(0, policies.identity(), 0.25), Trial(1, policies.identity())], evaluate)
    assert [[e.fidelity for e in rungs] for rungs in climbed] == [[0.25], [0.5, 1.0]] and calls == [0.25, 0.5, 1.0]


def test_every_result_has_its_baselines():
    task = PlantedBandit(noise=0.05)
    result = RandomSearch(seed=1).search(task, budget=30, top=3, rerank_seeds=4)
    assert set(result.baselines) == {"identity", "trivial", "manual", "random"}
    assert result.baselines["identity"].candidate == policies.identity()
    assert [len(scored.scores) for scored in (*result.top, *result.baselines.values())] == [4] * 7
    fresh = [task.evaluate(result.policy, seed=scoring.FRESH + i).objective for i in range(4)]
    assert list(result.top[0].scores) == fresh
    assert not {record.evaluation.objective for record in result.history} & {score for one in result.top for score in one.scores}
    assert result.top[0].mean == max(scored.mean for scored in result.top)
    assert result.cost.evaluations == 30 and result.baseline_cost.evaluations == (3 + 3) * 4


def test_the_random_baseline_has_the_same_budget(tmp_path):
    """As many trials for one that asks, as many steps of children for one that trains while it searches."""
    TrivialAugment().search(PlantedBandit(), budget=5, resume=tmp_path / "ask")
    keys = [json.loads(line).get("key", "") for line in (tmp_path / "ask" / "journal.jsonl").read_text().splitlines()]
    assert sum(key.startswith("random/trial/") for key in keys) == sum(key.startswith("trial/") for key in keys) == 1
    online = Climber().search(PlantedSchedule(steps=40), budget=30, resume=tmp_path / "online")
    keys = [json.loads(line).get("key", "") for line in (tmp_path / "online" / "journal.jsonl").read_text().splitlines()]
    spent = 40 * sum(key.startswith("random/trial/") for key in keys)
    assert online.cost.steps == 300 and 300 <= spent < 300 + 8 * 40


def test_warm_starts():
    task = PlantedBandit()
    first = RandomSearch(seed=1).search(task, budget=40, baselines=(), top=3)
    second = RandomSearch(seed=2).search(task, budget=8, baselines=(), init=first, top=3)
    assert [r.candidate for r in second.history[:3]] == [s.candidate for s in first.top]
    best = task.space.policy(task.planted)
    assert task.regret(RandomSearch().search(task, budget=8, baselines=(), init=best).policy) < 1e-9
    with pytest.raises(MmaugError, match="init must be"):
        RandomSearch().search(task, init="policy.json")


def test_results_say_what_is_wrong(tmp_path):
    task = PlantedBandit()
    result = RandomSearch().search(task, budget=20)
    assert result.versions["mmaug"] and result.space == task.space.to_json() and result.searcher["batch"] == 8
    assert result.diagnostics["failed"] == 0 and result.diagnostics["op_entropy"][0] > 2 and not result.diagnostics["collapsed"]
    flat = RandomSearch().search(lambda p, f, s: 0.5, SPACE, budget=20)
    assert any("does not beat no augmentation" in text for text in flat.diagnostics["warnings"]) and "warning" in str(flat)
    result.save(tmp_path / "result.json")
    assert SearchResult.load(tmp_path / "result.json") == result
    for text, said in (("{}", "format"), ("nope", "result.json"), ('{"format": 2}', "got 2")):
        (tmp_path / "result.json").write_text(text)
        with pytest.raises(MmaugError, match=said):
            SearchResult.load(tmp_path / "result.json")
    with pytest.raises(MmaugError, match="found no candidate"):
        _ = replace(result, top=()).policy
    failed = RandomSearch().search(lambda p, f, s: 1 / 0, SPACE, budget=2, baselines=())
    with pytest.raises(MmaugError, match="all of its 2 trials failed, the first with: ZeroDivisionError"):
        _ = failed.policy


def test_a_candidate_is_compared_seed_by_seed():
    """Against numbers worked out by hand."""
    one, other = Scored(policies.identity(), (0.5, 0.7, 0.9)), Scored(policies.identity(), (0.4, 0.65, 0.8))
    assert scoring.beats(one, other) and not scoring.beats(other, one)  # differences .1 .05 .1: mean .083, error .017
    assert not scoring.beats(Scored(policies.identity(), (0.5, 0.9)), Scored(policies.identity(), (0.6, 0.7)))  # -.1 and .2
    assert not scoring.beats(Scored(policies.identity(), ()), one) and scoring.beats(one, Scored(policies.identity(), ()))
    assert one.mean == pytest.approx(0.7) and one.spread == pytest.approx(0.2)


def test_ranking_prefers_full_fidelity():
    ranking, made = Ranking(), [SPACE.sample(np.random.default_rng(i)) for i in range(4)]
    ranking.add(made[0], Evaluation(0.9, fidelity=0.3))
    ranking.add(made[1], Evaluation(0.5))
    ranking.add(made[2], Evaluation(0.6, feasible=False))
    ranking.add(made[3], Evaluation(None))
    ranking.add(made[1], Evaluation(0.3))
    assert ranking.best(5) == [made[1], made[0], made[2]]


def test_an_architecture_survives_the_result():
    given = JointCandidate(SPACE.sample(np.random.default_rng(0)), {"depth": 2})
    result = RandomSearch().search(PlantedBandit(), budget=2, init=given, top=8)
    assert any(scored.candidate == given for scored in result.top)
    assert SearchResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_asking_is_quick_in_thirty_dimensions():
    """At most 30 ms in the middle; it is far below one."""
    searcher, space = RandomSearch(), PolicySpace(modalities=("image",))
    assert space.unit() == 30
    searcher.begin(InverseShift(), space)
    times = []
    for _ in range(50):
        began = time.perf_counter()
        searcher.ask(1)
        times.append(time.perf_counter() - began)
    assert float(np.median(times)) < 0.03


def test_the_progress_is_shown(capfd):
    RandomSearch().search(PlantedBandit(), budget=8, baselines=())
    assert capfd.readouterr().err == ""
    from mmaug.search.base import progress
    from mmaug.search.base.progress import Bar

    bar = Bar("RandomSearch", Budget(evaluations=10), True)
    bar._said -= 2 * progress.EVERY
    bar._begun -= 10
    bar.update(5, Cost(5), 10.0, 0.25)
    bar.close()
    shown = capfd.readouterr().err
    assert "RandomSearch: 5/10  best 0.2500" in shown and "s left" in shown
