"""Ops that change how light reaches the camera: fog and shadows. Pure kernels on pixels, uint8 [h, w, 3], with their facts.

Rules do not see where it is thick or dark: they ask for several sorts of pictures, and half of those stand for either.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from mmaug import rng
from mmaug.effects.colour import Unsure
from mmaug.effects.picture import ImageState
from mmaug.modalities.image.colour import LUMA
from mmaug.params import Magnitude, Seed
from mmaug.registry import register

_GRID = 48
"""Cells a side in which fog and shadows are drawn: a shadow's edges are as soft as one of them is wide."""

UNEVEN = 0.4
"""How much thicker and thinner than on average fog is."""


def _whitens(state: ImageState, *, amount: float, seed: int) -> ImageState:
    if not amount:
        return state
    return state.recolour(Unsure(_in_fog, "mean", (("amount", amount),))).spoil("fog", amount)


def _in_fog(mean: np.ndarray, *, amount: float) -> np.ndarray:
    share = min(amount * (1 + UNEVEN if mean @ LUMA < 128 else 1 - UNEVEN), 1.0)
    matrix = np.eye(3, 4) * (1 - share)
    matrix[:, 3] = 255 * share
    return matrix


@register("filter", _whitens, amount=Magnitude(0.0, 0.5, "of white", 0.0, 1.0), seed=Seed())
def fog(pixels: np.ndarray, *, amount: float, seed: int) -> np.ndarray:
    """Lay white fog over the picture, thicker in some places than in others.

    amount: share of white in it on average, in [0, 1]; it varies smoothly by 0.4 of that. seed: where it is thick.
    Source: Koschmieder 1924 (light scattered in between blends objects with the horizon's white); albumentations, RandomFog.
    """
    if amount == 0:
        return pixels
    height, width = pixels.shape[:2]
    places = rng.generator(seed).uniform(-1.0, 1.0, (5, 5)).astype(np.float32)
    smooth = np.clip(cv2.resize(places, (_GRID, _GRID), interpolation=cv2.INTER_CUBIC), -1.0, 1.0)
    clear = np.rint(255 * np.maximum(1 - amount * (1 + UNEVEN * smooth), 0.0)).astype(np.uint8)
    clear = cv2.resize(clear, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.bitwise_not(cv2.multiply(cv2.bitwise_not(pixels), cv2.merge((clear, clear, clear)), scale=1 / 255))


def _darkens(state: ImageState, *, amount: float, seed: int) -> ImageState:
    return state.recolour(Unsure(_in_shadow, "mean", (("amount", amount),))).spoil("shadow", amount) if amount else state


def _in_shadow(mean: np.ndarray, *, amount: float) -> np.ndarray:
    return np.eye(3, 4) * (1 - amount if mean @ LUMA < 128 else 1.0)


@register("filter", _darkens, amount=Magnitude(0.0, 0.6, "of the light", 0.0, 1.0), seed=Seed())
def shadow(pixels: np.ndarray, *, amount: float, seed: int) -> np.ndarray:
    """Throw a shadow with soft edges on a part of the picture.

    amount: share of the light that is kept from it, in [0, 1]. seed: where it lies; it is a polygon of five corners.
    Source: albumentations, RandomShadow (there with hard edges).
    """
    if amount == 0:
        return pixels
    height, width = pixels.shape[:2]
    lit = np.full((_GRID, _GRID), 255, np.uint8)
    cv2.fillPoly(lit, [_outline(seed)], round(255 * (1 - amount)), cv2.LINE_AA, shift=4)
    lit = cv2.resize(lit, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(pixels, cv2.merge((lit, lit, lit)), scale=1 / 255)


def _outline(seed: int) -> np.ndarray:
    """Five corners round a point in the picture, in turn: int32 [5, 2], in sixteenths of a cell."""
    u = rng.uniforms(seed, 12)
    angles = [2 * math.pi * (corner + 0.8 * u[2 + corner]) / 5 for corner in range(5)]
    reaches = [0.2 + 0.4 * u[7 + corner] for corner in range(5)]
    x, y = 0.15 + 0.7 * u[0], 0.15 + 0.7 * u[1]
    corners = [(x + reach * math.cos(angle), y + reach * math.sin(angle)) for angle, reach in zip(angles, reaches, strict=True)]
    return np.rint(np.array(corners) * (16 * _GRID)).astype(np.int32)
