"""Population based augmentation: its policies against the paper's walk, its rounds, and a schedule that was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmaug.policy import Policy, op
from mmaug.registry import get_op
from mmaug.search.base.searcher import StepLog
from mmaug.search.base.space import PolicySpace
from mmaug.search.base.state import unpacked
from mmaug.search.population import PopulationBased, explore, schedule
from mmaug.search.population_space import COUNTS, PopulationSpace, places
from mmaug.testing.policy_reading import expected, strength_of
from mmaug.testing.tasks import PlantedSchedule

OPS = ("image.rotate", "image.invert", "image.brightness", "text.synonym")
TASK = PlantedSchedule()


def walk(shares: np.ndarray, rng: np.random.Generator) -> list[int]:
    """The paper's algorithm 2, word by word: which entries run, in order."""
    count = int(rng.choice(3, p=COUNTS))
    ran: list[int] = []
    for entry in rng.permutation(len(shares)):
        if len(ran) == count:
            break
        if rng.random() < shares[entry]:
            ran.append(int(entry))
    return ran


def test_places_are_those_of_the_papers_walk():
    shares, rng, draws = np.array([0.9, 0.0, 0.3, 1.0, 0.5, 0.1]), np.random.default_rng(0), 40_000
    counted = np.zeros((2, len(shares)))
    for _ in range(draws):
        for place, entry in enumerate(walk(shares, rng)):
            counted[place, entry] += 1
    first, second = places(shares)
    for place, chances in enumerate(((COUNTS[1] + COUNTS[2]) * first, COUNTS[2] * second)):
        error = np.sqrt(np.maximum(chances * (1 - chances), 1e-9) / draws)
        assert (np.abs(counted[place] / draws - chances) / error < 4).all()
    assert first[1] == second[1] == 0
    assert places(np.ones(4))[0].sum() == pytest.approx(1)
    assert places(np.array([1.0, 0, 0]))[1].sum() == 0, "a second needs another entry that runs"


def test_policies_run_each_op_as_often_as_the_walk():
    space, rng = PopulationSpace(OPS), np.random.default_rng(1)
    vector = np.stack([rng.integers(0, 11, 8), rng.integers(0, 10, 8)], 1)
    counts = expected(space.policy(vector))
    for name in OPS:
        rows = [number for number, entry in enumerate(space.entries) if entry == name]
        assert counts.get(name, 0.0) == pytest.approx(space.chances(vector)[rows].sum())
    text = space.chances(vector)[6:]
    assert text.sum() == pytest.approx(COUNTS[1] * (1 - np.prod(1 - vector[6:, 0] / 10)) + COUNTS[2] * (vector[6:, 0] / 10).sum())


def test_strengths_are_ninths_and_nothing_is_the_identity():
    space = PopulationSpace(("image.rotate", "image.invert"))
    vector = np.array([[10, 3], [0, 9], [5, 9], [0, 0]])
    named = {(node.name, node.strength) for node in space.policy(vector).ops()}
    assert named == {("image.rotate", 3 / 9), ("image.invert", None)}
    assert not list(space.policy(space.nothing()).ops())
    assert Policy.from_json(space.policy(vector).to_json()) == space.policy(vector)


def test_a_policy_of_any_kind_becomes_a_start():
    space = PopulationSpace(("image.rotate", "image.invert"))
    policy = Policy.choice([Policy.sequence(op("image.rotate", p=0.8, strength=1.0)), op("image.invert", p=0.4), op("image.hue")])
    assert space.vector(policy).tolist() == [[3, 9], [0, 0], [1, 4], [0, 0]], "invert takes no strength: half, which nothing reads"
    thrice = Policy.sequence(*[op("image.rotate", p=0.4, strength=1 / 3)] * 3)
    assert space.vector(thrice).tolist() == [[6, 3], [6, 3], [0, 0], [0, 0]]


def test_explore_stays_in_range_and_draws_afresh_as_often_as_it_says():
    rng, tops = np.random.default_rng(2), np.array([10, 9])
    start = np.tile([5, 4], (20_000, 1))
    moved = explore(start, rng)
    assert (moved >= 0).all() and (moved <= tops).all()
    steps = moved - start
    far = np.abs(steps) > 3  # only a fresh draw comes there
    for column, chance in enumerate((4 / 11, 3 / 10)):
        assert far[:, column].mean() / chance == pytest.approx(0.2, abs=0.02)
    near = [(steps[:, 0] == step).mean() for step in range(-3, 4)]
    assert near[0] == pytest.approx(0.8 / 8 + 0.2 / 11, abs=0.01)
    assert near[3] == pytest.approx(0.8 / 4 + 0.2 / 11, abs=0.01)
    ends = explore(np.tile([10, 0], (2000, 1)), rng, resample=0.0)
    assert ends.max(0).tolist() == [10, 3] and ends.min(0).tolist() == [7, 0]


def through(searcher: PopulationBased, task: PlantedSchedule = TASK) -> PopulationBased:
    searcher.begin(task, task.space)
    while searcher.step():
        pass
    return searcher


