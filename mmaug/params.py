"""What an op's parameters are: their unit, their legal values, and how one is drawn.

A parameter is drawn in one of three ways, all from the step's own uniform numbers:
a constant (`degrees=10`), a range or a list of choices (`degrees=(-15, 15)`, `turns=[1, 3]`), or a `strength` in
[0, 1] that fixes how far from the identity every magnitude of the op lies. Strength 0 is the identity to the bit and
a larger strength never distorts less; the sign is a separate coin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, Protocol

from mmaug import store
from mmaug.errors import PolicyError

Draw = Callable[[Sequence[float]], Any]
"""From a parameter's uniform numbers to its value."""


class Param(Protocol):
    """One parameter of an op; all values are plain JSON."""

    @property
    def uniforms(self) -> int:
        """How many uniform numbers a draw takes."""
        ...

    @property
    def has_strength(self) -> bool:
        """Whether `strength` moves it."""
        ...

    def from_strength(self, strength: float) -> Draw: ...

    def from_given(self, given: Any, where: str) -> Draw: ...

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Magnitude:
    """A number with an identity value, and a farthest value that strength 1 reaches.

    scale: "linear" walks from `identity` to `reach` in equal steps, "log" in equal ratios.
    signed: a coin chooses the side; the other side is the mirror image (negative, or the inverse ratio on "log").
    spread: False puts the value exactly at the distance that strength says; True draws it between there and the identity.
    """

    identity: float
    reach: float
    unit: str
    low: float
    high: float
    signed: bool = False
    spread: bool = False
    scale: Literal["linear", "log"] = "linear"
    uniforms: int = 2
    has_strength: bool = True

    def from_strength(self, strength: float) -> Draw:
        identity, signed, spread, log = self.identity, self.signed, self.spread, self.scale == "log"
        step = (math.log(self.reach / identity) if log else self.reach - identity) * strength

        def draw(u: Sequence[float]) -> float:
            distance = step * u[0] if spread else step
            if signed and u[1] < 0.5:
                distance = -distance
            value = identity * math.exp(distance) if log else identity + distance
            return min(max(value, self.low), self.high)

        return draw

    def from_given(self, given: Any, where: str) -> Draw:
        if _is_number(given):
            value = self._legal(given, where)
            return lambda u: value
        if isinstance(given, (tuple, list)) and len(given) == 2 and all(map(_is_number, given)):
            low, high = (self._legal(end, where) for end in given)
            if low > high:
                raise PolicyError(f"{where}: a range must have low <= high, got {tuple(given)}; swap the two")
            if self.scale == "log":
                return lambda u: low * (high / low) ** u[0]
            return lambda u: low + (high - low) * u[0]
        raise PolicyError(f"{where}: must be a number or a (low, high) range of {self.unit}, got {given!r}")

    def _legal(self, value: float, where: str) -> float:
        if not self.low <= value <= self.high:  # NaN fails too
            raise PolicyError(f"{where}: must lie in [{self.low:g}, {self.high:g}] {self.unit}, got {value!r}")
        return float(value)

    def describe(self) -> str:
        reach = f"{self.identity:g} to {'±' if self.signed and self.scale == 'linear' else ''}{self.reach:g}"
        if self.signed and self.scale == "log":
            reach += f" or {self.identity**2 / self.reach:g}"
        return f"{reach} {self.unit}"


@dataclass(frozen=True, slots=True)
class Place:
    """A relative position or share in [0, 1] that strength does not move, such as where a crop lies."""

    unit: str
    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: u[0]

    def from_given(self, given: Any, where: str) -> Draw:
        return Magnitude(0.0, 1.0, self.unit, 0.0, 1.0).from_given(given, where)

    def describe(self) -> str:
        return f"0 to 1 {self.unit}"


