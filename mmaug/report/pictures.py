"""A picture with what is annotated on it, as plain data for a page: pixels as a data URI, shapes in the picture's pixels."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from mmaug.light import Light
from mmaug.modalities.image import values as image_values
from mmaug.schema import MISSING, keypoint_names, sources
from mmaug.schema.fields import Keypoints

LONGEST = 640
"""Pixels of the longer side on the page; a larger picture is shrunk, its annotations keep their coordinates."""

FRAMES = 4
"""How many frames of a list are shown, evenly spread."""

NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))

TINTS = ("#e6194b", "#3cb44b", "#ffb000", "#4363d8", "#f58231", "#b43cdc", "#00a5a5", "#f032e6")


def panel(light: Light, name: str, tints: dict[str, str]) -> dict[str, Any]:
    """One picture of a row: its frames, size, boxes, points and masks. tints: the colour of each label, added to."""
    value, look = light.value(name), light.looks[name]
    frames = list(value) if isinstance(value, (list, tuple)) else [value]
    shown = np.linspace(0, len(frames) - 1, min(len(frames), FRAMES)).round().astype(int).tolist()
    masks = list(_masks(light, name))
    return {
        "name": name,
        "width": look.size[0],
        "height": look.size[1],
        "count": len(frames),
        "frames": [{"uri": _photo(frames[i]), "masks": [_tinted(m[min(i, len(m) - 1)], look.size) for m in masks]} for i in shown],
        "boxes": list(_boxes(light, name, tints)),
        "points": list(_points(light, name)),
    }


def _boxes(light: Light, name: str, tints: dict[str, str]) -> Iterable[dict[str, Any]]:
    width = light.looks[name].size[0]
    for field in light.schema.of_kind("boxes"):
        boxes = light.boxes(field) if name in sources(light.schema.fields[field]) else None
        if boxes is None:
            continue
        column = light.schema.label_column(field)
        labels = column.get(light.row) if column is not None else MISSING
        labels = [str(label) for label in labels] if labels is not MISSING else [""] * len(boxes)
        for label, (x1, y1, x2, y2) in zip(labels, boxes, strict=False):
            tint = tints.setdefault(label, TINTS[len(tints) % len(TINTS)])
            roomy = len(boxes) <= 6 or (x2 - x1) > 0.12 * width
            yield {
                "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "label": label, "tint": tint, "named": roomy and bool(label),
                "to_the_left": x1 > 0.7 * width,
            }  # fmt: skip


def _points(light: Light, name: str) -> Iterable[dict[str, Any]]:
    for field in light.schema.of_kind("keypoints"):
        definition = light.schema.fields[field]
        value = light.value(field)
        if not isinstance(definition, Keypoints) or definition.of != name or value is MISSING:
            continue
        names = keypoint_names(definition.names)
        for group in _groups(value, len(names)):
            for number, (x, y, *rest) in enumerate(group):
                if not rest or rest[0] > 0:
                    joint = names[number] if number < len(names) else ""
                    yield {"x": x, "y": y, "joint": joint.replace("_", " "), "side": _side(joint), "seen": not rest or rest[0] > 1}


def _groups(value: Any, count: int) -> Iterable[list[list[float]]]:
    """The points of each person, in whatever nesting they came."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if not value:
        return
    if isinstance(value[0], (int, float)):
        width = 2 if count and len(value) == 2 * count else 3
        yield [list(value[i : i + width]) for i in range(0, len(value), width)]
    elif isinstance(value[0], (list, tuple)) and len(value[0]) in (2, 3) and all(isinstance(n, (int, float)) for n in value[0]):
        yield [list(point) for point in value]
    else:
        for item in value:
            yield from _groups(item, count) if item is not None else ()


def _side(joint: str) -> str:
    return "left" if joint.startswith("left") else "right" if joint.startswith("right") else "middle"


def _masks(light: Light, name: str) -> Iterable[list[Any]]:
    for field in light.schema.of_kind("mask"):
        if name in sources(light.schema.fields[field]) and (value := light.value(field)) is not MISSING:
            yield list(value) if isinstance(value, (list, tuple)) else [value]


def _photo(value: Any) -> str:
    pixels, _ = image_values.to_pixels(value)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    if picture.mode == "RGBA":
        return _uri(picture, "PNG")
    return _uri(picture, "JPEG", quality=88)


def _tinted(value: Any, size: tuple[int, int]) -> str:
    """Every label but 0 outlined in a colour of its own; inside hardly tinted, so that the colours that captions name are seen."""
    labels, _ = image_values.to_labels(value, size, "mask")
    step = max(1.0, max(size) / LONGEST)
    rows, columns = (np.arange(0, side, step).astype(int) for side in labels.shape)
    labels = labels[rows][:, columns].astype(np.int64)
    inside = np.pad(labels, 1, mode="edge")
    edge = np.any([labels != inside[1 + y : 1 + y + len(rows), 1 + x : 1 + x + len(columns)] for y, x in NEIGHBOURS], axis=0)
    tints = np.array([[int(tint[i : i + 2], 16) for i in (1, 3, 5)] for tint in TINTS], dtype=np.uint8)
    alpha = np.where(labels == 0, 0, np.where(edge, 255, 20)).astype(np.uint8)
    return _uri(Image.fromarray(np.dstack([tints[labels % len(TINTS)], alpha])), "PNG")


def _uri(picture: Image.Image, form: str, **options: Any) -> str:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return f"data:image/{form.lower()};base64,{b64encode(file.getvalue()).decode()}"
