"""The composed effects on one recording: what the rules judge, and what its annotations follow.

A state is a value; each method returns the state after one more step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from mmaug.effects import time
from mmaug.effects.time import Span, TimeMap

Mix = tuple[tuple[float, ...], ...]
"""A matrix [channels, channels] of weights."""

Band = tuple[float, float]
"""(low, high) in hertz."""

AUDIBLE: Band = (20.0, 20000.0)
"""What people hear. A filter whose edge lies at an end of it takes nothing away."""


@dataclass(frozen=True)
class AudioState:
    """What happened to a recording.

    channels: how many it has. gain_db: louder by so many decibels; level_known: whether that is all (a compressor or a
    normaliser changes the level by what the samples say). mix: row i says how much of each original channel plays on
    channel i. semitones: higher by so much. noise_db: the lowest ratio of sound to added noise, in decibels; None where
    nothing was added. muted: spans of the original, in seconds, that are silent now, in order. bands: what was taken
    away of the original's frequencies (weaker by 6 dB or more), in order; raised: what was made stronger by as much.
    echo: how much reverberation was added, 0 for none to 1 for that of a whole room. distorted: the waveform was bent
    (clipped, crushed, coded). fluctuates: the level goes up and down in a rhythm that was not there.
    """

    time: TimeMap
    channels: int
    gain_db: float = 0.0
    mix: Mix = ()
    level_known: bool = True
    semitones: float = 0.0
    noise_db: float | None = None
    muted: tuple[Span, ...] = ()
    bands: tuple[Band, ...] = ()
    raised: tuple[Band, ...] = ()
    echo: float = 0.0
    distorted: bool = False
    fluctuates: bool = False

    def _with(self, **changed: Any) -> AudioState:
        """This state with other values in some fields: what dataclasses.replace gives in ten times the time, and every step asks for it."""
        other = object.__new__(AudioState)
        other.__dict__.update(self.__dict__, **changed)
        return other

    def retime(self, step: TimeMap) -> AudioState:
        return self._with(time=self.time.then(step))

    def transpose(self, semitones: float) -> AudioState:
        """Higher by so many semitones."""
        total = self.semitones + semitones
        return self._with(semitones=total if abs(total) > 1e-9 else 0.0)

    def play(self, rate: float) -> AudioState:
        """Play everything `rate` times faster, and as much higher."""
        return self.retime(time.faster(self.time.out_seconds, rate)).transpose(12 * math.log2(rate))

    def louder(self, db: float) -> AudioState:
        return self._with(gain_db=self.gain_db + db)

    def relevel(self) -> AudioState:
        """Louder or quieter by what only the samples say."""
        return self._with(level_known=False)

    def remix(self, step: Mix) -> AudioState:
        """Play on channel i the channels of the sound as it is now, weighed by row i."""
        if self.mix == kept_sides(self.channels):
            return self._with(mix=step)
        mixed = np.array(step) @ np.array(self.mix)
        return self._with(mix=tuple(map(tuple, mixed.tolist())))

    def mute(self, start: float, end: float) -> AudioState:
        """Silent from `start` to `end`, in seconds of the sound as it is now."""
        spans = self.time.origins(start, end)
        return self._with(muted=tuple(time.joined_spans([*self.muted, *spans]))) if spans else self

    def without(self, bands: tuple[Band, ...]) -> AudioState:
        """Take away frequencies of the sound as it is now."""
        return self._with(bands=tuple(time.joined_spans([*self.bands, *self._originally(bands)]))) if bands else self

    def equalise(self, weaker: tuple[Band, ...], stronger: tuple[Band, ...]) -> AudioState:
        """Make frequencies of the sound as it is now weaker or stronger."""
        state = self.without(weaker)
        if not stronger:
            return state
        return state._with(raised=tuple(time.joined_spans([*self.raised, *self._originally(stronger)])))

    def noisy(self, snr_db: float) -> AudioState:
        """Add noise that is so many decibels weaker than the sound."""
        return self._with(noise_db=snr_db if self.noise_db is None else min(self.noise_db, snr_db))

    def echoing(self, wet: float) -> AudioState:
        """Add that share of a room's reverberation."""
        return self._with(echo=max(self.echo, wet))

    def distort(self) -> AudioState:
        return self._with(distorted=True)

    def fluctuate(self) -> AudioState:
        return self._with(fluctuates=True)

    def _originally(self, bands: tuple[Band, ...]) -> list[Band]:
        """Bands of the sound as it is now, in the frequencies that they had in the original."""
        higher = 2 ** (self.semitones / 12)
        return [(low / higher, high / higher) for low, high in bands]

    @property
    def heard(self) -> TimeMap:
        """The time map of what is still heard: without what is muted."""
        return self.time.without(self.muted) if self.muted else self.time

    @property
    def sides(self) -> str:
        """Where left and right are: "kept", "swapped", or "lost" when both sides sound the same or otherwise.

        Turning the polarity of every channel moves no side.
        """
        for sign in (1.0, -1.0):
            mix = tuple(tuple(sign * weight + 0.0 for weight in row) for row in self.mix)  # + 0.0: no negative zeros
            if mix == kept_sides(self.channels):
                return "kept"
            if mix == swapped_sides(self.channels):
                return "swapped"
        return "lost"

    @property
    def is_identity(self) -> bool:
        """Whether it sounds as before."""
        untouched = self.level_known and self.noise_db is None and not (self.gain_db or self.semitones or self.muted)
        clean = not (self.bands or self.raised or self.echo or self.distorted or self.fluctuates)
        return untouched and clean and self.time.is_identity and self.sides == "kept"


_SWAPPED = {2: (1, 0), 6: (1, 0, 2, 3, 5, 4)}


@cache
def kept_sides(channels: int) -> Mix:
    """Every channel plays itself."""
    return tuple(tuple(float(i == j) for j in range(channels)) for i in range(channels))


@cache
def swapped_sides(channels: int) -> Mix:
    """Left and right change places: stereo, and 5.1 in the order of WAV and FLAC (FL FR FC LFE BL BR); any other layout stays."""
    order = _SWAPPED.get(channels, tuple(range(channels)))
    return tuple(kept_sides(channels)[i] for i in order)


@lru_cache(maxsize=1024)
def audio_state(seconds: float, channels: int) -> AudioState:
    """A recording that nothing happened to; kept, as every row starts from one twice and few lengths are many rows'."""
    return AudioState(time.identity(seconds), channels, mix=kept_sides(channels))
