"""How a controller learns from rewards: REINFORCE and PPO, and the running baseline that rewards are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmaug.search.controller import Controller

ALGORITHMS = ("ppo", "reinforce")
RATES: Mapping[str, float] = {"ppo": 3.5e-4, "reinforce": 3.5e-3}
"""Learning rates where none is given: PPO takes several steps a batch, and commits itself too early at the other's rate."""


def reinforce_loss(log_probability: Tensor, advantage: Tensor) -> Tensor:
    """Minus the mean of advantage times log-probability, both [sequences].

    Source: Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", section 4.
    """
    return -(log_probability * advantage).mean()


def ppo_loss(log_probability: Tensor, old: Tensor, advantage: Tensor, clip: float = 0.2) -> Tensor:
    """The clipped surrogate over whole sequences, all [sequences]; old: log-probabilities at the time of drawing.

    Source: Schulman et al. 2017, "Proximal policy optimization algorithms", equation 7.
    """
    ratio = (log_probability - old).exp()
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()


@dataclass
class Baseline:
    """The running mean of rewards. It begins at the first mean: from 0, the first updates would reward whatever was drawn."""

    decay: float = 0.95
    value: float | None = None

    def advantages(self, rewards: Tensor) -> Tensor:
        """Rewards less the baseline, which then moves; float64 [sequences]."""
        mean = float(rewards.mean())
        held = mean if self.value is None else self.value
        self.value = self.decay * held + (1 - self.decay) * mean
        return rewards - held


@dataclass
class Learner:
    """A controller in training. epochs: PPO's steps a batch. entropy: weight of the entropy that is added to the reward. norm: what the
    gradient is cut to.
    """

    controller: Controller
    algorithm: str = "ppo"
    rate: float | None = None
    epochs: int = 4
    clip: float = 0.2
    entropy: float = 1e-5
    norm: float = 5.0

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}, got {self.algorithm!r}")
        self.parameters = list(self.controller.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, lr=RATES[self.algorithm] if self.rate is None else self.rate)

    def update(self, tokens: Tensor, old: Tensor, advantage: Tensor) -> dict[str, float]:
        """Learn from one batch. tokens: int64 [sequences, tokens]; old, advantage: float64 [sequences].

        Gives the loss, and before the last step the entropy of all tokens and of ops alone, as shares of even draws'.
        """
        loss = entropies = torch.zeros(1)
        for _ in range(self.epochs if self.algorithm == "ppo" else 1):
            log_probability, entropies = self.controller.judge(tokens)
            if self.algorithm == "ppo":
                loss = ppo_loss(log_probability, old, advantage, self.clip)
            else:
                loss = reinforce_loss(log_probability, advantage)
            self.optimizer.zero_grad()
            (loss - self.entropy * entropies.sum(-1).mean()).backward()
            nn.utils.clip_grad_norm_(self.parameters, self.norm)
            self.optimizer.step()
        ops = torch.tensor([kind.endswith("op") for kind in self.controller.vocabulary.kinds])
        names = ops if bool(ops.any()) else ~ops
        return {"loss": loss.item(), "entropy": self.share(tokens, entropies), "op_entropy": self.share(tokens, entropies, names)}

    def share(self, tokens: Tensor, entropies: Tensor, places: Tensor | None = None) -> float:
        """The entropy of tokens with a meaning, as a share of the entropy of even draws: 1 at the start, 0 when all is decided.

        places: bool [tokens], of which tokens; default all.
        """
        vocabulary = self.controller.vocabulary
        even = torch.tensor(vocabulary.sizes, dtype=torch.float64).log() * vocabulary.mask(tokens)
        counted = torch.ones_like(even) if places is None else places.to(even.dtype).expand_as(even)
        return ((entropies.detach() * counted).sum() / (even * counted).sum().clamp_min(1e-12)).item()

    def state(self) -> dict[str, Tensor]:
        """Weights and what Adam keeps, by name."""
        found = {f"controller.{name}": value.detach().clone() for name, value in self.controller.state_dict().items()}
        for number, parameter in enumerate(self.parameters):
            kept = self.optimizer.state.get(parameter, {})
            found |= {f"adam.{number}.{name}": value.detach().clone() for name, value in kept.items()}
        return found

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, bit for bit."""
        first = "controller."
        self.controller.load_state_dict({name.removeprefix(first): v for name, v in state.items() if name.startswith(first)})
        kept: dict[int, dict[str, Any]] = {}
        for name, value in state.items():
            if name.startswith("adam."):
                _, number, what = name.split(".")
                kept.setdefault(int(number), {})[what] = value.clone()
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": kept})
