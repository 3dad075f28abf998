"""Every colour op against Pillow, torchvision, albumentations, OpenCV or a plain loop, on a real photo where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import albumentations as A
import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms.v2 import functional as tv

import mmaug as mm
from mmaug.errors import PolicyError
from mmaug.modalities.image import executor
from mmaug.modalities.image.colour import LUMA
from mmaug.modalities.image.program import compile_steps
from mmaug.registry import get_op

PHOTO = Path(__file__).resolve().parents[2] / "shared" / "data" / "golden" / "hopper.png"


def photo() -> np.ndarray:
    """A photo, or noise with the spectrum of one where that is absent."""
    if PHOTO.is_file():
        return np.asarray(Image.open(PHOTO).convert("RGB"))
    noise = np.random.default_rng(0).normal(size=(128, 128, 3)).cumsum(0).cumsum(1)
    return np.clip(128 + 60 * noise / noise.std(), 0, 255).astype(np.uint8)


PIXELS = photo()
EVERY = np.random.default_rng(1).integers(0, 256, (64, 96, 3), dtype=np.uint8)
PICTURE = Image.fromarray(PIXELS)


def run(pixels: np.ndarray, name: str, **params) -> np.ndarray:
    return executor.run(compile_steps([(f"image.{name}", params)], (pixels.shape[1], pixels.shape[0])), pixels)


def off(ours: np.ndarray, theirs) -> int:
    return int(np.abs(ours.astype(int) - np.asarray(theirs).astype(int)).max())


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


@pytest.mark.parametrize("factor", [0.0, 0.1, 0.73, 1.0, 1.9])
def test_saturation_is_pillows_color(factor):
    assert off(run(PIXELS, "saturation", factor=factor), ImageEnhance.Color(PICTURE).enhance(factor)) <= 1


@pytest.mark.parametrize("exponent", [0.3, 0.8, 1.0, 1.7, 4.0])
def test_gamma_is_torchvisions_and_a_loop(exponent):
    ours = run(EVERY, "gamma", exponent=exponent)
    assert off(ours, tv.adjust_gamma(tensor(EVERY), exponent).numpy().transpose(1, 2, 0)) <= 1
    loop = [[min(255, round(255 * (v / 255) ** exponent)) for v in row] for row in EVERY[..., 0].tolist()]
    assert off(ours[..., 0], loop) == 0


@pytest.mark.parametrize("threshold", [0, 1, 128, 200, 255, 256])
def test_solarize_is_pillows(threshold):
    assert off(run(PIXELS, "solarize", threshold=float(threshold)), ImageOps.solarize(PICTURE, threshold)) == 0


@pytest.mark.parametrize("amount", [0, 35, 110, 255])
def test_solarize_add_is_a_loop(amount):
    ours = run(EVERY, "solarize_add", amount=float(amount), threshold=128)
    loop = [[min(max(v + amount, 0), 255) if v < 128 else v for v in row] for row in EVERY[..., 1].tolist()]
    assert off(ours[..., 1], loop) == 0


@pytest.mark.parametrize("bits", range(2, 9))
def test_posterize_is_pillows(bits):
    assert off(run(PIXELS, "posterize", bits=float(bits)), ImageOps.posterize(PICTURE, bits)) == 0
    assert off(run(PIXELS, "posterize", bits=min(bits + 0.4, 8.0)), ImageOps.posterize(PICTURE, bits)) == 0  # rounded


def test_equalize_and_auto_contrast_are_pillows_also_on_odd_histograms():
    few = np.full((40, 40, 3), 77, np.uint8)
    few[3, 4] = 200
    two = np.where(EVERY > 128, 9, 240).astype(np.uint8)
    for pixels in (PIXELS, EVERY, EVERY // 3 + 60, few, two, np.full((9, 7, 3), 5, np.uint8), EVERY[:1, :3]):
        assert off(run(pixels, "equalize"), ImageOps.equalize(Image.fromarray(pixels))) == 0
        assert off(run(pixels, "auto_contrast"), ImageOps.autocontrast(Image.fromarray(pixels))) == 0


def test_sepia_is_albumentations():
    assert off(run(PIXELS, "sepia", amount=1.0), A.ToSepia(p=1)(image=PIXELS)["image"]) <= 1
    half = (PIXELS.astype(float) + np.clip(A.ToSepia(p=1)(image=PIXELS // 2)["image"].astype(float) * 2, 0, 1000)) / 2
    low = PIXELS.max(axis=2) < 120  # where nothing is cut at 255
    assert np.abs(run(PIXELS, "sepia", amount=0.5)[low] - half[low]).max() <= 2


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0), (0, 2, 1), (0, 1, 2)])
def test_channel_shuffle_is_indexing(order):
    assert np.array_equal(run(EVERY, "channel_shuffle", order=list(order)), EVERY[..., list(order)])


def test_channel_orders_are_drawn_evenly_and_can_be_said():
    drawn = [get_op("image.channel_shuffle").params["order"].from_strength(0.5)([(i + 0.5) / 500]) for i in range(500)]
    counts = {tuple(order): drawn.count(order) for order in drawn}
    assert len(counts) == 5 and set(counts.values()) == {100} and (0, 1, 2) not in counts
    swap = mm.Policy.sequence(mm.op("image.channel_shuffle", order=(2, 1, 0)))
    graph = mm.TransformGraph(mm.Policy.from_json(json.loads(json.dumps(swap.to_json()))), schema=mm.Schema(image=mm.Image()))
    assert np.array_equal(graph({"image": EVERY}, key=1)["image"], EVERY[..., ::-1])
    either = mm.TransformGraph(mm.op("image.channel_shuffle", order=[(2, 1, 0), (1, 2, 0)]), schema=mm.Schema(image=mm.Image()))
    assert {tuple(either.plan(key=k).steps[0].params["order"]) for k in range(30)} == {(2, 1, 0), (1, 2, 0)}
    for wrong in ((0, 1), (0, 1, 1), "210", 2, (True, False, 2), []):
        with pytest.raises(PolicyError, match="order: must be an order such as"):
            mm.op("image.channel_shuffle", order=wrong)


def test_a_red_car_is_not_called_red_where_red_and_blue_are_swapped():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    graph = mm.TransformGraph(mm.op("image.channel_shuffle", order=(2, 1, 0)), schema=schema)
    assert graph({"image": EVERY, "caption": "a red car"}, key=1)["caption"] in ("a blue car", "a car")


def test_rgb_shift_is_albumentations():
    ours = run(PIXELS, "rgb_shift", red=20.0, green=-31.0, blue=7.0)
    assert off(ours, A.RGBShift((20, 20), (-31, -31), (7, 7), p=1)(image=PIXELS)["image"]) <= 1
    assert off(ours, np.clip(PIXELS.astype(int) + np.array((20, -31, 7)), 0, 255)) == 0


def planck(kelvin: float) -> np.ndarray:
    """Linear sRGB of a black body: Planck's law through the matching functions of CIE 1931, as Wyman et al. 2013 fit them."""
    wave = np.arange(380.0, 781.0)

    def lobe(height, centre, below, above):
        return height * np.exp(-0.5 * ((wave - centre) * np.where(wave < centre, below, above)) ** 2)

    x = lobe(1.056, 599.8, 0.0264, 0.0323) + lobe(0.362, 442.0, 0.0624, 0.0374) + lobe(-0.065, 501.1, 0.0490, 0.0382)
    y = lobe(0.821, 568.8, 0.0213, 0.0247) + lobe(0.286, 530.9, 0.0613, 0.0322)
    z = lobe(1.217, 437.0, 0.0845, 0.0278) + lobe(0.681, 459.0, 0.0385, 0.0725)
    light = 1 / (wave**5 * (np.exp(1.4388e7 / (wave * kelvin)) - 1))
    xyz = np.array([(light * f).sum() for f in (x, y, z)])
    to_rgb = np.linalg.inv(
        np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
    )
    return to_rgb @ (xyz / xyz[1])


