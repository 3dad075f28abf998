"""Rows and graphs for the tests of mixing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import mmaug as mm
from mmaug.testing.scenes import draw_scene

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SCHEMA = mm.Schema(
    image=mm.Image(),
    mask=mm.Mask(of="image"),
    boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
    captions=mm.Caption(of="image"),
    caption_kinds=mm.Opaque(),
    audio=mm.Audio(),
    events=mm.Events(of="audio"),
    audio_caption=mm.Caption(of="audio"),
)
PLAIN = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
SOUNDS = mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio"))


def scene(seed: int, shift: int = 0) -> dict[str, Any]:
    """A scene whose instances are numbered from `shift` on, so that two scenes can be told apart."""
    row = draw_scene(seed)
    row["mask"] = np.where(row["mask"] > 0, row["mask"] + shift, 0).astype(np.uint8)
    row["objects"]["id"] = [number + shift for number in row["objects"]["id"]]
    return row


def graph(*ops, schema=SCHEMA, **options) -> mm.TransformGraph:
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema, **options)


def pictures(number: int = 2, size=(40, 30), seed: int = 0) -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return {f"p{n}": {"image": rng.integers(0, 256, (size[1], size[0], 3), np.uint8), "caption": f"a thing {n}"} for n in range(number)}


def plain(value: Any) -> Any:
    """A row as something that compares by value."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, Image.Image)):
        array = np.asarray(value)
        return array.shape, str(array.dtype), array.tobytes()
    return value


def digest(made: tuple[Any, Any]) -> str:
    return repr(plain(made[0])) + json.dumps(made[1].to_json())


def tone(hertz: float, rate: int, seconds: float, level: float) -> dict[str, Any]:
    return {"array": (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32), "sampling_rate": rate}


def drop(mix: mm.TransformGraph, row: dict, other: dict) -> str:
    """Why a row was not mixed, and that it stayed as it was."""
    bare = mm.TransformGraph(mm.Policy.sequence(), schema=mix.schema)(row, key="a")
    out, trace = mix.run(row, key="a", partners={"b": other})
    assert trace.mixed is None and plain(out) == plain(bare)
    return str(trace.vetoes[0].dropped)


ROWS = pictures(3)
