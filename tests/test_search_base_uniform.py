"""Searchers that draw evenly: RandAugment's grid, TrivialAugment, random search; and whether old policies still hold."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from mmaug import TransformGraph, policies
from mmaug.errors import MmaugError, PolicyError
from mmaug.policy import Policy
from mmaug.registry import get_op
from mmaug.schema import Audio, Caption, Image, Schema
from mmaug.search import PolicySpace, RandAugment, RandomSearch, TrivialAugment, drift
from mmaug.search.base.candidate import digest
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.trivial_augment import trivial
from mmaug.testing.tasks import InverseShift, PlantedBandit, PlantedGrid

OPS = ("image.rotate", "image.invert", "text.synonym", "audio.gain", "audio.swap_channels")
SCHEMA = Schema(image=Image(), caption=Caption(of="image"), audio=Audio(recorded_with="image"))


def plans(policy: Policy, count: int = 3000) -> list[list]:
    graph = TransformGraph(policy, schema=SCHEMA, seed=4)
    return [list(graph.plan(key=number).steps) for number in range(count)]


def even(counts: list[int]) -> bool:
    return stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_grid_finds_what_is_planted_exactly(joint, seed):
    task = PlantedGrid(seed=seed)
    result = RandAugment(most=2, joint=joint).search(task, budget=1331, baselines=())
    assert task.space.values(result.policy) == task.planted


def test_each_cell_is_visited_once():
    """Coordinate by coordinate 1 + 3 * 2 * 5 cells, all combinations 11 * 11 * 11."""
    task = PlantedGrid()
    for joint, cells in ((False, 1 + 3 * 2 * 5), (True, 11**3)):
        result = RandAugment(most=2, joint=joint, batch=7).search(task, budget=5000, baselines=())
        visited = [digest(record.candidate) for record in result.history]
        assert len(visited) == len(set(visited)) == cells
    combinations = {json.dumps(task.space.values(record.candidate), sort_keys=True) for record in result.history}
    assert len(combinations) == 11**3


def test_one_modality_at_a_time_holds_the_others_at_the_best():
    """Against the hill itself: after a modality all later cells have its planted values."""
    task = PlantedGrid(seed=1)
    result = RandAugment(most=2).search(task, budget=100, baselines=())
    later = [task.space.values(record.candidate) for record in result.history[1 + 10 :]]
    assert all((v["image.n"], v["image.strength"]) == (task.planted["image.n"], task.planted["image.strength"]) for v in later)


def test_a_grid_that_was_stopped_visits_the_rest_once(tmp_path):
    task = PlantedGrid()
    RandAugment(most=2).search(task, budget=17, resume=tmp_path, baselines=())
    result = RandAugment(most=2).search(task, budget=100, resume=tmp_path, baselines=())
    visited = [digest(record.candidate) for record in result.history]
    assert len(visited) == len(set(visited)) == 31
    keys = [json.loads(line).get("key", "") for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert len([key for key in keys if key.startswith("trial/")]) == 31


def test_the_grid_waits_for_answers_that_it_needs():
    task, searcher = PlantedGrid(), RandAugment(most=2)
    searcher.begin(task, task.space)
    searcher.tell(searcher.ask(1)[0], Evaluation(0.0))
    assert len(searcher.ask(100)) == 10  # one modality
    with pytest.raises(MmaugError, match="told the answers to its last 10"):
        searcher.ask(1)


def test_the_grid_starts_where_it_is_told():
    task = PlantedGrid(seed=2)
    start = task.space.policy(task.planted)
    result = RandAugment(most=2).search(task, budget=100, baselines=(), init=start)
    assert result.history[0].candidate == start and task.space.values(result.policy) == task.planted
    assert len(result.history) == len({digest(record.candidate) for record in result.history}) == 1 + 3 * 10


def test_rand_augment_draws_evenly():
    """In the graph's own plans: n ops a modality, each as often as the identity, all at the strength asked for."""
    space = PolicySpace(OPS).compact(most=3)
    drawn = plans(space.policy({"image.n": 3, "image.strength": 0.5, "text.n": 1, "text.strength": 0.2, "audio.n": 0, "audio.strength": 0}))
    counts = {name: sum(step.op == name for plan in drawn for step in plan) for name in OPS}
    assert even([counts["image.rotate"], counts["image.invert"], 9000 - counts["image.rotate"] - counts["image.invert"]])
    assert even([counts["text.synonym"], 3000 - counts["text.synonym"]])
    assert counts["audio.gain"] == counts["audio.swap_channels"] == 0
    reach = get_op("image.rotate").params["degrees"].reach  # type: ignore[attr-defined]
    assert {round(abs(s.params["degrees"]), 9) for plan in drawn for s in plan if s.op == "image.rotate"} == {round(reach / 2, 9)}


