"""Geometry ops. Each gives only its map; pixels, masks, boxes, keypoints and captions all follow from it.

A function takes the size (width, height) of the picture as it is at that step.
"""

from __future__ import annotations

import math

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.params import Choice, Fixed, Magnitude, Place
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


@register("geometry")
def transpose(size: Size) -> GeometryMap:
    """Swap rows and columns: a mirror along the diagonal from the top left, so that left becomes top; width and height change places.

    Source: numpy.transpose; PIL.Image.Transpose.TRANSPOSE.
    """
    return geometry.from_rows((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), size, (size[1], size[0]))


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


TANGENT = Magnitude(0.0, 0.3, "pixels along a pixel across", -2.0, 2.0, signed=True)
"""How far a shear slides each row or column beside its neighbour: the tangent of its angle."""


@register("geometry", tangent=TANGENT, row=Fixed(0.5, "of the height", 0.0, 1.0))
def shear_x(size: Size, *, tangent: float, row: float) -> GeometryMap:
    """Slide rows sideways, more the further they are from one that stays; black enters beside them.

    tangent: pixels to the right for each pixel of way down, in [-2, 2]. row: the one that stays, 0 top to 1 bottom.
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (ShearX, 0.3 at most; there the top row stays).
    """
    return geometry.from_rows((1.0, tangent, -tangent * row * size[1]), (0.0, 1.0, 0.0), size, size)


@register("geometry", tangent=TANGENT, column=Fixed(0.5, "of the width", 0.0, 1.0))
def shear_y(size: Size, *, tangent: float, column: float) -> GeometryMap:
    """Slide columns up and down, more the further they are from one that stays; black enters above and below them.

    tangent: pixels down for each pixel of way to the right, in [-2, 2]. column: the one that stays, 0 left to 1 right.
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (ShearY, 0.3 at most; there the left column stays).
    """
    return geometry.from_rows((1.0, 0.0, 0.0), (tangent, 1.0, -tangent * column * size[0]), size, size)


@register("geometry", fraction=Magnitude(0.0, 0.45, "of the width", -1.0, 1.0, signed=True))
def translate_x(size: Size, *, fraction: float) -> GeometryMap:
    """Move the picture to the right; what leaves is lost and black enters on the other side.

    fraction: of the width, in [-1, 1]; negative moves to the left.
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (TranslateX, 150 of 331 pixels at most).
    """
    return geometry.shift(size, fraction * size[0], 0.0)


@register("geometry", fraction=Magnitude(0.0, 0.45, "of the height", -1.0, 1.0, signed=True))
def translate_y(size: Size, *, fraction: float) -> GeometryMap:
    """Move the picture down; what leaves is lost and black enters on the other side.

    fraction: of the height, in [-1, 1]; negative moves up.
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (TranslateY, 150 of 331 pixels at most).
    """
    return geometry.shift(size, 0.0, fraction * size[1])


@register("geometry", factor=Magnitude(1.0, 1.5, "times", 0.05, 20.0, signed=True, scale="log"))
def scale(size: Size, *, factor: float) -> GeometryMap:
    """Zoom about the centre; the frame stays, so the border leaves, or black enters round a smaller picture.

    factor: how many times as wide and high things become, in [0.05, 20].
    Source: torchvision, RandomAffine (scale); albumentations, Affine (scale).
    """
    return geometry.affine(size, factor, 0.0, 0.0, factor)


@register(
    "geometry",
    degrees=Magnitude(0.0, 15.0, "degrees counter-clockwise", -180.0, 180.0, signed=True, spread=True),
    translate_x=Magnitude(0.0, 0.1, "of the width", -1.0, 1.0, signed=True, spread=True),
    translate_y=Magnitude(0.0, 0.1, "of the height", -1.0, 1.0, signed=True, spread=True),
    scale=Magnitude(1.0, 1.2, "times", 0.05, 20.0, signed=True, spread=True, scale="log"),
    shear_x=Magnitude(0.0, 0.1, "pixels to the right a pixel down", -2.0, 2.0, signed=True, spread=True),
    shear_y=Magnitude(0.0, 0.1, "pixels down a pixel to the right", -2.0, 2.0, signed=True, spread=True),
)
def affine(
    size: Size, *, degrees: float, translate_x: float, translate_y: float, scale: float, shear_x: float, shear_y: float
) -> GeometryMap:
    """Shear along x, then y, turn and zoom about the centre, then move: the ops of these names in turn, as one.

    degrees: counter-clockwise, in [-180, 180]. translate_x, translate_y: of the width and the height, in [-1, 1]. scale: times, in
    [0.05, 20]. shear_x, shear_y: tangents, in [-2, 2].
    Source: torchvision, RandomAffine (its order); there shears are given in degrees and positive turns are clockwise.
    """
    cos, sin = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    down = shear_y * shear_x + 1.0  # the two shears: [[1, shear_x], [shear_y, down]]
    turned = geometry.affine(size, cos + sin * shear_y, cos * shear_x + sin * down, cos * shear_y - sin, cos * down - sin * shear_x)
    return turned.then(geometry.shift(size, translate_x * size[0], translate_y * size[1]))


@register(
    "geometry",
    scale=Magnitude(0.0, 0.3, "of the half width and height", 0.0, 0.9),
    **{f"{corner}_{axis}": Place("of the way inwards") for corner in ("a", "b", "c", "d") for axis in ("x", "y")},
)
def perspective(
    size: Size, *, scale: float, a_x: float, a_y: float, b_x: float, b_y: float, c_x: float, c_y: float, d_x: float, d_y: float
) -> GeometryMap:
    """See the picture at a tilt: its corners move inwards, each by an own share, and black enters round it.

    scale: how far inwards a corner may move, of half the width and height, in [0, 0.9]. a_x, a_y, b_x, b_y, c_x, c_y, d_x, d_y: the
    share of that way that the top left, top right, bottom right and bottom left corner move along x and y.
    Source: torchvision, RandomPerspective; Hartley and Zisserman 2004, "Multiple view geometry", 4.1 (the map of four points).
    """
    if scale == 0:
        return geometry.identity(size)
    w, h = scale * size[0] / 2, scale * size[1] / 2
    corners = (
        (a_x * w, a_y * h),
        (size[0] - b_x * w, b_y * h),
        (size[0] - c_x * w, size[1] - c_y * h),
        (d_x * w, size[1] - d_y * h),
    )
    return geometry.four_points(size, corners)