@pytest.mark.parametrize("kelvin", [2400.0, 3200.0, 4000.0, 5000.0, 8000.0, 12000.0, 15000.0])
def test_colour_temperature_is_plancks_law(kelvin):
    expected = (planck(kelvin) / planck(6500.0)) ** (1 / 2.2)
    expected /= expected @ LUMA
    gains = np.diag(get_op("image.color_temperature").function(kelvin=kelvin)[:, :3])
    np.testing.assert_allclose(gains, expected, rtol=0.03)
    assert (gains[0] > 1 > gains[2]) if kelvin < 6500 else (gains[0] < 1 < gains[2])


def test_colour_temperature_goes_on_without_jumps_and_keeps_grey_as_light():
    made = np.array([np.diag(get_op("image.color_temperature").function(kelvin=k)[:, :3]) for k in np.geomspace(2000, 15000, 400)])
    np.testing.assert_allclose(made @ LUMA, 1.0, atol=1e-9)
    assert (np.diff(made[:, 0]) < 1e-3).all() and (np.diff(made[:, 2]) > -1e-3).all() and np.abs(np.diff(made, axis=0)).max() < 0.05


def test_clahe_of_one_tile_and_all_the_way_is_opencvs_on_lightness():
    grey = np.repeat(PIXELS[..., 1:2], 3, axis=2)
    for clip_limit, tiles in ((2.0, 1), (4.0, 8), (10.0, 4)):
        theirs = cv2.createCLAHE(clip_limit, (tiles, tiles)).apply(grey[..., 0])
        assert off(run(grey, "clahe", amount=1.0, clip_limit=clip_limit, tiles=tiles)[..., 0], theirs) == 0
    ours = run(PIXELS, "clahe", amount=1.0, clip_limit=4.0, tiles=8).astype(int)
    uncut = (ours > 0).all(axis=2) & (ours < 255).all(axis=2)
    before, after = (np.stack([p[..., 0] - p[..., 1], p[..., 2] - p[..., 1]], -1) for p in (PIXELS.astype(int), ours))
    assert uncut.mean() > 0.5 and np.array_equal(before[uncut], after[uncut])  # colour differences are kept
    assert np.abs(run(PIXELS, "clahe", amount=0.5, clip_limit=4.0, tiles=8).astype(int) * 2 - ours - PIXELS)[uncut].max() <= 1


