"""Gradient searchers: the policy follows the slope of the held-out loss after steps of training under it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Bilevel, Capability, Cost, Stage
from mmaug.search.base.searcher import Budget, OnlineSearcher, StepLog
from mmaug.search.base.settings import NOT_NEGATIVE, POSITIVE, Number, OneOf, Whole, check
from mmaug.search.estimators import ControlVariate, relax_gradients, score_surrogate, unrolled
from mmaug.search.relaxed_draws import composite, distribution, lean, mixed_stages, settled

Estimator = Literal["score_function", "relax", "gumbel", "darts"]
ESTIMATORS: tuple[Estimator, ...] = ("score_function", "relax", "gumbel", "darts")


@dataclass
class DifferentiableSearch(OnlineSearcher):
    """Finds a policy by gradients: a child trains under it, and the policy follows the held-out loss one step ahead.

    estimator: how the gradient goes through the choice of an op.
      "score_function": several draws a batch; those whose training gradient agrees with the held-out one become likelier. Works for all
      ops, those on texts too, and costs no second derivatives.
      "relax": one draw a batch, and the held-out loss after a step under it; scores with a learnt control variate; strengths of smooth
      ops get their exact gradient.
      "gumbel": all ops a batch, straight-through; little noise, but it leans: give it a warm_up and small steps, or what makes slopes of an
      untrained child large is taken for good.
      "darts": all ops at once, weighed by a softmax that cools from `temperature` to `cold`; the likeliest are kept in the end, and
      `diagnostics` says what that costs ("gap": held-out loss of the kept ops less that of the mix, one step ahead).
    updates: of the policy. every: updates in one step of the search, after which it can be resumed. samples: draws a batch
    (score_function). learning_rate: of the policy (Adam, betas .5 and .999). rate, momentum, weight_decay: of the child's descent.
    unroll: steps of the child that gradients go through. warm_up: batches that the child is trained on plainly before the policy moves.
    temperature: of soft choices. spread: of the noise on the logits of strengths that get their gradient from scores.
    What comes out is the distribution that was trained, then the likeliest ops alone.
    Source: Li et al. 2020, "DADA" (relax; defaults); Lin et al. 2019, "Online hyper-parameter learning for auto-augmentation" and Marrie et
    al. 2023, "SLACK" (score_function, 8 samples); Hataya et al. 2020, "Faster AutoAugment" (straight-through); Liu et al. 2019, "DARTS".
    """

    estimator: Estimator = "score_function"
    updates: int = 1000
    every: int = 20
    samples: int = 8
    learning_rate: float = 5e-3
    rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 2e-4
    unroll: int = 1
    warm_up: int = 0
    temperature: float = 0.5
    cold: float = 0.05
    spread: float = 0.5
    seed: int = 0

    requires: ClassVar[Capability] = Capability.GRADIENT
    default_budget: ClassVar[Budget] = Budget()

    def __post_init__(self) -> None:
        check(
            self, estimator=OneOf(ESTIMATORS), updates=Whole(), every=Whole(), samples=Whole(), learning_rate=POSITIVE, rate=POSITIVE,
            momentum=Number(least=0, below=1), weight_decay=NOT_NEGATIVE, unroll=Whole(), warm_up=Whole(0), temperature=POSITIVE,
            cold=POSITIVE, spread=POSITIVE,
        )  # fmt: skip

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start with an even policy, or from the first of `init`: a policy of the space, or what an earlier search found.

        Raises: PolicyError where it is neither.
        """
        self._bilevel: Bilevel = task.bilevel(seed=self.seed)
        self._relaxed = space.relax()
        if init:
            lean(self._relaxed, policy_of(init[0]))
        self._weights = {name: weight.detach().clone() for name, weight in self._bilevel.parameters().items()}
        self._moving = {name: torch.zeros_like(weight) for name, weight in self._weights.items()}
        self._policy: list[Tensor] = list(self._relaxed.parameters())
        start = torch.Generator().manual_seed(self._number(0, "control"))
        decisions = composite(self._relaxed, start, self.spread).soft(1.0).numel()
        self._control = ControlVariate(decisions, start)
        moved = [*self._policy, *self._control.parameters()] if self.estimator == "relax" else self._policy
        self._adam = torch.optim.Adam(moved, lr=self.learning_rate, betas=(0.5, 0.999))
        self._update, self._warm = 0, 0
        self._gap: float | None = None

    def _number(self, update: int, what: str) -> int:
        """A seed of its own for each thing that is drawn."""
        words = [self.seed, update, ["control", "draw", "rows", "gap"].index(what)]
        return int(np.random.default_rng(words).integers(2**62))

    def step(self) -> StepLog | None:
        """Some updates of the policy, each with a step of the child."""
        if self._update >= self.updates:
            return None
        began, value, slopes = time.perf_counter(), 0.0, 0
        while self._warm < self.warm_up:
            self._move(self._slopes(self._weights, self._bilevel.batch("train", self._warm), (), 0))
            self._warm, slopes = self._warm + 1, slopes + 1
        done = min(self.every, self.updates - self._update)
        for _ in range(done):
            losses, used = self._advance()
            value, slopes = value + losses, slopes + used
            self._update += 1
        if self._update >= self.updates and self.estimator == "darts":
            self._gap = self._discretised()
        scored = self._bilevel.score(self._weights)
        values = {"held_out_loss": value / done, "entropy": self._entropy()}
        if scored.objective is not None:
            values["objective"] = float(scored.objective)
        seconds = time.perf_counter() - began
        return StepLog(math.ceil(self._update / self.every) - 1, values, Cost(1, slopes, seconds), distribution(self._relaxed))

    def _advance(self) -> tuple[float, int]:
        """One update; the held-out loss, and how many gradients of the child it took."""
        generator = torch.Generator().manual_seed(self._number(self._update, "draw"))
        valid = self._bilevel.batch("valid", self._update)
        how = {"score_function": self._by_scores, "relax": self._by_relax}.get(self.estimator, self._by_mixing)
        return how(generator, valid)

    # -- the estimators ------------------------------------------------------------------------------------------------------------------

    def _by_scores(self, generator: torch.Generator, valid: Any) -> tuple[float, int]:
        """Draws are worth how far their gradient goes along the held-out one, which is taken where all together lead."""
        batch, rows = self._train(0)
        drawn = [composite(self._relaxed, generator, self.spread) for _ in range(self.samples)]
        slopes = [self._slopes(self._weights, batch, one.stages, rows) for one in drawn]
        mean = {name: torch.stack([slope[name] for slope in slopes]).mean(0) for name in self._weights}
        ahead = {name: (weight - self.rate * mean[name]).requires_grad_() for name, weight in self._weights.items()}
        loss = self._bilevel.loss(ahead, valid)
        wanted = _gradients(loss, ahead)
        worth = torch.tensor([sum(float((slope[name] * wanted[name]).sum()) for name in wanted) for slope in slopes])
        surrogate = -self.rate * score_surrogate(torch.stack([one.log_chance for one in drawn]), worth)
        self._follow(torch.autograd.grad(surrogate, self._policy, allow_unused=True))
        self._move(mean)
        return float(loss.detach()), self.samples + 1

    def _by_relax(self, generator: torch.Generator, valid: Any) -> tuple[float, int]:
        drawn = [composite(self._relaxed, generator, self.spread, self._bilevel.differentiable) for _ in range(self.unroll)]
        ahead = self._ahead([one.stages for one in drawn])
        loss = self._bilevel.loss(ahead, valid)
        before = float(self._bilevel.loss(self._weights, valid).detach())
        exact = torch.autograd.grad(loss, self._policy, allow_unused=True, retain_graph=True)
        value = float(loss.detach()) - before  # what does not depend on the draw need not be learnt
        noisy, given = (sum(self._control(x) for x in xs) for xs in zip(*(self._soft(one, generator) for one in drawn), strict=True))
        assert isinstance(noisy, Tensor) and isinstance(given, Tensor)
        chance = torch.stack([one.whole_log_chance + torch.stack([*one.log_strengths, torch.zeros(())]).sum() for one in drawn]).sum()
        relaxed = relax_gradients(value, chance, noisy, given, self._policy)
        variance = torch.stack([slope.square().sum() for slope in relaxed]).sum()
        learnt = torch.autograd.grad(variance, list(self._control.parameters()), allow_unused=True)
        both = [slope.detach() if e is None else slope.detach() + e for slope, e in zip(relaxed, exact, strict=True)]
        self._move(self._between(ahead))
        self._follow([*both, *learnt])
        return float(loss.detach()), 2 * self.unroll + 1

    def _soft(self, one: Any, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return one.soft(self.temperature), one.soft_given(self.temperature, generator)

    def _by_mixing(self, generator: torch.Generator, valid: Any) -> tuple[float, int]:
        hard, smooth = self.estimator == "gumbel", self._bilevel.differentiable
        stages = [mixed_stages(self._relaxed, generator, self._temperature(), smooth, hard) for _ in range(self.unroll)]
        ahead = self._ahead(stages)
        loss = self._bilevel.loss(ahead, valid)
        slopes = torch.autograd.grad(loss, self._policy, allow_unused=True)
        self._move(self._between(ahead))
        self._follow(slopes)
        return float(loss.detach()), 2 * self.unroll + 1

    def _temperature(self) -> float:
        """Of the choice now: it cools evenly, in ratios, where the mix is to become one op."""
        if self.estimator != "darts":
            return self.temperature
        return self.temperature * (self.cold / self.temperature) ** (self._update / max(self.updates - 1, 1))

    # -- the child -----------------------------------------------------------------------------------------------------------------------

    def _train(self, number: int) -> tuple[Any, int]:
        """Training batch `number` of this update, and the seed of what its rows draw."""
        place = self.warm_up + self._update * self.unroll + number
        return self._bilevel.batch("train", place), self._number(place, "rows")

    def _ahead(self, stages: Sequence[Sequence[Stage]], *, exact: bool = True) -> dict[str, Tensor]:
        """The weights after a step under each of the stages."""
        batches = [self._train(number) for number in range(len(stages))]
        losses = [partial(self._bilevel.loss, batch=b, stages=s, seed=r) for (b, r), s in zip(batches, stages, strict=True)]
        return unrolled(losses, self._weights, self.rate, exact=exact)

    def _between(self, ahead: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The mean slope of the steps that led ahead."""
        return {name: (weight - ahead[name].detach()) / (self.rate * self.unroll) for name, weight in self._weights.items()}

    def _slopes(self, weights: Mapping[str, Tensor], batch: Any, stages: Sequence[Stage], rows: int) -> dict[str, Tensor]:
        free = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        return _gradients(self._bilevel.loss(free, batch, stages, rows), free)

    @torch.no_grad()
    def _move(self, slopes: Mapping[str, Tensor]) -> None:
        """One step of the child's descent with momentum."""
        for name, weight in self._weights.items():
            self._moving[name] = self.momentum * self._moving[name] + slopes[name] + self.weight_decay * weight
            self._weights[name] = weight - self.rate * self._moving[name]

    def _follow(self, slopes: Sequence[Tensor | None]) -> None:
        """One step of the policy; a parameter that nothing depended on has slope 0."""
        for group in self._adam.param_groups:
            for parameter, slope in zip(group["params"], slopes, strict=True):
                parameter.grad = torch.zeros_like(parameter) if slope is None else slope.detach()
        self._adam.step()

    # -- what came of it -----------------------------------------------------------------------------------------------------------------

    def best(self, count: int) -> list[Candidate]:
        """The distribution, then its likeliest ops; the other way round for "darts", which is meant to be cut down to them."""
        found: list[Candidate] = [distribution(self._relaxed), self._relaxed.policy()]
        return (found[::-1] if self.estimator == "darts" else found)[:count]

    def _discretised(self, batches: int = 8) -> float:
        """How much the held-out loss one step ahead grows when the mix gives way to its likeliest ops."""
        apart = []
        for number in range(batches):
            valid = self._bilevel.batch("valid", self._update + number)
            losses = []
            generator = torch.Generator().manual_seed(self._number(number, "gap"))
            mix = mixed_stages(self._relaxed, generator, self.cold, self._bilevel.differentiable, hard=False)
            for stages in (mix, settled(self._relaxed, generator)):
                ahead = self._ahead([stages], exact=False)
                losses.append(float(self._bilevel.loss(ahead, valid).detach()))
            apart.append(losses[1] - losses[0])
        return float(np.mean(apart))

    def _entropy(self) -> float:
        """Of the choices of ops, as a share of that of an even choice; the mean over slots."""
        shares = []
        for chances in self._relaxed.weights().values():
            entropy = -(chances.detach() * chances.detach().clamp_min(1e-12).log()).sum(-1)
            shares.append(float(entropy.mean()) / math.log(chances.shape[-1]))
        return float(np.mean(shares))

    def diagnostics(self) -> dict[str, Any]:
        """Entropy and largest weight of the choices, the share of the identity, and whether one choice has taken all."""
        weights = [chances.detach() for chances in self._relaxed.weights().values()]
        identity = float(np.mean([float(chances[..., 0].mean()) for chances in weights]))
        found = {"updates": self._update, "entropy": self._entropy(), "largest": max(float(w.max()) for w in weights)}
        collapsed = found["entropy"] < 0.02 or identity > 0.98
        gap = {} if self._gap is None else {"gap": self._gap}
        return {**found, "identity": identity, "p": float(self._relaxed.p().detach().mean()), "collapsed": collapsed, **gap}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Policy, control variate, Adam's moments, the child's weights and momentum."""
        tensors = {f"policy.{name}": value.detach() for name, value in self._relaxed.state_dict().items()}
        tensors |= {f"control.{name}": value.detach() for name, value in self._control.state_dict().items()}
        tensors |= {f"weights.{name}": value.detach() for name, value in self._weights.items()}
        tensors |= {f"moving.{name}": value for name, value in self._moving.items()}
        for number, moments in self._adam.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        return tensors, {"update": self._update, "warm": self._warm, "gap": self._gap}

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state; `begin` was called with the same task and space."""

        def part(first: str) -> dict[str, Tensor]:
            return {name.removeprefix(first): value.clone() for name, value in tensors.items() if name.startswith(first)}

        self._relaxed.load_state_dict(part("policy."))
        self._control.load_state_dict(part("control."))
        device = next(iter(self._weights.values())).device
        self._weights = {name: value.to(device) for name, value in part("weights.").items()}
        self._moving = {name: value.to(device) for name, value in part("moving.").items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in part("adam.").items():
            number, _, what = name.partition(".")
            moments.setdefault(int(number), {})[what] = value
        self._adam.load_state_dict({**self._adam.state_dict(), "state": moments})
        self._update, self._warm, self._gap = int(values["update"]), int(values["warm"]), values["gap"]


def _gradients(loss: Tensor, over: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The slope of a loss over each weight; 0 over those that it does not depend on, such as a held-out loss on the scale."""
    found = torch.autograd.grad(loss, list(over.values()), allow_unused=True)
    return {name: torch.zeros_like(weight) if slope is None else slope for (name, weight), slope in zip(over.items(), found, strict=True)}
