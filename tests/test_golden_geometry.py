"""Our geometry against torchvision 0.28 and albumentations 2.0.8 on fixed inputs, each in its own convention.

Tolerances. Flips, transposes and crops of masks: exact. Boxes and keypoints: 1e-3 px (both libraries keep coordinates in
float32). Nearest neighbour on resized and turned masks: each library rounds positions its own way, so a pixel may differ where a
label ends within one pixel of it, and nowhere else.

Conventions that differ from ours (pixel centres at i + 0.5):
- torchvision mirrors keypoints as pixel numbers (w - 1 - x), but scales and turns them as points (like ours);
- albumentations mirrors and turns keypoints as pixel numbers, about ((w - 1) / 2, (h - 1) / 2), but scales them as points;
- both put round a turned box what the whole turned box spans, cut at the frame afterwards; ours is what the part in view spans;
- albumentations' "ellipse" method turns the ellipse in a box and puts the box round that.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap
from mmaug.effects.picture import ImageState
from mmaug.modalities.image import executor
from mmaug.modalities.image.program import Program, Segment
from mmaug.registry import get_op

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "data" / "golden"
pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"golden files are not at {GOLDEN}")

NEAR = 1e-3
TORCHVISION = ("hflip", "crop", "resize", "rotate", "affine")
ALBUMENTATIONS = ("HorizontalFlip", "Transpose", "Resize", "RotateEllipse")
EXACT = ("hflip", "crop", "HorizontalFlip", "Transpose")


@cache
def golden(library: str) -> tuple[list[dict], dict[str, np.ndarray]]:
    items = json.loads((GOLDEN / f"{library}_geometry.json").read_text())["items"]
    with np.load(GOLDEN / f"{library}_geometry_masks.npz") as masks:
        return items, {name: masks[name] for name in masks.files}


def cases(library: str, op: str) -> list[dict]:
    """The golden cases of one op; the parametrised tests loop over them (200 tests of a millisecond say no more)."""
    found = [item for item in golden(library)[0] if item["op"] == op]
    assert len(found) == 40
    return found


def our_map(item: dict) -> GeometryMap:
    """The same case through our ops, or through `effects.geometry` where we have no such op."""
    height, width = item["canvas_in"]
    size, params, op = (width, height), item["params"], item["op"]
    if op in ("hflip", "HorizontalFlip"):
        return get_op("image.horizontal_flip").function(size)
    if op == "Transpose":  # a quarter turn clockwise, then a mirror
        turned = get_op("image.rotate90").function(size, turns=3)
        return turned.then(get_op("image.horizontal_flip").function(turned.out_size))
    if op in ("resize", "Resize"):
        return get_op("image.random_resized_crop").function(
            size, scale=1.0, ratio=size[0] / size[1] / (params["size"][1] / params["size"][0]), x=0.0, y=0.0, size=params["size"]
        )
    if op in ("rotate", "RotateEllipse"):
        return get_op("image.rotate").function(size, degrees=params["angle"])
    if op == "crop":
        p = params
        return geometry.view(size, p["left"], p["top"], p["width"], p["height"], (p["width"], p["height"]))
    return _torchvision_affine(size, **params)


def _torchvision_affine(size, angle, translate, scale, shear):
    """torchvision's order (its functional docs): shear, turn clockwise, scale about the centre, then shift."""
    turn, sx, sy = (math.radians(v) for v in (angle, *shear))
    linear = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    linear = linear @ np.array([[1, 0], [-math.tan(sy), 1]]) @ np.array([[1, -math.tan(sx)], [0, 1]]) * scale
    return geometry.affine(size, *linear.ravel()).then(geometry.shift(size, *translate))


def spans(move: GeometryMap, boxes: list) -> np.ndarray:
    """What each whole moved box spans, cut at the frame: what torchvision calls the new box."""
    corners = [move.points(np.array(geometry.corners(box))) for box in boxes]
    out = np.array([[*c.min(axis=0), *c.max(axis=0)] for c in corners])
    return np.clip(out, 0, [*move.out_size, *move.out_size])


