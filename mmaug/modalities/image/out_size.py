"""The parameter that says how large a result is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmaug.errors import PolicyError
from mmaug.params import Draw

LARGEST = 65535
"""Pixels a side."""


@dataclass(frozen=True, slots=True)
class OutSize:
    """Pixels of the result: (height, width) or one number, as in torchvision; None keeps the picture's size.

    square: whether one number is the side of a square; else it stays a number, for the shorter side.
    """

    square: bool = True
    uniforms: int = 0
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: None

    def from_given(self, given: Any, where: str) -> Draw:
        pair: Sequence[Any] = (given, given) if isinstance(given, int) else given
        whole = (
            isinstance(pair, (tuple, list))
            and len(pair) == 2
            and all(isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= LARGEST for side in pair)
        )
        if given is not None and not whole:
            raise PolicyError(f"{where}: must be a whole number or (height, width), each in 1 to {LARGEST} pixels, got {given!r}")
        size = given if given is None or (isinstance(given, int) and not self.square) else list(pair)
        return lambda u: size

    def describe(self) -> str:
        return "(height, width) pixels, or the picture's own" if self.square else "(height, width) or shorter side in pixels"
