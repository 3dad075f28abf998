"""sfc64 (Doty-Humphrey 2010, PractRand 0.95, src/RNGs/sfc.cpp) in plain whole numbers: what `rng.generator` must draw."""

from __future__ import annotations

_WORD = 2**64 - 1


def words(seed: int, count: int) -> list[int]:
    """The first `count` words of 64 bits after a seed."""
    a = b = c = seed
    made = []
    for counter in range(1, 13 + count):  # the first 12 mix the seed and are thrown away
        made.append((a + b + counter) & _WORD)
        a, b = b ^ (b >> 11), (c + (c << 3)) & _WORD
        c = ((c << 24 | c >> 40) + made[-1]) & _WORD
    return made[12:]
