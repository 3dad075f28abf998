"""Adversarial AutoAugment: the laws of searchers, the zero-sum game, a frozen child, and the guards of true rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mmaug.policy import Policy
from mmaug.search.adversarial import AdversarialAutoAugment, hardness, steadied
from mmaug.search.base.evaluator import Capability
from mmaug.search.base.space import PolicySpace
from mmaug.testing.game_task import OPS, GameRun
from mmaug.testing.policy_reading import expected
from mmaug.testing.tasks import MinimaxGame


def bare(**options: Any) -> AdversarialAutoAugment:
    """As in the paper, without guards."""
    return AdversarialAutoAugment(**({"identity": 0.0, "cap": 1.0, "kept": 0.0, "hidden": 16, "embedding": 8} | options))


def played(searcher: AdversarialAutoAugment, task: Any) -> AdversarialAutoAugment:
    searcher.begin(task, task.space)
    while searcher.step() is not None:
        pass
    return searcher


def policy(searcher: AdversarialAutoAugment, place: int) -> Policy:
    found = searcher.best(2)[place]
    assert isinstance(found, Policy)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("game", [1, 3])
def test_the_averages_of_the_game_come_to_rest(game):
    """The payoffs are zero-sum: neither the average policy nor the average child leaves the other much to gain.

    At these games' solutions three ops are mixed. Entropy keeps the controller from settling on one op, after which eight equal copies
    would teach it nothing.
    """
    task = MinimaxGame(seed=game)
    searcher = played(bare(rounds=3000, interval=5, rate=3e-3, entropy=0.5), task)
    assert isinstance(searcher._run, GameRun)
    assert task.exploitability(task.shares(policy(searcher, 0)), searcher._run.average) <= 0.04


def test_against_a_frozen_child_the_worst_op_is_found():
    """It is fixed how hard each op is: more than .9 of what the controller writes at the end is the hardest."""
    for seed in range(2):
        task = MinimaxGame(seed=seed, rate=0.0)
        searcher = played(bare(rounds=250, interval=1, rate=0.01, seed=seed), task)
        worst = int((task.payoff[:-1] @ task.start(seed).skills).argmax())
        assert task.shares(policy(searcher, 1))[worst] > 0.9


def test_every_copy_is_paid_for_and_nothing_goes_on_after_the_last_round():
    searcher, task = bare(rounds=2, interval=5, copies=4), MinimaxGame()
    searcher.begin(task, task.space)
    logs = [log for log in iter(searcher.step, None)]
    assert [(log.cost.evaluations, log.cost.steps) for log in logs] == [(1, 20)] * 2
    assert searcher._run.steps == 10


def test_there_are_no_probabilities_and_strengths_stay_under_the_cap():
    space = PolicySpace(("image.rotate", "text.synonym", "audio.polarity"), n_sub=2, n_ops=2)
    searcher = AdversarialAutoAugment(cap=0.4, identity=0.25, hidden=12)
    searcher.begin(MinimaxGame(), space)
    assert not [token for token in searcher._learner.controller.vocabulary.tokens if token.name.endswith(".p")]
    rng = np.random.default_rng(0)
    strengths = []
    for _ in range(40):
        found = searcher.policy([int(rng.integers(size)) for size in searcher._learner.controller.vocabulary.sizes])
        assert found.p == 0.75 and all(node.p == 1 for node in found.ops())
        assert all(slot.p == 1 or not slot.items for sub in found.items for slot in sub.items)
        strengths += [node.strength for node in found.ops() if node.strength is not None]
    assert max(strengths) == pytest.approx(0.4) and min(strengths) == pytest.approx(0.04)


def test_what_the_controller_hears():
    losses, kept = np.array([1.0, 2.0, 3.0, 99.0, 50.0]), np.array([0.9, 0.8, 0.95, 0.1, 0.3])
    heard = hardness(losses, kept, 0.5, 4.0)
    assert heard[:3].tolist() == [-0.25, 0.0, 0.25]
    assert heard[3] < heard[4] < heard[0], "the more is destroyed, the lower, however high the loss"
    plain = hardness(losses, np.zeros(5), 0.0, losses.std())
    assert plain == pytest.approx((losses - losses.mean()) / losses.std()), "the paper's, where nothing is guarded"
    assert hardness(np.ones(4), np.ones(4), 0.5, 1.0).tolist() == [0.0] * 4
    assert (hardness(losses, np.zeros(5), 0.5, 1.0) == -2).all()


def test_copies_that_are_about_as_hard_teach_little():
    """The deviation is that of many rounds: of one round's alone, noise would be heard as loudly as what matters."""
    deviation = 0.0
    for _ in range(50):
        deviation = steadied(deviation, np.array([1.0, 3.0]))
    assert deviation == pytest.approx(1.0)
    after = steadied(deviation, np.array([2.0, 2.002]))
    assert after == pytest.approx(0.99 + 0.01 * 0.001)
    assert np.abs(hardness(np.array([2.0, 2.002]), np.ones(2), 0.5, after)).max() < 0.002
    assert steadied(after, np.array([])) == steadied(after, np.ones(3)) == after


