"""The driver: what it is given and what tasks answer; what is wrong is refused in words, and what is right in another type is taken."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmaug import policies
from mmaug.errors import MmaugError
from mmaug.search import Budget, PolicySpace, RandomSearch, SearchResult
from mmaug.search.base import scoring
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.executor import InProcess
from mmaug.search.base.functions import digest
from mmaug.search.base.objective import FunctionTask
from mmaug.search.base.result import Scored
from mmaug.search.data_drift import drift
from mmaug.testing.searchers import history
from mmaug.testing.tasks import PlantedBandit, PlantedSchedule

SPACE = PolicySpace(("image.rotate", "image.brightness"), n_sub=1, n_ops=1)


class Half:
    """An engine that does only half of what one must."""

    def start(self, task: Any) -> None: ...

    def run(self, requests: Any) -> Any: ...


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": "60"}, "budget: evaluations must be a whole number above 0 or None, got '60'"),
        ({"budget": Budget(2.5)}, "budget: evaluations.*got 2.5"),  # type: ignore[arg-type]
        ({"budget": Budget(steps=float("inf"))}, "budget: steps.*got inf"),  # type: ignore[arg-type]
        ({"budget": Budget(seconds="1")}, "budget: seconds.*got '1'"),  # type: ignore[arg-type]
        ({"budget": True}, "budget"),
        ({"executor": None}, "executor must be.*None has no start"),
        ({"executor": "2"}, "executor must be.*'2' has no start"),
        ({"executor": Half()}, "has no stop"),
        ({"space": 3}, "space must be"),
        ({"space": policies.identity()}, "space must be"),
        ({"space": PolicySpace}, "space must be"),
        ({"callbacks": print}, "callbacks must be a list"),
        ({"callbacks": [3]}, "callbacks must be a list"),
        ({"top": 0}, "top must be a whole number >= 1, got 0"),
        ({"rerank_seeds": 0}, "rerank_seeds must be"),
        ({"resume": 3}, "resume must be"),
        ({"baselines": "identity"}, "baselines must be a list"),
        ({"baselines": ("magic",)}, "baselines must be"),
    ],
)
def test_options_that_are_none_are_refused(options, said):
    with pytest.raises(MmaugError, match=said):
        RandomSearch().search(PlantedBandit(), **({"budget": 2} | options))


def test_whole_numbers_of_other_types_are_taken():
    for given in (np.int64(3), 3.0, Budget(np.int64(3)), Budget(3, None, np.float64(60))):  # type: ignore[arg-type]
        result = RandomSearch().search(PlantedBandit(), budget=given, baselines=(), executor=np.int64(1), top=np.int64(2))  # type: ignore[arg-type]
        assert len(result.history) == 3


def test_an_engine_needs_train_only_where_children_are_trained():
    class NoTrain:
        def __init__(self) -> None:
            inner = InProcess()
            self.start, self.run, self.stop = inner.start, inner.run, inner.stop

    assert RandomSearch().search(PlantedBandit(), budget=2, baselines=(), executor=NoTrain()).history  # type: ignore[arg-type]
    from small_searches import Climber

    with pytest.raises(MmaugError, match="has no train"):
        Climber().search(PlantedSchedule(), SPACE, executor=NoTrain())  # type: ignore[arg-type]


@pytest.mark.parametrize("rungs", [(), (0.5,), (1.0, 0.5), (0.0, 1.0), ("low", 1.0)])
def test_rungs_that_cannot_be_climbed_are_refused(rungs):
    with pytest.raises(MmaugError, match=r"PlantedBandit.rungs must be fidelities"):
        RandomSearch().search(PlantedBandit(rungs=rungs), budget=2)


class Answers:
    """A task that answers whatever it is given."""

    capabilities, rungs = Capability.EVALUATE, (1.0,)

    def __init__(self, answer: Any):
        self.answer = answer

    def evaluate(self, candidate: Any, *, fidelity: float = 1.0, seed: int = 0) -> Any:
        return self.answer

    def describe(self) -> dict[str, Any]:
        return {"task": "Answers"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (0.5, "Answers.evaluate must return an Evaluation, got 0.5"),
        (None, "Answers.evaluate must return an Evaluation, got None"),
        (Evaluation("0.5"), "objective must be a number, got '0.5'"),  # type: ignore[arg-type]
        (Evaluation(0.5, {"recall": "high"}), "recall must be a number, got 'high'"),  # type: ignore[dict-item]
    ],
)
def test_answers_that_are_none_are_failed_trials(answer, said):
    result = RandomSearch().search(Answers(answer), SPACE, budget=2, baselines=())
    assert [record.evaluation.error for record in result.history] == [said] * 2


def test_numbers_of_numpy_and_metrics_that_are_no_numbers_survive_json(tmp_path):
    answer = Evaluation(np.float32(0.5), {"recall": np.float32(0.25), "gap": float("nan")}, Cost(np.int64(1), np.int64(3)))  # type: ignore[arg-type]
    result = RandomSearch().search(Answers(answer), SPACE, budget=2, resume=tmp_path, rerank_seeds=1)
    assert dict(result.history[0].evaluation.metrics) == {"recall": 0.25, "gap": None} and result.top[0].metrics == {"recall": 0.25}
    result.save(tmp_path / "result.json")
    assert SearchResult.load(tmp_path / "result.json") == result
    for name in ("result.json", "journal.jsonl"):
        assert "NaN" not in (tmp_path / name).read_text()


def test_metrics_without_an_objective_say_so():
    result = RandomSearch().search(lambda p, f, s: {"recall": 0.5}, SPACE, budget=2, baselines=())
    assert 'must have "objective" among them, got recall' in result.history[0].evaluation.error


@dataclass(frozen=True)
class Bounded(PlantedBandit):
    """A table where everything worth more than 0.3 breaks a constraint, or everything does."""

    bound: float = 0.3

    def evaluate(self, candidate, *, fidelity: float = 1.0, seed: int = 0):
        given = super().evaluate(candidate, fidelity=fidelity, seed=seed)
        return replace(given, feasible=self.true(candidate) <= self.bound)


def test_what_breaks_a_constraint_does_not_win_on_fresh_seeds():
    task, good = Bounded(noise=0.0), Bounded(noise=0.0).space
    result = RandomSearch().search(task, budget=4, init=[good.policy(task.planted)], top=4, baselines=("identity",))
    assert task.true(result.best) <= 0.3 and result.top[0].feasible and not result.top[-1].feasible
    assert result.top[-1].mean > result.top[0].mean and not any("constraints" in text for text in result.diagnostics["warnings"])
    none = RandomSearch().search(Bounded(bound=-1.0), budget=4, baselines=())
    assert any("keeps all constraints" in text for text in none.diagnostics["warnings"])
    assert SearchResult.from_json(json.loads(json.dumps(result.to_json()))) == result
    older = result.top[-1].to_json()
    del older["feasible"]
    assert Scored.from_json(older).feasible


@pytest.mark.parametrize("own", [{"collapsed": True}, {"image": {"collapsed": True}, "text": {}}, {"collapsed": {"image": True}}])
def test_a_searcher_that_has_collapsed_is_said_to_have(own):
    found = scoring.diagnose((), {}, (), own)
    assert found["collapsed"] and [text for text in found["warnings"] if "says that it has collapsed" in text]
    healthy = json.loads(json.dumps(own).replace("true", "false"))
    assert not scoring.diagnose((), {}, (), healthy)["collapsed"]


def test_one_that_asks_for_the_same_again_and_again_has_collapsed():
    class Same(RandomSearch):
        """Asks for one candidate."""

        def _candidate(self, number: int) -> Any:
            return super()._candidate(0)

    for searcher, collapsed in ((Same(), True), (RandomSearch(), False)):
        found = searcher.search(PlantedBandit(), budget=48, baselines=()).diagnostics
        assert found["collapsed"] == collapsed == any("again and again" in text for text in found["warnings"])


def test_drift_refuses_what_it_cannot_compare():
    task, policy = PlantedBandit(), policies.trivial_augment(modalities=("image",))
    wrongs: list[tuple[dict[str, Any], str]] = [({"seeds": 1}, "seeds must be a whole number >= 2"), ({"executor": Half()}, "has no stop")]
    for wrong, said in wrongs:
        with pytest.raises(MmaugError, match=said):
            drift(policy, task, task, **wrong)
    with pytest.raises(MmaugError, match="policy must be a policy or the result"):
        drift("policy.json", task, task)  # type: ignore[arg-type]

    def fails(policy: Any, fidelity: float, seed: int) -> float:
        raise RuntimeError("planted failure")

    with pytest.raises(MmaugError, match="drift: the policy has no score on FunctionTask: RuntimeError: planted failure"):
        drift(policy, task, fails)

    class Checked(PlantedBandit):
        def check(self) -> None:
            raise MmaugError("nothing to win")

    with pytest.raises(MmaugError, match="nothing to win"):
        drift(policy, task, Checked())


def _near(aim: float) -> Any:
    return lambda policy, fidelity, seed: -abs(sum(op.strength or 0 for op in policy.ops()) - aim)


def test_a_function_that_has_changed_is_another_task(tmp_path):
    RandomSearch().search(_near(0.5), SPACE, budget=3, resume=tmp_path, baselines=())
    RandomSearch().search(_near(0.5), SPACE, budget=3, resume=tmp_path, baselines=())
    with pytest.raises(MmaugError, match="another search: its task.code is"):
        RandomSearch().search(_near(0.6), SPACE, budget=3, resume=tmp_path, baselines=())


class Called:
    """An objective that is an object."""

    def __init__(self, scale: float):
        self.scale = scale

    def __call__(self, policy: Any, fidelity: float, seed: int) -> float:
        return self.scale

    def method(self, policy: Any, fidelity: float, seed: int) -> float:
        return self.scale


def table(policy: Any, fidelity: float, seed: int, scale: float = 1.0, table: Any = None) -> float:
    return scale if policy.name in {"one", "two", "three", "four"} else (lambda: 0.0)()


def test_a_digest_sees_what_a_function_carries():
    pairs = [
        (_near(0.5), _near(0.5), _near(0.6)),
        (Called(1.0), Called(1.0), Called(2.0)),
        (Called(1.0).method, Called(1.0).method, Called(2.0).method),
        (functools.partial(table, scale=1.0), functools.partial(table, scale=1.0), functools.partial(table, scale=2.0)),
        (
            functools.partial(table, table=np.ones(3)),
            functools.partial(table, table=np.ones(3)),
            functools.partial(table, table=np.ones(4)),
        ),
        (lambda p, f, s: 1.0, lambda p, f, s: 1.0, lambda p, f, s: 2.0),
        (lambda p, f, s=1: s, lambda p, f, s=1: s, lambda p, f, s=2: s),
        (lambda p, f, s: p, lambda p, f, s: p, lambda p, f, s: f),
    ]
    for one, same, other in pairs:
        assert digest(one) == digest(same) != digest(other)
    assert FunctionTask(functools.partial(table, scale=2.0)).describe()["task"].endswith("test_search_driver_values.table")


def test_a_digest_is_the_same_in_every_process():
    code = "from test_search_driver_values import digest, table, Called, functools; "
    code += "print(digest(table), digest(functools.partial(table, table={'a', 'b', 'c'})), digest(Called(2.0)))"
    seen = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        seen.add(done.stdout)
    assert len(seen) == 1 and len(seen.pop().split()) == 3


def test_a_function_that_calls_itself_has_a_digest():
    def objective(policy: Any, fidelity: float, seed: int) -> float:
        return 0.0 if fidelity else objective(policy, 1.0, seed)

    result = RandomSearch().search(objective, SPACE, budget=3, baselines=())
    assert len(result.task["code"]) == 16 and history(result)
