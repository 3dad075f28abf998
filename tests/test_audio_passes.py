"""The compiled passes over samples against scipy and numpy, with and without a compiler."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

import mmaug as mm
from mmaug.effects import equaliser
from mmaug.modalities.audio import executor, passes

compiled = pytest.mark.skipif(passes._FILTER is None, reason="no C compiler was there when mmaug was installed")

RNG = np.random.default_rng(3)
FILTERS = {
    "peak": equaliser.peak(16000, 440, 12, 1),
    "narrow": equaliser.peak(48000, 60, -30, 0.05),
    "low": equaliser.low_pass(16000, 150),
    "very low": equaliser.low_pass(192000, 60),
    "high": equaliser.high_pass(192000, 30),
    "stop": equaliser.band_stop(16000, 400, 800),
    "five": sum((equaliser.peak(44100, 100 * 3**k, 6, 1) for k in range(5)), ()),
}


def sound(channels: int, count: int) -> np.ndarray:
    return (0.3 * RNG.standard_normal((channels, count)) + 0.2).astype(np.float32)


def by_scipy(samples: np.ndarray, sections: equaliser.Sections) -> np.ndarray:
    """In float64, from the rest that scipy itself finds."""
    filters = np.array(sections)
    return np.stack([signal.sosfilt(filters, row, zi=signal.sosfilt_zi(filters) * row[0])[0] for row in samples.astype(np.float64)])


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 511, 512, 513, 20001])
def test_filters_are_scipys(name, count):
    samples = sound(2, count)
    expected = by_scipy(samples, FILTERS[name])
    np.testing.assert_allclose(passes.filtered(samples, FILTERS[name]), expected, rtol=1e-6, atol=2e-8)


@compiled
@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_the_same_without_the_compiled_pass(name, monkeypatch):
    samples = sound(2, 5000)
    ours = passes.filtered(samples, FILTERS[name])
    monkeypatch.setattr(passes, "_FILTER", None)
    np.testing.assert_allclose(ours, passes.filtered(samples, FILTERS[name]), rtol=2e-7, atol=1e-9)


def test_rows_of_a_larger_array_and_turned_ones_are_read_as_they_are():
    samples = sound(4, 3000)
    for seen in (samples[::2], samples[:, ::-1], samples[:, 100:900], np.asfortranarray(samples)):
        kept = seen.copy()
        np.testing.assert_array_equal(passes.filtered(seen, FILTERS["low"]), passes.filtered(kept, FILTERS["low"]))
        np.testing.assert_array_equal(passes.rounded(seen, 13.0), passes.rounded(kept, 13.0))
        np.testing.assert_array_equal(seen, kept)


@compiled
def test_silence_after_sound_is_as_fast_as_sound():
    """A memory that fades for ever would turn into numbers that processors take a hundred times as long for."""
    import time

    fading = equaliser.high_pass(16000, 100)
    loud, ends = sound(1, 400_000), np.zeros((1, 400_000), np.float32)
    ends[:, 1:100] = loud[:, 1:100]

    def seconds(samples: np.ndarray) -> float:
        taken = []
        for _ in range(7):
            start = time.process_time()
            passes.filtered(samples, fading)
            taken.append(time.process_time() - start)
        return min(taken)

    assert seconds(ends) < 3 * seconds(loud)


@pytest.mark.parametrize("levels", [2.0, 3.7, 100.0, 5e4])
def test_rounding_is_to_the_nearest_level_and_halves_go_to_even_ones(levels):
    samples = np.concatenate([sound(2, 5003), (np.arange(-6, 7) / 2 / np.float32(levels)).astype(np.float32)[None].repeat(2, 0)], axis=1)
    out = passes.rounded(samples, levels)
    nearest = np.rint(samples * np.float32(levels)).astype(np.float64) / levels
    np.testing.assert_allclose(out, nearest, rtol=3e-7)


@compiled
def test_rounding_gives_the_same_bytes_without_the_compiled_pass(monkeypatch):
    samples = sound(2, 5003)
    ours = passes.rounded(samples, 37.3)
    monkeypatch.setattr(passes, "_ROUND", None)
    np.testing.assert_array_equal(ours, passes.rounded(samples, 37.3))


@compiled
def test_a_recording_goes_the_same_way_without_them(monkeypatch):
    steps = [("audio.low_pass", {"cutoff_hz": 2000.0}), ("audio.peaking_eq", {"db": 9.0, "center_hz": 400.0, "octaves": 1.0})]
    program = executor.compile_steps([*steps, ("audio.gain", {"db": -3.0})], 0.5, 2)
    samples = sound(2, 8000)
    ours = executor.run(program, samples, 16000)
    monkeypatch.setattr(passes, "_FILTER", None)
    np.testing.assert_allclose(ours, executor.run(program, samples, 16000), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("bits", [2.0, 2.3, 2.7, 3.1, 4.4, 7.9, 16.0, 23.9])
def test_crushing_leaves_the_peak_where_it_is(bits):
    samples = sound(2, 4001)
    graph = mm.TransformGraph(mm.Policy.sequence(mm.op("audio.bit_crush", bits=bits)), schema=mm.Schema(audio=mm.Audio()))
    out = graph({"audio": (samples, 16000)}, key=0)["audio"][0]
    assert np.abs(out).max() == pytest.approx(np.abs(samples).max(), rel=2e-7)
