"""What a search space is made of: decisions by name, each a choice or a level, and how they become tokens and unit vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values: names of ops, or whole numbers."""

    options: tuple[Any, ...]

    def legal(self, value: Any) -> bool:
        return value in self.options

    def draw(self, rng: np.random.Generator) -> Any:
        return self.options[int(rng.integers(len(self.options)))]

    def from_unit(self, u: float) -> Any:
        return self.options[min(int(u * len(self.options)), len(self.options) - 1)]

    def to_unit(self, value: Any) -> float:
        return (self.options.index(value) + 0.5) / len(self.options)


@dataclass(frozen=True, slots=True)
class Level:
    """A number in [0, 1]. steps: the values that it takes where only few are told apart, rising."""

    steps: tuple[float, ...]

    def legal(self, value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.random())

    def from_unit(self, u: float) -> float:
        return float(min(max(u, 0.0), 1.0))

    def to_unit(self, value: float) -> float:
        return float(value)


Dimension = Choice | Level


@dataclass(frozen=True, slots=True)
class Token:
    """One decision of a controller. options: what its numbers stand for. needs: the token of the op that it belongs to, if any."""

    name: str
    options: tuple[Any, ...]
    needs: str | None = None


def probability(bins: int) -> Level:
    """A probability; in steps both ends are among them."""
    return Level(tuple(round(i / bins, 12) for i in range(bins + 1)))


def strength(bins: int) -> Level:
    """A strength; in steps 0 is not among them, since that is the identity, which is an option of its own."""
    return Level(tuple(round((i + 1) / bins, 12) for i in range(bins)))


NO_STRENGTH = Level((0.0,))
"""Of ops that take none: every number means the same."""


def options(dimension: Dimension) -> tuple[Any, ...]:
    """What a token of this dimension chooses from."""
    return dimension.options if isinstance(dimension, Choice) else dimension.steps


def nearest(dimension: Dimension, value: Any) -> int:
    """The number of the option that is, or lies nearest to, a value; of two as near, the lower."""
    if isinstance(dimension, Choice):
        return dimension.options.index(value)
    return min(range(len(dimension.steps)), key=lambda i: abs(dimension.steps[i] - value))


def from_unit(flat: Mapping[str, Dimension], vector: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """Values of a vector in the unit cube. Raises: PolicyError for one of another length."""
    if len(vector) != len(flat):
        raise PolicyError(f"a vector of this space must have {len(flat)} numbers, got {len(vector)}")
    return {name: dimension.from_unit(float(u)) for (name, dimension), u in zip(flat.items(), vector, strict=True)}


def to_unit(flat: Mapping[str, Dimension], values: Mapping[str, Any]) -> np.ndarray:
    """The vector of values: float64 [number of decisions], a choice at the middle of its share of [0, 1]."""
    return np.array([dimension.to_unit(values[name]) for name, dimension in flat.items()])


def check(flat: Mapping[str, Dimension], values: Mapping[str, Any]) -> None:
    """Raises: PolicyError where a decision is missing, unknown, or its value is none of the space."""
    if missing := sorted(flat.keys() - values.keys()):
        raise PolicyError(f"values must have every decision of the space; missing are {missing[:4]}")
    if unknown := sorted(values.keys() - flat.keys()):
        raise PolicyError(f"values have decisions that the space does not: {unknown[:4]}")
    for name, dimension in flat.items():
        if not dimension.legal(values[name]):
            allowed = f"one of {list(dimension.options)}" if isinstance(dimension, Choice) else "a number in [0, 1]"
            raise PolicyError(f"{name}: must be {allowed}, got {values[name]!r}")


def changed(dimension: Dimension, value: Any, rng: np.random.Generator) -> Any:
    """Another value: another option, or one to three steps up or down, to the side where there is room."""
    if isinstance(dimension, Choice):
        others = [option for option in dimension.options if option != value]
        return others[int(rng.integers(len(others)))]
    at, last, step = nearest(dimension, value), len(dimension.steps) - 1, int(rng.integers(1, 4))
    up = at == 0 or (at < last and rng.random() < 0.5)
    return dimension.steps[min(at + step, last) if up else max(at - step, 0)]
