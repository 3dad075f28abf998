"""The picture executor against Pillow, OpenCV, scipy and numpy."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from scipy import ndimage
from torchvision.transforms.v2 import functional as tv

from mmaug.effects import geometry
from mmaug.modalities.image import executor
from mmaug.modalities.image.program import compile_steps
from mmaug.registry import OPS, get_op

W, H = 96, 64
FULL = {"scale": 1.0, "ratio": 1.0, "x": 0.0, "y": 0.0, "size": None}


def run(pixels: np.ndarray, *steps) -> np.ndarray:
    return executor.run(compile_steps(steps, (pixels.shape[1], pixels.shape[0])), pixels)


def run_mask(labels: np.ndarray, *steps, fill: int = 0) -> np.ndarray:
    return executor.run_mask(compile_steps(steps, (labels.shape[1], labels.shape[0])), labels, fill)


def resized(width: int, height: int, w: int = W, h: int = H) -> tuple:
    return ("image.random_resized_crop", FULL | {"ratio": (w / h) / (width / height), "size": [height, width]})


def noise(width=W, height=H, channels=3, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def smooth(width=W, height=H) -> np.ndarray:
    """Waves of 8 pixels and longer: what a good resampling keeps."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    waves = [128 + 60 * np.sin(x / 5) + 60 * np.cos(y / 6), 128 + 110 * np.sin((x + y) / 7), 128 + 100 * np.cos((x - 2 * y) / 14)]
    return np.rint(np.stack(waves, -1)).astype(np.uint8)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / max(np.mean((a.astype(float) - b.astype(float)) ** 2), 1e-9))


def blob(x: float, y: float, width=W, height=H, sigma=4.0) -> np.ndarray:
    """A bright spot whose centre is the point (x, y)."""
    gx, gy = np.meshgrid(np.arange(width) + 0.5 - x, np.arange(height) + 0.5 - y)
    return np.repeat(np.rint(250 * np.exp(-(gx**2 + gy**2) / 2 / sigma**2))[..., None], 3, 2).astype(np.uint8)


def centre_of(pixels: np.ndarray) -> np.ndarray:
    y, x = ndimage.center_of_mass(pixels[..., 0].astype(float))
    return np.array([x + 0.5, y + 0.5])


# -- copies of pixels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(W, H), (1, 1), (7, 1), (1, 9), (5, 4)])
@pytest.mark.parametrize("channels", [3, 4])
def test_flips_and_quarter_turns_are_numpys_to_the_bit(shape, channels):
    pixels = noise(*shape, channels)
    assert np.array_equal(run(pixels, ("image.horizontal_flip", {})), pixels[:, ::-1])
    for turns in (1, 2, 3):
        turned = run(pixels, ("image.rotate90", {"turns": turns}))
        assert np.array_equal(turned, np.rot90(pixels, turns)) and turned.flags.c_contiguous
        both = run(pixels, ("image.rotate90", {"turns": turns}), ("image.horizontal_flip", {}))
        assert np.array_equal(both, np.rot90(pixels, turns)[:, ::-1])
        mask = run_mask(pixels[..., 0], ("image.rotate90", {"turns": turns}), ("image.horizontal_flip", {}))
        assert np.array_equal(mask, np.rot90(pixels[..., 0], turns)[:, ::-1])


def test_turning_by_right_angles_with_rotate_is_exact_too():
    square = noise(32, 32)
    for degrees, turns in ((90, 1), (180, 2), (-90, 3), (-180, 2)):
        assert np.array_equal(run(square, ("image.rotate", {"degrees": degrees})), np.rot90(square, turns))


def test_crops_and_shifts_by_whole_pixels_copy():
    pixels = noise()
    crop = ("image.random_resized_crop", {"scale": (48 * 32) / (W * H), "ratio": 1.0, "x": 0.5, "y": 0.25, "size": [32, 48]})
    assert np.array_equal(run(pixels, crop), pixels[8:40, 24:72])
    shifted = run(pixels, ("image.translate_x", {"fraction": 12 / W}))
    assert np.array_equal(shifted[:, 12:], pixels[:, :-12]) and not shifted[:, :12].any()


