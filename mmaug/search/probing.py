"""Steps away from the best so far, to ops that were tried least and to numbers beside its own: they keep a model from settling too soon."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmaug.registry import get_op
from mmaug.search.base.dimensions import Choice, Dimension
from mmaug.search.base.pools import IDENTITY

LOOKS = 32
"""Points that are drawn to find one that is far from all that were tried."""

STEP = 0.2
"""How far a small step goes: the standard deviation, in shares of a range."""


class Probes:
    """Trials beside the best values: with another op, or with one number moved a little. All else stays, so that what changes is its doing.

    The choices of ops have their turns. The op is the one that was tried furthest from where it could be now, and its numbers are there: an
    op whose best strength is at an end looks bad elsewhere. The same adds in the same order lead to the same trials.
    flat: the decisions by name. seed: of what is drawn.
    """

    def __init__(self, flat: Mapping[str, Dimension], seed: int):
        self._ops = {name: dimension for name, dimension in flat.items() if isinstance(dimension, Choice) and name.endswith(".op")}
        self._own = {name: _numbers(name, flat) for name in self._ops}
        self._numbers = {name: (*own, *_shared(name, flat)) for name, own in self._own.items()}
        self._tried = {name: {one: list[list[float]]() for one in dimension.options} for name, dimension in self._ops.items()}
        self._seed, self._count = seed, 0

    def __bool__(self) -> bool:
        """Whether there are ops to choose between."""
        return bool(self._numbers)

    def add(self, values: Mapping[str, Any]) -> None:
        """Values that are tried."""
        for name, numbers in self._numbers.items():
            self._tried[name][values[name]].append([float(values[number]) for number in numbers])

    def other(self, best: Mapping[str, Any]) -> dict[str, Any]:
        """The best values with another op in one place."""
        rng, name = self._turn()
        own, shared = self._own[name], self._numbers[name][len(self._own[name]) :]
        points = np.hstack([rng.random((LOOKS, len(own))), np.tile([float(best[number]) for number in shared], (LOOKS, 1))])
        options = self._ops[name].options
        holes = [(one, *self._hole(name, one, points)) for one in (options[int(place)] for place in rng.permutation(len(options)))]
        chosen, _, point = max(holes, key=lambda hole: hole[1])
        return {**best, name: chosen, **dict(zip(self._numbers[name], point.tolist(), strict=True))}  # what is shared is as it was

    def _hole(self, name: str, op: str, points: np.ndarray) -> tuple[float, np.ndarray]:
        """Of points [n, d] the one whose nearest of those that an op was tried at is furthest, after how far that is."""
        tried = self._tried[name][op]
        if not tried:
            return math.inf, points[0]
        strong = op != IDENTITY and get_op(op).has_strength
        counts = [strong or not number.endswith(".strength") for number in self._numbers[name]]
        apart = ((points[:, None] - np.array(tried)[None]) ** 2 @ np.array(counts, float)).min(1)
        return float(apart.max()), points[int(apart.argmax())]

    def near(self, best: Mapping[str, Any]) -> dict[str, Any]:
        """The best values with one number moved a little: the strength of an op, or a coin."""
        rng, name = self._turn()
        numbers = self._numbers[name]
        if not numbers:
            return dict(best)
        moved = numbers[int(rng.integers(len(numbers)))]
        return {**best, moved: float(np.clip(best[moved] + STEP * rng.standard_normal(), 0.0, 1.0))}

    def _turn(self) -> tuple[np.random.Generator, str]:
        """The draws of a trial, and the choice whose turn it is: each has one of either kind before the next."""
        self._count += 1
        return np.random.default_rng([self._seed, 8, self._count]), list(self._ops)[(self._count - 1) // 2 % len(self._ops)]


def _numbers(op: str, flat: Mapping[str, Dimension]) -> tuple[str, ...]:
    """What belongs to an op alone: its strength and its own coin."""
    own = op.removesuffix(".op")
    return tuple(name for name in (f"{own}.strength", f"{own}.p") if name in flat)


def _shared(op: str, flat: Mapping[str, Dimension]) -> tuple[str, ...]:
    """The coin that it has together with the others of its slot."""
    name = f"{op.removesuffix('.op').rpartition('.')[0]}.p"
    return (name,) if name in flat else ()
