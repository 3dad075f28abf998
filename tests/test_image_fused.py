"""The compiled pass against a naive float64 sampling, against OpenCV, and its vector code against its plain code."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap
from mmaug.modalities.image import executor, fused
from mmaug.modalities.image.program import compile_steps

pytestmark = pytest.mark.skipif(fused._FUNCTION is None, reason="no C compiler was there when mmaug was installed")

RNG = np.random.default_rng(5)
MATRIX = np.array(((0.8, 0.2, -0.1, 12.0), (0.1, 1.1, 0.05, -8.0), (-0.3, 0.1, 0.9, 30.0)))
TABLE = np.stack([np.roll(np.arange(256), 9), np.arange(256)[::-1], np.arange(256) // 16 * 16], axis=1).astype(np.uint8)


def picture(width: int, height: int) -> np.ndarray:
    rough = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(rough, (0, 0), 1.0)


def turned(size: tuple[int, int], degrees: float, zoom: float, shift: tuple[float, float], out_size: tuple[int, int]) -> GeometryMap:
    cos, sin = zoom * math.cos(math.radians(degrees)), zoom * math.sin(math.radians(degrees))
    move = geometry.affine(size, cos, sin, -sin, cos).then(geometry.shift(size, *shift))
    return GeometryMap(move.rows, size, out_size)


def naive(pixels: np.ndarray, move: GeometryMap, replicate: bool) -> np.ndarray:
    """Bilinear samples in float64, one at a time."""
    height, width = pixels.shape[:2]
    inverse = np.linalg.inv(move.matrix)
    out = np.zeros((move.out_size[1], move.out_size[0], 3))
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            x, y, _ = inverse @ (column + 0.5, row + 0.5, 1.0)
            x, y = x - 0.5, y - 0.5
            left, top = math.floor(x), math.floor(y)
            for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
                at_y, at_x = top + down, left + right
                share = (y - top if down else 1 - y + top) * (x - left if right else 1 - x + left)
                if replicate:
                    at_y, at_x = min(max(at_y, 0), height - 1), min(max(at_x, 0), width - 1)
                if 0 <= at_y < height and 0 <= at_x < width:
                    out[row, column] += share * pixels[at_y, at_x]
    return out


CASES = [
    ((40, 30), 13.0, 1.1, (0.3, -2.7), (37, 29), False),
    ((40, 30), -170.0, 0.8, (5.0, 1.0), (24, 50), False),
    ((17, 9), 45.0, 3.0, (0.0, 0.0), (33, 21), False),
    ((64, 48), 0.0, 1.3, (0.4, 0.2), (40, 30), True),
    ((5, 4), 5.0, 1.0, (0.0, 0.0), (6, 5), False),
    ((20, 20), 30.0, 1.0, (500.0, 0.0), (9, 9), False),  # all of it outside
]


@pytest.mark.parametrize("case", CASES)
def test_samples_are_those_of_a_naive_loop(case):
    *view, replicate = case
    move, pixels = turned(*view), picture(*view[0])
    got = fused.warp(pixels, move, replicate)
    np.testing.assert_allclose(got, naive(pixels, move, replicate), atol=1.5)  # weights are 128ths, values are rounded
    assert np.abs(got - naive(pixels, move, replicate)).mean() < 0.4


@pytest.mark.parametrize("matrix", [None, MATRIX])
@pytest.mark.parametrize("table", [None, TABLE])
def test_colours_are_those_of_one_step_after_another(matrix, table):
    move, pixels = turned((40, 30), 13.0, 1.1, (0.3, -2.7), (37, 29)), picture(40, 30)
    exact = naive(pixels, move, replicate=False)
    if matrix is not None:
        exact = np.clip(exact @ matrix[:, :3].T + matrix[:, 3], 0, 255)
    got = fused.warp(pixels, move, False, matrix, table)
    if table is None:
        np.testing.assert_allclose(got, exact, atol=1.6)
        return
    near = np.stack([np.rint(np.clip(exact + off, 0, 255)).astype(np.intp) for off in (-1.5, -1, -0.5, 0, 0.5, 1, 1.5)])
    allowed = np.stack([np.stack([table[n[..., i], i] for i in range(3)], -1) for n in near])
    assert (allowed == got).any(axis=0).all()


@pytest.mark.parametrize("case", CASES)
def test_vector_and_plain_code_give_the_same_bytes(case):
    """A result of one column takes the plain code; asking for it column by column must give the same picture."""
    *view, replicate = case
    move, pixels = turned(*view), picture(*view[0])
    whole = fused.warp(pixels, move, replicate, MATRIX, TABLE)
    for column in range(whole.shape[1]):
        one = move.then(geometry.view(move.out_size, column, 0, 1, move.out_size[1], (1, move.out_size[1])))
        differ = (fused.warp(pixels, one, replicate, MATRIX, TABLE)[:, 0] != whole[:, column]).mean()
        assert differ <= 0.02, f"column {column}: {differ:.0%} differ"  # a start that is rounded anew may cross a 128th


def test_a_window_of_a_larger_picture_is_read_in_place():
    large = picture(90, 70)
    window = large[10:50, 20:60]
    move = turned((40, 40), 20.0, 1.2, (1.0, 2.0), (33, 31))
    assert np.array_equal(fused.warp(window, move, False), fused.warp(np.ascontiguousarray(window), move, False))
    assert np.array_equal(fused.warp(window[:, ::-1], move, False), fused.warp(np.ascontiguousarray(window[:, ::-1]), move, False))


def test_the_executor_gives_the_same_picture_without_it(monkeypatch):
    pixels = picture(96, 80)
    steps = [
        ("image.rotate", {"degrees": 11.0}),
        ("image.brightness", {"factor": 1.2}),
        ("image.contrast", {"factor": 0.8}),
        ("image.hue", {"degrees": 30.0}),
        ("image.solarize", {"threshold": 100.0}),
        ("image.cutout", {"scale": 0.1, "x": 0.4, "y": 0.5, "fill": 200}),
        ("image.brightness", {"factor": 0.9}),
    ]
    program = compile_steps(steps[:4], (96, 80))
    with_tables = compile_steps(steps, (96, 80))
    ours, ours_tables = executor.run(program, pixels), executor.run(with_tables, pixels)
    for name in ("_FUNCTION", "_TABLES", "_NEAREST"):
        monkeypatch.setattr(fused, name, None)
    theirs, theirs_tables = executor.run(program, pixels), executor.run(with_tables, pixels)
    differ = np.abs(ours.astype(int) - theirs)
    assert differ.max() <= 2 and differ.mean() < 0.5
    assert (np.abs(ours_tables.astype(int) - theirs_tables) <= 3).mean() > 0.99  # a table tears neighbouring levels apart


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (3, 21, 3), (5, 22, 3), (33, 65, 3), (64, 64, 3)])
def test_tables_are_looked_up_channel_by_channel(shape):
    if fused.look_up(np.zeros((1, 1, 3), np.uint8), TABLE) is None:
        pytest.skip("this processor has no fast way")
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    grey = np.repeat(RNG.permutation(256).astype(np.uint8)[:, None], 3, axis=1)
    for table in (TABLE, grey):
        want = np.stack([table[pixels[..., channel], channel] for channel in range(3)], axis=-1)
        assert np.array_equal(fused.look_up(pixels, table), want)
    matrix = np.array(((1.3, 0, 0, -20.0), (0, -1.0, 0, 255.0), (0, 0, 0.4, 7.5)))
    want = np.clip(pixels @ matrix[:, :3].T + matrix[:, 3], 0, 255)
    assert np.abs(fused.look_up(pixels, matrix) - want).max() <= 0.5 + 1e-9
    assert np.abs(executor.recolour(pixels, matrix) - want).max() <= 0.5 + 1e-9
    np.testing.assert_allclose(
        executor.recolour(pixels, MATRIX), np.clip(pixels @ MATRIX[:, :3].T + MATRIX[:, 3], 0, 255), atol=1
    )  # OpenCV's


@pytest.mark.parametrize("case", CASES)
def test_a_sample_is_of_nearest_pixels(case):
    *view, _ = case
    move, pixels = turned(*view), picture(*view[0])
    got, inverse = fused.sample(pixels, move), np.linalg.inv(move.matrix)
    for row in range(got.shape[0]):
        for column in range(got.shape[1]):
            x, y, _ = inverse @ (column + 0.5, row + 0.5, 1.0)
            if min(abs(x - round(x)), abs(y - round(y))) < 1e-6:  # between two pixels
                continue
            inside = 0 <= x < pixels.shape[1] and 0 <= y < pixels.shape[0]
            assert np.array_equal(got[row, column], pixels[int(y), int(x)] if inside else (0, 0, 0))


def test_what_does_not_fit_is_left_to_opencv():
    move = turned((40, 30), 13.0, 1.1, (0.3, -2.7), (37, 29))
    assert fused.fits(picture(40, 30), move)
    assert not fused.fits(np.zeros((30, 40, 4), np.uint8), move)
    assert not fused.fits(np.zeros((30, 40, 3), np.float32), move)
    tilt = geometry.four_points((40, 30), ((0, 0), (40, 3), (38, 30), (2, 28)))
    assert not fused.fits(picture(40, 30), tilt)
    assert not fused.fits(picture(40, 30), geometry.affine((40, 30), 0.0, 0.0, 0.0, 0.0))
