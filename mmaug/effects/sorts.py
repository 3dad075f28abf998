"""Sorts of pictures, by their statistics: what a rule thinks of where an op depends on pixels that it does not see.

Each sort is given by the mean and the spread of its red, green and blue values, as photographs and drawings have them.
"""

from __future__ import annotations

from functools import cache

import numpy as np

_SORTS = {  # (mean of red, green, blue), (spread of red, green, blue)
    "plain": ((118.0, 113.0, 105.0), (66.0, 64.0, 67.0)),  # about the mean of photographs
    "dark": ((72.0, 68.0, 64.0), (52.0, 50.0, 50.0)),
    "bright": ((165.0, 163.0, 158.0), (58.0, 58.0, 60.0)),
    "flat": ((125.0, 122.0, 118.0), (38.0, 38.0, 38.0)),
    "warm": ((145.0, 115.0, 85.0), (60.0, 58.0, 55.0)),
    "cool": ((95.0, 115.0, 140.0), (58.0, 58.0, 60.0)),
    "pale": ((215.0, 215.0, 215.0), (10.0, 10.0, 10.0)),  # drawings and renderings: a plain ground, few colours
    "murky": ((45.0, 45.0, 45.0), (10.0, 10.0, 10.0)),
    "reddish": ((190.0, 110.0, 80.0), (15.0, 15.0, 15.0)),
    "bluish": ((70.0, 110.0, 190.0), (15.0, 15.0, 15.0)),
}

ASKED = tuple(list(_SORTS).index(name) for name in "plain pale murky dark bright reddish bluish flat warm cool".split())
"""The numbers of the sorts in the order in which rules are asked: after the plain one those that are furthest from it, so that where all
must agree the first who does not is found soon."""


@cache
def statistics(kind: str) -> tuple[np.ndarray, ...]:
    """For each sort its "mean", float64 [3], or its "histogram", int64 [256, 3]."""
    return tuple(np.array(mean) if kind == "mean" else _histogram(np.array(mean), np.array(spread)) for mean, spread in _SORTS.values())


def _histogram(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Counts of 100,000 values that are spread normally and cut at 0 and 255."""
    levels = np.arange(256)[:, None]
    shares = np.exp(-((levels - mean) ** 2) / (2 * spread**2))
    return np.rint(100_000 * shares / shares.sum(axis=0)).astype(np.int64)
