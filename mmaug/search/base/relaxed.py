"""The space as a torch module: what gradient searchers move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mmaug.policy import Policy

if TYPE_CHECKING:
    from mmaug.search.base.space import PolicySpace


class RelaxedPolicy(nn.Module):
    """Distributions over the decisions of a space, as parameters.

    logits: by modality, [n_sub, n_ops, options] with the identity first; 0 at the start, which is even. p_logits: [n_sub, n_ops, coins]
    with one coin a slot, or one a modality; strength_logits: by modality, [n_sub, n_ops, options], each op has its own. Their
    sigmoids are the probabilities and strengths, .5 at the start.
    """

    def __init__(self, space: PolicySpace):
        super().__init__()
        self.space = space
        slots = (space.n_sub, space.n_ops)
        sizes = {modality: len(pool) for modality, pool in space.pools.items()}
        self.logits = nn.ParameterDict({m: nn.Parameter(torch.zeros(*slots, size)) for m, size in sizes.items()})
        self.strength_logits = nn.ParameterDict({m: nn.Parameter(torch.zeros(*slots, size)) for m, size in sizes.items()})
        coins = len(space.modalities) if space.coupling == "independent" else 1
        self.p_logits = nn.Parameter(torch.zeros(*slots, coins))

    def weights(self) -> dict[str, Tensor]:
        """By modality, the chance of each op in each slot: [n_sub, n_ops, options]."""
        return {modality: logits.softmax(-1) for modality, logits in self.logits.items()}

    def strengths(self) -> dict[str, Tensor]:
        """By modality, the strength of each op in each slot: [n_sub, n_ops, options]."""
        return {modality: logits.sigmoid() for modality, logits in self.strength_logits.items()}

    def p(self) -> Tensor:
        """The probabilities of the coins: [n_sub, n_ops, coins]."""
        return self.p_logits.sigmoid()

    @torch.no_grad()
    def values(self) -> dict[str, Any]:
        """The likeliest op of every slot with its strength and probability, as values of the space."""
        values: dict[str, Any] = {}
        strengths, p = self.strengths(), self.p()
        for number, place in enumerate(self.space.places()):
            slot = divmod(number, self.space.n_ops)
            for index, modality in enumerate(self.space.modalities):
                best = int(self.logits[modality][slot].argmax())
                values[f"{place}.{modality}.op"] = self.space.pools[modality][best]
                values[f"{place}.{modality}.strength"] = float(strengths[modality][slot][best])
                if self.space.coupling == "independent":
                    values[f"{place}.{modality}.p"] = float(p[slot][index])
            if self.space.coupling == "shared":
                values[f"{place}.p"] = float(p[slot][0])
        return self.space.canonical(values)

    @torch.no_grad()
    def set_values(self, values: dict[str, Any], sharpness: float = 4.0) -> None:
        """Lean towards values, so that `values()` gives them back. sharpness: the logit of a chosen op over the others, above 0."""
        values = self.space.canonical(values)
        for number, place in enumerate(self.space.places()):
            slot = divmod(number, self.space.n_ops)
            for index, modality in enumerate(self.space.modalities):
                best = self.space.pools[modality].index(values[f"{place}.{modality}.op"])
                self.logits[modality][slot] = 0.0
                self.logits[modality][slot][best] = sharpness
                self.strength_logits[modality][slot][best] = _logit(values[f"{place}.{modality}.strength"])
                if self.space.coupling == "independent":
                    self.p_logits[slot][index] = _logit(values[f"{place}.{modality}.p"])
            if self.space.coupling == "shared":
                self.p_logits[slot][0] = _logit(values[f"{place}.p"])

    def policy(self) -> Policy:
        """The policy of `values`."""
        return self.space.policy(self.values())


def _logit(share: float) -> Tensor:
    return torch.logit(torch.tensor(share), eps=1e-6)
