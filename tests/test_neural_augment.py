"""Networks that augment: their graphs, the identity at the start, gradients, the op that runs them, and how they are trained and found."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

import mmaug as mm
from mmaug.errors import MmaugError, PolicyError
from mmaug.modalities.image import executor as picture
from mmaug.modalities.image import neural
from mmaug.modalities.image.program import compile_steps
from mmaug.neural import running
from mmaug.neural.genotype import EDGES, MOVES, Genotype, GenotypeSpace
from mmaug.neural.network import NeuralPolicy, discretised, supergraph
from mmaug.search.augmenter import AdversarialTraining, Recipe, colour_distance
from mmaug.search.genotypes import Controlled, Evolution
from mmaug.search.neural_augment import METHODS, NeuralAugmentSearch
from mmaug.testing.bilevel_task import TurnedDigits

CHANNELS = {"image": 3, "audio": 1, "text": 12}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """Networks are not put into the user's store."""
    monkeypatch.setenv("MMAUG_CACHE", str(tmp_path / "cache"))


def graph(*ops: str, move: str = "none", modality: str = "image") -> Genotype:
    """A chain of single ops."""
    return Genotype(modality, move, tuple(((number, name), (0, "none")) for number, name in enumerate(ops)))


def given(modality: str, rows: int = 3, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = {"image": (rows, 3, 9, 12), "audio": (rows, 1, 16, 12), "text": (rows, 5, 12)}[modality]
    return torch.rand(shape, generator=generator, dtype=dtype) * 0.8 + 0.1


def noise(network: NeuralPolicy, rows: int = 3, seed: int = 1, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(rows, network.noise, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def shaken(genotype: Genotype, size: float = 0.5, seed: int = 0, **options: Any) -> NeuralPolicy:
    """A network that does something: every weight moved at random."""
    network = NeuralPolicy(genotype, CHANNELS[genotype.modality], seed=seed, **options)
    generator = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)
    return network


SINGLE = [(modality, move, ()) for modality in MOVES for move in MOVES[modality]]
SINGLE += [(modality, "none", (name,)) for modality in EDGES for name in EDGES[modality]]


# -- graphs ------------------------------------------------------------------------------------------------------------------------------


def test_genotypes_survive_json_and_refuse_what_is_none():
    space, rng = GenotypeSpace("image", 4), np.random.default_rng(0)
    for _ in range(20):
        numbers = space.sample(rng)
        one = space.genotype(numbers)
        assert Genotype.from_json(json.loads(json.dumps(one.to_json()))) == one
        changed = space.mutate(numbers, rng)
        assert sum(a != b for a, b in zip(numbers, changed, strict=True)) == 1
        space.genotype(changed)
    for wrong in (("image", "spin", ()), ("smell", "none", ()), ("image", "none", (((1, "colour"), (0, "skip")),)), ("text", "flow", ())):
        with pytest.raises(PolicyError, match="Genotype"):
            Genotype(*wrong)  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="genotype"):
        Genotype.from_json({"modality": "image"})


def test_only_what_leads_to_the_result_counts():
    one = Genotype("image", "flow", (((0, "colour"), (0, "noise")), ((0, "bands"), (0, "none")), ((2, "skip"), (2, "none"))))
    assert one.live == ((1, 0), (2, 0)) and one.does == {"flow", "bands"}
    assert len(NeuralPolicy(one).edges) == 2


@pytest.mark.parametrize(("modality", "move", "ops"), SINGLE)
def test_every_network_begins_as_the_identity(modality, move, ops):
    x = given(modality)
    network = NeuralPolicy(graph(*ops, move=move, modality=modality), CHANNELS[modality])
    made = network(x, noise(network))
    assert torch.equal(network.recoloured(x, noise(network)), x), "values to the bit"
    assert (made - x).abs().max() < 1e-5, "places but for the rounding of a resampling"
    assert made.shape == x.shape


@pytest.mark.parametrize(
    ("modality", "move", "ops"), [one for one in SINGLE if one[2] not in (("skip",), ("none",)) and one[1:] != ("none", ())]
)
def test_gradients_against_differences(modality, move, ops):
    network = shaken(graph(*ops, move=move, modality=modality), 0.3, width=4, noise=3).double()
    x, z = given(modality, 1, torch.float64), noise(network, 1, dtype=torch.float64)
    ways = torch.randn(x.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)

    def total() -> torch.Tensor:
        return (network(x, z) * ways).sum()

    parameters = list(network.parameters())
    exact = torch.autograd.grad(total(), parameters)
    assert any(bool(slope.abs().max() > 1e-6) for slope in exact)
    for parameter, slope in zip(parameters, exact, strict=True):
        place = np.unravel_index(int(slope.abs().argmax()), slope.shape)
        ends = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter[place] += step
            ends.append(float(total().detach()))
            with torch.no_grad():
                parameter[place] -= step
        assert float(slope[place]) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("modality", EDGES)
def test_what_comes_out_stays_in_range(modality):
    space, rng = GenotypeSpace(modality, 3), np.random.default_rng(1)
    low, high = {"image": (0, 1), "audio": (-1, 1), "text": (-100, 100)}[modality]
    for number in range(15):
        network = shaken(space.genotype(space.sample(rng)), 2.0, number)
        made = network(given(modality), noise(network)).detach()
        assert bool(torch.isfinite(made).all()) and float(made.min()) >= low - 1e-6 and float(made.max()) <= high + 1e-6


def test_a_supergraph_of_one_choice_is_the_network_of_that_genotype():
    space, rng = GenotypeSpace("image", 2), np.random.default_rng(3)
    mix = supergraph(space)
    with torch.no_grad():
        for parameter in mix.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(4))
    x, z = given("image"), noise(mix)
    for _ in range(8):
        numbers = space.sample(rng)
        one = space.genotype(numbers)
        if any("none" in (a[1], b[1]) for a, b in one.nodes):
            continue  # in a mix "none" passes on what it was given
        hard = {
            name: torch.nn.functional.one_hot(torch.tensor(n), len(options)).float()
            for n, (name, options) in zip(numbers, space.decisions, strict=True)
        }
        assert torch.allclose(mix(x, z, hard), discretised(mix, one)(x, z), atol=2e-5)


