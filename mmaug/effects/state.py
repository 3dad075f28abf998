"""The composed effects on one picture or one recording: what the rules judge, and what the light fields follow.

A state is a value; each method returns the state after one more step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmaug.effects import geometry, time
from mmaug.effects.colour import ColourMap, Stage
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.effects.time import TimeMap
from mmaug.effects.view import Box, Polygon, Seen, seen


@dataclass(frozen=True, slots=True, eq=False)
class ImageState:
    """What happened to a picture.

    hidden: convex parts of the original picture that something covers, in its pixels.
    """

    geometry: GeometryMap
    hidden: tuple[Polygon, ...] = ()
    colour: ColourMap = ColourMap()

    def move(self, step: GeometryMap) -> ImageState:
        return replace(self, geometry=self.geometry.then(step))

    def hide(self, polygons: list[Polygon]) -> ImageState:
        """Cover parts given in the pixels of the picture as it is now."""
        parts = [[(x, y) for x, y in self.geometry.back(np.array(p)).tolist()] for p in polygons]
        return replace(self, hidden=(*self.hidden, *parts))

    def recolour(self, stage: Stage) -> ImageState:
        return replace(self, colour=self.colour.then(stage))

    @property
    def is_identity(self) -> bool:
        return not self.hidden and self.geometry.is_identity and self.colour.is_identity

    def seen(self, box: Box) -> Seen:
        """How a box of the original picture, (x1, y1, x2, y2) in pixels, is seen now."""
        return seen(box, self.geometry, self.hidden)


@dataclass(frozen=True, slots=True)
class AudioState:
    """What happened to a recording.

    channels: how many it has. gain_db: louder by so many decibels. order: which original channel each channel plays.
    """

    time: TimeMap
    channels: int
    gain_db: float = 0.0
    order: tuple[int, ...] = ()

    def retime(self, step: TimeMap) -> AudioState:
        return replace(self, time=self.time.then(step))

    def louder(self, db: float) -> AudioState:
        return replace(self, gain_db=self.gain_db + db)

    def permute(self, order: tuple[int, ...]) -> AudioState:
        """Play channel `order[i]` of the sound as it is now on channel i."""
        return replace(self, order=tuple(self.order[i] for i in order))

    @property
    def swapped(self) -> bool:
        """Whether any channel plays on another side."""
        return self.order != tuple(range(self.channels))

    @property
    def is_identity(self) -> bool:
        return self.time.is_identity and not self.gain_db and not self.swapped


def image_state(size: Size) -> ImageState:
    """A picture of (width, height) pixels that nothing happened to."""
    return ImageState(geometry.identity(size))


def audio_state(seconds: float, channels: int) -> AudioState:
    """A recording that nothing happened to."""
    return AudioState(time.identity(seconds), channels, order=tuple(range(channels)))


State = ImageState | AudioState

_SIDES_SWAPPED = {2: (1, 0), 6: (1, 0, 2, 3, 5, 4)}


def sides_swapped(channels: int) -> tuple[int, ...]:
    """Which channel each plays when left and right change places: stereo, and 5.1 in the order of WAV and FLAC
    (FL FR FC LFE BL BR); any other layout stays as it is."""
    return _SIDES_SWAPPED.get(channels, tuple(range(channels)))
