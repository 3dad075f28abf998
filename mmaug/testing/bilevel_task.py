"""Tasks for gradient searchers: a regression whose gradients are exact, and digits that are upright in training and turned after it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmaug.modalities.image.batched.magnitudes import apply_op, why_not
from mmaug.policy import Policy
from mmaug.registry import get_op
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Drawn, Evaluation, Stage
from mmaug.search.base.space import PolicySpace
from mmaug.search.estimators import unrolled
from mmaug.search.strengths import drawn_params
from mmaug.testing.policy_reading import drawn

Rows = tuple[Tensor, Tensor]
"""Inputs [n, ...] and what they are."""


def mixed(inputs: Tensor, stages: Sequence[Stage], act: Callable[[Tensor, Drawn, int], Tensor]) -> Tensor:
    """The inputs after the stages; act: (inputs, op as drawn, a number of its own) -> inputs."""
    number = 0
    for stage in stages:
        parts = []
        for one in stage:
            done = inputs if one.op == "identity" else act(inputs, one, number)
            parts.append(done if isinstance(one.weight, float) and one.weight == 1 else done * one.weight)
            number += 1
        inputs = functools.reduce(torch.add, parts)
    return inputs


# -- a regression whose gradients are exact ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShiftedRegression:
    """Rows of numbers whose validation half is shifted as one op at a planted strength would shift them: GRADIENT, EVALUATE.

    "image.brightness" adds its strength, which is what is right; "image.contrast" stretches; "image.invert" turns the sign and harms;
    "text.synonym" shifts too, by tenths, so that no gradient reaches its strength. All float64. planted: the shift.
    """

    planted: float = 0.7
    seed: int = 0
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE | Capability.GRADIENT

    @property
    def space(self) -> PolicySpace:
        return PolicySpace(("image.brightness", "image.contrast", "image.invert"), n_sub=1, n_ops=1)

    def bilevel(self, seed: int = 0) -> RegressionBilevel:
        """The task's losses; seed: of the weights."""
        return RegressionBilevel(self, seed)

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """Minus the validation loss after training under the policy, an op for each batch."""
        bilevel, rng, steps = self.bilevel(seed), np.random.default_rng([11, self.seed, seed]), round(300 * fidelity)
        weights = bilevel.parameters()
        for step in range(steps):
            stages = [(Drawn(name, strength),) for name, strength in drawn(policy_of(candidate), rng)]
            weights = unrolled([partial(bilevel.loss, batch=bilevel.batch("train", step), stages=stages)], weights, 0.1, exact=False)
        scored = bilevel.score(weights)
        return Evaluation(scored.objective, scored.metrics, Cost(1, steps), fidelity, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "ShiftedRegression", "planted": self.planted, "seed": self.seed}


class RegressionBilevel:
    """`Bilevel` of the regression."""

    def __init__(self, task: ShiftedRegression, seed: int):
        self.task, self.seed = task, seed

    def parameters(self) -> dict[str, Tensor]:
        """Weights of a network of 16 tanh units."""
        rng = np.random.default_rng([1, self.seed])
        shapes = {"first": (3, 16), "bias": (16,), "last": (16,)}
        return {name: torch.from_numpy(0.5 * rng.standard_normal(shape)) for name, shape in shapes.items()}

    def batch(self, split: str, number: int) -> Rows:
        """32 rows, [32, 3], and their values."""
        rng = np.random.default_rng([2, self.task.seed, split == "valid", number])
        x = rng.standard_normal((32, 3)) * 0.7
        y = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1]
        return torch.from_numpy(x + (self.task.planted if split == "valid" else 0.0)), torch.from_numpy(y)

    def loss(self, parameters: Mapping[str, Tensor], batch: Rows, stages: Sequence[Stage] = (), seed: int = 0) -> Tensor:
        """The mean square error."""
        del seed  # nothing is random here
        x = mixed(batch[0], stages, self._act)
        return ((torch.tanh(x @ parameters["first"] + parameters["bias"]) @ parameters["last"] - batch[1]) ** 2).mean()

    @staticmethod
    def _act(x: Tensor, one: Drawn, number: int) -> Tensor:
        if one.op == "image.brightness":
            return x + one.magnitude
        if one.op == "image.contrast":
            return x * (1 + one.magnitude)
        if one.op == "text.synonym":
            return x + round(float(torch.as_tensor(one.magnitude).detach()), 1)
        return -x

    def differentiable(self, op: str) -> bool:
        """All ops on pictures."""
        return op.startswith("image.") and get_op(op).has_strength

    @torch.no_grad()
    def score(self, parameters: Mapping[str, Tensor]) -> Evaluation:
        """Minus the loss of four batches that were never trained on."""
        losses = [self.loss(parameters, self.batch("valid", 10_000 + number)) for number in range(4)]
        objective = -float(torch.stack(losses).mean())
        return Evaluation(objective, {"objective": objective})


