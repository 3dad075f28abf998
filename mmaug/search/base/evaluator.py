"""What a searcher asks of a task, and what it gets back.

A task declares what it can do (`Capability`), a searcher what it needs. `evaluate` is all that black-box searchers ask for; the others
train while they search, and ask for a run that goes on, frozen models, gradients or shared weights.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mmaug.policy import Policy
from mmaug.search.base.candidate import Candidate

if TYPE_CHECKING:
    from torch import Tensor


class Capability(enum.Flag):
    """What a task can do. A task that has several is asked for each by its own method."""

    EVALUATE = enum.auto()
    """`evaluate`: train a child under a candidate, score it."""
    RESUME = enum.auto()
    """`start`: a child that is trained bit by bit, under policies that may change, saved and loaded."""
    DENSITY = enum.auto()
    """`folds`: frozen children that say how well augmented rows fit."""
    GRADIENT = enum.auto()
    """`bilevel`: training and validation loss as functions of weights and of an augmentation."""
    SUPERNET = enum.auto()
    """`supernet`: children of many architectures that share weights."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent. steps: optimiser steps of children, at the task's own batch size. seconds: wall time in the workers."""

    evaluations: int = 0
    steps: int = 0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.evaluations + other.evaluations, self.steps + other.steps, self.seconds + other.seconds)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"evaluations": self.evaluations, "steps": self.steps, "seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a task says of a candidate.

    objective: higher is better; None for a trial that failed (error says how). metrics: what it is made of; None for one that is no
    finite number. fidelity: in (0, 1], 1 is the task's full training. seed: the task's; two candidates with one seed share everything that
    is not theirs. feasible: all constraints hold.
    """

    objective: float | None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    fidelity: float = 1.0
    seed: int = 0
    feasible: bool = True
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return {
            "objective": self.objective, "metrics": dict(self.metrics), "cost": self.cost.to_json(), "fidelity": self.fidelity,
            "seed": self.seed, "feasible": self.feasible, "error": self.error,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Evaluation:
        """The evaluation of a JSON value."""
        return cls(**{**value, "cost": Cost(**value["cost"])})


class Evaluator(Protocol):
    """A task: something that says how good a candidate is.

    capabilities: what more it can do. rungs: the fidelities that a trial climbs, rising to 1.0; the driver lets only the better trials
    climb on (successive halving).
    """

    @property
    def capabilities(self) -> Capability: ...

    @property
    def rungs(self) -> tuple[float, ...]: ...

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """Pure: the same arguments, the same objective and metrics."""
        ...

    def describe(self) -> dict[str, Any]:
        """What the task is, as plain JSON values: a result and a journal carry it, and a resumed search must be given the same."""
        ...


class Run(Protocol):
    """RESUME: one child in training. `task.start(seed=0, steps=None)` begins one; steps is its planned length (for the learning rate)."""

    @property
    def steps(self) -> int:
        """Steps done."""
        ...

    def advance(self, steps: int, policies: Sequence[Policy]) -> list[float]:
        """Train so many steps and give each policy's mean loss. Each batch is augmented once under every policy, and the step follows the
        mean of their losses.
        """
        ...

    def score(self) -> Evaluation:
        """The held-out objective now; changes nothing."""
        ...

    def kept(self, policy: Policy) -> float:
        """How far rows augmented under the policy still pair up for this child: affinity, about 1 for true pairs, 0 for destroyed ones."""
        ...

    def state(self) -> dict[str, Tensor]:
        """All that decides how it goes on: weights, optimiser, average, counters. `load` of it in another run copies bit for bit."""
        ...

    def load(self, state: Mapping[str, Tensor]) -> None: ...


class Fold(Protocol):
    """DENSITY: a frozen child and the rows that it has not seen. `task.folds(count, share=0.4, seed=0)` gives them, stratified."""

    @property
    def cost(self) -> Cost:
        """What its training took."""
        ...

    def loss(self, policy: Policy, *, draws: int = 1, seed: int = 0) -> float:
        """The mean loss of the frozen child on its unseen rows augmented under the policy, over so many draws of each row."""
        ...

    def fingerprint(self) -> str:
        """A digest of the weights."""
        ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """One op as drawn by a gradient searcher. magnitude: strength in [0, 1], a float, or a tensor (scalar) where gradients are wanted;
    None for an op without strength. weight: its share where several ops are mixed (float or scalar tensor); 1 for an op on its own.
    """

    op: str
    magnitude: Any = None
    weight: Any = 1.0


Stage = tuple[Drawn, ...]
"""Ops that are mixed by their weights; one op of weight 1 is just that op. `op` "identity" leaves rows as they are."""


class Bilevel(Protocol):
    """GRADIENT: `task.bilevel(seed=0)`. Losses are functions of weights that are passed in, so that they can be unrolled."""

    def parameters(self) -> dict[str, Tensor]:
        """The child's initial weights by name."""
        ...

    def batch(self, split: str, number: int) -> Any:
        """Batch `number` of "train" or "valid": the same numbers, the same batch."""
        ...

    def loss(self, parameters: Mapping[str, Tensor], batch: Any, stages: Sequence[Stage] = (), seed: int = 0) -> Tensor:
        """The mean loss of a batch after the stages, one after another; differentiable in the weights and, for ops on pictures and sound
        that allow it, in magnitudes and weights of ops.
        """
        ...

    def differentiable(self, op: str) -> bool:
        """Whether gradients reach the op's magnitude."""
        ...

    def score(self, parameters: Mapping[str, Tensor]) -> Evaluation:
        """The held-out objective of a child with these weights."""
        ...


class Supernet(Protocol):
    """SUPERNET: `task.supernet(seed=0)`; children of all architectures with shared weights."""

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """What is decided, by name, and the options: `{"depth": (1, 2, 3), "width": (16, 32, 64)}`."""
        ...

    def step(self, architecture: Mapping[str, Any], policy: Policy) -> float:
        """One training step of that child's share of the weights under the policy; its loss."""
        ...

    def reward(self, architecture: Mapping[str, Any], policy: Policy, steps: int) -> float:
        """The held-out objective after so many steps of fine-tuning under the policy; the shared weights are as before afterwards."""
        ...

    def state(self) -> dict[str, Tensor]: ...

    def load(self, state: Mapping[str, Tensor]) -> None: ...


Objective = Callable[[Policy, float, int], "float | Mapping[str, float]"]
"""A user's own objective: (policy, fidelity, seed) -> a number, or metrics with "objective" among them."""


def needs(task: Any, required: Capability, who: str) -> None:
    """Raises: TypeError where the task cannot do what a searcher needs, with the names of both."""
    missing = required & ~task.capabilities
    if missing:
        names = ", ".join(str(flag.name) for flag in missing)
        has = ", ".join(str(flag.name) for flag in task.capabilities)
        raise TypeError(f"{who} needs a task that can {names}, and {type(task).__name__} can {has}; mm.ChildTask can all of them")
