"""Sound ops: time, pitch, level, channels, filters, noise, rooms and distortion, and the executor that fuses what composes.

Importing this package enters them into the registry.
"""

from mmaug.modalities.audio import channels, distortion, equaliser, level, neural, noise, pitch, room, time

__all__ = ["channels", "distortion", "equaliser", "level", "neural", "noise", "pitch", "room", "time"]
