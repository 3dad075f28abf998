"""A recording with the words and events in it, as plain data for a page: samples as a data URI, its wave as paths."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import numpy as np
import soundfile

from mmaug.light import Light
from mmaug.modalities.audio import values as audio_values
from mmaug.schema import MISSING

WIDTH, LANE = 480, 44
"""The drawing's width and the height of one channel, in its own units."""

BINS = 240
"""Columns over the whole width, each from the lowest to the highest sample in it."""

CHANNELS = {1: ("",), 2: ("L", "R")}


def panel(light: Light, name: str, seconds: float) -> dict[str, Any]:
    """One recording of a row; `seconds` is the length that fills the drawing's width."""
    value, hearing = light.value(name), light.hearings[name]
    samples, _ = audio_values.to_samples(value, f"field {name!r}")
    scale = WIDTH / max(seconds, hearing.seconds)
    names = CHANNELS.get(len(samples), tuple(str(i + 1) for i in range(len(samples))))
    return {
        "name": name,
        "seconds": hearing.seconds,
        "rate": hearing.rate,
        "peak": float(np.abs(samples).max()),
        "uri": _uri(samples, hearing.rate),
        "width": WIDTH,
        "length": hearing.seconds * scale,
        "lanes": [
            {"name": label, "top": i * LANE, "path": _wave(channel, hearing.seconds * scale, (i + 0.5) * LANE)}
            for i, (label, channel) in enumerate(zip(names, samples, strict=True))
        ],
        "height": LANE * len(samples),
        "spans": list(_spans(light, name, scale)),
    }


def _wave(samples: np.ndarray, length: float, middle: float) -> str:
    """A closed outline: the highest sample of each column from left to right, the lowest back."""
    columns = max(2, round(BINS * length / WIDTH))
    edges = np.linspace(0, len(samples), columns + 1).astype(int)[:-1]
    edges = np.minimum(edges, len(samples) - 1)
    high, low = np.maximum.reduceat(samples, edges), np.minimum.reduceat(samples, edges)
    x = (np.arange(columns) + 0.5) * length / columns
    reach = LANE / 2 - 2
    above = [f"{a:.1f},{middle - reach * min(max(h, -1), 1) - 0.4:.1f}" for a, h in zip(x, high, strict=True)]
    below = [f"{a:.1f},{middle - reach * min(max(v, -1), 1) + 0.4:.1f}" for a, v in zip(x, low, strict=True)]
    return "M" + "L".join(above + below[::-1]) + "Z"


def _spans(light: Light, name: str, scale: float) -> Iterable[dict[str, Any]]:
    for kind in ("words", "events"):
        for follower in light.schema.of_kind(kind):
            field = light.schema.fields[follower]
            value = light.value(follower) if field.of == name else MISSING  # type: ignore[attr-defined]
            for item in value if value is not MISSING else ():
                start, end = item[field.start], item[field.end]  # type: ignore[attr-defined]
                text = str(item[field.text])  # type: ignore[attr-defined]
                yield {"kind": kind, "text": text, "start": start, "end": end, "x": start * scale, "width": max((end - start) * scale, 1)}


def _uri(samples: np.ndarray, rate: int) -> str:
    """FLAC where it can hold the sound, half the size of WAV; 16 bits are enough to listen to."""
    form = "FLAC" if len(samples) <= 8 and rate <= 192_000 else "WAV"
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples.T, -1, 1), rate, format=form, subtype="PCM_16")
    return f"data:audio/{form.lower()};base64,{b64encode(file.getvalue()).decode()}"
