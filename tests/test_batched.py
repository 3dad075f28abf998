"""The torch executor of pictures against the one for single pictures (OpenCV), scipy, torch's own resizing, and naive loops.

Tolerances, in levels of 255. uint8, one op: 1 everywhere, as OpenCV rounds weights and matrices to a few bits; 0 for what copies
pixels, looks up tables, covers, or has no torch version. Float pictures are not rounded in between: 1.5 from the uint8 result, 1e-9
from scipy in float64. Several ops in turn: what a threshold, a histogram or JPEG makes of one level may be many, in few pixels.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torch.nn import functional

from mmaug.effects import geometry
from mmaug.errors import MmaugError
from mmaug.modalities.image import executor as alone
from mmaug.modalities.image.batched import executor
from mmaug.modalities.image.batched.canvas import on_canvas
from mmaug.modalities.image.batched.kernels import KERNELS
from mmaug.modalities.image.batched.resize import Window, resize
from mmaug.modalities.image.batched.warp import warp
from mmaug.modalities.image.program import Program, compile_steps
from mmaug.registry import OPS
from mmaug.testing.ops import at_strength

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
NATIVE = [name for name, op in OPS.items() if op.modality == "image" and not name.startswith("image.alb.")]
JUMPS = {"image.solarize", "image.solarize_add", "image.posterize", "image.equalize", "image.jpeg", "image.clahe", "image.salt_and_pepper"}
"""Ops that make many levels of one."""

COPIES = {f"image.{name}" for name in ("horizontal_flip", "vertical_flip", "transpose", "rotate90", "channel_shuffle", "invert")}
IN_TORCH = {"image.gaussian_blur", "image.sharpness"}


def drawn_picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Smooth waves with a little noise, and an edge."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    waves = [128 + 60 * np.sin(x / 5) + 60 * np.cos(y / 6), 128 + 110 * np.sin((x + y) / 7), 128 + 100 * np.cos((x - 2 * y) / 14)]
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 3))
    return np.clip(np.rint(np.stack(waves, -1) + noise + 60 * (x > width / 3)[..., None]), 0, 255).astype(np.uint8)


@cache
def pictures() -> tuple[np.ndarray, ...]:
    """Drawn ones of odd sizes; photos too where they are at hand."""
    photos = [DATA / "golden" / "hopper.png", *sorted((DATA / "coco").rglob("*.jpg"))[:2]] if DATA.is_dir() else []
    return drawn_picture(50, 37), drawn_picture(64, 96, 1), *(np.asarray(Image.open(path).convert("RGB")) for path in photos)


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def to_pixels(picture: torch.Tensor) -> np.ndarray:
    return picture.permute(1, 2, 0).numpy()


def program(pixels: np.ndarray, *steps: tuple[str, dict]) -> Program:
    return compile_steps(steps, (pixels.shape[1], pixels.shape[0]))


def draws(name: str) -> list[dict]:
    """Steps of an op: weak to strong, its numbers all over the place."""
    rng = np.random.default_rng(1)
    return [at_strength(OPS[name], strength, tuple(rng.uniform(size=10).tolist())) for strength in (0.15, 0.5, 1.0)]


def mixed(count: int, seed: int, names: list[str]) -> tuple[list[Program], list[np.ndarray]]:
    """Programs of four ops each, on pictures of several sizes."""
    rng = np.random.default_rng(seed)
    seen = [pictures()[number % len(pictures())] for number in range(count)]
    steps = [
        [(names[n], at_strength(OPS[names[n]], rng.uniform(0.1, 1.0), tuple(rng.uniform(size=10).tolist()))) for n in picked]
        for picked in rng.integers(0, len(names), (count, 4))
    ]
    return [program(pixels, *run) for pixels, run in zip(seen, steps, strict=True)], seen


# -- the same as one by one -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NATIVE)
def test_each_op_is_that_of_the_executor_for_one(name):
    programs = [(program(pixels, (name, params)), pixels) for pixels in pictures() for params in draws(name)]
    out = executor.run([made for made, _ in programs], [to_tensor(pixels) for _, pixels in programs])
    exact = name in COPIES or OPS[name].family in ("tone", "erase") or (OPS[name].family == "filter" and name not in IN_TORCH)
    for (made, pixels), picture in zip(programs, out, strict=True):
        expected = alone.run(made, pixels)
        assert picture.dtype == torch.uint8 and to_pixels(picture).shape == expected.shape
        off = np.abs(to_pixels(picture).astype(int) - expected)
        assert off.max() <= (0 if exact else 1) and off.mean() < 0.2, f"{off.max()}, {off.mean()} on average"


@pytest.mark.parametrize("name", sorted(set(NATIVE) - JUMPS))
def test_floats_are_the_same_but_not_rounded(name):
    programs = [(program(pixels, (name, params)), pixels) for pixels in pictures() for params in draws(name)]
    out = executor.run([made for made, _ in programs], [to_tensor(pixels) / 255 for _, pixels in programs])
    for (made, pixels), picture in zip(programs, out, strict=True):
        assert picture.dtype == torch.float32
        assert np.abs(to_pixels(picture) * 255 - alone.run(made, pixels)).max() <= 1.5


CROP = {"scale": 1.0, "ratio": 1.0, "x": 0.0, "y": 0.0}
CORNERS = {f"{corner}_{axis}": 0.3 + 0.1 * number for number, corner in enumerate("abcd") for axis in "xy"}
RUNS = {
    "nothing enters": [("image.horizontal_flip", {}), ("image.random_resized_crop", {**CROP, "size": [90, 110]})],
    "shrinks": [("image.rotate", {"degrees": 10.0}), ("image.scale", {"factor": 0.3})],
    "shrinks one way": [("image.rotate", {"degrees": 5.0}), ("image.random_resized_crop", {**CROP, "ratio": 7.0, "size": [30, 9]})],
    "shrinks, tilted": [("image.perspective", {"scale": 0.5, **CORNERS}), ("image.scale", {"factor": 0.4})],
    "bent, then tilted": [("image.elastic", {"amount": 0.05, "cells": 4, "seed": 3}), ("image.perspective", {"scale": 0.4, **CORNERS})],
    "tilted, then bent": [("image.perspective", {"scale": 0.4, **CORNERS}), ("image.elastic", {"amount": 0.05, "cells": 4, "seed": 3})],
    "bent and shrunk": [("image.elastic", {"amount": 0.05, "cells": 4, "seed": 3}), ("image.scale", {"factor": 0.4})],
    "measured, then moved": [("image.auto_contrast", {}), ("image.contrast", {"factor": 1.4}), ("image.rotate", {"degrees": 20.0})],
    "bent, measured, moved": [
        ("image.elastic", {"amount": 0.3, "cells": 4, "seed": 3}), ("image.equalize", {}), ("image.rotate", {"degrees": 20.0}),
    ],
    "covers on covers": [
        ("image.cutout", {"scale": 0.2, "x": 0.4, "y": 0.4, "fill": 30}), ("image.brightness", {"factor": 1.5}),
        ("image.cutout", {"scale": 0.2, "x": 0.6, "y": 0.5, "fill": 200}), ("image.rotate", {"degrees": 20.0}),
        ("image.invert", {}), ("image.cutout", {"scale": 0.1, "x": 0.5, "y": 0.6, "fill": 90}),
    ],
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS)
def test_what_two_ops_do_together(run):
    programs = [program(pixels, *RUNS[run]) for pixels in pictures()]
    for made, pixels, picture in zip(programs, pictures(), executor.run(programs, list(map(to_tensor, pictures()))), strict=True):
        off = np.abs(to_pixels(picture).astype(int) - alone.run(made, pixels))
        assert np.quantile(off, 0.999) <= 3 and off.max() <= 9 and off.mean() < 0.3, (off.mean(), off.max())


def test_runs_of_ops_are_those_of_the_executor_for_one():
    programs, seen = mixed(60, 2, sorted(set(NATIVE) - JUMPS))
    for made, pixels, picture in zip(programs, seen, executor.run(programs, list(map(to_tensor, seen))), strict=True):
        off = np.abs(to_pixels(picture).astype(int) - alone.run(made, pixels))
        assert off.mean() < 1.0 and np.quantile(off, 0.99) <= 3, (off.mean(), off.max())


def test_few_pixels_jump_with_thresholds():
    programs, seen = mixed(40, 3, NATIVE)
    for made, pixels, picture in zip(programs, seen, executor.run(programs, list(map(to_tensor, seen))), strict=True):
        off = np.abs(to_pixels(picture).astype(int) - alone.run(made, pixels))
        assert (off > 6).mean() < 0.05, (off.mean(), off.max())


def test_what_has_a_torch_version():
    """All other kernels go one by one."""
    assert {f"image.{function.__name__}" for function in KERNELS} == IN_TORCH
    assert all(OPS[name].family == "filter" and OPS[name].function in KERNELS for name in IN_TORCH)


def test_a_table_before_what_is_measured():
    pixels = drawn_picture(40, 30)
    made = program(pixels, ("image.posterize", {"bits": 3.0}), ("image.contrast", {"factor": 1.5}))
    (picture,) = executor.run([made], [to_tensor(pixels)])
    table = alone.run(program(pixels, ("image.posterize", {"bits": 3.0})), pixels)
    expected = alone.run(program(table, ("image.contrast", {"factor": 1.5})), table)
    assert np.abs(to_pixels(picture).astype(int) - expected).max() <= 1


# -- what comes in, what goes out -------------------------------------------------------------------------------------


def test_what_a_row_becomes_does_not_depend_on_its_batch():
    programs, seen = mixed(36, 4, NATIVE)
    for tensors in (list(map(to_tensor, seen)), [to_tensor(pixels) / 255 for pixels in seen]):
        together = executor.run(programs, tensors)
        order = np.random.default_rng(0).permutation(len(seen)).tolist()
        shuffled = executor.run([programs[n] for n in order], [tensors[n] for n in order], memory_mb=1.5)
        for place, number in enumerate(order):
            assert torch.equal(shuffled[place], together[number])
        for number in range(0, len(seen), 5):
            assert torch.equal(executor.run([programs[number]], [tensors[number]])[0], together[number])


def test_what_comes_in_is_not_changed_and_not_shared():
    programs, seen = mixed(30, 5, NATIVE)
    crop = program(seen[0], ("image.random_resized_crop", {"scale": 0.5, "ratio": 1.0, "x": 0.3, "y": 0.3, "size": None}))
    window = geometry.view((seen[0].shape[1], seen[0].shape[0]), 3, 4, 20, 10, (20, 10))
    programs, seen = [*programs, crop], [*seen, seen[0]]
    tensors = list(map(to_tensor, seen))
    before = [tensor.clone() for tensor in tensors]
    for tensor, kept, out, made in zip(tensors, before, executor.run(programs, tensors), programs, strict=True):
        assert torch.equal(tensor, kept)
        assert made.is_identity or out.untyped_storage().data_ptr() != tensor.untyped_storage().data_ptr()
    cut = warp([(0, tensors[0], window)], 2**20)[0]
    assert torch.equal(cut, tensors[0][:, 4:14, 3:23]) and cut.untyped_storage().data_ptr() != tensors[0].untyped_storage().data_ptr()


def test_a_program_that_does_nothing_gives_the_same_bytes():
    floats = to_tensor(pictures()[0]) / 255
    nothing = program(pictures()[0], ("image.rotate", {"degrees": 0.0}))
    assert torch.equal(executor.run([nothing], [to_tensor(pictures()[0])])[0], to_tensor(pictures()[0]))
    assert torch.equal(executor.run([nothing], [floats])[0], floats)


def test_all_that_is_made_lies_on_the_device_of_the_pictures():
    """On "meta" nothing is computed, but tensors of two devices do not go together. What must be read back cannot be run there."""
    pixels = drawn_picture(50, 37)
    ran = 0
    for name in NATIVE:
        if OPS[name].family in ("geometry", "colour", "erase") or name == "image.sharpness":
            for params in draws(name):
                made = program(pixels, (name, params))
                for dtype in (torch.uint8, torch.float32):
                    (out,) = executor.run([made], [to_tensor(pixels).to("meta", dtype)])
                    assert out.device.type == "meta" and (out.shape[2], out.shape[1]) == made.geometry.out_size and out.dtype == dtype
                    ran += 1
    assert ran > 100


def test_one_tensor_is_a_batch_too():
    pixels = drawn_picture(20, 20)
    made = program(pixels, ("image.invert", {}))
    out = executor.run([made, made], torch.stack([to_tensor(pixels)] * 2))
    assert torch.equal(torch.stack(out), 255 - torch.stack([to_tensor(pixels)] * 2)) and executor.run([], []) == []


@pytest.mark.parametrize(
    "picture", [torch.zeros(1, 4, 4, dtype=torch.uint8), torch.zeros(3, 4, dtype=torch.uint8), torch.zeros(3, 4, 4, dtype=torch.int64)]
)
def test_other_pictures_are_refused(picture):
    with pytest.raises(MmaugError, match="picture 0: must be uint8, float32 or float64"):
        executor.run([compile_steps([("image.invert", {})], (4, 4))], [picture])
    with pytest.raises(MmaugError, match="one program a picture, got 0 for 1"):
        executor.run([], [picture])


# -- independent judges -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["image.rotate", "image.shear_x", "image.perspective", "image.translate_y", "image.affine"])
def test_sampling_is_scipys(name):
    """Black beyond the border, blended in between pixels: scipy's "grid-constant"."""
    pixels = drawn_picture(41, 30)
    for params in draws(name)[:2]:
        move = OPS[name].function((41, 30), **params)
        x, y = np.meshgrid(np.arange(41) + 0.5, np.arange(30) + 0.5)
        from_x, from_y = (move.back().points(np.stack([x.ravel(), y.ravel()], 1)) - 0.5).T.reshape(2, 30, 41)
        expected = np.stack(
            [ndimage.map_coordinates(pixels[..., c] / 255, [from_y, from_x], order=1, mode="grid-constant") for c in range(3)], axis=-1
        )
        made = program(pixels, (name, params))
        (out,) = executor.run([made], [to_tensor(pixels).double() / 255])
        np.testing.assert_allclose(to_pixels(out), expected, atol=1e-9)


