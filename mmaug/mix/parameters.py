"""What the steps that mix rows draw: how much of the partner, and which partner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

from mmaug.errors import PolicyError
from mmaug.params import Draw

EVEN = 0.5
"""The largest share that is drawn: then both rows have as much of the mixture."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a mixture is the partner's, in [0, 1]: a number, a (low, high) range, or ("beta", alpha).

    usual: what is drawn from where nothing is given; with has_strength its upper end is what strength 1 reaches.
    ("beta", alpha) is the smaller of a Beta(alpha, alpha) number and its rest, so that a row stays at least half of itself: the pairs
    that a batch of MixUp has are the same, as each row takes its turn as the larger part.
    """

    usual: tuple[float, float]
    has_strength: bool = False
    identity: float = 0.0
    low: float = 0.0
    high: float = 1.0
    uniforms: int = 1

    def from_strength(self, strength: float) -> Draw:
        low, high = self.usual
        if self.has_strength:
            return lambda u: strength * high * u[0]
        return lambda u: low + (high - low) * u[0]

    def from_given(self, given: Any, where: str) -> Draw:
        if _is_number(given):
            value = _legal(given, where)
            return lambda u: value
        if isinstance(given, (tuple, list)) and len(given) == 2:
            if given[0] == "beta" and _is_number(given[1]) and 0 < given[1] <= 100:
                alpha = float(given[1])
                return lambda u: smaller_of_beta(alpha, u[0])
            if all(map(_is_number, given)):
                low, high = (_legal(end, where) for end in given)
                if low <= high:
                    return lambda u: low + (high - low) * u[0]
        raise PolicyError(
            f'{where}: must be a number in [0, 1], a (low, high) range of such, or ("beta", alpha) with alpha in (0, 100], got {given!r}'
        )

    def describe(self) -> str:
        return f"{self.usual[0]:g} to {self.usual[1]:g} of the mixture" if self.usual[0] < self.usual[1] else f"{self.usual[0]:g}"


@dataclass(frozen=True, slots=True)
class Partner:
    """The key of the row that is mixed in; a number in [0, 1) until a plan is drawn among partners, then a string or whole number."""

    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: float(u[0])

    def from_given(self, given: Any, where: str) -> Draw:
        unnamed = isinstance(given, float) and 0 <= given < 1
        if not unnamed and (isinstance(given, bool) or not isinstance(given, (str, int))):
            raise PolicyError(f"{where}: must be the key of a row, a string or a whole number, got {given!r}")
        return lambda u: given

    def describe(self) -> str:
        return "drawn from the partners"


def smaller_of_beta(alpha: float, u: float) -> float:
    """The quantile u of min(b, 1 - b), b being Beta(alpha, alpha)."""
    grid, shares = _beta(alpha)
    return float(np.interp(u, shares, grid))


@lru_cache(maxsize=64)
def _beta(alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Numbers in [0, 0.5] and the shares of all that lie below them, by the trapezoidal rule.

    Below alpha = 1 the density t^(alpha - 1) (1 - t)^(alpha - 1) has a pole at 0; over v = t^alpha it has none.
    """
    power = min(alpha, 1.0)
    v = np.linspace(0.0, EVEN**power, 4097)
    t = v ** (1 / power)
    density = v ** (alpha / power - 1) * (1 - t) ** (alpha - 1)
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return t, below / below[-1]


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _legal(value: Any, where: str) -> float:
    if not 0 <= value <= 1:  # NaN fails too
        raise PolicyError(f"{where}: must lie in [0, 1] of the mixture, got {value!r}")
    return float(value)


def is_named(partner: Any) -> bool:
    """Whether a step's partner is a key, and no mere draw."""
    return not isinstance(partner, float)
