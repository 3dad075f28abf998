"""Colour stages on many pictures, each with its own, and what is measured of them. Values are 0..255, also in floats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmaug.effects.colour import Stage


def recolour(pictures: Tensor, stages: Sequence[Stage]) -> Tensor:
    """Each picture of [b, 3, h, w] through its stage, all of them matrices or all tables; uint8 is rounded, floats are not."""
    stacked = np.stack(stages)
    if stacked.shape[1] == 3:
        whole = not pictures.is_floating_point()
        floats = pictures.float() if whole else pictures
        changed = through_matrices(floats, torch.from_numpy(stacked).to(floats.dtype).to(floats.device))
        return changed.round_().to(pictures.dtype) if whole else changed
    tables = torch.from_numpy(stacked.transpose(0, 2, 1).copy()).to(pictures.device)  # [b, 3, 256]
    return through_tables(pictures, tables)


def through_matrices(pictures: Tensor, matrices: Tensor) -> Tensor:
    """Float pictures, [b, 3, h, w] in 0..255, through matrices, [b, 3, 4]; cut at 0 and 255.

    Sums in a fixed order, not a matrix product: libraries choose the order by the size of the batch.
    """
    weights = matrices[..., None, None]
    total = weights[:, :, 3]
    for channel in range(3):
        total = torch.addcmul(total, pictures[:, None, channel], weights[:, :, channel])
    return total.clamp(0.0, 255.0)


def through_tables(pictures: Tensor, tables: Tensor) -> Tensor:
    """Pictures, [b, 3, h, w], through tables, [b, 3, 256]: uint8 looked up, floats in 0..255 linear between the entries."""
    starts = torch.arange(0, tables.numel(), 256, dtype=torch.int32, device=pictures.device).view(-1, 3, 1, 1)
    if not pictures.is_floating_point():
        return torch.index_select(tables.flatten(), 0, (pictures.int() + starts).flatten()).view(pictures.shape)
    flat = tables.flatten().to(pictures.dtype)
    level = pictures.detach().floor().clamp(0, 254)
    place = (level.int() + starts).flatten()
    low, high = (torch.index_select(flat, 0, place + up).view(pictures.shape) for up in (0, 1))
    return low + (pictures - level) * (high - low)


def means(pictures: Tensor) -> np.ndarray:
    """The mean colour of each picture of [b, 3, h, w]: float64 [b, 3]."""
    if pictures.is_floating_point():
        return torch.stack([picture.detach().mean((1, 2)) for picture in pictures]).cpu().numpy().astype(np.float64)
    return pictures.sum((2, 3), dtype=torch.int64).cpu().numpy() / (pictures.shape[2] * pictures.shape[3])


def histograms(pictures: Tensor) -> np.ndarray:
    """How many pixels have each value, by picture and channel: int64 [b, 256, 3]; floats count as the nearest whole value."""
    whole = pictures.detach().round().clamp(0, 255) if pictures.is_floating_point() else pictures
    starts = torch.arange(0, len(pictures) * 3 * 256, 256, device=pictures.device).view(-1, 3, 1, 1)
    counts = torch.bincount((whole.long() + starts).flatten(), minlength=len(pictures) * 3 * 256)
    return counts.view(-1, 3, 256).transpose(1, 2).cpu().numpy()


STATISTICS = {"mean": means, "histogram": histograms}
