"""Which ops fired, counted in memory that loader workers share."""

from __future__ import annotations

from collections.abc import Iterable
from multiprocessing.context import get_spawning_popen
from typing import Any

import torch
from torch import Tensor

from mmaug.policy import Policy
from mmaug.trace import Trace

WORKERS = 128
"""Places to count in, so that no two workers of a loader write to one; a larger number shares them."""


class Tally:
    """How many rows there were, and on how many of them each op fired or was vetoed. policy: whose ops are counted."""

    def __init__(self, policy: Policy):
        self._policy = policy
        self.ops = tuple(sorted({op.name for op in policy.ops()}))
        self._places = {op: 1 + 2 * number for number, op in enumerate(self.ops)}
        self._shared = torch.zeros(WORKERS + 1, 1 + 2 * len(self.ops), dtype=torch.int64).share_memory_()
        self._taken = self._shared.sum(0)

    def add(self, traces: Iterable[Trace]) -> None:
        """Count what was done to some rows."""
        worker = torch.utils.data.get_worker_info()
        mine = self._shared[0 if worker is None else 1 + worker.id % WORKERS].numpy()
        for trace in traces:
            mine[0] += 1
            fired, vetoed = {step.op for step in trace.applied}, {record.step.op for record in trace.vetoes}
            for op in fired:
                mine[self._places[op]] += 1
            for op in vetoed - fired:
                mine[self._places[op] + 1] += 1

    def take(self) -> dict[str, float]:
        """The shares of rows since the last call: "fired/image.rotate", "vetoed/image.rotate", ...; only of ops that were drawn."""
        now = self._shared.sum(0)
        counts, self._taken = (now - self._taken).tolist(), now
        if not counts[0]:
            return {}
        told: dict[str, float] = {}
        for op, place in self._places.items():
            for kind, count in zip(("fired", "vetoed"), counts[place : place + 2], strict=True):
                told.update({f"{kind}/{op}": count / counts[0]} if count else {})
        return told

    def __deepcopy__(self, memo: Any) -> Tally:
        return self

    def __reduce__(self) -> Any:
        if get_spawning_popen() is None:  # a fingerprint, a file: counts are no part of what it does
            return Tally, (self._policy,)
        return _shared_tally, (self._policy, self._shared)


def _shared_tally(policy: Policy, shared: Tensor) -> Tally:
    tally = Tally(policy)
    tally._shared = shared
    return tally
