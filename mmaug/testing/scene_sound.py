"""Plays a few soft beeps from the side on which a shape stands."""

from __future__ import annotations

import numpy as np

from mmaug.testing.scene_captions import NUMBERS

RATE = 16000
PITCH = {"circle": 440.0, "square": 330.0, "triangle": 554.4, "star": 659.3, "heart": 493.9}  # hertz
FLOOR = 0.0006  # standard deviation of the noise, of full scale


def tone(pitch: float, seconds: float) -> np.ndarray:
    """One beep with a soft start and end. pitch: hertz; returns float [n] within -1..1."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(level * np.sin(2 * np.pi * pitch * part * time) for part, level in ((1, 1.0), (2, 0.25), (3, 0.08)))
    rise, fall = np.clip(time / 0.012, 0, 1), np.clip((seconds - time) / 0.04, 0, 1)
    return wave / 1.2 * np.sin(rise * np.pi / 2) ** 2 * np.sin(fall * np.pi / 2) ** 2 * np.exp(-2.2 * time)


def pan(wave: np.ndarray, across: float) -> np.ndarray:
    """Places a sound with constant power. across: 0 left to 1 right; returns [2, n]."""
    angle = across * np.pi / 2
    return np.stack([np.cos(angle) * wave, np.sin(angle) * wave])


def describe(beeps: int, across: float, silence: bool) -> str:
    """A true sentence on the beeps; it names a side only if the sound clearly comes from one."""
    side = " on the left" if across < 0.36 else " on the right" if across > 0.64 else ""
    return f"{NUMBERS[beeps]} beeps{side}" + ", then silence" * silence


def sound(category: str, across: float, rng: np.random.Generator) -> tuple[np.ndarray, list[dict], str]:
    """Beeps of a shape standing at `across` (0 left to 1 right).

    Returns float32 [2, n] at 16 kHz, the events in seconds, and the caption.
    """
    beeps, silence = int(rng.integers(2, 4)), bool(rng.integers(2))
    length, gap = rng.uniform(0.18, 0.26), rng.uniform(0.18, 0.25)
    start = rng.uniform(0.05, 0.14) if silence else rng.uniform(0.34, 0.45)  # room to move, where no silence is spoken of
    tail = rng.uniform(0.6, 0.75) if silence else rng.uniform(0.34, 0.45)
    total = start + beeps * length + (beeps - 1) * gap + tail
    wave, events = np.zeros(round(total * RATE)), []
    for number in range(beeps):
        at = round((start + number * (length + gap)) * RATE)
        beep = 0.6 * tone(PITCH[category], length)
        wave[at : at + len(beep)] += beep
        events.append({"text": category, "start": at / RATE, "end": (at + len(beep)) / RATE})
    array = pan(wave, across) + rng.normal(0, FLOOR, (2, len(wave)))
    return array.astype(np.float32), events, describe(beeps, across, silence)
