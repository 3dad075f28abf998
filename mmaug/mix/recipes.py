"""How two pictures, or two sounds, become one: what that does to each of the two, and the kernel. Pure, and nothing is changed in place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from mmaug.effects.colour import Unsure
from mmaug.effects.geometry import Size
from mmaug.effects.picture import ImageState
from mmaug.effects.sound import AudioState
from mmaug.effects.view import Polygon
from mmaug.modalities.audio import measure, resampling


@dataclass(frozen=True, slots=True)
class Blend:
    """The partner's picture over the whole of one's own, partly transparent. share: of every pixel that is the partner's, in [0, 1]."""

    share: float

    aspects = frozenset({"colour", "quality"})

    def part(self, size: Size | None) -> float:
        """The share of the picture that is the partner's."""
        return self.share

    def seen(self, state: ImageState, of_partner: bool) -> ImageState:
        """What happened to one of the two pictures: another lies over it, and its colours move towards that one's."""
        other = 1 - self.share if of_partner else self.share
        return state.recolour(Unsure(_towards, "mean", (("share", other),))).spoil("overlay", other)

    def run(self, pixels: np.ndarray, others: np.ndarray) -> np.ndarray:
        """uint8 [h, w, 3 or 4] and [h, w, 3 or 4] to the first's form; alpha stays."""
        mixed = cv2.addWeighted(
            np.ascontiguousarray(pixels[..., :3]), 1 - self.share, np.ascontiguousarray(others[..., :3]), self.share, 0.0
        )
        return mixed if pixels.shape[2] == 3 else np.dstack([mixed, pixels[..., 3]])


def _towards(mean: np.ndarray, *, share: float) -> np.ndarray:
    """The colour matrix of a blend with a plain picture of that mean colour."""
    return np.hstack([np.eye(3) * (1 - share), share * mean[:, None]])


@dataclass(frozen=True, slots=True)
class Paste:
    """A rectangle of the partner's picture in its place in one's own, of the picture's proportions.

    share: of the area. x, y: where it lies, 0 left/top to 1 right/bottom.
    """

    share: float
    x: float
    y: float

    aspects = frozenset({"view"})

    def rectangle(self, size: Size) -> tuple[int, int, int, int]:
        """(x1, y1, x2, y2) in whole pixels."""
        width, height = (round(side * math.sqrt(self.share)) for side in size)
        left, top = round(self.x * (size[0] - width)), round(self.y * (size[1] - height))
        return left, top, left + width, top + height

    def part(self, size: Size | None) -> float:
        """The share of the picture that is the partner's, in whole pixels."""
        if size is None:
            return self.share
        x1, y1, x2, y2 = self.rectangle(size)
        return (x2 - x1) * (y2 - y1) / (size[0] * size[1])

    def seen(self, state: ImageState, of_partner: bool) -> ImageState:
        """What happened to one of the two pictures: the rectangle is covered, or all but the rectangle."""
        size = state.geometry.out_size
        x1, y1, x2, y2 = self.rectangle(size)
        hidden = _around((x1, y1, x2, y2), size) if of_partner else [_corners(x1, y1, x2, y2)]
        return state.hide([polygon for polygon in hidden if polygon])

    def run(self, pixels: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Pixels or labels, [h, w, ...], of one size to a copy of the first with the rectangle of the second; alpha stays."""
        x1, y1, x2, y2 = self.rectangle((pixels.shape[1], pixels.shape[0]))
        out = np.array(pixels)
        if out.ndim == 3:
            out[y1:y2, x1:x2, :3] = others[y1:y2, x1:x2, :3]
        else:
            out[y1:y2, x1:x2] = others[y1:y2, x1:x2]
        return out


def _corners(x1: float, y1: float, x2: float, y2: float) -> Polygon:
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)] if x1 < x2 and y1 < y2 else []


def _around(box: tuple[int, int, int, int], size: Size) -> list[Polygon]:
    """The four parts of a picture round a box."""
    (x1, y1, x2, y2), (width, height) = box, size
    return [_corners(0, 0, width, y1), _corners(0, y2, width, height), _corners(0, y1, x1, y2), _corners(x2, y1, width, y2)]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Both sounds at once, as loud as their shares say. share: the partner's, in [0, 1]. start: where a shorter partner lies, 0 to 1."""

    share: float
    start: float

    aspects = frozenset({"loudness"})

    def part(self, size: Size | None) -> float:
        """The share of the sound that is the partner's."""
        return self.share

    def seen(self, state: AudioState, of_partner: bool) -> AudioState:
        """What happened to one of the two sounds: it is louder or quieter by what only the samples say."""
        return state.relevel()

    def run(self, samples: np.ndarray, others: np.ndarray, rates: tuple[int, int]) -> np.ndarray:
        """float32 [channels, samples] each, at rates (own, partner's), to the first's form.

        (p x + (1 - p) y) / sqrt(p^2 + (1 - p)^2) with p = 1 / (1 + 10^((G_x - G_y) / 20) share / (1 - share)): both are as loud as their
        shares say whatever their levels G, and the power stays about that of one. A silent partner changes nothing but the level.
        Source: Tokozume et al. 2018, "Learning from between-class examples", equation 2, with the power of what is heard for G.
        """
        theirs = placed(others, rates[1], rates[0], samples.shape, self.start)
        own_power, their_power = (measure.active_power(sound, rates[0]) for sound in (samples, theirs))
        louder = math.sqrt(own_power / their_power) if own_power > 0 and their_power > 0 else 1.0
        own = 1.0 if self.share == 0 else 0.0 if self.share == 1 else 1 / (1 + louder * self.share / (1 - self.share))
        scale = math.hypot(own, 1 - own)
        return samples * np.float32(own / scale) + theirs * np.float32((1 - own) / scale)


def placed(samples: np.ndarray, rate: int, new_rate: int, shape: tuple[int, ...], start: float) -> np.ndarray:
    """A sound at another rate in silence of [channels, samples]: one channel becomes all of them, others that differ their mean."""
    channels, length = shape
    made = samples if rate == new_rate else resampling.resampled(samples, rate, new_rate)
    if len(made) != channels:
        made = np.repeat(made.mean(axis=0, keepdims=True, dtype=np.float32), channels, axis=0)
    made = made[:, :length]
    before = round(start * (length - made.shape[1]))
    return np.pad(made, ((0, 0), (before, length - made.shape[1] - before)))


Recipe = Blend | Paste | Overlap
Recipes = Mapping[str, Recipe]
"""By kind of field, "image" and "audio", how its values are mixed; a kind that is not there stays."""
