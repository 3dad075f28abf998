"""Files written again: same format, same kind of samples, exact where the format is, the same bytes at any time."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
import soundfile
from io_folders import mask, picture, tone
from PIL import Image

from mmaug.io import images, media, sounds


def _again(path):
    value, encoding = media.read(path, "here")
    return value, media.write(value, encoding)[1]


@pytest.mark.parametrize(
    ("ending", "mode"),
    [("png", "RGB"), ("png", "RGBA"), ("png", "L"), ("png", "LA"), ("png", "1"), ("bmp", "RGB"), ("bmp", "L"), ("tif", "RGB"),
     ("tif", "CMYK"), ("webp", "RGB"), ("webp", "RGBA")],
)  # fmt: skip
def test_lossless_pictures_come_back_exactly(tmp_path, ending, mode):
    made = picture(1, mode=mode)
    if mode == "RGBA":
        made.putalpha(Image.linear_gradient("L").resize(made.size))
    made.save(tmp_path / f"a.{ending}", **({"lossless": True} if ending == "webp" else {}))
    value, data = _again(tmp_path / f"a.{ending}")
    back = Image.open(io.BytesIO(data))
    assert back.format == images.FORMATS[f".{ending}"]
    assert back.mode == value.mode == mode
    assert np.array_equal(np.asarray(back), np.asarray(made))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_jpeg_keeps_mode_and_subsampling(tmp_path, mode, subsampling):
    picture(1, 200, 100, mode).save(tmp_path / "a.jpg", quality=90, subsampling=subsampling)
    value, data = _again(tmp_path / "a.jpg")
    back = Image.open(io.BytesIO(data))
    assert back.mode == mode
    if mode == "RGB":
        from PIL import JpegImagePlugin

        assert JpegImagePlugin.get_sampling(back) == subsampling
    assert np.abs(np.asarray(back).astype(int) - np.asarray(value).astype(int)).mean() < 2


def test_lossy_webp_stays_lossy(tmp_path):
    picture(1, 200, 100).save(tmp_path / "a.webp", quality=80)
    assert media.read(tmp_path / "a.webp", "here")[1].saving == {"quality": 95}


def test_colour_profile_is_kept_and_orientation_is_not(tmp_path):
    from PIL import ImageCms

    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture(0).save(tmp_path / "a.jpg", exif=exif, icc_profile=profile)
    back = Image.open(io.BytesIO(_again(tmp_path / "a.jpg")[1]))
    assert back.info["icc_profile"] == profile
    assert back.getexif().get(0x0112, 1) == 1
    assert back.size == (32, 48)


def test_a_mode_that_the_format_cannot_hold_becomes_the_nearest():
    assert Image.open(io.BytesIO(images.encode(picture(0, mode="RGBA"), ".jpg", {}))).mode == "RGB"
    clear = picture(0, mode="LA")
    clear.putalpha(77)
    assert Image.open(io.BytesIO(images.encode(clear, ".webp", {"lossless": True}))).mode == "RGBA"


def test_a_mask_is_never_written_with_loss(tmp_path):
    mask().save(tmp_path / "m.jpg", quality=30)
    value, encoding = media.read(tmp_path / "m.jpg", "here", deep=True)
    ending, data = media.write(value, encoding, exact=True)
    assert ending == ".png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(value))


@pytest.mark.parametrize(
    ("ending", "subtype"),
    [("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "PCM_U8"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("flac", "PCM_24")],
)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_recordings_come_back_exactly(tmp_path, ending, subtype, channels):
    soundfile.write(tmp_path / f"a.{ending}", tone(1, channels=channels), 8000, subtype=subtype)
    _, data = _again(tmp_path / f"a.{ending}")
    after = soundfile.info(io.BytesIO(data))
    assert (after.format, after.subtype, after.samplerate) == (ending.upper(), subtype, 8000)
    before = soundfile.read(tmp_path / f"a.{ending}", dtype="float32")[0]
    assert np.array_equal(before, soundfile.read(io.BytesIO(data), dtype="float32")[0])


@pytest.mark.parametrize(("ending", "subtype"), [("wav", "PCM_16"), ("wav", "PCM_24"), ("flac", "PCM_16")])
def test_loud_samples_are_clipped_and_do_not_wrap(ending, subtype):
    loud = {"array": np.array([1.5, 1.0, -1.0, -3.0, 0.5], np.float32), "sampling_rate": 8000}
    data = sounds.encode(loud, {"format": ending.upper(), "subtype": subtype})
    back = soundfile.read(io.BytesIO(data), dtype="float32")[0]
    assert np.allclose(back, [1, 1, -1, -1, 0.5], atol=1e-4)


def test_float_recordings_are_not_clipped():
    loud = {"array": np.array([1.5, -3.0], np.float32), "sampling_rate": 8000}
    assert soundfile.read(io.BytesIO(sounds.encode(loud, {"format": "WAV", "subtype": "FLOAT"})))[0].tolist() == [1.5, -3.0]


@pytest.mark.parametrize(("format", "subtype"), [("WAV", "FLOAT"), ("OGG", "VORBIS"), ("FLAC", "PCM_16")])
def test_the_same_sound_gives_the_same_bytes_at_any_time(format, subtype):
    """libsndfile writes the time into float WAV files and a random number into Ogg pages."""
    sound = {"array": tone(1, 20000).T, "sampling_rate": 16000}
    first = sounds.encode(sound, {"format": format, "subtype": subtype})
    time.sleep(1.1)
    assert sounds.encode(sound, {"format": format, "subtype": subtype}) == first
    back, rate = soundfile.read(io.BytesIO(first), dtype="float32")
    assert rate == 16000
    assert back.shape == (20000, 2)
    assert np.abs(back - sound["array"].T).max() < 0.1
