"""Three ways to draw an architecture with a policy and to learn from rewards: a controller, relaxed choices, and even draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from mmaug.search.controller import generator
from mmaug.search.estimators import ControlVariate, gumbel, gumbel_given
from mmaug.search.policy_gradient import Baseline, Learner
from mmaug.search.vocabulary import Vocabulary


class Draws(Protocol):
    """What a joint search asks of each of them. What is drawn depends on the key and on what was learnt so far."""

    def draw(self, count: int, *key: int) -> Tensor:
        """So many sequences of tokens: int64 [count, tokens]."""
        ...

    def learn(self, tokens: Tensor, rewards: Tensor, *key: int) -> float:
        """Learn from the sequences that the key gave, and from their rewards, float64 [count]; the entropy as a share of even draws'."""
        ...

    def state(self) -> dict[str, Tensor]: ...

    def load(self, state: Mapping[str, Tensor]) -> None: ...


@dataclass
class ControllerDraws:
    """An autoregressive controller: what it draws for the policy depends on the architecture that it drew before."""

    learner: Learner
    baseline: Baseline

    def draw(self, count: int, *key: int) -> Tensor:
        return self.learner.controller.sample(count, generator(*key))[0]

    def learn(self, tokens: Tensor, rewards: Tensor, *key: int) -> float:
        del key
        with torch.no_grad():
            old, _ = self.learner.controller.judge(tokens)
        return self.learner.update(tokens, old, self.baseline.advantages(rewards))["entropy"]

    def state(self) -> dict[str, Tensor]:
        held = float("nan") if self.baseline.value is None else self.baseline.value
        return self.learner.state() | {"baseline": torch.tensor(held, dtype=torch.float64)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        self.learner.load(state)
        held = float(state["baseline"])
        self.baseline.value = None if held != held else held


class RelaxedDraws:
    """One distribution for each token, each on its own, moved by RELAX: the gradient goes through a learnt, differentiable model of the
    reward, whose error plain scores make up for, so that it is right on average.

    temperature: of the soft choices that the model is shown. Tokens without meaning take part, since leaving them out would lean.
    Source: Grathwohl et al. 2018, "Backpropagation through the void", equation 9; with architectures and policies as in Zhou et al. 2021,
    "DHA: end-to-end joint optimization of data augmentation policy, hyper-parameter and architecture".
    """

    def __init__(self, vocabulary: Vocabulary, rate: float, entropy: float, decay: float, seed: int, temperature: float = 0.5):
        self.vocabulary, self.entropy, self.temperature = vocabulary, entropy, temperature
        self.baseline = Baseline(decay)
        self.logits = [nn.Parameter(torch.zeros(size, dtype=torch.float64)) for size in vocabulary.sizes]
        self.model = ControlVariate(sum(vocabulary.sizes), generator(seed, 7)).double()
        self.optimizer = torch.optim.Adam([{"params": self.logits}, {"params": list(self.model.parameters()), "lr": 0.01}], lr=rate)

    def draw(self, count: int, *key: int) -> Tensor:
        with torch.no_grad():
            return self._choices(self._noisy(count, *key))

    def _noisy(self, count: int, *key: int) -> list[Tensor]:
        drawn = generator(*key)
        return [gumbel(logits.expand(count, -1), drawn) for logits in self.logits]

    def _choices(self, noisy: list[Tensor]) -> Tensor:
        """What the noise led to, with 0 where a token has no meaning."""
        tokens = torch.stack([one.argmax(-1) for one in noisy], 1)
        return tokens * self.vocabulary.mask(tokens)

    def learn(self, tokens: Tensor, rewards: Tensor, *key: int) -> float:
        noisy = self._noisy(len(tokens), *key)
        chosen = [one.argmax(-1) for one in noisy]
        drawn = generator(*key, 1)
        given = [gumbel_given(one.expand(len(tokens), -1), c, drawn) for one, c in zip(self.logits, chosen, strict=True)]
        self._move(self.slopes(noisy, given, chosen, self.baseline.advantages(rewards)))
        return self._share()

    def slopes(self, noisy: list[Tensor], given: list[Tensor], chosen: list[Tensor], values: Tensor) -> list[Tensor]:
        """RELAX's gradients of the mean of values over the logits, differentiable in the weights of the model.

        noisy, given: by token, float64 [count, options], noise that led to what was chosen, and noise drawn given it.
        """
        shown = torch.vmap(self.model)(torch.cat([self._soft(noisy), self._soft(given)]))
        before, after = shown[: len(values)], shown[len(values) :]
        pulls = torch.autograd.grad((before - after).mean(), self.logits, create_graph=True)
        error = (values - after)[:, None]
        scores = [nn.functional.one_hot(c, len(one)) - one.detach().softmax(-1) for one, c in zip(self.logits, chosen, strict=True)]
        return [(error * score).mean(0) + pull for score, pull in zip(scores, pulls, strict=True)]

    def _soft(self, noisy: list[Tensor]) -> Tensor:
        return torch.cat([(one / self.temperature).softmax(-1) for one in noisy], -1)

    def _move(self, slopes: list[Tensor]) -> None:
        """Up the slopes; the model of the reward moves so that they vary less."""
        self.optimizer.zero_grad()
        weights = list(self.model.parameters())
        size = torch.stack([slope.square().sum() for slope in slopes]).sum()
        for weight, slope in zip(weights, torch.autograd.grad(size, weights, allow_unused=True), strict=True):
            weight.grad = slope
        entropies = torch.stack([-(one.softmax(-1) * one.log_softmax(-1)).sum() for one in self.logits])
        for logits, slope, more in zip(self.logits, slopes, torch.autograd.grad(entropies.sum(), self.logits), strict=True):
            logits.grad = -slope.detach() - self.entropy * more
        self.optimizer.step()

    def _share(self) -> float:
        entropies = [-(one.softmax(-1) * one.log_softmax(-1)).sum().item() for one in self.logits]
        return sum(entropies) / max(sum(torch.tensor(self.vocabulary.sizes).double().log().tolist()), 1e-12)

    def state(self) -> dict[str, Tensor]:
        held = float("nan") if self.baseline.value is None else self.baseline.value
        found = {"baseline": torch.tensor(held, dtype=torch.float64)}
        for number, parameter in enumerate((*self.logits, *self.model.parameters())):
            found[f"value.{number}"] = parameter.detach().clone()
            found |= {f"adam.{number}.{name}": value.detach().clone() for name, value in self.optimizer.state.get(parameter, {}).items()}
        return found

    def load(self, state: Mapping[str, Tensor]) -> None:
        held = float(state["baseline"])
        self.baseline.value = None if held != held else held
        kept: dict[int, dict[str, Tensor]] = {}
        for name, value in state.items():
            if name.startswith("adam."):
                _, number, what = name.split(".")
                kept.setdefault(int(number), {})[what] = value.clone()
        with torch.no_grad():
            for number, parameter in enumerate((*self.logits, *self.model.parameters())):
                parameter.copy_(state[f"value.{number}"])
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": kept})


@dataclass
class EvenDraws:
    """Every option as likely as any other, always: what the others are put beside."""

    vocabulary: Vocabulary

    def draw(self, count: int, *key: int) -> Tensor:
        drawn = generator(*key)
        tokens = torch.stack([torch.randint(size, (count,), generator=drawn) for size in self.vocabulary.sizes], 1)
        return tokens * self.vocabulary.mask(tokens)

    def learn(self, tokens: Tensor, rewards: Tensor, *key: int) -> float:
        del tokens, rewards, key
        return 1.0

    def state(self) -> dict[str, Tensor]:
        return {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        del state
