"""The composed effects on one recording: what the rules judge, and what its annotations follow.

A state is a value; each method returns the state after one more step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmaug.effects import time
from mmaug.effects.time import TimeMap


@dataclass(frozen=True, slots=True)
class AudioState:
    """What happened to a recording.

    channels: how many it has. gain_db: louder by so many decibels. mix: row i says how much of each original channel plays on
    channel i.
    """

    time: TimeMap
    channels: int
    gain_db: float = 0.0
    mix: Mix = ()

    def retime(self, step: TimeMap) -> AudioState:
        return AudioState(self.time.then(step), self.channels, self.gain_db, self.mix)

    def louder(self, db: float) -> AudioState:
        return AudioState(self.time, self.channels, self.gain_db + db, self.mix)

    def remix(self, step: Mix) -> AudioState:
        """Play on channel i the channels of the sound as it is now, weighed by row i."""
        mixed = np.array(step) @ np.array(self.mix)
        return AudioState(self.time, self.channels, self.gain_db, tuple(map(tuple, mixed.tolist())))

    @property
    def sides(self) -> str:
        """Where left and right are: "kept", "swapped", or "lost" when both sides sound the same or otherwise."""
        if self.mix == kept_sides(self.channels):
            return "kept"
        return "swapped" if self.mix == swapped_sides(self.channels) else "lost"

    @property
    def is_identity(self) -> bool:
        return self.time.is_identity and not self.gain_db and self.sides == "kept"


Mix = tuple[tuple[float, ...], ...]
"""A matrix [channels, channels] of weights."""

_SWAPPED = {2: (1, 0), 6: (1, 0, 2, 3, 5, 4)}


def kept_sides(channels: int) -> Mix:
    """Every channel plays itself."""
    return tuple(tuple(float(i == j) for j in range(channels)) for i in range(channels))


def swapped_sides(channels: int) -> Mix:
    """Left and right change places: stereo, and 5.1 in the order of WAV and FLAC (FL FR FC LFE BL BR); any other layout stays."""
    order = _SWAPPED.get(channels, tuple(range(channels)))
    return tuple(kept_sides(channels)[i] for i in order)


def audio_state(seconds: float, channels: int) -> AudioState:
    """A recording that nothing happened to."""
    return AudioState(time.identity(seconds), channels, mix=kept_sides(channels))
