"""The space of policies: ops of pictures, texts and sounds together, in the forms that searchers work on.

A policy of the space is a choice of `n_sub` sub-policies, each `n_ops` slots in order; a slot has one op, or the identity, for each
modality, and one coin for all of them, so that a flip of the picture can come together with a swap of the channels, or not at all.
`values` is the form that all others go through: a flat dict of names of ops and numbers, plain JSON.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmaug.errors import PolicyError
from mmaug.policy import Policy, PolicyOp, op
from mmaug.registry import get_op
from mmaug.search.base import dimensions
from mmaug.search.base.compact import CompactSpace
from mmaug.search.base.dimensions import Choice, Dimension, Token
from mmaug.search.base.pools import IDENTITY, MODALITIES, POOLS

if TYPE_CHECKING:
    from mmaug.search.base.relaxed import RelaxedPolicy

COUPLINGS = ("shared", "independent")


@dataclass(frozen=True)
class PolicySpace:
    """Policies of `n_sub` sub-policies with `n_ops` slots each.

    ops: names; default those of `mmaug.search.base.pools` for the modalities. modalities: of "image", "text", "audio"; where ops are
    given, those that they are of. bins: how many strengths a token tells apart (and one more probability). coupling: "shared" is one
    coin a slot for the ops of all modalities, "independent" one for each.
    Raises: PolicyError for an unknown op or modality, or a number that is none.
    """

    ops: tuple[str, ...] | None = None
    modalities: tuple[str, ...] = MODALITIES
    n_sub: int = 5
    n_ops: int = 2
    bins: int = 10
    coupling: str = "shared"

    def __post_init__(self) -> None:
        for name in ("n_sub", "n_ops", "bins"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise PolicyError(f"PolicySpace: {name} must be a whole number >= 1, got {value!r}")
        if self.coupling not in COUPLINGS:
            raise PolicyError(f"PolicySpace: coupling must be one of {', '.join(COUPLINGS)}, got {self.coupling!r}")
        if isinstance(self.modalities, str) or not self.modalities or not set(self.modalities) <= set(MODALITIES):
            raise PolicyError(f"PolicySpace: modalities must be some of {', '.join(MODALITIES)}, got {self.modalities!r}")
        chosen = self.ops if self.ops is not None else [name for m in MODALITIES if m in self.modalities for name in POOLS[m]]
        if isinstance(chosen, str) or not (ops := tuple(dict.fromkeys(name for name in chosen if name != IDENTITY))):
            raise PolicyError(f"PolicySpace: ops must be a list of names of ops, got {self.ops!r}; `mmaug ops` lists them")
        found = {get_op(name).modality for name in ops}
        for name in ops:
            if get_op(name).modality not in MODALITIES:
                raise PolicyError(f"PolicySpace: ops must act on {', '.join(MODALITIES)}, and {name} acts on rows together; add it by hand")
            if name.endswith(".neural"):
                raise PolicyError(f"PolicySpace: {name} needs a network, which NeuralAugmentSearch makes; leave it out")
        object.__setattr__(self, "ops", ops)
        object.__setattr__(self, "modalities", tuple(m for m in MODALITIES if m in found))

    @functools.cached_property
    def pools(self) -> dict[str, tuple[str, ...]]:
        """For each modality what a slot chooses from; the identity is first."""
        return {m: (IDENTITY, *(name for name in self.ops or () if get_op(name).modality == m)) for m in self.modalities}

    @functools.cached_property
    def _flat(self) -> dict[str, Dimension]:
        flat: dict[str, Dimension] = {}
        for place in self.places():
            for modality in self.modalities:
                flat[f"{place}.{modality}.op"] = Choice(self.pools[modality])
                flat[f"{place}.{modality}.strength"] = dimensions.strength(self.bins)
                if self.coupling == "independent":
                    flat[f"{place}.{modality}.p"] = dimensions.probability(self.bins)
            if self.coupling == "shared":
                flat[f"{place}.p"] = dimensions.probability(self.bins)
        return flat

    def places(self) -> Iterator[str]:
        """The slots by name, in order."""
        return (f"sub{i}.slot{j}" for i in range(self.n_sub) for j in range(self.n_ops))

    def flat(self) -> dict[str, Dimension]:
        """Every decision by name. It is the same for all policies: decisions that have no meaning for one are there too."""
        return dict(self._flat)

    def canonical(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with 0 wherever a number has no meaning: the strength of an op that takes none, the coin of nothing.

        Raises: PolicyError where a value is none of the space.
        """
        dimensions.check(self._flat, values)
        return {name: values[name] if self._means(name, values) else 0.0 for name in self._flat}

    def _means(self, name: str, values: Mapping[str, Any]) -> bool:
        owner, _, what = name.rpartition(".")
        if what == "op":
            return True
        if f"{owner}.op" not in self._flat:  # the shared coin of a slot
            return any(values[f"{owner}.{modality}.op"] != IDENTITY for modality in self.modalities)
        chosen = values[f"{owner}.op"]
        return chosen != IDENTITY and (what == "p" or get_op(chosen).has_strength)

    def policy(self, values: Mapping[str, Any]) -> Policy:
        """The policy of values. Raises: PolicyError where a value is none of the space."""
        values = self.canonical(values)
        slots = [self._slot(place, values) for place in self.places()]
        return Policy.choice([Policy.sequence(*slots[i : i + self.n_ops]) for i in range(0, len(slots), self.n_ops)])

    def _slot(self, place: str, values: Mapping[str, Any]) -> Policy:
        ops, shared = [], self.coupling == "shared"
        for modality in self.modalities:
            name = values[f"{place}.{modality}.op"]
            if name != IDENTITY:
                strength = float(values[f"{place}.{modality}.strength"]) if get_op(name).has_strength else None
                ops.append(op(name, p=1.0 if shared else values[f"{place}.{modality}.p"], strength=strength))
        return Policy.sequence(*ops, p=values[f"{place}.p"] if shared else 1.0)

    def values(self, policy: Policy) -> dict[str, Any]:
        """The values of a policy of this space. Raises: PolicyError for any other."""
        if policy.kind != "choice" or len(policy.items) != self.n_sub or len(set(policy.weights)) != 1 or policy.p != 1:
            raise PolicyError(f"the policy is none of this space, whose policies choose one of {self.n_sub} sub-policies")
        values: dict[str, Any] = {}
        places = self.places()
        for sub in policy.items:
            if not isinstance(sub, Policy) or sub.kind != "sequence" or len(sub.items) != self.n_ops or sub.p != 1 or sub.all_or_none:
                raise PolicyError(f"the policy is none of this space, whose sub-policies have {self.n_ops} slots")
            for slot in sub.items:
                values |= self._read_slot(next(places), slot)
        return self.canonical({name: values.get(name, 0.0) for name in self._flat})

    def _read_slot(self, place: str, slot: PolicyOp | Policy) -> dict[str, Any]:
        if not isinstance(slot, Policy) or slot.kind != "sequence" or slot.all_or_none:
            raise PolicyError(f"{place}: the policy is none of this space; a slot is a sequence of ops under one coin")
        values: dict[str, Any] = {f"{place}.{modality}.op": IDENTITY for modality in self.modalities}
        if self.coupling == "shared":
            values[f"{place}.p"] = slot.p
        order = []
        for item in slot.items:
            if not isinstance(item, PolicyOp) or item.params or item.field or item.name not in (self.ops or ()):
                raise PolicyError(f"{place}: the policy is none of this space, which has no {item!r}")
            own = f"{place}.{get_op(item.name).modality}"
            order.append(self.modalities.index(get_op(item.name).modality))
            values |= {f"{own}.op": item.name, f"{own}.strength": item.strength or 0.0}
            if self.coupling == "independent":
                values[f"{own}.p"] = item.p
            elif item.p != 1:
                raise PolicyError(f"{place}: the policy is none of this space; {item.name} has a coin of its own")
        if order != sorted(set(order)) or (self.coupling == "independent" and slot.p != 1):
            raise PolicyError(f"{place}: the policy is none of this space; a slot has one op a modality, in the order {self.modalities}")
        return values

    @functools.cached_property
    def _tokens(self) -> tuple[Token, ...]:
        tokens = []
        for name, dimension in self._flat.items():
            owner, _, what = name.rpartition(".")
            needs = f"{owner}.op" if what != "op" and f"{owner}.op" in self._flat else None
            tokens.append(Token(name, dimensions.options(dimension), needs))
        return tuple(tokens)

    def tokens(self) -> tuple[Token, ...]:
        """The decisions as a sequence, in the order of `flat`; levels in steps."""
        return self._tokens

    def from_tokens(self, tokens: Sequence[int]) -> dict[str, Any]:
        """The values of a sequence of numbers of options. Raises: PolicyError for another length or a number out of range."""
        if len(tokens) != len(self._tokens) or not all(0 <= n < len(t.options) for n, t in zip(tokens, self._tokens, strict=True)):
            raise PolicyError(f"tokens must be {len(self._tokens)} numbers of options, got {list(tokens)}")
        return self.canonical({t.name: t.options[int(n)] for n, t in zip(tokens, self._tokens, strict=True)})

    def to_tokens(self, values: Mapping[str, Any]) -> list[int]:
        """The numbers of the options nearest to the values; 0 where a token has no meaning."""
        values = self.canonical(values)
        return [dimensions.nearest(d, values[name]) if self._means(name, values) else 0 for name, d in self._flat.items()]

    def mask(self, tokens: Sequence[int]) -> list[bool]:
        """Which tokens have a meaning, given all of them: False for the strength of an op that takes none."""
        values = {t.name: t.options[int(n)] for n, t in zip(tokens, self._tokens, strict=True)}
        return [self._means(name, values) for name in self._flat]

    def unit(self) -> int:
        """How many numbers a vector of the space has, one a decision."""
        return len(self._flat)

    def from_unit(self, vector: Sequence[float] | np.ndarray) -> dict[str, Any]:
        """The values of a vector in the unit cube. Raises: PolicyError for another length."""
        return self.canonical(dimensions.from_unit(self._flat, vector))

    def to_unit(self, values: Mapping[str, Any]) -> np.ndarray:
        """The vector of values: float64 [unit()], a choice at the middle of its share of [0, 1]."""
        return dimensions.to_unit(self._flat, self.canonical(values))

    def relax(self) -> RelaxedPolicy:
        """The space as a torch module: logits of ops, probabilities and strengths as parameters."""
        from mmaug.search.base.relaxed import RelaxedPolicy  # torch

        return RelaxedPolicy(self)

    def sample(self, rng: np.random.Generator) -> Policy:
        """A policy with every decision drawn evenly."""
        return self.policy({name: dimension.draw(rng) for name, dimension in self._flat.items()})

    def mutate(self, policy: Policy, rng: np.random.Generator) -> Policy:
        """The policy with one decision that has a meaning changed: another op, or a level by one to three steps.

        Raises: PolicyError for a policy of another space.
        """
        values = self.values(policy)
        changeable = [name for name in self._flat if self._means(name, values) and len(dimensions.options(self._flat[name])) > 1]
        name = changeable[int(rng.integers(len(changeable)))]
        values[name] = dimensions.changed(self._flat[name], values[name], rng)
        return self.policy(values)

    def compact(self, most: int = 3) -> CompactSpace:
        """The low-dimensional view: for each modality how many ops and how strong. most: ops a modality."""
        return CompactSpace(self.ops or (), most=most, bins=self.bins)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return {
            "ops": list(self.ops or ()), "n_sub": self.n_sub, "n_ops": self.n_ops, "bins": self.bins, "coupling": self.coupling,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PolicySpace:
        """The space of a JSON value. Raises: PolicyError where it is none."""
        return cls(**{**value, "ops": tuple(value["ops"])})