def test_a_shear_is_not_taken_for_a_turn():
    """[[1, 1], [0, 1]] has whole numbers and determinant 1; a window of it lies inside the picture."""
    move = geometry.affine((40, 40), 1, 1, 0, 1).then(geometry.view((40, 40), 18, 18, 4, 4, (4, 4)))
    pixels = noise(40, 40)
    expected = cv2.warpAffine(pixels, np.array([[1.0, 1, -19.5], [0, 1, 0]]), (40, 40))[18:22, 18:22]
    assert psnr(executor.warp(pixels, move), expected) > 40


def test_nothing_shares_memory_with_a_changed_picture():
    pixels = noise()
    top = ("image.random_resized_crop", {"scale": 0.5, "ratio": 1.0, "x": 0.0, "y": 0.0, "size": [H // 2, W]})
    for steps in ([top], [("image.horizontal_flip", {})], [("image.brightness", {"factor": 0.5})], [top, ("image.invert", {})]):
        assert not np.shares_memory(run(pixels, *steps), pixels)


# -- resampling -------------------------------------------------------------------------------------------------------

MOVES = [
    ("image.rotate", {"degrees": 23.0}),
    ("image.rotate", {"degrees": -140.0}),
    ("image.translate_x", {"fraction": 0.123}),
    ("image.random_resized_crop", {"scale": 0.6, "ratio": 1.2, "x": 0.3, "y": 0.6, "size": [50, 70]}),
    ("image.random_resized_crop", {"scale": 0.3, "ratio": 0.9, "x": 0.5, "y": 0.5, "size": [128, 160]}),
    ("image.random_resized_crop", {"scale": 1.0, "ratio": 1.0, "x": 0.0, "y": 0.0, "size": [20, 30]}),
    ("image.rotate90", {"turns": 1}),
    ("image.horizontal_flip", {}),
]  # fmt: skip


@pytest.mark.parametrize("step", MOVES, ids=lambda s: f"{s[0]}")
@pytest.mark.parametrize("at", [(48.0, 32.0), (52.3, 30.7)])
def test_a_spot_lands_where_the_map_says(step, at):
    program = compile_steps([step], (W, H))
    found = centre_of(executor.run(program, blob(*at)))
    np.testing.assert_allclose(found, program.geometry.points(np.array([at]))[0], atol=0.05)


@pytest.mark.parametrize("degrees", [7.0, -33.0, 101.0])
def test_rotation_is_pillows_and_torchvisions(degrees):
    pixels = smooth()
    ours = run(pixels, ("image.rotate", {"degrees": degrees})).astype(int)
    pillow = np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR)).astype(int)
    tensor = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
    torch_ = tv.rotate(tensor, degrees, tv.InterpolationMode.BILINEAR).numpy().transpose(1, 2, 0).astype(int)
    white = run(np.full((H, W, 3), 255, np.uint8), ("image.rotate", {"degrees": degrees}))
    inner = ndimage.binary_erosion(white[..., 0] == 255, iterations=2)
    assert np.abs(ours - pillow)[inner].max() <= 4 and np.abs(ours - torch_)[inner].max() <= 4


@pytest.mark.parametrize("size", [(192, 128), (110, 90), (97, 64), (300, 40)])
def test_enlarging_is_pillows_bilinear_up_to_the_border(size):
    pixels = smooth()
    ours = run(pixels, resized(*size)).astype(int)
    theirs = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR).astype(int)
    if size[1] >= H:
        assert np.abs(ours - theirs).max() <= 5, "the border darkens" if np.abs(ours - theirs)[1:-1, 1:-1].max() <= 5 else "inside"
    white = run(np.full((H, W, 3), 255, np.uint8), resized(*size))
    assert white.min() == 255  # nothing black enters where nothing is outside


def test_a_mask_is_whole_at_the_border_after_any_resize():
    ones = np.ones((H, W), np.uint8)
    for size in ((200, 131), (W * 30, H), (7, 5), (1, 1), (13, 300)):
        assert run_mask(ones, resized(*size), fill=0).all(), size


