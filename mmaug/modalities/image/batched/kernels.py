"""Kernels with a torch version: the same function of pixels, on many pictures with their own magnitudes, differentiable in them.

A kernel that is not here runs row by row as it is for one picture. Sums run over shifted copies in a fixed order; a convolution
would choose its order by the size of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mmaug.modalities.image import quality

Batched = Callable[..., Tensor]
"""(pictures, float [b, 3, h, w] in 0..255, **params, each float [b]) -> pictures of the same shape, not rounded."""


def gaussian_blur(pictures: Tensor, *, sigma: Tensor) -> Tensor:
    """`image.gaussian_blur`: each picture with its own spread, in shares of the shorter side."""
    height, width = pictures.shape[2:]
    spread = sigma * min(height, width)
    shown = spread >= 0.05
    safe = torch.where(shown, spread, 1.0)
    reach = ((safe.detach() * 6 + 1).round().long() // 2) * shown  # pixels a side, as in OpenCV
    far = int(reach.max())
    away = torch.arange(-far, far + 1, dtype=pictures.dtype, device=pictures.device)
    weights = torch.exp(-(away**2) / (2 * safe[:, None] ** 2)) * (away.abs() <= reach[:, None])
    weights = weights / _in_turn(weights)[:, None]
    return _weighted(_weighted(pictures, weights, 3), weights, 2)


def sharpness(pictures: Tensor, *, factor: Tensor) -> Tensor:
    """`image.sharpness`: each picture with its own factor; pixels of the border stay."""
    height, width = pictures.shape[2:]
    if min(height, width) < 3:
        return pictures
    inner = pictures[:, :, 1:-1, 1:-1]
    total = inner * 4.0
    for down in range(3):
        for across in range(3):
            total = total + pictures[:, :, down : down + height - 2, across : across + width - 2]
    share = factor[:, None, None, None]
    out = pictures.clone()
    out[:, :, 1:-1, 1:-1] = inner * share + (total / 13) * (1 - share)
    return out


def _weighted(pictures: Tensor, weights: Tensor, side: int) -> Tensor:
    """Sums along a side: pictures, [b, 3, h, w], with weights, [b, odd], centred; the edge pixels go on beyond the edge."""
    far = weights.shape[1] // 2
    if far == 0:
        return pictures * weights[:, :, None, None]
    length = pictures.shape[side]
    padded = functional.pad(pictures, (far, far, 0, 0) if side == 3 else (0, 0, far, far), mode="replicate")
    total = torch.zeros_like(pictures)
    for tap in range(weights.shape[1]):
        total = torch.addcmul(total, padded.narrow(side, tap, length), weights[:, tap, None, None, None])
    return total


def _in_turn(weights: Tensor) -> Tensor:
    """Row sums in a fixed order: zeros at both ends change nothing."""
    total = weights[:, 0]
    for column in weights.unbind(1)[1:]:
        total = total + column
    return total


KERNELS: Mapping[Callable[..., Any], Batched] = MappingProxyType({quality.gaussian_blur: gaussian_blur, quality.sharpness: sharpness})
"""From the op's function to its batched one."""
