"""Randomness without state: a draw is a function of (seed, epoch, key, view) and of the step's place.

One Philox stream belongs to a row and view. Every node of a policy (an op, a coin, a choice) owns one
fixed block of `BLOCK` uniform numbers in it, so what one step draws never moves another's, and neither
the number of workers nor their order can change a result. No generator is kept and the global state of
`random` and `numpy.random` is neither read nor written. Arrays of noise come from a seed that a step drew,
through SFC64, which is faster where many numbers are made.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox).
"""

from __future__ import annotations

from hashlib import blake2b
from operator import index
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from mmaug.errors import MmaugError

BLOCK = 16
"""Uniform numbers owned by one node of a policy: a coin, then up to 15 for its parameters."""

_FIRST = np.zeros(4, np.uint64)
"""Where the counter of a Philox stream starts. Given as an array, as numpy takes long to make one of its default."""


class _Key(ISeedSequence):
    """The words of a key as a seed sequence: `Philox(key=...)` gives the same stream but first asks the system for entropy."""

    __slots__ = ("words",)

    def __init__(self, words: np.ndarray):
        self.words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        return self.words


def _philox(words: np.ndarray) -> np.random.Philox:
    return np.random.Philox(_Key(words), counter=_FIRST)  # type: ignore[arg-type]  # numpy's stubs forget that any ISeedSequence will do


def row_stream(seed: int, epoch: int, key: str | int | bytes, view: int) -> np.random.Philox:
    """The Philox bit generator of one view of one row.

    The four parts are hashed together with their types, so (1, 2) and (2, 1), or 7 and "7", differ.
    Raises: MmaugError when a part has another type.
    """
    try:
        seed, epoch, view = index(seed), index(epoch), index(view)
        key = str(key) if isinstance(key, str) else bytes(key) if isinstance(key, bytes) else index(key)  # numpy's strings are strings
    except TypeError:
        raise MmaugError(
            "seed, epoch and view must be whole numbers and key a string, bytes or a whole number; "
            f"got seed={seed!r}, epoch={epoch!r}, view={view!r}, key={key!r}"
        ) from None
    name = f"{seed}|{epoch}|{view}|{key!r}".encode("utf-8", "surrogatepass")
    return _philox(np.frombuffer(blake2b(name, digest_size=16).digest(), np.uint64))


def uniform_blocks(stream: np.random.Philox, count: int) -> np.ndarray:
    """`count` blocks of numbers uniform in [0, 1), one after the other: float64 [count * BLOCK]."""
    return np.random.Generator(stream).random(count * BLOCK)


def uniforms(seed: int, count: int) -> list[float]:
    """The first `count` numbers behind a step's drawn `seed`, uniform in [0, 1)."""
    return generator(seed).random(count).tolist()


def generator(seed: int) -> np.random.Generator:
    """The generator behind a step's drawn `seed`: kernels that need an array of noise build it from this.

    A stream of its own kind, SFC64: seeds are far apart already, and it makes an array in four fifths of Philox's time.
    Source: Doty-Humphrey 2010, PractRand (sfc64); its seeding mixes the three words before the first number.
    """
    return np.random.Generator(np.random.SFC64(_Key(np.array((seed, seed, seed), np.uint64))))  # type: ignore[arg-type]  # as above


def derive(seed: int, *path: int | str) -> int:
    """A seed of its own for a part of a step (one caption of several, one frame), in [0, 2**53)."""
    name = "|".join([str(seed), *map(repr, path)]).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "little") >> 11
