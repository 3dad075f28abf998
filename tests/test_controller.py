"""The controller and how it learns: probabilities, masks, gradients against enumeration, PPO against plain loops, resumption."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from mmaug.registry import get_op
from mmaug.search.base.dimensions import Token
from mmaug.search.base.space import PolicySpace
from mmaug.search.controller import Controller, generator
from mmaug.search.policy_gradient import Baseline, Learner, ppo_loss, reinforce_loss
from mmaug.search.vocabulary import Vocabulary, of_space

OPS = ("image.rotate", "image.invert", "image.brightness", "text.synonym", "text.change_case", "audio.gain", "audio.polarity")


def tiny(*sizes: int) -> Vocabulary:
    return Vocabulary(tuple(Token(f"t{i}", tuple(range(size))) for i, size in enumerate(sizes)), ((),) * len(sizes))


@pytest.mark.parametrize("coupling", ["shared", "independent"])
def test_meanings_are_the_spaces(coupling):
    space = PolicySpace(OPS, n_sub=2, n_ops=2, coupling=coupling)
    vocabulary = of_space(space)
    assert vocabulary.tokens == space.tokens()
    rng = np.random.default_rng(0)
    drawn = np.stack([rng.integers(0, size, 300) for size in vocabulary.sizes], 1)
    drawn[:100, ::3] = 0  # plenty of identities
    expected = [space.mask(row) for row in drawn.tolist()]
    assert vocabulary.mask(torch.from_numpy(drawn)).tolist() == expected
    assert not np.array(expected).all(), "some tokens must have no meaning, or nothing is tested"
    for place, earlier in enumerate(vocabulary.giving):
        assert all(other < place for other, _ in earlier), "a token is drawn after what gives it a meaning"


def test_decisions_can_come_first_and_be_left_out():
    space = PolicySpace(OPS, n_sub=1, n_ops=1)
    vocabulary = of_space(space, lambda token: not token.name.endswith(".p"), before={"depth": (1, 2, 3)})
    assert vocabulary.tokens[0] == Token("depth", (1, 2, 3))
    assert not [token for token in vocabulary.tokens if token.name.endswith(".p")]
    ops = [i for i, token in enumerate(vocabulary.tokens) if token.name.endswith(".op")]
    for option, name in enumerate(vocabulary.tokens[ops[0]].options):
        row = [0] * len(vocabulary.tokens)
        row[ops[0]] = option
        means = vocabulary.mask(torch.tensor([row]))[0, ops[0] + 1].item()
        assert means == (name != "identity" and get_op(name).has_strength)


def test_log_probabilities_are_those_that_were_drawn_with():
    controller = Controller(of_space(PolicySpace(OPS)), seed=3)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter *= 8  # far from even
    tokens, logs = controller.sample(64, generator(1))
    again, entropy = controller.judge(tokens)
    torch.testing.assert_close(logs, again.detach(), rtol=0, atol=1e-6)
    means = controller.vocabulary.mask(tokens)
    assert (tokens[~means] == 0).all() and (~means).any(), "what has no meaning is written as 0"
    assert (entropy[~means] == 0).all() and (entropy[means] > 0).all()


def test_probabilities_of_all_policies_sum_to_one():
    """With masks: sequences that stand for one policy count once."""
    controller = Controller(of_space(PolicySpace(OPS[:2], n_sub=1, n_ops=2, bins=1)), seed=5)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter *= 10
    every = torch.tensor(list(itertools.product(*(range(size) for size in controller.vocabulary.sizes))))
    every = torch.unique(every * controller.vocabulary.mask(every), dim=0)
    log_probability, _ = controller.judge(every)
    assert log_probability.exp().sum().item() == pytest.approx(1.0, abs=1e-12)


def test_draws_follow_the_probabilities():
    controller = Controller(tiny(3, 4), seed=1)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter *= 15
    every = torch.tensor(list(itertools.product(range(3), range(4))))
    chances = controller.judge(every)[0].detach().exp().numpy()
    assert chances.max() > 2 / 12
    drawn, _ = controller.sample(20_000, generator(2))
    counts = np.bincount((drawn[:, 0] * 4 + drawn[:, 1]).numpy(), minlength=12)
    z = (counts / 20_000 - chances) / np.sqrt(chances * (1 - chances) / 20_000)
    assert np.abs(z).max() < 4


def test_making_and_drawing_leave_the_global_generator_alone():
    before = torch.get_rng_state()
    one, two = Controller(tiny(3, 4), seed=1), Controller(tiny(3, 4), seed=1)
    assert (one.sample(9, generator(4))[0] == two.sample(9, generator(4))[0]).all()
    assert all((a == b).all() for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert (torch.get_rng_state() == before).all()
    assert not all((a == b).all() for a, b in zip(one.parameters(), Controller(tiny(3, 4), seed=2).parameters(), strict=True))
    assert max(float(p.detach().abs().max()) for p in one.parameters()) <= 0.1


def test_reinforce_is_right_on_average():
    """Against the exact gradient, by enumeration over all sequences, with a token that has no meaning for some of them."""
    vocabulary = Vocabulary(tiny(3, 2, 2).tokens, ((), ((0, (False, True, True)),), ()))
    controller = Controller(vocabulary, hidden=4, embedding=3, seed=7)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter *= 12
    every = torch.tensor(list(itertools.product(range(3), range(2), range(2))))
    every = torch.unique(every * vocabulary.mask(every), dim=0)
    worth = torch.from_numpy(np.random.default_rng(0).uniform(size=12)).double()

    def reward(tokens: torch.Tensor) -> torch.Tensor:
        return worth[tokens @ torch.tensor([4, 2, 1])]

    weights = list(controller.parameters())
    exact = torch.autograd.grad(-(controller.judge(every)[0].exp() * reward(every)).sum(), weights)
    rows = []
    for trial in range(300):
        tokens, _ = controller.sample(64, generator(8, trial))
        loss = reinforce_loss(controller.judge(tokens)[0], reward(tokens) - 0.4)
        rows.append(torch.cat([slope.flatten() for slope in torch.autograd.grad(loss, weights)]))
    drawn = torch.stack(rows)
    apart = drawn.mean(0) - torch.cat([slope.flatten() for slope in exact])
    z = apart / (drawn.std(0) / math.sqrt(len(rows))).clamp_min(1e-12)
    projections = torch.from_numpy(np.random.default_rng(1).standard_normal((40, len(apart))))
    spread = (drawn @ projections.T).std(0) / math.sqrt(len(rows))
    assert ((projections @ apart) / spread).abs().max().item() < 4
    assert z.abs().max().item() < 4.5, "over some hundred weights"


def test_ppo_is_the_papers_loss():
    """Equation 7 of Schulman et al. by plain loops, with its gradient by hand."""
    rng = np.random.default_rng(0)
    new, old, advantage = rng.normal(-3, 0.4, 50), rng.normal(-3, 0.4, 50), rng.normal(size=50)
    loss, slopes = 0.0, []
    for one, before, gain in zip(new, old, advantage, strict=True):
        ratio = math.exp(one - before)
        cut = min(max(ratio, 0.8), 1.2)
        loss -= min(ratio * gain, cut * gain) / 50
        active = ratio * gain <= cut * gain
        slopes.append(-ratio * gain / 50 if active else 0.0)
    given = torch.tensor(new, requires_grad=True)
    found = ppo_loss(given, torch.tensor(old), torch.tensor(advantage), 0.2)
    found.backward()
    assert found.item() == pytest.approx(loss, abs=1e-12)
    assert given.grad is not None
    np.testing.assert_allclose(given.grad.numpy(), slopes, atol=1e-12)
    assert 0 < sum(slope == 0 for slope in slopes) < 50


def test_the_baseline_begins_at_the_first_mean():
    baseline = Baseline(0.9)
    assert baseline.advantages(torch.tensor([1.0, 3.0])).tolist() == [-1.0, 1.0]
    assert baseline.value == pytest.approx(2.0)
    assert baseline.advantages(torch.tensor([4.0])).tolist() == [2.0]
    assert baseline.value == pytest.approx(2.2)


@pytest.mark.parametrize("algorithm", ["ppo", "reinforce"])
def test_a_learner_goes_on_bit_for_bit(algorithm):
    def batch(learner: Learner, number: int) -> dict[str, float]:
        tokens, old = learner.controller.sample(8, generator(5, number))
        return learner.update(tokens, old, tokens.double().sum(1) - 5)

    one = Learner(Controller(tiny(5, 5, 4)), algorithm)
    for number in range(3):
        batch(one, number)
    two = Learner(Controller(tiny(5, 5, 4), seed=9), algorithm)
    two.load(one.state())
    for number in range(3, 6):
        assert batch(one, number) == batch(two, number)
    assert all((a == b).all() for a, b in zip(one.state().values(), two.state().values(), strict=True))


def test_entropy_counts_from_even_to_decided():
    learner = Learner(Controller(tiny(5, 5)), "reinforce", rate=0.05)
    first = last = 0.0
    for number in range(150):
        tokens, old = learner.controller.sample(16, generator(6, number))
        last = learner.update(tokens, old, (tokens == 2).double().sum(1) - 1)["entropy"]
        first = first or last
    assert first == pytest.approx(1, abs=0.02) and last < 0.1


def test_an_unknown_algorithm_is_refused():
    with pytest.raises(ValueError, match="algorithm must be one of ppo, reinforce"):
        Learner(Controller(tiny(2)), "sgd")