# -- digits ------------------------------------------------------------------------------------------------------------------------------

TURNED = 40.0
"""Degrees: the most that validation and test digits are turned, to either side."""


@functools.cache
def _digits() -> dict[str, Rows]:
    """scikit-learn's digits, float32 [n, 3, 8, 8] in 0..1: 600 upright for training, 500 turned for validation, the rest turned."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(17)
    order = rng.permutation(len(labels))
    grey = (pictures[order].reshape(-1, 8, 8) / 16.0).astype(np.float32)
    for number in range(600, len(grey)):
        turn = cv2.getRotationMatrix2D((3.5, 3.5), float(rng.uniform(-TURNED, TURNED)), 1.0)
        grey[number] = cv2.warpAffine(grey[number], turn, (8, 8), flags=cv2.INTER_LINEAR)
    x = torch.from_numpy(grey)[:, None].expand(-1, 3, -1, -1).contiguous()
    y = torch.from_numpy(labels[order].astype(np.int64))
    return {name: (x[part], y[part]) for name, part in _PARTS.items()}


_PARTS = {"train": slice(0, 600), "valid": slice(600, 1100), "test": slice(1100, None)}


@dataclass(frozen=True)
class TurnedDigits:
    """Upright digits to train on, turned ones to be right on; the ops are the library's own on pictures: GRADIENT, EVALUATE.

    steps: of a whole training, each of 64 rows. rate: of plain descent. upright: validate upright digits, so that nothing need be found.
    Needs scikit-learn.
    """

    steps: int = 400
    rate: float = 0.2
    upright: bool = False
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE | Capability.GRADIENT

    @property
    def space(self) -> PolicySpace:
        return PolicySpace(("image.rotate", "image.invert", "image.brightness", "image.translate_x"), n_sub=1, n_ops=1)

    def bilevel(self, seed: int = 0) -> DigitsBilevel:
        """The task's losses; seed: of the weights."""
        return DigitsBilevel(self, seed)

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """Accuracy on turned digits of a training under the policy, drawn for each batch and eighth of a batch."""
        bilevel, rng, steps = self.bilevel(seed), np.random.default_rng([12, seed]), round(self.steps * fidelity)
        weights = bilevel.parameters()
        for step in range(steps):
            x, y = bilevel.batch("train", step)
            parts = []
            for number, part in enumerate(x.chunk(8)):
                stages = [(Drawn(name, strength),) for name, strength in drawn(policy_of(candidate), rng)]
                parts.append(bilevel.augmented(part, stages, 8 * step + number))
            weights = unrolled([partial(bilevel.loss, batch=(torch.cat(parts), y))], weights, self.rate, exact=False)
        scored = bilevel.score(weights)
        return Evaluation(scored.objective, scored.metrics, Cost(1, steps), fidelity, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "TurnedDigits", "steps": self.steps, "rate": self.rate, "upright": self.upright}