# -- its file and its op -----------------------------------------------------------------------------------------------------------------


def test_a_saved_network_is_the_same_network(tmp_path):
    network = shaken(graph("colour", "noise", move="affine+flow"))
    back = NeuralPolicy.load(network.save(tmp_path / "net"))
    assert back.genotype == network.genotype and back.digest() == network.digest()
    x, z = given("image"), noise(network)
    assert torch.equal(back(x, z), network(x, z))
    assert not any(path.suffix in (".pkl", ".pt", ".bin") for path in (tmp_path / "net").iterdir())
    (tmp_path / "net" / "genotype.json").write_text('{"network": 99}')
    with pytest.raises(MmaugError, match="network: 1"):
        NeuralPolicy.load(tmp_path / "net")
    with pytest.raises(MmaugError, match="folder"):
        NeuralPolicy.load(tmp_path / "nothing")


SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"), boxes=mm.Boxes(of="image", labels="names"))


def row(size: tuple[int, int] = (64, 48), text: str = "a red ball") -> dict[str, Any]:
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    pixels[12:30, 20:44] = (220, 30, 30)
    return {"image": pixels, "caption": text, "boxes": [[20.0, 12.0, 44.0, 30.0]], "names": ["ball"]}


def test_boxes_follow_the_picture(tmp_path):
    """The red rectangle is looked for in the pixels that came out, and must be where the box says."""
    folder = str(shaken(graph(move="affine+flow"), 0.7).save(tmp_path / "net"))
    augment = mm.TransformGraph(mm.op("image.neural", network=folder), schema=SCHEMA)
    moved = 0.0
    for key in range(12):
        out, trace = augment.run(row(), key=key)
        if not trace.applied:
            continue
        red = (out["image"][..., 0].astype(int) - out["image"][..., 1]) > 95
        ys, xs = np.nonzero(red)
        found = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        assert np.abs(found - np.array(out["boxes"][0])).max() < 2.5
        moved = max(moved, float(np.abs(found - [20, 12, 44, 30]).max()))
    assert moved > 4, "it moved far enough to be seen"


def test_the_op_moves_as_the_network_does(tmp_path):
    network = shaken(graph(move="affine+flow"), 0.7)
    folder = str(network.save(tmp_path / "net"))
    x = cv2_blobs()
    for seed in range(4):
        out = neural.neural(x, network=folder, seed=seed)
        z = running.noise(network, seed)
        with torch.no_grad():
            wanted = network(torch.from_numpy(x.transpose(2, 0, 1)[None] / np.float32(255)), z)[0].numpy().transpose(1, 2, 0) * 255
        inner = (slice(12, -12), slice(12, -12))
        assert np.abs(out.astype(float) - wanted)[inner].mean() < 1.5


def cv2_blobs() -> np.ndarray:
    """A smooth picture that is black at its edges, so that what enters does not matter."""
    y, x = np.mgrid[:60, :80]
    fade = np.minimum.reduce([x, 79 - x, y, 59 - y]).clip(0, 14) / 14
    waves = np.stack([np.sin(x / 7), np.cos(y / 6), np.sin((x + y) / 9)], -1)
    return ((0.5 + 0.5 * waves) * fade[..., None] * 255).astype(np.uint8)


