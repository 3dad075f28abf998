"""What the settings of a searcher must be: looked at when it is made, so that no search fails over them later."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np

from mmaug.errors import MmaugError


class Rule(Protocol):
    """Says of a value whether it will do; `str` says what would."""

    def holds(self, value: Any) -> bool: ...


LARGEST = 2**63
"""Whole numbers are below this: torch's generators take no seed beyond."""


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int = 1

    def holds(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value < LARGEST

    def __str__(self) -> str:
        return f"a whole number in [{self.least}, 2**63)"


@dataclass(frozen=True)
class Number:
    """A number within bounds, which belong to it if they are `least` and `most`, and do not if they are `above` and `below`."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf

    def holds(self, value: Any) -> bool:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:  # NaN is not
            return False
        return self.least <= value <= self.most and self.above < value < self.below

    def __str__(self) -> str:
        low = f"({self.above:g}" if math.isfinite(self.above) else f"[{self.least:g}"
        high = f"{self.most:g}]" if math.isfinite(self.most) else f"{self.below:g})"
        return f"a number in {low}, {high}"


@dataclass(frozen=True)
class OneOf:
    """One of some names."""

    names: Sequence[str]

    def holds(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.names

    def __str__(self) -> str:
        return f"one of {', '.join(self.names)}"


@dataclass(frozen=True)
class Some:
    """A list of one or more of some names."""

    names: Sequence[str]

    def holds(self, value: Any) -> bool:
        return isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0 and all(one in self.names for one in value)

    def __str__(self) -> str:
        return f"a list of some of {', '.join(self.names)}"


@dataclass(frozen=True)
class Fields:
    """A dict of some fields of a dataclass."""

    of: Any

    def holds(self, value: Any) -> bool:
        return isinstance(value, Mapping) and set(value) <= {field.name for field in fields(self.of)}

    def __str__(self) -> str:
        return f"a dict with some of {', '.join(field.name for field in fields(self.of))}"


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def holds(self, value: Any) -> bool:
        return isinstance(value, bool)

    def __str__(self) -> str:
        return "True or False"


@dataclass(frozen=True)
class Maybe:
    """What another rule wants, or None."""

    rule: Rule

    def holds(self, value: Any) -> bool:
        return value is None or self.rule.holds(value)

    def __str__(self) -> str:
        return f"{self.rule}, or None"


SHARE = Number(least=0, most=1)
POSITIVE = Number(above=0)
NOT_NEGATIVE = Number(least=0)


def check(owner: Any, **rules: Rule) -> None:
    """Make Python's numbers of numpy's, which JSON and torch want, and look at all.

    Raises: MmaugError for the first setting that breaks its rule; a seed, where there is one, is a whole number.
    """
    found: Mapping[str, Rule] = {**rules, "seed": Whole(0)} if hasattr(owner, "seed") else rules
    for name, rule in found.items():
        if isinstance(value := getattr(owner, name), np.generic):
            object.__setattr__(owner, name, value := value.item())  # also where the owner is frozen
        if not rule.holds(value):
            raise MmaugError(f"{type(owner).__name__}: {name} must be {rule}, got {value!r}")
