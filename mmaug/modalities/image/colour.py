"""Colour ops. Each gives only its colour function, a matrix or a table; executors run it on pixels, rules on named colours.

Matrices are float64 [3, 4] on (r, g, b, 1) with values 0..255.
"""

from __future__ import annotations

import math

import numpy as np

from mmaug.modalities.image.channel_order import ChannelOrder
from mmaug.params import Fixed, Magnitude
from mmaug.registry import register

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the lightness of a pixel (ITU-R BT.601), as in Pillow's convert("L")."""

_GREY = np.array([(*LUMA, 0.0)] * 3)
_EYE = np.eye(3, 4)


@register("colour", factor=Magnitude(1.0, 1.9, "times", 0.0, 10.0, signed=True))
def brightness(*, factor: float) -> np.ndarray:
    """Multiply every value.

    factor: 0 is black, 1 the identity, in [0, 10].
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Brightness, 0.1 to 1.9); PIL.ImageEnhance.Brightness.
    """
    return _EYE * factor


@register("colour", factor=Magnitude(1.0, 1.9, "times", 0.0, 10.0, signed=True))
def saturation(*, factor: float) -> np.ndarray:
    """Move every colour away from the grey of its own lightness, or towards it.

    factor: of the distance; 0 is grey, 1 the identity, in [0, 10].
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Color, 0.1 to 1.9); PIL.ImageEnhance.Color.
    """
    return _EYE * factor + _GREY * (1 - factor)


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
    return _GREY.copy()


@register("colour")
def invert() -> np.ndarray:
    """Turn every value v into 255 - v.

    Source: PIL.ImageOps.invert; Cubuk et al. 2019, "AutoAugment", table 6 (Invert).
    """
    return np.array(((-1.0, 0.0, 0.0, 255.0), (0.0, -1.0, 0.0, 255.0), (0.0, 0.0, -1.0, 255.0)))


_SEPIA = np.array(((0.393, 0.769, 0.189, 0.0), (0.349, 0.686, 0.168, 0.0), (0.272, 0.534, 0.131, 0.0)))


@register("colour", amount=Magnitude(0.0, 1.0, "of the way", 0.0, 1.0))
def sepia(*, amount: float) -> np.ndarray:
    """Fade towards the brown of old photographs.

    amount: 0 is the identity, 1 brown only, in [0, 1].
    Source: albumentations, ToSepia (the usual matrix, at amount 1).
    """
    return np.eye(3, 4) * (1 - amount) + _SEPIA * amount


@register("colour", order=ChannelOrder())
def channel_shuffle(*, order: list[int]) -> np.ndarray:
    """Let red, green and blue change places.

    order: for each channel of the result the number of the one it comes from; [2, 1, 0] swaps red and blue.
    Source: albumentations, ChannelShuffle.
    """
    return np.eye(3, 4)[order]


_SHIFT = Magnitude(0.0, 40.0, "grey levels", -255.0, 255.0, signed=True, spread=True)


@register("colour", red=_SHIFT, green=_SHIFT, blue=_SHIFT)
def rgb_shift(*, red: float, green: float, blue: float) -> np.ndarray:
    """Add to each channel an amount of its own.

    red, green, blue: grey levels, in [-255, 255].
    Source: albumentations, RGBShift; Krizhevsky et al. 2012, "ImageNet classification with deep convolutional networks", 4.1.
    """
    matrix = np.eye(3, 4)
    matrix[:, 3] = red, green, blue
    return matrix


@register("colour", kelvin=Magnitude(6500.0, 4000.0, "kelvin", 2000.0, 15000.0, signed=True, scale="log"))
def color_temperature(*, kelvin: float) -> np.ndarray:
    """Light the picture as a glowing body of that temperature would: warmer (redder) below 6500 kelvin, cooler (bluer) above.

    Each channel is multiplied by the light's share of it, of 6500 kelvin's, to the power 1/2.2 (values are encoded so); a grey keeps
    its lightness. kelvin: in [2000, 15000]; 6500 is the identity.
    Source: Zini et al. 2023, "Planckian jitter", 3; Kim et al. 2002, US patent 7024034 (the colour of a black body by temperature).
    """
    gains = (_black_body(kelvin) / _black_body(6500.0)) ** (1 / 2.2)
    return np.eye(3, 4) * (gains / (gains @ LUMA if kelvin != 6500.0 else 1.0))[:, None]


