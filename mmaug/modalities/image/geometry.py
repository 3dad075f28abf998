"""Geometry ops. Each gives only its map; pixels, masks, boxes, keypoints and captions all follow from it.

A function takes the size (width, height) of the picture as it is at that step.
"""

from __future__ import annotations

import math
from typing import Any

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.errors import PolicyError
from mmaug.modalities.image.out_size import OutSize
from mmaug.params import Choice, Magnitude, Place
from mmaug.registry import register


@register("geometry")
def horizontal_flip(size: Size) -> GeometryMap:
    """Mirror the picture: left and right change places.

    Source: common practice; Krizhevsky et al. 2012, "ImageNet classification with deep convolutional networks", 4.1.
    """
    return geometry.affine(size, -1.0, 0.0, 0.0, 1.0)


@register("geometry")
def vertical_flip(size: Size) -> GeometryMap:
    """Turn the picture upside down without turning it round: top and bottom change places, left and right stay.

    Source: albumentations, VerticalFlip.
    """
    return geometry.affine(size, 1.0, 0.0, 0.0, -1.0)


@register("geometry", turns=Choice((1, 2, 3)))
def rotate90(size: Size, *, turns: int) -> GeometryMap:
    """Turn the picture counter-clockwise by quarter turns; width and height change places on odd ones.

    turns: 1, 2 or 3 quarter turns.
    Source: numpy.rot90.
    """
    width, height = size
    if turns == 2:
        return geometry.affine(size, -1.0, 0.0, 0.0, -1.0)
    if turns == 1:  # (x, y) -> (y, width - x)
        return geometry.from_rows((0.0, 1.0, 0.0), (-1.0, 0.0, width), size, (height, width))
    return geometry.from_rows((0.0, -1.0, height), (1.0, 0.0, 0.0), size, (height, width))


@register("geometry", degrees=Magnitude(0.0, 30.0, "degrees counter-clockwise", -180.0, 180.0, signed=True))
def rotate(size: Size, *, degrees: float) -> GeometryMap:
    """Turn the picture about its centre; the frame stays, so corners leave and black corners enter.

    degrees: counter-clockwise, in [-180, 180].
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Rotate, 30 degrees at most).
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return geometry.affine(size, cos, sin, -sin, cos)


@register("geometry", fraction=Magnitude(0.0, 0.3, "of the width", -1.0, 1.0, signed=True))
def translate_x(size: Size, *, fraction: float) -> GeometryMap:
    """Move the picture to the right; what leaves is lost and black enters on the other side.

    fraction: of the width, in [-1, 1]; negative moves to the left.
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (TranslateX).
    """
    return geometry.shift(size, fraction * size[0], 0.0)


@register(
    "geometry",
    scale=Magnitude(1.0, 0.08, "of the area", 0.01, 1.0, spread=True),
    ratio=Magnitude(1.0, 4 / 3, "times the aspect of the result", 0.1, 10.0, signed=True, spread=True, scale="log"),
    x=Place("of the room to the left"),
    y=Place("of the room above"),
    size=OutSize(),
)
def random_resized_crop(frame: Size, *, scale: float, ratio: float, x: float, y: float, size: Any) -> GeometryMap:
    """Look at a part of the picture, scaled to the wanted size.

    scale: area of the part as a share of the picture's, in [0.01, 1]. ratio: how much wider than the result the part is, relative
    to its height; 1 keeps shapes. x, y: where the part lies, 0 left/top to 1 right/bottom. size: of the result, (height, width) or
    one number for a square; None keeps the picture's size. A part wider or higher than the picture is cut to it.
    Source: Szegedy et al. 2015, "Going deeper with convolutions", section 6 (area 0.08 to 1, aspect 3/4 to 4/3).
    """
    out = frame if size is None else (size[1], size[0])
    aspect, whole = out[0] / out[1] * ratio, frame[0] * frame[1]
    width = min(math.sqrt(scale * whole * aspect), frame[0])
    height = min(math.sqrt(scale * whole / aspect), frame[1])
    if width <= 0 or height <= 0:
        raise PolicyError(f"image.random_resized_crop: nothing is left of a picture of {frame}")
    return geometry.view(frame, x * (frame[0] - width), y * (frame[1] - height), width, height, out)
