"""Geometry and framing ops against numpy, torchvision and albumentations, and fused chains against one exact resampling."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import albumentations as A
import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

import mmaug as mm
from mmaug.effects import bend
from mmaug.effects.geometry import GeometryMap
from mmaug.errors import PolicyError
from mmaug.modalities.image import executor
from mmaug.modalities.image.program import compile_steps
from mmaug.registry import get_op

COCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "coco" / "images"
W, H = 120, 80


def waves(width: int = W, height: int = H) -> np.ndarray:
    """A picture that every good resampling keeps: nothing in it is finer than 14 pixels."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    parts = [128 + 60 * np.sin(x / 5) + 50 * np.cos(y / 6), 128 + 100 * np.sin((x + y) / 8), 128 + 100 * np.cos((x - 2 * y) / 14)]
    return np.rint(np.stack(parts, -1)).astype(np.uint8)


def noise(width: int = W, height: int = H) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def run(pixels: np.ndarray, *steps: tuple[str, dict]) -> np.ndarray:
    named = [(f"image.{name}", params) for name, params in steps]
    return executor.run(compile_steps(named, (pixels.shape[1], pixels.shape[0])), pixels)


def geometry_of(size: tuple[int, int], *steps: tuple[str, dict]) -> GeometryMap:
    return compile_steps([(f"image.{name}", params) for name, params in steps], size).geometry


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / max(np.mean((a.astype(float) - b.astype(float)) ** 2), 1e-9))


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def array(found: torch.Tensor) -> np.ndarray:
    return found.numpy().transpose(1, 2, 0)


def interior(pixels: np.ndarray, *steps: tuple[str, dict]) -> np.ndarray:
    """Where nothing that entered is within two pixels: bool [h, w]."""
    seen = run(np.full_like(pixels, 255), *steps)[..., 0] == 255
    return ndimage.binary_erosion(seen, iterations=2, border_value=0)


# -- each op against a peer ---------------------------------------------------------------------------------------------------


def test_transpose_is_numpys():
    pixels = noise()
    assert np.array_equal(run(pixels, ("transpose", {})), pixels.transpose(1, 0, 2))
    assert np.array_equal(run(pixels, ("transpose", {}), ("transpose", {})), pixels)


@pytest.mark.parametrize("tangent", [0.3, -0.12, 0.99])
def test_shears_are_torchvisions(tangent):
    degrees = math.degrees(math.atan(tangent))
    for name, shear, still in (("shear_x", [degrees, 0.0], {"row": 0.5}), ("shear_y", [0.0, degrees], {"column": 0.5})):
        step = (name, {"tangent": -tangent, **still})  # torchvision's positive shear goes the other way
        theirs = tv.affine(tensor(waves()), 0.0, [0, 0], 1.0, shear, interpolation=InterpolationMode.BILINEAR)
        where = interior(waves(), step)
        assert where.mean() > 0.2 and np.abs(run(waves(), step).astype(int) - array(theirs).astype(int))[where].max() <= 3


def test_a_shear_leaves_the_row_that_stays():
    for row in (0.0, 0.25, 1.0):
        move = get_op("image.shear_x").function((W, H), tangent=0.4, row=row)
        assert move.point(7.0, row * H) == pytest.approx((7.0, row * H))
        assert move.point(7.0, row * H + 10) == pytest.approx((11.0, row * H + 10))
        move = get_op("image.shear_y").function((W, H), tangent=-0.4, column=row)
        assert move.point(row * W + 10, 5.0) == pytest.approx((row * W + 10, 1.0))


def test_translate_y_copies_pixels():
    pixels = noise()
    moved = run(pixels, ("translate_y", {"fraction": 12 / H}))
    assert np.array_equal(moved[12:], pixels[:-12]) and not moved[:12].any()


