"""How much worse an albumentations transform makes a picture to see, measured on a test picture.

The test picture has four grey fields, so an edge along each axis: what becomes of the edges says how much is blurred, what becomes
of the fields how much noise, fog or shadow there is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from mmaug.effects.geometry import Size
from mmaug.modalities.image.alb.transform import run

DARK, LIGHT = 96, 160

LARGEST = 192
"""Pixels a side of the test picture at most; kernels are given in pixels, whatever the size of the picture."""

_WITH_THE_SIZE = frozenset({"ChromaticAberration", "ZoomBlur"})
"""But for these: what they blur grows with the picture."""

TINY = 8
"""Pixels a side below which nothing can be measured, and every fault counts as `TINY_FAULT`."""

TINY_FAULT = 0.1


@lru_cache(maxsize=256)
def faults(cls: str, kinds: tuple[str, ...], key: str, seed: int, size: Size) -> tuple[tuple[str, float], ...]:
    """Each kind with its amount, as `ImageState.spoil` takes it; settings as JSON."""
    if min(size) < TINY:
        return tuple((kind, TINY_FAULT) for kind in kinds)
    fields = _fields((min(size[0], LARGEST), min(size[1], LARGEST)))
    ran = run(cls, json.loads(key), seed, fields)
    if ran.image.shape != fields.shape:
        return tuple((kind, 1.0) for kind in kinds)
    side = min(fields.shape[:2]) if cls in _WITH_THE_SIZE else min(size)
    grey = cv2.cvtColor(ran.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return tuple((kind, _MEASURES[kind](grey, fields, ran.drawn, side, size)) for kind in kinds)


@lru_cache(maxsize=4)
def _fields(size: Size) -> np.ndarray:
    """uint8 [h, w, 3]: dark and light fields, two by two, crosswise."""
    right, below = np.arange(size[0]) >= size[0] // 2, np.arange(size[1]) >= size[1] // 2
    picture = np.where(right[None, :] != below[:, None], LIGHT, DARK).astype(np.uint8)
    picture = np.ascontiguousarray(np.repeat(picture[..., None], 3, axis=2))
    picture.flags.writeable = False
    return picture


def _blur(grey: np.ndarray, fields: np.ndarray, drawn: Mapping[str, Any], side: int, size: Size) -> float:
    """The standard deviation of the wider edge, of the shorter side; at least a quarter of a kernel that leaves edges sharp."""
    height, width = grey.shape
    across = grey[: height // 4].mean(axis=0) - grey[-(height // 4) :].mean(axis=0)
    down = grey[:, : width // 4].mean(axis=1) - grey[:, -(width // 4) :].mean(axis=1)
    widest = max(_spread(across), _spread(down))
    kernel = drawn.get("kernel")
    if isinstance(kernel, (int, tuple)):  # a size: medians and the like keep straight edges but lose what is small
        widest = max(widest, np.max(kernel) / 4)
    return float(widest / side)


def _spread(profile: np.ndarray) -> float:
    """The standard deviation of the change along a profile, in pixels."""
    change = np.abs(np.diff(profile))
    change = np.where(change > 0.02 * change.max(initial=0.0), change, 0.0)  # without what noise leaves
    if not change.any():
        return float(len(profile))
    place = np.arange(len(change))
    middle = np.average(place, weights=change)
    return math.sqrt(max(float(np.average((place - middle) ** 2, weights=change)), 0.0))


def _noise(grey: np.ndarray, fields: np.ndarray, drawn: Mapping[str, Any], side: int, size: Size) -> float:
    """The standard deviation of what was added, of the range of values (in one channel more than in the grey of three)."""
    return float((grey - fields[..., 0]).std() / 255 * math.sqrt(1 / (0.299**2 + 0.587**2 + 0.114**2)))


def _coarse(grey: np.ndarray, fields: np.ndarray, drawn: Mapping[str, Any], side: int, size: Size) -> float:
    """The side of the blocks that a picture was made of, of the shorter side."""
    block = 0.0
    if "scale" in drawn:
        block = 1 / drawn["scale"]
    elif "quality" in drawn:  # JPEG's blocks are 8 pixels wide
        block = 8 * (1 - drawn["quality"] / 100)
    elif "n_segments" in drawn:
        block = math.sqrt(size[0] * size[1] / drawn["n_segments"]) * float(np.mean(drawn["replace_samples"]))
    return block / side


def _fog(grey: np.ndarray, fields: np.ndarray, drawn: Mapping[str, Any], side: int, size: Size) -> float:
    """The share of the contrast that is lost."""
    light = fields[..., 0] == LIGHT
    return float(np.clip(1 - (grey[light].mean() - grey[~light].mean()) / (LIGHT - DARK), 0.0, 1.0))


def _shadow(grey: np.ndarray, fields: np.ndarray, drawn: Mapping[str, Any], side: int, size: Size) -> float:
    """The share of the light that is lost where it is darkest."""
    return float(np.clip(1 - np.quantile(grey / fields[..., 0], 0.005), 0.0, 1.0))


def _sharp(grey: np.ndarray, fields: np.ndarray, drawn: Mapping[str, Any], side: int, size: Size) -> float:
    """How far edges overshoot, of their contrast."""
    return float(max((grey.max() - grey.min()) / (LIGHT - DARK) - 1, 0.0))


_MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray, Mapping[str, Any], int, Size], float]] = {
    "blur": _blur,
    "noise": _noise,
    "coarse": _coarse,
    "fog": _fog,
    "shadow": _shadow,
    "sharp": _sharp,
}
