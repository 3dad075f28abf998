"""Colour ops that depend on the picture: on its mean colour ("balance") or on its histogram ("tone").

Rules do not see pixels: they ask what each op would do to several sorts of pictures, and a colour word stands only if it does for all.
"""

from __future__ import annotations

import cv2
import numpy as np

from mmaug.effects.colour import Unsure
from mmaug.effects.picture import ImageState
from mmaug.modalities.image.colour import LUMA
from mmaug.params import Anywhere, Fixed, Magnitude
from mmaug.registry import register


@register("balance", factor=Magnitude(1.0, 1.9, "times", 0.0, 10.0, signed=True))
def contrast(mean: np.ndarray, *, factor: float) -> np.ndarray:
    """Move every value away from the picture's mean lightness, or towards it.

    factor: of the distance; 0 is flat grey, 1 the identity, in [0, 10].
    Source: Cubuk et al. 2019, "AutoAugment", table 6 (Contrast, 0.1 to 1.9); PIL.ImageEnhance.Contrast.
    """
    offset = (1 - factor) * float(mean @ LUMA)
    return np.array(((factor, 0.0, 0.0, offset), (0.0, factor, 0.0, offset), (0.0, 0.0, factor, offset)))


@register("tone")
def auto_contrast(histogram: np.ndarray) -> np.ndarray:
    """Stretch each channel so that its darkest value becomes 0 and its brightest 255.

    Source: PIL.ImageOps.autocontrast; Cubuk et al. 2019, "AutoAugment", table 6 (AutoContrast).
    """
    table = np.empty((256, 3), np.uint8)
    for channel, counts in enumerate(histogram.T):
        (used,) = counts.nonzero()
        low, high = (int(used[0]), int(used[-1])) if len(used) else (0, 255)
        scale = 255.0 / (high - low) if high > low else 1.0
        offset = -low * scale if high > low else 0.0
        table[:, channel] = np.clip(np.arange(256) * scale + offset, 0, 255).astype(np.uint8)  # Pillow cuts decimals off
    return table


@register("tone")
def equalize(histogram: np.ndarray) -> np.ndarray:
    """Spread the values of each channel so that all become about equally frequent.

    Source: PIL.ImageOps.equalize; Cubuk et al. 2019, "AutoAugment", table 6 (Equalize).
    """
    table = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    for channel, counts in enumerate(histogram.T):
        (used,) = counts.nonzero()
        step = (int(counts.sum()) - int(counts[used[-1]])) // 255 if len(used) > 1 else 0
        if step:  # Pillow leaves a channel alone that has too few values to spread
            below = np.cumsum(counts) - counts
            table[:, channel] = np.clip((step // 2 + below) // step, 0, 255)
    return table


def _lightness_anywhere(state: ImageState, *, amount: float, clip_limit: float, tiles: float) -> ImageState:
    return state.recolour(Unsure(_as_far_as_it_may_go, "mean", (("amount", amount), ("clip_limit", clip_limit)))) if amount else state


def _as_far_as_it_may_go(mean: np.ndarray, *, amount: float, clip_limit: float) -> np.ndarray:
    """The largest change of lightness there can be, upwards for dark pictures and downwards for bright ones.

    A tile whose lightness is all in the lowest share u of the range lifts u by c u (1 - u) while u < 1 / c.
    """
    share = clip_limit / 4 if clip_limit < 2 else 1 - 1 / clip_limit
    matrix = np.eye(3, 4)
    matrix[:, 3] = amount * 255 * share * (1.0 if mean @ LUMA < 128 else -1.0)
    return matrix


@register(
    "filter",
    _lightness_anywhere,
    amount=Magnitude(0.0, 1.0, "of the way", 0.0, 1.0),
    clip_limit=Anywhere((1.0, 4.0), "times the mean count", 1.0, 40.0),
    tiles=Fixed(8, "tiles a side", 1, 64),
)
def clahe(pixels: np.ndarray, *, amount: float, clip_limit: float, tiles: float) -> np.ndarray:
    """Spread the lightness of each part of the picture by itself, so that detail shows in dark and in bright parts; hues stay.

    amount: how far, 0 is the identity, in [0, 1]. clip_limit: the higher, the more a part that is even may be spread, in [1, 40].
    tiles: parts a side, in [1, 64]; fewer where they would be of less than 8 pixels.
    Source: Zuiderveld 1994, "Contrast limited adaptive histogram equalization"; here on BT.601 lightness, colour differences kept.
    """
    if amount == 0:
        return pixels
    across, down = (max(min(int(tiles), side // 8), 1) for side in (pixels.shape[1], pixels.shape[0]))
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    spread = cv2.createCLAHE(clip_limit, (across, down)).apply(light)
    change = cv2.addWeighted(spread, amount, light, -amount, 0.0, dtype=cv2.CV_16S)
    return cv2.add(pixels, cv2.merge((change, change, change)), dtype=cv2.CV_8U)
