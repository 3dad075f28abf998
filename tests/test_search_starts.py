"""Where searches start, and what they do with answers that are none: warm starts, failed rewards, spaces that cannot be searched."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mmaug as mm
from mmaug.errors import MmaugError, PolicyError
from mmaug.search.base.space import PolicySpace
from mmaug.search.population_space import PopulationSpace

torch = pytest.importorskip("torch")

from mmaug.child.config import ChildError  # noqa: E402
from mmaug.search.relaxed_draws import distribution, lean  # noqa: E402
from mmaug.testing.colour_world import SCHEMA, draw_world  # noqa: E402
from mmaug.testing.joint_task import JointTable  # noqa: E402

OPS = ("image.rotate", "image.invert", "text.synonym")


@pytest.mark.parametrize("coupling", ["shared", "independent"])
def test_a_distribution_is_read_back(coupling):
    """What a gradient search found, ops below the least chance left out, is where the next one starts."""
    space = PolicySpace(ops=OPS, n_sub=2, n_ops=2, coupling=coupling)
    trained, fresh = space.relax(), space.relax()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 2)
    lean(fresh, distribution(trained))
    for modality, chances in trained.weights().items():
        kept = chances >= 0.02
        assert torch.allclose(fresh.weights()[modality][kept], chances[kept], atol=0.05)
        known = kept & torch.tensor([name not in ("identity", "image.invert") for name in space.pools[modality]])  # these take no strength
        assert torch.allclose(fresh.strengths()[modality][known], trained.strengths()[modality][known], atol=1e-4)
    assert torch.allclose(fresh.p(), trained.p(), atol=1e-4)


def test_what_is_of_no_such_space_is_refused():
    space = PolicySpace(ops=OPS, n_sub=2, n_ops=2)
    for policy in (mm.policies.manual_strong(), mm.Policy.sequence(), mm.policies.trivial_augment()):
        with pytest.raises(PolicyError, match="can start from a policy of its space"):
            lean(space.relax(), policy)


def test_a_population_starts_where_a_schedule_ended():
    space = PopulationSpace(("image.rotate", "image.brightness"))
    last = mm.Policy.sequence(mm.op("image.rotate", strength=1.0))
    vector = space.vector(mm.Policy.schedule([(0.0, mm.Policy.sequence()), (0.5, last)]))
    assert vector.tolist() == space.vector(last).tolist() and vector[0].tolist() == [10, 9]
    ranges = space.vector(mm.Policy.sequence(mm.op("image.rotate", degrees=(-20, 20))))
    assert 0 < ranges[0, 1] < 9, "an op given by ranges is not the identity"


def test_strengths_of_ops_that_take_none_are_one_cell():
    space = PolicySpace(ops=("image.horizontal_flip", "text.choose_caption")).compact()
    values = {name: 1 if name.endswith(".n") else 0.5 for name in space.flat()}
    assert space.values(space.policy(values)) == space.canonical(values)
    asked = []
    mm.search.RandAugment(joint=True).search(lambda policy, fidelity, seed: asked.append(policy) or 0.0, space, budget=100, baselines=())
    assert len({repr(policy.to_json()) for policy in asked}) == 16, "each of four counts with each of four, once"


@pytest.mark.parametrize("ops", [("mix.mixup",), ("image.neural",)])
def test_a_space_holds_only_what_can_be_searched(ops):
    with pytest.raises(PolicyError, match="PolicySpace"):
        PolicySpace(ops=ops)


@pytest.mark.parametrize("failure", [math.nan, ChildError("the loss must be a number")])
def test_joint_search_survives_rewards_that_are_none(failure, monkeypatch):
    """Each third reward fails; the search ends, says how often, and its best is none of those."""
    task = JointTable()
    net = task.supernet(0)
    whole, calls, failed = net.reward, [], []

    def reward(architecture, policy, steps):
        calls.append(1)
        if len(calls) % 3:
            return whole(architecture, policy, steps)
        failed.append((dict(architecture), policy))
        if isinstance(failure, Exception):
            raise failure
        return failure

    net.reward = reward
    monkeypatch.setattr(JointTable, "supernet", lambda self, seed=0: net)
    found = mm.search.JointNAS(rounds=6, seed=1).search(task, baselines=(), top=1)
    assert len(failed) == 6 * 16 // 3 == found.diagnostics["searcher"]["failed_steps"]
    assert all(np.isfinite(record.evaluation.objective) for record in found.history)


def test_a_saturated_hold_out_is_refused_once_and_at_once():
    """Rows that are all told apart by a plain colour leave nothing to win; the refusal costs one child, however often it is asked."""
    rows = [{"image": np.full((16, 16, 3), colour, np.uint8), "caption": text} for colour, text in [((255, 0, 0), "a"), ((0, 0, 255), "b")]]
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    task = mm.ChildTask(rows * 4, rows, schema=schema, steps=60, seeds=1)
    with pytest.raises(ChildError, match="leaves less than"):
        task.check()
    trained = []
    task.child = lambda *given: trained.append(given)
    with pytest.raises(ChildError, match="leaves less than"):
        task.check()
    assert not trained


@pytest.mark.parametrize(
    "given",
    [{"steps": 0}, {"steps": "3"}, {"seeds": 1.5}, {"seed": "a"}, {"recipe": 3}, {"child": "small"}, {"penalty": "x"}, {"schema": None}],
)
def test_a_task_says_what_is_wrong_with_its_numbers(given):
    rows = draw_world(8, seed=0)
    with pytest.raises(ChildError, match=f"ChildTask: {next(iter(given))} must be"):
        mm.ChildTask(rows[:4], rows[4:], **{"schema": SCHEMA, **given})


def test_a_warm_start_from_its_own_result():
    """`init=` takes what the same searcher found, for the searchers that follow gradients as for the others."""
    rows = draw_world(60, seed=1)
    task = mm.ChildTask(rows[:40], rows[40:], schema=SCHEMA, recipe=mm.child.Recipe(batch=16), steps=4, seeds=1)
    space = PolicySpace(ops=("image.rotate", "image.brightness", "text.synonym"), n_sub=1, n_ops=1)
    searcher = mm.search.DifferentiableSearch(updates=3, every=2, samples=2)
    found = searcher.search(task, space, baselines=(), top=1, rerank_seeds=1)
    assert found.cost.evaluations == 2, "its steps are counted"
    again = searcher.search(task, space, budget=1, baselines=(), top=1, rerank_seeds=1, init=found)
    assert len(again.history) == 1, "a budget in evaluations ends it"
    assert again.top and isinstance(again.best, mm.Policy)
    with pytest.raises(MmaugError, match="neither"):
        searcher.search(task, space, init=mm.policies.manual_strong(), baselines=())