@pytest.mark.parametrize("factor", [0.6, 0.9, 1.25, 2.0])
def test_scale_is_albumentations_zoom(factor):
    theirs = A.Affine(scale=(factor, factor), interpolation=cv2.INTER_LINEAR, p=1)(image=waves())["image"]
    step = ("scale", {"factor": factor})
    assert psnr(run(waves(), step)[interior(waves(), step)], theirs[interior(waves(), step)]) > 40


AFFINES = [
    {"degrees": 0.0, "translate_x": 0.1, "translate_y": -0.05, "scale": 1.0, "shear_x": 0.0, "shear_y": 0.0},
    {"degrees": 13.0, "translate_x": 0.0, "translate_y": 0.0, "scale": 1.1, "shear_x": 0.1, "shear_y": 0.0},
    {"degrees": -8.0, "translate_x": 0.05, "translate_y": 0.1, "scale": 0.8, "shear_x": -0.07, "shear_y": 0.12},
    {"degrees": 170.0, "translate_x": -0.1, "translate_y": 0.1, "scale": 1.2, "shear_x": 0.3, "shear_y": -0.2},
]


@pytest.mark.parametrize("params", AFFINES)
def test_affine_is_torchvisions_and_its_parts_in_turn(params):
    step = ("affine", params)
    shear = [-math.degrees(math.atan(params["shear_x"])), -math.degrees(math.atan(params["shear_y"]))]
    shift = [params["translate_x"] * W, params["translate_y"] * H]
    theirs = tv.affine(tensor(waves()), -params["degrees"], shift, params["scale"], shear, interpolation=InterpolationMode.BILINEAR)
    where = interior(waves(), step)
    assert where.mean() > 0.2 and np.abs(run(waves(), step).astype(int) - array(theirs).astype(int))[where].max() <= 4
    parts = [
        ("shear_x", {"tangent": params["shear_x"], "row": 0.5}), ("shear_y", {"tangent": params["shear_y"], "column": 0.5}),
        ("rotate", {"degrees": params["degrees"]}), ("scale", {"factor": params["scale"]}),
        ("translate_x", {"fraction": params["translate_x"]}), ("translate_y", {"fraction": params["translate_y"]}),
    ]  # fmt: skip
    np.testing.assert_allclose(geometry_of((W, H), step).matrix, geometry_of((W, H), *parts).matrix, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_grid_distortion_scales_columns_and_rows_and_keeps_the_edges(seed):
    """Columns and rows stay straight, in order and within the picture; the edges and corners stay."""
    params = {"amount": 0.4, "cells": 5, "seed": seed}
    move = geometry_of((W, H), ("grid_distortion", params))
    for x in (0.0, 31.0, 77.5, 120.0):
        assert np.ptp(move.points(np.stack([np.full(9, x), np.linspace(0, H, 9)], 1))[:, 0]) < 1e-3
    across = move.points(np.stack([np.linspace(0, W, 200), np.full(200, 40.0)], 1))[:, 0]
    assert across[0] == pytest.approx(0, abs=1e-3) and across[-1] == pytest.approx(W, abs=1e-3) and (np.diff(across) > 0).all()
    cells = [move.origin(x, 40.0)[0] for x in np.linspace(0, W, 6)]  # each cell of the new picture shows one column of the old one
    assert max(b - a for a, b in pairwise(cells)) / min(b - a for a, b in pairwise(cells)) < 1.4 / 0.6 + 1e-6
    assert max(abs(b - a - W / 5) for a, b in pairwise(cells)) > 1
    rows = [move.origin(60.0, y)[1] for y in np.linspace(0, H, 6)]
    xs = np.interp(np.arange(W) + 0.5, np.linspace(0, W, 6), cells)
    ys = np.interp(np.arange(H) + 0.5, np.linspace(0, H, 6), rows)
    grid = np.meshgrid(ys - 0.5, xs - 0.5, indexing="ij")
    exact = np.stack([ndimage.map_coordinates(waves()[..., c].astype(float), grid, order=1, mode="nearest") for c in range(3)], -1)
    assert np.abs(run(waves(), ("grid_distortion", params))[2:-2, 2:-2] - exact[2:-2, 2:-2]).max() <= 6


@pytest.mark.parametrize("amount", [0.9, 0.5])
def test_no_bend_folds(amount):
    for op, cells in (("grid_distortion", 32), ("elastic", 32), ("grid_distortion", 2)):
        move = get_op(f"image.{op}").function((200, 40), amount=min(amount, 0.5 if op == "elastic" else 0.9), cells=cells, seed=4)
        assert all(bend.steepness(b.field, b.size) <= bend.STEEPEST + 1e-9 for b in move.bends) and move.bends


# -- framing --------------------------------------------------------------------------------------------------------------------


def test_crops_are_slices():
    pixels = noise()
    middle = run(pixels, ("center_crop", {"scale": 0.5, "size": [40, 60]}))
    assert np.array_equal(middle, array(tv.center_crop(tensor(pixels), [40, 60])))
    assert np.array_equal(middle, pixels[20:60, 30:90])
    assert np.array_equal(run(pixels, ("center_crop", {"scale": 0.25, "size": None})), pixels[20:60, 30:90])
    corner = run(pixels, ("random_crop", {"scale": 1.0, "x": 1.0, "y": 0.25, "size": [40, 60]}))
    assert np.array_equal(corner, pixels[10:50, 60:])
    assert np.array_equal(run(pixels, ("random_crop", {"scale": 0.25, "x": 0.5, "y": 0.0, "size": None})), pixels[:40, 30:90])


def test_a_crop_larger_than_the_picture_has_the_asked_size_and_the_whole_picture():
    pixels = noise()
    theirs = array(tv.center_crop(tensor(pixels), [100, 200]))
    assert np.array_equal(run(pixels, ("center_crop", {"scale": 1.0, "size": [100, 200]})), theirs)
    out = run(pixels, ("random_crop", {"scale": 1.0, "x": 1.0, "y": 0.0, "size": [100, 60]}))
    expected = np.zeros((100, 60, 3), np.uint8)
    expected[:80] = pixels[:, 60:]
    assert np.array_equal(out, expected)


RESIZED = [(40, (40, 60)), (33, (33, 49)), ([50, 50], (50, 50)), ([160, 240], (160, 240)), (200, (200, 300))]


@pytest.mark.parametrize(("size", "wanted"), RESIZED)
def test_resize_is_torchvisions(size, wanted):
    out = run(waves(), ("resize", {"size": size}))
    theirs = array(tv.resize(tensor(waves()), [size] if isinstance(size, int) else size, antialias=True))
    assert out.shape[:2] == theirs.shape[:2] == wanted and psnr(out, theirs) > 36
    turned = run(waves(H, W), ("resize", {"size": size}))
    assert turned.shape[:2] == array(tv.resize(tensor(waves(H, W)), [size] if isinstance(size, int) else size)).shape[:2]


def test_pad_is_torchvisions_and_albumentations():
    pixels = noise()
    out = run(pixels, ("pad", {"left": 0.1, "top": 0.05, "right": 0.2, "bottom": 0.0, "size": None}))
    assert np.array_equal(out, array(tv.pad(tensor(pixels), [12, 4, 24, 0])))
    none = dict.fromkeys(("left", "top", "right", "bottom"), 0.0)
    out = run(pixels, ("pad", {**none, "size": [131, 100]}))
    assert np.array_equal(out, A.PadIfNeeded(131, 100, p=1)(image=pixels)["image"])
    square = run(noise(60, 47), ("pad", {**none, "size": [60, 60]}))
    assert square.shape == (60, 60, 3) and np.array_equal(square[6:53], noise(60, 47))


def test_sizes_are_checked_when_the_policy_is_made():
    for name in ("resize", "pad", "center_crop", "random_crop"):
        for wrong in (0, -3, 2.5, (3,), (3, 4, 5), True, "224"):
            with pytest.raises(PolicyError, match="size: must be a whole number or"):
                mm.op(f"image.{name}", size=wrong)
    graph = mm.TransformGraph(mm.op("image.resize", size=40), schema=mm.Schema(image=mm.Image(), width=mm.Size(of="image", axis="width")))
    out = graph({"image": noise(), "width": W}, key=1)
    assert out["width"] == 60 and out["image"].shape == (40, 60, 3)


def test_boxes_and_captions_follow_a_transpose_and_a_pad():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(), boxes=mm.Boxes(column="o.bbox", format="xywh", labels="o.name"))
    objects = {"bbox": [[10.0, 30, 20, 16], [80.0, 30, 20, 16]], "name": ["dog", "cat"]}
    row = {"image": noise(), "caption": "a dog left of a cat", "o": objects}
    out = mm.TransformGraph(mm.op("image.transpose"), schema=schema)(row, key=1)
    assert out["caption"] == "a dog above a cat" and out["o"]["bbox"][0] == pytest.approx([30, 10, 16, 20])
    far = mm.op("image.pad", left=2.0, top=0.0, right=0.0, bottom=0.0)
    out, trace = mm.TransformGraph(far, schema=schema).run(row, key=1)
    assert out["caption"] == row["caption"] and not trace.vetoes and out["o"]["bbox"][0] == pytest.approx([250, 30, 20, 16])
    placed = row | {"caption": "a dog on the left side of the picture, and a cat"}
    assert mm.TransformGraph(far, schema=schema).run(placed, key=1)[1].vetoes  # it would be on the right