@dataclass(frozen=True, slots=True)
class Anywhere:
    """A number that strength does not move, such as the frequency a filter is at.

    usual: the range it is drawn from where nothing is given; low, high: what is legal.
    """

    usual: tuple[float, float]
    unit: str
    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"
    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return self.from_given(self.usual, "")

    def from_given(self, given: Any, where: str) -> Draw:
        return Magnitude(self.low, self.high, self.unit, self.low, self.high, scale=self.scale).from_given(given, where)

    def describe(self) -> str:
        return f"{self.usual[0]:g} to {self.usual[1]:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values, equally likely; strength does not move it."""

    values: tuple[Any, ...]
    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return self._one_of(self.values)

    def from_given(self, given: Any, where: str) -> Draw:
        chosen = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        wrong = [value for value in chosen if value not in self.values]
        if wrong or not chosen:
            raise PolicyError(f"{where}: must be one of {list(self.values)} or a list of them, got {given!r}")
        return self._one_of(chosen)

    @staticmethod
    def _one_of(values: tuple[Any, ...]) -> Draw:
        count = len(values)
        return lambda u: values[int(u[0] * count)]

    def describe(self) -> str:
        return "one of " + ", ".join(map(repr, self.values))


@dataclass(frozen=True, slots=True)
class Fixed:
    """A setting that is not drawn, such as the colour of a fill."""

    default: float
    unit: str
    low: float
    high: float
    uniforms: int = 0
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: self.default

    def from_given(self, given: Any, where: str) -> Draw:
        if not _is_number(given) or not self.low <= given <= self.high:
            raise PolicyError(f"{where}: must be one number in [{self.low:g}, {self.high:g}] {self.unit}, got {given!r}")
        return lambda u: given

    def describe(self) -> str:
        return f"{self.default:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One of a few settings that is not drawn; the first where nothing is given."""

    values: tuple[str, ...]
    uniforms: int = 0
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: self.values[0]

    def from_given(self, given: Any, where: str) -> Draw:
        if given not in self.values:
            raise PolicyError(f"{where}: must be one of {', '.join(map(repr, self.values))}, got {given!r}")
        return lambda u: given

    def describe(self) -> str:
        return " or ".join(map(repr, self.values))


@dataclass(frozen=True, slots=True)
class Seed:
    """A drawn seed: the kernel builds its random array from it, so the same step gives the same bytes."""

    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: int(u[0] * 2**53)

    def from_given(self, given: Any, where: str) -> Draw:
        if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < 2**53:
            raise PolicyError(f"{where}: must be a whole number in [0, 2**53), got {given!r}")
        return lambda u: given

    def describe(self) -> str:
        return "drawn"


@dataclass(frozen=True, slots=True)
class Text:
    """A string, or one of a list of strings, equally likely; strength does not move it.

    defaults: what it is drawn from where nothing is given.
    """

    defaults: tuple[str, ...]
    unit: str
    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return self._one_of(self.defaults)

    def from_given(self, given: Any, where: str) -> Draw:
        chosen = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        if not chosen or not all(isinstance(value, str) for value in chosen):
            raise PolicyError(f"{where}: must be a string or a list of strings, {self.unit}; got {given!r}")
        return self._one_of(chosen)

    @staticmethod
    def _one_of(values: tuple[str, ...]) -> Draw:
        count = len(values)
        return lambda u: values[int(u[0] * count)]

    def describe(self) -> str:
        return f"{' or '.join(map(repr, self.defaults))}, {self.unit}"


@dataclass(frozen=True, slots=True)
class Network:
    """The name of a network in the store, or one of a list of names; "" is none. A folder is put into the store, and its name taken."""

    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: ""

    def from_given(self, given: Any, where: str) -> Draw:
        return Text(("",), "the name of a network").from_given(given, where)

    @staticmethod
    def named(given: Any) -> Any:
        """The same, by name. Raises: MmaugError for a folder that holds no network."""
        if isinstance(given, (list, tuple)):
            return tuple(map(Network.named, given))
        return store.put(given) if isinstance(given, str) and given and not store.is_name(given) else given

    def describe(self) -> str:
        return 'the name or the folder of a saved network; "" changes nothing'


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)  # numpy's numbers too
