"""Training a child: one step at a time, the same to the bit wherever it runs, resumed from its state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmaug.child.config import ChildError, Recipe
from mmaug.child.inputs import Inputs
from mmaug.child.model import Child
from mmaug.losses import CrossModalConsistency, Weights
from mmaug.processes import one_thread

FAST_FORGETTING = 10.0
"""The moving average keeps (1 + t) / (10 + t) at most after t steps, so that the first weights are soon forgotten."""


class Training:
    """A child in training. planned: how many steps its learning rate is planned for. steps: how many are done."""

    def __init__(self, child: Child, recipe: Recipe, planned: int):
        if planned < 1:
            raise ChildError(f"a training must be planned for at least one step, got {planned}")
        self.child, self.recipe, self.planned, self.steps = child, recipe, planned, 0
        self.loss = CrossModalConsistency(Weights(**recipe.weights), recipe.pairing, across=False)
        self.optimizer = torch.optim.AdamW(_groups(child, recipe), lr=recipe.learning_rate, betas=(0.9, 0.98), eps=1e-8, fused=True)
        self.average = {name: value.detach().clone() for name, value in child.state_dict().items()} if recipe.average else None

    @property
    def progress(self) -> float:
        """The share of the planned steps that is done, in [0, 1]."""
        return min(self.steps / self.planned, 1.0)

    def step(self, batches: Sequence[Inputs]) -> list[dict[str, float]]:
        """One step on the mean loss of some batches; for each its loss and the parts of it.

        Raises: ChildError, with the keys of the batch, for a loss that is no number; nothing is changed then.
        """
        self.child.train()
        self.optimizer.zero_grad(set_to_none=True)
        told = []
        for inputs in batches:
            parts = self.loss(self.child(inputs.given, inputs.asked), self.child.scale, self.child.logit_bias, inputs.batch)
            told.append({name: float(value.detach()) for name, value in parts.items()})
            if not math.isfinite(told[-1]["loss"]):
                raise ChildError(_not_finite(self.steps, told[-1], inputs))
            (parts["loss"] / len(batches)).backward()
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * rate_at(self.steps, self.planned, self.recipe.warm_up)
        self.optimizer.step()
        self.child.clamp()
        self.steps += 1
        self._average()
        return told

    def _average(self) -> None:
        if self.average is None:
            return
        kept = min(self.recipe.average, (1 + self.steps) / (FAST_FORGETTING + self.steps))
        with torch.no_grad():
            for name, value in self.child.state_dict().items():
                mine = self.average[name]
                mine.lerp_(value, 1 - kept) if mine.is_floating_point() else mine.copy_(value)

    def scored(self) -> Mapping[str, Tensor]:
        """The weights that are scored: the moving average, or the weights themselves."""
        return self.child.state_dict() if self.average is None else self.average

    def state(self) -> dict[str, Tensor]:
        """All that decides how it goes on, as tensors by name: they may be written to a safetensors file."""
        found = {f"child.{name}": value.detach().clone() for name, value in self.child.state_dict().items()}
        found.update({f"average.{name}": value.clone() for name, value in (self.average or {}).items()})
        for number, moments in self.optimizer.state_dict()["state"].items():
            found.update({f"optimizer.{number}.{name}": value.clone() for name, value in moments.items()})
        return {**found, "counters": torch.tensor([self.steps, self.planned])}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, bit for bit. Raises: ChildError for the state of another child."""
        child, average = _under("child.", state), _under("average.", state)
        shapes = {name: tuple(value.shape) for name, value in self.child.state_dict().items()}
        if {name: tuple(value.shape) for name, value in child.items()} != shapes or bool(average) != (self.average is not None):
            raise ChildError("this state is of another child: its weights have other names or shapes; give the same config and recipe")
        self.child.load_state_dict(child)
        mine = self.child.state_dict()
        self.average = {name: value.to(mine[name].device, copy=True) for name, value in average.items()} or None
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _under("optimizer.", state).items():
            number, kind = name.split(".", 1)
            moments.setdefault(int(number), {})[kind] = value.clone()
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        self.steps, self.planned = (int(count) for count in state["counters"])


def train(
    training: Training, batch: Callable[[int, float], Inputs], *, steps: int | None = None, seconds: float | None = None,
    told: Callable[[dict[str, float]], Any] | None = None,
) -> list[float]:  # fmt: skip
    """Train until the planned steps are done, or so many steps or seconds later; the losses.

    batch: gives batch number n at a progress. seconds: of wall time, asked for between steps. told: hears each step's loss and parts.
    """
    started, losses = time.monotonic(), list[float]()
    last = training.planned if steps is None else training.steps + steps
    with one_thread():
        while training.steps < last and (seconds is None or time.monotonic() - started < seconds):
            parts = training.step([batch(training.steps, training.progress)])[0]
            losses.append(parts["loss"])
            if told is not None:
                told(parts)
    return losses


def rate_at(step: int, planned: int, warm_up: float) -> float:
    """The share of the full learning rate at a step: up in a line, then down in a half cosine.

    Source: Loshchilov and Hutter 2017, "SGDR", equation 5, with one cycle and a linear warm-up.
    """
    rising = round(warm_up * planned)
    if step < rising:
        return (step + 1) / (rising + 1)
    done = (step - rising) / max(planned - rising, 1)
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _groups(child: Child, recipe: Recipe) -> list[dict[str, Any]]:
    """Matrices and kernels decay; vectors and the scale do not."""
    named = [value for value in child.parameters() if value.requires_grad]
    return [
        {"params": [value for value in named if value.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [value for value in named if value.ndim < 2], "weight_decay": 0.0},
    ]


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def _not_finite(step: int, parts: Mapping[str, float], inputs: Inputs) -> str:
    shown = ", ".join(f"{name} {value:g}" for name, value in parts.items())
    keys = ", ".join(map(repr, inputs.keys[:8])) + (f" and {len(inputs.keys) - 8} more" if len(inputs.keys) > 8 else "")
    return (
        f"training step {step}: the loss must be a number, got {shown}; look at the rows with keys {keys}, "
        "or lower the learning rate of the recipe"
    )