def test_a_planted_schedule_is_found():
    constants = [TASK.evaluate(Policy.sequence(op(TASK.op, strength=s / 50))).objective for s in range(51)]
    for seed in range(2):
        best = through(PopulationBased(seed=seed)).best(1)[0]
        assert isinstance(best, Policy) and best.kind == "schedule"
        assert TASK.evaluate(best).objective - max(constants) >= 0.2
        apart = [abs(strength_of(best.at(step / 200), TASK.op) - TASK.planted(step)) * 9 for step in range(200)]
        assert np.mean(apart) <= 1
        longer = PlantedSchedule(steps=1000)
        assert longer.evaluate(best).objective == pytest.approx(TASK.evaluate(best).objective, abs=0.01)


def test_a_schedule_is_its_lineage_in_proportion():
    space = PopulationSpace(("image.rotate",))
    one, two = np.array([[10, 3], [0, 0]]), np.array([[10, 6], [0, 0]])
    joined = schedule(space, np.stack([one, one, two, two, two, one, one, one]))
    assert joined.weights == (0.0, 2 / 8, 5 / 8)
    assert [strength_of(joined.at(x), "image.rotate") for x in (0.2, 0.3, 0.9)] == [3 / 9, 6 / 9, 3 / 9]
    assert schedule(space, np.stack([one, one])) == space.policy(one)


def test_the_worst_take_over_weights_and_lineage_bit_for_bit(monkeypatch):
    searcher = PopulationBased(population=8, rounds=6)
    starts = [Policy.sequence(op("image.rotate", strength=magnitude / 9)) for magnitude in range(8)]
    searcher.begin(TASK, PolicySpace(("image.rotate", "image.invert")), starts)
    monkeypatch.setattr("mmaug.search.population.explore", lambda vector, rng, resample: vector + 0)
    for _ in range(4):
        searcher.step()
    ranking = searcher._ranking()
    states = [unpacked(held) for held in searcher._states]
    assert all(int(held["steps"]) == 4 * 3 for held in states)
    searcher._exploit()
    for number, held in enumerate(map(unpacked, searcher._states)):
        same = [m for m in ranking[:2] if all(torch.equal(held[k], states[m][k]) for k in states[m])]
        if number in ranking[-2:]:
            assert same and np.array_equal(searcher._lineages[number], searcher._lineages[same[0]])
            assert searcher._lineages[number] is not searcher._lineages[same[0]]
        else:
            assert all(torch.equal(held[k], states[number][k]) for k in states[number])
    assert {len(lineage) for lineage in searcher._lineages} == {4}


def timeless(log: StepLog | None) -> StepLog | None:
    """The log without the seconds that it took."""
    return log and replace(log, cost=replace(log.cost, seconds=0.0))


def test_resumed_is_uninterrupted():
    whole = PopulationBased(population=6, rounds=9)
    whole.begin(TASK, TASK.space)
    logs = [timeless(whole.step()) for _ in range(10)]
    assert logs[-1] is None and logs[0] is not None and logs[0].cost.steps == 6 * 3
    for stopped in (0, 4):
        half, other = PopulationBased(population=6, rounds=9), PopulationBased(population=6, rounds=9)
        half.begin(TASK, TASK.space)
        for _ in range(stopped):
            half.step()
        tensors, values = half.state()
        other.begin(TASK, TASK.space)
        other.load({name: tensor.clone() for name, tensor in tensors.items()}, values)
        assert [timeless(other.step()) for _ in range(9 - stopped)] == logs[stopped:9]
        for name, tensor in whole.state()[0].items():
            assert torch.equal(tensor, other.state()[0][name]), name
        assert other.best(3) == whole.best(3) and other.diagnostics() == whole.diagnostics()


def test_diagnostics_see_a_population_that_became_one():
    searcher = PopulationBased(population=4, rounds=8)
    searcher.begin(TASK, TASK.space)
    for _ in range(3):
        searcher.step()
    assert not searcher.diagnostics()["collapsed"]
    searcher._vectors = [searcher._vectors[0]] * 4
    assert searcher.diagnostics()["collapsed"]
    assert searcher.diagnostics()["distinct_policies"] == 1


def test_numbers_that_are_none_are_refused():
    for wrong in ({"population": 1}, {"rounds": 0}, {"interval": 0}, {"quantile": 0.0}, {"quantile": 0.6}, {"resample": 2.0}):
        with pytest.raises(ValueError, match="PopulationBased"):
            PopulationBased(**wrong)  # type: ignore[arg-type]


def test_every_modality_has_a_count_of_its_own():
    space = PopulationSpace(("image.rotate", "text.synonym", "audio.gain"))
    everything = space.nothing()
    everything[:, 0] = 10
    parts = space.policy(everything).items
    assert [{get_op(node.name).modality for node in part.ops()} for part in parts] == [{"image"}, {"text"}, {"audio"}]
    assert sum(expected(space.policy(everything)).values()) == pytest.approx(3 * (COUNTS[1] + 2 * COUNTS[2]))