def test_trivial_augment_draws_evenly_for_every_row():
    """Ops by chi-square, magnitudes over the whole space by Kolmogorov-Smirnov."""
    drawn = plans(trivial(OPS))
    for names in (OPS[:2], OPS[2:3], OPS[3:]):
        counts = [sum(step.op == name for plan in drawn for step in plan) for name in names]
        assert even([*counts, 3000 - sum(counts)])
    degrees = [step.params["degrees"] for plan in drawn for step in plan if step.op == "image.rotate"]
    assert stats.kstest(degrees, stats.uniform(-135, 270).cdf).pvalue > 1e-3
    assert stats.kstest(degrees, stats.uniform(-30, 60).cdf).pvalue < 1e-9
    narrow = [step.params["degrees"] for plan in plans(trivial(OPS, "standard")) for step in plan if step.op == "image.rotate"]
    assert stats.kstest(narrow, stats.uniform(-30, 60).cdf).pvalue > 1e-3


def test_joint_trivial_augment_changes_one_modality_of_a_row():
    drawn = plans(trivial(OPS, joint=True))
    assert max(len(plan) for plan in drawn) == 1
    counts = {name: sum(step.op == name for plan in drawn for step in plan) for name in OPS}
    assert even([2 * counts["text.synonym"], 3 * counts["image.rotate"], 3 * counts["audio.gain"]])
    assert max(len(plan) for plan in plans(trivial(OPS))) == 3


def test_trivial_augment_asks_once_and_needs_no_answer():
    result = TrivialAugment().search(PlantedBandit(), baselines=())
    assert len(result.history) == 1 and result.policy == trivial(PlantedBandit().space.ops or ())
    with pytest.raises(MmaugError, match="space must be one of"):
        TrivialAugment(space="huge")
    with pytest.raises(PolicyError, match="space must be one of"):
        trivial(("image.rotate",), space="huge")


def test_random_search_is_beside_what_is_planted():
    """200 trials of a space of 16 ** 2 pairs of ops: far from the best, and better than nothing."""
    regrets = []
    for seed in range(5):
        task = PlantedBandit(seed=seed)
        regrets.append(task.regret(RandomSearch(seed=seed).search(task, budget=200, baselines=()).policy))
    assert 0.05 < float(np.mean(regrets)) < 0.5


def test_random_search_keeps_its_candidates_when_asked_in_other_batches():
    task = PlantedBandit()
    one, three = RandomSearch(batch=1), RandomSearch(batch=3)
    histories = [[r.candidate for r in s.search(task, budget=12, baselines=()).history] for s in (one, three)]
    assert histories[0] == histories[1]


def test_drift_sees_that_the_world_has_moved():
    """A policy that brings darkened rows back is kept while rows are darkened, and not where they are turned."""
    old = InverseShift()
    found = old.space.policy({"sub0.slot0.image.op": old.op, "sub0.slot0.p": 1.0, "sub0.slot0.image.strength": old.shift})
    same = drift(found, old, InverseShift(seed=5))
    assert not same.search and "keep it" in same.reason
    moved = drift(found, old, InverseShift(op="image.rotate"))
    assert moved.search and "no augmentation" in moved.reason and "nor did it" not in moved.reason
    assert moved.new["policy"].mean < moved.new["identity"].mean < 0.01 < moved.old["policy"].mean
    assert json.dumps(moved.to_json()) and "new search is worth it" in str(moved)
    useless = drift(policies.identity(), old, old)
    assert useless.search and "nor did it beat" in useless.reason
