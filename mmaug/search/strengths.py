"""What a strength that wants gradients makes of an op's parameters: the same numbers that drawing a plan gives, as tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.params import Magnitude
from mmaug.registry import Op


def drawn_params(op: Op, strength: float | Tensor | None, uniforms: np.ndarray) -> dict[str, Any]:
    """The parameters of an op at a strength, one a row: lists, and tensors [rows] for the magnitudes that follow a tensor.

    strength: in [0, 1]; None for an op that takes none. uniforms: float64 [rows, n] in [0, 1), of which each parameter takes its own.
    """
    plain = 0.0 if strength is None else float(strength.detach() if isinstance(strength, Tensor) else strength)
    params: dict[str, Any] = {}
    first = 0
    for name, param in op.params.items():
        own = uniforms[:, first : first + max(param.uniforms, 1)]
        first += param.uniforms
        if isinstance(strength, Tensor) and isinstance(param, Magnitude):
            params[name] = _magnitudes(param, strength, torch.from_numpy(np.ascontiguousarray(own)))
        else:
            draw = param.from_strength(plain)
            params[name] = [draw(row) for row in own.tolist()]
    return params


def _magnitudes(param: Magnitude, strength: Tensor, own: Tensor) -> Tensor:
    """As `Magnitude.from_strength`, differentiable in the strength: float64 [rows]."""
    log = param.scale == "log"
    whole = math.log(param.reach / param.identity) if log else param.reach - param.identity
    distance = whole * strength.to("cpu", torch.float64) * (own[:, 0] if param.spread else torch.ones(len(own), dtype=torch.float64))
    if param.signed:
        distance = distance * torch.where(own[:, 1] < 0.5, -1.0, 1.0)
    value = param.identity * distance.exp() if log else param.identity + distance
    return value.clamp(param.low, param.high)