@pytest.mark.parametrize("by", [2, 3, 4, 5, 6, 2.7, 3.9])
def test_shrinking_does_not_alias(by):
    """Fine noise must average out: as near to the area average as Pillow's own antialiased reduction is, within 4 dB."""
    pixels = noise(480, 360)
    small = (round(480 / by), round(360 / by))
    ours = run(pixels, resized(*small, 480, 360))
    area = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    pillow = np.asarray(Image.fromarray(pixels).resize(small, Image.Resampling.BILINEAR))
    nearest = cv2.resize(pixels, small, interpolation=cv2.INTER_NEAREST)
    assert ours.std() <= 1.15 * area.std()
    assert psnr(ours, area) > psnr(nearest, area) + 6
    assert psnr(ours, area) > psnr(pillow, area) - 4
    assert psnr(run(smooth(480, 360), resized(*small, 480, 360)), cv2.resize(smooth(480, 360), small, interpolation=cv2.INTER_AREA)) > 30


def test_a_chain_is_one_warp_and_better_than_step_by_step():
    chain = [("image.rotate", {"degrees": 12.0}), ("image.translate_x", {"fraction": 0.031}), ("image.rotate", {"degrees": -21.0})]
    chain.append(("image.random_resized_crop", {"scale": 0.5, "ratio": 1.0, "x": 0.5, "y": 0.5, "size": None}))
    pixels = smooth()
    fused = run(pixels, *chain)
    slow = pixels
    for step in chain:
        slow = run(slow, step)
    program = compile_steps(chain, (W, H))
    y, x = np.mgrid[0:H, 0:W] + 0.5
    back = program.geometry.back().points(np.stack([x.ravel(), y.ravel()], 1)) - 0.5
    ideal = np.stack([ndimage.map_coordinates(pixels[..., c].astype(float), back.T[::-1], order=5).reshape(H, W) for c in range(3)], -1)
    assert psnr(fused, ideal) > psnr(slow, ideal) + 3
    assert np.array_equal(fused, executor.warp(pixels, program.geometry))


def test_steps_that_undo_themselves_give_the_very_pixels():
    pixels = noise()
    assert np.array_equal(run(pixels, ("image.rotate", {"degrees": 17.3}), ("image.rotate", {"degrees": -17.3})), pixels)
    assert np.array_equal(run(pixels, ("image.hue", {"degrees": 120.0}), ("image.hue", {"degrees": -120.0})), pixels)
    assert np.array_equal(run(pixels, ("image.brightness", {"factor": 1.6}), ("image.brightness", {"factor": 1 / 1.6})), pixels)
    out_and_back = run(pixels, ("image.translate_x", {"fraction": 0.4}), ("image.translate_x", {"fraction": -0.4}))
    assert np.array_equal(out_and_back, pixels)  # maps compose: what left comes back


@pytest.mark.parametrize("size", [(40000, 3), (3, 40000)])
def test_very_long_pictures(size):
    long = noise(*size)
    assert run(long, ("image.translate_x", {"fraction": 0.1234})).shape == long.shape
    assert run_mask(long[..., 0], ("image.rotate", {"degrees": 3.0})).shape == long.shape[:2]


# -- colour -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [("image.brightness", {"factor": f}) for f in (0.0, 0.1, 1.37, 10.0)]
    + [("image.hue", {"degrees": d}) for d in (1.0, 60.0, -47.0, 180.0, 360.0)]
    + [("image.to_gray", {}), ("image.invert", {})],
    ids=str,
)
def test_colours_are_those_of_a_loop_over_pixels(step):
    pixels, matrix = noise(23, 11), get_op(step[0]).function(**step[1]).tolist()
    got = run(pixels, step)
    for y, x in np.ndindex(pixels.shape[:2]):
        rgb = pixels[y, x].tolist()
        for channel, row in enumerate(matrix):
            exact = min(max(sum(row[k] * rgb[k] for k in range(3)) + row[3], 0.0), 255.0)
            assert abs(int(got[y, x, channel]) - exact) <= (0.5001 if step[0] in ("image.brightness", "image.invert") else 1.0)


def test_pillow_agrees_on_gray_invert_and_brightness():
    pixels = noise()
    picture = Image.fromarray(pixels)
    gray = np.asarray(picture.convert("L").convert("RGB")).astype(int)
    assert np.abs(run(pixels, ("image.to_gray", {})).astype(int) - gray).max() <= 1
    assert np.array_equal(run(pixels, ("image.invert", {})), np.asarray(ImageOps.invert(picture)))
    for factor in (0.3, 1.0, 1.8):
        theirs = np.asarray(ImageEnhance.Brightness(picture).enhance(factor)).astype(int)
        assert np.abs(run(pixels, ("image.brightness", {"factor": factor})).astype(int) - theirs).max() <= 1  # Pillow cuts, we round


