"""The real child's losses as functions of weights and of an augmentation: against the graph, against differences, and in a search."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import mmaug as mm
from mmaug.child.bilevel import EMBEDDED, ChildBilevel
from mmaug.child.config import ChildConfig, Recipe
from mmaug.child.staged import is_smooth, single
from mmaug.child.task import ChildTask
from mmaug.neural.genotype import Genotype
from mmaug.neural.network import NeuralPolicy
from mmaug.search.augmenter import AdversarialTraining
from mmaug.search.augmenter import Recipe as Adversary
from mmaug.search.base.evaluator import Drawn
from mmaug.search.base.space import PolicySpace
from mmaug.search.differentiable import ESTIMATORS, DifferentiableSearch
from mmaug.search.estimators import unrolled
from mmaug.testing.colour_world import SCHEMA, draw_world

TINY = ChildConfig(image_size=16, width=16, layers=1, heads=2, projection=16, mels=16, audio_patch=8, audio_rate=4000, audio_seconds=0.25)


pytestmark = pytest.mark.usefixtures("one_thread")


@cache
def task() -> ChildTask:
    rows = draw_world(64, 0, size=16)
    return ChildTask(rows[:40], rows[40:], schema=SCHEMA, steps=10, child=TINY, recipe=Recipe(batch=8))


@cache
def bilevel() -> ChildBilevel:
    return ChildBilevel(task(), 0)


def value(stages: Any = (), number: int = 0, seed: int = 0, split: str = "train") -> torch.Tensor:
    made = bilevel()
    return made.loss(made.parameters(), made.batch(split, number), stages, seed)


def acted(name: str, magnitude: Any = None) -> Any:
    made = bilevel()
    return made.stages.act(made.batch("train", 0).rows, [Drawn(name, magnitude)], 0)


def test_the_same_arguments_give_the_same_loss():
    stages = [(Drawn("image.rotate", 0.5),), (Drawn("text.synonym", 0.5),)]
    assert float(value(stages)) == float(value(stages)) != float(value())
    assert float(value(stages, seed=1)) != float(value(stages))
    one, two = (bilevel().batch("train", 3) for _ in range(2))
    assert one.rows == two.rows or [row["caption"] for row in one.rows] == [row["caption"] for row in two.rows]
    assert float(value([(Drawn("identity"),)])) == float(value())


def test_captions_follow_the_ops_through_the_graph():
    """A mirrored picture's caption names the other side; red and blue exchanged are named as they are then."""
    before = [row["caption"] for row in bilevel().batch("train", 0).rows]
    for name, pairs in (("image.horizontal_flip", (("left", "right"),)), ("image.hue", ())):
        after = [row["caption"] for row in acted(name, 0.9 if not pairs else None).rows]
        for was, now in zip(before, after, strict=True):
            for a, b in pairs:
                assert now == was.replace(a, "?").replace(b, a).replace("?", b)
        assert before != after


def test_a_step_that_a_rule_drops_leaves_picture_and_caption():
    made, strength = bilevel(), torch.tensor(1.0, requires_grad=True)
    found = acted("image.hue", strength)
    rows = made.batch("train", 0).rows
    clean = made.task.encoder(rows, ("image",))[0]["image"]
    pictures = made.stages.pictures((clean + 1) / 2, [Drawn("image.hue", strength)], found)
    for place, kept in enumerate(found.kept[0].tolist()):
        same = bool(torch.equal(pictures[place].detach(), ((clean + 1) / 2)[place]))
        assert same != kept
        if not kept:
            assert found.rows[place]["caption"] == rows[place]["caption"]


@pytest.mark.parametrize("name", ["image.rotate", "image.brightness", "image.hue", "image.gaussian_blur", "image.shear_x"])
def test_differentiable_pictures_are_those_of_the_graph(name):
    made, strength = bilevel(), torch.tensor(0.6, requires_grad=True)
    found = acted(name, strength)
    clean = made.task.encoder(made.batch("train", 0).rows, ("image",))[0]["image"]
    smooth = made.stages.pictures((clean + 1) / 2, [Drawn(name, strength)], found).detach()
    by_graph = (made.task.encoder(found.rows, ("image",))[0]["image"] + 1) / 2
    assert (smooth - by_graph).abs().max() < 2.5 / 255 and is_smooth(name)


@pytest.mark.parametrize("name", ["image.rotate", "image.brightness"])
def test_the_gradient_of_a_strength_against_differences(name):
    strength = torch.tensor(0.4, requires_grad=True)
    (slope,) = torch.autograd.grad(value([(Drawn(name, strength),)]), strength)
    ends = [float(value([(Drawn(name, torch.tensor(0.4 + step, requires_grad=True)),)]).detach()) for step in (4e-3, -4e-3)]
    assert float(slope) == pytest.approx((ends[0] - ends[1]) / 8e-3, rel=0.1, abs=2e-3)  # float32, and resampling has corners


def test_no_gradient_reaches_what_is_not_smooth():
    for name in ("image.solarize", "image.cutout", "image.random_resized_crop", "text.synonym", "audio.gain", "image.horizontal_flip"):
        assert not bilevel().differentiable(name)
    strength = torch.tensor(0.5, requires_grad=True)
    loss = value([(Drawn("image.rotate", strength),), (Drawn("image.solarize", torch.tensor(0.5, requires_grad=True)),)])
    (slope,) = torch.autograd.grad(loss, strength)
    assert float(slope) != 0, "the slope goes straight through the op that is not smooth"


