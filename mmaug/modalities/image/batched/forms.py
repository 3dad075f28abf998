"""Pictures of any form through programs on one device: what comes in goes out, and tensors stay on the device.

Pictures with alpha go one by one, as they would alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.modalities.image import executor as alone
from mmaug.modalities.image import values as image_values
from mmaug.modalities.image.batched.canvas import groups
from mmaug.modalities.image.batched.executor import run
from mmaug.modalities.image.program import Program


def run_values(programs: Sequence[Program], values: Sequence[Any], device: Any, memory_mb: float) -> list[Any]:
    """Pictures, each PIL, uint8 [h, w, 3] or tensor uint8 [3, h, w], through their programs on a device.

    memory_mb: as for `run`. Tensors come back on `device`, everything else in the form that came.
    """
    out: list[Any] = [None] * len(values)
    tensors: dict[int, Tensor] = {}
    arrays: dict[int, tuple[np.ndarray, image_values.Restore]] = {}
    for number, (program, value) in enumerate(zip(programs, values, strict=True)):
        if type(value) is Tensor and value.shape[0] == 3:
            tensors[number] = value.detach().to(device)
            continue
        pixels, restore = image_values.to_pixels(value)
        if pixels.shape[2] == 3:
            arrays[number] = pixels, restore
        else:
            out[number] = restore(alone.run(program, pixels))
    for numbers in groups(list(arrays), lambda number: arrays[number][0].shape):
        stacked = torch.from_numpy(np.stack([arrays[number][0] for number in numbers])).to(device)
        tensors.update(zip(numbers, stacked.permute(0, 3, 1, 2).unbind(), strict=True))
    order = sorted(tensors)
    done = dict(zip(order, run([programs[number] for number in order], [tensors[number] for number in order], memory_mb), strict=True))
    for number in tensors.keys() - arrays.keys():
        out[number] = done[number].contiguous()
    for numbers in groups(list(arrays), lambda number: done[number].shape):
        stacked = torch.stack([done[number] for number in numbers]).permute(0, 2, 3, 1).contiguous().cpu().numpy()
        for number, pixels in zip(numbers, stacked, strict=True):
            out[number] = arrays[number][1](pixels)
    return out
