"""Joint search: the laws of searchers, the planted table, and RELAX over many samples at once against enumeration."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Any

import numpy as np
import pytest
import torch

from mmaug.policy import Policy
from mmaug.search.base.candidate import JointCandidate
from mmaug.search.base.dimensions import Token
from mmaug.search.controller import generator
from mmaug.search.estimators import gumbel, gumbel_given
from mmaug.search.joint_draws import RelaxedDraws
from mmaug.search.joint_nas import JointNAS
from mmaug.search.vocabulary import Vocabulary
from mmaug.testing.searchers import SearcherContract
from mmaug.testing.tasks import JointTable


def stepped(searcher: JointNAS, task: JointTable) -> list[dict[str, float]]:
    searcher.begin(task, task.space)
    return [dict(log.values) for log in iter(searcher.step, None)]


class TestDifferentiable(SearcherContract):
    def make(self) -> JointNAS:
        return JointNAS(method="differentiable", rounds=4, shared=2, samples=4)

    def task(self) -> JointTable:
        return JointTable()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["controller", "differentiable"])
def test_it_finds_the_pair_that_belongs_together(method):
    """2400 rewards on five tables: the best candidate, and what is drawn at the end beside even draws."""
    worths = []
    for seed in range(5):
        task = JointTable(seed=seed)
        searcher = JointNAS(method=method, rounds=150, shared=0, seed=seed)
        logs = stepped(searcher, task)
        worths.append(task.true(searcher.best(1)[0]))
        even = stepped(JointNAS(method="random", rounds=20, shared=0, seed=seed), task)
        drawn = statistics.fmean(log["mean"] for log in logs[-10:])
        assert drawn > 2 * statistics.fmean(log["mean"] for log in even)
    assert sum(worth >= 0.92 for worth in worths) >= 4, worths


def test_architectures_come_first_and_candidates_are_of_the_space():
    task = JointTable()
    searcher = JointNAS(rounds=2, hidden=12)
    stepped(searcher, task)
    assert [token.name for token in searcher._vocabulary.tokens[:2]] == ["depth", "width"]
    for candidate in searcher.best(5):
        assert isinstance(candidate, JointCandidate) and isinstance(candidate.policy, Policy)
        assert set(candidate.architecture) == {"depth", "width"}
        assert searcher.candidate(searcher._tokens(candidate)) == candidate


def test_a_round_trains_shared_weights_and_fine_tunes_before_rewards():
    class Counting:
        choices = JointTable().supernet().choices

        def __init__(self) -> None:
            self.inner, self.calls = JointTable().supernet(), []

        def step(self, architecture: Any, policy: Policy) -> float:
            self.calls.append("step")
            return self.inner.step(architecture, policy)

        def reward(self, architecture: Any, policy: Policy, steps: int) -> float:
            self.calls.append(f"reward {steps}")
            return self.inner.reward(architecture, policy, steps)

    class Task(JointTable):
        def supernet(self, seed: int = 0) -> Any:
            return net

    net, searcher = Counting(), JointNAS(rounds=2, shared=3, samples=2, fine_tune=5, hidden=12)
    searcher.begin(Task(), Task().space)
    log = searcher.step()
    assert net.calls == ["step"] * 3 + ["reward 5"] * 2
    assert log is not None and log.cost.steps == 3 + 2 * 5 and log.cost.evaluations == 2


def test_the_best_is_not_the_luckiest():
    """Of two as good on average, the one that was rewarded more often; noise is read off repeated rewards."""
    searcher = JointNAS(rounds=1, samples=2, hidden=12)
    stepped(searcher, JointTable())
    one, two = (tuple(searcher._tokens(c)) for c in searcher.best(2))
    searcher._found = {one: (1, 0.9, 0.81), two: (4, 3.52, 3.1)}
    values = [0.88 + d for d in (-0.0187, -0.0187, 0.0187, 0.0187)]
    searcher._found[two] = (4, sum(values), sum(value * value for value in values))
    assert searcher._noise() == pytest.approx(statistics.stdev(values), rel=1e-6)
    searcher._found[two] = (4, 3.6, 4 * 0.81 + searcher._noise() ** 2 * 3)
    assert searcher._tokens(searcher.best(1)[0]) == two  # type: ignore[arg-type]


def test_gradients_over_many_samples_are_right_on_average():
    """RELAX with a model that is far off, against enumeration; and it must differ from plain scores, or the model plays no part."""
    vocabulary = Vocabulary(tuple(Token(f"t{i}", tuple(range(size))) for i, size in enumerate((3, 2))), ((), ()))
    draws = RelaxedDraws(vocabulary, 0.05, 0.0, 0.95, seed=1)
    rng = np.random.default_rng(0)
    with torch.no_grad():
        draws.model.last.copy_(torch.from_numpy(rng.normal(0, 0.1, len(draws.model.last))))
        for logits in draws.logits:
            logits.copy_(torch.from_numpy(rng.normal(0, 0.7, len(logits))))
    worth = torch.from_numpy(rng.uniform(size=(3, 2)))
    chances = torch.outer(draws.logits[0].softmax(-1), draws.logits[1].softmax(-1))
    exact = torch.cat([slope for slope in torch.autograd.grad((chances * worth).sum(), draws.logits)])
    rows, plain = [], []
    for trial in range(400):
        noisy = [gumbel(logits.expand(64, -1), drawn) for drawn in [generator(1, trial)] for logits in draws.logits]
        chosen = [one.argmax(-1) for one in noisy]
        drawn = generator(2, trial)
        given = [gumbel_given(one.expand(64, -1), c, drawn) for one, c in zip(draws.logits, chosen, strict=True)]
        values = worth[chosen[0], chosen[1]]
        rows.append(torch.cat([slope.detach() for slope in draws.slopes(noisy, given, chosen, values)]))
        scores = [torch.eye(len(one)).double()[c] - one.detach().softmax(-1) for one, c in zip(draws.logits, chosen, strict=True)]
        plain.append(torch.cat([(values[:, None] * score).mean(0) for score in scores]))
    found = torch.stack(rows)
    z = (found.mean(0) - exact) / (found.std(0) / math.sqrt(len(found)))
    assert z.abs().max().item() < 4
    assert not torch.allclose(found, torch.stack(plain), atol=1e-3)


def test_even_draws_are_even_and_canonical():
    task, searcher = JointTable(), JointNAS(method="random", rounds=1)
    searcher.begin(task, task.space)
    tokens = searcher._draws.draw(4000, 3)
    means = searcher._vocabulary.mask(tokens)
    assert (tokens[~means] == 0).all()
    for place, size in itertools.islice(enumerate(searcher._vocabulary.sizes), 3):
        counts = np.bincount(tokens[:, place].numpy(), minlength=size)
        assert ((counts - 4000 / size) ** 2 / (4000 / size)).sum() < 60


@pytest.mark.parametrize("options", [{"method": "darts"}, {"rounds": 0}, {"samples": 0}, {"fine_tune": 0}])
def test_what_it_refuses(options):
    with pytest.raises(ValueError, match="JointNAS"):
        JointNAS(**options)
