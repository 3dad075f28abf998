"""Reverberation: the impulse response of a room, from a folder, from registered clips, or of a shoebox that is made here.

What is heard directly stays where and as it is, so that times and sides hold; only what the walls give back is added.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mmaug import rng
from mmaug.effects.sound import AudioState
from mmaug.modalities.audio import clips, measure
from mmaug.params import Anywhere, Magnitude, Place, Seed, Text
from mmaug.registry import register

SPEED_OF_SOUND = 343.0
"""Metres a second, in air of 20 °C."""

_NEAREST = 9
"""Images along each axis that are placed one by one, the nearest; echoes of those further away are so dense that they are noise."""

_PARTS, _AT_ONCE = 50, 2**18
"""Recordings that are both so many times as long as the room's response and of more samples than this are convolved in parts."""

_LONGEST = 2.0
"""Seconds of a made room that are heard at most."""


def _echoing(state: AudioState, *, wet: float, **_: Any) -> AudioState:
    return state.echoing(wet) if wet > 0 else state


@register(
    "treatment",
    _echoing,
    wet=Magnitude(0.0, 1.0, "of the room", 0.0, 1.0),
    source=Text(("",), "a folder of impulse responses, the name of registered ones, or empty for a shoebox room"),
    which=Place("of the source"),
    metres=Anywhere((3.0, 12.0), "m", 1.5, 50.0, scale="log"),
    absorption=Anywhere((0.15, 0.6), "of the energy", 0.05, 0.95),
    seed=Seed(),
)
def reverb(
    samples: np.ndarray, rate: int, *, wet: float, source: str, which: float, metres: float, absorption: float, seed: int
) -> np.ndarray:
    """Add what the walls of a room give back; length, loudness and where things are in time stay.

    wet: how much of it, in [0, 1]; 1 is the room. source: a folder of impulse responses, a name given to `mm.register_clips`, or ""
    for a shoebox room. which: which impulse response, from the first to the last. metres: the length of the shoebox, in [1.5, 50].
    absorption: the share of energy that its walls take, in [0.05, 0.95]. seed: of its other sides, and of where one speaks and listens.
    Source: Allen and Berkley 1979, "Image method for efficiently simulating small-room acoustics"; audiomentations, ApplyImpulseResponse.
    """
    if wet <= 0:
        return samples
    walls = walls_of(samples.shape, rate, source, which, metres, absorption, seed)
    if not walls.any():
        return samples
    from scipy.signal import fftconvolve, oaconvolve

    convolve = oaconvolve if samples.shape[1] > max(_PARTS * walls.shape[1], _AT_ONCE) else fftconvolve
    out = samples + np.float32(wet) * convolve(samples, walls, axes=1)[:, : samples.shape[1]]
    before, after = measure.power(samples), measure.power(out)
    return out * np.float32(math.sqrt(before / after)) if after > 0 else out


def walls_of(shape: tuple[int, ...], rate: int, source: str, which: float, metres: float, absorption: float, seed: int) -> np.ndarray:
    """What the walls give back of an impulse, as far as a recording is long: float32 [channels or 1, samples]."""
    walls = after_direct(clips.whole(source, which, rate)) if source else shoebox(rate, metres, absorption, seed)[None]
    if walls.shape[0] != shape[0]:
        walls = walls.mean(axis=0, keepdims=True)
    return walls[:, : shape[1]]


def after_direct(response: np.ndarray) -> np.ndarray:
    """An impulse response from its highest peak (what is heard directly) on, which is 1, then without it."""
    channel, first = np.unravel_index(np.abs(response).argmax(), response.shape)
    heard = response[:, first:] / (response[channel, first] or np.float32(1.0))  # the peak may point down
    heard[:, 0] = 0.0
    return heard


def shoebox(rate: int, metres: float, absorption: float, seed: int) -> np.ndarray:
    """What the walls of a box give back of an impulse of 1 that is heard directly at time 0: float32 [samples].

    The first reflections are mirror images of the source; when there are too many to tell apart, noise that fades as Eyring's formula says.
    """
    u = np.array(rng.uniforms(seed, 8))
    size = metres * np.array((1.0, 0.5 + 0.4 * u[0], 0.35 + 0.25 * u[1]))
    speaker, listener = size * (0.15 + 0.7 * u[2:5]), size * (0.15 + 0.7 * u[5:8])
    distance, strength = images(size, speaker, listener, math.sqrt(1 - absorption))
    direct = max(float(np.linalg.norm(speaker - listener)), 0.1)
    length = max(math.ceil(min(fading(size, absorption), _LONGEST) * rate), 1)
    places = np.rint((distance - direct) / SPEED_OF_SOUND * rate).astype(np.int64)
    early = (places < length) & (distance > direct + 1e-6)
    walls = np.bincount(places[early], strength[early] * direct / distance[early], minlength=length)
    return _with_tail(walls[:length], rate, size, direct, absorption, seed).astype(np.float32)


def images(size: np.ndarray, speaker: np.ndarray, listener: np.ndarray, bounce: float) -> tuple[np.ndarray, np.ndarray]:
    """The nearest mirror images of the speaker, itself among them: metres to the listener, and what the walls left of its amplitude.

    bounce: the share of the amplitude that one wall gives back.
    """
    count = np.arange(-_NEAREST, _NEAREST + 1)
    squares, bounces = [], []
    for axis in range(3):  # along each axis the images of even and odd mirrorings, and how many walls they met
        even, odd = 2 * count * size[axis] + speaker[axis], 2 * count * size[axis] - speaker[axis]
        squares.append((np.concatenate((even, odd)) - listener[axis]) ** 2)
        bounces.append(np.concatenate((np.abs(2 * count), np.abs(2 * count - 1))))
    near = [np.argsort(square)[:_NEAREST] for square in squares]
    square, times = (sum(np.ix_(*(part[keep] for part, keep in zip(parts, near, strict=True)))) for parts in (squares, bounces))
    return np.sqrt(square).reshape(-1), bounce ** times.reshape(-1).astype(float)  # type: ignore[union-attr]


def fading(size: np.ndarray, absorption: float) -> float:
    """Seconds in which the sound in a box of that size in metres fades by 60 dB (Eyring 1930)."""
    volume = float(np.prod(size))
    surface = 2 * float(size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    return 24 * math.log(10) * volume / (SPEED_OF_SOUND * surface * -math.log(1 - absorption))


def _with_tail(walls: np.ndarray, rate: int, size: np.ndarray, direct: float, absorption: float, seed: int) -> np.ndarray:
    """The reflections up to where images are missing, then fading noise of the energy that the missing ones would have.

    In a box of volume V the energy of all images at time t arrives at 4 * pi * c**3 * t**2 / V images a second, each of
    (direct / (c * t))**2: the same from all distances, times what the walls took.
    """
    complete = max(_NEAREST // 2 * float(size.min()) - direct, 0.0) / SPEED_OF_SOUND  # seconds until an image could be missing
    start = min(int(complete * rate), len(walls))
    moments = np.arange(start, len(walls)) / rate + direct / SPEED_OF_SOUND
    density = 4 * math.pi * SPEED_OF_SOUND / float(np.prod(size)) * direct**2 / rate
    energy = density * 10 ** (-6 * moments / fading(size, absorption))
    noise = rng.generator(rng.derive(seed, "tail")).standard_normal(len(moments))
    return np.concatenate((walls[:start], noise * np.sqrt(energy)))
