"""Ops that put noise over a picture. All of it follows from the step's seed, so the same step gives the same bytes."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import cv2
import numpy as np

from mmaug import rng
from mmaug.effects.picture import ImageState
from mmaug.modalities.image.colour import LUMA
from mmaug.params import Magnitude, Seed
from mmaug.registry import register


@cache
def _quantiles() -> np.ndarray:
    """A normal variable of variance 1/2 in 256 equally likely steps: two of them add up to one of variance 1, in 65,536 steps."""
    normal = NormalDist()
    steps = np.array([normal.inv_cdf((step + 0.5) / 256) for step in range(256)])
    return steps / np.sqrt(2 * np.mean(steps**2))


_PARTS = 6
"""Bits behind the point while noise is added up."""


def _normal(seed: int, shape: tuple[int, ...], deviation: float) -> np.ndarray:
    """Normal noise in whole grey levels, int16: two tables looked up with random bytes take a sixth of the time that drawing it takes.

    deviation: grey levels, at most 255.
    """
    count = int(np.prod(shape))
    half = -(-count // 8) * 8
    raw = rng.generator(seed).bit_generator.random_raw(half // 4).view(np.uint8).reshape(2, half)
    table = np.rint(_quantiles() * (deviation * 2**_PARTS) + 2 ** (_PARTS - 2)).astype(np.int16)  # together half a level: it rounds
    total = np.asarray(cv2.add(cv2.LUT(raw[:1, :count], table), cv2.LUT(raw[1:, :count], table)), np.int16)
    return (total >> _PARTS).reshape(shape)


def _adds_noise(state: ImageState, *, sigma: float, seed: int) -> ImageState:
    return state.spoil("noise", sigma)


@register("filter", _adds_noise, sigma=Magnitude(0.0, 0.1, "of the full range", 0.0, 1.0), seed=Seed())
def gaussian_noise(pixels: np.ndarray, *, sigma: float, seed: int) -> np.ndarray:
    """Add normal noise to every channel of every pixel.

    sigma: its standard deviation as a share of 255, in [0, 1]. seed: the noise.
    Source: Hendrycks and Dietterich 2019, "Benchmarking neural network robustness" (Gaussian noise); albumentations, GaussNoise.
    """
    if sigma == 0:
        return pixels
    return cv2.add(pixels, _normal(seed, pixels.shape, 255 * sigma), dtype=cv2.CV_8U)


def _adds_iso_noise(state: ImageState, *, intensity: float, color_shift: float, seed: int) -> ImageState:
    return state.spoil("noise", intensity + color_shift)


_ROOTS = np.rint(256 * np.sqrt(np.arange(256) / 255)).astype(np.int32)

_TO_COLOURS = np.array(((1.0, 0.0), (-LUMA[0] / LUMA[1], -LUMA[2] / LUMA[1]), (0.0, 1.0)))
"""From changes of red and blue to changes of red, green and blue that leave lightness alone."""


@register(
    "filter",
    _adds_iso_noise,
    intensity=Magnitude(0.0, 0.1, "of the full range", 0.0, 1.0),
    color_shift=Magnitude(0.0, 0.06, "of the full range", 0.0, 1.0),
    seed=Seed(),
)
def iso_noise(pixels: np.ndarray, *, intensity: float, color_shift: float, seed: int) -> np.ndarray:
    """Add the noise of a camera in little light: fine grain in lightness, coarser blotches in colour.

    intensity: standard deviation of the lightness of white as a share of 255, in [0, 1]; that of darker pixels is less, as the root
    of their value (so photons are counted). color_shift: that of red and blue, lightness kept, in [0, 1]. seed: the noise.
    Source: albumentations, ISONoise (which moves hues instead); Hasinoff 2014, "Photon, Poisson noise".
    """
    if intensity == 0 and color_shift == 0:
        return pixels
    height, width = pixels.shape[:2]
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    grain = (_normal(rng.derive(seed, "grain"), light.shape, 255 * intensity) * _ROOTS[np.asarray(light, np.uint8)] >> 8).astype(np.int16)
    blotches = _normal(rng.derive(seed, "colour"), ((height + 1) // 2, (width + 1) // 2, 2), 255 * color_shift)
    colours = cv2.resize(cv2.transform(blotches, _TO_COLOURS), (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.add(pixels, cv2.add(colours, cv2.merge((grain, grain, grain))), dtype=cv2.CV_8U)


def _adds_grains(state: ImageState, *, share: float, seed: int) -> ImageState:
    return state.spoil("noise", share)


@register("filter", _adds_grains, share=Magnitude(0.0, 0.06, "of the pixels", 0.0, 1.0), seed=Seed())
def salt_and_pepper(pixels: np.ndarray, *, share: float, seed: int) -> np.ndarray:
    """Turn single pixels black or white, half of them each.

    share: of the pixels, in [0, 1]. seed: which ones; a larger share turns these and more.
    Source: Gonzalez and Woods 2008, "Digital image processing", 5.2.2; albumentations, SaltAndPepper.
    """
    count = pixels.shape[0] * pixels.shape[1]
    raw = rng.generator(seed).bit_generator.random_raw(-(-count // 4)).view(np.uint16)[:count]
    reach = round(share * 2**15)
    (hit,) = ((raw < reach) | (raw >= 2**16 - reach)).nonzero()
    if not len(hit):
        return pixels
    out = np.array(pixels, order="C")
    out.reshape(-1, 3)[hit] = np.where(raw[hit] < reach, 0, 255)[:, None]
    return out
