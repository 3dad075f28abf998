"""Blur, sharpness, noise, compression, fog and shadow against scipy, Pillow, a plain loop or the statistics they promise."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import sfc64
from PIL import Image, ImageEnhance
from scipy import ndimage, stats

import mmaug as mm
from mmaug.effects.picture import image_state
from mmaug.modalities.image import executor
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
SIDE = 128
GREY = np.full((200, 300, 3), 128, np.uint8)


def run(pixels: np.ndarray, name: str, **params) -> np.ndarray:
    return executor.run(compile_steps([(f"image.{name}", params)], (pixels.shape[1], pixels.shape[0])), pixels)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 10 * np.log10(255**2 / max(np.mean((a.astype(float) - b.astype(float)) ** 2), 1e-9))


def by_scipy(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return np.stack([ndimage.correlate(pixels[..., c].astype(float), kernel, mode="nearest") for c in range(3)], axis=-1)


def spot(size: int = 129) -> np.ndarray:
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[size // 2 - 1 : size // 2 + 2, size // 2 - 1 : size // 2 + 2] = 255
    return pixels


def spread(pixels: np.ndarray) -> np.ndarray:
    """The covariance of where the light is: float [2, 2] of x and y, in pixels."""
    weight = pixels[..., 0].astype(float)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]]
    mean = [(weight * axis).sum() / weight.sum() for axis in (x, y)]
    return np.array(
        [
            [(weight * (p - m) * (q - n)).sum() / weight.sum() for q, n in zip((x, y), mean, strict=True)]
            for p, m in zip((x, y), mean, strict=True)
        ]
    )


# -- blur and sharpness -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.004, 0.01, 0.02, 0.1])
def test_gaussian_blur_is_scipys(sigma):
    exact = ndimage.gaussian_filter(PIXELS.astype(float), (sigma * SIDE, sigma * SIDE, 0), mode="nearest", truncate=6)
    assert np.abs(run(PIXELS, "gaussian_blur", sigma=sigma) - exact).max() <= 3


@pytest.mark.parametrize("way", [1.0, 3.0, 7.5, 8.1, 15.0, 40.0])
@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 135.0, -60.0])
def test_motion_blur_is_the_mean_along_a_line(way, degrees):
    """The reference moves the picture along the line, 200 times, with scipy's linear interpolation."""
    ours = run(PIXELS, "motion_blur", length=way / SIDE, degrees=degrees)
    total = np.zeros(PIXELS.shape)
    for place in (np.arange(200) + 0.5) / 200 - 0.5:
        dx, dy = place * way * np.cos(np.radians(degrees)), -place * way * np.sin(np.radians(degrees))
        total += ndimage.shift(PIXELS.astype(float), (dy, dx, 0), order=1, mode="nearest")
    assert psnr(ours, total / 200) > 42
    covariance = spread(run(spot(), "motion_blur", length=way / 129, degrees=degrees)) - spread(spot())
    along = np.array([np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))])
    assert along @ covariance @ along == pytest.approx(way**2 / 12, rel=0.05, abs=0.4)
    assert along[::-1] * (1, -1) @ covariance @ (along[::-1] * (1, -1)) < 0.5


@pytest.mark.parametrize("radius", [0.7, 1.5, 3.0, 4.2, 7.0, 12.0])
def test_defocus_is_an_even_disk(radius):
    """The reference kernel counts 41 x 41 points a pixel."""
    reach = int(np.ceil(radius))
    places = (np.arange((2 * reach + 1) * 41) + 0.5) / 41 - reach - 0.5
    disk = (places[:, None] ** 2 + places**2 <= radius**2).reshape(2 * reach + 1, 41, 2 * reach + 1, 41).mean(axis=(1, 3))
    exact = by_scipy(PIXELS, disk / disk.sum())
    assert psnr(run(PIXELS, "defocus", radius=radius / SIDE), exact) > (50 if radius < 5 else 36)


@pytest.mark.parametrize("factor", [0.0, 0.1, 0.6, 1.0, 1.5, 1.9])
def test_sharpness_is_pillows(factor):
    theirs = np.asarray(ImageEnhance.Sharpness(Image.fromarray(PIXELS)).enhance(factor)).astype(int)
    assert np.abs(run(PIXELS, "sharpness", factor=factor).astype(int) - theirs).max() <= 1


