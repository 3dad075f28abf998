"""Recordings as bytes, paths, whole numbers and decoders: what comes in goes out, and what is broken is said."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pytest
import soundfile
import torch
from io_folders import write_rows

import mmaug as mm
from mmaug.errors import RowError
from mmaug.io.augment import augment
from mmaug.io.folder import Folder
from mmaug.modalities.audio import values

RATE = 16000
SCHEMA = mm.Schema(audio=mm.Audio())
BACK = mm.op("audio.reverse")
FILES = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
         ("MP3", "MPEG_LAYER_III")]  # fmt: skip
LOSSY = ("OGG", "MP3")


def tone(channels: int = 1, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """A rising tone with a burst of another in its first quarter: float32 [samples] or [samples, channels]."""
    t = np.arange(round(seconds * rate)) / rate
    wave = 0.4 * np.sin(2 * np.pi * (300 + 200 * t) * t) + 0.3 * np.sin(2 * np.pi * 1000 * t) * (np.abs(t - seconds / 4) < 0.05)
    return (np.stack([wave, 0.5 * wave], 1) if channels == 2 else wave).astype(np.float32)


def as_bytes(samples: np.ndarray, form: str, subtype: str, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def run(value, *ops, **more):
    return mm.TransformGraph(mm.Policy.sequence(*ops or (BACK,)), schema=SCHEMA)({"audio": value, **more}, key=0)["audio"]


@pytest.mark.parametrize(("form", "subtype"), FILES)
@pytest.mark.parametrize("channels", [1, 2])
def test_bytes_go_out_as_bytes_of_the_same_format(form, subtype, channels):
    """Backwards, against soundfile and numpy: exactly where the format is exact, within 15 % of the strength where it is not."""
    data = as_bytes(tone(channels), form, subtype)
    value = {"bytes": data, "path": "a.sound"}
    out = run(value)
    info = soundfile.info(io.BytesIO(out["bytes"]))
    assert (info.format, info.subtype, info.channels, info.samplerate, info.frames) == (form, subtype, channels, RATE, RATE)
    assert out.keys() == {"bytes", "path"} and out["path"] == "a.sound" and value == {"bytes": data, "path": "a.sound"}
    before = soundfile.read(io.BytesIO(data), dtype="float32")[0][::-1]
    after = soundfile.read(io.BytesIO(out["bytes"]), dtype="float32")[0]
    if form in LOSSY:
        error = np.sqrt(np.mean((after - before) ** 2)) / np.sqrt(np.mean(before**2))
        assert error < 0.15
    else:
        assert np.array_equal(after, before)
    assert run(value)["bytes"] == out["bytes"], "the same step must give the same bytes"


def test_bytes_that_nothing_changes_stay_the_same_object():
    value = {"bytes": as_bytes(tone(), "OGG", "VORBIS"), "path": None}
    assert run(value, mm.op("audio.gain", db=0.0)) is value


def test_a_path_without_bytes_is_read(tmp_path):
    soundfile.write(tmp_path / "a.flac", tone(), RATE)
    out = run({"bytes": None, "path": str(tmp_path / "a.flac")})
    assert out["path"] == str(tmp_path / "a.flac")
    assert np.array_equal(soundfile.read(io.BytesIO(out["bytes"]))[0], soundfile.read(tmp_path / "a.flac")[0][::-1])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"bytes": None, "path": None}, "bytes of a recording or the path"), ({"bytes": None, "path": "/nowhere/a.wav"}, "No such file"),
        ({"bytes": b"", "path": None}, "0 bytes"), ({"bytes": b"RIFF and no more", "path": None}, "whole recording"),
        ({"bytes": as_bytes(tone(), "FLAC", "PCM_16")[:3000], "path": None}, "samples|whole recording"),
        ({"bytes": as_bytes(np.zeros(0, np.float32), "WAV", "PCM_16"), "path": None}, "at least one sample"),
        ({"bytes": as_bytes(np.array([0.1, np.nan], np.float32), "WAV", "FLOAT"), "path": None}, "NaN"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_recording_are_a_clear_error(value, says):
    with pytest.raises(RowError, match=says) as caught:
        run(value)
    assert "audio" in str(caught.value)


def test_annotations_follow_a_recording_in_bytes():
    schema = mm.Schema(audio=mm.Audio(), words=mm.Words(), seconds=mm.Size(of="audio", axis="duration"))
    row = {"audio": {"bytes": as_bytes(tone(), "MP3", "MPEG_LAYER_III"), "path": "a.mp3"}, "seconds": 1.0,
           "words": [{"text": "beep", "start": 0.2, "end": 0.3}]}  # fmt: skip
    out = mm.TransformGraph(mm.op("audio.time_stretch", rate=0.5), schema=schema)(row)
    assert out["words"] == [{"text": "beep", "start": 0.4, "end": 0.6}] and out["seconds"] == 2.0
    samples, rate = soundfile.read(io.BytesIO(out["audio"]["bytes"]))
    spectrum = [np.abs(np.fft.rfft(samples[round(a * rate) : round((a + 0.2) * rate)] * np.hanning(rate // 5)))[200] for a in (0.4, 1.4)]
    assert len(samples) == 2 * RATE and spectrum[0] > 5 * spectrum[1]  # 1000 Hz sounds where the word says


def test_whole_numbers_of_16_bits():
    """Against Python's own arithmetic: divided by 32768, and back, rounded and clipped."""
    array = np.array([0, 1, -1, 32767, -32768, 12345], np.int16)
    samples, back = values.to_samples((array, RATE), "audio")
    assert samples.dtype == np.float32 and samples.tolist() == [[n / 32768 for n in array.tolist()]]
    out, rate = back(samples)
    assert out.dtype == np.int16 and np.array_equal(out, array) and rate == RATE
    assert back(np.array([[2.0, -2.0, 0.4 / 32768, 0.6 / 32768]], np.float32))[0].tolist() == [32767, -32768, 0, 1]
    out = run({"array": np.stack([array, array]), "sampling_rate": RATE})["array"]
    assert out.dtype == np.int16 and np.array_equal(out, np.stack([array, array])[:, ::-1])
    out = run((torch.from_numpy(array), RATE))[0]
    assert out.dtype == torch.int16 and out.tolist() == array[::-1].tolist()


