"""The parameter that says which channel goes where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from mmaug.errors import PolicyError
from mmaug.params import Draw

_CHANGES = [list(order) for order in permutations(range(3)) if order != (0, 1, 2)]


@dataclass(frozen=True, slots=True)
class ChannelOrder:
    """For red, green and blue of the result the number of the channel it comes from; one of a list of orders, equally likely."""

    uniforms: int = 1
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return self._one_of(_CHANGES)

    def from_given(self, given: Any, where: str) -> Draw:
        orders = [given] if _is_order(given) else given
        if not isinstance(orders, (list, tuple)) or not orders or not all(map(_is_order, orders)):
            raise PolicyError(f"{where}: must be an order such as (2, 1, 0), of the numbers 0, 1 and 2, or a list of orders; got {given!r}")
        return self._one_of([list(order) for order in orders])

    @staticmethod
    def _one_of(orders: Sequence[list[int]]) -> Draw:
        count = len(orders)
        return lambda u: list(orders[int(u[0] * count)])

    def describe(self) -> str:
        return "an order of 0, 1, 2 that changes something"


def _is_order(value: Any) -> bool:
    """Whether it is an order of the three channels (True is no channel number)."""
    return isinstance(value, (list, tuple)) and all(type(number) is int for number in value) and sorted(value) == [0, 1, 2]
