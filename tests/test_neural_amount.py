"""Networks that make a share of their changes: half as much to the eye and the ear, declared as such, and what the graph lets run."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

import mmaug as mm
from mmaug import store
from mmaug.child.config import ChildConfig, Recipe
from mmaug.errors import MmaugError
from mmaug.modalities.audio import neural as sound
from mmaug.modalities.image.program import compile_steps
from mmaug.neural.genotype import Genotype
from mmaug.neural.hearing import Hearing
from mmaug.neural.network import NeuralPolicy
from mmaug.search.graph_search import AMOUNTS, LET
from mmaug.search.neural_augment import NeuralAugmentSearch
from mmaug.testing.bilevel_task import DigitsBilevel, TurnedDigits

HEARS = Hearing(rate=16000, bands=32, frames=32, hop=1000)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """Networks are not put into the user's store."""
    monkeypatch.setenv("MMAUG_CACHE", str(tmp_path / "cache"))


def shaken(*ops: str, move: str = "none", modality: str = "image", size: float = 0.4) -> NeuralPolicy:
    """A chain of edges, every weight moved at random."""
    genotype = Genotype(modality, move, tuple(((number, name), (0, "none")) for number, name in enumerate(ops)))
    made = NeuralPolicy(genotype, 3 if modality == "image" else 1, hears=HEARS if modality == "audio" else None)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)
    return made


def covering(modality: str) -> NeuralPolicy:
    """A rectangle that fades wholly, at a place that the noise says."""
    made: Any = shaken("cutout", modality=modality, size=0.0)
    with torch.no_grad():
        made.edges["1_1_0_cutout"].last.bias += 9
    return made


# -- the network -------------------------------------------------------------------------------------------------------------------------


