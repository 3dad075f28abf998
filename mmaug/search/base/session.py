"""What a running search shares: the task, where trials run, the journal, what is spent; and the loops of both kinds of searcher."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmaug.errors import MmaugError
from mmaug.search.base import candidate as candidates
from mmaug.search.base import state
from mmaug.search.base.climb import Ladder
from mmaug.search.base.evaluator import Cost, Evaluation
from mmaug.search.base.executor import Executor
from mmaug.search.base.jobs import Request
from mmaug.search.base.journal import Journal
from mmaug.search.base.processes import one_thread
from mmaug.search.base.progress import Bar
from mmaug.search.base.result import TrialRecord
from mmaug.search.base.searcher import AskTellSearcher, Budget, OnlineSearcher, StepLog

HOPELESS = 5
"""If so many trials have failed and none has not, a search ends with the first error."""

Callback = Callable[[Any], None]


class Session:
    """One run of the driver. seconds: wall time, that of earlier sessions too."""

    def __init__(self, task: Any, executor: Executor, journal: Journal, bar: Bar, callbacks: Sequence[Callback]):
        self.task, self.executor, self.journal, self.bar, self.callbacks = task, executor, journal, bar, tuple(callbacks)
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return self.journal.seconds + time.monotonic() - self._begun

    def evaluate(self, asked: Sequence[tuple[str, Request]], shown: bool = False) -> list[Evaluation]:
        """The answers in order: from the journal where they are there, else from the executor, and into the journal.

        shown: let the bar follow each answer.
        """
        answers: dict[int, Evaluation] = {}
        described = [_describe(request) for _, request in asked]
        for place, (key, _) in enumerate(asked):
            if (known := self.journal.get(key, described[place]) if key in self.journal else None) is not None:
                answers[place] = Evaluation.from_json(known)
        missing = [place for place in range(len(asked)) if place not in answers]
        if missing:
            for i, given in self.executor.run([asked[place][1] for place in missing]):
                place = missing[i]
                answers[place] = given
                self.journal.add(asked[place][0], given.to_json(), described[place], self.seconds)
                if shown:
                    self.bar.update(len(answers), Cost(), self.seconds, given.objective)
        return [answers[place] for place in range(len(asked))]

    def asked(self, searcher: AskTellSearcher, budget: Budget, prefix: str = "") -> list[TrialRecord]:
        """The loop of a searcher that asks and is told. prefix: of the keys of a search beside the main one, which has no callbacks."""
        ladder = Ladder(getattr(self.task, "rungs", (1.0,)))
        records: list[TrialRecord] = []
        while (count := self._room(budget, records, searcher.batch)) > 0 and (trials := searcher.ask(count)):
            climbed = ladder.climb(trials, lambda asked: self.evaluate([(prefix + key, request) for key, request in asked]))
            for trial, rungs in zip(trials, climbed, strict=True):
                record = TrialRecord(trial.number, trial.candidate, rungs[-1], tuple(rungs), trial.notes)
                searcher.tell(trial, rungs[-1])
                self._done(record, records, () if prefix else self.callbacks)
            _refuse_hopeless(records)
        return records

    def stepped(self, searcher: OnlineSearcher, budget: Budget, folder: Path | None) -> list[TrialRecord]:
        """The loop of a searcher that trains while it searches; its state is saved after every step."""
        records: list[TrialRecord] = []
        if folder is not None and (saved := state.load(folder)) is not None:
            steps, tensors, values = saved
            records = [TrialRecord.from_json(self.journal.get(f"step/{number}")) for number in range(steps)]
            searcher.load(tensors, values)
        while self._room(budget, records, 1) > 0:
            with one_thread():
                log = searcher.step()
            if log is None:
                break
            record = _record(log)
            self.journal.add(f"step/{len(records)}", record.to_json(), None, self.seconds)
            self._done(record, records, self.callbacks)
            if folder is not None:
                state.save(folder, len(records), *searcher.state())
        return records

    def _done(self, record: TrialRecord, records: list[TrialRecord], callbacks: Sequence[Callback]) -> None:
        records.append(record)
        self.bar.update(len(records), spent(records), self.seconds, record.evaluation.objective)
        for callback in callbacks:
            callback(record)

    def _room(self, budget: Budget, records: list[TrialRecord], batch: int) -> int:
        """How many trials may be asked for now."""
        if budget.seconds is not None and self.seconds >= budget.seconds:
            return 0
        cost = spent(records)
        if budget.steps is not None and (cost.steps >= budget.steps or (records and cost.steps == 0)):
            return 0  # a task that counts no steps would never spend them
        counted = cost.evaluations if records and not records[0].rungs else len(records)
        return batch if budget.evaluations is None else min(batch, budget.evaluations - counted)


def spent(records: Sequence[TrialRecord]) -> Cost:
    """What the records cost together."""
    total = Cost()
    for record in records:
        for given in record.rungs or (record.evaluation,):
            total += given.cost
    return total


def _record(log: StepLog) -> TrialRecord:
    values = {name: float(value) for name, value in log.values.items()}
    return TrialRecord(log.number, log.candidate, Evaluation(values.get("objective"), values, log.cost))


def _describe(request: Request) -> list[Any]:
    return [candidates.digest(request.candidate), request.fidelity, request.seed]


def _refuse_hopeless(records: Sequence[TrialRecord]) -> None:
    if len(records) >= HOPELESS and all(record.evaluation.objective is None for record in records):
        raise MmaugError(f"all of the first {len(records)} trials failed; the first with: {records[0].evaluation.error}")
