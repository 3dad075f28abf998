"""The search for one network: its graph is proposed, its weights are trained against a child, and new children say what it is worth."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mmaug import store
from mmaug.neural.genotype import Genotype, GenotypeSpace
from mmaug.neural.hearing import Hearing
from mmaug.neural.network import NeuralPolicy, discretised, supergraph
from mmaug.policy import Policy, op
from mmaug.search.augmenter import AdversarialTraining, Recipe
from mmaug.search.genotypes import Controlled, Evolution, Proposals

Method = Literal["evolution", "controller", "darts"]
METHODS: tuple[Method, ...] = ("evolution", "controller", "darts")

HOT, COLD = 1.0, 0.2
"""Temperatures of a supergraph's choices, at its beginning and at its end."""

KEPT = 5
"""How many networks are remembered, the best."""

AMOUNTS = (1.0, 0.7, 0.5, 0.35, 0.25)
"""How much of its changes a network makes: the first of them that the teacher understands, and that the graph lets run, is judged."""

LET = 0.5
"""The share of rows on which the graph must let a network run."""


class GraphSearch:
    """Networks for one modality of a task, one trial after another.

    task: `bilevel(seed)` gives what children are trained with. trials: how many there will be. The other arguments are those of
    `NeuralAugmentSearch`. found: (gain, network), the best first; a gain is the held-out objective of new children under a network, less
    that of the same children without one. understood, runs: of each network as it was judged, or at its least amount; the graph is asked
    only of what is understood.
    """

    def __init__(
        self, task: Any, modality: str, *, method: Method, trials: int, steps: int, children: int, nodes: int, width: int, least: float,
        recipe: Recipe, seed: int,
    ):  # fmt: skip
        self.method, self.trials, self.steps, self.children = method, trials, steps, children
        self.width, self.least, self.recipe, self.seed = width, least, recipe, seed
        self.task, self.bilevel = task, task.bilevel(seed=seed)
        self.space = GenotypeSpace(modality, nodes)
        self.channels = _channels(self.bilevel, modality)
        self.hears = Hearing.from_json(self.bilevel.hears()) if modality == "audio" else None
        made = {"evolution": Evolution, "controller": Controlled}.get(method)
        self.proposals: Proposals | None = made(self.space, seed) if made else None
        self.number, self.gap = 0, None
        self.plain: list[float] | None = None
        self.found: list[tuple[float, NeuralPolicy]] = []
        self.understood: list[float] = []
        self.runs: list[float | None] = []
        self.training = self._supergraph() if method == "darts" else None

    def trial(self) -> tuple[dict[str, float], int]:
        """One graph, or `steps` steps of the supergraph: what came of it by name, and the steps of children that it took."""
        numbers = self.proposals.ask(self.number) if self.proposals is not None else None
        training = self._trained(self._network(numbers)) if numbers is not None else self._all_graphs()
        values, steps = {"entropy": self.entropy()}, self.steps
        if training is not None:
            told, more = self._judge(training, numbers)
            values, steps = values | told, steps + more
        self.number += 1
        return values, steps

    def _network(self, numbers: list[int]) -> NeuralPolicy:
        return NeuralPolicy(self.space.genotype(numbers), self.channels, width=self.width, seed=self.seed, hears=self.hears)

    def _trained(self, network: NeuralPolicy) -> AdversarialTraining:
        training = AdversarialTraining(self.bilevel, network, self.recipe, self.seed)
        for _ in range(self.steps):
            training.step()
        return training

    # -- what a network is worth -----------------------------------------------------------------------------------------------------------

    def _judge(self, training: AdversarialTraining, numbers: list[int] | None) -> tuple[dict[str, float], int]:
        """How much of the network's changes can be made, and if some can, what new children learn under it."""
        network, understood, runs = self._usable(training)
        self.understood.append(understood)
        self.runs.append(runs)
        values, gain, steps = {"understood": understood} | ({} if runs is None else {"runs": runs}), None, 0
        if network is not None and runs is not None:
            if self.plain is None:
                self.plain = self._scores(self._network([0] * len(self.space.decisions)))
                steps += self.children * self.steps
            scores = self._scores(network, runs)
            steps += self.children * self.steps
            gain = float(np.mean(np.subtract(scores, self.plain)))
            values |= {"amount": network.amount, "objective": float(np.mean(scores)), "gain": gain}
        gain = gain if gain is not None and math.isfinite(gain) else None
        if self.proposals is not None and numbers is not None:
            self.proposals.tell(self.number, numbers, gain)
        if network is not None and gain is not None and network.digest() not in {other.digest() for _, other in self.found}:
            self.found = sorted([*self.found, (gain, network)], key=lambda pair: -pair[0])[:KEPT]
        return values, steps

    def _usable(self, training: AdversarialTraining) -> tuple[NeuralPolicy | None, float, float | None]:
        """The network with as much of its changes as can be, or None; how well it is understood, and on what share of rows it runs."""
        understood, runs = 0.0, None
        for amount in AMOUNTS:
            network = training.network if amount == 1 else training.network.toned(amount)
            understood = training.understood(network)
            runs = self._runs(network) if understood >= self.least else None
            if runs is not None and runs >= LET:
                return network, understood, runs
        return None, understood, runs

    def _runs(self, network: NeuralPolicy) -> float:
        with store.aside():
            return self.bilevel.runs(Policy.sequence(op(f"{self.space.modality}.neural", network=network.keep())))

    def _scores(self, network: NeuralPolicy, runs: float = 1.0) -> list[float]:
        """The held-out objectives of new children under a network that stays as it is; the same children, batches and noise for all.

        runs: the share of rows on which it runs; the others stay as they are.
        """
        scores, recipe = [], dataclasses.replace(self.recipe, gate=self.recipe.gate * runs)
        for child in range(self.children):
            bilevel = self.task.bilevel(seed=self.seed + child)
            training = AdversarialTraining(bilevel, network, recipe, self.seed + child, fixed=True)
            for _ in range(self.steps):
                training.step()
            objective = bilevel.score(training.teacher).objective
            scores.append(math.nan if objective is None else float(objective))
        return scores

    # -- all graphs at once ----------------------------------------------------------------------------------------------------------------

    def _supergraph(self) -> AdversarialTraining:
        logits = {name: torch.zeros(len(options), requires_grad=True) for name, options in self.space.decisions}
        network = supergraph(self.space, self.channels, width=self.width, seed=self.seed, hears=self.hears)
        return AdversarialTraining(self.bilevel, network, self.recipe, self.seed, logits)

    def _all_graphs(self) -> AdversarialTraining | None:
        """Some steps of the supergraph; in the last trial its likeliest graph is trained."""
        assert self.training is not None
        if self.number < self.trials - 1:
            self.training.temperature = HOT * (COLD / HOT) ** (self.number / max(self.trials - 2, 1))
            for _ in range(self.steps):
                self.training.step()
            return None
        network = discretised(self.training.network, self._likeliest())
        self.gap = self._difference(network)
        return self._trained(network)

    def _likeliest(self) -> Genotype:
        assert self.training is not None
        return self.space.genotype([int(self.training.logits[name].argmax()) for name, _ in self.space.decisions])

    def _difference(self, network: NeuralPolicy, batches: int = 4) -> float:
        """How much worse the network's objective is for the likeliest graph than for the mix."""
        mix = self.training
        assert mix is not None
        alone, apart = AdversarialTraining(self.bilevel, network, self.recipe, self.seed), 0.0
        alone.weights, alone.teacher = mix.weights, mix.teacher
        for number in range(batches):
            batch = self.bilevel.batch("valid", number)
            one, all_ = (float(t.objective(batch, np.random.default_rng([self.seed, number])).detach()) for t in (alone, mix))
            apart += (one - all_) / batches
        return apart

    # -- how it stands ---------------------------------------------------------------------------------------------------------------------

    def entropy(self) -> float:
        """Of what is proposed, or of a supergraph's choices, as a share of that of even draws."""
        if self.proposals is not None:
            return self.proposals.entropy()
        assert self.training is not None
        shares = []
        for name, options in self.space.decisions:
            if len(options) > 1:
                chances = self.training.logits[name].detach().softmax(0)
                shares.append(float(-(chances * chances.clamp_min(1e-12).log()).sum()) / math.log(len(options)))
        return sum(shares) / len(shares)

    def diagnostics(self) -> dict[str, Any]:
        """How many networks the teacher still understands and the graph lets run, and what the best gained."""
        confused = bool(self.understood) and all(understood < self.least for understood in self.understood)
        asked = [runs for runs in self.runs if runs is not None]
        refused = bool(asked) and max(asked) < LET
        told = f"the graph lets no network for {self.space.modality} run on {LET:.0%} of the rows: `graph.lint` says which words forbid it"
        return {
            "trials": self.number,
            "understood": list(self.understood),
            "runs": list(self.runs),
            "entropy": self.entropy(),
            "collapsed": confused,
            "genotypes": [network.genotype.to_json() for _, network in self.found],
            "amounts": [network.amount for _, network in self.found],
            "gains": [gain for gain, _ in self.found],
            "warnings": [told] if refused else [],
            **({} if self.gap is None else {"gap": self.gap}),
        }

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What was found, and where the proposals or the supergraph stand."""
        tensors: dict[str, Tensor] = {}
        values: dict[str, Any] = {"number": self.number, "understood": list(self.understood), "runs": list(self.runs)}
        values |= {"gap": self.gap, "plain": self.plain}
        for place, (_, network) in enumerate(self.found):
            tensors |= {f"found{place}/{name}": value.detach().cpu().clone() for name, value in network.state_dict().items()}
        values |= {"found": [[gain, network.genotype.to_json(), network.amount] for gain, network in self.found], "proposals": {}}
        if self.proposals is not None:
            own, values["proposals"] = self.proposals.state()
            tensors |= {f"proposals/{name}": value for name, value in own.items()}
        if self.training is not None:
            tensors |= {f"supergraph/{name}": value for name, value in self.training.state().items()}
        return tensors, values

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.number, self.understood, self.runs = values["number"], list(values["understood"]), list(values["runs"])
        self.gap, self.plain, self.found = values["gap"], values["plain"], []
        for place, (gain, genotype, amount) in enumerate(values["found"]):
            network = NeuralPolicy(Genotype.from_json(genotype), self.channels, width=self.width, hears=self.hears, amount=amount)
            network.load_state_dict(part(tensors, f"found{place}/"))
            self.found.append((float(gain), network))
        if self.proposals is not None:
            self.proposals.load(part(tensors, "proposals/"), values["proposals"])
        if self.training is not None:
            self.training.load(part(tensors, "supergraph/"))


def _channels(bilevel: Any, modality: str) -> int:
    """Of what a network is given: colours, one log-mel picture, or the numbers of a word's vector."""
    if modality != "text":
        return {"image": 3, "audio": 1}[modality]
    return bilevel.tensors(bilevel.parameters(), bilevel.batch("train", 0))["text"].shape[-1]


def part(tensors: Mapping[str, Tensor], first: str) -> dict[str, Tensor]:
    """The tensors whose names begin so, under the rest of their names."""
    return {name.removeprefix(first): value for name, value in tensors.items() if name.startswith(first)}
