"""Children of many architectures in one set of weights: each has the first rows and columns of the largest."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.func import functional_call

from mmaug import rng
from mmaug.child.config import TOWERS, ChildConfig, ChildError
from mmaug.child.inputs import Batches
from mmaug.child.model import LARGEST_SCALE, Child
from mmaug.child.scoring import Eye, retrieval
from mmaug.child.training import Training
from mmaug.losses import CrossModalConsistency, Weights
from mmaug.policy import Policy
from mmaug.processes import one_thread

if TYPE_CHECKING:
    from mmaug.child.task import ChildTask
    from mmaug.graph import TransformGraph

BETAS, EPSILON = (0.9, 0.98), 1e-8
"""As the child's own training has them."""


def choices_of(config: ChildConfig) -> dict[str, tuple[Any, ...]]:
    """What is decided about a child of a configuration: up to one layer more, half or all of its sizes, both towers, two kernels."""
    halves = [size for size in (config.width // 2, config.width) if size and size % config.heads == 0]
    return {
        "depth": tuple(range(1, config.layers + 2)),
        "width": tuple(dict.fromkeys(halves)),
        "kernel": tuple(dict.fromkeys((config.kernel, config.kernel + 2))),
        "image_tower": TOWERS,
        "projection": tuple(dict.fromkeys((max(config.projection // 2, 1), config.projection))),
    }


class ChildSupernet:
    """`Supernet` of a `ChildTask`; `task.supernet(seed)` makes it.

    choices: what is decided, by name, and the options; by default those of `choices_of`. A smaller child has the first layers and the first
    rows and columns of every weight, and the middle of every kernel; the two kinds of tower share nothing.
    Source: Yu et al. 2019, "Slimmable neural networks", 3; Cai et al. 2020, "Once-for-all", 3.2 (depth, width, kernel).
    """

    def __init__(self, task: ChildTask, seed: int = 0, choices: Mapping[str, tuple[Any, ...]] | None = None):
        self.task, self.seed = task, rng.derive(task.seed, seed, 0)
        self.choices: Mapping[str, tuple[Any, ...]] = dict(choices or choices_of(task.config))
        if "image" not in task.modalities:
            self.choices = {name: options for name, options in self.choices.items() if name != "image_tower"}
        self._children: dict[tuple[Any, ...], Child] = {}
        largest = {name: max(options) for name, options in self.choices.items() if name != "image_tower"}
        self._weights: dict[str, Tensor] = {}
        for tower in self.choices.get("image_tower", (task.config.image_tower,)):
            child = self._child({**largest, "image_tower": tower})
            self._weights |= {n: w.detach().clone() for n, w in child.named_parameters() if n not in self._weights}
        self._moments = {name: (torch.zeros_like(weight), torch.zeros_like(weight)) for name, weight in self._weights.items()}
        self._counts = dict.fromkeys(self._weights, 0)
        self._steps = 0
        recipe = task.recipe
        self._loss = CrossModalConsistency(Weights(**recipe.weights), recipe.pairing, across=False)
        self._batches = Batches(
            task.train, task.encoder, batch=recipe.batch, views=recipe.views, clean=recipe.clean, seed=rng.derive(self.seed, "order")
        )
        self._graphs: dict[str, TransformGraph | None] = {}

    def step(self, architecture: Mapping[str, Any], policy: Policy) -> float:
        """One training step of that child's share of the weights under the policy; its loss. Nothing else is moved."""
        child, recipe = self._child(architecture), self.task.recipe
        share = self._share(self._weights, child)
        with one_thread():
            inputs = self._batches.inputs(self._steps, self._graph(policy), 0.0)
            free = {name: weight.detach().requires_grad_() for name, weight in share.items()}
            vectors = functional_call(child, free, (inputs.given, inputs.asked))
            scale = free["logit_scale"].clamp(0.0, LARGEST_SCALE).exp()
            loss = self._loss(vectors, scale, free["logit_bias"], inputs.batch)["loss"]
            slopes = torch.autograd.grad(loss, list(free.values()), allow_unused=True)
        if not bool(torch.isfinite(loss)):
            raise ChildError(f"supernet step {self._steps}: the loss of {dict(architecture)} must be a number, got {float(loss)}")
        first, second = (self._share({name: both[i] for name, both in self._moments.items()}, child) for i in (0, 1))
        for (name, weight), slope in zip(share.items(), slopes, strict=True):
            if slope is not None:
                self._counts[name] += 1
                decay = recipe.weight_decay if weight.ndim >= 2 else 0.0
                _adamw(weight, slope, first[name], second[name], self._counts[name], recipe.learning_rate, decay)
        self._weights["logit_scale"].clamp_(0.0, LARGEST_SCALE)
        self._steps += 1
        return float(loss.detach())

    def reward(self, architecture: Mapping[str, Any], policy: Policy, steps: int) -> float:
        """Held-out mean R@1 of that child after so many steps of fine-tuning a copy of its share under the policy."""
        child = self._copied(architecture)
        if steps:
            training = Training(child, self.task.recipe, steps)
            order = rng.derive(self.seed, "reward")
            batches = Batches(self.task.train, self.task.encoder, batch=self.task.recipe.batch, views=1, clean=False, seed=order)
            with one_thread():
                for number in range(steps):
                    training.step([batches.inputs(number, self._graph(policy), training.progress)])
        with one_thread():
            return float(retrieval(Eye(child, self.task.encoder).clean(self.task.valid))["mean_r@1"])

    def state(self) -> dict[str, Tensor]:
        """Weights, moments and counters by name."""
        found = {f"weights.{name}": weight.clone() for name, weight in self._weights.items()}
        for number, kind in enumerate(("first", "second")):
            found |= {f"{kind}.{name}": both[number].clone() for name, both in self._moments.items()}
        found |= {"counts": torch.tensor([self._counts[name] for name in sorted(self._counts)]), "steps": torch.tensor(self._steps)}
        return found

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, bit for bit. Raises: ChildError for the state of another supernet."""
        if any(state.get(f"weights.{name}", torch.empty(0)).shape != weight.shape for name, weight in self._weights.items()):
            raise ChildError("this state is of another supernet: its weights have other names or shapes; give the same config and choices")

        def there(name: str) -> Tensor:
            return state[name].to(self.task.device, copy=True)

        self._weights = {name: there(f"weights.{name}") for name in self._weights}
        self._moments = {name: (there(f"first.{name}"), there(f"second.{name}")) for name in self._weights}
        self._counts = dict(zip(sorted(self._counts), state["counts"].tolist(), strict=True))
        self._steps = int(state["steps"])

    # -- shares --------------------------------------------------------------------------------------------------------------------------

    def _child(self, architecture: Mapping[str, Any]) -> Child:
        """A child of an architecture, for its shapes; its own weights are not used. Raises: ChildError for a name that is none."""
        key = tuple(sorted(architecture.items()))
        if key not in self._children:
            config = self.task.config.with_architecture(architecture)
            self._children[key] = self.task.child(self.seed, config)
        return self._children[key]

    def _copied(self, architecture: Mapping[str, Any]) -> Child:
        """A child of its own, with a copy of its share."""
        config = self.task.config.with_architecture(architecture)
        child = self.task.child(self.seed, dataclasses.replace(config))
        with torch.no_grad():
            for name, weight in self._share(self._weights, child).items():
                child.get_parameter(name).copy_(weight)
        return child

    @staticmethod
    def _share(whole: Mapping[str, Tensor], child: Child) -> dict[str, Tensor]:
        """The part of the shared tensors that a child has, as views: writing to them writes to the shared ones."""
        return {name: part(whole[name], weight.shape) for name, weight in child.named_parameters()}

    def _graph(self, policy: Policy) -> TransformGraph | None:
        key = str(policy.to_json())
        if key not in self._graphs:
            if len(self._graphs) > 256:
                self._graphs.clear()
            self._graphs[key] = self.task.graph(policy, rng.derive(self.seed, "draws"))
        return self._graphs[key]


def part(whole: Tensor, shape: torch.Size) -> Tensor:
    """The first entries along every axis; of a kernel's two last axes the middle. A view."""
    starts = [0] * len(shape)
    if len(shape) == 4:
        starts[2:] = [(have - want) // 2 for have, want in zip(whole.shape[2:], shape[2:], strict=True)]
    return whole[tuple(slice(start, start + size) for start, size in zip(starts, shape, strict=True))]


def architectures(choices: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Every architecture that can be chosen."""
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


def _adamw(weight: Tensor, slope: Tensor, first: Tensor, second: Tensor, count: int, rate: float, decay: float) -> None:
    """One step of AdamW in place. Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2."""
    first.mul_(BETAS[0]).add_(slope, alpha=1 - BETAS[0])
    second.mul_(BETAS[1]).addcmul_(slope, slope, value=1 - BETAS[1])
    size = (second / (1 - BETAS[1] ** count)).sqrt_().add_(EPSILON)
    weight.mul_(1 - rate * decay).addcdiv_(first / (1 - BETAS[0] ** count), size, value=-rate)
