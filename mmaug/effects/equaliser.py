"""Filters as second-order sections: made here, run on samples elsewhere, and asked here what they do to what is heard.

A section is (b0, b1, b2, 1, a1, a2): the ratio of two polynomials in z**-1, as scipy's `sosfilt` takes them. A filter is a
tuple of sections, one after the other; the empty tuple changes nothing.
"""

from __future__ import annotations

import cmath
import math

import numpy as np

from mmaug.effects.sound import AUDIBLE, Band

Section = tuple[float, float, float, float, float, float]
Sections = tuple[Section, ...]

ASKED_RATE = 96_000
"""Samples a second at which a filter is asked what it does: enough for all that is audible."""

_CHANGED = 2.0
"""What is so many times stronger or weaker (6 dB) is another sound."""

_GRID = np.geomspace(*AUDIBLE, 91)
"""Hertz at which a response is looked at: nine in an octave."""

_BACK = np.exp(-2j * math.pi * _GRID / ASKED_RATE)
"""The same as z**-1."""


def low_pass(rate: float, hertz: float) -> Sections:
    """Keep what is below, 24 dB less an octave above (Butterworth, order 4)."""
    if hertz >= min(AUDIBLE[1], rate / 2):
        return ()
    return tuple(_pass(rate, hertz, quality, low=True) for quality in _BUTTERWORTH)


def high_pass(rate: float, hertz: float) -> Sections:
    """Keep what is above, 24 dB less an octave below (Butterworth, order 4)."""
    if hertz <= AUDIBLE[0]:
        return ()
    return tuple(_pass(rate, min(hertz, 0.475 * rate), quality, low=False) for quality in _BUTTERWORTH)


def band_stop(rate: float, low: float, high: float) -> Sections:
    """Take out what lies between (Butterworth, order 2 a side)."""
    if low <= AUDIBLE[0] or high >= min(AUDIBLE[1], 0.49 * rate):
        return high_pass(rate, high) if low <= AUDIBLE[0] else low_pass(rate, low)
    below, above = _bent(rate, low), _bent(rate, high)
    centre, half = below * above, (above - below) / 2
    middle = (1 - centre) / (1 + centre)  # the cosine of the angle that the zeros lie at
    pole = half / cmath.exp(3j * math.pi / 4)
    root = cmath.sqrt(pole * pole - centre)
    return tuple(_notch(middle, place) for place in (pole + root, pole - root))


def peak(rate: float, hertz: float, db: float, octaves: float) -> Sections:
    """Louder by `db` around a frequency, by half of that half of `octaves` away."""
    if not db or hertz >= 0.49 * rate:
        return ()
    angle = 2 * math.pi * hertz / rate
    share = math.sin(angle) * math.sinh(math.log(2) / 2 * octaves * angle / math.sin(angle))
    root = 10 ** (db / 40)
    up, down, middle = share * root, share / root, -2 * math.cos(angle)
    return (_section((1 + up, middle, 1 - up), (1 + down, middle, 1 - down)),)


def response(sections: Sections, hertz: np.ndarray, rate: float) -> np.ndarray:
    """What becomes of each frequency: complex128 like `hertz`; the absolute value is how much is left, 1 is all of it."""
    return _through(sections, np.exp(-2j * math.pi * hertz / rate))


def _through(sections: Sections, back: np.ndarray) -> np.ndarray:
    """The same for z**-1 on the unit circle, complex128 [n]."""
    out = np.ones(back.shape, complex)
    for b0, b1, b2, _, a1, a2 in sections:
        out *= (b0 + back * (b1 + back * b2)) / (1 + back * (a1 + back * a2))
    return out


def at_rest(sections: Sections) -> np.ndarray:
    """What each section remembers after a constant 1 that has lasted forever: float64 [sections, 2], as scipy's `zi`."""
    into, memory = 1.0, []
    for b0, b1, b2, _, a1, a2 in sections:
        out = into * (b0 + b1 + b2) / (1 + a1 + a2)
        memory.append((out - b0 * into, b2 * into - a2 * out))
        into = out
    return np.array(memory)


def changed(sections: Sections) -> tuple[tuple[Band, ...], tuple[Band, ...]]:
    """The audible bands that a filter for `ASKED_RATE` makes weaker by 6 dB or more, and those that it makes so much stronger."""
    if not sections:
        return (), ()
    left = np.abs(_through(sections, _BACK))
    return _bands(left < 1 / _CHANGED), _bands(left > _CHANGED)


def _bands(inside: np.ndarray) -> tuple[Band, ...]:
    """The bands that the points of the grid that are `inside` make up."""
    if not inside.any():
        return ()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False]))))
    return tuple((float(_GRID[first]), float(_GRID[last - 1])) for first, last in zip(edges[::2], edges[1::2], strict=True) if last > first)


_BUTTERWORTH = (0.5 / math.cos(math.pi / 8), 0.5 / math.cos(3 * math.pi / 8))
"""The qualities of the two sections of a Butterworth filter of order 4."""


def _bent(rate: float, hertz: float) -> float:
    """A frequency of the analogue filter that the bilinear transform moves to `hertz`, in units of 2 * rate."""
    return math.tan(math.pi * hertz / rate)


def _section(b: tuple[float, float, float], a: tuple[float, float, float]) -> Section:
    return (b[0] / a[0], b[1] / a[0], b[2] / a[0], 1.0, a[1] / a[0], a[2] / a[0])


def _pass(rate: float, hertz: float, quality: float, *, low: bool) -> Section:
    bent = _bent(rate, hertz)
    down = (1 + bent / quality + bent * bent, 2 * (bent * bent - 1), 1 - bent / quality + bent * bent)
    return _section((bent * bent, 2 * bent * bent, bent * bent) if low else (1.0, -2.0, 1.0), down)


def _notch(middle: float, pole: complex) -> Section:
    """A section with zeros on the unit circle at the angle of cosine `middle` and an analogue pole; 1 at 0 hertz."""
    place = (1 + pole) / (1 - pole)
    a = (1.0, -2 * place.real, abs(place) ** 2)
    scale = sum(a) / (2 - 2 * middle)
    return _section((scale, -2 * middle * scale, scale), a)
