"""Rows that were darkened after the models were fitted: only one op, at one strength, brings them back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.policy import Policy
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.space import PolicySpace
from mmaug.testing.policy_reading import drawn

OPS = ("image.brightness", "image.contrast", "image.rotate", "image.shear_x", "image.translate_x", "image.invert")
"""Each moves its own number of a row by its strength, upwards."""

ROWS, CLASSES, SPREAD = 240, 4, 0.15


@dataclass(frozen=True)
class InverseShift:
    """Unseen rows have one number lowered by `shift`; the op that raises it, at this strength and always, is planted: DENSITY, EVALUATE.

    A row is six numbers, one for each op, and a class. op: what is planted. shift: in [0, 1]. seed: of the rows.
    """

    op: str = "image.brightness"
    shift: float = 0.74
    seed: int = 0
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE | Capability.DENSITY

    @property
    def space(self) -> PolicySpace:
        return PolicySpace(OPS, n_sub=1, n_ops=1)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows before the shift, float64 [rows, 6], and their classes."""
        rng = np.random.default_rng([7, self.seed])
        classes = np.arange(ROWS) % CLASSES
        return rng.normal(0.0, SPREAD, (ROWS, len(OPS))), classes

    def folds(self, count: int, share: float = 0.4, seed: int = 0) -> list[ShiftFold]:
        """Splits with the same share of each class unseen, and a Gaussian fitted to the rest; unseen rows of folds may overlap."""
        rows, classes = self.rows()
        made = []
        for number in range(count):
            rng = np.random.default_rng([8, self.seed, seed, number])
            unseen = np.zeros(ROWS, bool)
            for label in range(CLASSES):
                members = np.flatnonzero(classes == label)
                unseen[rng.permutation(members)[: round(share * len(members))]] = True
            made.append(ShiftFold(self, rows[~unseen], rows[unseen], np.flatnonzero(unseen)))
        return made

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """The share of the planted loss that a policy takes away, on all rows; at best about 1."""
        rows, _ = self.rows()
        fold = ShiftFold(self, rows, rows, np.arange(ROWS))
        nothing = fold.loss(Policy.sequence(), seed=seed)
        objective = 1.0 - fold.loss(policy_of(candidate), draws=4, seed=seed) / nothing
        return Evaluation(objective, {"objective": objective}, Cost(1, round(100 * fidelity)), fidelity, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "InverseShift", "op": self.op, "shift": self.shift, "seed": self.seed}


class ShiftFold:
    """A frozen Gaussian and the rows that it has not seen, which are darker than those that it has: `Fold`."""

    def __init__(self, task: InverseShift, seen: np.ndarray, unseen: np.ndarray, numbers: np.ndarray):
        self.mean, self.spread = seen.mean(0), seen.std(0)
        self.unseen = unseen - task.shift * np.eye(len(OPS))[OPS.index(task.op)]
        self.numbers = numbers
        self.cost = Cost(0, 100)

    def loss(self, policy: Policy, *, draws: int = 1, seed: int = 0) -> float:
        """The mean squared distance from the Gaussian, in standard deviations, over rows and draws."""
        total = 0.0
        for draw in range(draws):
            rng = np.random.default_rng([9, seed, draw])
            moved = self.unseen + np.stack([_moves(drawn(policy, rng)) for _ in self.unseen])
            total += float((((moved - self.mean) / self.spread) ** 2).mean())
        return total / draws

    def fingerprint(self) -> str:
        """A digest of mean and spread."""
        return hashlib.sha256(self.mean.tobytes() + self.spread.tobytes()).hexdigest()


def _moves(ops: Sequence[tuple[str, float]]) -> np.ndarray:
    moved = np.zeros(len(OPS))
    for name, strength in ops:
        if name in OPS:
            moved[OPS.index(name)] += strength
    return moved
