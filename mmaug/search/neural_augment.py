"""Search for an augmentation that is a network: its graph is searched, its weights are trained against a child and its teacher."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from mmaug.errors import MmaugError
from mmaug.neural.genotype import Genotype, GenotypeSpace
from mmaug.neural.network import AugmentNetwork, discretised, supergraph
from mmaug.policy import Policy, op
from mmaug.search.augmenter import AdversarialTraining, Recipe
from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Capability, Cost
from mmaug.search.base.searcher import Budget, OnlineSearcher, StepLog
from mmaug.search.genotypes import Controlled, Evolution, Proposals

Method = Literal["evolution", "controller", "darts"]
METHODS: tuple[Method, ...] = ("evolution", "controller", "darts")

HOT, COLD = 1.0, 0.2
"""Temperatures of a supergraph's choices, at its beginning and at its end."""


@dataclass
class NeuralAugmentSearch(OnlineSearcher):
    """Finds a network that augments pictures: each trial trains a child with one, from the identity.

    method: how graphs are proposed. "evolution" and "controller" train a network and a child of their own for each graph, `trials` times;
    "darts" trains one child with a supergraph of all edges for as many steps, whose choices cool down to one graph, and then that graph.
    steps: of the child in a trial. nodes: of a graph. recipe: how child and network are trained together. least: how sure the teacher must
    be of augmented rows, as a share of how sure it is of rows as they are; a network below it never is the best.
    folder: where networks are written, each into a folder named after its content.
    What comes out is a policy with the op "image.neural", for a share `recipe.gate` of the rows. Networks for log-mel pictures and for
    embeddings of tokens are trained with `mmaug.search.augmenter.AdversarialTraining` by themselves: no row holds what they work on.
    Source: Suzuki 2022, "TeachAugment" (the training); Real et al. 2019; Zoph and Le 2017; Liu et al. 2019 (the proposals).
    """

    method: Method = "evolution"
    trials: int = 20
    steps: int = 400
    nodes: int = 3
    width: int = 16
    least: float = 0.8
    folder: str = "networks"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    requires: ClassVar[Capability] = Capability.GRADIENT
    default_budget: ClassVar[Budget] = Budget()

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"NeuralAugmentSearch: method must be one of {', '.join(METHODS)}, got {self.method!r}")
        for name in ("trials", "steps", "nodes", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"NeuralAugmentSearch: {name} must be at least 1, got {getattr(self, name)!r}")
        self._recipe = Recipe(**self.recipe)

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start with no network. space and init say nothing here: what is searched is a graph."""
        del space, init
        self._bilevel = task.bilevel(seed=self.seed)
        first = self._bilevel.tensors(self._bilevel.parameters(), self._bilevel.batch("train", 0))
        if "image" not in first:
            raise MmaugError(f"NeuralAugmentSearch: the task must have pictures, and has {', '.join(first) or 'nothing'}")
        self._space = GenotypeSpace("image", self.nodes)
        made = {"evolution": Evolution, "controller": Controlled}.get(self.method)
        self._proposals: Proposals | None = made(self._space, self.seed) if made else None
        self._number = 0
        self._found: list[tuple[float, AugmentNetwork]] = []
        self._understood: list[float] = []
        self._gap: float | None = None
        self._training = self._supergraph() if self.method == "darts" else None

    def step(self) -> StepLog | None:
        """One trial, or `steps` steps of the supergraph."""
        if self._number >= self.trials:
            return None
        began = time.perf_counter()
        training = self._one_graph() if self._proposals is not None else self._all_graphs()
        values = {"entropy": self._entropy()}
        if training is not None:
            values |= self._judge(training)
        self._number += 1
        found = self._policy(self._found[0][1]) if self._found else None
        return StepLog(self._number - 1, values, Cost(0, self.steps, time.perf_counter() - began), found)

    # -- one graph a trial ---------------------------------------------------------------------------------------------------------------

    def _one_graph(self) -> AdversarialTraining:
        assert self._proposals is not None
        self._numbers = self._proposals.ask(self._number)
        return self._trained(AugmentNetwork(self._space.genotype(self._numbers), width=self.width, seed=self.seed))

    def _trained(self, network: AugmentNetwork) -> AdversarialTraining:
        training = AdversarialTraining(self._bilevel, network, self._recipe, self.seed)
        for _ in range(self.steps):
            training.step()
        return training

    def _judge(self, training: AdversarialTraining) -> dict[str, float]:
        """The held-out objective of the teacher, which is the child's average, and whether it still understands."""
        scored, understood = self._bilevel.score(training.teacher).objective, training.understood()
        self._understood.append(understood)
        good = scored is not None and math.isfinite(scored) and understood >= self.least
        if self._proposals is not None:
            self._proposals.tell(self._number, self._numbers, float(scored) if good and scored is not None else None)
        if good and scored is not None:
            self._found = sorted([*self._found, (float(scored), training.network)], key=lambda pair: -pair[0])[:5]
        values = {"understood": understood}
        return values if scored is None else {**values, "objective": float(scored)}

    # -- all graphs at once --------------------------------------------------------------------------------------------------------------

    def _supergraph(self) -> AdversarialTraining:
        logits = {name: torch.zeros(len(options), requires_grad=True) for name, options in self._space.decisions}
        network = supergraph(self._space, width=self.width, seed=self.seed)
        return AdversarialTraining(self._bilevel, network, self._recipe, self.seed, logits)

    def _all_graphs(self) -> AdversarialTraining | None:
        """Some steps of the supergraph; in the last trial its likeliest graph is trained."""
        assert self._training is not None
        if self._number < self.trials - 1:
            self._training.temperature = HOT * (COLD / HOT) ** (self._number / max(self.trials - 2, 1))
            for _ in range(self.steps):
                self._training.step()
            return None
        network = discretised(self._training.network, self._likeliest())
        self._gap = self._difference(network)
        return self._trained(network)

    def _likeliest(self) -> Genotype:
        assert self._training is not None
        return self._space.genotype([int(self._training.logits[name].argmax()) for name, _ in self._space.decisions])

    def _difference(self, network: AugmentNetwork, batches: int = 4) -> float:
        """How much worse the network's objective is for the likeliest graph than for the mix."""
        mix = self._training
        assert mix is not None
        alone, apart = AdversarialTraining(self._bilevel, network, self._recipe, self.seed), 0.0
        alone.weights, alone.teacher = mix.weights, mix.teacher
        for number in range(batches):
            batch = self._bilevel.batch("valid", number)
            one, all_ = (float(t.objective(batch, np.random.default_rng([self.seed, number])).detach()) for t in (alone, mix))
            apart += (one - all_) / batches
        return apart

    # -- what came of it -----------------------------------------------------------------------------------------------------------------

    def best(self, count: int) -> list[Candidate]:
        """Policies with the best networks, which are written to the folder."""
        return [self._policy(network) for _, network in self._found[:count]]

    def _policy(self, network: AugmentNetwork) -> Policy:
        place = Path(self.folder) / network.digest()
        if not (place / "network.safetensors").exists():
            network.save(place)
        return Policy.sequence(op("image.neural", network=str(place), p=self._recipe.gate))

    def _entropy(self) -> float:
        if self._proposals is not None:
            return self._proposals.entropy()
        assert self._training is not None
        shares = []
        for name, options in self._space.decisions:
            if len(options) > 1:
                chances = self._training.logits[name].detach().softmax(0)
                shares.append(float(-(chances * chances.clamp_min(1e-12).log()).sum()) / math.log(len(options)))
        return sum(shares) / len(shares)

    def diagnostics(self) -> dict[str, Any]:
        """How many networks the teacher still understands; a search where it understands none has collapsed."""
        kept = sum(understood >= self.least for understood in self._understood)
        found = {"trials": self._number, "understood": list(self._understood), "entropy": self._entropy()}
        gap = {} if self._gap is None else {"gap": self._gap}
        genotypes = [network.genotype.to_json() for _, network in self._found]
        return {**found, "collapsed": bool(self._understood) and kept == 0, "genotypes": genotypes, **gap}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What was found, and where the proposals or the supergraph stand."""
        tensors: dict[str, Tensor] = {}
        values: dict[str, Any] = {"number": self._number, "understood": list(self._understood), "gap": self._gap, "proposals": {}}
        for place, (_, network) in enumerate(self._found):
            tensors |= {f"found{place}/{name}": value.detach().cpu().clone() for name, value in network.state_dict().items()}
        values["found"] = [[score, network.genotype.to_json()] for score, network in self._found]
        if self._proposals is not None:
            own, values["proposals"] = self._proposals.state()
            tensors |= {f"proposals/{name}": value for name, value in own.items()}
        if self._training is not None:
            tensors |= {f"supergraph/{name}": value for name, value in self._training.state().items()}
        return tensors, values

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state; `begin` was called with the same task."""

        def part(first: str) -> dict[str, Tensor]:
            return {name.removeprefix(first): value for name, value in tensors.items() if name.startswith(first)}

        self._number, self._understood, self._gap = values["number"], list(values["understood"]), values["gap"]
        self._found = []
        for place, (score, genotype) in enumerate(values["found"]):
            network = AugmentNetwork(Genotype.from_json(genotype), width=self.width)
            network.load_state_dict(part(f"found{place}/"))
            self._found.append((float(score), network))
        if self._proposals is not None:
            self._proposals.load(part("proposals/"), values["proposals"])
        if self._training is not None:
            self._training.load(part("supergraph/"))