# -- fused chains ---------------------------------------------------------------------------------------------------------------

TILT = {"scale": 0.2, "a_x": 0.3, "a_y": 0.8, "b_x": 0.5, "b_y": 0.1, "c_x": 0.9, "c_y": 0.4, "d_x": 0.2, "d_y": 0.6}
CROP = {"scale": 0.6, "ratio": 1.1, "x": 0.4, "y": 0.7, "size": None}
CHAINS = [
    [("rotate", {"degrees": 9.0}), ("shear_x", {"tangent": 0.1, "row": 0.5}), ("scale", {"factor": 0.93})],
    [("translate_x", {"fraction": 0.037}), ("rotate", {"degrees": -14.0}), ("translate_y", {"fraction": 0.021}),
     ("rotate", {"degrees": 6.0})],
    [("affine", AFFINES[2]), ("horizontal_flip", {}), ("shear_y", {"tangent": -0.08, "column": 0.5}), ("rotate", {"degrees": 3.0})],
    [("rotate", {"degrees": 20.0}), ("transpose", {}), ("scale", {"factor": 1.3}), ("rotate", {"degrees": -11.0})],
    [("perspective", TILT), ("rotate", {"degrees": 5.0})],
    [("rotate", {"degrees": 4.0}), ("random_resized_crop", CROP), ("rotate", {"degrees": 3.0})],
    [("elastic", {"amount": 0.03, "cells": 5, "seed": 3}), ("rotate", {"degrees": 8.0}), ("scale", {"factor": 1.1})],
    [("rotate", {"degrees": 5.0}), ("grid_distortion", {"amount": 0.3, "cells": 5, "seed": 3}), ("translate_x", {"fraction": 0.03})],
]  # fmt: skip