def test_colour_words_are_kept_only_where_they_stay_true(tmp_path):
    """A network that turns red into another colour must not leave the caption; one that hardly changes colours must."""
    strong, weak = shaken(graph("colour", "colour", "colour"), 1.5, 3), shaken(graph("colour"), 0.02)
    kept = {}
    for name, network in (("strong", strong), ("weak", weak)):
        folder = str(network.save(tmp_path / name))
        augment = mm.TransformGraph(mm.op("image.neural", network=folder), schema=SCHEMA)
        outs = [augment.run(row(), key=key) for key in range(20)]
        kept[name] = sum(bool(trace.applied) and out["caption"] == "a red ball" for out, trace in outs)
        for out, trace in outs:
            if trace.applied and out["caption"] == "a red ball":
                r, g, b = np.median(out["image"][16:26, 26:38].reshape(-1, 3), axis=0)
                assert r > g + 40 and r > b + 40, (r, g, b)
    assert kept["weak"] == 20 and kept["strong"] < 12


def test_sides_stay_and_nothing_is_done_without_a_network(tmp_path):
    plain = mm.TransformGraph(mm.op("image.neural"), schema=SCHEMA)
    assert np.array_equal(plain(row(), key=0)["image"], row()["image"])
    folder = str(shaken(graph("noise", move="flow"), 0.3).save(tmp_path / "net"))
    left = {**row(text="a ball on the left"), "boxes": [[2.0, 12.0, 16.0, 30.0]]}
    out, trace = mm.TransformGraph(mm.op("image.neural", network=folder), schema=SCHEMA).run(left, key=0)
    assert trace.applied and out["caption"] == "a ball on the left" and not np.array_equal(out["image"], row()["image"])


def test_the_same_seed_gives_the_same_bytes_and_cutouts_count_as_hidden(tmp_path):
    network = NeuralPolicy(graph("cutout"))
    with torch.no_grad():
        edge: Any = network.edges["1_1_0_cutout"]
        edge.last.bias += 4
    folder = str(network.save(tmp_path / "net"))
    step = ("image.neural", {"network": folder, "seed": 5})
    program = compile_steps([step], (64, 48))
    assert np.array_equal(picture.run(program, row()["image"]), picture.run(program, row()["image"]))
    assert len(program.hidden) == 1
    covered = picture.run(program, row()["image"]).astype(int) - row()["image"]
    ys, xs = np.nonzero(np.abs(covered).sum(-1) > 10)
    polygon = np.array(program.hidden[0])
    assert xs.min() >= polygon[:, 0].min() - 1 and xs.max() <= polygon[:, 0].max() + 1
    assert ys.min() >= polygon[:, 1].min() - 1 and ys.max() <= polygon[:, 1].max() + 1


def test_networks_of_other_modalities_are_refused_for_pictures(tmp_path):
    folder = str(NeuralPolicy(graph("gain", modality="audio"), 1).save(tmp_path / "net"))
    with pytest.raises(MmaugError, match="for pictures"):
        neural.neural(row()["image"], network=folder, seed=0)


# -- training ----------------------------------------------------------------------------------------------------------------------------

DIGITS = TurnedDigits(upright=True)
FULL = graph("colour", "convolution", "noise", move="affine+flow")
STABLE = Recipe(average=0.99)
BARE = Recipe(average=0.99, teacher=0.0, colours=0.0, gate=1.0, every=1, smoothing=0.0, store=0)
"""The adversary alone, as a child meets it without any of what keeps it in bounds."""


def accuracy(training: AdversarialTraining, weights: Any, augmented: bool = False) -> float:
    """On held-out upright digits."""
    bilevel: Any = training.task
    x, y = bilevel.rows("valid")
    with torch.no_grad():
        x = training.augmented(x, np.random.default_rng(9)) if augmented else x
        return float((bilevel.logits(weights, x).argmax(1) == y).float().mean())


def trained(recipe: Recipe, steps: int, seed: int = 0, genotype: Genotype = FULL) -> AdversarialTraining:
    training = AdversarialTraining(DIGITS.bilevel(seed), NeuralPolicy(genotype, seed=seed), recipe, seed)
    for _ in range(steps):
        training.step()
    return training


@pytest.mark.slow
def test_stabilisers_keep_digits_readable_and_the_adversary_alone_destroys_them():
    plain, stable, bare = [], [], []
    for seed in range(2):
        clean = trained(STABLE, 500, seed, graph())
        plain.append(accuracy(clean, clean.teacher))
        kept = trained(STABLE, 500, seed)
        stable.append((accuracy(kept, kept.teacher), accuracy(kept, kept.teacher, augmented=True), kept.understood()))
        x = DIGITS.bilevel(seed).rows("valid")[0]
        assert float((kept.augmented(x, np.random.default_rng(3)) - x).abs().mean().detach()) > 0.03, "it must augment"
    collapsed = trained(BARE, 300)
    bare.append((accuracy(collapsed, collapsed.teacher), accuracy(collapsed, collapsed.teacher, augmented=True)))
    assert np.mean(plain) - np.mean([clean for clean, _, _ in stable]) <= 0.01
    for clean, augmented, understood in stable:
        assert augmented >= 0.8 * clean and understood >= 0.8
    assert bare[0][0] < 0.6, "without stabilisers the child forgets what digits look like"


