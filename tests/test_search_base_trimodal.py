"""Which rewards rank policies rightly, on shapes with a side in three modalities."""

from __future__ import annotations

import numpy as np
import pytest

from mmaug.policy import Policy
from mmaug.search import RandomSearch
from mmaug.search.base.evaluator import Evaluation
from mmaug.testing.trimodal_task import MIRRORS, Trimodal, augment, policy_of_slots, recall_at_1, said, slot, train

TASK = Trimodal()
UP_AND_DOWN = slot("image.translate_y", p=0.8)
POLICIES: dict[str, Policy] = {
    name: policy_of_slots(TASK, *slots)
    for name, slots in {
        "identity": (),
        "image alone": (slot(MIRRORS[0]),),
        "words alone": (slot(MIRRORS[1]),),
        "without sound": (slot(*MIRRORS[:2]),),
        "all three": (slot(*MIRRORS),),
        "up and down": (UP_AND_DOWN,),
        "noise": (slot("image.gaussian_noise", "audio.gaussian_noise", p=1.0, strength=1.0),),
        "planted": (slot(*MIRRORS), UP_AND_DOWN),
    }.items()
}


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, float]]:
    found: dict[str, list[Evaluation]] = {n: [TASK.evaluate(p, seed=seed) for seed in (0, 1)] for n, p in POLICIES.items()}
    return {n: {key: float(np.mean([e.metrics[key] for e in es])) for key in es[0].metrics} for n, es in found.items()}


@pytest.mark.slow
def test_held_out_recall_ranks_policies_as_the_test_does(measured):
    recall = {name: metrics["recall"] for name, metrics in measured.items()}
    assert recall["planted"] == max(recall.values())
    assert recall["planted"] > recall["all three"] + 0.05 > recall["up and down"] > recall["identity"] + 0.05
    for partly in ("image alone", "words alone", "without sound"):
        assert recall["all three"] > recall[partly] + 0.1 and recall[partly] < recall["identity"] + 0.05
    assert recall["noise"] == min(recall.values())
    from scipy import stats

    assert stats.spearmanr([m["recall"] for m in measured.values()], [m["test"] for m in measured.values()]).statistic > 0.9


@pytest.mark.slow
def test_consistency_is_a_trap_as_a_reward(measured):
    """Nothing is as consistent as no augmentation, and what helps most is among the least consistent."""
    consistency = {name: metrics["consistency"] for name, metrics in measured.items()}
    assert consistency["identity"] == max(consistency.values()) and consistency["identity"] > -1e-5
    assert consistency["planted"] == min(consistency.values())
    assert measured["planted"]["test"] > measured["identity"]["test"] + 0.2


@pytest.mark.slow
def test_a_search_by_consistency_returns_next_to_nothing():
    """Given both to start from, each reward prefers its own."""
    start = [POLICIES["identity"], POLICIES["planted"]]
    for reward, best in (("consistency", "identity"), ("retrieval", "planted")):
        task = Trimodal(reward=reward)
        result = RandomSearch().search(task, budget=2, init=start, baselines=(), top=2, rerank_seeds=1)
        assert result.policy == POLICIES[best]


def test_the_task_is_pure_and_its_ops_do_what_they_say():
    rows = TASK.splits["valid"]
    once = TASK.evaluate(POLICIES["planted"], fidelity=0.05, seed=3)
    assert once == TASK.evaluate(POLICIES["planted"], fidelity=0.05, seed=3) != TASK.evaluate(POLICIES["planted"], fidelity=0.05, seed=4)
    always = policy_of_slots(TASK, slot(*MIRRORS, p=1.0))
    turned = augment(rows.take(np.arange(50)), always, np.random.default_rng(0))
    assert (turned.pictures == rows.pictures[:50, :, ::-1]).all() and (turned.sounds == rows.sounds[:50, ::-1]).all()
    assert (said(turned.words) == said(rows.words[:50]) ^ 1).all() and (said(rows.words) == rows.groups).all()
    back = augment(turned, always, np.random.default_rng(0))
    assert (back.words == rows.words[:50]).all() and (back.pictures == rows.pictures[:50]).all()


def test_recall_is_that_of_a_plain_loop():
    """Hits counted one by one, in float64."""
    from mmaug.testing.trimodal_task import PAIRS, embed

    rows = TASK.splits["valid"].take(np.arange(40))
    weights = train(TASK.splits["train"], Policy.sequence(), 5, [0, 0])
    vectors = [one.double().numpy() for one in embed(weights, rows)]
    hits = []
    for one, other in (direction for pair in PAIRS for direction in (pair, pair[::-1])):
        for row in range(40):
            nearest = max(range(40), key=lambda i: float(vectors[one][row] @ vectors[other][i]))
            hits.append(rows.groups[nearest] == rows.groups[row])
    assert recall_at_1(weights, rows) == pytest.approx(np.mean(hits), abs=1e-6)
