"""Programs of several steps: what fuses, the peak guard, inputs at the edge."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm
from mmaug.effects.sound import audio_state
from mmaug.modalities.audio import bands, executor, fused, measure
from mmaug.registry import OPS
from mmaug.testing.ops import at_strength

RATE = 16000
ALL = [name for name, op in OPS.items() if op.modality == "audio"]
KEEPS_LENGTH = [name for name in ALL if name.split(".")[1] not in ("time_stretch", "time_crop", "speed", "pad")]


def run(samples: np.ndarray, *steps, rate: int = RATE) -> np.ndarray:
    return executor.run(executor.compile_steps(steps, samples.shape[1] / rate, samples.shape[0]), samples, rate)


def noise(seconds=1.0, channels=1, rate=RATE, level=0.2) -> np.ndarray:
    return (level * np.random.default_rng(0).standard_normal((channels, round(seconds * rate)))).clip(-1, 1).astype(np.float32)


def drawn(name: str, strength=0.8, u=(0.7,)) -> tuple[str, dict]:
    return name, at_strength(OPS[name], strength, u)


def kinds(*steps) -> list[str]:
    program = executor.compile_steps(steps, 1.0, 2)
    return ["run" if isinstance(segment, executor.Run) else segment.family for segment in program.segments]


def test_runs_that_compose_fuse_and_others_stand_where_they_are():
    shift, gain, stretch = drawn("audio.time_shift"), drawn("audio.gain"), drawn("audio.time_stretch")
    low, high, hiss = drawn("audio.low_pass"), drawn("audio.high_pass"), drawn("audio.gaussian_noise")
    assert kinds(shift, gain, stretch, drawn("audio.pitch_shift"), drawn("audio.swap_channels")) == ["run"]
    assert kinds(shift, low, high, gain, stretch) == ["run", "equaliser", "run"]
    assert kinds(low, hiss, high) == ["equaliser", "treatment", "equaliser"]
    assert kinds(drawn("audio.reverse"), drawn("audio.reverse")) == []


def test_steps_are_done_in_order():
    sound = noise(1.0, 2)
    steps = [drawn(f"audio.{n}") for n in ("time_crop", "gaussian_noise", "reverse", "low_pass", "time_mask", "speed", "bit_crush")]
    expected = sound
    for step in steps:
        expected = run(expected, step)
    np.testing.assert_allclose(run(sound, *steps), expected, atol=2e-6)
    assert not np.allclose(run(sound, *steps[::-1])[:, :100], expected[:, :100], atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_a_peak_within_full_scale_stays_there(name):
    loud = np.clip(noise(0.5, 2, level=0.6), -1, 1)
    for u in ((0.1,), (0.7,)):
        out, db = executor.run_noted(executor.compile_steps([drawn(name, 1.0, u)], 0.5, 2), loud, RATE)
        assert np.abs(out).max() <= 1.0 + 1e-6, name
        assert db <= 0.0


def test_the_guard_says_by_how_much():
    sound = noise(0.5, level=0.25)
    step = ("audio.gaussian_noise", {"snr_db": -15.0, "seed": 0})
    out, db = executor.run_noted(executor.compile_steps([step], 0.5, 1), sound, RATE)
    bare = OPS["audio.gaussian_noise"].function(sound, RATE, snr_db=-15.0, seed=0)
    assert measure.peak(bare) > 1.5
    assert db == pytest.approx(-20 * np.log10(measure.peak(bare)), abs=1e-4)
    np.testing.assert_allclose(out, bare * 10 ** (db / 20), rtol=1e-5)
    assert executor.run_noted(executor.compile_steps([drawn("audio.low_pass")], 0.5, 1), sound, RATE)[1] == 0.0


@pytest.mark.parametrize("name", KEEPS_LENGTH)
def test_length_is_kept(name):
    for samples in (1, 2, 799, 12001):
        sound = noise(samples / RATE, 2)
        assert run(sound, drawn(name)).shape == sound.shape


@pytest.mark.parametrize("name", [n for n in ALL if n.split(".")[1] not in ("swap_channels", "to_mono", "gaussian_noise", "colored_noise")])
def test_the_stereo_image_stays(name):
    """Left is 12 dB louder than right and else the same: so it must be afterwards."""
    if name == "audio.background":  # one noise on both sides: the image is that of the sound plus something in the middle
        return
    mono = noise(1.0)
    sound = np.concatenate([mono, mono / 4])
    out = run(sound, drawn(name, 0.6))
    if name in ("audio.compress_codec", "audio.bit_crush", "audio.clip_distortion"):  # these bend the loud side more
        assert 6 < 20 * np.log10(out[0].std() / out[1].std()) < 24
    else:
        np.testing.assert_allclose(out[0], out[1] * 4, atol=2e-3 if name in ("audio.time_stretch", "audio.pitch_shift") else 1e-5)


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
@pytest.mark.parametrize("name", [name for name in ALL if OPS[name].has_strength])
def test_strength_0_is_the_identity_to_the_bit_at_every_rate(name, rate):
    sound = noise(0.1, 2, rate)
    for u in ((0.0,), (0.4,), (0.99,)):
        assert run(sound, drawn(name, 0.0, u), rate=rate).tobytes() == sound.tobytes()


AWKWARD = {
    "one sample": np.full((1, 1), 0.5, np.float32),
    "two": np.array([[0.5, -0.5], [0.1, 0.0]], np.float32),
    "silence": np.zeros((2, 3000), np.float32),
    "constant": np.full((1, 3000), 0.9, np.float32),
    "impulse": np.eye(1, 3000, 1500, dtype=np.float32),
    "too loud": np.full((1, 3000), 4.0, np.float32) * np.resize([1, -1], 3000).astype(np.float32),
    "denormal": np.full((1, 3000), 1e-40, np.float32),
    "six channels": np.tile(np.linspace(-0.9, 0.9, 2500, dtype=np.float32), (6, 1)),
}


@pytest.mark.parametrize("what", AWKWARD)
@pytest.mark.parametrize("name", ALL)
def test_awkward_sounds_come_out_finite_and_no_louder_than_they_may(name, what):
    sound = AWKWARD[what]
    for rate in (8000, 192000):
        for strength, u in ((0.4, (0.2,)), (1.0, (0.9,))):
            out = run(sound, drawn(name, strength, u), rate=rate)
            assert out.dtype == np.float32 and out.shape[0] == sound.shape[0] and np.isfinite(out).all()
            assert np.abs(out).max() <= max(1.0, np.abs(sound).max()) * (1 + 1e-5)
            if what == "silence":
                assert np.abs(out).max() < 1e-6


def test_a_long_mask_has_no_seams(monkeypatch):
    sound = noise(20.0)
    step = ("audio.frequency_mask", {"width": 0.2, "start": 0.4})
    whole = run(sound, step)
    monkeypatch.setattr(bands, "_FRAMES", 7)
    np.testing.assert_allclose(run(sound, step), whole, atol=1e-6)


def test_a_graph_runs_what_was_applied_and_nothing_else():
    """A vetoed step's samples are not touched; an applied one's are, also where nobody hears it."""
    schema = mm.Schema(audio=mm.Audio())
    graph = mm.TransformGraph(mm.Policy.sequence(mm.op("audio.polarity"), mm.op("audio.reverse")), schema=schema)
    sound = noise(0.2)
    out, trace = graph.run({"audio": (sound, RATE)}, key=1)
    assert [step.op for step in trace.applied] == ["audio.polarity", "audio.reverse"]
    np.testing.assert_array_equal(out["audio"][0], -sound[:, ::-1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 5), (6, 401)])
def test_the_peak_of_samples_that_lie_in_memory_in_any_way(shape):
    samples = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    before_louder = np.array([0.5, *[9.0] * 99], np.float32)  # a sample that stands for several, and what lies behind it
    repeated = [np.broadcast_to(before_louder[:1], (4, length)) for length in (1, 9)]
    apart = np.repeat(samples, 2, axis=1)[:, ::2]
    for one in (samples, samples[:, ::-1], samples[::-1], samples.T.copy().T, apart, *repeated, -samples * 0):
        assert measure.peak(one) == np.abs(one).max()


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
def test_what_no_piece_fills_is_silent(shift):
    state = audio_state(1.0, 1)
    for name, params in (
        ("pad", {"length": 0.5, "before": 0.3}),
        ("time_shift", {"fraction": shift}),
        ("time_crop", {"keep": 0.9, "start": 0.5}),
    ):
        state = OPS[f"audio.{name}"].compose(state, params)
    moves = fused.slices(state.time, RATE, RATE)
    filled = np.zeros(moves.length, int)
    for first, _, count, _ in moves.pieces:
        filled[first : first + count] += 1
    for first, end in moves.silent:
        assert first < end
        filled[first:end] += 1
    assert (filled == 1).all()


def test_silent_samples_are_zero_whatever_the_memory_held_before():
    samples, steps = noise(0.1), [("audio.pad", {"length": 0.5, "before": 0.4})]
    for _ in range(20):
        np.full(samples.shape[1] * 3 // 2, 7.0, np.float32)  # what freed memory is likely to be given again
        out = run(samples, *steps)
        assert not out[:, : round(0.02 * RATE)].any() and not out[:, -round(0.03 * RATE) :].any()
