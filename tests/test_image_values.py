"""Every form a picture may come in goes out again, moved as a plain array is moved, and is never changed."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import mmaug as mm
from mmaug.errors import RowError
from mmaug.modalities.image import executor, values
from mmaug.modalities.image.program import compile_steps

W, H = 24, 16
FLIP = compile_steps([("image.horizontal_flip", {})], (W, H))
COLOURED = np.random.default_rng(0).integers(0, 256, (H, W, 3), dtype=np.uint8)


def through(value, program=FLIP):
    pixels, restore = values.to_pixels(value)
    return restore(executor.run(program, pixels))


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "YCbCr"])
def test_pil_modes_come_back_flipped(mode):
    picture = Image.fromarray(COLOURED).convert(mode)
    if mode in ("RGBA", "LA"):
        picture.putalpha(Image.fromarray(COLOURED[..., 0]))
    before = picture.tobytes()
    out = through(picture)
    assert out.mode == mode and out.size == (W, H) and picture.tobytes() == before
    slack = 3 if mode == "YCbCr" else 0  # the way to RGB and back rounds
    assert np.abs(np.asarray(out).astype(int) - np.asarray(ImageOps.mirror(picture)).astype(int)).max() <= slack


@pytest.mark.parametrize("mode", ["P", "CMYK", "1"])
def test_modes_that_cannot_hold_every_colour_show_the_same(mode):
    picture = Image.fromarray(COLOURED).convert(mode)
    out = through(picture)
    shown, expected = (np.asarray(p.convert("RGB")).astype(int) for p in (out, ImageOps.mirror(picture)))
    assert np.abs(shown - expected).max() <= 1
    assert out.mode == {"P": "RGB", "CMYK": "CMYK", "1": "L"}[mode]


def test_a_palette_with_a_transparent_colour_keeps_its_transparency():
    picture = Image.fromarray(COLOURED[..., 0] // 64).convert("P")
    picture.info["transparency"] = 0
    out = through(picture)
    assert out.mode == "RGBA"
    assert np.array_equal(np.asarray(out)[..., 3] == 0, (COLOURED[..., 0] // 64 == 0)[:, ::-1])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_seen_and_dropped(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(COLOURED).save(file, "PNG", exif=exif)
    picture = Image.open(file)
    upright = ImageOps.exif_transpose(Image.open(file))
    look = values.look(picture, "image")
    assert look.size == upright.size
    program = compile_steps([("image.horizontal_flip", {})], look.size)
    out = through(picture, program)
    assert np.array_equal(np.asarray(out), np.asarray(upright)[:, ::-1])
    assert out.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("shape", [(H, W), (H, W, 1), (H, W, 3), (H, W, 4)])
def test_arrays(shape):
    array = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    array.flags.writeable = False
    out = through(array)
    assert out.shape == shape and out.dtype == np.uint8 and np.array_equal(out, array[:, ::-1])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tensors(channels):
    tensor = torch.randint(0, 256, (channels, H, W), dtype=torch.uint8)
    before = tensor.clone()
    out = through(tensor)
    assert out.shape == tensor.shape and out.dtype == torch.uint8 and torch.equal(out, tensor.flip(-1)) and torch.equal(tensor, before)
    assert torch.equal(through(tensor.flip(1)), tensor.flip(1).flip(-1))
    view = torch.randint(0, 256, (H, W, channels), dtype=torch.uint8).permute(2, 0, 1)
    assert torch.equal(through(view), view.flip(-1))


def graph(*ops) -> mm.TransformGraph:
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(image=mm.Image(), mask=mm.Mask(of="image", optional=True)))


def test_a_list_of_frames_shares_one_plan():
    frames = [COLOURED, 255 - COLOURED, COLOURED[::-1]]
    out = graph(mm.op("image.rotate", degrees=(-40, 40)), mm.op("image.hue", degrees=(-90, 90)))({"image": frames}, key="a")["image"]
    single = graph(mm.op("image.rotate", degrees=(-40, 40)), mm.op("image.hue", degrees=(-90, 90)))({"image": COLOURED}, key="a")["image"]
    assert isinstance(out, list) and len(out) == 3 and np.array_equal(out[0], single)
    with pytest.raises(RowError, match="one size"):
        graph(mm.op("image.invert"))({"image": [COLOURED, COLOURED[:5]]}, key="a")


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "1", "LA", "YCbCr"])
def test_strength_0_gives_the_very_picture_in_any_mode(mode):
    picture = Image.fromarray(COLOURED).convert(mode)
    ops = [mm.op(f"image.{name}", strength=0) for name in ("rotate", "translate_x", "random_resized_crop", "brightness", "hue", "cutout")]
    out = graph(*ops)({"image": picture}, key="a")["image"]
    assert out.mode == mode and out.tobytes() == picture.tobytes()


@pytest.mark.parametrize("mode", ["L", "P", "1", "I"])
def test_pil_masks_keep_their_mode(mode):
    labels = (COLOURED[..., 0] > 128).astype(np.uint8)
    mask = Image.fromarray(labels * 255).convert("1") if mode == "1" else Image.fromarray(labels).convert(mode)
    out = graph(mm.op("image.horizontal_flip"), mm.op("image.rotate90", turns=1))({"image": COLOURED, "mask": mask}, key="a")["mask"]
    assert out.mode == mode
    assert np.array_equal(np.asarray(out) > 0, np.rot90(labels[:, ::-1]) > 0)


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((3, 4, 4, 4), np.uint8),
        Image.new("I;16", (4, 4)), Image.new("F", (4, 4)), "a.png", None, [], torch.zeros(3, 4, 4), torch.zeros(4, 4, dtype=torch.uint8),
    ],
    ids=lambda v: f"{type(v).__name__}{getattr(v, 'shape', '')}",
)  # fmt: skip
def test_what_is_no_picture_is_a_clear_error(value):
    with pytest.raises(RowError, match="image"):
        graph(mm.op("image.invert"))({"image": value}, key="a")