class DigitsBilevel:
    """`Bilevel` of the digits: a network of 64 units."""

    def __init__(self, task: TurnedDigits, seed: int):
        self.task, self.seed = task, seed

    def parameters(self) -> dict[str, Tensor]:
        """Weights by name, float32."""
        rng = np.random.default_rng([3, self.seed])
        shapes = {"first": (64, 64), "second": (64, 10)}
        made = {name: torch.from_numpy(rng.standard_normal(s).astype(np.float32)) * math.sqrt(2 / s[0]) for name, s in shapes.items()}
        return {**made, "first_bias": torch.zeros(64), "second_bias": torch.zeros(10)}

    def batch(self, split: str, number: int) -> Rows:
        """64 rows, pictures [64, 3, 8, 8] and labels [64]."""
        x, y = self.rows(split)
        rng = np.random.default_rng([4, self.seed, split == "valid", number])
        chosen = torch.from_numpy(rng.choice(len(y), 64, replace=False))
        return x[chosen], y[chosen]

    def rows(self, split: str) -> Rows:
        """All rows of "train", "valid" or "test"."""
        if split == "valid" and self.task.upright:
            x, y = _digits()["train"]
            return x[300:], y[300:]
        x, y = _digits()[split]
        return (x[:300], y[:300]) if self.task.upright and split == "train" else (x, y)

    def augmented(self, x: Tensor, stages: Sequence[Stage], seed: int) -> Tensor:
        """Pictures after the stages; where an op is not smooth, the slope of what comes after goes straight through it."""

        def act(pictures: Tensor, one: Drawn, number: int) -> Tensor:
            op = get_op(one.op)
            uniforms = np.random.default_rng([5, seed, number]).random((len(pictures), 15))
            if why_not(one.op):
                plain = None if one.magnitude is None else float(torch.as_tensor(one.magnitude).detach())
                done = apply_op(one.op, pictures.detach(), drawn_params(op, plain, uniforms))
                return pictures + (done - pictures).detach()
            return apply_op(one.op, pictures, drawn_params(op, one.magnitude, uniforms))

        return mixed(x, stages, act)

    def logits(self, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """[n, 10] of pictures [n, 3, 8, 8]."""
        hidden = (x.mean(1).flatten(1) @ parameters["first"] + parameters["first_bias"]).relu()
        return hidden @ parameters["second"] + parameters["second_bias"]

    def loss(self, parameters: Mapping[str, Tensor], batch: Rows, stages: Sequence[Stage] = (), seed: int = 0) -> Tensor:
        """The cross-entropy."""
        return F.cross_entropy(self.logits(parameters, self.augmented(batch[0], stages, seed)), batch[1])

    def tensors(self, parameters: Mapping[str, Tensor], batch: Rows) -> dict[str, Tensor]:
        """The pictures [n, 3, 8, 8] in 0..1, for networks that augment."""
        del parameters  # pictures need no embedding
        return {"image": batch[0]}

    def runs(self, policy: Policy) -> float:
        """All of them: these rows have no graph that could refuse an op."""
        del policy
        return 1.0

    def losses(self, parameters: Mapping[str, Tensor], batch: Rows, tensors: Mapping[str, Tensor]) -> Tensor:
        """The cross-entropy of each row with the pictures given: [n]."""
        return F.cross_entropy(self.logits(parameters, tensors["image"]), batch[1], reduction="none")

    def differentiable(self, op: str) -> bool:
        """As `why_not` says of the op."""
        return get_op(op).has_strength and not why_not(op)

    @torch.no_grad()
    def score(self, parameters: Mapping[str, Tensor]) -> Evaluation:
        """The accuracy on validation rows; "test" is that on test rows."""
        right = {}
        for split in ("valid", "test"):
            x, y = self.rows(split)
            right[split] = float((self.logits(parameters, x).argmax(1) == y).float().mean())
        return Evaluation(right["valid"], {"objective": right["valid"], "test": right["test"]})
