"""What every searcher must hold to. Authors of searchers inherit it:

    class TestMySearcher(mmaug.testing.searchers.SearcherContract):
        def make(self):
            return MySearcher(population=4)

pytest then runs every law on it. `task` and `budget` say on what; the default is a planted table with 24 trials.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from mmaug.errors import MmaugError
from mmaug.search.base import candidate as candidates
from mmaug.search.base.evaluator import Capability, Evaluation
from mmaug.search.base.result import SearchResult, TrialRecord
from mmaug.search.base.searcher import AskTellSearcher, Budget, OnlineSearcher, Searcher
from mmaug.testing.tasks import PlantedBandit


class SearcherContract(ABC):
    """The laws, one method each; a test class says by `make` what is held to them."""

    budget: ClassVar[Budget | int] = 24

    @abstractmethod
    def make(self) -> Searcher:
        """A new searcher, quick enough for tests."""

    def task(self) -> Any:
        """A task that it can work on."""
        return PlantedBandit()

    def run(self, task: Any = None, **options: Any) -> SearchResult:
        """A search on the task, without baselines unless they are asked for."""
        task = self.task() if task is None else task
        given = {"budget": self.budget, "baselines": (), "top": 2, "rerank_seeds": 1} | options
        return self.make().search(task, task.space, **given)

    def test_it_says_what_it_is(self) -> None:
        """A dataclass with a seed, whose fields are plain JSON; a docstring with its source."""
        searcher = self.make()
        assert dataclasses.is_dataclass(searcher) and isinstance(searcher.seed, int)
        assert "Source:" in (inspect.getdoc(type(searcher)) or ""), f"{type(searcher).__name__}: the docstring must have Source: ..."
        assert searcher.config()["searcher"] == type(searcher).__name__
        assert json.loads(json.dumps(searcher.config())) == json.loads(json.dumps(self.make().config()))
        assert isinstance(searcher, (AskTellSearcher, OnlineSearcher))

    def test_the_same_seed_gives_the_same_history(self) -> None:
        """Candidates, fidelities and objectives, in order."""
        first, second = self.run(), self.run()
        assert history(first) == history(second)
        assert [scored.candidate for scored in first.top] == [scored.candidate for scored in second.top]

    def test_global_random_state_is_untouched(self) -> None:
        """Neither read, so that what others draw cannot move a history, nor moved."""
        before = history(self.run())
        numpy_state, torch = _global(), sys.modules.get("torch")
        torch_state = torch.get_rng_state() if torch else None
        assert history(self.run()) == before
        assert _global() == numpy_state, "numpy's global random state moved"
        if torch:
            assert torch.equal(torch.get_rng_state(), torch_state), "torch's global random state moved"

    def test_a_search_that_was_stopped_goes_on_as_if_it_was_not(self, tmp_path: Path) -> None:
        """Stopped after some trials, by an error out of a callback; the rest is the same, and nothing is evaluated twice."""
        whole = self.run()
        after = max(1, len(whole.history) // 2)
        with pytest.raises(_Stop):
            self.run(resume=tmp_path, callbacks=[_stop_after(after)])
        seen: list[TrialRecord] = []
        again = self.run(resume=tmp_path, callbacks=[seen.append])
        assert history(again) == history(whole) and seen == list(again.history)
        assert [scored.to_json() for scored in again.top] == [scored.to_json() for scored in whole.top]
        lines = (tmp_path / "journal.jsonl").read_bytes()
        assert history(self.run(resume=tmp_path)) == history(whole)
        assert (tmp_path / "journal.jsonl").read_bytes() == lines, "a finished search evaluated something again"

    def test_by_hand_is_the_same_as_search(self) -> None:
        """Begin, ask and tell, or step."""
        searched, task, searcher = self.run(), self.task(), self.make()
        if getattr(task, "rungs", (1.0,)) != (1.0,):
            return  # which trials climb is the driver's decision
        searcher.begin(task, task.space)
        by_hand = list(_by_hand(searcher, task, searched))
        assert by_hand == history(searched)
        assert set(map(candidates.digest, searcher.best(2))) == {candidates.digest(scored.candidate) for scored in searched.top}

    def test_the_number_of_workers_does_not_matter(self) -> None:
        """Two processes, the same history."""
        if isinstance(self.make(), OnlineSearcher):
            return  # its steps are taken in this process, and those that train members in workers have tests of their own
        assert history(self.run(executor=2)) == history(self.run())

    def test_failed_trials_are_survived(self) -> None:
        """A task that fails on every third candidate; none of those is among the best."""
        searcher = self.make()
        if isinstance(searcher, OnlineSearcher) or (isinstance(self.budget, int) and self.budget < 3):
            return  # it has no trials that could fail on their own
        result = self.run(Failing(self.task()), budget=self.budget)
        failed = [record for record in result.history if record.evaluation.objective is None]
        assert all("planted failure" in record.evaluation.error for record in failed)
        assert len(result.history) == len(self.run().history) or result.top
        assert not {candidates.digest(scored.candidate) for scored in result.top} & _digests(failed)

    def test_a_task_that_cannot_is_refused(self) -> None:
        """With the names of both."""
        task = self.task()
        with pytest.raises(TypeError, match=type(self.make()).__name__):
            self.make().search(_Incapable(), task.space, budget=self.budget)

    def test_results_survive_json(self, tmp_path: Path) -> None:
        """The file is the result, and ops are stored by their names."""
        result = self.run(baselines=("identity",))
        result.save(tmp_path / "result.json")
        assert SearchResult.load(tmp_path / "result.json").to_json() == json.loads(json.dumps(result.to_json()))
        assert {op.name for op in result.policy.ops()} <= set(result.space["ops"]) | _extra(result)
        assert "identity" in result.baselines and str(result)

    def test_what_it_starts_from_is_taken(self) -> None:
        """A policy of the space can be given, and the search still ends with candidates."""
        task = self.task()
        start = task.space.sample(np.random.default_rng(1))
        assert self.run(task, init=start).top


class Failing:
    """A task that raises on about every third candidate."""

    def __init__(self, task: Any):
        self.task = task
        self.space, self.rungs, self.capabilities = task.space, getattr(task, "rungs", (1.0,)), task.capabilities

    def evaluate(self, candidate: Any, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        if int(candidates.digest(candidate), 16) % 3 == 0:
            raise RuntimeError("planted failure")
        return self.task.evaluate(candidate, fidelity=fidelity, seed=seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "Failing", "of": self.task.describe()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["task"], name)


def history(result: SearchResult) -> list[tuple[Any, ...]]:
    """All of the history but seconds."""
    return [_line(record) for record in result.history]


def _line(record: TrialRecord) -> tuple[Any, ...]:
    given = record.evaluation
    candidate = None if record.candidate is None else candidates.digest(record.candidate)
    rungs = tuple((rung.fidelity, rung.objective) for rung in record.rungs)
    return record.number, candidate, given.objective, given.fidelity, given.seed, given.cost.steps, given.error, rungs


def _by_hand(searcher: Searcher, task: Any, searched: SearchResult) -> Any:
    left = len(searched.history)
    while left > 0:
        if isinstance(searcher, AskTellSearcher):
            trials = searcher.ask(min(searcher.batch, left))
            answers = [task.evaluate(trial.candidate, fidelity=trial.fidelity, seed=trial.seed) for trial in trials]
            for trial, given in zip(trials, answers, strict=True):
                searcher.tell(trial, given)
                yield _line(TrialRecord(trial.number, trial.candidate, given, (given,), trial.notes))
            left -= len(trials)
        elif isinstance(searcher, OnlineSearcher):
            log = searcher.step()
            assert log is not None
            values: Mapping[str, float] = log.values
            yield _line(TrialRecord(log.number, log.candidate, Evaluation(values.get("objective"), values, log.cost)))
            left -= 1


class _Stop(Exception):
    pass


def _stop_after(count: int) -> Any:
    seen: list[TrialRecord] = []

    def stop(record: TrialRecord) -> None:
        seen.append(record)
        if len(seen) >= count:
            raise _Stop

    return stop


class _Incapable:
    capabilities = Capability(0)
    rungs = (1.0,)

    def evaluate(self, candidate: Any, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        raise MmaugError("must not be asked")

    def describe(self) -> dict[str, Any]:
        return {}


def _global() -> tuple[Any, ...]:
    name, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002  # the one that must not move
    return name, np.asarray(keys).tobytes(), *rest


def _digests(records: list[TrialRecord]) -> set[str]:
    return {candidates.digest(record.candidate) for record in records if record.candidate is not None}


def _extra(result: SearchResult) -> set[str]:
    """Ops beside those of the space: a network that was searched is an op of its own."""
    return {op.name for op in result.policy.ops() if op.name.endswith(".neural")}
