"""Filter ops. Each gives only its sections for a rate, or the bands it takes away; samples and the rules follow from them.

Frequencies are in hertz. An edge at or beyond the end of what is audible (20 Hz, 20 kHz) takes nothing away, and neither
does one above half the rate of the recording.
"""

from __future__ import annotations

import math

from mmaug.effects import equaliser
from mmaug.effects.equaliser import Sections
from mmaug.effects.sound import AUDIBLE, Band
from mmaug.params import Anywhere, Magnitude, Place
from mmaug.registry import register

_LOW, _HIGH = AUDIBLE
_NARROWEST = 2 ** (1 / 3)
"""The least ratio of the edges of a band: a third of an octave."""

_MASKED_TO = 8000.0
"""Hertz: masks lie on the mel scale up to here, where most of what is heard lies, whatever the rate of the recording."""


@register("equaliser", cutoff_hz=Magnitude(_HIGH, 600.0, "Hz", _LOW, _HIGH, scale="log"))
def low_pass(rate: float, *, cutoff_hz: float) -> Sections:
    """Keep what is below a frequency: muffled.

    cutoff_hz: the frequency that is 3 dB weaker, in [20, 20000]; an octave above it is 24 dB weaker.
    Source: Butterworth 1930, order 4; audiomentations, LowPassFilter.
    """
    return equaliser.low_pass(rate, cutoff_hz)


@register("equaliser", cutoff_hz=Magnitude(_LOW, 1500.0, "Hz", _LOW, _HIGH, scale="log"))
def high_pass(rate: float, *, cutoff_hz: float) -> Sections:
    """Keep what is above a frequency: thin.

    cutoff_hz: the frequency that is 3 dB weaker, in [20, 20000]; an octave below it is 24 dB weaker.
    Source: Butterworth 1930, order 4; audiomentations, HighPassFilter.
    """
    return equaliser.high_pass(rate, cutoff_hz)


@register(
    "equaliser",
    low_hz=Magnitude(_LOW, 600.0, "Hz", _LOW, _HIGH, scale="log", spread=True),
    high_hz=Magnitude(_HIGH, 2500.0, "Hz", _LOW, _HIGH, scale="log", spread=True),
)
def band_pass(rate: float, *, low_hz: float, high_hz: float) -> Sections:
    """Keep what lies between two frequencies, as a telephone does.

    low_hz, high_hz: the edges, in [20, 20000], in either order; at least a third of an octave stays.
    Source: Butterworth 1930, order 4 a side; audiomentations, BandPassFilter.
    """
    low, high = _apart(low_hz, high_hz)
    return equaliser.high_pass(rate, low) + equaliser.low_pass(rate, high)


@register(
    "equaliser",
    center_hz=Anywhere((200.0, 4000.0), "Hz", _LOW, _HIGH, scale="log"),
    octaves=Magnitude(0.0, 2.0, "octaves", 0.0, 10.0),
)
def band_stop(rate: float, *, center_hz: float, octaves: float) -> Sections:
    """Take out what lies around a frequency.

    center_hz: the middle, in [20, 20000]. octaves: how wide, in [0, 10].
    Source: Butterworth 1930, order 2 a side; audiomentations, BandStopFilter.
    """
    if octaves < 1e-6:
        return ()
    return equaliser.band_stop(rate, center_hz * 2 ** (-octaves / 2), center_hz * 2 ** (octaves / 2))


@register(
    "equaliser",
    center_hz=Anywhere((100.0, 5000.0), "Hz", _LOW, _HIGH, scale="log"),
    db=Magnitude(0.0, 15.0, "dB", -30.0, 30.0, signed=True),
    octaves=Anywhere((0.5, 2.0), "octaves", 0.1, 4.0),
)
def peaking_eq(rate: float, *, center_hz: float, db: float, octaves: float) -> Sections:
    """Make what lies around a frequency louder or quieter.

    center_hz: the middle, in [20, 20000]. db: how much louder there, in [-30, 30]. octaves: how wide, in [0.1, 4].
    Source: Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients" (peakingEQ).
    """
    return equaliser.peak(rate, center_hz, db, octaves)


@register("band", width=Magnitude(0.0, 0.3, "of the mel scale", 0.0, 1.0, spread=True), start=Place("of the room below"))
def frequency_mask(*, width: float, start: float) -> tuple[Band, ...]:
    """Take out one band altogether.

    width: a share of the mel scale from 0 to 8000 Hz, in [0, 1]. start: where it lies, 0 at the bottom to 1 at the top.
    Source: Park et al. 2019, "SpecAugment", section 2 (frequency masking), here on the sound itself.
    """
    low = start * (1 - width)
    return ((_hertz(low), _hertz(low + width)),) if width > 1e-6 else ()


@register("band", to_hz=Magnitude(2 * _HIGH, 3000.0, "Hz", 1000.0, 2 * _HIGH, scale="log"))
def resample(*, to_hz: float) -> tuple[Band, ...]:
    """Bring the sound to a lower rate and back, so that nothing above half that rate is left; the row's rate stays.

    to_hz: the lower rate in samples a second, in [1000, 40000]; one that is not lower changes nothing.
    Source: audiomentations, Resample.
    """
    return ((to_hz / 2, _HIGH),) if to_hz < 2 * _HIGH else ()


def _apart(one: float, other: float) -> tuple[float, float]:
    """Two edges in order and far enough apart."""
    low, high = min(one, other), max(one, other)
    if high < low * _NARROWEST:
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(_NARROWEST), middle * math.sqrt(_NARROWEST)
    return low, high


def _hertz(share: float) -> float:
    """A place on the mel scale (O'Shaughnessy 1987) in hertz."""
    return 700 * math.expm1(share * math.log1p(_MASKED_TO / 700))
