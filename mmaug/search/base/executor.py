"""Where candidates are evaluated and children trained: in this process, or in workers that stay; another engine may take their place."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import numpy as np

from mmaug.errors import MmaugError
from mmaug.processes import ctrl_c_ignored, one_thread
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.jobs import Desk, Request, Stretch, Stretched, failed

TRIES = 2
"""How often a job is begun before the death of its worker counts as its failure: a machine may kill a worker that did nothing wrong."""


class Executor(Protocol):
    """Does jobs, in any order and anywhere; a job must have the same answer wherever it is done (`jobs.Desk` does any job)."""

    def start(self, task: Any) -> None:
        """Get ready for this task; called once before the others."""
        ...

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, Evaluation]]:
        """The place of each request and its answer, as they come. A request that fails has an answer with objective None."""
        ...

    def train(self, stretches: Sequence[Stretch]) -> Iterator[tuple[int, Stretched]]:
        """The place of each stretch and what came of it, as they come. One that fails has its old state and objective None."""
        ...

    def stop(self) -> None:
        """Let go of everything; called once, also after an error."""
        ...


class InProcess:
    """Jobs are done here, one after another, on one thread."""

    def start(self, task: Any) -> None:
        self._desk = Desk(task)

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, Evaluation]]:
        """In order."""
        for place, request in enumerate(requests):
            with one_thread():
                given = self._desk.answer(request)
            yield place, given

    def train(self, stretches: Sequence[Stretch]) -> Iterator[tuple[int, Stretched]]:
        """In order."""
        for place, stretch in enumerate(stretches):
            with one_thread():
                given = self._desk.train(stretch)
            yield place, given

    def stop(self) -> None:
        """There is nothing to let go of."""


class Local:
    """Jobs are done in so many worker processes of this machine, each on one thread; the task is pickled once.

    A worker that dies is replaced, and its job begun once more.
    Raises: MmaugError where the task cannot be pickled, or a worker cannot start.
    """

    def __init__(self, workers: int):
        self.count = workers
        self.workers: dict[Connection, Any] = {}

    def start(self, task: Any) -> None:
        try:
            self._task = pickle.dumps(task)
        except Exception as error:
            raise MmaugError(
                f"the task must be picklable to run in worker processes, got {type(error).__name__}: {error}; define functions at the top "
                "of a module, or use executor=1, which runs trials in this process"
            ) from error
        for _ in range(self.count):
            self._hire()
        for pipe in list(self.workers):
            self._greet(pipe)

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, Evaluation]]:
        """As they come."""
        return self._dealt(requests)

    def train(self, stretches: Sequence[Stretch]) -> Iterator[tuple[int, Stretched]]:
        """As they come."""
        return self._dealt(stretches)

    def _dealt(self, jobs: Sequence[Request] | Sequence[Stretch]) -> Iterator[tuple[int, Any]]:
        waiting = deque((place, 1) for place in range(len(jobs)))
        busy: dict[Connection, tuple[int, int]] = {}
        while waiting or busy:
            for pipe in self.workers:
                if waiting and pipe not in busy:
                    busy[pipe] = waiting.popleft()
                    with suppress(OSError):  # a dead worker shows when its answer is asked for
                        pipe.send(jobs[busy[pipe][0]])
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                place, tries = busy.pop(pipe)
                try:
                    yield place, pipe.recv()
                except (EOFError, OSError):
                    code = self._bury(pipe)
                    if tries < TRIES:
                        waiting.appendleft((place, tries + 1))
                    else:
                        yield place, _died(jobs[place], code)

    def stop(self) -> None:
        """End the workers, whatever they are at."""
        for pipe, process in self.workers.items():
            pipe.close()
            process.kill()
        for process in self.workers.values():
            process.join()
        self.workers = {}

    def _hire(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(self._task, theirs), daemon=True)
        with ctrl_c_ignored():
            process.start()
        theirs.close()  # so that a worker's death is the end of its pipe
        self.workers[ours] = process
        return ours

    def _greet(self, pipe: Connection) -> None:
        """Wait until a new worker has the task."""
        try:
            failure = pipe.recv()
        except (EOFError, OSError):
            process = self.workers[pipe]
            process.join(5)
            failure = f"it died with exit code {process.exitcode}"
        if failure:
            raise MmaugError(
                f"a worker process could not start: {failure}. In a script of your own, call search() under "
                '`if __name__ == "__main__":`; what is defined there cannot be sent to workers, what is defined in a module can'
            )

    def _bury(self, pipe: Connection) -> int | None:
        process = self.workers.pop(pipe)
        pipe.close()
        process.join(5)
        self._greet(self._hire())
        return process.exitcode


def executor_of(given: Executor | int) -> Executor:
    """An executor, or that of so many local processes; 1 is this one. Raises: MmaugError for another number."""
    if not isinstance(given, (int, np.integer)):
        return given
    if isinstance(given, bool) or given < 1:
        raise MmaugError(f"executor must be an executor or a number of processes >= 1, got {given!r}")
    return InProcess() if given == 1 else Local(int(given))


def _died(job: Request | Stretch, code: int | None) -> Evaluation | Stretched:
    hint = "; -9 is often too little memory" if code == -9 else ""
    return failed(job, f"the worker process died {TRIES} times (exit code {code}{hint})")


def _serve(task: bytes, pipe: Connection) -> None:
    """A worker: jobs come, answers go, until the other end of the pipe closes, be it by the death of the search."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported, with the task or later
    try:
        given = pickle.loads(task)
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")
        return
    desk = Desk(given)
    with suppress(EOFError, OSError), one_thread():
        pipe.send("")
        while True:
            job = pipe.recv()
            pipe.send(desk.train(job) if isinstance(job, Stretch) else desk.answer(job))
