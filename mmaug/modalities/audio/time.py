"""Time ops. Each gives only its time map, or the stretch it silences; samples, words, events, transcripts and captions follow.

A function takes the length in seconds of the recording as it is at that step.
"""

from __future__ import annotations

from mmaug.effects import time
from mmaug.effects.time import TimeMap
from mmaug.params import Fixed, Magnitude, Place
from mmaug.registry import register


@register("time", rate=Magnitude(1.0, 1.5, "times faster", 0.25, 4.0, signed=True, scale="log"))
def time_stretch(seconds: float, *, rate: float) -> TimeMap:
    """Play faster or slower without changing the pitch; the length changes.

    rate: times faster, in [0.25, 4]; below 1 is slower.
    Source: Signalsmith Stretch (spectral, phase-locked), through python-stretch.
    """
    return time.faster(seconds, rate)


@register("time", fraction=Magnitude(0.0, 0.5, "of the length", -1.0, 1.0, signed=True))
def time_shift(seconds: float, *, fraction: float) -> TimeMap:
    """Move the sound later; what falls off the end comes first.

    fraction: of the length, in [-1, 1]; negative moves it earlier.
    Source: audiomentations, Shift(rollover=True).
    """
    return time.rolled(seconds, fraction % 1.0 * seconds)


@register("time", keep=Magnitude(1.0, 0.5, "of the length", 0.01, 1.0, spread=True), start=Place("of the room before"))
def time_crop(seconds: float, *, keep: float, start: float) -> TimeMap:
    """Keep a part of the sound.

    keep: the part as a share of the length, in [0.01, 1]. start: where it lies, 0 at the start to 1 at the end.
    Source: audiomentations, AdjustDuration (crop).
    """
    length = keep * seconds
    first = start * (seconds - length)
    return time.window(seconds, first, first + length)


@register("time", length=Magnitude(0.0, 0.5, "of the length", 0.0, 4.0, spread=True), before=Fixed(0.0, "of the silence", 0.0, 1.0))
def pad(seconds: float, *, length: float, before: float) -> TimeMap:
    """Add silence, at the end where nothing else is said.

    length: of the silence as a share of the recording's, in [0, 4]. before: the share of the silence that comes first, in [0, 1].
    Source: audiomentations, AdjustDuration (pad) and Padding.
    """
    return time.padded(seconds, before * length * seconds, (1 - before) * length * seconds)


@register("mute", fraction=Magnitude(0.0, 0.3, "of the length", 0.0, 1.0, spread=True), start=Place("of the room before"))
def time_mask(seconds: float, *, fraction: float, start: float) -> tuple[float, float]:
    """Silence a stretch, with fades of 5 ms inside it.

    fraction: the stretch as a share of the length, in [0, 1]. start: where it lies, 0 at the start to 1 at the end.
    Source: Park et al. 2019, "SpecAugment", section 2 (time masking), here on the sound itself; audiomentations, TimeMask.
    """
    first = start * (1 - fraction) * seconds
    return first, first + fraction * seconds


@register("time")
def reverse(seconds: float) -> TimeMap:
    """Play backwards.

    Source: audiomentations, Reverse.
    """
    return time.reversed_(seconds)
