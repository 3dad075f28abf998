"""Children of many architectures in one set of weights: what each has of it, what a step moves, and what a reward leaves alone."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from mmaug.child.config import ChildConfig, ChildError, Recipe
from mmaug.child.supernet import ChildSupernet, architectures, choices_of, part
from mmaug.child.task import ChildTask
from mmaug.policy import Policy, op
from mmaug.testing.colour_world import SCHEMA, draw_world

NOTHING = Policy.sequence()
TURNED = Policy.sequence(op("image.rotate", strength=0.5))
SMALL = {"depth": 1, "width": 8, "kernel": 3, "image_tower": "transformer", "projection": 8}
LARGE = {"depth": 3, "width": 16, "kernel": 5, "image_tower": "transformer", "projection": 16}


pytestmark = pytest.mark.usefixtures("one_thread")


@cache
def task() -> ChildTask:
    rows = draw_world(96, 0, size=16)
    child = ChildConfig(image_size=16, width=16, layers=2, heads=2, projection=16)
    return ChildTask(rows[:64], rows[64:], schema=SCHEMA, steps=10, child=child, recipe=Recipe(batch=16))


def made() -> ChildSupernet:
    return ChildSupernet(task(), 0)


def test_choices_are_of_every_kind_and_all_can_be_built():
    choices = choices_of(task().config)
    assert set(choices) == {"depth", "width", "kernel", "image_tower", "projection"}
    supernet = made()
    assert supernet.choices == choices and len(architectures(choices)) == 3 * 2 * 2 * 2 * 2
    for architecture in architectures(choices)[::5]:
        assert supernet.reward(architecture, NOTHING, 0) >= 0


def test_a_child_has_the_first_of_everything_and_the_middle_of_kernels():
    whole = torch.arange(6 * 4 * 5 * 5).view(6, 4, 5, 5)
    assert torch.equal(part(whole, torch.Size((2, 3, 3, 3))), whole[:2, :3, 1:4, 1:4])
    assert torch.equal(part(torch.arange(5), torch.Size((2,))), torch.arange(2))
    supernet = made()
    child = supernet._copied({**SMALL, "image_tower": "convolution"})
    weight = child.get_parameter("towers.image.blocks.0.weight")
    assert torch.equal(weight, supernet._weights["towers.image.blocks.0.weight"][:8, :8, 1:4, 1:4])


def test_the_largest_child_is_the_child_itself():
    """With all of the weights, the first step's loss is that of a child of that configuration trained by itself."""
    supernet = made()
    child = task().child(supernet.seed, task().config.with_architecture(LARGE))
    for name, weight in child.named_parameters():
        assert torch.equal(weight, supernet._weights[name])


def test_a_step_moves_the_share_of_its_child_and_nothing_else():
    supernet = made()
    before = {name: weight.clone() for name, weight in supernet._weights.items()}
    supernet.step(SMALL, TURNED)
    child, moved = supernet._child(SMALL), 0
    sizes = {name: weight.shape for name, weight in child.named_parameters()}
    for name, weight in supernet._weights.items():
        changed = weight != before[name]
        if name not in sizes:
            assert not changed.any(), name
            continue
        inside = torch.zeros_like(changed)
        part(inside, sizes[name]).fill_(True)
        assert not (changed & ~inside).any(), name
        moved += int(changed.any())
    assert moved > 20


def test_training_shared_weights_lowers_the_loss_of_all():
    supernet, kinds = made(), [SMALL, LARGE, {**SMALL, "image_tower": "convolution"}]
    losses = [[supernet.step(kinds[number % 3], NOTHING) for number in range(first, first + 3)] for first in range(0, 75, 3)]
    start, end = (torch.tensor(rows).mean(0) for rows in (losses[:4], losses[-4:]))
    assert bool((end < start - 0.3).all()), (start, end)


def test_a_reward_leaves_the_weights_and_follows_the_policy():
    supernet = made()
    before = supernet.state()
    first = supernet.reward(SMALL, TURNED, 3)
    assert first == supernet.reward(SMALL, TURNED, 3)
    assert all(torch.equal(value, supernet.state()[name]) for name, value in before.items())
    assert 0 <= first <= 1


def test_resumed_is_uninterrupted_and_another_state_is_refused():
    whole, half, other = made(), made(), made()
    turns = [(SMALL, NOTHING), (LARGE, TURNED), ({**LARGE, "image_tower": "convolution"}, TURNED), (SMALL, TURNED)]
    losses = [whole.step(*turn) for turn in turns]
    for turn in turns[:2]:
        half.step(*turn)
    other.load(half.state())
    assert [other.step(*turn) for turn in turns[2:]] == losses[2:]
    assert all(torch.equal(value, other.state()[name]) for name, value in whole.state().items())
    with pytest.raises(ChildError, match="another supernet"):
        ChildSupernet(task(), 0, {"depth": (1,), "width": (8,)}).load(whole.state())


def test_an_architecture_that_is_none_is_refused():
    with pytest.raises(ChildError, match="unknown"):
        made().step({**SMALL, "colour": "red"}, NOTHING)
