"""What a running search shares: the task, where trials run, the journal, what is spent; and the loops of both kinds of searcher."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmaug.errors import MmaugError
from mmaug.processes import one_thread
from mmaug.search.base import candidate as candidates
from mmaug.search.base import state
from mmaug.search.base.climb import Ladder
from mmaug.search.base.evaluator import Cost, Evaluation
from mmaug.search.base.executor import Executor
from mmaug.search.base.jobs import Request
from mmaug.search.base.journal import Journal
from mmaug.search.base.plain import plain
from mmaug.search.base.progress import Bar
from mmaug.search.base.result import TrialRecord
from mmaug.search.base.searcher import AskTellSearcher, Budget, OnlineSearcher, StepLog

HOPELESS = 5
"""If so many trials have failed and none has not, a search ends with the first error."""

CHECKED, ENDED = "check", "search/ended"
"""Keys of the journal: the task has been checked; the search has ended, after so many trials or steps."""

Callback = Callable[[Any], None]


class Told:
    """Records as they come, with what they have cost so far."""

    def __init__(self) -> None:
        self.records: list[TrialRecord] = []
        self.cost = Cost()

    def add(self, record: TrialRecord) -> None:
        """One more."""
        self.records.append(record)
        self.cost += spent([record])


class Session:
    """One run of the driver. seconds: wall time of the search, that of earlier sessions too; what only reads the journal takes none."""

    def __init__(self, task: Any, executor: Executor, journal: Journal, bar: Bar, callbacks: Sequence[Callback]):
        self.task, self.executor, self.journal, self.bar, self.callbacks = task, executor, journal, bar, tuple(callbacks)
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return self.journal.seconds + time.monotonic() - self._begun

    def check(self) -> None:
        """Let the task refuse what no search can find anything on, once, before anything is spent. Raises: what the task raises."""
        check = getattr(self.task, "check", None)
        if check is not None and CHECKED not in self.journal:
            with one_thread():
                check()
            self.journal.add(CHECKED, True, None, self.seconds)

    def evaluate(self, asked: Sequence[tuple[str, Request]], shown: bool = False) -> list[Evaluation]:
        """The answers in order: from the journal where they are there, else from the executor, and into the journal.

        shown: let the bar follow each answer.
        Raises: MmaugError where the executor has no answer to a request.
        """
        described = [_describe(request) for _, request in asked]
        answers: dict[int, Evaluation] = {}
        for place, (key, _) in enumerate(asked):
            if key in self.journal:
                answers[place] = self.journal.read(key, Evaluation.from_json, described[place])
        missing = [place for place in range(len(asked)) if place not in answers]
        if missing:
            for i, given in self.executor.run([asked[place][1] for place in missing]):
                place = missing[i]
                answers[place] = given
                self.journal.add(asked[place][0], given.to_json(), described[place], self.seconds)
                if shown:
                    self.bar.update(len(answers), Cost(), self.seconds, given.objective)
        if lost := [asked[place] for place in missing if place not in answers]:
            raise MmaugError(
                f"{type(self.executor).__name__}.run must answer every request, got none for {lost[0][0]} "
                f"(fidelity {lost[0][1].fidelity:g}, seed {lost[0][1].seed}) and {len(lost) - 1} others"
            )
        return [answers[place] for place in range(len(asked))]

    def asked(self, searcher: AskTellSearcher, budget: Budget, prefix: str = "") -> list[TrialRecord]:
        """The loop of a searcher that asks and is told.

        prefix: of the keys of a search beside the main one, which has no callbacks, keeps close to its steps, and may fail.
        Raises: MmaugError where the first trials of a main search all fail.
        """
        ladder, told = Ladder(getattr(self.task, "rungs", (1.0,))), Told()
        while (count := self._room(budget, told, searcher.batch, prefix)) > 0 and (trials := searcher.ask(count)):
            climbed = ladder.climb(trials, lambda asked: self.evaluate([(prefix + key, request) for key, request in asked]))
            for trial, rungs in zip(trials, climbed, strict=True):
                searcher.tell(trial, rungs[-1])
                record = TrialRecord(trial.number, trial.candidate, rungs[-1], tuple(rungs), trial.notes)
                self._done(record, told, () if prefix else self.callbacks)
            if hopeless(told.records):
                if prefix:
                    break
                first = told.records[0].evaluation.error
                raise MmaugError(f"all of the first {len(told.records)} trials failed; the first with: {first}")
        if not prefix:
            self._ended(told)
        return told.records

    def stepped(self, searcher: OnlineSearcher, budget: Budget, folder: Path | None) -> list[TrialRecord]:
        """The loop of a searcher that trains while it searches; its state is saved after every step.

        Raises: MmaugError for a step that fails, with the searcher, the step and where what was done before is kept.
        """
        told = Told()
        for record in self._restored(searcher, folder):
            self._done(record, told, self.callbacks)
        while self._room(budget, told, 1) > 0:
            begun = time.perf_counter()
            log = _step(searcher, len(told.records), folder)
            if log is None:
                break
            record = _record(log, time.perf_counter() - begun)
            self.journal.add(f"step/{len(told.records)}", record.to_json(), None, self.seconds)
            if folder is not None:
                state.save(folder, len(told.records) + 1, *searcher.state(), self.journal.digest)
            self._done(record, told, self.callbacks)
        self._ended(told)
        return told.records

    def _restored(self, searcher: OnlineSearcher, folder: Path | None) -> list[TrialRecord]:
        """The steps done in earlier sessions, and the searcher as it was after them."""
        saved = None if folder is None else state.load(folder, self.journal.digest)
        if saved is None:
            return []
        steps, tensors, values = saved
        if self.journal.steps() < steps:
            raise MmaugError(
                f"{folder}: the state is that after {steps} steps and the journal has {self.journal.steps()}; they must be of one search: "
                "give back the journal that belongs to it, or start with a new folder"
            )
        searcher.load(tensors, values)
        return [self.journal.read(f"step/{number}", TrialRecord.from_json) for number in range(steps)]

    def _ended(self, told: Told) -> None:
        """Note when the search ended, so that one resumed on the same clock ends there too."""
        count = len(told.records)
        if ENDED not in self.journal or self.journal.read(ENDED, int) != count:
            self.journal.add(ENDED, count, None, self.seconds)

    def _done(self, record: TrialRecord, told: Told, callbacks: Sequence[Callback]) -> None:
        told.add(record)
        self.bar.update(len(told.records), told.cost, self.seconds, record.evaluation.objective)
        for callback in callbacks:
            callback(record)

    def _room(self, budget: Budget, told: Told, batch: int, prefix: str = "") -> int:
        """How many trials may be asked for now. The clock stands still while the journal has the next one."""
        done, cost = len(told.records), told.cost
        if f"{prefix}trial/{done}/0" in self.journal or f"step/{done}" in self.journal:
            self._begun = time.monotonic()
        elif budget.seconds is not None and self.seconds >= budget.seconds:
            return 0
        if budget.steps is not None:
            if cost.steps >= budget.steps or (done and cost.steps == 0):
                return 0  # a task that counts no steps would never spend them
            if prefix:  # no more than will probably fit
                batch = min(batch, math.ceil((budget.steps - cost.steps) * done / cost.steps)) if done else 1
        counted = cost.evaluations if done and not told.records[0].rungs else done
        return batch if budget.evaluations is None else min(batch, budget.evaluations - counted)


def spent(records: Sequence[TrialRecord]) -> Cost:
    """What the records cost together."""
    total = Cost()
    for record in records:
        for given in record.rungs or (record.evaluation,):
            total += given.cost
    return total


def hopeless(records: Sequence[TrialRecord]) -> bool:
    """Whether so many trials have failed, and no other was, that nothing is to be hoped for."""
    return len(records) >= HOPELESS and all(record.evaluation.objective is None for record in records)


def _step(searcher: OnlineSearcher, number: int, folder: Path | None) -> StepLog | None:
    try:
        with one_thread():
            return searcher.step()
    except Exception as error:  # whatever a searcher or its task raises: say where, and what is left
        kept = f"the steps before it are kept in {folder}, and the same call goes on there" if folder else "nothing was kept: give resume="
        raise MmaugError(f"{type(searcher).__name__}: step {number} failed with {type(error).__name__}: {error}; {kept}") from error


def _record(log: StepLog, seconds: float) -> TrialRecord:
    values = plain(dict(log.values))
    said = log.values.get("objective")
    error = "" if said is None or values["objective"] is not None else f"the objective is {said}"
    cost = log.cost if log.cost.seconds else replace(log.cost, seconds=round(seconds, 4))
    return TrialRecord(log.number, log.candidate, Evaluation(values.get("objective"), values, cost, error=error))


def _describe(request: Request) -> list[Any]:
    return [candidates.digest(request.candidate), request.fidelity, request.seed]
