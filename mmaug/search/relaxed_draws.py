"""What gradient searchers draw from a relaxed policy: single ops for a batch, or all ops at once, weighed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from mmaug.errors import PolicyError
from mmaug.policy import Policy, PolicyOp, op
from mmaug.registry import get_op
from mmaug.search.base.evaluator import Drawn, Stage
from mmaug.search.base.pools import IDENTITY
from mmaug.search.base.relaxed import RelaxedPolicy
from mmaug.search.estimators import gumbel, gumbel_given, log_chance, straight_through

Smooth = Callable[[str], bool]
"""Whether gradients reach an op's strength."""


@dataclass
class Composite:
    """What one batch gets. log_chance: of all that was chosen and has a meaning. choices: the logits of every decision and what was chosen,
    those without a meaning too. noisy: the noise that led there.
    """

    stages: list[Stage] = field(default_factory=list)
    log_chances: list[Tensor] = field(default_factory=list)
    choices: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    noisy: list[Tensor] = field(default_factory=list)
    log_strengths: list[Tensor] = field(default_factory=list)

    @property
    def log_chance(self) -> Tensor:
        return torch.stack([*self.log_chances, *self.log_strengths, torch.zeros(())]).sum()

    @property
    def whole_log_chance(self) -> Tensor:
        """Of every choice, also of those that changed nothing."""
        return torch.stack([log_chance(logits, chosen) for logits, chosen in self.choices]).sum()

    def soft(self, temperature: float) -> Tensor:
        """Every decision as a soft choice that follows the logits, one vector."""
        return torch.cat([(noisy / temperature).softmax(-1) for noisy in self.noisy])

    def soft_given(self, temperature: float, generator: torch.Generator) -> Tensor:
        """The same with the noise drawn anew, given what was chosen."""
        return torch.cat([(gumbel_given(*choice, generator) / temperature).softmax(-1) for choice in self.choices])

    def _choose(self, logits: Tensor, generator: torch.Generator) -> int:
        noisy = gumbel(logits, generator)
        chosen = noisy.detach().argmax()
        self.noisy.append(noisy)
        self.choices.append((logits, chosen))
        return int(chosen)


def composite(relaxed: RelaxedPolicy, generator: torch.Generator, spread: float, smooth: Smooth | None = None) -> Composite:
    """One sub-policy and one op for each of its slots and modalities.

    spread: of the normal noise on the logit of a strength, whose gradient then comes from scores. smooth: ops whose strength has no
    noise and carries gradients itself; default none.
    """
    made, space = Composite(), relaxed.space
    sub = int(torch.randint(space.n_sub, (), generator=generator))
    for slot in range(space.n_ops):
        shared: int | None = None
        for place, modality in enumerate(space.modalities):
            if shared is None or space.coupling == "independent":
                logit = relaxed.p_logits[sub, slot, place if space.coupling == "independent" else 0]
                shared = made._choose(torch.stack([torch.zeros_like(logit), logit]), generator)
                made.log_chances.append(log_chance(*made.choices[-1]))
            chosen = made._choose(relaxed.logits[modality][sub, slot], generator)
            if not shared:
                continue
            made.log_chances.append(log_chance(*made.choices[-1]))
            name = space.pools[modality][chosen]
            if name != IDENTITY:
                made.stages.append((_drawn(made, name, relaxed.strength_logits[modality][sub, slot, chosen], generator, spread, smooth),))
    return made


def _drawn(made: Composite, name: str, logit: Tensor, generator: torch.Generator, spread: float, smooth: Smooth | None) -> Drawn:
    if not get_op(name).has_strength:
        return Drawn(name)
    if smooth is not None and smooth(name):
        return Drawn(name, logit.sigmoid())
    moved = logit.detach() + spread * torch.randn((), generator=generator)
    made.log_strengths.append(-((moved - logit) ** 2) / (2 * spread**2))
    return Drawn(name, float(moved.sigmoid()))


def mixed_stages(relaxed: RelaxedPolicy, generator: torch.Generator, temperature: float, smooth: Smooth, hard: bool) -> list[Stage]:
    """One sub-policy with all its ops at once: hard draws with soft slopes (straight-through), or the shares of a supergraph.

    temperature: of the soft choice.
    """
    space, stages = relaxed.space, []
    sub = int(torch.randint(space.n_sub, (), generator=generator))
    for slot in range(space.n_ops):
        on = None
        for place, modality in enumerate(space.modalities):
            if on is None or space.coupling == "independent":
                logit = relaxed.p_logits[sub, slot, place if space.coupling == "independent" else 0]
                pair = torch.stack([torch.zeros_like(logit), logit])
                on = straight_through(gumbel(pair, generator), temperature)[1] if hard else logit.sigmoid()
            logits = relaxed.logits[modality][sub, slot]
            weights = straight_through(gumbel(logits, generator), temperature) if hard else (logits / temperature).softmax(-1)
            strengths = relaxed.strength_logits[modality][sub, slot].sigmoid()
            parts = [Drawn(IDENTITY, None, 1 - on * (1 - weights[0]))]
            for number, name in enumerate(space.pools[modality][1:], start=1):
                strength = (strengths[number] if smooth(name) else float(strengths[number].detach())) if get_op(name).has_strength else None
                parts.append(Drawn(name, strength, on * weights[number]))
            stages.append(tuple(parts))
    return stages


