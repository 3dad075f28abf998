"""What a searcher is: hyper-parameters as a dataclass, and either ask and tell, or steps of its own."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Capability, Cost, Evaluation, Evaluator

if TYPE_CHECKING:
    from torch import Tensor

    from mmaug.search.base.executor import Executor
    from mmaug.search.base.result import SearchResult
    from mmaug.search.base.space import PolicySpace

BASELINES = ("identity", "trivial", "manual", "random")
"""What every result is put beside; "random" is random search with as many steps of children, or trials where the task counts none."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When a search ends: at the first bound that is reached. steps: of children; seconds: of wall time, asked for between batches. A
    search that is resumed counts the seconds of its earlier sessions, and takes none for what its journal has.
    """

    evaluations: int | None = None
    steps: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate that a searcher wants evaluated. number: its place in the history. notes: what the searcher must find again when the
    answer comes, plain JSON values.
    """

    number: int
    candidate: Candidate
    fidelity: float = 1.0
    seed: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepLog:
    """What one step of an online searcher did. values: plain numbers, for the journal and the progress bar; "objective" among them where
    the step scored anything.
    """

    number: int
    values: Mapping[str, float]
    cost: Cost
    candidate: Candidate | None = None


class Searcher(ABC):
    """Finds a policy. A subclass is a dataclass whose fields are its hyper-parameters, each with the paper's default, `seed` among them."""

    requires: ClassVar[Capability] = Capability.EVALUATE
    default_budget: ClassVar[Budget] = Budget()
    """What `search` spends when no budget is given."""
    seed: int

    def search(
        self,
        task: Evaluator | Callable[..., Any],
        space: PolicySpace | None = None,
        *,
        budget: Budget | int | None = None,
        resume: str | Path | None = None,
        progress: bool = False,
        callbacks: Sequence[Callable[[Any], None]] = (),
        baselines: Sequence[str] = BASELINES,
        init: Any = None,
        executor: Executor | int = 1,
        top: int = 5,
        rerank_seeds: int = 3,
    ) -> SearchResult:
        """Search, and put the result beside its baselines.

        task: an evaluator, or a function (policy, fidelity, seed) -> number. space: default the task's own. budget: a `Budget`, or a
        number of evaluations: trials of a searcher that asks, however many rungs they climb. resume: a folder for the journal; a search
        that was stopped, or killed, goes on there and ends with the same history, but for seconds. callbacks: called with every
        `TrialRecord`, in order, those of a resumed search's earlier sessions too. init: a policy, an earlier result or a list of them to
        start from. executor: where trials run, and the members of a population train; a number above 1 is that of local worker
        processes, 1 is this process. top: how many of the best are scored again on `rerank_seeds` fresh seeds, with the baselines.
        A task with a method `check` is asked once, before anything is spent, whether there is anything to find.
        Raises: TypeError where the task cannot do what this searcher needs; MmaugError for an option that is none, a journal of another
        search, a step that fails, or where the first trials all fail, or the identity has no score on the fresh seeds.
        """
        from mmaug.search.base import driver  # which imports this module

        return driver.run(
            self, task, space, budget=budget, resume=resume, progress=progress, callbacks=callbacks, baselines=baselines, init=init,
            executor=executor, top=top, rerank_seeds=rerank_seeds,
        )  # fmt: skip

    def config(self) -> dict[str, Any]:
        """Name and hyper-parameters as plain JSON values."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}  # type: ignore[arg-type]
        return {"searcher": type(self).__name__, **fields}

    def diagnostics(self) -> dict[str, Any]:
        """What the searcher knows of its own health (entropy, collapse), as plain JSON values."""
        return {}

    @abstractmethod
    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start afresh: all state follows from the hyper-parameters, the task and what comes through `tell` or `step`."""

    @abstractmethod
    def best(self, count: int) -> Sequence[Candidate]:
        """The best distinct candidates so far, best first: what is scored again on fresh seeds."""


class AskTellSearcher(Searcher):
    """Proposes candidates and hears how good they are. Resumed by replay: the same answers lead to the same questions."""

    batch: int = 1
    """How many trials are asked for together: part of the method, not of the machine, so that a history never depends on workers."""

    @abstractmethod
    def ask(self, count: int) -> list[Trial]:
        """At most `count` trials; none when the method has nothing more to ask."""

    @abstractmethod
    def tell(self, trial: Trial, evaluation: Evaluation) -> None:
        """The answer to a trial, in the order asked; a failed one has objective None."""


class OnlineSearcher(Searcher):
    """Trains children while it searches. Resumed from its state, which is saved after every step."""

    _executor: Executor | None = None

    def train_on(self, executor: Executor | None) -> None:
        """Where children may be trained, for methods that train several side by side: nothing else may depend on it.

        The driver says so before `begin`. None, as at first: in this process.
        """
        self._executor = executor

    @abstractmethod
    def step(self) -> StepLog | None:
        """One round of the method; None when it is done."""

    @abstractmethod
    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that decides what follows: tensors by name, and plain JSON values."""

    @abstractmethod
    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state, bit for bit."""
