"""Training an augmenting network against a child, with a teacher that it must not confuse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from mmaug.neural.network import NeuralPolicy
from mmaug.policy import Policy
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.settings import NOT_NEGATIVE, POSITIVE, SHARE, Number, Whole, check

HELD = 64
"""Batches of held-out rows that a network is trained on."""

STORED = 8
"""Earlier networks that are kept for replay."""


class Seeing(Protocol):
    """What a task's `bilevel` must offer beside `Bilevel` for networks that augment: inputs as tensors, and each row's loss with others.

    tensors are "image", float [n, 3, h, w] in 0..1, "audio", log-mel pictures [n, 1, mels, frames] in -1..1, and "text", the embeddings of
    tokens [n, tokens, d].
    """

    def parameters(self) -> dict[str, Tensor]: ...

    def batch(self, split: str, number: int) -> Any: ...

    def tensors(self, parameters: Mapping[str, Tensor], batch: Any) -> dict[str, Tensor]: ...

    def losses(self, parameters: Mapping[str, Tensor], batch: Any, tensors: Mapping[str, Tensor]) -> Tensor: ...

    def hears(self) -> Mapping[str, int]:
        """Where there is sound, what its pictures are of: the fields of `mmaug.neural.hearing.Hearing`."""
        ...

    def runs(self, policy: Policy) -> float:
        """The share of training rows that have what a policy changes on which all of its ops run; 1 where no graph could refuse them."""
        ...

    def score(self, parameters: Mapping[str, Tensor]) -> Evaluation: ...


@dataclass(frozen=True)
class Recipe:
    """How child and network are trained together.

    The network follows the child's failure (adversarial: weight), the teacher's loss (teacher: weight), which keeps rows recognisable, and
    the change of the colours of a picture (colours: weight, of the sliced Wasserstein distance between its pixels before and after). Where
    it is to help as well as to be hard, it follows the held-out loss of the child after one step on augmented rows (held: weight).
    average: of the child's weights, a step; that is the teacher. gate: the chance that a row is augmented for the child. every: steps of
    the child between two of the network. smoothing: of labels in the adversarial term. store: steps between networks put aside; the child
    meets an earlier one half of the time; 0 puts none aside. learning_rate, weight_decay: of the network (AdamW). choices: learning
    rate of a supergraph's choices. rate, momentum: of the child's descent.
    Source: Suzuki 2022, "TeachAugment", 3.2 to 3.4 and appendix (weights, every 5 steps, AdamW 1e-3, smoothing .1, teacher .999); for the
    held-out loss Tang et al. 2020, "OnlineAugment", 3.2.
    """

    adversarial: float = 1.0
    teacher: float = 1.0
    held: float = 0.0
    colours: float = 10.0
    average: float = 0.999
    gate: float = 0.5
    every: int = 5
    smoothing: float = 0.1
    store: int = 50
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    choices: float = 3e-3
    rate: float = 0.1
    momentum: float = 0.9

    def __post_init__(self) -> None:
        weights = dict.fromkeys(("adversarial", "teacher", "held", "colours", "weight_decay"), NOT_NEGATIVE)
        rates = dict.fromkeys(("learning_rate", "choices", "rate"), POSITIVE)
        shares = dict.fromkeys(("average", "smoothing", "momentum"), Number(least=0, below=1))
        check(self, gate=SHARE, every=Whole(), store=Whole(0), **weights, **rates, **shares)


class AdversarialTraining:
    """One child, its teacher, and the network that augments for it.

    logits: by decision, for a supergraph: parameters that are trained with the network; temperature() of their softmax. fixed: only the
    child is trained, under the network as it is.
    """

    def __init__(
        self, task: Seeing, network: NeuralPolicy, recipe: Recipe, seed: int, logits: Mapping[str, Tensor] | None = None,
        fixed: bool = False,
    ):  # fmt: skip
        self.task, self.network, self.recipe, self.seed = task, network, recipe, seed
        self.modality = network.genotype.modality
        self.logits = dict(logits or {})
        self.temperature = 1.0
        self.weights = {name: weight.detach().clone() for name, weight in task.parameters().items()}
        self.device = next(iter(self.weights.values())).device
        network.to(self.device)
        self.moving = {name: torch.zeros_like(weight) for name, weight in self.weights.items()}
        self.teacher = {name: weight.clone() for name, weight in self.weights.items()}
        groups = [{"params": list(network.parameters())}]
        groups += [{"params": list(self.logits.values()), "lr": recipe.choices, "weight_decay": 0.0}] if self.logits else []
        moved = not fixed and any(group["params"] for group in groups)
        self.adam = torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay) if moved else None
        self.stored: list[dict[str, Tensor]] = []
        self.steps = 0

    def shares(self) -> dict[str, Tensor] | None:
        """The weights of the options of every decision; None for the network of one genotype."""
        return {name: (logits / self.temperature).softmax(0) for name, logits in self.logits.items()} or None

    def step(self) -> dict[str, float]:
        """One step of the child, and where it is due one of the network; losses by name."""
        drawn = np.random.default_rng([self.seed, self.steps])
        batch = self.task.batch("train", self.steps)
        told = {"child": self._child(batch, drawn)}
        if self.adam is not None and (self.steps + 1) % self.recipe.every == 0:
            told["network"] = self._network(batch, drawn)
        self.steps += 1
        if self.adam is not None and self.recipe.store and self.steps % self.recipe.store == 0:
            kept = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
            self.stored = [*self.stored, kept][-STORED:]
        return told

    def noise(self, rows: int, drawn: np.random.Generator) -> Tensor:
        """Noise for the network: float32 [rows, noise]."""
        return torch.from_numpy(drawn.standard_normal((rows, self.network.noise)).astype(np.float32)).to(self.device)

    def augmented(self, x: Tensor, drawn: np.random.Generator, state: Mapping[str, Tensor] | None = None) -> Tensor:
        """x through the network, or through it with other weights."""
        z = self.noise(len(x), drawn).to(x.dtype)
        if state is None:
            return self.network(x, z, self.shares())
        return torch.func.functional_call(self.network, dict(state), (x, z, self.shares()))

    def _child(self, batch: Any, drawn: np.random.Generator) -> float:
        free = {name: weight.detach().requires_grad_() for name, weight in self.weights.items()}
        given = self.task.tensors(free, batch)
        x = given[self.modality]
        earlier = drawn.random() < 0.5 and len(self.stored)
        state = self.stored[int(drawn.integers(len(self.stored)))] if earlier else None
        on = torch.from_numpy(drawn.random(len(x)) < self.recipe.gate).to(self.device).view(-1, *[1] * (x.ndim - 1))
        y = torch.where(on, self._frozen(x, drawn, state), x)
        loss = self.task.losses(free, batch, {**given, self.modality: y}).mean()
        slopes = torch.autograd.grad(loss, list(free.values()), allow_unused=True)
        kept = min(self.recipe.average, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for (name, weight), slope in zip(self.weights.items(), slopes, strict=True):
                if slope is not None:
                    self.moving[name] = self.recipe.momentum * self.moving[name] + slope
                    self.weights[name] = weight - self.recipe.rate * self.moving[name]
                self.teacher[name] = kept * self.teacher[name] + (1 - kept) * self.weights[name]
        return float(loss.detach())

    def _frozen(self, x: Tensor, drawn: np.random.Generator, state: Mapping[str, Tensor] | None) -> Tensor:
        """x augmented; what it was made of gets slopes as if it were x (embeddings belong to the child), the network gets none."""
        with torch.no_grad():
            made = self.augmented(x.detach(), drawn, state)
        return x + (made - x).detach()

    def objective(self, batch: Any, drawn: np.random.Generator) -> Tensor:
        """What the network descends on."""
        recipe = self.recipe
        with torch.no_grad():
            given, taught = self.task.tensors(self.weights, batch), self.task.tensors(self.teacher, batch)
        x = given[self.modality]
        seed = int(drawn.integers(2**32))
        y = self.augmented(x, np.random.default_rng(seed))
        known = (-self.task.losses(self.weights, batch, {**given, self.modality: y})).exp()
        total = -recipe.adversarial * torch.log1p(-(1 - recipe.smoothing) * known.clamp_max(1 - 1e-6)).mean()
        if recipe.teacher:
            seen = self.augmented(taught[self.modality], np.random.default_rng(seed)) if self.modality == "text" else y
            total = total + recipe.teacher * self.task.losses(self.teacher, batch, {**taught, self.modality: seen}).mean()
        if recipe.colours and self.modality == "image":
            total = total + recipe.colours * colour_distance(x, y, drawn)
        return total

    def ahead(self, batch: Any, drawn: np.random.Generator) -> Tensor:
        """The held-out loss of the child after one step on augmented rows, with gradients to the network.

        Source: Tang et al. 2020, "OnlineAugment", 3.2 (the meta-gradient of one step); Finn et al. 2017, "Model-agnostic meta-learning".
        """
        free = {name: weight.detach().requires_grad_() for name, weight in self.weights.items()}
        given = self.task.tensors(free, batch)
        x = given[self.modality]
        y = x + (self.augmented(x.detach(), drawn) - x.detach())
        loss = self.task.losses(free, batch, {**given, self.modality: y}).mean()
        slopes = torch.autograd.grad(loss, list(free.values()), create_graph=True, allow_unused=True)
        pairs = zip(free.items(), slopes, strict=True)
        stepped = {name: weight if slope is None else weight - self.recipe.rate * slope for (name, weight), slope in pairs}
        held = self.task.batch("valid", int(drawn.integers(HELD)))
        return self.task.losses(stepped, held, self.task.tensors(stepped, held)).mean()

    def _network(self, batch: Any, drawn: np.random.Generator) -> float:
        assert self.adam is not None
        loss = self.objective(batch, drawn)
        if self.recipe.held:
            loss = loss + self.recipe.held * self.ahead(batch, drawn)
        moved = [parameter for group in self.adam.param_groups for parameter in group["params"]]
        slopes = torch.autograd.grad(loss, moved, allow_unused=True)
        for parameter, slope in zip(moved, slopes, strict=True):
            parameter.grad = torch.zeros_like(parameter) if slope is None else slope
        torch.nn.utils.clip_grad_norm_(moved, 5.0)
        self.adam.step()
        return float(loss.detach())

    @torch.no_grad()
    def understood(self, network: NeuralPolicy | None = None, batches: int = 4) -> float:
        """How sure the teacher is of augmented held-out rows, as a share of how sure it is of them as they are: exp(-loss), mean.

        network: which augments them; by default the one that is trained.
        """
        network, shares = network or self.network, self.shares() if network is None else None
        sure = np.zeros(2)
        for number in range(batches):
            batch, drawn = self.task.batch("valid", number), np.random.default_rng([self.seed, 7, number])
            given = self.task.tensors(self.teacher, batch)
            x = given[self.modality]
            y = network(x, self.noise(len(x), drawn).to(x.dtype), shares)
            for place, shown in enumerate((x, y)):
                losses = self.task.losses(self.teacher, batch, {**given, self.modality: shown})
                sure[place] += float((-losses).exp().mean())
        return float(sure[1] / max(sure[0], 1e-12))

    def state(self) -> dict[str, Tensor]:
        """All that decides how it goes on."""
        found: dict[str, Tensor] = {"steps": torch.tensor(self.steps)}
        kinds = {"weights": self.weights, "moving": self.moving, "teacher": self.teacher, "network": self.network.state_dict()}
        kinds |= {"logits": self.logits} | {f"stored{number}": state for number, state in enumerate(self.stored)}
        for kind, tensors in kinds.items():
            found |= {f"{kind}/{name}": value.detach().clone() for name, value in tensors.items()}
        for number, moments in self.adam.state_dict()["state"].items() if self.adam is not None else ():
            found |= {f"adam/{number}/{name}": torch.as_tensor(value).clone() for name, value in moments.items()}
        return found

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, bit for bit."""

        def part(kind: str) -> dict[str, Tensor]:
            return {name.partition("/")[2]: value.clone().to(self.device) for name, value in state.items() if name.startswith(f"{kind}/")}

        self.weights, self.moving, self.teacher, self.steps = part("weights"), part("moving"), part("teacher"), int(state["steps"])
        self.network.load_state_dict(part("network"))
        with torch.no_grad():
            for name, value in part("logits").items():
                self.logits[name].copy_(value)
        self.stored = [part(f"stored{number}") for number in range(STORED) if part(f"stored{number}")]
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in part("adam").items():
            number, _, what = name.partition("/")
            moments.setdefault(int(number), {})[what] = value.cpu() if what == "step" else value
        if self.adam is not None:
            self.adam.load_state_dict({**self.adam.state_dict(), "state": moments})


def colour_distance(x: Tensor, y: Tensor, drawn: np.random.Generator, directions: int = 16) -> Tensor:
    """How far the colours of each picture moved, whatever their places: the sliced Wasserstein distance between its pixels, squared, mean.

    x, y: float [b, 3, h, w]. The pixels of a picture are sorted along each direction (not the pictures of the batch at each pixel).
    Source: Rabin et al. 2012, "Wasserstein barycenter and its application to texture mixing", 2.2; Suzuki 2022, "TeachAugment", 3.4.
    """
    ways = drawn.standard_normal((directions, x.shape[1]))
    ways = torch.from_numpy((ways / np.linalg.norm(ways, axis=1, keepdims=True)).astype(np.float32)).to(x.device, x.dtype)
    one, two = (torch.einsum("kc,bcp->bkp", ways, pixels.flatten(2)).sort(-1).values for pixels in (x, y))
    return (one - two).square().mean() * math.sqrt(x.shape[1])