@pytest.mark.parametrize("size", [(20, 12), (16, 30), (50, 37), (90, 80), (7, 90), (50, 10)])
def test_resizing_averages_and_interpolates(size):
    """Along each side torch's own: area where it shrinks by a whole number, bilinear where it grows; a loop for the rest."""
    pixels = drawn_picture(50, 37)
    floats = to_tensor(pixels).double()[None]
    got = resize(floats, [Window((0, 0, 50, 37), size)], size)
    across, down = naive_weights(50, size[0]), naive_weights(37, size[1])
    np.testing.assert_allclose(got[0].numpy(), np.einsum("oy,cyx,px->cop", down, floats[0].numpy(), across), atol=1e-9)
    if size[0] >= 50 and size[1] >= 37:
        theirs = functional.interpolate(floats, (size[1], size[0]), mode="bilinear", align_corners=False)
        np.testing.assert_allclose(got.numpy(), theirs.numpy(), atol=1e-9)


def naive_weights(before: int, after: int) -> np.ndarray:
    weights = np.zeros((after, before))
    for out in range(after):
        for number in range(before):
            if after < before:
                start, end = out * before / after, (out + 1) * before / after
                weights[out, number] = max(0.0, min(end, number + 1) - max(start, number)) * after / before
            else:
                middle = min(max((out + 0.5) * before / after - 0.5, 0.0), before - 1.0)
                weights[out, number] = max(0.0, 1 - abs(middle - number))
    return weights


