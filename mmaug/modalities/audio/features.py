"""Masks on spectrogram features, where a model is fed those: the time and frequency masks of SpecAugment, without time warping.

Works on numpy arrays and torch tensors alike, one example or a batch in which every example has masks of its own. Pairing rules do
not see these masks; on the recording itself `audio.time_mask` and `audio.frequency_mask` do the same and are judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmaug import rng
from mmaug.errors import MmaugError


def mask_frequency(features: Any, seeds: int | Sequence[int], *, masks: int = 2, widest: int = 27, fill: float | None = None) -> Any:
    """Cover bands of mel bins; the features as they came are not changed.

    features: float [mel, frames] with one seed, or [batch, mel, frames] with a seed an example. masks: how many bands, each of 0 to
    `widest` bins. fill: what covers them; None is the mean of the example.
    Raises: MmaugError for another shape, or not one seed an example.
    Source: Park et al. 2019, "SpecAugment", section 2; the numbers are those of its policy LD.
    """
    return _masked(features, seeds, -2, masks, widest, 1.0, fill)


def mask_time(
    features: Any, seeds: int | Sequence[int], *, masks: int = 2, widest: int = 100, share: float = 1.0, fill: float | None = None
) -> Any:
    """Cover stretches of frames; the features as they came are not changed.

    features, seeds, fill: as in `mask_frequency`. masks: how many stretches, each of 0 to `widest` frames and no more than `share` of all.
    Raises: MmaugError for another shape, or not one seed an example.
    Source: Park et al. 2019, "SpecAugment", section 2; the numbers are those of its policy LD.
    """
    return _masked(features, seeds, -1, masks, widest, share, fill)


def _masked(features: Any, seeds: int | Sequence[int], axis: int, masks: int, widest: int, share: float, fill: float | None) -> Any:
    shape = tuple(features.shape)
    each = [seeds] if isinstance(seeds, int) else list(seeds)
    examples = 1 if len(shape) == 2 else shape[0]
    if len(shape) not in (2, 3) or len(each) != examples:
        raise MmaugError(
            f"masks: features must be [mel, frames] with one seed or [batch, mel, frames] with a seed an example, got {list(shape)} "
            f"and {len(each)} seeds"
        )
    covered = np.stack([_covered(shape[axis], seed, axis, masks, widest, share) for seed in each])
    covered = covered[:, None, :] if axis == -1 else covered[:, :, None]
    covered = covered if len(shape) == 3 else covered[0]
    if isinstance(features, np.ndarray):
        level = features.mean(axis=(-2, -1), keepdims=True) if fill is None else fill
        return np.where(covered, np.asarray(level, features.dtype), features)
    import torch

    level = features.mean(dim=(-2, -1), keepdim=True) if fill is None else features.new_tensor(fill)
    return torch.where(torch.from_numpy(covered).to(features.device), level, features)


def _covered(length: int, seed: int, axis: int, masks: int, widest: int, share: float) -> np.ndarray:
    """Which bins or frames of one example are covered: bool [length]."""
    out = np.zeros(length, bool)
    most = min(widest, int(share * length))
    drawn = rng.uniforms(rng.derive(seed, axis), 2 * masks)
    for wide, place in zip(drawn[::2], drawn[1::2], strict=True):
        width = int(wide * (most + 1))
        first = int(place * (length - width + 1))
        out[first : first + width] = True
    return out
