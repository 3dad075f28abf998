"""Search for augmentations that are networks: their graphs are searched, their weights are trained against a child and its teacher."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from torch import Tensor

from mmaug.errors import MmaugError
from mmaug.neural.network import NeuralPolicy
from mmaug.policy import Policy, op
from mmaug.search.augmenter import Recipe
from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Capability, Cost
from mmaug.search.base.searcher import Budget, OnlineSearcher, StepLog
from mmaug.search.base.settings import NOT_NEGATIVE, Fields, OneOf, Some, Whole, check
from mmaug.search.graph_search import METHODS, GraphSearch, Method, part

MODALITIES = ("image", "audio", "text")
"""What a network can augment: pictures, recordings, and the vectors that a model has for words."""

RECIPE: Mapping[str, float] = MappingProxyType({"adversarial": 0.1, "teacher": 0.3, "held": 3.0, "learning_rate": 1e-2, "every": 2})
"""What of `Recipe` is otherwise here: networks follow the held-out loss first. Those that only follow the child's failure are as hard as
the teacher allows, but not what the child lacks."""


@dataclass
class NeuralAugmentSearch(OnlineSearcher):
    """Finds networks that augment pictures, sound and the vectors of words.

    Each trial trains a child with a network, from the identity, and new children judge it.

    method: how graphs are proposed. "evolution" and "controller" train a network and a child of their own for each graph, `trials` times;
    "darts" trains one child with a supergraph of all edges for as many steps, whose choices cool down to one graph, and then that graph.
    modalities: of those of the task; trials go round them. One for "text" fits models whose words are as wide as the child's and acts where
    they are trained (`text.neural`), so it must be asked for. steps: of a child. children: new ones, trained under each network as it is
    then: their mean held-out objective, less that of the same children without a network, is what it is worth. nodes: of a graph. recipe:
    how child and network are trained together, where it differs from `RECIPE`. least: how sure the teacher must be of augmented rows, as
    a share of how sure it is of rows as they are; a network below it never is the best.
    A network that the teacher does not understand, or that the graph refuses on more than half of the rows, since captions speak of what
    it could change, is toned down until neither is so, or given up.
    What comes out is a policy with the ops "image.neural", "audio.neural" and "text.neural", each for a share `recipe.gate` of the rows,
    or with some of them, or with none where none can be used: scored again on fresh seeds, the better stays. The networks are in the
    store (`mmaug.store`); a saved policy takes them along.
    Source: Suzuki 2022, "TeachAugment", and Tang et al. 2020, "OnlineAugment" (the training); Real et al. 2019; Zoph and Le 2017; Liu et
    al. 2019 (the proposals).
    """

    method: Method = "evolution"
    modalities: Sequence[str] = ("image", "audio")
    trials: int = 20
    steps: int = 400
    children: int = 2
    nodes: int = 3
    width: int = 16
    least: float = 0.8
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    requires: ClassVar[Capability] = Capability.GRADIENT
    default_budget: ClassVar[Budget] = Budget()

    def __post_init__(self) -> None:
        sizes = dict.fromkeys(("trials", "steps", "children", "nodes", "width"), Whole())
        check(self, method=OneOf(METHODS), modalities=Some(MODALITIES), least=NOT_NEGATIVE, recipe=Fields(Recipe), **sizes)
        self.modalities = list(self.modalities)
        self._recipe = Recipe(**{**RECIPE, **self.recipe})  # type: ignore[arg-type]

    def begin(self, task: Any, space: Any, init: Sequence[Candidate] = ()) -> None:
        """Start with no network. space and init say nothing here: what is searched is a graph."""
        del space, init
        bilevel = task.bilevel(seed=self.seed)
        there = bilevel.tensors(bilevel.parameters(), bilevel.batch("train", 0))
        names = [name for name in MODALITIES if name in there and name in self.modalities]
        if not names:
            wanted = " or ".join(self.modalities)
            raise MmaugError(f"NeuralAugmentSearch: the task must have {wanted}, and has {', '.join(there) or 'nothing'}")
        if self.trials < len(names):
            raise MmaugError(f"NeuralAugmentSearch: trials must be at least one for each of {', '.join(names)}, got {self.trials}")
        options = {"method": self.method, "steps": self.steps, "children": self.children, "nodes": self.nodes, "width": self.width}
        options |= {"least": self.least, "recipe": self._recipe, "seed": self.seed}
        counts = {name: len(range(place, self.trials, len(names))) for place, name in enumerate(names)}
        self._searches = {name: GraphSearch(task, name, trials=count, **options) for name, count in counts.items()}

    def step(self) -> StepLog | None:
        """One trial, or `steps` steps of a supergraph, for one modality after the other."""
        number = sum(search.number for search in self._searches.values())
        if number >= self.trials:
            return None
        began = time.perf_counter()
        values, steps = list(self._searches.values())[number % len(self._searches)].trial()
        found = self.best(1)
        return StepLog(number, values, Cost(1, steps, time.perf_counter() - began), found[0] if found else None)

    def best(self, count: int) -> list[Candidate]:
        """Policies with the best networks, one for each modality or for some: those first whose networks gained most together.

        Where trials are done and none of them gave a network that can be used, the policy that does nothing.
        """
        each = [[(0.0, None), *search.found] for search in self._searches.values()]
        chosen = [one for one in itertools.product(*each) if any(network is not None for _, network in one)]
        if not chosen and any(search.number for search in self._searches.values()):
            chosen = [tuple(of[0] for of in each)]
        chosen.sort(key=lambda one: -sum(gain for gain, _ in one))
        return [self._policy([network for _, network in one if network is not None]) for one in chosen[:count]]

    def _policy(self, networks: Sequence[NeuralPolicy]) -> Policy:
        ops = [op(f"{network.genotype.modality}.neural", network=network.keep(), p=self._recipe.gate) for network in networks]
        return Policy.sequence(*ops)

    def diagnostics(self) -> dict[str, Any]:
        """By modality how many networks the teacher still understands; a search where it understands none has collapsed."""
        return {name: search.diagnostics() for name, search in self._searches.items()}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Of the search of each modality."""
        tensors, values = {}, {}
        for name, search in self._searches.items():
            own, values[name] = search.state()
            tensors |= {f"{name}/{key}": value for key, value in own.items()}
        return tensors, values

    def load(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Go on from a state; `begin` was called with the same task."""
        for name, search in self._searches.items():
            search.load(part(tensors, f"{name}/"), values[name])
