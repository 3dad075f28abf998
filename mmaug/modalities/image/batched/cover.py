"""Covering convex parts of many pictures: drawn on the CPU as numbers of parts, by the rule of the executor for one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmaug.effects import geometry
from mmaug.effects.view import Polygon
from mmaug.modalities.image import executor as rules
from mmaug.modalities.image.batched.canvas import size_of

Covers = tuple[Sequence[Polygon], Sequence[tuple[float, ...]]]
"""Outlines in pixels of the picture, and a colour, 0..255, for each."""


def cover(pictures: Tensor, covers: Sequence[Covers]) -> Tensor:
    """Pictures, [b, 3, h, w], with the parts of each covered; a later part lies on top."""
    width, height = size_of(pictures)
    parts = np.zeros((len(covers), height, width), np.int16)
    most = max(len(outlines) for outlines, _ in covers)
    colours = np.zeros((len(covers), 3, most + 1))
    stays = geometry.identity((width, height))
    for number, (outlines, fills) in enumerate(covers):
        for part, (outline, fill) in enumerate(zip(outlines, fills, strict=True), start=1):
            rules.fill_polygon(parts[number], outline, stays, [float(part)])
            colours[number, :, part] = fill
    if not pictures.is_floating_point():
        colours = np.rint(colours)
    drawn = torch.from_numpy(parts).to(pictures.device)[:, None]
    flat = torch.from_numpy(colours).to(pictures.dtype).to(pictures.device)
    starts = torch.arange(0, flat.numel(), most + 1, dtype=torch.int32, device=pictures.device).view(-1, 3, 1, 1)
    filled = torch.index_select(flat.flatten(), 0, (drawn + starts).flatten()).view(pictures.shape)
    return torch.where(drawn > 0, filled, pictures)
