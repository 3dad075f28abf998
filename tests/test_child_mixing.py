"""A child trained on mixed rows: partners come from its own rows, and the loss knows whose a row is."""

from __future__ import annotations

import torch

import mmaug as mm
from mmaug.child.config import Recipe
from mmaug.testing.colour_world import SCHEMA, draw_world

ROWS = draw_world(40, seed=3)


def task(**options):
    return mm.ChildTask(ROWS[:24], ROWS[24:], schema=SCHEMA, recipe=Recipe(batch=8), steps=3, seeds=1, **options)


def test_rows_are_mixed_with_rows_of_the_training_set_and_the_loss_is_told():
    made = task()
    run = made.start(0)
    graph = made.graph(mm.Policy.sequence(mm.op("mix.mixup", share=0.25)))
    inputs = run.batches.inputs(0, graph, 0.0)
    assert not inputs.batch.preserved.any()
    sources, weights = inputs.batch.sources, inputs.batch.weights
    assert set(sources) == set(weights) == {"image", "text"}
    assert weights["image"].tolist() == [[0.75, 0.25]] * 8
    assert (sources["image"][:, 0] != sources["image"][:, 1]).all()
    plain = run.batches.inputs(0, None, 0.0)
    assert torch.is_tensor(plain.batch.sources) and plain.batch.weights is None


def test_a_partner_in_the_batch_is_known_by_its_own_number():
    made = task()
    graph = made.graph(mm.Policy.sequence(mm.op("mix.mixup", share=0.5)))
    batches = made.start(0).batches
    found = 0
    for number in range(3):
        inputs = batches.inputs(number, graph, 0.0)
        made_rows = graph.run_batch(batches.picked(number), keys=inputs.keys, epoch=0, partners=made.train.partners)
        for place, (_, trace) in enumerate(made_rows):
            other = int(inputs.batch.sources["image"][place, 1])
            if trace.mixed.partner in inputs.keys:
                found += 1
                assert other == inputs.batch.sources["image"][inputs.keys.index(trace.mixed.partner), 0]
            else:
                assert other >= len(inputs.keys)
    assert found


def test_a_mixing_policy_is_scored():
    scored = task().evaluate(mm.Policy.sequence(mm.op("mix.mixgen")))
    assert scored.objective is not None, scored.error
