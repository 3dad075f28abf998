"""The members of a population train in the workers of the executor: the same to the bit wherever they do, killed or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

import mmaug as mm
from mmaug.child.config import ChildConfig, Recipe
from mmaug.errors import MmaugError
from mmaug.search import PolicySpace
from mmaug.search.base.executor import InProcess, Local
from mmaug.search.base.jobs import Desk, Stretch
from mmaug.search.base.state import packed, unpacked
from mmaug.search.population import PopulationBased
from mmaug.testing.colour_world import SCHEMA, draw_world
from mmaug.testing.searchers import history
from mmaug.testing.tasks import PlantedSchedule

NOISE = mm.Policy.sequence(mm.op("image.gaussian_noise", strength=0.3), mm.op("text.synonym", p=0.5))
PLAIN = mm.policies.identity()


def child_task() -> mm.ChildTask:
    small = ChildConfig(width=16, layers=1, heads=2, projection=16)
    return mm.ChildTask(draw_world(24, 1), draw_world(12, 2), schema=SCHEMA, child=small, recipe=Recipe(batch=8), steps=6, seeds=1)


class Watched(PopulationBased):
    """Keeps the states of its members after every round, where tests can see them.

    Source: none; it is here for its states.
    """

    def step(self) -> Any:
        log = super().step()
        if log is not None:
            self.seen = [*getattr(self, "seen", []), list(self._states)]
        return log


def test_members_end_with_the_same_bits_for_one_worker_and_two():
    """A real child, whose weights, moments and average go there and back."""
    task = child_task()
    space = PolicySpace(("image.gaussian_noise", "text.synonym"), n_sub=1, n_ops=1)
    found = []
    for workers in (1, 2):
        searcher = Watched(population=3, rounds=3, interval=2, seed=1)
        result = searcher.search(task, space, executor=workers, baselines=(), top=1, rerank_seeds=1)
        found.append((history(result), result.top[0].candidate, searcher.seen))
    assert found[0] == found[1]
    states = [unpacked(held) for held in found[0][2][-1]]
    assert all(int(held["counters"][0]) == 6 and any(name.startswith("optimizer.") for name in held) for held in states)


def test_stretches_in_turn_are_one_long_training():
    """Two members at one desk, each trained bit by bit, against two runs that were never put away."""
    task, desk = child_task(), Desk(child_task())
    policies, held = (NOISE, PLAIN), [packed(task.start(2, 6).state())] * 2
    for _ in range(3):
        done = [desk.train(Stretch(before, 2, (policy,), 2, 6)) for before, policy in zip(held, policies, strict=True)]
        held = [one.state for one in done]
    for member, (policy, one) in enumerate(zip(policies, done, strict=True)):
        run = task.start(2, 6)
        losses = [run.advance(2, [policy])[0] for _ in range(3)]
        whole, mine = run.state(), unpacked(held[member])
        assert whole.keys() == mine.keys() and all(torch.equal(whole[name], mine[name]) for name in whole)
        assert one.losses == (losses[-1],) and one.evaluation.objective == run.score().objective
        assert one.evaluation.cost.steps == 2 and one.evaluation.cost.seconds > 0
    assert held[0] != held[1]


def first_to(mark: Path) -> bool:
    """Whether this call made the file; of several processes at once just one did."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@dataclass(frozen=True)
class Marking(PlantedSchedule):
    """Leaves a file with its process's number in the folder `marks` for every advance, after `pause` seconds.

    deadly: the round, counted in steps, in which a process kills itself once; in `always` where that is so.
    failing: strengths above this raise.
    """

    marks: str = ""
    pause: float = 0.0
    deadly: int = -1
    always: bool = False
    failing: float = 2.0

    def start(self, seed: int = 0, steps: int | None = None) -> Any:
        run = super().start(seed, steps)
        advance = run.advance

        def marked(steps: int, policies: Any) -> list[float]:
            time.sleep(self.pause)
            Path(self.marks, f"{os.getpid()}.pid").touch()
            if run.steps == self.deadly and (first_to(Path(self.marks, "died")) or self.always):
                os.kill(os.getpid(), signal.SIGKILL)
            if any((op.strength or 0.0) > self.failing for policy in policies for op in policy.ops()):
                raise RuntimeError("planted failure")
            return advance(steps, policies)

        run.advance = marked  # type: ignore[method-assign]
        return run