def test_hue_by_a_third_turns_the_channels_exactly():
    pixels = noise()
    assert np.array_equal(run(pixels, ("image.hue", {"degrees": 120.0})), pixels[..., [2, 0, 1]])
    assert np.array_equal(run(pixels, ("image.hue", {"degrees": -120.0})), pixels[..., [1, 2, 0]])
    assert np.array_equal(run(pixels, ("image.hue", {"degrees": 60.0}), ("image.hue", {"degrees": 60.0})), pixels[..., [2, 0, 1]])
    r, g, b = run(np.array([[[200, 60, 60]]], np.uint8), ("image.hue", {"degrees": 120.0}))[0, 0] / 255.0
    assert colorsys.rgb_to_hsv(r, g, b)[0] == pytest.approx(1 / 3, abs=0.01)
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    for degrees in (33.0, 90.0, 180.0):
        assert np.array_equal(run(grey, ("image.hue", {"degrees": degrees})), grey)


def test_alpha_moves_but_keeps_its_values():
    pixels = noise(channels=4)
    for step in (("image.hue", {"degrees": 50.0}), ("image.invert", {}), ("image.brightness", {"factor": 0.2}), ("image.to_gray", {})):
        assert np.array_equal(run(pixels, step)[..., 3], pixels[..., 3])
    both = run(pixels, ("image.invert", {}), ("image.horizontal_flip", {}))
    assert np.array_equal(both[..., 3], pixels[:, ::-1, 3]) and np.array_equal(both[..., :3], 255 - pixels[:, ::-1, :3])


# -- erasing ----------------------------------------------------------------------------------------------------------


def cutout(scale=0.1, x=0.4, y=0.7, fill=77):
    return ("image.cutout", {"scale": scale, "x": x, "y": y, "fill": fill})


@pytest.mark.parametrize("scale", [0.001, 0.04, 0.1, 0.33, 1.0])
@pytest.mark.parametrize("place", [(0.0, 0.0), (1.0, 1.0), (0.37, 0.81)])
def test_cutout_covers_the_asked_square(scale, place):
    got = run(np.zeros((H, W, 3), np.uint8), cutout(scale, *place, fill=200))
    covered = (got == 200).all(axis=2)
    side = np.sqrt(scale * W * H)
    width, height = min(side, W), min(side, H)
    x1, y1 = place[0] * (W - width), place[1] * (H - height)
    gx, gy = np.arange(W) + 0.5, np.arange(H) + 0.5
    surely = ((gx > x1 + 1) & (gx < x1 + width - 1))[None] & ((gy > y1 + 1) & (gy < y1 + height - 1))[:, None]
    maybe = ((gx > x1 - 1) & (gx < x1 + width + 1))[None] & ((gy > y1 - 1) & (gy < y1 + height + 1))[:, None]
    assert (covered >= surely).all() and (covered <= maybe).all()
    assert abs(covered.sum() - width * height) <= (width + height) / 2 + 1  # no systematic border
    assert set(np.unique(got)) <= {0, 200}


def test_a_cutout_of_whole_pixels_is_those_pixels():
    for x1, y1, side in ((0, 0, 16), (8, 4, 16), (W - 16, H - 16, 16), (31, 17, 8)):
        got = run(np.zeros((H, W, 3), np.uint8), cutout(side * side / (W * H), x1 / (W - side), y1 / (H - side), 9))
        expected = np.zeros((H, W, 3), np.uint8)
        expected[y1 : y1 + side, x1 : x1 + side] = 9
        assert np.array_equal(got, expected), (x1, y1, np.argwhere((got != expected).any(2)).tolist()[:4])


AFTER = [
    [], [("image.horizontal_flip", {})], [("image.rotate90", {"turns": 1})], [("image.rotate", {"degrees": 31.0})],
    [("image.random_resized_crop", {"scale": 0.5, "ratio": 1.1, "x": 0.4, "y": 0.6, "size": [90, 70]})],
    [("image.rotate", {"degrees": -50.0}), ("image.horizontal_flip", {}), ("image.translate_x", {"fraction": 0.1})],
]  # fmt: skip


