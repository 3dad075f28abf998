"""Rows worked on by several processes, results as they come; the same code runs in this process for no workers."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

import cv2

from mmaug.errors import MmaugError
from mmaug.io.work import Done, Job, augment_row
from mmaug.processes import ctrl_c_ignored, one_thread

AHEAD = 4
"""Rows that a worker holds at once: enough to never be idle, few enough to bound what waits."""


def results(job: Job, numbers: Iterable[int], workers: int, start_method: str) -> Iterator[Done]:
    """The results of rows, in order without workers, else as they come. Rows are handed out in order, and only as results are taken.

    Raises: MmaugError when a worker dies.
    """
    if workers == 0:
        with one_thread():
            for number in numbers:
                yield augment_row(job, number)
        return
    pool = _Pool(job, workers, start_method)
    try:
        yield from pool.results(iter(numbers))
    finally:
        pool.stop()


class _Pool:
    def __init__(self, job: Job, workers: int, start_method: str):
        self.job = job
        self.workers: dict[Connection, Any] = {}
        context: Any = multiprocessing.get_context(start_method)
        for _ in range(workers):
            ours, theirs = context.Pipe()
            inherited = [*self.workers, ours] if start_method == "fork" else []
            process = context.Process(target=_serve, args=(job, theirs, inherited), daemon=True)
            with ctrl_c_ignored():
                process.start()
            theirs.close()  # so that a worker's death is the end of its pipe
            self.workers[ours] = process

    def results(self, numbers: Iterator[int]) -> Iterator[Done]:
        held: dict[Connection, list[int]] = {pipe: [] for pipe in self.workers}
        for _ in range(AHEAD):
            for pipe in held:
                self._hand_out(pipe, held, numbers)
        while any(held.values()):
            for pipe in wait([pipe for pipe, rows in held.items() if rows]):
                try:
                    done = pipe.recv()  # type: ignore[union-attr]
                except (EOFError, OSError):
                    raise self._death(pipe, held[pipe]) from None  # type: ignore[arg-type, index]
                held[pipe].remove(done.number)  # type: ignore[index]
                yield done
                self._hand_out(pipe, held, numbers)  # type: ignore[arg-type]

    def stop(self) -> None:
        """End the workers; what they were at is lost, and done again by the next run."""
        for pipe, process in self.workers.items():
            pipe.close()
            process.kill()  # it writes nothing, so nothing is left half written
        for process in self.workers.values():
            process.join()

    def _hand_out(self, pipe: Connection, held: dict[Connection, list[int]], numbers: Iterator[int]) -> None:
        if (number := next(numbers, None)) is not None:
            held[pipe].append(number)
            with suppress(OSError):  # a dead worker shows when its results are asked for
                pipe.send(number)

    def _death(self, pipe: Connection, rows: list[int]) -> MmaugError:
        process = self.workers[pipe]
        process.join(5)
        return MmaugError(
            f"a worker process died (exit code {process.exitcode}) at {self.job.folder.where(rows[0])} "
            f"({self.job.folder.key(rows[0])}) or soon after; finished rows are kept, run the same command again to go on. "
            "Exit code -9 is often too little memory: use fewer workers. Exit code 1 at once in a script of your own: "
            'call augment() under `if __name__ == "__main__":`'
        )


def _serve(job: Job, pipe: Connection, inherited: list[Connection]) -> None:
    """A worker: rows come, results go, until the other end of the pipe closes, be it by the death of the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a forked one may have had its own handler
    for other in inherited:
        other.close()
    _set_one_thread()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(augment_row(job, pipe.recv()))


def _set_one_thread() -> None:
    cv2.setNumThreads(1)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