# -- noise ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.004, 0.02, 0.1])
def test_gaussian_noise_is_normal_and_independent(sigma):
    noise = run(GREY, "gaussian_noise", sigma=sigma, seed=5).astype(float) - 128
    assert abs(noise.mean()) < 0.02 + 255 * sigma * 0.01
    assert np.sqrt(noise.var() - 1 / 12) == pytest.approx(255 * sigma, rel=0.02)  # 1/12: rounding
    if sigma > 0.05:  # finer steps than rounding
        assert abs(stats.skew(noise.ravel())) < 0.03 and abs(stats.kurtosis(noise.ravel())) < 0.06
        jittered = (noise.ravel() + np.random.default_rng(0).uniform(-0.5, 0.5, noise.size)) / np.hypot(255 * sigma, 12**-0.5)
        assert stats.kstest(jittered, "norm").statistic < 0.006
    for shifted in (np.roll(noise, 1, 0), np.roll(noise, 1, 1), np.roll(noise, 1, 2), np.roll(noise, 17, 1)):
        assert abs(np.corrcoef(noise.ravel(), shifted.ravel())[0, 1]) < 0.01
    other = run(GREY, "gaussian_noise", sigma=sigma, seed=6).astype(float) - 128
    assert abs(np.corrcoef(noise.ravel(), other.ravel())[0, 1]) < 0.01


def test_the_noise_of_a_seed_is_the_same_everywhere():
    """Worked out by hand from sfc64's first bytes and the normal's quantiles, without our tables."""
    raw = np.array(sfc64.words(5, 4), np.uint64).view(np.uint8)
    levels = (np.arange(256) + 0.5) / 256
    quantiles = stats.norm.ppf(levels) / np.sqrt(2 * np.mean(stats.norm.ppf(levels) ** 2))
    expected = np.rint([25.5 * (quantiles[raw[i]] + quantiles[raw[16 + i]]) for i in range(12)])
    ours = run(GREY[:2, :2], "gaussian_noise", sigma=0.1, seed=5).ravel().astype(int) - 128
    assert np.abs(ours - expected).max() <= 1 and (ours == expected).mean() > 0.8


def test_iso_noise_has_fine_grain_in_lightness_and_coarse_blotches_in_colour():
    luma = np.array([0.299, 0.587, 0.114])
    for level in (40, 120, 200):
        pixels = np.full((256, 256, 3), level, np.uint8)
        grain = run(pixels, "iso_noise", intensity=0.06, color_shift=0.0, seed=1).astype(float) - level
        assert (grain[..., 0] == grain[..., 1]).all() and (grain[..., 1] == grain[..., 2]).all()
        assert grain.std() == pytest.approx(255 * 0.06 * np.sqrt(level / 255), rel=0.06)
        colour = run(pixels, "iso_noise", intensity=0.0, color_shift=0.04, seed=1).astype(float) - level
        assert np.abs(colour @ luma).max() <= 1.0 and colour[..., 0].std() > 4
        assert np.corrcoef(colour[:, 1:, 0].ravel(), colour[:, :-1, 0].ravel())[0, 1] > 0.5
        assert abs(np.corrcoef(grain[:, 1:, 0].ravel(), grain[:, :-1, 0].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.06, 0.5, 1.0])
def test_salt_and_pepper_turns_the_asked_share_half_black_half_white(share):
    out = run(GREY, "salt_and_pepper", share=share, seed=3)
    black, white = (out == 0).all(axis=2), (out == 255).all(axis=2)
    count = GREY.shape[0] * GREY.shape[1]
    assert ((out == 128).all(axis=2) | black | white).all()
    for hit in (black, white):
        assert hit.sum() == pytest.approx(share / 2 * count, abs=4 * np.sqrt(share * count))
    more = run(GREY, "salt_and_pepper", share=min(2 * share, 1.0), seed=3)
    assert (more[black] == 0).all() and (more[white] == 255).all()


# -- compression, resolution --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [5, 10, 30, 75, 95, 99])
def test_jpeg_is_pillows_at_the_same_quality(quality):
    packed = io.BytesIO()
    Image.fromarray(PIXELS).save(packed, "JPEG", quality=quality)
    theirs = np.asarray(Image.open(packed).convert("RGB"))
    ours = run(PIXELS, "jpeg", quality=float(quality))
    assert psnr(ours, theirs) > 30 and psnr(ours, PIXELS) == pytest.approx(psnr(theirs, PIXELS), abs=1.5)
    assert psnr(ours[..., ::-1], theirs) < 20  # channels in order


