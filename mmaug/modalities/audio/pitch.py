"""Pitch ops. Each gives one number: semitones, or how many times faster (time and pitch together, as a tape does)."""

from __future__ import annotations

from mmaug.params import Magnitude
from mmaug.registry import register


@register("pitch", semitones=Magnitude(0.0, 5.0, "semitones", -24.0, 24.0, signed=True))
def pitch_shift(*, semitones: float) -> float:
    """Make everything higher or lower at the same tempo.

    semitones: up, in [-24, 24]; 12 is an octave.
    Source: Signalsmith Stretch (spectral, phase-locked), through python-stretch.
    """
    return semitones


@register("speed", rate=Magnitude(1.0, 1.3, "times faster", 0.25, 4.0, signed=True, scale="log"))
def speed(*, rate: float) -> float:
    """Play faster and higher, or slower and deeper, as a tape does; the length changes.

    rate: times faster, in [0.25, 4]; below 1 is slower.
    Source: Ko et al. 2015, "Audio augmentation for speech recognition" (speed perturbation, section 3).
    """
    return rate