def search(task: Any, **options: Any) -> Any:
    given = {"baselines": (), "top": 2, "rerank_seeds": 1} | options
    return PopulationBased(population=6, rounds=8, seed=3).search(task, PlantedSchedule().space, **given)


def test_members_train_in_the_workers_and_one_that_dies_costs_nothing(tmp_path):
    """Its member is begun again from the state before, on a new worker."""
    result = search(Marking(marks=str(tmp_path), deadly=9, pause=0.01), executor=2)
    assert history(result) == history(search(PlantedSchedule()))
    processes = {int(path.stem) for path in tmp_path.glob("*.pid")}
    assert (tmp_path / "died").exists() and len(processes) == 3 and os.getpid() not in processes


def test_a_member_that_fails_stays_where_it_was_and_is_replaced(tmp_path):
    """Strengths above a half fail: the others go on, no failed member is among the best, and both executors agree."""
    task = Marking(marks=str(tmp_path), failing=0.5)
    found = [search(task, executor=workers) for workers in (1, 2)]
    assert history(found[0]) == history(found[1]) and len(found[0].history) == 8
    for scored in found[0].top:
        assert all((op.strength or 0.0) <= 0.5 for op in scored.candidate.ops())
    desk = Desk(task)
    before = packed(task.start(0, 24).state())
    wrong = desk.train(Stretch(before, 3, (mm.Policy.sequence(mm.op("image.rotate", strength=0.9)),), 0, 24))
    assert wrong.state == before and wrong.evaluation.objective is None and "planted failure" in wrong.evaluation.error


def test_where_every_member_fails_so_does_the_search(tmp_path):
    with pytest.raises(MmaugError, match="all members failed in round 0; the first with: the worker process died 2 times"):
        PopulationBased(population=2).search(Marking(marks=str(tmp_path), deadly=0, always=True), executor=2)


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import test_population_workers as workers
if __name__ == "__main__":
    workers.search(workers.Marking(marks={marks!r}, pause=0.02), executor=2, resume={folder!r})
"""


def test_a_killed_search_goes_on_to_the_same_history(tmp_path):
    """Killed with -9 while members train in two workers, which end with it; resumed in this process."""
    folder, marks = tmp_path / "run", tmp_path / "marks"
    marks.mkdir()
    script = tmp_path / "script.py"
    tests = str(Path(__file__).parent)
    script.write_text(SCRIPT.format(tests=tests, marks=str(marks), folder=str(folder)), encoding="utf-8")
    process, journal, until = subprocess.Popen([sys.executable, script]), folder / "journal.jsonl", time.monotonic() + 120
    try:
        while process.poll() is None and time.monotonic() < until:
            if journal.exists() and journal.read_bytes().count(b"\n") >= 4:
                break
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"
    again = search(PlantedSchedule(), resume=folder)
    whole = search(PlantedSchedule())
    assert history(again) == history(whole) and again.top == whole.top
    workers, deadline = [int(path.stem) for path in marks.glob("*.pid")], time.monotonic() + 20
    while any(map(_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(workers) == 2 and not any(map(_alive, workers))


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


class Backwards:
    """An executor of one's own, which begins at the end."""

    def __init__(self) -> None:
        self.inner, self.trained = InProcess(), 0

    def start(self, task: Any) -> None:
        self.inner.start(task)

    def run(self, requests: Any) -> Any:
        return self.inner.run(requests)

    def train(self, stretches: Any) -> Any:
        last = len(stretches) - 1
        for place, done in self.inner.train(stretches[::-1]):
            self.trained += 1
            yield last - place, done

    def stop(self) -> None: ...


def test_another_engine_can_train_members_in_any_order():
    engine = Backwards()
    assert history(search(PlantedSchedule(), executor=engine)) == history(search(PlantedSchedule()))
    assert engine.trained == 6 * 8


def test_workers_answer_stretches_as_this_process_does():
    task, answers = PlantedSchedule(), []
    policies = [mm.Policy.sequence(mm.op("image.rotate", strength=number / 9)) for number in range(10)]
    stretches = [Stretch(packed(task.start(0, 30).state()), 3, (one, PLAIN), 0, 30) for one in policies]
    for executor in (InProcess(), Local(2)):
        executor.start(task)
        try:
            found = sorted(executor.train(stretches), key=lambda pair: pair[0])
        finally:
            executor.stop()
        answers.append([(place, one.state, one.losses, one.evaluation.objective) for place, one in found])
    assert answers[0] == answers[1]