def test_shrinking_by_whole_numbers_is_the_mean_of_blocks():
    floats = torch.rand(2, 3, 24, 36, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    got = resize(floats, [Window((0, 0, 36, 24), (12, 6))] * 2, (12, 6))
    np.testing.assert_allclose(got.numpy(), functional.avg_pool2d(floats, (4, 3)).numpy(), atol=1e-12)


def test_pictures_of_several_sizes_share_a_canvas_without_touching():
    """Each is resized from its own window to its own size; beyond is black."""
    small, large = to_tensor(drawn_picture(50, 37)), to_tensor(drawn_picture(60, 64))
    canvas = on_canvas([small, large], torch.float64)
    assert canvas.shape == (2, 3, 64, 64)
    got = resize(canvas, [Window((0, 0, 50, 37), (20, 20)), Window((10, 4, 60, 64), (32, 24))], (32, 32))
    np.testing.assert_allclose(got[0, :, :20, :20].numpy(), resize(small.double()[None], [Window((0, 0, 50, 37), (20, 20))], (20, 20))[0])
    np.testing.assert_allclose(
        got[1, :, :24].numpy(), resize(large[:, 4:64, 10:60].double()[None], [Window((0, 0, 50, 60), (32, 24))], (32, 24))[0]
    )
    assert not got[0, :, 20:].any() and not got[0, :, :, 20:].any() and not got[1, :, 24:].any()


# -- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        ("image.rotate", {"degrees": 20.0}),
        ("image.random_resized_crop", {"scale": 0.4, "ratio": 1.1, "x": 0.3, "y": 0.6, "size": [128, 128]}),
        ("image.scale", {"factor": 0.3}),
        ("image.brightness", {"factor": 0.5}),
        ("image.equalize", {}),
        ("image.gamma", {"exponent": 1.4}),
        ("image.cutout", {"scale": 0.2, "x": 0.5, "y": 0.5, "fill": 128}),
        ("image.gaussian_blur", {"sigma": 0.01}),
        ("image.sharpness", {"factor": 1.5}),
        ("image.elastic", {"amount": 0.05, "cells": 6, "seed": 1}),
    ],
    ids=lambda step: step[0],
)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_memory_stays_below_the_bound(step, dtype, monkeypatch):
    monkeypatch.setattr(executor, "_CACHE", 2**40)
    pixels = drawn_picture(200, 224)
    given = [to_tensor(pixels) if dtype == torch.uint8 else to_tensor(pixels) / 255 for _ in range(24)]
    programs = [program(pixels, step)] * len(given)
    executor.run(programs[:1], given[:1])
    peak, kept = peak_bytes(lambda: executor.run(programs, given, memory_mb=10.0))
    scaled = (sum(picture.nbytes for picture in given) + kept) * (dtype != torch.uint8)  # floats are held twice
    assert peak - kept - scaled < 10 * 2**20, f"{(peak - kept - scaled) / 2**20:.1f} MB"
    many, _ = peak_bytes(lambda: executor.run(programs, given, memory_mb=1024.0))
    assert dtype != torch.uint8 or many - kept > 10 * 2**20, "the bound is what holds it there"


def peak_bytes(call) -> tuple[int, int]:
    """The most bytes that torch held on the CPU during a call, beyond those before, and the bytes of its result."""
    with torch.profiler.profile(profile_memory=True, acc_events=True) as profile:
        out = call()
    moves = sorted((event.start_ns(), event.nbytes()) for event in profile.profiler.kineto_results.events() if event.name() == "[memory]")
    return int(np.cumsum([size for _, size in moves]).max()), sum(picture.nbytes for picture in out)
