"""Colour ops. Each gives only its colour function, a matrix or a table; executors run it on pixels, rules on named colours.

Matrices are float64 [3, 4] on (r, g, b, 1) with values 0..255.
"""

from __future__ import annotations

import math

import numpy as np

from mmaug.params import Magnitude
from mmaug.registry import register

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the lightness of a pixel (ITU-R BT.601), as in Pillow's convert("L")."""


@register("colour", factor=Magnitude(1.0, 1.9, "times", 0.0, 10.0, signed=True))
def brightness(*, factor: float) -> np.ndarray:
    """Multiply every value.

    factor: 0 is black, 1 the identity, in [0, 10].
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Brightness, 0.1 to 1.9); PIL.ImageEnhance.Brightness.
    """
    return np.eye(3, 4) * factor


@register("colour", degrees=Magnitude(0.0, 180.0, "degrees", -360.0, 360.0, signed=True))
def hue(*, degrees: float) -> np.ndarray:
    """Turn every colour about the grey axis: 120 degrees make red green, green blue and blue red; greys stay.

    degrees: in [-360, 360].
    Source: Haeberli 1993, "Matrix operations for image processing" (hue rotation about the grey vector).
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    same, before, after = (1 + 2 * cos) / 3, (1 - cos) / 3 - sin / math.sqrt(3), (1 - cos) / 3 + sin / math.sqrt(3)
    return np.array(((same, before, after, 0.0), (after, same, before, 0.0), (before, after, same, 0.0)))


@register("colour")
def to_gray() -> np.ndarray:
    """Replace every colour by its lightness, three times.

    Source: ITU-R BT.601; PIL.Image.convert("L").
    """
    return np.array([(*LUMA, 0.0)] * 3)


@register("colour")
def invert() -> np.ndarray:
    """Turn every value v into 255 - v.

    Source: PIL.ImageOps.invert; Cubuk et al. 2019, "AutoAugment", table 6 (Invert).
    """
    return np.array(((-1.0, 0.0, 0.0, 255.0), (0.0, -1.0, 0.0, 255.0), (0.0, 0.0, -1.0, 255.0)))
