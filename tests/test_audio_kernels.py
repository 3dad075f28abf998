"""The sound executor against numpy slicing, the Fourier transform and real recordings with known word times."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import mmaug as mm
from mmaug.errors import RowError
from mmaug.modalities.audio import executor, values

DIGITS = Path(__file__).resolve().parents[2] / "shared" / "data" / "digit-strings"
RATE = 16000


def run(samples: np.ndarray, *steps, rate: int = RATE) -> np.ndarray:
    program = executor.compile_steps(steps, samples.shape[-1] / rate, samples.shape[0])
    return executor.run(program, samples, rate)


def noise(seconds=1.0, channels=1, rate=RATE, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, round(seconds * rate))).astype(np.float32)


def tone(hertz: float, seconds=1.0, rate=RATE) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate))[None].astype(np.float32)


def shift(fraction):
    return ("audio.time_shift", {"fraction": fraction})


def crop(keep, start):
    return ("audio.time_crop", {"keep": keep, "start": start})


def stretch(rate):
    return ("audio.time_stretch", {"rate": rate})


REVERSE = ("audio.reverse", {})


@pytest.mark.parametrize("db", [-60.0, -12.0, -0.1, 3.0, 5.9])
def test_gain_is_exact_in_decibels(db):
    sound = noise()
    out = run(sound, ("audio.gain", {"db": db}))
    got = 20 * np.log10(np.sqrt(np.mean(out.astype(float) ** 2)) / np.sqrt(np.mean(sound.astype(float) ** 2)))
    assert got == pytest.approx(db, abs=1e-4)
    np.testing.assert_allclose(out, sound * 10 ** (db / 20), rtol=1e-6)


def test_gain_never_drives_a_sound_over_full_scale():
    out = run(noise(), ("audio.gain", {"db": 40.0}))
    assert np.abs(out).max() == pytest.approx(1.0, abs=1e-6)
    over = noise() * 4
    np.testing.assert_allclose(run(over, ("audio.gain", {"db": 6.0})), over, rtol=1e-6)  # already above: not made louder, not cut
    np.testing.assert_allclose(run(over, ("audio.gain", {"db": -6.0})), over * 10**-0.3, rtol=1e-6)
    assert not run(np.zeros((1, 100), np.float32), ("audio.gain", {"db": 60.0})).any()
    both = run(noise(), ("audio.gain", {"db": 20.0}), ("audio.gain", {"db": -20.0}))
    assert np.array_equal(both, noise())  # gains add up before the guard


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("n", [1000, 1001, 7, 1])
def test_time_ops_are_numpys_slices(channels, n):
    sound = noise(n / RATE, channels)
    assert np.array_equal(run(sound, REVERSE), sound[:, ::-1])
    for by in {0, 1, n // 3, n - 1}:
        assert np.array_equal(run(sound, shift(by / n)), np.roll(sound, by, axis=1))
        assert np.array_equal(run(sound, shift(-by / n)), np.roll(sound, -by, axis=1))
    for keep in {1, max(n // 3, 1), n}:
        for first in {0, (n - keep) // 2, n - keep}:
            start = first / (n - keep) if n > keep else 0.0
            assert np.array_equal(run(sound, crop(max(keep / n, 0.01), start)), sound[:, first : first + keep]) or keep / n < 0.01


@pytest.mark.parametrize("seed", range(12))
def test_composed_steps_are_the_steps_in_turn(seed):
    rng = np.random.default_rng(seed)
    sound, expected, steps = noise(0.1, 2), noise(0.1, 2), []
    for _ in range(6):
        n, kind = expected.shape[1], rng.integers(3)
        if kind == 0:
            by = int(rng.integers(n))
            steps.append(shift(by / n))
            expected = np.roll(expected, by, axis=1)
        elif kind == 1:
            steps.append(REVERSE)
            expected = expected[:, ::-1]
        else:
            keep = int(rng.integers(n // 2, n))
            first = int(rng.integers(n - keep + 1))
            steps.append(crop(keep / n, first / (n - keep)))
            expected = expected[:, first : first + keep]
    assert np.array_equal(run(sound, *steps), expected)


@pytest.mark.parametrize("fraction", [0.12345, 0.5, 0.777, -0.3333])
@pytest.mark.parametrize("n", [1001, 1024])
def test_a_shift_between_samples_loses_at_most_one_at_the_seam(fraction, n):
    sound = noise(n / RATE)
    out = run(sound, shift(fraction))
    by = [np.roll(sound, round(fraction * n) + d, axis=1) for d in (-1, 0, 1)]
    assert min((out != b).sum() for b in by) <= 1


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 2.0])
@pytest.mark.parametrize("samples_a_second", [8000, 16000, 44100])
def test_stretch_keeps_the_pitch_and_moves_clicks(rate, samples_a_second):
    sound = tone(440, 2.0, samples_a_second)
    out = run(sound, stretch(rate), rate=samples_a_second)
    assert out.shape == (1, round(sound.shape[1] / rate))
    middle = out[0, out.shape[1] // 4 : -out.shape[1] // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 18))
    assert np.argmax(spectrum) * samples_a_second / (1 << 18) == pytest.approx(440, rel=0.01)
    rng, at = np.random.default_rng(0), (0.4, 0.95, 1.5)
    bursts = np.zeros_like(sound)
    for time in at:  # a click of 4 ms
        first = int((time - 0.002) * samples_a_second)
        bursts[0, first : first + samples_a_second // 250] = rng.uniform(-0.8, 0.8, samples_a_second // 250)
    out = run(bursts, stretch(rate), rate=samples_a_second)[0].astype(float) ** 2
    times = np.arange(len(out)) / samples_a_second
    for time in at:
        near = np.abs(times - time / rate) < 0.15 / max(rate, 1)
        assert np.sum(times[near] * out[near]) / np.sum(out[near]) == pytest.approx(time / rate, abs=0.010)


def test_what_undoes_itself_gives_the_very_samples():
    sound = noise(0.5, 2)
    assert np.array_equal(run(sound, stretch(1.25), stretch(0.8)), sound)
    assert np.array_equal(run(sound, REVERSE, REVERSE), sound)
    assert np.array_equal(run(sound, shift(0.3), shift(0.7)), sound)
    assert np.array_equal(run(sound, ("audio.swap_channels", {}), ("audio.swap_channels", {})), sound)


@pytest.mark.parametrize("rate", [0.25, 0.4, 1.3, 4.0])
def test_stretching_twice_gives_the_same_bytes(rate):
    sound = noise(0.6, 2)
    assert run(sound, stretch(rate)).tobytes() == run(sound, stretch(rate)).tobytes()


def test_channels_change_sides():
    stereo, surround, mono = noise(0.01, 2), noise(0.01, 6), noise(0.01, 1)
    swap = ("audio.swap_channels", {})
    assert np.array_equal(run(stereo, swap), stereo[[1, 0]])
    assert np.array_equal(run(surround, swap), surround[[1, 0, 2, 3, 5, 4]])
    assert np.array_equal(run(mono, swap), mono)
    assert np.array_equal(run(noise(0.01, 3), swap), noise(0.01, 3))
    assert np.array_equal(run(stereo, swap, REVERSE), stereo[[1, 0], ::-1])


@pytest.mark.parametrize("rate", [8000, 11025, 48000, 96000, 192000])
@pytest.mark.parametrize("sound", ["one", "silence", "short"])
def test_any_rate_and_the_shortest_sounds(rate, sound):
    silence = np.zeros((2, rate // 4), np.float32)
    samples = {"one": np.full((1, 1), 0.5, np.float32), "silence": silence, "short": noise(0.01, 1, rate)}[sound]
    chain = [stretch(1.3), REVERSE, crop(0.6, 0.2), shift(0.1)]
    for steps in ([stretch(0.25)], [stretch(4.0)], [crop(0.01, 0.5)], [shift(0.4)], [REVERSE], chain):
        out = run(samples, *steps, rate=rate)
        assert out.shape[0] == samples.shape[0] and out.shape[1] >= 1 and np.isfinite(out).all() and out.dtype == np.float32
        if sound == "silence":
            assert np.abs(out).max() < 1e-6
        if sound == "one":
            assert np.abs(out).max() == pytest.approx(0.5)


# -- forms ------------------------------------------------------------------------------------------------------------


def augment(value, *ops):
    ops = ops or (mm.op("audio.reverse"),)
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(audio=mm.Audio()))({"audio": value}, key="a")["audio"]


@pytest.mark.parametrize("shape", [(800,), (1, 800), (2, 800)])
@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "torch"])
def test_what_comes_in_goes_out(shape, kind):
    array = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32" if kind == "torch" else kind)
    samples = torch.from_numpy(array.copy()) if kind == "torch" else array
    if kind != "torch":
        array.flags.writeable = False
    for value in ({"array": samples, "sampling_rate": RATE, "path": "a.wav"}, (samples, RATE), mm.AudioClip(samples, RATE)):
        out = augment(value)
        assert type(out) is type(value)
        got = out["array"] if isinstance(out, dict) else out[0] if isinstance(out, tuple) else out.samples
        assert type(got) is type(samples) and got.dtype == samples.dtype and tuple(got.shape) == shape
        np.testing.assert_allclose(np.asarray(got), array[..., ::-1], atol=1e-7)  # sound is worked on in float32
    assert augment({"array": samples, "sampling_rate": RATE, "path": "a.wav"})["path"] == "a.wav"


def test_a_list_of_samples_stays_a_list():
    out = augment({"array": [0.25, 0.5, -0.5], "sampling_rate": RATE})
    assert out == {"array": [-0.5, 0.5, 0.25], "sampling_rate": RATE}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"array": np.zeros(9, np.int32), "sampling_rate": RATE}, "floats"),
        ({"array": [12000, -12000], "sampling_rate": RATE}, "floats"),
        ({"array": np.array([0.1, np.nan], np.float32), "sampling_rate": RATE}, "finite"),
        ({"array": np.array([0.1, np.inf], np.float32), "sampling_rate": RATE}, "finite"),
        ({"array": np.zeros(9, np.float32)}, "rate"),
        ({"array": np.zeros(9, np.float32), "sampling_rate": None}, "rate"),
        ({"array": np.zeros(9, np.float32), "sampling_rate": 0}, "rate"),
        ((np.zeros(9, np.float32), 16000.5), "rate"),
        ({"array": np.zeros(0, np.float32), "sampling_rate": RATE}, "at least one sample"),
        ({"array": np.zeros((800, 2), np.float32), "sampling_rate": RATE}, "transpose"),
        ({"array": np.zeros((1, 2, 3), np.float32), "sampling_rate": RATE}, "shape"),
        ({"array": ["a"], "sampling_rate": RATE}, "floats"),
        (np.zeros(9, np.float32), "AudioClip"),
        ("a.wav", "AudioClip"),
    ],
)
def test_what_is_no_recording_is_a_clear_error(value, says):
    with pytest.raises(RowError, match=says) as caught:
        augment(value)
    assert "audio" in str(caught.value)


# -- words ------------------------------------------------------------------------------------------------------------

POLICIES = {
    "stretch": [mm.op("audio.time_stretch", rate=1.3)],
    "slower": [mm.op("audio.time_stretch", rate=0.7)],
    "shift": [mm.op("audio.time_shift", fraction=0.37)],
    "crop": [mm.op("audio.time_crop", keep=0.6, start=0.5)],
    "reverse": [mm.op("audio.reverse")],
    "speed": [mm.op("audio.speed", rate=1.2)],
    "pad": [mm.op("audio.pad", length=0.4, before=0.5)],
    "all": [mm.op("audio.time_stretch", rate=0.8), mm.op("audio.time_shift", fraction=-0.2), mm.op("audio.time_crop", keep=0.8, start=0.3)],
}


@pytest.mark.skipif(not DIGITS.is_dir(), reason=f"digit strings are not at {DIGITS}")
@pytest.mark.parametrize("name", POLICIES)
def test_the_energy_is_where_the_words_say(name):
    """On spoken digits between silences: where the moved word times say speech, there is the sound; elsewhere there is next to none."""
    rows = [json.loads(line) for line in (DIGITS / "metadata.jsonl").read_text().splitlines()[:24]]
    schema = mm.Schema(audio=mm.Audio(), words=mm.Events(of="audio", text="word", times=("clip_start", "clip_end")))
    graph = mm.TransformGraph(mm.Policy.sequence(*POLICIES[name]), schema=schema)
    kept = 0
    for number, row in enumerate(rows):
        samples, rate = soundfile.read(DIGITS / row["file_name"], dtype="float32")
        out = graph({"audio": (samples, rate), "words": row["words"]}, key=number)
        power, times = out["audio"][0].astype(float) ** 2, np.arange(len(out["audio"][0])) / rate
        assert row["words"] == rows[number]["words"]
        before, moments = samples.astype(float) ** 2, np.arange(len(samples)) / rate
        for word in out["words"]:
            inside = power[(times >= word["start"]) & (times < word["end"])]
            old = next(w for w in row["words"] if w["clip"] == word["clip"])
            was = before[(moments >= old["start"]) & (moments < old["end"])]
            assert 0.4 < inside.mean() / was.mean() < 2.5, (name, number, word)  # words differ more than that, and from silence far more
            assert word["start"] < word["end"] <= len(power) / rate + 1e-6
            assert all(abs(word[key] - word["start"]) < 1.5 for key in ("clip_start", "clip_end"))
            kept += 1
        if name not in ("crop", "all", "shift"):  # a word of which half is cut is dropped, and its rest is still heard
            spoken = np.zeros(len(power), bool)
            for word in out["words"]:
                low, high = sorted((word["clip_start"], word["clip_end"]))
                spoken |= (times >= low - 0.03) & (times < high + 0.03)
            assert power[spoken].sum() > 0.97 * power.sum(), (name, number)
    assert kept > 40


def test_values_listen_without_reading_samples():
    hearing = values.listen({"array": np.full(RATE, np.nan, np.float32), "sampling_rate": RATE}, "audio")
    assert (hearing.samples, hearing.channels, hearing.seconds) == (RATE, 1, 1.0)
