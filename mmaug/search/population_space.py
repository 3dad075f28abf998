"""The policies of population based augmentation: every op twice, each copy with its own probability and magnitude."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from mmaug.policy import Policy, PolicyOp, op
from mmaug.registry import get_op
from mmaug.search.base.pools import MODALITIES

PROBABILITIES = 10
"""The largest number of a probability, which is then 1."""
MAGNITUDES = 9
"""The largest number of a magnitude, which is then strength 1."""

COUNTS = (0.2, 0.3, 0.5)
"""Chances that at most 0, 1 or 2 ops run on a row."""


@dataclass(frozen=True)
class PopulationSpace:
    """Policies as whole numbers, int64 [entries, 2]: for each copy of each op a probability 0 to 10 and a magnitude 0 to 9.

    ops: names. copies: entries of one op. Applied as the paper does: a count is drawn from `COUNTS`; the entries of a modality, in
    random order, each run with their probability until so many did. What differs: each modality has a list and a count of its own,
    since a row has several; the ops of a row are drawn one after another with exactly the chances that each has at its place in the
    paper's walk, but independently, so that an entry may come up twice; magnitude 0 is the identity for every op, and 9 is strength 1.
    Source: Ho et al. 2019, "Population based augmentation", 3.2 and algorithm 2.
    """

    ops: tuple[str, ...]
    copies: int = 2

    @functools.cached_property
    def entries(self) -> tuple[str, ...]:
        """The op of each entry, modality by modality."""
        ordered = [name for modality in MODALITIES for name in self.ops if get_op(name).modality == modality]
        return tuple(name for name in ordered for _ in range(self.copies))

    def nothing(self) -> np.ndarray:
        """The vector of the identity, with which a search begins."""
        return np.zeros((len(self.entries), 2), dtype=np.int64)

    def chances(self, vector: np.ndarray) -> np.ndarray:
        """How often each entry's op runs on a row: float64 [entries]."""
        chances = np.zeros(len(self.entries))
        for rows in self._rows().values():
            first, second = places(vector[rows, 0] / PROBABILITIES)
            chances[rows] = (COUNTS[1] + COUNTS[2]) * first + COUNTS[2] * second
        return chances

    def _rows(self) -> dict[str, list[int]]:
        """For each modality the numbers of its entries."""
        found: dict[str, list[int]] = {}
        for number, name in enumerate(self.entries):
            found.setdefault(get_op(name).modality, []).append(number)
        return found

    def policy(self, vector: np.ndarray) -> Policy:
        """The policy of a vector."""
        parts: list[Policy] = []
        for rows in self._rows().values():
            shares = vector[rows, 0] / PROBABILITIES
            if not shares.any():
                continue
            ops = [self._op(number, int(vector[number, 1])) for number in rows]
            first, second = (_one_of(ops, chances) for chances in places(shares))
            two = [first, second] if second is not None else [first]
            assert first is not None
            parts.append(Policy.choice([Policy.sequence(), Policy.sequence(first), Policy.sequence(*two)], weights=COUNTS))  # type: ignore[arg-type]
        return Policy.sequence(*parts)

    def _op(self, number: int, magnitude: int) -> PolicyOp:
        name = self.entries[number]
        return op(name, strength=magnitude / MAGNITUDES) if get_op(name).has_strength else op(name)

    def vector(self, policy: Policy) -> np.ndarray:
        """The vector nearest to any policy: each op's chance in its tree, and its strength; ops that are not in the space are left out.

        Of a schedule the last policy counts. An op that comes up more often than it has copies is given its mean strength in all of
        them; one whose parameters are given by ranges, half of its reach.
        """
        found: dict[str, list[tuple[float, float]]] = {}
        _collect(policy.at(1.0), 1.0, found)
        vector = self.nothing()
        for name, uses in found.items():
            rows = [number for number, entry in enumerate(self.entries) if entry == name]
            if len(uses) > len(rows) and rows:
                total = sum(chance for chance, _ in uses)
                mean = sum(chance * strength for chance, strength in uses) / max(total, 1e-12)
                uses = [(total / len(rows), mean)] * len(rows)
            for number, (chance, strength) in zip(rows, uses, strict=False):
                vector[number] = round(PROBABILITIES * min(chance, 1.0)), round(MAGNITUDES * strength)
        return vector


def places(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The chances that an entry is the first, and the second, to run of entries in random order that each run with chance `shares`.

    shares: float64 [n] in [0, 1]. An entry that runs stands at each place among those that run equally often, so both follow from how
    many of the others run, whose distribution is counted up one by one.
    """
    first, second = np.zeros(len(shares)), np.zeros(len(shares))
    for number in np.flatnonzero(shares):
        others = np.ones(1)
        for share in np.delete(shares, number):
            if share:
                others = np.convolve(others, [1 - share, share])
        each = others / np.arange(1, len(others) + 1)
        first[number], second[number] = shares[number] * each.sum(), shares[number] * each[1:].sum()
    return first, second


def _one_of(ops: list[PolicyOp], chances: np.ndarray) -> Policy | None:
    """One of the ops with these chances, which may sum to less than 1; None where none has any."""
    kept = [(one, float(chance)) for one, chance in zip(ops, chances, strict=True) if chance > 0]
    if not kept:
        return None
    total = min(sum(chance for _, chance in kept), 1.0)
    return Policy.choice([one for one, _ in kept], weights=[chance for _, chance in kept], p=total)


def _collect(policy: Policy, chance: float, found: dict[str, list[tuple[float, float]]]) -> None:
    """Every op of a tree with its chance to run and its strength."""
    total = sum(policy.weights) if policy.kind == "choice" else 1.0
    for number, item in enumerate(policy.items):
        share = chance * policy.p * (policy.weights[number] / total if policy.kind == "choice" else 1.0)
        if isinstance(item, PolicyOp):
            found.setdefault(item.name, []).append((share * item.p, 0.5 if item.strength is None else item.strength))
        else:
            _collect(item, share, found)