def ellipses(move: GeometryMap, boxes: list) -> np.ndarray:
    """What the ellipse in each box spans, through its points at every whole degree (as albumentations does it)."""
    angle = np.radians(np.arange(360))
    out = []
    for x1, y1, x2, y2 in boxes:
        x, y = (x1 + x2) / 2 + (x2 - x1) / 2 * np.sin(angle), (y1 + y2) / 2 + (y2 - y1) / 2 * np.cos(angle)
        points = move.points(np.stack([x, y], axis=1))
        out.append([*points.min(axis=0), *points.max(axis=0)])
    return np.array(out)


@pytest.mark.parametrize("op", TORCHVISION)
def test_boxes_and_keypoints_are_torchvisions(op):
    for item in cases("torchvision", op):
        move = our_map(item)
        assert list(move.out_size[::-1]) == item["canvas_out"]
        np.testing.assert_allclose(spans(move, item["boxes_in"]), item["boxes_out"], atol=NEAR, err_msg=str(item["case"]))
        half = 0.5 if op == "hflip" else 0.0
        points = move.points(np.array(item["keypoints_in"]) + half) - half
        np.testing.assert_allclose(points, item["keypoints_out"], atol=NEAR, err_msg=str(item["case"]))


@pytest.mark.parametrize("op", ALBUMENTATIONS)
def test_boxes_and_keypoints_are_albumentations(op):
    for item in cases("albumentations", op):
        move = our_map(item)
        assert list(move.out_size[::-1]) == item["canvas_out"]
        boxes = [item["boxes_in"][i] for i in item["box_ids_out"]]
        ours = ellipses(move, boxes) if op == "RotateEllipse" else spans(move, boxes)
        ours = np.clip(ours, 0, [*move.out_size, *move.out_size])
        np.testing.assert_allclose(ours, item["boxes_out"], atol=NEAR, err_msg=str(item["case"]))
        half = 0.0 if op == "Resize" else 0.5
        points = move.points(np.array(item["keypoints_in"]) + half) - half
        np.testing.assert_allclose(points, item["keypoints_out"], atol=NEAR, err_msg=str(item["case"]))


@pytest.mark.parametrize("op", TORCHVISION)
def test_our_boxes_lie_in_torchvisions_and_are_the_same_where_nothing_is_cut(op):
    for item in cases("torchvision", op):
        move = our_map(item)
        state = ImageState(move)
        for box, theirs in zip(item["boxes_in"], item["boxes_out"], strict=True):
            seen, corners = state.seen(tuple(box)), move.points(np.array(geometry.corners(tuple(box))))
            if seen.extent is None:
                points = move.points(np.stack(np.meshgrid(*(np.linspace(box[i], box[i + 2], 30) for i in (0, 1))), -1).reshape(-1, 2))
                assert not ((points > NEAR) & (points < np.array(move.out_size) - NEAR)).all(axis=1).any()
                continue
            ours = np.array(seen.extent)
            assert (ours[:2] >= np.array(theirs[:2]) - NEAR).all() and (ours[2:] <= np.array(theirs[2:]) + NEAR).all()
            if (corners >= 0).all() and (corners <= np.array(move.out_size)).all():
                np.testing.assert_allclose(ours, theirs, atol=NEAR)
                assert seen.share == pytest.approx(1.0)


@pytest.mark.parametrize(("library", "op"), [("torchvision", op) for op in TORCHVISION] + [("albumentations", op) for op in ALBUMENTATIONS])
def test_masks_agree(library, op):
    worst = 1.0
    for item in cases(library, op):
        labels = golden("torchvision")[1][f"in{item['case']}"]
        theirs = golden(library)[1][item["mask_out"]]
        move = our_map(item)
        ours = executor.run_mask(Program((Segment(move),), move, ()), labels, fill=0)
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        differ = ours != theirs
        if op in EXACT:
            assert not differ.any(), f"case {item['case']}: {differ.sum()} pixels"
        inner = ~_edges(theirs)
        assert not (differ & inner).any(), f"case {item['case']}: {(differ & inner).sum()} pixels away from any edge"
        worst = min(worst, 1 - differ.mean())
    assert worst >= 0.9, f"agreement {worst:.4f}"


def _edges(labels: np.ndarray) -> np.ndarray:
    """Pixels within one pixel of another label, or of the picture's border (where black enters)."""
    padded = np.pad(labels, 1, constant_values=255)
    return (ndimage.maximum_filter(padded, 3) != ndimage.minimum_filter(padded, 3))[1:-1, 1:-1]