def ideal(pixels: np.ndarray, move: GeometryMap) -> np.ndarray:
    """One resampling in float64: every new pixel's centre is followed back point by point, and read by a spline of order 5."""
    width, height = move.out_size
    places = np.array([move.origin(x + 0.5, y + 0.5) for y in range(height) for x in range(width)]) - 0.5
    at = [places[:, axis].reshape(height, width) for axis in (1, 0)]
    return np.stack([ndimage.map_coordinates(pixels[..., c].astype(float), at, order=5) for c in range(3)], axis=-1)


def off_by(found: np.ndarray, expected: np.ndarray, where: np.ndarray) -> np.ndarray:
    """How far a picture is moved against another, (x, y) in pixels, by least squares on the gradients of the expected one."""
    slopes = [np.gradient(expected, axis=axis)[where].ravel() for axis in (1, 0)]
    system = np.stack(slopes, axis=1)
    return -np.linalg.lstsq(system, (found.astype(float) - expected)[where].ravel(), rcond=None)[0]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: "+".join(name for name, _ in chain))
def test_fused_positions_are_within_a_twentieth_of_a_pixel(chain):
    pixels = waves()
    move, found = geometry_of((W, H), *chain), run(pixels, *chain)
    expected, where = ideal(pixels, move), interior(pixels, *chain)
    assert where.mean() > 0.2
    height, width = where.shape
    for top, left in ((0, 0), (0, width // 2), (height // 2, 0), (height // 2, width // 2), (height // 4, width // 4)):
        part = np.zeros_like(where)
        part[top : top + height // 2, left : left + width // 2] = True
        if (part & where).sum() > 200:
            assert np.abs(off_by(found, expected, part & where)).max() < 0.05, (top, left)


def test_the_measure_of_positions_sees_a_tenth_of_a_pixel():
    pixels, where = waves(), np.ones((H, W), bool)
    moved = ndimage.shift(pixels.astype(float), (0.1, -0.07, 0), order=5, mode="nearest")
    np.testing.assert_allclose(off_by(moved, pixels.astype(float), where), [-0.07, 0.1], atol=0.01)


@pytest.mark.skipif(not COCO.is_dir(), reason=f"photos are not at {COCO}")
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: "+".join(name for name, _ in chain))
def test_fused_chains_keep_more_of_real_photos_than_step_by_step(chain):
    """Nearer to the one exact resampling than the same steps one by one are, on each of two photos."""
    for path in sorted(COCO.iterdir())[:200:100]:
        pixels = np.asarray(Image.open(path).convert("RGB").resize((W, H), Image.Resampling.LANCZOS))
        slow = pixels
        for step in chain:
            slow = run(slow, step)
        where = interior(pixels, *chain)
        step_by_step = np.full_like(pixels, 255)
        for step in chain:
            step_by_step = run(step_by_step, step)
        where &= ndimage.binary_erosion(step_by_step[..., 0] == 255, iterations=2)  # what was cut on the way is no matter of sharpness
        exact = np.clip(ideal(pixels, geometry_of((W, H), *chain)), 0, 255)
        assert where.mean() > 0.15 and psnr(run(pixels, *chain)[where], exact[where]) > psnr(slow[where], exact[where]) + 0.5, path.name


def test_what_was_out_of_the_frame_at_a_blur_does_not_come_back():
    """Away, blurred, and back: the pixels are black there, so the box that lay there is gone and the mask says so."""
    row = {
        "image": np.full((60, 100, 3), 200, np.uint8),
        "boxes": [[1.0, 5.0, 15.0, 25.0], [50.0, 5.0, 70.0, 25.0]],
        "mask": np.full((60, 100), 7, np.uint8),
    }
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(of="image", format="xyxy"), mask=mm.Mask(of="image"))
    away, back = (mm.op("image.translate_x", fraction=fraction) for fraction in (-0.2, 0.2))
    blurred = mm.TransformGraph(mm.Policy.sequence(away, mm.op("image.gaussian_blur", sigma=0.02), back), schema=schema)(row, key=1)
    assert (blurred["image"][:, :18] == 0).all() and (blurred["mask"][:, :20] == 0).all()
    assert blurred["boxes"] == [[50.0, 5.0, 70.0, 25.0]]
    fused = mm.TransformGraph(mm.Policy.sequence(away, back), schema=schema)(row, key=1)
    assert (fused["image"] == 200).all() and len(fused["boxes"]) == 2
