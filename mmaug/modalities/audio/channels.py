"""Channel ops. Each gives only a mix: for every channel how much of each channel it plays. The number of channels stays."""

from __future__ import annotations

from mmaug.effects.sound import Mix, kept_sides, swapped_sides
from mmaug.registry import register


@register("channels")
def swap_channels(channels: int) -> Mix:
    """Left and right change places; mono stays, and so does a layout other than stereo and 5.1.

    Source: audiomentations, ChannelShuffle (the one permutation that keeps what the sides mean).
    """
    return swapped_sides(channels)


@register("channels")
def to_mono(channels: int) -> Mix:
    """Play the mean of all channels on each of them, so that the sound comes from no side.

    Source: torchaudio, downmix by the mean.
    """
    return ((1 / channels,) * channels,) * channels


@register("channels")
def polarity(channels: int) -> Mix:
    """Turn the wave upside down on every channel; it sounds the same.

    Source: audiomentations, PolarityInversion.
    """
    return tuple(tuple(-weight for weight in row) for row in kept_sides(channels))
