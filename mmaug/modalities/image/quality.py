"""Ops that make a picture worse to see, or sharper: each is a pure kernel on pixels, uint8 [h, w, 3], and declares its facts.

Lengths are shares of the shorter side, so that a step means the same on a large and on a small copy of a picture.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from mmaug.effects.picture import ImageState
from mmaug.params import Anywhere, Magnitude
from mmaug.registry import register

FINEST = 0.05
"""Pixels of blur that 8 bits cannot show."""


def _blurs(state: ImageState, *, sigma: float) -> ImageState:
    return state.spoil("blur", sigma)


@register("filter", _blurs, sigma=Magnitude(0.0, 0.02, "of the shorter side", 0.0, 0.2))
def gaussian_blur(pixels: np.ndarray, *, sigma: float) -> np.ndarray:
    """Blur evenly in all directions.

    sigma: standard deviation of the Gaussian, of the shorter side, in [0, 0.2].
    Source: Chen et al. 2020, "A simple framework for contrastive learning" (SimCLR), appendix A.
    """
    spread = sigma * min(pixels.shape[:2])
    if spread < FINEST:
        return pixels
    return cv2.GaussianBlur(pixels, (0, 0), spread, borderType=cv2.BORDER_REPLICATE)


def _smears(state: ImageState, *, length: float, degrees: float) -> ImageState:
    return state.spoil("blur", length / math.sqrt(12))  # the standard deviation along the way


@register(
    "filter",
    _smears,
    length=Magnitude(0.0, 0.08, "of the shorter side", 0.0, 0.5),
    degrees=Anywhere((0.0, 180.0), "degrees counter-clockwise", -360.0, 360.0),
)
def motion_blur(pixels: np.ndarray, *, length: float, degrees: float) -> np.ndarray:
    """Blur along a straight line, as if the camera had moved evenly.

    length: of the way, of the shorter side, in [0, 0.5]. degrees: its direction, counter-clockwise from the right.
    Source: Hendrycks and Dietterich 2019, "Benchmarking neural network robustness" (motion blur); Levin 2006, 1.
    """
    way = length * min(pixels.shape[:2])
    if way < FINEST:
        return pixels
    angle, parts = math.radians(degrees), math.ceil(way / _PART)
    step = np.array((math.cos(angle), -math.sin(angle))) * (way / parts)
    if parts == 1:
        return cv2.filter2D(pixels, -1, _line(step, np.zeros(2)), borderType=cv2.BORDER_REPLICATE)
    middles = (np.arange(parts) - (parts - 1) / 2)[:, None] * step
    return _mean_of_parts(pixels, middles, step)


_PART = 8.0
"""Pixels of way that one small kernel blurs; a longer way is the mean of its parts (large kernels take ten times as long)."""


def _line(way: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """A straight way as weights, float32 [n, n]: (x, y) from end to end, its middle off the kernel's by half a pixel at most."""
    reach = math.ceil((np.abs(way).max() + 1) / 2) + 1
    kernel = np.zeros((2 * reach + 1,) * 2)
    x, y = (((np.arange(64) + 0.5) / 64 - 0.5)[:, None] * way + middle + reach).T
    left, top = x.astype(int), y.astype(int)
    for dx, dy in ((0, 0), (0, 1), (1, 0), (1, 1)):  # a point between pixels is shared among them
        np.add.at(kernel, (top + dy, left + dx), (1 - np.abs(x - left - dx)) * (1 - np.abs(y - top - dy)))
    return (kernel / kernel.sum()).astype(np.float32)