@pytest.mark.parametrize("moves", AFTER, ids=lambda m: "+".join(n for n, _ in m) or "alone")
@pytest.mark.parametrize("first", [True, False])
def test_a_cutout_before_or_after_moves_lies_where_numpy_puts_it(moves, first):
    """Before: covered pixels move along. After: the square lies in the frame as it is then. Mask and picture agree."""
    green = np.full((H, W, 3), (10, 200, 30), np.uint8)  # not grey, so no mixture with the black outside is
    steps = [cutout(), *moves] if first else [*moves, cutout()]
    size = compile_steps(steps, (W, H)).geometry.out_size
    got = (run(green, *steps) == 77).all(axis=2)
    w, h = (W, H) if first else size
    side = min(np.sqrt(0.1 * w * h), w, h)
    x1, y1 = 0.4 * (w - side), 0.7 * (h - side)
    y, x = np.mgrid[0 : size[1], 0 : size[0]] + 0.5
    points = np.stack([x.ravel(), y.ravel()], 1)
    if first:
        points = compile_steps(moves, (W, H)).geometry.back().points(points)
    deep = np.minimum.reduce([points[:, 0] - x1, x1 + side - points[:, 0], points[:, 1] - y1, y1 + side - points[:, 1]]).reshape(size[::-1])
    assert got[deep > 1].all() and not got[deep < -1].any()
    labels = run_mask(np.full((H, W), 5, np.uint8), *steps, fill=9)
    uncovered = run_mask(np.full((H, W), 5, np.uint8), *moves, fill=9)
    assert np.array_equal((labels == 9) & (uncovered == 5), got & (uncovered == 5))


def test_what_covers_gets_the_later_colours_only():
    white = np.full((H, W, 3), 255, np.uint8)
    middle = (int(0.7 * (H - 24)) + 12, int(0.4 * (W - 24)) + 12)
    assert run(white, cutout(), ("image.invert", {}))[middle].tolist() == [178] * 3
    assert run(white, ("image.invert", {}), cutout())[middle].tolist() == [77] * 3
    alpha = run(np.zeros((H, W, 4), np.uint8), cutout())
    assert alpha[middle].tolist() == [77, 77, 77, 255]


# -- masks, inputs, laws ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"])
def test_masks_keep_their_type_and_make_no_new_labels(dtype):
    top = min(np.iinfo(dtype).max, 2**40) if dtype != "bool" else 1
    labels = np.where(np.random.default_rng(0).random((H, W)) < 0.5, 0, top).astype(dtype)
    labels.flags.writeable = False
    for steps in ([("image.rotate", {"degrees": 20.0})], [("image.horizontal_flip", {})], [cutout()], [resized(31, 17)]):
        out = run_mask(labels, *steps)
        assert out.dtype == labels.dtype and set(np.unique(out).tolist()) <= {0, int(top)}


@pytest.mark.parametrize("step", [("image.rotate", {"degrees": 20.0}), ("image.hue", {"degrees": 20.0}), cutout(), ("image.invert", {})])
def test_views_and_read_only_arrays(step):
    whole = noise(W * 2, H * 2)
    for view in (whole[::2, ::2], whole[H - 1 :: -1, W - 1 :: -1], whole[:H, :W, ::-1], np.asfortranarray(whole[:H, :W])):
        before = view.copy()
        view.flags.writeable = False
        assert np.array_equal(run(view, step), run(before, step))
        assert np.array_equal(view, before)


GEOMETRY = [op for op in OPS.values() if op.family in ("geometry", "erase", "colour")]


@pytest.mark.parametrize("op", GEOMETRY, ids=lambda op: op.name)
@pytest.mark.parametrize("size", [(1, 1), (1, 8), (9, 1), (2, 3), (33, 17)])
def test_tiny_and_odd_pictures(op, size):
    params = {name: param.from_strength(0.7)([0.6] * max(param.uniforms, 1)) for name, param in op.params.items()}
    pixels = noise(*size)
    out = run(pixels, (op.name, params))
    program = compile_steps([(op.name, params)], size)
    assert out.shape == (*program.geometry.out_size[::-1], 3) and out.dtype == np.uint8
