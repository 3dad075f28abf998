"""The space with two numbers a modality, as RandAugment's: how many ops in turn, and how strong they are."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.errors import PolicyError
from mmaug.policy import Policy, op
from mmaug.registry import get_op
from mmaug.search.base import dimensions
from mmaug.search.base.dimensions import Choice, Dimension
from mmaug.search.base.pools import MODALITIES


@dataclass(frozen=True)
class CompactSpace:
    """For each modality n ops in turn, each drawn evenly from the modality's ops and the identity, all at one strength.

    ops: names. most: the largest n. bins: how many strengths a grid has.
    Source: Cubuk et al. 2020, "RandAugment", algorithm 1.
    """

    ops: tuple[str, ...]
    most: int = 3
    bins: int = 10

    @functools.cached_property
    def pools(self) -> dict[str, tuple[str, ...]]:
        """For each modality its ops."""
        found = {m: tuple(name for name in self.ops if get_op(name).modality == m) for m in MODALITIES}
        return {modality: names for modality, names in found.items() if names}

    @property
    def modalities(self) -> tuple[str, ...]:
        return tuple(self.pools)

    @functools.cached_property
    def _flat(self) -> dict[str, Dimension]:
        flat: dict[str, Dimension] = {}
        for modality in self.modalities:
            flat[f"{modality}.n"] = Choice(tuple(range(self.most + 1)))
            flat[f"{modality}.strength"] = dimensions.strength(self.bins) if self._has_strength(modality) else dimensions.NO_STRENGTH
        return flat

    def _has_strength(self, modality: str) -> bool:
        return any(get_op(name).has_strength for name in self.pools[modality])

    def flat(self) -> dict[str, Dimension]:
        """Every decision by name."""
        return dict(self._flat)

    def canonical(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with strength 0 where n is 0, or no op of the modality takes one.

        Raises: PolicyError where a value is none of the space.
        """
        dimensions.check(self._flat, values)
        unused = (m for m in self.modalities if values[f"{m}.n"] == 0 or not self._has_strength(m))
        empty = {f"{modality}.strength" for modality in unused}
        return {name: 0.0 if name in empty else values[name] for name in self._flat}

    def policy(self, values: Mapping[str, Any]) -> Policy:
        """The policy of values. Raises: PolicyError where a value is none of the space."""
        values = self.canonical(values)
        parts: list[Policy] = []
        for modality in self.modalities:
            parts += [self._one_of(modality, float(values[f"{modality}.strength"]))] * values[f"{modality}.n"]
        return Policy.sequence(*parts)

    def _one_of(self, modality: str, strength: float) -> Policy:
        names = self.pools[modality]
        return Policy.choice([Policy.sequence(), *(op(n, strength=strength) if get_op(n).has_strength else op(n) for n in names)])

    def values(self, policy: Policy) -> dict[str, Any]:
        """The values of a policy of this space. Raises: PolicyError for any other."""
        values: dict[str, Any] = {name: 0 if name.endswith(".n") else 0.0 for name in self._flat}
        for part in policy.items:
            first = next(iter(part.ops()), None) if isinstance(part, Policy) else None
            modality = get_op(first.name).modality if first else ""
            strengths = {item.strength for item in part.ops() if item.strength is not None} if isinstance(part, Policy) else set()
            if modality not in self.pools or len(strengths) > 1:
                raise PolicyError("the policy is none of this space, whose policies draw ops evenly at one strength a modality")
            values[f"{modality}.n"] += 1
            values[f"{modality}.strength"] = max(strengths, default=0.0)
        if max((v for name, v in values.items() if name.endswith(".n")), default=0) > self.most or self.policy(values) != policy:
            raise PolicyError("the policy is none of this space, whose policies draw ops evenly at one strength a modality")
        return values

    def unit(self) -> int:
        """How many numbers a vector of the space has."""
        return len(self._flat)

    def from_unit(self, vector: Sequence[float] | np.ndarray) -> dict[str, Any]:
        """The values of a vector in the unit cube. Raises: PolicyError for another length."""
        return self.canonical(dimensions.from_unit(self._flat, vector))

    def to_unit(self, values: Mapping[str, Any]) -> np.ndarray:
        """The vector of values: float64 [unit()]."""
        return dimensions.to_unit(self._flat, self.canonical(values))

    def sample(self, rng: np.random.Generator) -> Policy:
        """A policy with every decision drawn evenly."""
        return self.policy({name: dimension.draw(rng) for name, dimension in self._flat.items()})

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return {"ops": list(self.ops), "most": self.most, "bins": self.bins}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CompactSpace:
        """The space of a JSON value."""
        return cls(**{**value, "ops": tuple(value["ops"])})