@pytest.mark.parametrize("factor", [0.5, 0.25, 0.125])
def test_downscale_shows_the_mean_of_each_block(factor):
    step = round(1 / factor)
    blocks = PIXELS.reshape(SIDE // step, step, SIDE // step, step, 3).mean(axis=(1, 3))
    expected = np.repeat(np.repeat(blocks, step, 0), step, 1)
    assert np.abs(run(PIXELS, "downscale", factor=factor) - expected).max() <= 0.51
    assert len(np.unique(run(PIXELS, "downscale", factor=0.02).reshape(-1, 3), axis=0)) <= 9


# -- fog and shadow -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0.1, 0.3, 0.5, 0.9])
def test_fog_blends_with_white_as_much_as_it_tells_the_rules(amount):
    """A black picture shows how much white there is: on average the amount, nowhere beyond what the stand-ins say."""
    black = np.zeros((120, 160, 3), np.uint8)
    thick = get_op("image.fog").facts(image_state((8, 8)), amount=amount, seed=1).colour.stages[0].stages
    told = [stage[0, 3] / 255 for stage in thick]
    means = []
    for seed in range(40):
        white = run(black, "fog", amount=amount, seed=seed)[..., 0] / 255
        assert white.min() >= min(told) - 0.01 and white.max() <= max(told) + 0.01
        assert np.abs(np.diff(white, axis=1)).max() < 0.05  # smooth
        means.append(white.mean())
    assert np.mean(means) == pytest.approx(min(amount, 1.0), abs=0.05 if amount < 0.7 else 0.1)
    field = run(black, "fog", amount=amount, seed=1).astype(float) / 255
    assert (
        np.abs(
            run(PIXELS[:120, :120], "fog", amount=amount, seed=1)[60, 60] - (PIXELS[60, 60] * (1 - (f := field[60, 80])) + 255 * f)
        ).max()
        < 3
    )


def test_a_shadow_darkens_one_connected_part_evenly_and_leaves_the_rest():
    areas = []
    for seed in range(60):
        lit = run(np.full((96, 128, 3), 200, np.uint8), "shadow", amount=0.5, seed=seed)
        assert (lit[..., 0] == lit[..., 1]).all() and lit.min() >= 99 and lit.max() == 200
        dark = lit[..., 0] < 150
        assert ndimage.label(dark)[1] == 1 and lit[..., 0][ndimage.binary_erosion(dark, iterations=5)].max(initial=0) <= 103
        areas.append(dark.mean())
    assert 0.1 < np.mean(areas) < 0.5 and min(areas) > 0.02


# -- for all ------------------------------------------------------------------------------------------------------------------

KERNELS = "gaussian_blur motion_blur defocus sharpness gaussian_noise iso_noise salt_and_pepper jpeg downscale fog shadow".split()


def at(op: str, strength: float, u: float = 0.7) -> dict:
    return {name: p.from_strength(strength)([u] * max(p.uniforms, 1)) for name, p in get_op(f"image.{op}").params.items()}


@pytest.mark.parametrize("op", KERNELS)
def test_more_strength_never_changes_the_pixels_less(op):
    far = [np.abs(run(PIXELS, op, **at(op, strength)).astype(int) - PIXELS).mean() for strength in np.linspace(0, 1, 6)]
    assert far[0] == 0 and far[-1] > 1 and (np.diff(far) > -0.05).all(), far


@pytest.mark.parametrize("op", [op for op in KERNELS if op in ("gaussian_blur", "motion_blur", "defocus", "fog", "shadow")])
def test_a_step_means_the_same_on_a_larger_copy_of_the_picture(op):
    large = cv2.resize(PIXELS, (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(run(large, op, **at(op, 0.8)), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert psnr(small, run(PIXELS, op, **at(op, 0.8))) > psnr(small, PIXELS) + 3


@pytest.mark.parametrize("op", KERNELS)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 3), (5, 40)])
def test_tiny_pictures(op, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    for strength in (0.3, 1.0):
        assert run(pixels, op, **at(op, strength)).shape == pixels.shape


@pytest.mark.parametrize("op", [*KERNELS, "clahe"])
def test_captions_on_what_changed_veto_and_others_stay(op):
    """Words on sharpness, grain, fog or shadow stand only while those do; a plain caption stays."""
    said = {
        "gaussian_blur": "a sharp photo of a dog", "motion_blur": "a crisp picture of a dog", "defocus": "a dog in focus",
        "sharpness": "a blurry dog", "gaussian_noise": "a clear picture of a dog", "iso_noise": "a grainy dog",
        "salt_and_pepper": "a dog in the snow", "jpeg": "a high quality picture of a dog", "downscale": "a detailed picture of a dog",
        "fog": "a dog on a sunny day", "shadow": "a brightly lit dog", "clahe": "a dark gray dog",
    }[op]  # fmt: skip
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    graph = mm.TransformGraph(mm.op(f"image.{op}", strength=1.0), schema=schema)
    for text, stays in (("a dog on a bench", True), (said, False)):
        out, trace = graph.run({"image": PIXELS, "caption": text}, key=3)
        assert out["caption"] == text or not stays
        assert bool(trace.vetoes) is not stays, trace