def _mean_of_parts(pixels: np.ndarray, middles: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The mean of pictures blurred along `way` and moved to each of the middles; beyond the border a picture goes on as it ends."""
    height, width = pixels.shape[:2]
    whole = np.rint(middles).astype(int)
    reach = int(np.abs(whole).max())
    padded = cv2.copyMakeBorder(pixels, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    total = np.zeros(pixels.shape, np.float32)
    for (x, y), middle in zip(whole.tolist(), middles, strict=True):
        part = padded[reach + y : reach + y + height, reach + x : reach + x + width]
        kernel = _line(way, middle - (x, y))
        cv2.accumulate(cv2.filter2D(part, -1, kernel, borderType=cv2.BORDER_REPLICATE), total)
    return cv2.convertScaleAbs(total, alpha=1 / len(middles))


def _out_of_focus(state: ImageState, *, radius: float) -> ImageState:
    return state.spoil("blur", radius / 2)  # the standard deviation along an axis


@register("filter", _out_of_focus, radius=Magnitude(0.0, 0.04, "of the shorter side", 0.0, 0.2))
def defocus(pixels: np.ndarray, *, radius: float) -> np.ndarray:
    """Blur as a lens out of focus does: every point becomes an even disk.

    radius: of the disk, of the shorter side, in [0, 0.2]. Where it is more than a few pixels the picture is blurred at a lower
    resolution, as nothing finer is left of it.
    Source: Hendrycks and Dietterich 2019, "Benchmarking neural network robustness" (defocus blur).
    """
    wide = radius * min(pixels.shape[:2])
    if wide < FINEST:
        return pixels
    height, width = pixels.shape[:2]
    by = max(int(wide / _WIDE), 1)
    if by == 1:
        return cv2.filter2D(pixels, -1, _disk(wide), borderType=cv2.BORDER_REPLICATE)
    small = cv2.resize(pixels, (max(width // by, 1), max(height // by, 1)), interpolation=cv2.INTER_AREA)
    blurred = cv2.filter2D(small, -1, _disk(wide / by), borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)


_WIDE = 2.5
"""Pixels of radius from which on half the resolution will do."""


def _disk(radius: float) -> np.ndarray:
    """A disk as weights, float32 [n, n]; a pixel weighs as much of it as the disk covers (of 16 x 16 points)."""
    reach = math.ceil(radius)
    places = (np.arange((2 * reach + 1) * 16) + 0.5) / 16 - (reach + 0.5)
    inside = (places[:, None] ** 2 + places**2 <= radius**2).astype(np.float32)
    kernel = inside.reshape(2 * reach + 1, 16, 2 * reach + 1, 16).sum(axis=(1, 3))
    return kernel / kernel.sum()


def _sharpens(state: ImageState, *, factor: float) -> ImageState:
    if factor > 1:
        return state.spoil("sharp", factor - 1)
    return state.spoil("blur", math.sqrt((1 - factor) * 6 / 13) / min(state.geometry.out_size))  # the deviation of the kernel


@register("filter", _sharpens, factor=Magnitude(1.0, 1.9, "times", 0.0, 10.0, signed=True))
def sharpness(pixels: np.ndarray, *, factor: float) -> np.ndarray:
    """Move every pixel away from the mean of its neighbourhood, or towards it.

    factor: of the distance; below 1 blurs, 1 is the identity, above sharpens, in [0, 10].
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Sharpness, 0.1 to 1.9); PIL.ImageEnhance.Sharpness.
    """
    if factor == 1 or min(pixels.shape[:2]) < 3:
        return pixels
    kernel = np.full((3, 3), (1 - factor) / 13, np.float32)
    kernel[1, 1] = factor + (1 - factor) * 5 / 13
    out = cv2.filter2D(pixels, -1, kernel)
    out[0], out[-1], out[:, 0], out[:, -1] = pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]  # as Pillow, which keeps the border
    return out


def _compresses(state: ImageState, *, quality: float) -> ImageState:
    lost = min(40 / quality - 0.4, 8.0)  # pixels: at 5 little is left of a block of 8 but its mean
    return state.spoil("coarse", max(lost, 0.0) / min(state.geometry.out_size))


@register("filter", _compresses, quality=Magnitude(100.0, 10.0, "of 100", 5.0, 100.0, scale="log"))
def jpeg(pixels: np.ndarray, *, quality: float) -> np.ndarray:
    """Save the picture as a JPEG file and open it again.

    quality: rounded, in [5, 100]; 100 leaves the picture as it is.
    Source: Wallace 1992, "The JPEG still picture compression standard"; Hendrycks and Dietterich 2019 (JPEG compression).
    """
    if round(quality) == 100:
        return pixels
    settings = [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
    done, packed = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)
    assert done, "OpenCV has a JPEG encoder"
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB))


def _coarsens(state: ImageState, *, factor: float) -> ImageState:
    return state.spoil("coarse", (1 / factor - 1) / min(state.geometry.out_size))


@register("filter", _coarsens, factor=Magnitude(1.0, 0.25, "of the width and height", 0.02, 1.0))
def downscale(pixels: np.ndarray, *, factor: float) -> np.ndarray:
    """Show the picture in fewer, larger pixels; its size stays.

    factor: how many there are along each side, as a share, in [0.02, 1].
    Source: albumentations, Downscale; Hendrycks and Dietterich 2019, "Benchmarking neural network robustness" (pixelate).
    """
    height, width = pixels.shape[:2]
    small = (max(round(width * factor), 1), max(round(height * factor), 1))
    if small == (width, height):
        return pixels
    return cv2.resize(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=cv2.INTER_NEAREST)
