"""albumentations 2.0.8 as ops: `image.alb.coarse_dropout` and the others, with boxes, masks, captions and our own draws.

    mm.op("image.alb.rotate", settings={"limit": (-30, 30)})

Pixels come from albumentations; where they went, what is covered and what became of colours is measured without the real picture,
with the same seed, and all that follows the picture follows that. Importing this does not import albumentations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmaug.modalities.image.alb import transform
from mmaug.modalities.image.alb.catalogue import CATALOGUE, VERSION, Entry
from mmaug.modalities.image.alb.facts import facts
from mmaug.modalities.image.alb.transform import Settings
from mmaug.params import Seed
from mmaug.registry import register


def _kernel(entry: Entry) -> Callable[..., np.ndarray]:
    def kernel(pixels: np.ndarray, *, settings: dict[str, Any], seed: int) -> np.ndarray:
        return transform.run(entry.cls, settings, seed, pixels).image

    kernel.__name__ = kernel.__qualname__ = entry.name
    kernel.__doc__ = (
        f"{entry.cls} of albumentations: {', '.join(_SAYS[what] for what in entry.does)}.\n\n"
        "settings: the transform's own arguments, all but p. seed: all that it draws.\n"
        f"Source: albumentations {VERSION}, {entry.cls}."
    )
    return kernel


_SAYS = {
    "moves": "moves pixels",
    "covers": "paints over parts",
    "recolours": "changes colours, alike in every picture",
    "balances": "changes colours, by what is in the picture",
    "blinds": "may hide parts",
    "blur": "blurs",
    "noise": "adds noise",
    "coarse": "makes pixels coarser",
    "fog": "takes contrast away",
    "shadow": "darkens parts",
    "sharp": "sharpens edges",
}

for _entry in CATALOGUE.values():
    register("albumentations", facts(_entry), settings=Settings(_entry.cls), seed=Seed())(_kernel(_entry))