_TO_LINEAR_RGB = np.array(((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570)))


def _black_body(kelvin: float) -> np.ndarray:
    """Linear red, green and blue (sRGB's) of the light of a black body, of luminance 1; what no screen can show is cut to almost 0."""
    if kelvin < 4000:
        x = np.polyval((-0.2661239e9, -0.2343589e6, 0.8776956e3, 0.179910), 1 / kelvin)
    else:
        x = np.polyval((-3.0258469e9, 2.1070379e6, 0.2226347e3, 0.240390), 1 / kelvin)
    if kelvin < 2222:
        y = np.polyval((-1.1063814, -1.34811020, 2.18555832, -0.20219683), x)
    elif kelvin < 4000:
        y = np.polyval((-0.9549476, -1.37418593, 2.09137015, -0.16748867), x)
    else:
        y = np.polyval((3.0817580, -5.87338670, 3.75112997, -0.37001483), x)
    return np.maximum(_TO_LINEAR_RGB @ (x / y, 1.0, (1 - x - y) / y), 1e-3)


def _same_for_all(levels: np.ndarray) -> np.ndarray:
    """The table of a function of the value alone, from float [256]."""
    whole = np.rint(np.minimum(np.maximum(levels, 0), 255)).astype(np.uint8)  # np.clip costs three times as much on so few
    return np.repeat(whole[:, None], 3, axis=1)


_LEVELS = np.arange(256)


@register("colour", exponent=Magnitude(1.0, 2.0, "exponent", 0.05, 20.0, signed=True, scale="log"))
def gamma(*, exponent: float) -> np.ndarray:
    """Bend lightness: black and white stay, what is between becomes darker (above 1) or lighter (below 1).

    exponent: values become 255 (v / 255) ** exponent, in [0.05, 20].
    Source: Poynton 1998, "The rehabilitation of gamma"; torchvision, adjust_gamma.
    """
    return _same_for_all(255 * (_LEVELS / 255) ** exponent)


@register("colour", threshold=Magnitude(256.0, 0.0, "grey level", 0.0, 256.0))
def solarize(*, threshold: float) -> np.ndarray:
    """Turn every value v that is not below a threshold into 255 - v.

    threshold: in [0, 256]; 256 is the identity, 0 inverts all.
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Solarize, 0 to 256); PIL.ImageOps.solarize.
    """
    return _same_for_all(np.where(threshold > _LEVELS, _LEVELS, 255 - _LEVELS))


@register("colour", amount=Magnitude(0.0, 110.0, "grey levels", 0.0, 255.0), threshold=Fixed(128, "grey level", 0, 256))
def solarize_add(*, amount: float, threshold: float) -> np.ndarray:
    """Lighten every value that is below a threshold.

    amount: grey levels to add, in [0, 255]. threshold: in [0, 256].
    Source: Cubuk et al. 2020, "RandAugment", in its published code (SolarizeAdd, 0 to 110, threshold 128).
    """
    return _same_for_all(np.where(threshold > _LEVELS, _LEVELS + amount, _LEVELS))


@register("colour", bits=Magnitude(8.0, 4.0, "bits", 2.0, 8.0))
def posterize(*, bits: float) -> np.ndarray:
    """Keep only the highest bits of every value.

    bits: how many, rounded, in [2, 8]; 8 is the identity. (With 1 whatever is dark would be black.)
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Posterize, 8 to 4 bits); PIL.ImageOps.posterize.
    """
    return _same_for_all(_LEVELS & (256 - (1 << (8 - round(bits)))))
