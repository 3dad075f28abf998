"""Level ops. Each gives only how much louder, in decibels."""

from __future__ import annotations

from mmaug.params import Magnitude
from mmaug.registry import register


@register("level", db=Magnitude(0.0, 12.0, "dB", -60.0, 60.0, signed=True))
def gain(*, db: float) -> float:
    """Make the sound louder or quieter; never so loud that a peak that was within full scale leaves it.

    db: decibels, in [-60, 60].
    Source: audiomentations, Gain.
    """
    return db
