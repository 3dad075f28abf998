"""Channel ops. Each gives only which original channel every channel plays."""

from __future__ import annotations

from mmaug.effects.state import sides_swapped
from mmaug.registry import register

@register("channels")
def swap_channels(channels: int) -> tuple[int, ...]:
    """Left and right change places; mono stays, and so does a layout other than stereo and 5.1.

    Source: audiomentations, ChannelShuffle (the one permutation that keeps the sides' meaning).
    """
    return sides_swapped(channels)