class Destroying(MinimaxGame):
    """A frozen child to which one op is by far the hardest, since it leaves nothing of the rows."""

    def start(self, seed: int = 0, steps: int | None = None) -> GameRun:
        return DestroyingRun(self, seed)


class DestroyingRun(GameRun):
    def advance(self, steps: int, policies: Sequence[Policy]) -> list[float]:
        return [loss + 5 * expected(one).get(OPS[0], 0.0) for loss, one in zip(super().advance(steps, policies), policies, strict=True)]

    def kept(self, policy: Policy) -> float:
        return 1.0 - expected(policy).get(OPS[0], 0.0)


def test_without_the_guard_destruction_wins_and_with_it_it_does_not():
    task = Destroying(rate=0.0)
    options: dict[str, Any] = {"rounds": 250, "interval": 1, "rate": 0.01}
    destroyed = played(bare(**options), task)
    guarded = played(bare(**options, kept=0.5), task)
    assert task.shares(policy(destroyed, 1))[0] > 0.9
    assert task.shares(policy(guarded, 1))[0] < 0.05
    assert guarded.diagnostics()["destroyed"] > 0


def test_the_average_is_over_all_rounds_by_their_number_and_the_identity_has_its_share():
    searcher = AdversarialAutoAugment(rounds=5, identity=0.2, cap=1.0, hidden=12, size=1000)
    task = MinimaxGame()
    searcher.begin(task, task.space)
    seen = []
    advance = searcher._run.advance

    def watched(steps: int, policies: Sequence[Policy]) -> list[float]:
        seen.extend(policies)
        return advance(steps, policies)

    searcher._run.advance = watched  # type: ignore[method-assign]
    while searcher.step() is not None:
        pass
    assert len(seen) == 5 * 8
    mean = np.average([task.shares(one) for one in seen], axis=0, weights=np.repeat(np.arange(5) + 1, 8))
    assert task.shares(policy(searcher, 0)) == pytest.approx(mean)
    assert task.shares(policy(searcher, 0))[-1] >= 0.2 - 1e-9


def test_many_sub_policies_are_drawn_from():
    searcher = AdversarialAutoAugment(rounds=20, size=10, hidden=12)
    task = MinimaxGame()
    task_space = PolicySpace(OPS, n_sub=3, n_ops=2)
    searcher.begin(task, task_space)
    while searcher.step() is not None:
        pass
    assert searcher.diagnostics()["distinct_sub_policies"] > 100
    assert all(len(policy(searcher, place).items) <= 10 for place in (0, 1))


def test_it_says_when_it_has_collapsed():
    searcher = played(bare(rounds=150, interval=1, rate=0.05), MinimaxGame(rate=0.0))
    assert searcher.diagnostics()["collapsed"] and searcher.diagnostics()["op_entropy"] < 0.02
    assert not played(bare(rounds=3), MinimaxGame()).diagnostics()["collapsed"]


def test_what_it_needs_and_refuses():
    assert AdversarialAutoAugment.requires == Capability.RESUME
    for options in ({"copies": 1}, {"rounds": 0}, {"identity": 1.0}, {"cap": 0.0}, {"kept": 1.0}):
        with pytest.raises(ValueError, match="AdversarialAutoAugment"):
            AdversarialAutoAugment(**options)
