"""A hill over how many ops and how strong: what a grid must find exactly."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.errors import PolicyError
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.compact import CompactSpace
from mmaug.search.base.evaluator import Capability, Cost, Evaluation

OPS = ("image.rotate", "image.brightness", "image.cutout", "text.delete_words", "text.synonym", "audio.gain", "audio.time_mask")


@dataclass(frozen=True)
class PlantedGrid:
    """For each modality a best n and a best strength; a policy loses with the distance from them, without noise: EVALUATE.

    seed: of what is planted. A policy of another space is worth 0.
    """

    seed: int = 0
    most: int = 2
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE

    @functools.cached_property
    def space(self) -> CompactSpace:
        return CompactSpace(OPS, most=self.most, bins=5)

    @functools.cached_property
    def planted(self) -> dict[str, Any]:
        """The values of the best policy, on the grid; n is at least 1."""
        rng = np.random.default_rng([16, self.seed])
        values: dict[str, Any] = {}
        for modality in self.space.modalities:
            values[f"{modality}.n"] = int(rng.integers(1, self.most + 1))
            values[f"{modality}.strength"] = (int(rng.integers(5)) + 1) / 5
        return values

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """1 minus the mean distance from what is planted."""
        try:
            values = self.space.values(policy_of(candidate))
            objective = 1.0 - float(np.mean([abs(values[name] - best) for name, best in self.planted.items()]))
        except PolicyError:
            objective = 0.0
        return Evaluation(objective, {"objective": objective}, Cost(1, round(100 * fidelity)), fidelity, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "PlantedGrid", "seed": self.seed, "most": self.most}
