"""Steps away from the best so far, to the ops that were tried least: they keep a model from settling on the first op that was good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmaug.search.base.dimensions import Choice, Dimension

LOOKS = 32
"""Points that are drawn to find one that is far from all that were tried."""


class Probes:
    """Trials in which one op of the best values is another one, its numbers drawn anew; all else stays, so that what changes is its doing.

    The choices of ops have their turns. The op is the least tried there, of equals by lot, and its numbers lie far from those it was tried
    with: an op whose best strength is at an end looks bad in the middle. The same adds in the same order lead to the same probes.
    flat: the decisions by name. seed: of what is drawn.
    """

    def __init__(self, flat: Mapping[str, Dimension], seed: int):
        self._numbers = {
            name: _numbers(name, flat) for name, dimension in flat.items() if isinstance(dimension, Choice) and name.endswith(".op")
        }
        self._tried = {name: {one: list[list[float]]() for one in flat[name].options} for name in self._numbers}  # type: ignore[union-attr]
        self._seed, self._count = seed, 0

    def __bool__(self) -> bool:
        """Whether there are ops to choose between."""
        return bool(self._numbers)

    def add(self, values: Mapping[str, Any]) -> None:
        """Values that are tried."""
        for name, numbers in self._numbers.items():
            self._tried[name][values[name]].append([float(values[number]) for number in numbers])

    def next(self, best: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the next probe."""
        rng = np.random.default_rng([self._seed, 8, self._count])
        name = list(self._numbers)[self._count % len(self._numbers)]
        self._count += 1
        tried = self._tried[name]
        least = min(map(len, tried.values()))
        rare = [one for one, at in tried.items() if len(at) == least]
        chosen = rare[int(rng.integers(len(rare)))]
        point = _far(np.array(tried[chosen]), rng.random((LOOKS, len(self._numbers[name]))))
        return {**best, name: chosen, **dict(zip(self._numbers[name], point.tolist(), strict=True))}


def _numbers(op: str, flat: Mapping[str, Dimension]) -> tuple[str, ...]:
    """What an op's worth depends on: its strength, and its coin or that of its slot."""
    own = op.removesuffix(".op")
    return tuple(name for name in (f"{own}.strength", f"{own}.p", f"{own.rpartition('.')[0]}.p") if name in flat)


def _far(tried: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Of points [n, d], the one whose nearest of those tried, [m, d], is furthest."""
    if not len(tried):
        return points[0]
    apart = ((points[:, None] - tried[None]) ** 2).sum(-1).min(1)
    return points[int(apart.argmax())]