def test_training_resumes_bit_for_bit():
    recipe = Recipe(average=0.98, store=4, every=2)
    whole = trained(recipe, 12)
    half = trained(recipe, 7)
    other = AdversarialTraining(DIGITS.bilevel(0), NeuralPolicy(FULL, seed=5), recipe, 0)
    other.load({name: value.clone() for name, value in half.state().items()})
    for _ in range(5):
        other.step()
    ends = whole.state(), other.state()
    assert ends[0].keys() == ends[1].keys() and all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_the_distance_of_colours_sees_colours_and_not_places():
    x, rng = given("image"), np.random.default_rng
    assert float(colour_distance(x, x.flip(-1), rng(0))) == pytest.approx(0, abs=1e-9)
    assert float(colour_distance(x, x.flip(0), rng(0))) > 1e-5, "each picture with itself, not with its neighbours"
    assert float(colour_distance(x, x + 0.1, rng(0))) == pytest.approx(0.01 * 3**0.5, rel=0.5)


# -- the search --------------------------------------------------------------------------------------------------------------------------


def planted(space: GenotypeSpace, numbers: list[int]) -> float:
    """A made-up fitness: one for "affine", and a third for each node whose first edge is "colour"."""
    one = space.genotype(numbers)
    return ("affine" in one.move) + sum(node[0][1] == "colour" for node in one.nodes) / 3


@pytest.mark.parametrize("kind", [Evolution, Controlled])
def test_proposals_become_better_than_chance(kind):
    space, late, even = GenotypeSpace("image", 3), [], []
    for seed in range(2):
        proposals, values = kind(space, seed), []
        for number in range(120):
            numbers = proposals.ask(number)
            values.append(planted(space, numbers))
            proposals.tell(number, numbers, values[-1])
        late.append(np.mean(values[-40:]))
        even.append(np.mean([planted(space, space.sample(np.random.default_rng([seed, 9, n]))) for n in range(200)]))
        assert proposals.entropy() < 0.95
    assert np.mean(late) > np.mean(even) + 0.5


def test_a_trial_that_failed_is_survived():
    for kind in (Evolution, Controlled):
        proposals = kind(GenotypeSpace("image", 2), 0)
        for number in range(6):
            proposals.tell(number, proposals.ask(number), None if number % 2 else 0.5)
        assert len(proposals.ask(6)) == len(proposals.space.decisions)


@pytest.mark.parametrize("method", METHODS)
def test_a_search_ends_with_a_policy_that_runs_and_resumes_bit_for_bit(method, tmp_path, monkeypatch):
    def begun() -> NeuralAugmentSearch:
        recipe = {"average": 0.98, "every": 2}
        searcher = NeuralAugmentSearch(method, trials=4, steps=6, children=2, nodes=2, width=4, recipe=recipe, least=0.1)
        searcher.begin(DIGITS, None)
        return searcher

    monkeypatch.chdir(tmp_path)
    whole = begun()
    logs = [whole.step() for _ in range(5)]
    assert logs[-1] is None and ("gap" in whole.diagnostics()["image"]) == (method == "darts")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"], "nothing is written where one happens to be"
    half, other = begun(), begun()
    for _ in range(2):
        half.step()
    tensors, values = half.state()
    other.load({name: value.clone() for name, value in tensors.items()}, json.loads(json.dumps(values)))
    resumed = [other.step() for _ in range(2)]
    assert [(a.values, a.candidate) for a in logs[2:4] if a] == [(b.values, b.candidate) for b in resumed if b]
    for name, value in whole.state()[0].items():
        assert torch.equal(value, other.state()[0][name]), name
    assert [best.to_json() for best in whole.best(3)] == [best.to_json() for best in other.best(3)]
    (best,) = whole.best(1)
    assert isinstance(best, mm.Policy) and mm.Policy.from_json(best.to_json()) == best
    out = mm.TransformGraph(best, schema=SCHEMA)(row(), key=1)
    assert out["image"].shape == row()["image"].shape


def test_numbers_that_are_none_are_refused():
    for wrong in ({"method": "magic"}, {"trials": 0}, {"steps": 0}):
        with pytest.raises(ValueError, match="NeuralAugmentSearch"):
            NeuralAugmentSearch(**wrong)  # type: ignore[arg-type]
