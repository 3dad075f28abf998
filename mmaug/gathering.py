"""Rows of all processes, with gradients: what a loss needs when a batch is spread over several."""

from __future__ import annotations

import torch
from torch import Tensor


def processes() -> tuple[int, int]:
    """How many processes train together, and which this is; (1, 0) without torch.distributed."""
    dist = torch.distributed
    if dist.is_available() and dist.is_initialized():
        return dist.get_world_size(), dist.get_rank()
    return 1, 0


def gather(x: Tensor) -> Tensor:
    """The rows of all processes in order of rank: [n, ...] to [world x n, ...]; one process: the tensor itself.

    Gradients go back to the process that each row came from. Every process must have as many rows.
    """
    world, _ = processes()
    if world == 1:
        return x
    if not x.is_floating_point():
        parts = [torch.empty_like(x) for _ in range(world)]
        torch.distributed.all_gather(parts, x.contiguous())
        return torch.cat(parts)
    from torch.distributed.nn.functional import all_gather  # needs a process group that was built with it

    return torch.cat(list(all_gather(x.contiguous())))
