"""Estimators of gradients against enumeration, and unrolled training against central differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmaug.search.estimators import (
    ControlVariate,
    gumbel,
    gumbel_given,
    leave_one_out,
    log_chance,
    relax_gradients,
    score_surrogate,
    straight_through,
    unrolled,
)

WORTH = torch.tensor([0.3, -1.0, 2.0, 0.1, 0.7, -0.4], dtype=torch.float64)
DRAWS = 2000


pytestmark = pytest.mark.usefixtures("one_thread")


def logits() -> torch.Tensor:
    return torch.tensor([0.5, -0.2, 0.1, 1.0, -1.0, 0.0], dtype=torch.float64, requires_grad=True)


def curved(soft: torch.Tensor) -> torch.Tensor:
    """An objective of one choice of six that is no straight line between the corners; at a corner it is the square of its worth."""
    return (soft @ WORTH) ** 2


def enumerated() -> torch.Tensor:
    """The gradient of the expected objective, from its definition."""
    at = logits()
    (slope,) = torch.autograd.grad((at.softmax(0) * WORTH**2).sum(), at)
    return slope


def apart(samples: list[torch.Tensor]) -> float:
    """How many standard errors the mean of samples lies from the truth, at most."""
    stacked = torch.stack(samples)
    error = stacked.std(0) / math.sqrt(len(stacked))
    return float(((stacked.mean(0) - enumerated()).abs() / error).max())


def one_score(generator: torch.Generator, samples: int = 4) -> torch.Tensor:
    at = logits()
    chosen = gumbel(at.detach().expand(samples, 6), generator).argmax(-1)
    (slope,) = torch.autograd.grad(score_surrogate(log_chance(at.expand(samples, 6), chosen), WORTH[chosen] ** 2), at)
    return slope


def one_relax(generator: torch.Generator, control: ControlVariate, temperature: float = 0.5) -> list[torch.Tensor]:
    at = logits()
    noisy = gumbel(at, generator)
    chosen = noisy.argmax()
    given = gumbel_given(at, chosen, generator)
    assert given.argmax() == chosen
    soft = [control((z / temperature).softmax(-1)) for z in (noisy, given)]
    return relax_gradients(float(WORTH[chosen] ** 2), log_chance(at, chosen), *soft, [at])


def test_scores_are_right_on_average():
    generator = torch.Generator().manual_seed(0)
    samples = [one_score(generator) for _ in range(DRAWS)]
    assert apart(samples) < 4
    assert apart([sample * 1.15 for sample in samples]) > 4, "the test sees a gradient that is 15 % too long"


def test_relax_is_right_on_average_and_varies_less_once_it_has_learnt():
    generator = torch.Generator().manual_seed(1)
    control = ControlVariate(6, generator).double()
    plain = [one_relax(generator, control)[0].detach() for _ in range(DRAWS)]
    learning = torch.optim.Adam(control.parameters(), lr=0.01)
    for _ in range(1500):
        learning.zero_grad()
        one_relax(generator, control)[0].square().sum().backward()
        learning.step()
    learnt = [one_relax(generator, control)[0].detach() for _ in range(DRAWS)]
    assert apart(plain) < 4 and apart(learnt) < 4
    assert torch.stack(learnt).var(0).sum() < 0.75 * torch.stack(plain).var(0).sum()


def test_straight_through_leans_and_the_more_the_softer():
    generator = torch.Generator().manual_seed(2)
    leaning = {}
    for temperature in (0.5, 5.0):
        samples = []
        for _ in range(DRAWS):
            at = logits()
            (slope,) = torch.autograd.grad(curved(straight_through(gumbel(at, generator), temperature)), at)
            samples.append(slope)
        leaning[temperature] = apart(samples)
    assert leaning[0.5] > 6 and leaning[5.0] > 50, leaning


def test_a_straight_through_choice_is_hard():
    generator = torch.Generator().manual_seed(3)
    noisy = gumbel(logits().expand(100, 6), generator)
    hard = straight_through(noisy, 0.5)
    assert torch.equal(hard.detach().argmax(-1), noisy.argmax(-1))
    assert hard.detach().sum(-1).sub(1).abs().max() < 1e-12


def test_noise_chooses_as_often_as_the_logits_say_and_keeps_its_law_when_the_choice_is_known():
    generator, at = torch.Generator().manual_seed(4), logits().detach()
    noisy = gumbel(at.expand(40_000, 6), generator)
    chances = at.softmax(0)
    counted = torch.bincount(noisy.argmax(-1), minlength=6) / 40_000
    assert ((counted - chances).abs() / (chances * (1 - chances) / 40_000).sqrt()).max() < 4
    again = gumbel_given(at.expand(40_000, 6), noisy.argmax(-1), generator)
    assert torch.equal(again.argmax(-1), noisy.argmax(-1))
    for column in range(6):  # the law of all together must be that of noise drawn freely (two-sample Kolmogorov-Smirnov)
        one, two = np.sort(noisy[:, column].numpy()), np.sort(again[:, column].numpy())
        both = np.concatenate([one, two])
        gap = np.abs(np.searchsorted(one, both, "right") - np.searchsorted(two, both, "right")).max() / 40_000
        assert gap < 1.95 * math.sqrt(2 / 40_000)


def test_leaving_one_out_is_each_against_the_mean_of_the_others():
    values = torch.tensor([1.0, 5.0, 3.0])
    assert leave_one_out(values).tolist() == [1 - 4.0, 5 - 2.0, 3 - 3.0]
    assert leave_one_out(values[:1]).tolist() == [1.0]


@pytest.mark.parametrize("steps", [1, 5])
def test_unrolled_training_against_central_differences(steps):
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    y = torch.sin(x.sum(1))
    start = {"w": 0.3 * torch.randn(4, 8, generator=generator, dtype=torch.float64), "v": torch.ones(8, dtype=torch.float64) / 8}

    def loss(weights, inputs):
        return ((torch.tanh(inputs @ weights["w"]) @ weights["v"] - y) ** 2).mean()

    def after(amount: torch.Tensor) -> torch.Tensor:
        train = [lambda weights: loss(weights, x * (1 + amount[0]) + amount[1])] * steps
        return loss(unrolled(train, start, 0.3), x)

    amount = torch.tensor([0.2, -0.4], dtype=torch.float64, requires_grad=True)
    (exact,) = torch.autograd.grad(after(amount), amount)
    for number in range(2):
        ahead = [after(amount.detach() + sign * 1e-5 * torch.eye(2, dtype=torch.float64)[number]).item() for sign in (1, -1)]
        assert float(exact[number]) == pytest.approx((ahead[0] - ahead[1]) / 2e-5, rel=1e-6)


def test_unrolled_plainly_gives_the_same_weights():
    start = {"w": torch.tensor([1.0, -2.0])}
    losses = [lambda weights: (weights["w"] ** 2).sum()] * 3
    exact, plain = unrolled(losses, start, 0.1), unrolled(losses, start, 0.1, exact=False)
    assert torch.equal(exact["w"], plain["w"]) and torch.allclose(plain["w"], start["w"] * 0.8**3)
    assert not plain["w"].grad_fn and not start["w"].requires_grad
