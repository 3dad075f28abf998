"""Networks for the vectors of words: what a row asks for is done inside the model that has them, and refused where there is none."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

import mmaug as mm
from mmaug import rng
from mmaug.child import asking
from mmaug.child.config import ChildConfig, Recipe
from mmaug.child.inputs import Batches
from mmaug.child.scoring import Eye, drawn
from mmaug.child.training import Training
from mmaug.errors import MmaugError
from mmaug.neural import running, words
from mmaug.neural.genotype import Genotype
from mmaug.neural.network import NeuralPolicy
from mmaug.search.neural_augment import NeuralAugmentSearch
from mmaug.testing.ops import OpContract

pytestmark = pytest.mark.usefixtures("one_thread")

WIDTH = 16
SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """Networks are not put into the user's store."""
    monkeypatch.setenv("MMAUG_CACHE", str(tmp_path / "cache"))


def network(*ops: str, seed: int = 0, width: int = WIDTH) -> NeuralPolicy:
    """A chain of edges, every weight moved at random."""
    graph = Genotype("text", "none", tuple(((number, name), (0, "none")) for number, name in enumerate(ops)))
    made = NeuralPolicy(graph, width, seed=seed)
    generator = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=generator)
    return made


def rows(count: int = 24) -> list[dict]:
    drawn, made = np.random.default_rng(0), []
    for number in range(count):
        picture = np.clip(60 * (number % 4) + drawn.normal(0, 20, (16, 16, 3)), 0, 255).astype(np.uint8)
        made.append({"image": picture, "caption": ("one thing", "two things here", "three", "four of them")[number % 4]})
    return made


def task(**options) -> mm.ChildTask:
    tiny = ChildConfig(image_size=16, width=WIDTH, layers=1, heads=2, projection=16)
    made = rows()
    return mm.ChildTask(made[:16], made[16:], schema=SCHEMA, steps=4, child=tiny, recipe=Recipe(batch=8), **options)


def by_hand(net: NeuralPolicy, vectors: torch.Tensor, seed: int) -> torch.Tensor:
    """One text [tokens, d] through the nodes of a chain, with the noise of a seed."""
    z = torch.from_numpy(rng.generator(seed).standard_normal(net.noise).astype(np.float32))[None]
    for number, node in enumerate(net.genotype.nodes):
        vectors = net.edges[f"{number + 1}_1_{number}_{node[0][1]}"](vectors[None], z)[0]
    return vectors


def test_each_row_goes_through_its_own_networks_with_its_own_noise():
    one, other = network("noise", "scale"), network("mixing", seed=3)
    names = (one.keep(), other.keep())
    vectors = torch.randn(5, 4, WIDTH, generator=torch.Generator().manual_seed(1))
    asked = [((names[0], 7),), (), ((names[1], 8), (names[0], 9)), ((names[0], 2**52),), ((names[1], 8),)]
    with torch.no_grad():
        made = words.moved(vectors, asked)
        assert torch.equal(made[1], vectors[1])
        for place, own in enumerate(asked):
            expected = vectors[place]
            for name, seed in own:
                expected = by_hand(one if name == names[0] else other, expected, seed)
            torch.testing.assert_close(made[place], expected, atol=1e-6, rtol=1e-5)
    assert (made[0] - vectors[0]).abs().max() > 0.1 and not torch.allclose(made[0] - vectors[0], made[3] - vectors[3])
    assert words.of_tensor(words.as_tensor(asked, 2)) == list(asked)


def test_what_does_not_fit_is_told():
    name = network("scale", width=12).keep()
    with pytest.raises(MmaugError, match=f"network {name} is for vectors of 12 numbers, and the model's words have 16"):
        words.moved(torch.zeros(1, 2, WIDTH), [((name, 1),)])
    with pytest.raises(MmaugError, match="one text a row, got 3 texts of 1 rows"):
        words.moved(torch.zeros(3, 2, WIDTH), [((name, 1),)])
    picture = NeuralPolicy(Genotype("image", "none", (((0, "colour"), (0, "none")),))).keep()
    with pytest.raises(MmaugError, match="must be one for text"):
        words.moved(torch.zeros(1, 2, WIDTH), [((picture, 1),)])


class TestContract(OpContract):
    ops = [mm.OPS["text.neural"]]

    @pytest.fixture(autouse=True)
    def with_a_network(self, own_store):
        type(self).given = {"network": network("noise", width=4).keep()}


def test_in_a_graph_the_text_stays_and_the_trace_tells_the_step():
    policy = mm.Policy.sequence(mm.op("text.neural", network=network("noise").keep(), p=0.5), mm.op("image.horizontal_flip"))
    assert mm.Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy
    graph, fired = mm.TransformGraph(policy, schema=SCHEMA), 0
    for key, row in enumerate(rows(40)):
        out, trace = graph.run(row, key=key)
        asked = asking.asked(trace, ("caption",))
        assert out["caption"] == row["caption"] and not trace.edits and len(asked) <= 1
        assert asking.asked(trace, ("title",)) == () and graph.run(row, key=key)[1] == trace
        fired += len(asked)
    assert 10 < fired < 30
    optional = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image", optional=True))
    _, trace = mm.TransformGraph(mm.Policy.sequence(mm.op("text.neural", network=network("noise").keep())), schema=optional).run(
        {"image": rows(1)[0]["image"], "caption": None}, key=0
    )
    assert asking.asked(trace, ("caption",)) == () and "missing" in str(trace.vetoes[0].dropped)