@dataclass
class Samples:
    """As `torchcodec.AudioSamples`."""

    data: torch.Tensor
    pts_seconds: float
    duration_seconds: float
    sample_rate: int


class Decoder:
    """As `torchcodec.decoders.AudioDecoder`: what a row of `datasets` holds where torchcodec is installed."""

    def __init__(self, samples: np.ndarray):
        self.samples = torch.from_numpy(samples)

    def get_all_samples(self) -> Samples:
        return Samples(self.samples, 0.0, self.samples.shape[-1] / RATE, RATE)


def test_a_decoder_of_torchcodec_is_heard():
    """The real one is no dependency; its shape is stood in for here. What goes out is what `datasets` takes in its place."""
    wave = tone(2).T.copy()
    out = run(Decoder(wave))
    assert out.keys() == {"array", "sampling_rate"} and out["sampling_rate"] == RATE and out["array"].dtype == np.float32
    assert np.array_equal(out["array"], wave[:, ::-1])
    still = Decoder(wave)
    assert run(still, mm.op("audio.gain", db=0.0)) is still
    with pytest.raises(RowError, match="finite"):
        run(Decoder(np.full((1, 8), np.nan, np.float32)))


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 96000, 192000])
def test_rates_from_8_to_192_khz(rate):
    wave = tone(2, 0.5, rate)
    out = run({"bytes": as_bytes(wave, "FLAC", "PCM_24", rate), "path": None}, mm.op("audio.time_crop", keep=0.5, start=1.0))
    info = soundfile.info(io.BytesIO(out["bytes"]))
    assert info.samplerate == rate and abs(info.frames - rate / 4) <= 1


def test_ten_minutes_of_ogg():
    """Written at once, a recording of this length crashes the Vorbis encoder of libsndfile 1.2.2."""
    wave = np.zeros((1, 600 * 8000), np.float32)
    wave[0, ::800] = 0.5
    value = {"bytes": as_bytes(np.zeros(8000, np.float32), "OGG", "VORBIS", 8000), "path": None}
    out = values.to_samples(value, "audio")[1](wave)
    assert soundfile.info(io.BytesIO(out["bytes"])).frames == wave.shape[1]


@pytest.mark.parametrize("value", [np.full(800, 0.5, np.float32), np.zeros(800, np.float32), np.array([0.25], np.float32)])
def test_dc_silence_and_one_sample_stay_finite(value):
    for name in (name for name in mm.OPS if name.startswith("audio.")):
        out = run({"array": value, "sampling_rate": 8000}, mm.op(name))["array"]
        assert np.isfinite(out).all() and out.ndim == 1 and out.dtype == np.float32, name


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_a_folder_of_recordings_is_augmented_in_its_own_format(tmp_path, ending):
    """In and out the same kind of file, with what is annotated on it."""
    write_rows(tmp_path / "in", [{"file_name": f"{n}.{ending}", "words": [{"text": "beep", "start": 0.2, "end": 0.3}]} for n in range(2)])
    for n in range(2):
        soundfile.write(tmp_path / "in" / f"{n}.{ending}", tone(1 + n), RATE)
    graph = mm.TransformGraph(BACK, schema=mm.Schema(audio=mm.Audio(), words=mm.Words()))
    augment(Folder(tmp_path / "in"), tmp_path / "out", graph)
    made = Folder(tmp_path / "out")
    for number in range(2):
        _, row = made.load(number)
        path = next((tmp_path / "out").rglob(made.rows[number]["file_name"]))
        assert path.suffix == f".{ending}" and row["words"] == [{"text": "beep", "start": 0.7, "end": 0.8}]
        before, after = soundfile.info(tmp_path / "in" / f"{number}.{ending}"), soundfile.info(path)
        assert (before.format, before.subtype, before.channels, before.frames) == (
            after.format,
            after.subtype,
            after.channels,
            after.frames,
        )
        wave = np.atleast_2d(row["audio"]["array"])[0]
        assert np.corrcoef(wave, (tone() if number == 0 else tone(2)[:, 0])[::-1])[0, 1] > 0.99
