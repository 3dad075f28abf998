"""Backgrounds and rooms: which clip is taken, at which rate, and what a made room sounds like."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import soundfile

import mmaug as mm
from mmaug import rng
from mmaug.errors import MmaugError, PolicyError, RowError
from mmaug.modalities.audio import clips, executor, noise, room
from mmaug.plan import Plan

RATE = 16000
RNG = np.random.default_rng(0)
SOUND = (0.05 * RNG.standard_normal((1, 2 * RATE))).astype(np.float32)


def run(samples: np.ndarray, *steps, rate: int = RATE) -> np.ndarray:
    return executor.run(executor.compile_steps(steps, samples.shape[1] / rate, samples.shape[0]), samples, rate)


def background(source="", which=0.0, start=0.0, snr=10.0):
    return ("audio.background", {"snr_db": snr, "source": str(source), "which": which, "start": start, "seed": 3})


def reverb(wet=1.0, source="", which=0.0, metres=6.0, absorption=0.3, seed=3):
    return ("audio.reverb", {"wet": wet, "source": str(source), "which": which, "metres": metres, "absorption": absorption, "seed": seed})


@pytest.fixture
def folder(tmp_path):
    """Three tones of their own: c/300 Hz at 8 kHz, a/500 Hz at 44.1 kHz in stereo, b/700 Hz at 16 kHz; and a text."""
    for name, hertz, rate, channels in (("c.wav", 300, 8000, 1), ("a/deep.flac", 500, 44100, 2), ("b.wav", 700, 16000, 1)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
        soundfile.write(path, np.tile(wave[:, None], (1, channels)), rate)
    (tmp_path / "notes.txt").write_text("no sound")
    return tmp_path


def pitch(samples: np.ndarray, rate: int = RATE) -> float:
    spectrum = np.abs(np.fft.rfft(samples[0].astype(float) * np.hanning(samples.shape[1])))
    return float(np.argmax(spectrum)) * rate / samples.shape[1]


def test_files_are_taken_by_their_place_in_the_sorted_folder(folder):
    for which, hertz in ((0.0, 500), (0.32, 500), (0.34, 700), (0.5, 700), (0.7, 300), (0.999, 300), (1.0, 300)):
        added = run(SOUND, background(folder, which)) - SOUND
        assert pitch(added) == pytest.approx(hertz, abs=2), which


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_clips_are_brought_to_the_rate_and_repeated(folder, rate):
    sound = (0.05 * RNG.standard_normal((2, 3 * rate))).astype(np.float32)  # three times as long as the clip
    added = run(sound, background(folder, 0.5, start=0.4), rate=rate) - sound
    assert pitch(added, rate) == pytest.approx(700, abs=2)
    np.testing.assert_allclose(added[0], added[1], atol=1e-6)  # mono plays on all channels
    assert 10 * np.log10(np.mean(sound**2) / np.mean(added**2)) == pytest.approx(10.0, abs=0.1)


def test_a_stereo_clip_is_stereo_on_stereo(tmp_path):
    left, right = np.zeros((2, RATE), np.float32)
    left[:], right[:] = RNG.standard_normal(RATE) * 0.1, 0.0
    soundfile.write(tmp_path / "left.wav", np.stack([left, right], axis=1), RATE)
    sound = np.tile(SOUND, (2, 1))
    added = run(sound, background(tmp_path)) - sound
    assert np.abs(added[1]).max() < 1e-6 < np.abs(added[0]).max()


def test_where_in_a_long_clip_is_drawn(tmp_path):
    ramp = np.linspace(-0.9, 0.9, 4 * RATE, dtype=np.float32)
    soundfile.write(tmp_path / "ramp.wav", ramp, RATE, subtype="FLOAT")
    for start in (0.0, 0.5, 1.0):
        added = run(SOUND, background(tmp_path, start=start)) - SOUND
        first = int(start * 2 * RATE)
        expected = ramp[first : first + 2 * RATE]
        assert np.corrcoef(added[0], expected)[0, 1] > 0.9999
        assert np.sign(added[0].mean()) == np.sign(np.round(expected.mean(), 3)) or start == 0.5


@pytest.mark.parametrize("rate", [16000, 11025])
def test_a_long_file_is_read_in_parts_to_the_same_effect(tmp_path, monkeypatch, rate):
    slow = scipy.signal.sosfilt(scipy.signal.butter(4, 300, fs=RATE, output="sos"), RNG.standard_normal((20 * RATE, 2)), axis=0)
    soundfile.write(tmp_path / "long.wav", slow, RATE, subtype="FLOAT")
    sound = (0.05 * RNG.standard_normal((2, 3 * rate))).astype(np.float32)
    expected = run(sound, background(tmp_path, start=0.7), rate=rate)
    monkeypatch.setattr(clips, "_LONG", 1000)
    monkeypatch.setattr(clips, "_at_rate", None)  # the whole file must not be read
    got = run(sound, background(tmp_path, start=0.7), rate=rate)
    inner = slice(rate // 10, -rate // 10)  # a part that is brought to another rate has ends of its own
    for one, other in zip((got - sound)[:, inner], (expected - sound)[:, inner], strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.995
    assert 10 * np.log10(np.mean(sound**2) / np.mean((got - sound) ** 2)) == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize("clip", [mm.AudioClip(SOUND[0], RATE), (SOUND, RATE), {"array": SOUND[0], "sampling_rate": RATE}])
def test_registered_clips_are_used_by_name(clip, monkeypatch):
    monkeypatch.setattr(clips, "_REGISTERED", {})
    clips.register_clips("cafe", [clip])
    silence_but_tone = np.sin(np.arange(2 * RATE) / 3)[None].astype(np.float32) * np.float32(0.1)
    added = run(silence_but_tone, background("cafe")) - silence_but_tone
    assert np.corrcoef(added[0], SOUND[0])[0, 1] > 0.9999
    with pytest.raises(MmaugError, match="'cafe'"):
        clips.register_clips("cafe", [clip])
    clips._registered_at_rate.cache_clear()


def test_registered_clips_are_brought_to_the_rate(monkeypatch):
    monkeypatch.setattr(clips, "_REGISTERED", {})
    clips.register_clips("hum", [(np.sin(2 * np.pi * 440 * np.arange(8000) / 8000).astype(np.float32), 8000)])
    assert pitch(run(SOUND, background("hum")) - SOUND) == pytest.approx(440, abs=1)
    clips._registered_at_rate.cache_clear()


def test_wrong_sources_are_clear_errors(tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "_REGISTERED", {})
    with pytest.raises(PolicyError, match="neither"):
        run(SOUND, background("nowhere"))
    with pytest.raises(PolicyError, match="got none"):
        run(SOUND, background(tmp_path))
    clips._files.cache_clear()
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(PolicyError, match=r"broken\.wav"):
        run(SOUND, background(tmp_path))
    with pytest.raises(MmaugError, match="at least one"):
        clips.register_clips("empty", [])
    with pytest.raises(MmaugError, match="non-empty"):
        clips.register_clips("", [SOUND])
    with pytest.raises(RowError, match=r"clip 0"):
        clips.register_clips("whole", [(np.zeros(9, np.int32), RATE)])
    with pytest.raises(PolicyError, match="a string"):
        mm.TransformGraph(mm.op("audio.background", source=3), schema=mm.Schema(audio=mm.Audio())).plan(key=1)


def test_a_plan_holds_the_pick(folder):
    graph = mm.TransformGraph(mm.op("audio.background", snr_db=0.0, source=str(folder)), schema=mm.Schema(audio=mm.Audio()))
    picks = set()
    for key in range(40):
        plan = graph.plan(key=key)
        again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
        assert again == plan
        out = executor.run(executor.compile_steps([(s.op, dict(s.params)) for s in again.steps], 2.0, 1), SOUND, RATE)
        assert (
            out.tobytes()
            == executor.run(executor.compile_steps([(s.op, dict(s.params)) for s in plan.steps], 2.0, 1), SOUND, RATE).tobytes()
        )
        picks.add(round(pitch(out - SOUND) / 100))
    assert picks == {3, 5, 7}
    pickle.loads(pickle.dumps(graph))


def test_cached_clips_cannot_be_spoilt(folder):
    first = run(SOUND, background(folder, 0.5))
    clip = clips.whole(str(folder), 0.5, RATE)
    with pytest.raises(ValueError, match="read-only"):
        clip[0, 0] = 5.0
    assert first.tobytes() == run(SOUND, background(folder, 0.5)).tobytes()


# -- rooms ------------------------------------------------------------------------------------------------------------


def fading_of(walls: np.ndarray, rate: int) -> float:
    """Seconds to fade by 60 dB, from -5 to -35 dB of Schroeder's backward integral (ISO 3382)."""
    energy = np.cumsum(walls[::-1].astype(float) ** 2)[::-1]
    level = 10 * np.log10(energy / energy[0] + 1e-12)
    return 2 * float(np.argmax(level < -35) - np.argmax(level < -5)) / rate


