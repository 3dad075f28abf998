"""Where trials run: in this process, or in worker processes that stay; another engine may take their place."""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

import cv2

from mmaug.errors import MmaugError
from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Cost, Evaluation

TRIES = 2
"""How often a trial is begun before the death of its worker counts as its failure: a machine may kill a worker that did nothing wrong."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of `task.evaluate`."""

    candidate: Candidate
    fidelity: float = 1.0
    seed: int = 0


class Executor(Protocol):
    """Answers requests, in any order and anywhere; a request must have the same answer wherever it runs."""

    def start(self, task: Any) -> None:
        """Get ready for this task; called once before `run`."""
        ...

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, Evaluation]]:
        """The place of each request and its answer, as they come. A request that fails has an answer with objective None."""
        ...

    def stop(self) -> None:
        """Let go of everything; called once, also after an error."""
        ...


def answer(task: Any, request: Request) -> Evaluation:
    """The task's evaluation; one without an objective, with the error, where it raises or gives no number."""
    begun = time.perf_counter()
    try:
        given = task.evaluate(request.candidate, fidelity=request.fidelity, seed=request.seed)
        if not given.cost.seconds:
            given = replace(given, cost=replace(given.cost, seconds=round(time.perf_counter() - begun, 4)))
        if given.objective is not None and not math.isfinite(given.objective):
            given = replace(given, objective=None, error=f"the objective is {given.objective}")
        return given
    except Exception as error:  # whatever a task raises is a trial that failed, not the end of the search
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        text = f"{type(error).__name__}: {error} ({where})"
        cost = Cost(1, 0, round(time.perf_counter() - begun, 4))
        return Evaluation(None, {}, cost, request.fidelity, request.seed, False, text)


class InProcess:
    """Trials run here, one after another, on one thread."""

    def start(self, task: Any) -> None:
        self.task = task

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, Evaluation]]:
        """In order."""
        for place, request in enumerate(requests):
            with one_thread():
                given = answer(self.task, request)
            yield place, given

    def stop(self) -> None:
        """There is nothing to let go of."""


class Local:
    """Trials run in so many worker processes of this machine, each on one thread; the task is pickled once.

    A worker that dies is replaced, and its trial begun once more.
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
        waiting = deque((place, 1) for place in range(len(requests)))
        busy: dict[Connection, tuple[int, int]] = {}
        while waiting or busy:
            for pipe in self.workers:
                if waiting and pipe not in busy:
                    busy[pipe] = waiting.popleft()
                    with suppress(OSError):  # a dead worker shows when its answer is asked for
                        pipe.send(requests[busy[pipe][0]])
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
                        yield place, _died(requests[place], code)

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
        with _ctrl_c_ignored():
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
    if not isinstance(given, int):
        return given
    if isinstance(given, bool) or given < 1:
        raise MmaugError(f"executor must be an executor or a number of processes >= 1, got {given!r}")
    return InProcess() if given == 1 else Local(given)


def _died(request: Request, code: int | None) -> Evaluation:
    hint = "; -9 is often too little memory" if code == -9 else ""
    text = f"the worker process died {TRIES} times (exit code {code}{hint})"
    return Evaluation(None, {}, Cost(1), request.fidelity, request.seed, False, text)


def _serve(task: bytes, pipe: Connection) -> None:
    """A worker: requests come, answers go, until the other end of the pipe closes, be it by the death of the search."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported, with the task or later
    try:
        given = pickle.loads(task)
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")
        return
    with suppress(EOFError, OSError), one_thread():
        pipe.send("")
        while True:
            pipe.send(answer(given, pipe.recv()))


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of OpenCV and of torch: several on busy cores are slower, up to 50 times, and sum in another order."""
    torch = sys.modules.get("torch")
    before, of_torch = cv2.getNumThreads(), torch.get_num_threads() if torch else 0
    cv2.setNumThreads(1)
    if torch and of_torch != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
        if torch and of_torch != 1:
            torch.set_num_threads(of_torch)


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """A worker that starts now ignores Ctrl-C from its first moment: the search decides what that means."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set this
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