def test_a_mix_of_one_op_is_that_op():
    one = [(Drawn("image.rotate", 0.3),)]
    mixed = [(Drawn("image.rotate", 0.3, torch.tensor(1.0)), Drawn("identity", None, torch.tensor(0.0)))]
    assert single(one) is not None and single(mixed) is None
    assert float(value(mixed)) == pytest.approx(float(value(one)), abs=0.02)
    text = [(Drawn("text.synonym", 0.5, torch.tensor(1.0)), Drawn("identity", None, torch.tensor(0.0)))]
    assert float(value(text)) == pytest.approx(float(value([(Drawn("text.synonym", 0.5),)])), abs=2e-3)


def test_weights_of_a_mix_get_gradients():
    weights = torch.tensor([0.2, 0.5, 0.3], requires_grad=True)
    stages = [
        (Drawn("identity", None, weights[0]), Drawn("image.horizontal_flip", None, weights[1]), Drawn("image.rotate", 0.5, weights[2])),
        (Drawn("identity", None, weights[0]), Drawn("text.synonym", 0.5, 1 - weights[0])),
    ]
    (slope,) = torch.autograd.grad(value(stages), weights)
    assert bool((slope.abs() > 0).all())


def test_training_is_followed_through_its_second_derivatives():
    made, strength = bilevel(), torch.tensor(0.4, requires_grad=True)
    batch, valid = made.batch("train", 0), made.batch("valid", 0)
    ahead = unrolled([lambda weights: made.loss(weights, batch, [(Drawn("image.brightness", strength),)])] * 2, made.parameters(), 0.05)
    loss = made.loss(ahead, valid)
    (slope,) = torch.autograd.grad(loss, strength)
    assert bool(torch.isfinite(slope)) and float(slope) != 0


def test_the_held_out_loss_does_not_hang_on_the_scale():
    made = bilevel()
    weights, batch = made.parameters(), made.batch("valid", 0)
    louder = {**weights, "logit_scale": weights["logit_scale"] + 1}
    assert float(made.loss(weights, batch)) == float(made.loss(louder, batch))
    assert float(made.loss(weights, made.batch("train", 0))) != float(made.loss(louder, made.batch("train", 0)))


def test_the_score_is_that_of_a_run():
    run = task().start(seed=0)
    weights = dict(run.training.child.named_parameters())
    assert bilevel().score(bilevel().parameters()).objective == run.score().objective
    assert {name: tuple(w.shape) for name, w in weights.items()} == {n: tuple(w.shape) for n, w in bilevel().parameters().items()}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_searches_run_on_the_child(estimator):
    searcher = DifferentiableSearch(estimator, updates=2, every=1, samples=2, rate=0.05)
    searcher.begin(task(), PolicySpace(("image.rotate", "image.horizontal_flip", "text.synonym"), n_sub=1, n_ops=1))
    logs = [searcher.step(), searcher.step(), searcher.step()]
    assert logs[-1] is None and all(log is not None and np.isfinite(log.values["held_out_loss"]) for log in logs[:2])
    moved = torch.cat([p.detach().flatten() for p in searcher._relaxed.logits.values()])
    assert float(moved.abs().max()) > 0


def sounding() -> ChildTask:
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"), audio=mm.Audio(recorded_with="image"))
    rng, rows = np.random.default_rng(0), []
    for number, row in enumerate(draw_world(24, 1, size=16)):
        wave = np.sin(np.arange(1000) * (0.1 + number / 20)) * 0.3 + rng.normal(0, 0.01, 1000)
        rows.append({**row, "audio": mm.AudioClip(wave.astype(np.float32)[None], 4000)})
    return ChildTask(rows[:16], rows[16:], schema=schema, steps=5, child=TINY, recipe=Recipe(batch=8))


def test_three_modalities_are_mixed_together():
    made = sounding().bilevel(0)
    weights = torch.tensor([0.4, 0.6], requires_grad=True)
    stages = [
        (Drawn("identity", None, weights[0]), Drawn("image.brightness", 0.5, weights[1])),
        (Drawn("identity", None, weights[0]), Drawn("audio.gain", 0.9, weights[1])),
    ]
    parameters, batch = made.parameters(), made.batch("train", 0)
    loss = made.loss(parameters, batch, stages)
    assert bool((torch.autograd.grad(loss, weights)[0].abs() > 0).all())
    assert float(made.loss(parameters, batch, [(Drawn("audio.gain", 0.9),)])) != float(made.loss(parameters, batch))


GRAPHS = {"image": ("colour", 3), "audio": ("gain", 1), "text": ("noise", 16)}


@pytest.mark.parametrize("modality", GRAPHS)
def test_networks_train_on_what_the_child_sees(modality):
    """Pictures, log-mel pictures, and the vectors of words: each is changed by a network that is trained against the child."""
    made: Any = sounding().bilevel(0)
    parameters, batch = made.parameters(), made.batch("train", 0)
    tensors = made.tensors(parameters, batch)
    plain = made.losses(parameters, batch, tensors)
    assert plain.shape == (8,) and bool((plain > 0).all())
    assert torch.allclose(made.losses(parameters, batch, {}), plain, atol=1e-5), "the vectors of words are the child's own"
    op, channels = GRAPHS[modality]
    assert tensors[modality].shape[1 if modality != "text" else 2] == channels
    network = NeuralPolicy(Genotype(modality, "none", (((0, op), (0, "none")),)), channels)
    training = AdversarialTraining(made, network, Adversary(every=1, rate=0.01), 0)
    start = {name: value.detach().clone() for name, value in network.state_dict().items()}
    for _ in range(3):
        assert np.isfinite(training.step()["network"])
    assert any(not torch.equal(start[name], value) for name, value in network.state_dict().items())
    assert any(not torch.equal(parameters[name], weight) for name, weight in training.weights.items())
    if modality == "text":
        assert not torch.equal(parameters[EMBEDDED], training.weights[EMBEDDED]), "words learn through what was added to them"
