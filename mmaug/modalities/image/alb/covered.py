"""What an albumentations transform overpaints, read off without the real picture."""

from __future__ import annotations

import json
from functools import lru_cache

import cv2
import numpy as np

from mmaug.effects import geometry
from mmaug.effects.geometry import Size
from mmaug.effects.view import Polygon
from mmaug.modalities.image.alb.transform import run

MOST = 256
"""Covers that are kept apart; more are taken for one that covers the whole they span."""

DARK, LIGHT = 64, 192

KEPT = 0.25
"""The share of contrast that must be left for anything to be seen."""

SMALLEST = 0.002
"""The share of the picture from which a part where nothing is seen counts as covered."""


@lru_cache(maxsize=256)
def holes(cls: str, key: str, seed: int, size: Size) -> tuple[Polygon, ...]:
    """The rectangles that a transform of the dropout kind paints over, settings as JSON."""
    ran = run(cls, json.loads(key), seed, _flat(size, 128))
    found = np.asarray(ran.drawn.get("holes", ()), np.float64).reshape(-1, 4)
    return _polygons(found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])])


@lru_cache(maxsize=256)
def blinded(cls: str, key: str, seed: int, size: Size) -> tuple[Polygon, ...]:
    """The boxes round the parts in which a dark and a light picture come out nearly alike: there nothing can be seen."""
    dark, light = (run(cls, json.loads(key), seed, _flat(size, level)).image for level in (DARK, LIGHT))
    if dark.shape != light.shape:
        return (list(geometry.frame(size)),)
    contrast = cv2.cvtColor(cv2.absdiff(light, dark), cv2.COLOR_RGB2GRAY)
    streak = max(round(0.01 * min(size)), 1)  # thinner ones hide no thing
    lost = cv2.morphologyEx(
        (contrast < KEPT * (LIGHT - DARK)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((streak + 1, streak + 1), np.uint8)
    )
    _, _, parts, _ = cv2.connectedComponentsWithStats(lost)
    boxes = parts[1:][parts[1:, cv2.CC_STAT_AREA] >= SMALLEST * size[0] * size[1]].astype(np.float64)
    return _polygons(np.column_stack([boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]]))


def _flat(size: Size, level: int) -> np.ndarray:
    return np.full((size[1], size[0], 3), level, np.uint8)


def _polygons(boxes: np.ndarray) -> tuple[Polygon, ...]:
    if len(boxes) > MOST:
        boxes = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])[None]
    return tuple(list(geometry.corners((x1, y1, x2, y2))) for x1, y1, x2, y2 in boxes.tolist())
