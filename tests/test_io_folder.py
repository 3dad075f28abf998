"""Reading folders: HuggingFace's conventions, and errors that name the line and the file."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from io_folders import SHARED, mask, picture, pictures, recordings, tone, write_rows
from PIL import Image

from mmaug.errors import RowError, SchemaError
from mmaug.io.folder import Folder


def test_a_row_has_its_metadata_and_its_files_opened(tmp_path):
    folder = Folder(pictures(tmp_path / "in"))
    key, row = folder.load(2)
    assert len(folder) == 6
    assert key == "images/2.png"
    assert list(row) == ["image", "mask", "width", "height", "captions", "boxes", "labels", "note"]
    assert np.array_equal(np.asarray(row["image"]), np.asarray(picture(2)))
    assert np.array_equal(np.asarray(row["mask"]), np.asarray(mask()))
    assert row["note"] == {"by": "us", "number": 2}


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_recordings_are_loaded_as_datasets_does(tmp_path, channels):
    soundfile.write(tmp_path / "a.wav", tone(1, channels=channels), 8000, subtype="FLOAT")
    write_rows(tmp_path, [{"file_name": "a.wav"}])
    sound = Folder(tmp_path).load(0)[1]["audio"]
    assert sound["sampling_rate"] == 8000
    assert sound["array"].dtype == np.float32
    assert np.array_equal(sound["array"], tone(1, channels=channels).T if channels > 1 else tone(1, channels=1)[:, 0])


def test_rows_may_have_several_files_and_no_main_one(tmp_path):
    picture(0).save(tmp_path / "a.png")
    soundfile.write(tmp_path / "a.wav", tone(0), 8000)
    one, two = {"frame_file_name": "a.png", "audio_file_name": "a.wav"}, {"frame_file_name": "./b.png", "audio_file_name": None}
    write_rows(tmp_path, [one, two])
    folder = Folder(tmp_path)
    key, row = folder.load(0)
    assert key == "a.png"
    assert row["frame"].size == (48, 32)
    assert row["audio"]["sampling_rate"] == 8000
    assert folder.key(1) == "./b.png"
    assert folder.files[1] == {"frame": "b.png", "audio": None}


def test_opening_reads_only_the_metadata(tmp_path):
    write_rows(tmp_path, [{"file_name": "absent.png"}])
    assert len(Folder(tmp_path)) == 1
    with pytest.raises(RowError, match=r"line 1: absent\.png: the file must be there"):
        Folder(tmp_path).load(0)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "LA"])
def test_pictures_keep_their_mode(tmp_path, mode):
    name = "a.jpg" if mode == "CMYK" else "a.png"
    picture(3, mode=mode).save(tmp_path / name)
    write_rows(tmp_path, [{"file_name": name}])
    assert Folder(tmp_path).load(0)[1]["image"].mode == mode


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(0).save(tmp_path / "a.png", exif=exif)
    write_rows(tmp_path, [{"file_name": "a.png"}])
    image = Folder(tmp_path).load(0)[1]["image"]
    assert image.size == (32, 48)
    assert np.array_equal(np.asarray(image), np.rot90(np.asarray(picture(0)), -1))


def test_schema_is_read_else_inferred(tmp_path):
    path = pictures(tmp_path / "in")
    assert Folder(path).schema().fields["boxes"].labels == "labels"
    (path / "schema.json").unlink()
    guessed = Folder(path).schema()
    assert guessed.fields["mask"].kind == "mask"
    assert guessed.fields["captions"].kind == "caption"
    assert guessed.notes
    assert Folder(recordings(tmp_path / "sound")).schema().fields["audio"].kind == "audio"


ROWS = {
    "no JSON": ('{"file_name": "0.png"}\n{"file_name": \n', r"line 2: must be a JSON object"),
    "a list": ('\n["0.png"]\n', r"line 2: must be a JSON object such as"),
    "no UTF-8": (b'{"file_name": "\xff.png"}\n', r"line 1: must be a JSON object"),
    "no file": ('{"file_name": "0.png"}\n{"caption": "a"}\n', r"line 2: must have 'file_name'"),
    "no file at all": ('{"caption": "a"}\n', r"line 1: must have 'file_name'.*got columns caption"),
    "null": ('{"file_name": null}\n', r"line 1: must have 'file_name'.*got None"),
    "number": ('{"file_name": 7}\n', r"line 1: must have 'file_name'.*got 7"),
    "twice": ('{"file_name": "0.png"}\n{"file_name": "1.png"}\n{"file_name": "./0.png"}\n', r"'0.png' on lines 1, 3"),
    "outside": ('{"file_name": "a/../../0.png"}\n', r"line 1: 'file_name' must be a path inside the folder"),
    "absolute": ('{"file_name": "/etc/0.png"}\n', r"line 1: 'file_name' must be a path inside the folder"),
    "mask outside": ('{"file_name": "0.png", "mask_file_name": "../0.png"}\n', r"line 1: 'mask_file_name' must be a path inside"),
    "other ending": ('{"file_name": "0.mov"}\n', r"line 1: 'file_name' must end in one of .jpg"),
    "column twice": ('{"file_name": "0.wav", "audio": "loud"}\n', r"line 1: 'file_name' is loaded as 'audio', but the row has"),
    "mask twice": ('{"file_name": "0.png", "mask": 1, "mask_file_name": "1.png"}\n', r"'mask_file_name' is loaded as 'mask', but"),
    "lists": ('{"file_name": "0.png", "views_file_names": ["1.png"]}\n', r"line 1: 'views_file_names': lists of files"),
    "empty": ("\n\n", r"must hold at least one row"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_bad_metadata_is_named_by_line(tmp_path, name):
    text, message = ROWS[name]
    (tmp_path / "metadata.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SchemaError, match=message):
        Folder(tmp_path)


def test_no_folder_and_no_metadata(tmp_path):
    with pytest.raises(SchemaError, match="must be a folder"):
        Folder(tmp_path / "absent")
    with pytest.raises(SchemaError, match=r'must hold metadata.jsonl, a JSON object a line such as \{"file_name"'):
        Folder(tmp_path)


def _bad_files(path):
    picture(0, 200, 200).save(path / "whole.jpg")
    picture(0, 200, 200).save(path / "whole.png")
    for ending in ("jpg", "png"):
        data = (path / f"whole.{ending}").read_bytes()
        (path / f"cut.{ending}").write_bytes(data[: len(data) // 2])
    (path / "zero.png").write_bytes(b"")
    for ending in ("png", "jpg", "webp"):
        (path / f"noise.{ending}").write_bytes(bytes(range(256)))
    Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)).save(path / "grey16.png")
    _png_rgb16(path / "rgb16.png")
    picture(0).save(path / "two.png", save_all=True, append_images=[picture(1)])
    (path / "jpeg-as.png").write_bytes((path / "whole.jpg").read_bytes())
    soundfile.write(path / "none.wav", np.zeros((0, 1), np.float32), 8000)
    soundfile.write(path / "nan.wav", np.array([0, np.nan, 1], np.float32), 8000, subtype="FLOAT")
    soundfile.write(path / "whole.flac", tone(0, 40000), 8000)
    data = (path / "whole.flac").read_bytes()
    (path / "cut.flac").write_bytes(data[: len(data) // 2])
    (path / "zero.flac").write_bytes(b"")
    (path / "noise.flac").write_bytes(bytes(range(256)))


def _png_rgb16(path):
    """Pillow cannot write one: 1 x 1 pixel of 16 bits a channel, by hand."""
    import struct
    import zlib

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + b"\x12\x34" * 3)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


FILES = {
    "cut.jpg": "must be a whole JPEG picture", "cut.png": "must be a whole PNG picture", "zero.png": "an empty file",
    "noise.png": "must be a whole PNG picture", "noise.jpg": "must be a whole JPEG picture", "noise.webp": "must be a whole WEBP picture",
    "grey16.png": "must have 8 bits a channel", "rgb16.png": "must have 8 bits a channel",
    "two.png": "must hold one picture, got 2 frames", "jpeg-as.png": "must be a whole PNG picture",
    "none.wav": "at least one sample", "nan.wav": "got 1 that are NaN", "cut.flac": "", "zero.flac": "an empty file",
    "noise.flac": "must be a whole FLAC recording", "absent.jpg": "must be there and readable",
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_bad_files_are_named_with_their_line(tmp_path, name):
    _bad_files(tmp_path)
    write_rows(tmp_path, [{"file_name": "whole.jpg"}, {"file_name": name}])
    folder = Folder(tmp_path)
    folder.load(0)
    with pytest.raises(RowError, match=rf"metadata.jsonl line 2: {name}: .*{FILES[name]}"):
        folder.load(1)


def test_a_phones_picture_in_two_parts_is_read(tmp_path):
    """MPO: a JPEG with a second one behind it; the first is the picture."""
    picture(0).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[picture(1)])
    with Image.open(tmp_path / "a.jpg") as written:
        assert written.format == "MPO"
    write_rows(tmp_path, [{"file_name": "a.jpg"}])
    assert Folder(tmp_path).load(0)[1]["image"].size == (48, 32)


SKIPPED = ("no JSON", "a list", "no file", "null", "outside", "mask outside", "other ending", "column twice", "lists", "no UTF-8")


@pytest.mark.parametrize("name", SKIPPED)
def test_a_bad_row_is_left_out_and_kept_for_the_report(tmp_path, name):
    text, message = ROWS[name]
    text = text if isinstance(text, bytes) else text.encode()
    good = b'{"file_name": "good.png"}\n'
    (tmp_path / "metadata.jsonl").write_bytes(good + text + good.replace(b"good", b"last"))
    folder = Folder(tmp_path, skip=True)
    assert (folder.key(0), folder.key(len(folder) - 1)) == ("good.png", "last.png")
    assert len(folder.bad) == 1 and len(folder.files) == len(folder.lines) == len(folder)
    line, _, reason = folder.bad[0]
    assert re.search(re.sub(r"line (\d)", lambda m: f"line {int(m[1]) + 1}", message), reason)
    assert line not in folder.lines
    with pytest.raises(SchemaError):
        Folder(tmp_path)


def test_of_rows_with_one_name_the_first_is_good(tmp_path):
    write_rows(tmp_path, [{"file_name": "0.png"}, {"file_name": "1.png"}, {"file_name": "./0.png"}, {"file_name": "0.png", "n": 1}])
    folder = Folder(tmp_path, skip=True)
    assert folder.lines == [1, 2]
    assert [bad[:2] for bad in folder.bad] == [(3, "./0.png"), (4, "0.png")]
    assert "line 4: 'file_name' must name a file once, got '0.png' as on line 1" in folder.bad[1][2]


def test_a_folder_in_which_no_good_row_is_left(tmp_path):
    (tmp_path / "metadata.jsonl").write_text('{"file_name": 3}\n[]\n')
    with pytest.raises(SchemaError, match=r"must hold at least one row, got 2 bad ones, the first: metadata.jsonl line 1: must have"):
        Folder(tmp_path, skip=True)


def test_masks_may_have_16_bits(tmp_path):
    picture(0).save(tmp_path / "a.png")
    labels = np.arange(48 * 32, dtype=np.uint16).reshape(32, 48) * 40
    Image.fromarray(labels).save(tmp_path / "m.png")
    write_rows(tmp_path, [{"file_name": "a.png", "mask_file_name": "m.png"}])
    assert np.array_equal(np.asarray(Folder(tmp_path).load(0)[1]["mask"]), labels)


def test_reading_a_folder_needs_no_torch(tmp_path):
    code = "import sys; from mmaug.io.folder import Folder; Folder(sys.argv[1]).load(0); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, str(pictures(tmp_path / "in"))], check=True, timeout=60)


@pytest.mark.parametrize("name", ["coco", "esc10", "digit-strings", "fsdd", "coco-instances", "clotho-7"])
def test_real_folders_open(name):
    if not (SHARED / name / "metadata.jsonl").is_file():
        pytest.skip(f"no {name} in ../shared/data")
    folder = Folder(SHARED / name)
    lines = (SHARED / name / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    assert folder.rows == [json.loads(line) for line in lines]
    for number in range(0, len(folder), max(len(folder) // 5, 1)):
        key, row = folder.load(number)
        assert key == folder.rows[number]["file_name"]
        assert {"image", "audio"} & row.keys()