@pytest.mark.parametrize(("metres", "absorption"), [(5.0, 0.15), (8.0, 0.3), (12.0, 0.4)])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_a_room_fades_as_eyring_says(metres, absorption, rate):
    walls = room.shoebox(rate, metres, absorption, 9)
    u = np.array(rng.uniforms(9, 8))
    size = metres * np.array((1.0, 0.5 + 0.4 * u[0], 0.35 + 0.25 * u[1]))
    assert fading_of(walls, rate) == pytest.approx(room.fading(size, absorption), rel=0.15)


def test_images_are_those_of_a_naive_loop():
    """Mirror the speaker at the walls one after the other, by hand, and look for each image of up to two mirrorings."""
    size, speaker, listener, bounce = np.array((5.0, 4.0, 3.0)), np.array((1.0, 1.5, 1.2)), np.array((3.5, 2.5, 1.7)), 0.8
    distance, strength = room.images(size, speaker, listener, bounce)
    found = {(round(d, 6), round(s, 6)) for d, s in zip(distance.tolist(), strength.tolist(), strict=True)}
    sources = [(speaker, 0)]
    for _ in range(2):
        more = []
        for place, count in sources:
            for axis in range(3):
                for wall in (0.0, size[axis]):
                    mirrored = place.copy()
                    mirrored[axis] = 2 * wall - mirrored[axis]
                    more.append((mirrored, count + 1))
        sources += more
    for place, count in sources:
        metres = float(np.linalg.norm(place - listener))
        away = metres if not np.allclose(place, speaker) else None  # mirrored back onto itself: no image
        assert away is None or (round(metres, 6), round(bounce**count, 6)) in found


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_reverberation_keeps_time_loudness_and_length(rate):
    clicks = np.zeros((1, 2 * rate), np.float32)
    clicks[0, rate // 2] = 0.5
    out = run(clicks, reverb(), rate=rate)
    assert np.argmax(np.abs(out)) == rate // 2 and np.abs(out[:, : rate // 2 - 1]).max() < 1e-6
    sound = (0.05 * RNG.standard_normal((2, 2 * rate))).astype(np.float32)
    out = run(sound, reverb(), rate=rate)
    assert out.shape == sound.shape and np.mean(out**2) == pytest.approx(np.mean(sound**2), rel=1e-3)


def test_more_wet_is_more_echo():
    clicks = np.zeros((1, RATE), np.float32)
    clicks[0, 100] = 0.5
    tails = []
    for wet in (0.0, 0.25, 0.5, 1.0):
        out = run(clicks, reverb(wet))
        tails.append(float(np.sum(out[0, 101:] ** 2) / np.sum(out**2)))
    assert tails[0] == 0 and tails == sorted(tails) and tails[-1] > 0.2


def test_a_recorded_room_is_scipys_convolution_from_its_direct_sound_on(tmp_path):
    response = np.zeros(2000, np.float32)
    response[300:] = 0.5 * np.exp(-np.arange(1700) / 200) * RNG.standard_normal(1700)
    response[300] = 2.0  # what is heard directly, after a delay of 300 samples
    soundfile.write(tmp_path / "room.wav", response, RATE, subtype="FLOAT")
    out = run(SOUND, reverb(source=tmp_path))
    expected = scipy.signal.convolve(SOUND[0].astype(float), response[300:] / 2.0)[: SOUND.shape[1]]
    expected *= np.sqrt(np.mean(SOUND.astype(float) ** 2) / np.mean(expected**2))
    np.testing.assert_allclose(out[0], expected, atol=1e-5)


def test_coloured_noise_is_another_for_another_seed():
    one, other = noise.coloured((1, 8000), RATE, 1.0, 1), noise.coloured((1, 8000), RATE, 1.0, 2)
    assert abs(np.corrcoef(one[0], other[0])[0, 1]) < 0.3
    assert one.tobytes() == noise.coloured((1, 8000), RATE, 1.0, 1).tobytes()


def test_coloured_noise_is_gaussian_and_as_strong_where_its_pieces_meet():
    made = np.concatenate([noise.coloured((2, 8000), 8000, 0.0, seed) for seed in range(300)])
    powers = np.mean(made[:, : 8000 // 50 * 50].reshape(len(made), -1, 50) ** 2, axis=(0, 2))  # each over 30,000 samples
    assert powers.max() / powers.min() < 1.06
    assert abs(scipy.stats.kurtosis(made, axis=None)) < 0.02
    for lag in (1, 100, 1000, 1847, 1848, 2048, 2200, 4000):  # no piece says anything about another
        assert abs(np.mean(made[:, lag:] * made[:, :-lag]) / np.mean(made**2)) < 0.004, lag


@pytest.mark.parametrize("length", [46, 90, 130])
def test_pieces_of_noise_fade_into_each_other(length):
    pieces = np.random.default_rng(0).standard_normal((2, 3, 50)).astype(np.float32)
    pieces, expected = pieces[:, : -(-(length - 8) // 42)], np.zeros((2, 150))
    for number in range(pieces.shape[1]):
        window = np.ones(50)
        window[:8] = np.sin((np.arange(8) + 0.5) * np.pi / 16) if number else 1
        window[42:] = np.cos((np.arange(8) + 0.5) * np.pi / 16) if number + 1 < pieces.shape[1] else 1
        expected[:, number * 42 : number * 42 + 50] += pieces[:, number] * window
    joined = noise._joined(pieces.copy(), 42, length)
    assert joined.shape == (2, length) and joined.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(joined, expected[:, :length], atol=1e-6)


@pytest.mark.parametrize(("length", "rate"), [(1, 8000), (7, 2), (100, 8000), (2199, 8000), (2201, 8000), (44100, 44100), (5000, 192000)])
def test_coloured_noise_of_any_length_and_rate(length, rate):
    made = noise.coloured((3, length), rate, 1.5, 4)
    assert made.shape == (3, length) and made.dtype == np.float32 and np.isfinite(made).all()
    assert len({row.tobytes() for row in made}) == 3


# -- real recordings --------------------------------------------------------------------------------------------------

NOISES = Path(__file__).resolve().parents[2] / "shared" / "data" / "noise-ir"
real = pytest.mark.skipif(not NOISES.is_dir(), reason=f"recorded noises and rooms are not at {NOISES}")


@real
@pytest.mark.parametrize("rate", [8000, 44100])
def test_recorded_backgrounds_at_the_very_ratio(rate):
    sound = (0.02 * np.random.default_rng(1).standard_normal((2, 3 * rate))).astype(np.float32)
    heard = set()
    for which in np.linspace(0, 0.99, 12):
        added = run(sound, background(NOISES, which, start=0.3, snr=6.0), rate=rate) - sound
        assert 10 * np.log10(np.mean(sound**2) / np.mean(added**2)) == pytest.approx(6.0, abs=0.1)
        heard.add(added.tobytes())
    assert len(heard) >= 8


@real
def test_a_recorded_room_is_scipys_convolution(tmp_path):
    response, rate = soundfile.read(NOISES / "rir48000.wav", dtype="float64")
    (tmp_path / "rir.wav").write_bytes((NOISES / "rir48000.wav").read_bytes())
    sound = (0.05 * np.random.default_rng(1).standard_normal((1, rate))).astype(np.float32)
    out = run(sound, reverb(source=tmp_path), rate=rate)
    first = int(np.argmax(np.abs(response)))
    expected = scipy.signal.convolve(sound[0].astype(float), response[first:])[:rate]
    assert np.corrcoef(out[0], expected * np.sign(response[first]))[0, 1] > 0.9999
