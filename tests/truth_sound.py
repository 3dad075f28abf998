"""The ear of the judge: beeps, their side and silence, read from the samples alone; it uses no code of mmaug."""

from __future__ import annotations

import re

import numpy as np

NUMBERS = {"no": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
BEEPS = re.compile(
    rf"^(?P<number>an?|{'|'.join(NUMBERS)}|\d)(?: (?:short|soft|quiet|loud|low|high))? beeps?"
    r"(?:,? (?:on|from|to|in) the (?P<side>left|right)(?: side| channel)?)?$"
)


def read_sound(sentence: str) -> list[tuple[int, str | None]] | None:
    """What an audio caption says, in order: (beeps, side) for beeps and (0, None) for silence; None if unreadable."""
    heard = []
    for clause in re.split(r",? (?:and )?then |, followed by | followed by ", sentence.lower().strip().rstrip(".")):
        if re.fullmatch(r"(?:a moment of )?silence|a pause", clause):
            heard.append((0, None))
        elif found := BEEPS.match(clause):
            word = found["number"]
            heard.append((int(word) if word.isdigit() else NUMBERS.get(word, 1), found["side"]))
        else:
            return None
    return heard


def channels_of(audio: dict) -> tuple[np.ndarray, int]:
    """The samples as float [channels, n], and the rate in hertz."""
    return np.atleast_2d(np.asarray(audio["array"], float)), int(audio["sampling_rate"])


def bursts(audio: dict) -> list[tuple[float, float]]:
    """Start and end in seconds of each burst of energy of 40 ms or more."""
    wave, rate = channels_of(audio)
    step = max(1, rate // 200)
    blocks = wave.shape[1] // step
    if not blocks:
        return []
    power = (wave[:, : blocks * step] ** 2).mean(0).reshape(blocks, step).mean(1)
    level = np.sqrt(np.convolve(power, np.ones(3) / 3, "same"))
    floor, peak = np.percentile(level, 5), level.max()
    if peak < 1e-5 or peak < 2 * floor:
        return []
    found, start = [], None
    for at, value in enumerate(np.append(level, 0.0)):
        if start is None and value > floor + 0.25 * (peak - floor):
            start = at
        elif start is not None and value <= floor + 0.1 * (peak - floor):
            found.append((start * step / rate, at * step / rate))
            start = None
    return [(start, end) for start, end in found if end - start >= 0.04]


def louder_side(audio: dict) -> str | None:
    """The side with more energy, or None for one channel or equal ones (within 0.5 dB)."""
    wave, _ = channels_of(audio)
    if len(wave) != 2:
        return None
    left, right = (wave**2).sum(1) + 1e-12
    return None if abs(10 * np.log10(left / right)) < 0.5 else "left" if left > right else "right"


def false_sound_claims(sentence: str, audio: dict) -> list[str]:
    """What an audio caption says that is not heard: the number of beeps, their side, silence before or after."""
    said, heard, faults = read_sound(sentence) or [], bursts(audio), []
    wave, rate = channels_of(audio)
    longest = max((end - start for start, end in heard), default=0)
    sure = sum(end - start >= 0.6 * longest for start, end in heard)
    beeps = sum(number for number, _ in said)
    if said and not sure <= beeps <= len(heard):
        faults.append(f"{sentence!r} is false; {len(heard)} bursts are heard")
    for side in {side for _, side in said if side} - {louder_side(audio)}:
        faults.append(f"{sentence!r} is false; the louder side is {louder_side(audio)}, not {side}")
    quiet = (heard[0][0], wave.shape[1] / rate - heard[-1][1]) if heard else (9.0, 9.0)
    if len(said) > 1 and said[-1][0] == 0 and quiet[1] < 0.2:
        faults.append(f"{sentence!r} is false; only {quiet[1]:.2f} s of silence after the beeps")
    if len(said) > 1 and said[0][0] == 0 and quiet[0] < 0.2:
        faults.append(f"{sentence!r} is false; only {quiet[0]:.2f} s of silence before the beeps")
    return faults


def events_off_sound(row: dict, original: dict | None = None) -> list[str]:
    """Events in whose interval no burst is centred, and whole bursts that no event covers; `original` is not needed."""
    heard, events = bursts(row["audio"]), row.get("events") or []
    longest = max((end - start for start, end in heard), default=0)
    faults = []
    for event in events:
        if not any(event["start"] - 0.03 <= (start + end) / 2 <= event["end"] + 0.03 for start, end in heard):
            faults.append(f"nothing is heard in event {event}")
    for start, end in heard:
        covered = any(event["start"] <= (start + end) / 2 <= event["end"] for event in events)
        if end - start >= 0.6 * longest and not covered:
            faults.append(f"no event covers the beep at {start:.2f}..{end:.2f} s")
    return faults