@pytest.mark.parametrize("clip_limit", [1.0, 1.5, 2.0, 4.0, 10.0, 40.0])
def test_clahe_moves_no_lightness_further_than_it_tells_the_rules(clip_limit):
    """On tiles whose lightness lies in the lowest or highest part of the range, which moves furthest."""
    told = abs(
        get_op("image.clahe")
        .facts(mm.effects.picture.image_state((8, 8)), amount=1.0, clip_limit=clip_limit, tiles=1)
        .colour.stages[0]
        .stages[0][0, 3]
    )
    worst = 0
    for top in range(4, 256, 6):
        ramp = np.repeat(np.tile(np.linspace(0, top, 256).astype(np.uint8), (256, 1))[..., None], 3, 2)
        for pixels in (ramp, 255 - ramp):
            change = np.abs(run(pixels, "clahe", amount=1.0, clip_limit=clip_limit, tiles=1).astype(int) - pixels)
            worst = max(worst, int(change.max()))
    assert 0.8 * told - 3 <= worst <= told + 3, (told, worst)


@pytest.mark.parametrize(
    "op", ["saturation", "gamma", "solarize", "solarize_add", "posterize", "sepia", "rgb_shift", "color_temperature", "clahe"]
)
def test_more_strength_never_changes_the_pixels_less(op):
    params = get_op(f"image.{op}").params
    for u in ((0.9, 0.9), (0.9, 0.1)):
        far = []
        for strength in np.linspace(0, 1, 6):
            drawn = {name: p.from_strength(strength)(list(u[: max(p.uniforms, 1)])) for name, p in params.items()}
            far.append(np.abs(run(PIXELS, op, **drawn).astype(int) - PIXELS).mean())
        assert far[0] == 0 and far[-1] > 2 and (np.diff(far) > -0.05).all(), far
