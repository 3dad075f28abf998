"""What rules and annotations are told about a recording, against the samples themselves and moments followed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmaug.modalities  # noqa: F401 - enters the ops
from mmaug.effects import time
from mmaug.effects.sound import AudioState, audio_state
from mmaug.modalities.audio import executor
from mmaug.registry import OPS, get_op
from mmaug.testing.ops import at_strength

SECONDS, RATE = 2.0, 8000


def after(*steps, channels: int = 2) -> AudioState:
    state = audio_state(SECONDS, channels)
    for name, params in steps:
        state = get_op(f"audio.{name}").compose(state, params)
    return state


def test_nothing_is_the_identity_and_every_op_that_is_heard_is_not():
    assert audio_state(SECONDS, 2).is_identity
    for name, op in OPS.items():
        if op.modality == "audio":
            state = after((name.removeprefix("audio."), at_strength(op, 0.9, (0.7,))))
            assert state.is_identity == (name in ("audio.polarity", "audio.neural")), name  # without a network it does nothing
            if op.has_strength:
                assert after((name.removeprefix("audio."), at_strength(op, 0.0, (0.7,)))).is_identity, name


def test_pitch_and_speed_compose():
    state = after(("pitch_shift", {"semitones": 3.0}), ("speed", {"rate": 2.0}), ("time_stretch", {"rate": 0.5}))
    assert state.semitones == pytest.approx(15.0) and state.time.is_identity
    back = after(("speed", {"rate": 1.25}), ("speed", {"rate": 0.8}))
    assert back.is_identity and back.semitones == 0.0


def test_the_worst_noise_and_the_most_reverberation_count():
    quiet, loud = ("gaussian_noise", {"snr_db": 30.0, "seed": 0}), ("colored_noise", {"snr_db": 8.0, "exponent": 1.0, "seed": 0})
    assert after(quiet, loud).noise_db == after(loud, quiet).noise_db == 8.0
    assert after(("gaussian_noise", {"snr_db": 60.0, "seed": 0})).noise_db is None
    room = {"source": "", "which": 0.0, "metres": 5.0, "absorption": 0.3, "seed": 0}
    assert after(("reverb", {"wet": 0.4, **room}), ("reverb", {"wet": 0.1, **room})).echo == 0.4


def test_a_level_that_only_the_samples_say_is_unknown_from_then_on():
    assert after(("gain", {"db": 3.0})).level_known
    assert not after(("normalize", {"peak_db": 0.0}), ("gain", {"db": 3.0})).level_known


def test_sides_are_kept_upside_down():
    assert after(("polarity", {})).sides == "kept"
    assert after(("polarity", {}), ("swap_channels", {})).sides == "swapped"
    assert after(("to_mono", {})).sides == "lost"
    assert after(("polarity", {}), channels=1).is_identity  # nobody hears it; the executor turns the samples all the same
    assert not executor.compile_steps([("audio.polarity", {})], SECONDS, 1).is_identity


def test_bands_are_those_of_the_original():
    plain = after(("low_pass", {"cutoff_hz": 1000.0})).bands
    higher = after(("pitch_shift", {"semitones": 12.0}), ("low_pass", {"cutoff_hz": 1000.0})).bands
    assert plain[0][0] == pytest.approx(1160, rel=0.1) and plain[0][1] == pytest.approx(20000)
    assert higher[0][0] == pytest.approx(plain[0][0] / 2)
    assert after(("resample", {"to_hz": 8000.0})).bands == ((4000.0, 20000.0),)
    both = after(("high_pass", {"cutoff_hz": 300.0}), ("low_pass", {"cutoff_hz": 3000.0})).bands
    assert [round(edge) for band in both for edge in band][::3] == [20, 20000] and len(both) == 2
    assert after(("peaking_eq", {"center_hz": 1000.0, "db": -4.0, "octaves": 1.0})).bands == ()
    ((low, high),) = after(("peaking_eq", {"center_hz": 1000.0, "db": 12.0, "octaves": 2.0})).raised
    assert low == pytest.approx(500, rel=0.1) and high == pytest.approx(2000, rel=0.1)  # half of 12 dB an octave away


@settings(max_examples=80, deadline=None)
@given(st.floats(0.02, 0.5), st.floats(0, 1), st.sampled_from(["plain", "reversed", "shifted", "stretched", "cropped", "padded"]))
def test_muted_spans_are_the_moments_of_the_original_that_went_silent(fraction, start, before):
    """Every sample of the recording is its own time; what is silent afterwards must be what the state says, read back by hand."""
    steps = {
        "plain": [],
        "reversed": [("reverse", {})],
        "shifted": [("time_shift", {"fraction": 0.3})],
        "stretched": [("speed", {"rate": 1.25})],
        "cropped": [("time_crop", {"keep": 0.6, "start": 0.5})],
        "padded": [("pad", {"length": 0.5, "before": 0.5})],
    }[before]
    state = after(*steps, ("time_mask", {"fraction": fraction, "start": start}), channels=1)
    move = after(*steps, channels=1).time
    moments = (np.arange(4000) + 0.5) * SECONDS / 4000
    first = start * (1 - fraction) * move.out_seconds
    last = first + fraction * move.out_seconds
    silent = np.zeros(len(moments), bool)
    for a, b, to, until in move.pieces:
        inside = (moments >= a) & (moments < b)
        at = to + (moments - a) * (until - to) / (b - a)
        silent |= inside & (at >= first) & (at < last)
    told = np.zeros(len(moments), bool)
    for a, b in state.muted:
        told |= (moments >= a) & (moments < b)
    assert np.mean(silent != told) <= 4 / 4000
    kept = np.mean(~silent & np.array([bool(move.images(m, m)) for m in moments]))
    assert state.heard.kept == pytest.approx(kept, abs=2e-3)
    for a, b, to, until in state.heard.pieces:  # what is still heard is heard where it was
        for moment, at in ((a + (b - a) / 3, to + (until - to) / 3), (b - (b - a) / 3, until - (until - to) / 3)):
            ((_, _, expected, _),) = move.images(moment, moment)
            assert at == pytest.approx(expected, abs=1e-6)


def test_muted_spans_join_and_what_is_muted_is_not_heard():
    state = after(("time_mask", {"fraction": 0.2, "start": 0.0}), ("time_mask", {"fraction": 0.25, "start": 0.1}), channels=1)
    assert state.muted == ((0.0, pytest.approx(0.65)),)
    assert state.heard.images(0.0, 1.0) == [(pytest.approx(0.65), 1.0, pytest.approx(0.65), 1.0)]
    assert state.time.is_identity and not state.is_identity
    later = get_op("audio.reverse").compose(state, {})
    assert later.muted == state.muted and later.heard.kept == pytest.approx(state.heard.kept)


def test_origins_are_the_images_read_backwards():
    move = time.rolled(SECONDS, 0.5).then(time.faster(SECONDS, 2.0))
    assert move.origins(0.0, 1.0) == [(0.0, 2.0)]
    assert move.origins(0.0, 0.25) == [(1.5, 2.0)]
    assert time.reversed_(SECONDS).origins(0.0, 0.5) == [(1.5, 2.0)]
    assert time.padded(SECONDS, 1.0, 1.0).origins(0.0, 1.0) == []


def test_silence_around_a_recording_moves_its_moments():
    move = time.padded(SECONDS, 0.5, 1.0)
    assert move.out_seconds == 3.5 and move.images(1.0, 1.5) == [(1.0, 1.5, 1.5, 2.0)] and move.kept == 1.0
    assert time.padded(SECONDS, 0.0, 0.0).is_identity
    assert move.then(time.window(3.5, 0.5, 2.5)).is_identity


def test_half_the_amplitude_is_what_taken_away_means():
    state = after(("band_stop", {"center_hz": 1000.0, "octaves": 2.0}), channels=1)
    ((low, high),) = state.bands
    times = np.arange(4 * RATE) / RATE
    for hertz, gone in ((low * 1.02, True), (high / 1.02, True), (low / 1.2, False), (high * 1.2, False)):
        sound = (0.3 * np.sin(2 * math.pi * hertz * times))[None].astype(np.float32)
        program = executor.compile_steps([("audio.band_stop", {"center_hz": 1000.0, "octaves": 2.0})], 4.0, 1)
        left = np.abs(executor.run(program, sound, RATE)[:, RATE:]).max() / 0.3
        assert (left < 0.52) == gone, (hertz, left)
