"""Which words or places of a text an op acts on: those outside the protected spans, each with uniform numbers of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from mmaug import rng
from mmaug.language.analyser import Reading

Spans = Sequence[tuple[int, int]]
"""Half-open character spans, sorted and disjoint."""

_NEVER = (sys.maxsize, sys.maxsize)
_T = TypeVar("_T")


def free(reading: Reading, protected: Spans) -> list[int]:
    """The numbers of the words that touch no protected span, in order."""
    spans = iter(protected)
    start, end = next(spans, _NEVER)
    found = []
    for i, token in enumerate(reading.tokens):
        while end <= token.start:
            start, end = next(spans, _NEVER)
        if token.end <= start:
            found.append(i)
    return found


def is_free(start: int, end: int, protected: Spans) -> bool:
    """Whether the half-open span [start, end) touches no protected one."""
    return not any(one < end and start < two for one, two in protected)


def rolls(items: Iterable[_T], seed: int) -> Iterable[tuple[_T, float, float]]:
    """Two uniform numbers for each item, whatever is done with those before it."""
    listed = list(items)
    if not listed:
        return ()
    numbers = rng.uniforms(seed, 2 * len(listed))
    return zip(listed, numbers[::2], numbers[1::2], strict=True)


def one_of(values: Sequence[_T], pick: float) -> _T:
    """The value at a place in [0, 1)."""
    return values[int(pick * len(values))]


def fraction(pick: float, times: int) -> float:
    """Another uniform number out of a uniform one that has chosen among `times` values already."""
    return pick * times % 1.0