def test_half_of_every_change_is_made():
    network = shaken("colour", "noise", move="affine+flow")
    half, x = network.toned(0.5), torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    z = torch.randn(4, network.noise, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(half.flow(z), network.flow(z) / 2)
    assert torch.allclose(half.affine(z) - torch.eye(2, 3), (network.affine(z) - torch.eye(2, 3)) / 2, atol=1e-7)
    assert torch.allclose(half.recoloured(x, z) - x, (network.recoloured(x, z) - x) / 2, atol=1e-6)
    assert (network.recoloured(x, z) - x).abs().max() > 0.05
    assert half.toned(0.5).amount == 0.25
    nothing = network.toned(0.0)
    assert torch.equal(nothing.recoloured(x, z), x) and (nothing(x, z) - x).abs().max() < 1e-5


def test_the_amount_is_saved_and_another_amount_is_another_network(tmp_path):
    network = shaken("colour", move="flow")
    half = network.toned(0.5)
    assert NeuralPolicy.load(half.save(tmp_path / "half")).amount == 0.5
    assert NeuralPolicy.load(network.save(tmp_path / "whole")).amount == 1.0
    assert half.digest() == NeuralPolicy.load(tmp_path / "half").digest() != network.digest()
    assert not any(weight.requires_grad for weight in NeuralPolicy.load(tmp_path / "half").toned(0.5).parameters())
    text = (tmp_path / "half" / "genotype.json").read_text()
    (tmp_path / "half" / "genotype.json").write_text(text.replace('"amount": 0.5', '"amount": 0.7'))
    with pytest.raises(MmaugError, match="the network must be"):
        NeuralPolicy.load(tmp_path / "half")


def test_a_rectangle_that_hardly_fades_hides_nothing():
    hidden = {}
    for amount in (1.0, 0.5, 0.15):
        step = ("image.neural", {"network": covering("image").toned(amount).keep(), "seed": 5})
        hidden[amount] = len(compile_steps([step], (64, 48)).hidden)
    assert hidden == {1.0: 1, 0.5: 1, 0.15: 0}


def test_half_of_the_decibels_and_half_of_what_is_declared():
    network = shaken("gain", modality="audio", size=0.8)
    half = network.toned(0.5)
    for one, other in zip(sound._limits(half, 3), sound._limits(network, 3), strict=True):
        assert np.allclose(one, other / 2, atol=1e-3) and np.abs(other).max() > 3
    hiss = (0.1 * np.random.default_rng(0).standard_normal((1, 32000))).astype(np.float32)
    power = [np.square(np.fft.rfft(x[0])) for x in (hiss, *(sound.neural(hiss, 16000, network=n.keep(), seed=3) for n in (network, half)))]
    was, whole, halved = (np.abs(p)[200:16000].reshape(-1, 158).mean(1) for p in power)
    change, less = 10 * np.log10(whole / was), 10 * np.log10(halved / was)
    assert np.abs(change).max() > 2 and np.abs(less - change / 2).max() < 0.5


# -- what the graph makes of it ----------------------------------------------------------------------------------------------------------


def pictures(captions: list[str], **options: Any) -> mm.ChildTask:
    rng = np.random.default_rng(3)
    rows = [
        {"image": rng.integers(0, 255, (32, 32, 3), dtype=np.uint8), "caption": captions[number % len(captions)]} for number in range(16)
    ]
    tiny = ChildConfig(image_size=16, width=16, layers=1, heads=2, projection=16)
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    return mm.ChildTask(rows[:12], rows[12:], schema=schema, steps=2, child=tiny, recipe=Recipe(batch=4), **options)


def test_a_task_says_on_what_share_of_its_rows_a_policy_runs():
    """A third of the captions speak of writing, which a network with convolutions may make illegible."""
    bilevel = pictures(["a handwritten word", "a dog in the grass", "a house"]).bilevel(0)
    blurring = mm.Policy.sequence(mm.op("image.neural", network=shaken("convolution", size=0.1).toned(0.2).keep()))
    assert bilevel.runs(blurring) == pytest.approx(2 / 3)
    assert bilevel.runs(mm.Policy.sequence()) == 1.0
    assert bilevel.runs(mm.Policy.sequence(mm.op("image.brightness", strength=0.05))) == 1.0


def test_rows_that_lack_what_a_policy_changes_are_not_asked():
    """Sound in every fourth row, of which half have a caption that speaks of silence: half, and not an eighth."""
    captions = ["a dog", "a house", "a ball", "a tree", "somebody whispers in silence", "a house", "a ball", "a tree"]
    rows: list[dict[str, Any]] = [{"image": np.full((16, 16, 3), 15 * n, np.uint8), "caption": captions[n % 8]} for n in range(16)]
    for number in range(0, 16, 4):
        rows[number]["audio"] = {"array": np.full(800, 0.1, np.float32), "sampling_rate": 8000}
    tiny = ChildConfig(image_size=16, width=16, layers=1, heads=2, projection=16, mels=16, audio_patch=8)
    schema = mm.Schema(image=mm.Image(), audio=mm.Audio(optional=True), caption=mm.Caption(of=("image", "audio")))
    bilevel = mm.ChildTask(rows, rows, schema=schema, steps=2, child=tiny, recipe=Recipe(batch=4)).bilevel(0)
    assert bilevel.runs(mm.Policy.sequence(mm.op("audio.gaussian_noise", strength=1.0))) == 0.5


def test_where_one_refusal_ends_a_training_a_policy_must_run_on_all_rows():
    strict = pictures(["a handwritten word", "a dog in the grass", "a house"], on_conflict="raise").bilevel(0)
    blurring = mm.Policy.sequence(mm.op("image.neural", network=shaken("convolution", size=0.1).toned(0.2).keep()))
    assert strict.runs(blurring) == 0.0
    assert strict.runs(mm.Policy.sequence(mm.op("image.brightness", strength=0.05))) == 1.0


def test_networks_that_are_tried_leave_the_store_as_it_was():
    kept = shaken("colour").keep()
    with store.aside():
        tried = shaken("noise").keep()
        assert store.folder(tried).is_dir()
        with pytest.raises(MmaugError, match="must be in"):
            store.folder(kept)
    assert [path.name for path in store.root().iterdir()] == [kept]


class Strict(TurnedDigits):
    """Rows that a graph would let networks change only by so much, and only on so many of them."""

    def __init__(self, most: float, share: float = 0.75):
        super().__init__()
        self.most, self.share, self.asked = most, share, list[float]()

    def bilevel(self, seed: int = 0) -> DigitsBilevel:
        task, made = self, super().bilevel(seed)

        def runs(policy: mm.Policy) -> float:
            (one,) = policy.ops()
            task.asked.append(NeuralPolicy.load(store.folder(one.params["network"])).amount)
            return task.share if task.asked[-1] <= task.most else LET - 0.1

        made.runs = runs  # type: ignore[method-assign]
        return made


def searched(task: Any, steps: int = 4) -> NeuralAugmentSearch:
    searcher = NeuralAugmentSearch(trials=2, steps=steps, children=1, nodes=1, width=4, least=0.0)
    searcher.begin(task, None)
    return searcher


def test_a_network_is_toned_down_until_the_graph_lets_it_run():
    task = Strict(most=0.5)
    searcher = searched(task)
    logs = [searcher.step(), searcher.step()]
    assert task.asked == [1.0, 0.7, 0.5] * 2
    assert all(log is not None and log.values["amount"] == 0.5 and log.values["runs"] == 0.75 for log in logs)
    told = searcher.diagnostics()["image"]
    assert told["amounts"] == [0.5, 0.5] and told["runs"] == [0.75, 0.75] and not told["warnings"]
    (policy,) = searcher.best(1)
    assert isinstance(policy, mm.Policy)
    (one,) = policy.ops()
    assert NeuralPolicy.load(store.folder(one.params["network"])).amount == 0.5
    other = searched(task)
    other.load(*searcher.state())
    assert other.best(3) == searcher.best(3), "the amounts are part of how it stands"


def test_networks_that_the_graph_never_lets_run_are_given_up_and_nothing_is_what_comes_out():
    task = Strict(most=0.0)
    searcher = searched(task)
    logs = [searcher.step(), searcher.step()]
    assert task.asked == list(AMOUNTS) * 2
    assert all(log is not None and "gain" not in log.values and log.cost.steps == 4 for log in logs), "no child is spent on them"
    assert searcher.best(3) == [mm.Policy.sequence()]
    assert ["no network for image" in text for text in searcher.diagnostics()["image"]["warnings"]] == [True]
    result = NeuralAugmentSearch(trials=1, steps=2, children=1, nodes=1, width=4, least=0.0).search(
        Strict(most=0.0), baselines=(), top=1, rerank_seeds=1
    )
    assert result.policy == mm.Policy.sequence() and any("lets no network" in text for text in result.diagnostics["warnings"])


def test_rows_on_which_a_network_does_not_run_stay_as_they_are_for_the_children_that_judge_it():
    """Half of the rows are half of the gate, and none of them is no network."""
    search, network = searched(TurnedDigits(), steps=30)._searches["image"], shaken("colour", move="flow", size=1.0)
    all_, half, none = (search._scores(network, share) for share in (1.0, 0.5, 0.0))
    assert len({*all_, *half, *none}) == 3
    assert none == search._scores(search._network([0] * len(search.space.decisions)))
    search.recipe = dataclasses.replace(search.recipe, gate=search.recipe.gate / 2)
    assert half == search._scores(network)
