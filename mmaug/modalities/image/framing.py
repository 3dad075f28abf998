"""Framing ops: how much of the world the picture shows, and in how many pixels. Each gives only its map."""

from __future__ import annotations

import math
from typing import Any

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.modalities.image.out_size import LARGEST, OutSize
from mmaug.params import Magnitude, Place
from mmaug.registry import register

AREA = Magnitude(1.0, 0.25, "of the area", 0.01, 1.0)
"""How much a crop without a size keeps."""


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
    one number for a square; None keeps the picture's size. The part is one of whole pixels; wider or higher than the picture, it is
    cut to it.
    Source: Szegedy et al. 2015, "Going deeper with convolutions", section 6 (area 0.08 to 1, aspect 3/4 to 4/3).
    """
    out = frame if size is None else (size[1], size[0])
    aspect, whole = out[0] / out[1] * ratio, frame[0] * frame[1]
    width = min(max(round(math.sqrt(scale * whole * aspect)), 1), frame[0])
    height = min(max(round(math.sqrt(scale * whole / aspect)), 1), frame[1])
    left, top = round(x * (frame[0] - width)), round(y * (frame[1] - height))
    return geometry.view(frame, left, top, width, height, out)


@register("geometry", scale=AREA, x=Place("of the room to the left"), y=Place("of the room above"), size=OutSize())
def random_crop(frame: Size, *, scale: float, x: float, y: float, size: Any) -> GeometryMap:
    """Cut a part of the picture out, without scaling it: of `size` pixels, or else of a share of its area and of its own shape.

    scale: area of the part as a share of the picture's, in [0.01, 1]; where `size` is given it plays no part. x, y: where the part
    lies, 0 left/top to 1 right/bottom. size: of the part, (height, width) or one number for a square. Where that is larger than the
    picture the whole picture lies in black, at x, y: every result has the size that was asked for.
    Source: torchvision, RandomCrop; Krizhevsky et al. 2012, "ImageNet classification with deep convolutional networks", 4.1.
    """
    return _part(frame, scale, x, y, size)


@register("geometry", scale=AREA, size=OutSize())
def center_crop(frame: Size, *, scale: float, size: Any) -> GeometryMap:
    """Cut the middle of the picture out, without scaling it: of `size` pixels, or else of a share of its area and of its own shape.

    scale: area of the part as a share of the picture's, in [0.01, 1]; where `size` is given it plays no part. size: of the part,
    (height, width) or one number for a square. Where that is larger than the picture the whole picture lies in the middle of black.
    Source: torchvision, CenterCrop.
    """
    return _part(frame, scale, 0.5, 0.5, size)


def _part(frame: Size, scale: float, x: float, y: float, size: Any) -> GeometryMap:
    if size is None:
        width, height = (max(round(math.sqrt(scale) * side), 1) for side in frame)
    else:
        height, width = size
    left, top = round(x * (frame[0] - width)), round(y * (frame[1] - height))
    return geometry.view(frame, left, top, width, height, (width, height))


@register("geometry", size=OutSize(square=False))
def resize(frame: Size, *, size: Any) -> GeometryMap:
    """Scale the whole picture to another number of pixels; what is in it stays where it is, and may be stretched.

    size: (height, width), or one number for the shorter side, which keeps shapes; None leaves the picture as it is.
    Source: torchvision, Resize.
    """
    if size is None:
        return geometry.identity(frame)
    if isinstance(size, int):
        shorter, longer = size, min(int(size * max(frame) / min(frame)), LARGEST)
        width, height = (shorter, longer) if frame[0] <= frame[1] else (longer, shorter)
    else:
        height, width = size
    return geometry.view(frame, 0.0, 0.0, float(frame[0]), float(frame[1]), (width, height))


_BORDER = {
    side: Magnitude(0.0, 0.25, f"of the {along}", 0.0, 2.0, spread=True)
    for side, along in (("left", "width"), ("top", "height"), ("right", "width"), ("bottom", "height"))
}


@register("geometry", **_BORDER, size=OutSize())
def pad(frame: Size, *, left: float, top: float, right: float, bottom: float, size: Any) -> GeometryMap:
    """Put black round the picture: all of it stays in view and no pixel of it changes.

    left, top, right, bottom: how much, of the width or the height, in [0, 2]; rounded to whole pixels. size: (height, width) or one
    number for a square that the result must have at least; what lacks is split evenly between the sides.
    Source: torchvision, Pad; albumentations, PadIfNeeded (size); Liu et al. 2016, "SSD", 3.6 (objects become smaller).
    """
    x, y = round(left * frame[0]), round(top * frame[1])
    width, height = x + frame[0] + round(right * frame[0]), y + frame[1] + round(bottom * frame[1])
    more_x, more_y = (0, 0) if size is None else (max(size[1] - width, 0), max(size[0] - height, 0))
    out = (width + more_x, height + more_y)
    return geometry.view(frame, -(x + more_x // 2), -(y + more_y // 2), *out, out)
