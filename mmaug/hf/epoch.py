"""Which epoch it is and how far training has come, in memory that loader workers share, also those that live on."""

from __future__ import annotations

from multiprocessing.context import get_spawning_popen
from typing import Any

import torch
from torch import Tensor

from mmaug.errors import MmaugError

EPOCH, PROGRESS, EACH, ROUND = range(4)


class Clock:
    """The epoch and the progress of training that draws follow: `clock.set(epoch=3, progress=0.3)` before a loader starts on an epoch.

    Whoever holds a copy sees the change: loader workers, deep copies of a data set. A pickle for other ends takes the time as it is.
    """

    def __init__(self, epoch: int = 0, progress: float = 0.0):
        self._shared = torch.zeros(4, dtype=torch.float64).share_memory_()
        self._round, self._batches = -1.0, 0  # of this process
        self.set(epoch, progress)

    @property
    def epoch(self) -> int:
        """Which epoch it is, from 0."""
        return int(self._shared[EPOCH])

    @property
    def progress(self) -> float:
        """How much of the training was done when the epoch began, in [0, 1]."""
        return float(self._shared[PROGRESS])

    def set(self, epoch: int, progress: float = 0.0, each: float = 0.0) -> None:
        """Say the time; not while workers are at work.

        epoch: from 0. progress: of the training, in [0, 1]. each: how much progress a batch is, so that schedules move within an epoch.
        Raises: MmaugError for a progress outside [0, 1].
        """
        if not 0 <= progress <= 1 or epoch < 0:
            raise MmaugError(f"clock.set: epoch must be >= 0 and progress in [0, 1], got epoch={epoch!r} and progress={progress!r}")
        rounds = float(self._shared[ROUND]) + 1
        self._shared.copy_(torch.tensor([epoch, progress, each, rounds], dtype=torch.float64))

    def tick(self) -> float:
        """The progress of the next batch that this process makes.

        Worker w of n makes the batches w, w + n, ... of an epoch, so each knows its batch's place without asking the others.
        """
        if self._round != float(self._shared[ROUND]):
            self._round, self._batches = float(self._shared[ROUND]), 0
        worker = torch.utils.data.get_worker_info()
        number = self._batches if worker is None else self._batches * worker.num_workers + worker.id
        self._batches += 1
        return min(self.progress + number * float(self._shared[EACH]), 1.0)

    def __deepcopy__(self, memo: Any) -> Clock:
        return self

    def __reduce__(self) -> Any:
        if get_spawning_popen() is None:  # a fingerprint, a file
            return Clock, (self.epoch, self.progress)
        return _shared_clock, (self._shared,)


def _shared_clock(shared: Tensor) -> Clock:
    clock = Clock.__new__(Clock)
    clock._shared, clock._round, clock._batches = shared, -1.0, 0
    return clock


def clock_of(source: Any) -> Clock:
    """The clock of a clock, a collator, or a data set that `mm.hf.augment` gave. Raises: MmaugError where there is none."""
    for found in (source, *transforms(source)):
        clock = found if isinstance(found, Clock) else getattr(found, "clock", None)
        if isinstance(clock, Clock):
            return clock
    raise MmaugError(
        f"{type(source).__name__} has no clock; give what mm.hf.augment or mm.hf.Collator made, or the mm.hf.Clock that was given to them"
    )


def transforms(dataset: Any) -> list[Any]:
    """The functions that a HuggingFace data set runs on its rows: the transform of a `Dataset`, the maps of an `IterableDataset`."""
    found = [(getattr(dataset, "_format_kwargs", None) or {}).get("transform")]
    source = getattr(dataset, "_ex_iterable", None)
    while source is not None:
        found.append(getattr(source, "function", None))
        source = getattr(source, "ex_iterable", None)
    return [function for function in found if function is not None]
