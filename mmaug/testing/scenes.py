"""Draws small scenes whose truth is known: a picture, its mask and boxes, true captions, and stereo sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from mmaug.testing.raster import CATEGORIES, SHADES, Shape, paint, vary
from mmaug.testing.scene_captions import write_captions
from mmaug.testing.scene_sound import RATE, sound

GAP = 8.0  # pixels between two shapes, and between a shape and the border


def place(number: int, size: tuple[int, int], rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centres and radii of shapes that keep apart, in pixels; radii shrink until all fit."""
    radii = rng.uniform(0.11, 0.17, number) * min(size)
    while True:
        spots: list[tuple[float, float, float]] = []
        for radius in radii:
            edge = radius + GAP
            for x, y in rng.uniform((edge, edge), (size[0] - edge, size[1] - edge), (60, 2)):
                if all(np.hypot(x - a, y - b) >= radius + r + GAP for a, b, r in spots):
                    spots.append((float(x), float(y), float(radius)))
                    break
        if len(spots) == number:
            return spots
        radii = radii * 0.95


def choose_shapes(number: int, size: tuple[int, int], rng: np.random.Generator) -> list[Shape]:
    """Shapes of mixed categories and colours, some of them alike."""
    kinds = rng.permutation(CATEGORIES)[: int(rng.integers(2, len(CATEGORIES) + 1))]
    colours = rng.permutation(sorted(SHADES))[: int(rng.integers(2, 6))]
    shapes = []
    for x, y, radius in place(number, size, rng):
        kind, colour = str(rng.choice(kinds)), str(rng.choice(colours))
        shapes.append(Shape(kind, colour, vary(colour, rng), x, y, radius, float(rng.uniform(-9, 9))))
    return shapes


def tight_boxes(mask: np.ndarray, number: int) -> list[list[float]]:
    """The tight half-open xywh box of each instance id 1..number. mask: uint8 [h, w]."""
    boxes = []
    for instance in range(1, number + 1):
        ys, xs = np.nonzero(mask == instance)
        boxes.append([float(v) for v in (xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)])
    return boxes


def draw_scene(seed: int, *, size: tuple[int, int] = (256, 192), objects: tuple[int, int] = (1, 4)) -> dict[str, Any]:
    """Draws one row: image, mask, objects, captions, audio and events that all agree.

    seed: 0 or more. size: (width, height), each at least 64 pixels. objects: fewest and most shapes, within 1..8.
    Returns image (PIL RGB), mask (uint8 [h, w], instance ids from 1, 0 is background), objects (bbox as xywh, category,
    colour, id), captions and caption_kinds, audio (float32 [2, n]), events (seconds) and audio_caption.
    Raises: ValueError for a size or a number of objects out of range.
    """
    if min(size) < 64 or not 1 <= objects[0] <= objects[1] <= 8:
        raise ValueError(f"draw_scene: size must be at least 64 x 64 and objects within 1..8, got size={size}, objects={objects}")
    rng = np.random.Generator(np.random.Philox(key=seed))
    shapes = choose_shapes(int(rng.integers(objects[0], objects[1] + 1)), size, rng)
    pixels, mask = paint(shapes, size, rng)
    captions, kinds = write_captions(shapes, size, rng)
    source = shapes[rng.integers(len(shapes))]
    array, events, audio_caption = sound(source.category, source.x / size[0], rng)
    return {
        "image": Image.fromarray(pixels),
        "mask": mask,
        "objects": {
            "bbox": tight_boxes(mask, len(shapes)),
            "category": [shape.category for shape in shapes],
            "colour": [shape.colour for shape in shapes],
            "id": list(range(1, len(shapes) + 1)),
        },
        "captions": captions,
        "caption_kinds": kinds,
        "audio": {"array": array, "sampling_rate": RATE},
        "events": events,
        "audio_caption": audio_caption,
    }


def write_scenes(folder: str | Path, n: int, seed: int) -> None:
    """Writes n scenes as a folder data set: metadata.jsonl, images/*.png, masks/*.png (8-bit ids), audio/*.wav (16-bit)."""
    folder = Path(folder)
    for name in ("images", "masks", "audio"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    seeds = np.random.Generator(np.random.Philox(key=seed)).integers(0, 2**63, n)
    lines = []
    for number in range(n):
        row = draw_scene(int(seeds[number]))
        image, mask, audio = f"images/{number:04}.png", f"masks/{number:04}.png", f"audio/{number:04}.wav"
        row.pop("image").save(folder / image)
        Image.fromarray(row.pop("mask")).save(folder / mask)
        clip = row.pop("audio")
        soundfile.write(folder / audio, clip["array"].T, clip["sampling_rate"], subtype="PCM_16")
        files = {"image_file_name": image, "mask_file_name": mask, "audio_file_name": audio}
        lines.append(json.dumps(files | row) + "\n")
    (folder / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