def test_a_child_reads_the_vectors_that_the_network_made_and_its_own_learn_as_they_are():
    one, made = network("noise", "mixing"), task()
    child, given = made.child(0), made.encoder(made.train.variants[0][:1] * 3)[0]
    asked = [((one.keep(), 5),), (), ((one.keep(), 6),)]
    plain, changed = child(given), child(given, asked)
    assert torch.equal(plain["image"], changed["image"]) and torch.allclose(plain["text"][1], changed["text"][1], atol=1e-6)
    tower, tokens = child.towers["text"], given["text"]
    vectors = child.words(tokens).detach().requires_grad_()
    with torch.no_grad():
        moved = torch.stack([by_hand(one, v, own[0][1]) if own else v for v, own in zip(vectors, asked, strict=True)])
    hook = child.words.register_forward_hook(lambda module, args, output: vectors + (moved - vectors).detach())
    expected = child({"text": tokens})["text"]
    hook.remove()
    torch.testing.assert_close(changed["text"], expected, atol=1e-5, rtol=1e-4)
    assert (changed["text"][0] - plain["text"][0]).abs().max() > 1e-3
    (wanted,) = torch.autograd.grad(expected.square().sum(1)[0] + expected[0, 0], vectors)
    (found,) = torch.autograd.grad(changed["text"].square().sum(1)[0] + changed["text"][0, 0], child.words.get_parameter("weight"))
    summed = torch.zeros_like(found).index_add(0, tokens.reshape(-1), wanted.reshape(-1, WIDTH))
    torch.testing.assert_close(found, summed, atol=1e-6, rtol=1e-4)
    assert torch.equal(child(given)["text"], plain["text"]) and not child.words._forward_hooks, "nothing stays behind"
    assert tower is child.towers["text"]


def test_a_task_trains_and_scores_under_it_the_same_every_time():
    made, policy = task(), mm.Policy.sequence(mm.op("text.neural", network=network("noise").keep()))
    batches = Batches(made.train, made.encoder, batch=8, views=2, clean=True, seed=0)
    inputs = batches.inputs(0, made.graph(policy, 0), 0.0)
    assert list(map(len, inputs.asked)) == [0] * 8 + [1] * 16, "not the rows as they are"
    assert len({seed for own in inputs.asked for _, seed in own}) == 16
    trained = [Training(made.child(0), made.recipe, 4).step([each])[0] for each in (inputs, dataclasses.replace(inputs, asked=()))]
    assert trained[0]["loss"] != trained[1]["loss"]
    plain, under, again = made.evaluate(mm.policies.identity()), made.evaluate(policy), made.evaluate(policy)
    assert under.metrics == again.metrics and under.metrics != plain.metrics
    eye, graph = Eye(made.child(0), made.encoder), made.graph(policy, 0)
    seen = eye.augmented(made.valid, graph)
    expected = eye.look(drawn(made.valid, graph).rows)[0]
    assert torch.equal(seen.vectors["image"], expected["image"]) and (seen.vectors["text"] - expected["text"]).abs().max() > 1e-3


def test_a_joint_search_trains_its_supernet_under_it():
    made, losses = task(), {}
    for name, policy in {
        "plain": mm.policies.identity(),
        "under": mm.Policy.sequence(mm.op("text.neural", network=network("noise").keep())),
    }.items():
        net = made.supernet(0)
        losses[name] = net.step({name: values[-1] for name, values in net.choices.items()}, policy)
    assert losses["plain"] != losses["under"]


@pytest.mark.parametrize("method", ["evolution", "darts"])
def test_a_search_over_text_gives_a_policy_that_trains(method):
    options = {"trials": 2, "steps": 4, "children": 1, "nodes": 2, "width": 4, "least": 0.0, "recipe": {"rate": 0.01, "every": 1}}
    searcher, made = NeuralAugmentSearch(method, modalities=("text",), **options), task()
    searcher.begin(made, None)
    while searcher.step() is not None:
        pass
    (policy, *_) = searcher.best(3)
    assert isinstance(policy, mm.Policy) and {op.name for op in policy.ops()} == {"text.neural"}
    assert running.network(next(iter(policy.ops())).params["network"], "text").channels == WIDTH
    assert made.evaluate(policy).objective is not None
    other = NeuralAugmentSearch(method, modalities=("text",), **options)
    other.begin(made, None)
    other.load(*searcher.state())
    assert list(map(str, other.best(3))) == list(map(str, searcher.best(3)))
    with pytest.raises(ValueError, match="a list of some of image, audio, text"):
        NeuralAugmentSearch(modalities=("smell",))
