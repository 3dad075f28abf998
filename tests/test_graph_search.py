"""What a network is worth, as the search for networks tells it: by new children, the same for every network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mmaug.neural.genotype import Genotype
from mmaug.neural.network import NeuralPolicy
from mmaug.search.augmenter import HELD, AdversarialTraining, Recipe
from mmaug.search.graph_search import GraphSearch
from mmaug.search.neural_augment import RECIPE, NeuralAugmentSearch
from mmaug.testing.bilevel_task import TurnedDigits


@pytest.fixture(autouse=True)
def one_thread(tmp_path, monkeypatch):
    """Several threads on busy cores take many times as long, and sums may differ; and networks are not put into the user's store."""
    monkeypatch.setenv("MMAUG_CACHE", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def searching(**options: Any) -> GraphSearch:
    given = {
        "method": "evolution",
        "trials": 4,
        "steps": 60,
        "children": 2,
        "nodes": 1,
        "width": 4,
        "least": 0.5,
        "recipe": Recipe(),
        "seed": 0,
    }
    return GraphSearch(TurnedDigits(), "image", **{**given, **options})


def digits(seed: int) -> Any:
    return TurnedDigits().bilevel(seed)


def turning(degrees: float) -> Any:
    """A network that turns pictures to either side, by up to so much and as the first number of the noise says."""
    made: Any = NeuralPolicy(Genotype("image", "affine", ()), noise=1, width=2)
    reach = np.arctanh(np.sin(np.radians(degrees)) / 0.25)
    with torch.no_grad():
        made.first["affine"].weight.copy_(torch.tensor([[9.0], [-9.0]]))
        made.last["affine"].weight.zero_()
        for place, sign in ((1, 1.0), (3, -1.0)):
            made.last["affine"].weight[place] = sign * reach * torch.tensor([1.0, -1.0]) / 9
    return made


def sliding() -> Any:
    """A network that moves everything a quarter to the same side, which no held-out digit is."""
    made: Any = NeuralPolicy(Genotype("image", "affine", ()), noise=1, width=2)
    with torch.no_grad():
        made.last["affine"].bias[2] = 9.0
        made.last["affine"].bias[5] = 9.0
    return made


def test_without_a_network_nothing_is_gained_to_the_bit():
    """The same children, batches and noise for every network: what is left is the network."""
    search = searching(steps=20)
    plain = search._scores(NeuralPolicy(Genotype("image", "none", ())))
    assert plain == search._scores(NeuralPolicy(Genotype("image", "none", (((0, "skip"), (0, "colour")),)))), "still the identity"
    assert len(set(plain)) == 2, "two children, not one twice"


def test_new_children_tell_a_network_that_helps_from_one_that_harms():
    """Digits that are turned after training: turning helps, moving them harms."""
    search = searching(steps=300)
    plain, helped, harmed = (np.mean(search._scores(net)) for net in (NeuralPolicy(Genotype("image", "none", ())), turning(14), sliding()))
    assert helped > plain + 0.05 and harmed < plain - 0.02, (plain, helped, harmed)


class Linear:
    """A child without corners, in float64: three classes of tiny pictures."""

    def parameters(self) -> dict[str, torch.Tensor]:
        return {"w": torch.randn(12, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)}

    def batch(self, split: str, number: int) -> Any:
        generator = torch.Generator().manual_seed(2 * number + (split == "valid"))
        return torch.rand(8, 3, 2, 2, generator=generator, dtype=torch.float64), torch.randint(3, (8,), generator=generator)

    def tensors(self, parameters: Any, batch: Any) -> dict[str, torch.Tensor]:
        return {"image": batch[0]}

    def losses(self, parameters: Any, batch: Any, tensors: Any) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(tensors["image"].flatten(1) @ parameters["w"], batch[1], reduction="none")


def test_the_gradient_of_the_held_out_loss_after_a_step_against_differences():
    """And the loss itself against a step that is written out: of softmax regression the gradient is known."""
    task: Any = Linear()
    network = NeuralPolicy(Genotype("image", "none", (((0, "colour"), (0, "none")),)), width=4).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    training, batch = AdversarialTraining(task, network, Recipe(rate=0.7), 0), task.batch("train", 0)

    def ahead() -> torch.Tensor:
        return training.ahead(batch, np.random.default_rng(3))

    drawn = np.random.default_rng(3)
    seen = training.augmented(batch[0], drawn).detach().flatten(1)
    chances = (seen @ task.parameters()["w"]).softmax(1) - torch.nn.functional.one_hot(batch[1], 3)
    held = task.batch("valid", int(drawn.integers(HELD)))
    stepped = {"w": task.parameters()["w"] - 0.7 * seen.T @ chances / 8}
    assert float(ahead().detach()) == pytest.approx(float(task.losses(stepped, held, {"image": held[0]}).mean()), rel=1e-9)
    for parameter, slope in zip(network.parameters(), torch.autograd.grad(ahead(), list(network.parameters())), strict=True):
        place, ends = np.unravel_index(int(slope.abs().argmax()), slope.shape), []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter[place] += step
            ends.append(float(ahead().detach()))
            with torch.no_grad():
                parameter[place] -= step
        assert float(slope[place]) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-8)


@pytest.mark.slow
def test_what_the_child_lacks_is_found_where_networks_follow_the_held_out_loss():
    """Digits that are turned after training, new children, test rows: the adversary alone finds what is hard, not what helps."""
    moves = Genotype("image", "affine+flow", (((0, "colour"), (0, "none")),))
    plain, gains = on_test(NeuralPolicy(Genotype("image", "none", ()))), {}
    for kind, recipe in (("held", Recipe(**RECIPE)), ("adversary", Recipe(learning_rate=1e-2, every=2))):  # type: ignore[arg-type]
        network = NeuralPolicy(moves)
        training = AdversarialTraining(digits(0), network, recipe, 0)
        for _ in range(600):
            training.step()
        gains[kind] = on_test(network) - plain
    assert gains["held"] > 0.02 > gains["adversary"], gains


def on_test(network: NeuralPolicy) -> float:
    """The accuracy on test rows of a new child that is trained under a network."""
    bilevel = digits(100)
    training = AdversarialTraining(bilevel, network, Recipe(), 100, fixed=True)
    for _ in range(400):
        training.step()
    return bilevel.score(training.teacher).metrics["test"]


def test_the_network_stays_as_it_is_while_children_judge_it():
    network = turning(10)
    before = network.digest()
    bilevel = digits(0)
    training = AdversarialTraining(bilevel, network, Recipe(every=1, store=1), 0, fixed=True)
    assert [set(training.step()) for _ in range(3)] == [{"child"}] * 3
    assert network.digest() == before and not training.stored


def test_a_gain_is_told_and_what_was_spent_is_counted():
    searcher = NeuralAugmentSearch(trials=2, steps=5, children=3, nodes=1, width=4, least=0.0)
    searcher.begin(TurnedDigits(), None)
    logs = [searcher.step(), searcher.step()]
    assert all(log is not None and {"gain", "objective", "understood", "runs", "amount", "entropy"} == set(log.values) for log in logs)
    assert [log.cost.steps for log in logs if log] == [5 * (1 + 3 + 3), 5 * (1 + 3)], "once for the children without a network"
    gains = searcher.diagnostics()["image"]["gains"]
    assert gains == sorted(gains, reverse=True)
