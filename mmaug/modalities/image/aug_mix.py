"""AugMix: a picture mixed with versions of itself. As all its ops here are tables, so is the mixture: rules see what it does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmaug import rng
from mmaug.modalities.image import tone
from mmaug.params import Fixed, Magnitude, Seed
from mmaug.registry import register

_LEVELS = np.arange(256)


@register("tone", severity=Magnitude(0.0, 10.0, "of 10", 0.0, 10.0), chains=Fixed(3, "chains", 1, 8), seed=Seed())
def aug_mix(histogram: np.ndarray, *, severity: float, chains: float, seed: int) -> np.ndarray:
    """Mix the picture with versions of itself that went through chains of one to three colour ops; pixels stay in their places.

    severity: how strong an op may be, each drawn between a tenth and this, in [0, 10]; 0 is the identity. chains: how many versions,
    in [1, 8]. seed: ops, their strengths and the weights (Dirichlet and Beta, all parameters 1).
    Source: Hendrycks et al. 2020, "AugMix", algorithm 1; of its ops auto_contrast, equalize, posterize and solarize: rotated, sheared
    and shifted copies would show things where no box or mask has them.
    """
    if severity == 0:
        return np.repeat(_LEVELS[:, None], 3, axis=1).astype(np.uint8)
    draw = rng.generator(seed)
    weights = draw.dirichlet(np.ones(int(chains)))
    kept = draw.beta(1.0, 1.0)
    mixed = kept * np.repeat(_LEVELS[:, None], 3, axis=1)
    for weight in weights:
        mixed += (1 - kept) * weight * _chain(histogram, severity, draw)
    return np.rint(mixed).astype(np.uint8)


def _chain(histogram: np.ndarray, severity: float, draw: np.random.Generator) -> np.ndarray:
    """The table of one to three ops in turn, each of what the ones before made: uint8 [256, 3]."""
    table = np.repeat(_LEVELS[:, None], 3, axis=1).astype(np.uint8)
    for _ in range(draw.integers(1, 4)):
        level = draw.uniform(min(0.1, severity), severity) / 10
        step = _OPS[draw.integers(len(_OPS))](_seen(histogram, table), level)
        table = np.take_along_axis(step, table.astype(np.intp), axis=0)
    return table


def _seen(histogram: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The histogram of a picture after a table."""
    return np.stack([np.bincount(table[:, i], histogram[:, i], 256) for i in range(3)], axis=1).astype(np.int64)


def _posterized(histogram: np.ndarray, level: float) -> np.ndarray:
    bits = 4 - int(level * 4)  # as published: from four bits down
    return np.repeat((_LEVELS & (256 - (1 << (8 - bits))))[:, None], 3, axis=1).astype(np.uint8)


def _solarized(histogram: np.ndarray, level: float) -> np.ndarray:
    return np.repeat(np.where(256 - int(level * 256) > _LEVELS, _LEVELS, 255 - _LEVELS)[:, None], 3, axis=1).astype(np.uint8)


_OPS: tuple[Callable[[np.ndarray, float], np.ndarray], ...] = (
    lambda histogram, level: tone.auto_contrast(histogram),
    lambda histogram, level: tone.equalize(histogram),
    _posterized,
    _solarized,
)
