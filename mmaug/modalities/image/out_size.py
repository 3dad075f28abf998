"""The parameter that says how large a result is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmaug.errors import PolicyError
from mmaug.params import Draw


@dataclass(frozen=True, slots=True)
class OutSize:
    """Pixels of the result: one number for a square or (height, width), as in torchvision; None keeps the picture's size."""

    uniforms: int = 0
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: None

    def from_given(self, given: Any, where: str) -> Draw:
        pair: Sequence[Any] = (given, given) if isinstance(given, int) else given
        whole = (
            isinstance(pair, (tuple, list))
            and len(pair) == 2
            and all(isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= 65535 for side in pair)
        )
        if given is not None and not whole:
            raise PolicyError(f"{where}: must be a whole number or (height, width), each in 1 to 65535 pixels, got {given!r}")
        size = None if given is None else list(pair)
        return lambda u: size

    def describe(self) -> str:
        return "(height, width) pixels, or the picture's own"
