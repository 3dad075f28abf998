"""How a gradient goes through a choice: three estimators, and the exact gradient through steps of training.

A choice is a categorical variable with logits; a coin is a choice of two. `score_surrogate` and `relax_gradients` give gradients that
are right on average. `straight_through` does not: it takes the slope of a soft choice for that of a hard one, which leans the more the
higher its temperature and the less linear what follows; in return it has no variance from far away, and works with one sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

Parameters = Mapping[str, Tensor]

_LEAST = 1e-12


def uniform(like: Tensor, generator: torch.Generator) -> Tensor:
    """Numbers in (0, 1), both ends left out, of the shape and type of a tensor."""
    drawn = torch.rand(like.shape, generator=generator, dtype=torch.float64).clamp(_LEAST, 1 - _LEAST)
    return drawn.to(like.dtype).clamp(torch.finfo(like.dtype).tiny, 1 - torch.finfo(like.dtype).eps)


def gumbel(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Logits with noise, [..., k]: the largest is the choice, each with the chance that the logits say.

    Source: Jang et al. 2017, "Categorical reparameterization with Gumbel-softmax", 2.
    """
    return logits.log_softmax(-1) - torch.log(-torch.log(uniform(logits, generator)))


def gumbel_given(logits: Tensor, chosen: Tensor, generator: torch.Generator) -> Tensor:
    """The same where the choice is known: the noise is drawn anew, and follows the logits.

    chosen: int64 [...]. The largest has the law of the largest of all; each other one is drawn below it.
    Source: Tucker et al. 2017, "REBAR", appendix; Grathwohl et al. 2018, "Backpropagation through the void", appendix B.
    """
    noise = -torch.log(uniform(logits, generator))
    picked = nn.functional.one_hot(chosen, logits.shape[-1]).to(torch.bool)
    top = noise.gather(-1, chosen[..., None])
    below = noise / logits.softmax(-1).clamp_min(_LEAST) + top
    return -torch.log(torch.where(picked, top, below))


def log_chance(logits: Tensor, chosen: Tensor) -> Tensor:
    """The log of the chance of what was chosen: [...]."""
    return logits.log_softmax(-1).gather(-1, chosen[..., None]).squeeze(-1)


def straight_through(noisy: Tensor, temperature: float) -> Tensor:
    """One at the largest and zero elsewhere, with the slope of a softmax: [..., k]. It leans (see the module).

    Source: Jang et al. 2017, 2.2 (straight-through Gumbel-softmax).
    """
    soft = (noisy / temperature).softmax(-1)
    hard = nn.functional.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
    return hard + soft - soft.detach()


def leave_one_out(values: Tensor) -> Tensor:
    """Each of several values less the mean of the others, [n]: a baseline that leans nowhere. One value stays as it is."""
    if len(values) == 1:
        return values
    return (values - values.mean()) * (len(values) / (len(values) - 1))


def score_surrogate(log_chances: Tensor, values: Tensor) -> Tensor:
    """A scalar whose gradient is the mean of (value - baseline) times that of the log of the chance: [n], [n].

    Source: Williams 1992, "Simple statistical gradient-following algorithms" (REINFORCE); Kool et al. 2019 (the baseline).
    """
    return (leave_one_out(values).detach() * log_chances).mean()


class ControlVariate(nn.Module):
    """What the objective would be at a soft choice, as a small network learns it while it is used: [n] to a scalar.

    Source: Li et al. 2020, "DADA", 3.3 and appendix (one hidden layer of 100 tanh units).
    """

    def __init__(self, inputs: int, generator: torch.Generator, hidden: int = 100):
        super().__init__()
        self.first = nn.Parameter(torch.randn(hidden, inputs, generator=generator) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.last = nn.Parameter(torch.zeros(hidden))  # nothing at first, so that a searcher begins with plain scores
        self.offset = nn.Parameter(torch.zeros(()))

    def forward(self, soft: Tensor) -> Tensor:
        return torch.tanh(self.first @ soft.to(self.first.dtype) + self.bias) @ self.last + self.offset


def relax_gradients(value: float, log_chance: Tensor, noisy: Tensor, given: Tensor, over: Sequence[Tensor]) -> list[Tensor]:
    """RELAX's gradients over the logits: (f - c(z~)) grad log p + grad c(z) - grad c(z~), differentiable in the control variate's weights.

    value: f at the choice. noisy, given: the control variate at the noise that led to the choice, and at noise drawn given it.
    Source: Grathwohl et al. 2018, equation 9.
    """
    scores = _slopes(log_chance, over, create_graph=False)
    pulls = _slopes(noisy - given, over, create_graph=True)
    return [(value - given) * score + pull for score, pull in zip(scores, pulls, strict=True)]


def _slopes(value: Tensor, over: Sequence[Tensor], *, create_graph: bool) -> list[Tensor]:
    found = torch.autograd.grad(value, list(over), create_graph=create_graph, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(one) if slope is None else slope for one, slope in zip(over, found, strict=True)]


def unrolled(losses: Sequence[Callable[[Parameters], Tensor]], start: Parameters, rate: float, *, exact: bool = True) -> dict[str, Tensor]:
    """Weights after one step of plain descent on each loss in turn; differentiable in all that the losses depend on.

    exact: keep what second derivatives need; False gives weights to look at, not to differentiate.
    Source: Maclaurin et al. 2015, "Gradient-based hyperparameter optimization through reversible learning"; Liu et al. 2019, "DARTS", 2.3.
    """
    weights = {name: weight if weight.requires_grad else weight.detach().requires_grad_() for name, weight in start.items()}
    for loss in losses:
        slopes = torch.autograd.grad(loss(weights), list(weights.values()), create_graph=exact, allow_unused=True)
        weights = {name: w if g is None else w - rate * g for (name, w), g in zip(weights.items(), slopes, strict=True)}
        if not exact:
            weights = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
    return weights