def settled(relaxed: RelaxedPolicy, generator: torch.Generator) -> list[Stage]:
    """The stages of one sub-policy with the likeliest op of every slot, as `RelaxedPolicy.values` has it; coins are drawn."""
    space, values = relaxed.space, relaxed.values()
    stages: list[Stage] = []
    places = list(space.places())
    sub = int(torch.randint(space.n_sub, (), generator=generator))
    for place in places[sub * space.n_ops : (sub + 1) * space.n_ops]:
        coin = float(torch.rand((), generator=generator))
        for modality in space.modalities:
            name = values[f"{place}.{modality}.op"]
            p = values[f"{place}.p" if space.coupling == "shared" else f"{place}.{modality}.p"]
            if name != IDENTITY and coin < p:
                stages.append((Drawn(name, values[f"{place}.{modality}.strength"] if get_op(name).has_strength else None),))
    return stages


UNSAID = 0.01
"""The chance, about, of an op that a distribution leaves out as too rare, where a search begins from it again."""


@torch.no_grad()
def distribution(relaxed: RelaxedPolicy, least: float = 0.02) -> Policy:
    """The distribution that was trained, as a policy: in every slot a choice of ops with their chances, but for those below `least`."""
    space, weights, strengths, p = relaxed.space, relaxed.weights(), relaxed.strengths(), relaxed.p()
    subs = []
    for sub in range(space.n_sub):
        slots = []
        for slot in range(space.n_ops):
            parts: list[Policy] = []
            for place, modality in enumerate(space.modalities):
                shares = weights[modality][sub, slot].tolist()
                kept = [number for number, share in enumerate(shares) if share >= least]
                items = [_op(space.pools[modality][n], float(strengths[modality][sub, slot, n])) for n in kept]
                coin = 1.0 if space.coupling == "shared" else float(p[sub, slot, place])
                parts.append(Policy.choice(items, weights=[shares[n] for n in kept], p=coin))
            slots.append(Policy.sequence(*parts, p=float(p[sub, slot, 0]) if space.coupling == "shared" else 1.0))
        subs.append(Policy.sequence(*slots))
    return Policy.choice(subs)


def lean(relaxed: RelaxedPolicy, policy: Policy) -> None:
    """Begin from a policy of the space, or from a distribution as `distribution` makes it. Raises: PolicyError for any other."""
    try:
        relaxed.set_values(relaxed.space.values(policy))
    except PolicyError:
        try:
            _lean_to_distribution(relaxed, policy)
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise PolicyError(
                "the search can start from a policy of its space, or from what an earlier one of the same space found; this is neither"
            ) from error


@torch.no_grad()
def _lean_to_distribution(relaxed: RelaxedPolicy, policy: Any) -> None:
    space = relaxed.space
    if policy.kind != "choice" or len(policy.items) != space.n_sub or any(len(sub.items) != space.n_ops for sub in policy.items):
        raise ValueError("other slots")
    for at in itertools.product(range(space.n_sub), range(space.n_ops)):
        slot = policy.items[at[0]].items[at[1]]
        for place, (modality, choice) in enumerate(zip(space.modalities, slot.items, strict=True)):
            relaxed.logits[modality][at] = math.log(UNSAID)
            for item, share in zip(choice.items, choice.weights, strict=True):
                number = space.pools[modality].index(item.name if isinstance(item, PolicyOp) else IDENTITY)
                relaxed.logits[modality][at][number] = math.log(share)
                if isinstance(item, PolicyOp) and item.strength is not None:
                    relaxed.strength_logits[modality][at][number] = _logit(item.strength)
            coin = slot.p if space.coupling == "shared" else choice.p
            relaxed.p_logits[at][0 if space.coupling == "shared" else place] = _logit(coin)


def _logit(share: float) -> Tensor:
    return torch.logit(torch.tensor(share), eps=1e-6)


def _op(name: str, strength: float) -> Policy | PolicyOp:
    if name == IDENTITY:
        return Policy.sequence()
    return op(name, strength=strength) if get_op(name).has_strength else op(name)
