"""Every sound op against something independent: scipy's filter design, the Fourier transform, decibels counted by hand, numpy's slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from mmaug.modalities.audio import executor
from mmaug.modalities.audio.noise import coloured
from mmaug.registry import get_op

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "data" / "golden" / "audiomentations-docs"
RATE = 16000


def run(samples: np.ndarray, *steps, rate: int = RATE) -> np.ndarray:
    return executor.run(executor.compile_steps(steps, samples.shape[1] / rate, samples.shape[0]), samples, rate)


def noise(seconds=1.0, channels=1, rate=RATE, seed=0, level=0.1) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal((channels, round(seconds * rate)))).clip(-1, 1).astype(np.float32)


def tone(hertz: float, seconds=1.0, rate=RATE, level=0.4) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate))[None].astype(np.float32)


def loudest(sound: np.ndarray, rate=RATE) -> float:
    """The frequency of the highest bin, in hertz."""
    middle = sound[0, sound.shape[1] // 4 : -sound.shape[1] // 4].astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 19)))) * rate / (1 << 19)


def db(out: np.ndarray, into: np.ndarray) -> float:
    return 10 * np.log10(np.mean(out.astype(float) ** 2) / np.mean(into.astype(float) ** 2))


golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"audiomentations' example sounds are not at {GOLDEN}")


def pair(name: str) -> tuple[np.ndarray, np.ndarray, int]:
    into, rate = soundfile.read(GOLDEN / f"{name}_input.flac", dtype="float32", always_2d=True)
    out, _ = soundfile.read(GOLDEN / f"{name}_transformed.flac", dtype="float32", always_2d=True)
    return into.T, out.T, rate


# -- filters ----------------------------------------------------------------------------------------------------------

FILTERS = {
    "low_pass": ({"cutoff_hz": 1000.0}, lambda rate: scipy.signal.butter(4, 1000, "lowpass", fs=rate, output="sos")),
    "high_pass": ({"cutoff_hz": 700.0}, lambda rate: scipy.signal.butter(4, 700, "highpass", fs=rate, output="sos")),
    "band_stop": (
        {"center_hz": 1200.0, "octaves": 1.0},
        lambda rate: scipy.signal.butter(2, [1200 / 2**0.5, 1200 * 2**0.5], "bandstop", fs=rate, output="sos"),
    ),
    "band_pass": (
        {"low_hz": 3000.0, "high_hz": 400.0},  # in either order
        lambda rate: np.concatenate(
            [
                scipy.signal.butter(4, 400, "highpass", fs=rate, output="sos"),
                scipy.signal.butter(4, 3000, "lowpass", fs=rate, output="sos"),
            ]
        ),
    ),
}


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 192000])
@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_scipys_butterworth(name, rate):
    params, reference = FILTERS[name]
    sound = noise(0.3, 2, rate)
    got = run(sound, (f"audio.{name}", params), rate=rate)
    sos = reference(rate)
    start = scipy.signal.sosfilt_zi(sos)
    for channel, out in zip(sound, got, strict=True):
        expected = scipy.signal.sosfilt(sos, channel.astype(float), zi=start * channel[0])[0]
        np.testing.assert_allclose(out, expected, atol=2e-6)


@pytest.mark.parametrize("gain", [-12.0, 6.0])
@pytest.mark.parametrize("rate", [8000, 48000])
def test_a_peak_lifts_its_middle_by_so_many_decibels(gain, rate):
    step = ("audio.peaking_eq", {"center_hz": 1000.0, "db": gain, "octaves": 1.0})
    for hertz, expected in ((1000, gain), (1000 / 2**0.5, gain / 2), (1000 * 2**0.5, gain / 2), (60, 0.0)):
        sound = tone(hertz, 2.0, rate, 0.1)
        half = sound.shape[1] // 2  # when it has settled
        assert db(run(sound, step, rate=rate)[:, half:], sound[:, half:]) == pytest.approx(expected, abs=0.3)


def test_filters_in_a_row_are_one_filter():
    sound = noise(1.0, 2)
    steps = [("audio.low_pass", {"cutoff_hz": 3000.0}), ("audio.peaking_eq", {"center_hz": 500.0, "db": 4.0, "octaves": 1.0})]
    program = executor.compile_steps(steps, 1.0, 2)
    assert len(program.segments) == 1
    np.testing.assert_allclose(run(sound, *steps), run(run(sound, steps[0]), steps[1]), atol=1e-6)


@pytest.mark.parametrize("name", ["low_pass", "band_pass", "resample"])
def test_what_lies_above_half_the_rate_cannot_be_taken_away(name):
    params = {"low_pass": {"cutoff_hz": 4500.0}, "band_pass": {"low_hz": 20.0, "high_hz": 6000.0}, "resample": {"to_hz": 8000.0}}[name]
    sound = noise(rate=8000)
    assert np.array_equal(run(sound, (f"audio.{name}", params), rate=8000), sound)


def test_a_constant_goes_through_a_filter_without_a_click():
    constant = np.full((1, 4000), 0.3, np.float32)
    np.testing.assert_allclose(run(constant, ("audio.low_pass", {"cutoff_hz": 500.0})), constant, atol=1e-6)
    assert np.abs(run(constant, ("audio.high_pass", {"cutoff_hz": 500.0}))).max() < 1e-6


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 96000])
def test_a_masked_band_is_gone_and_the_rest_stays(rate):
    ((low, high),) = get_op("audio.frequency_mask").function(width=0.2, start=0.4)
    step = ("audio.frequency_mask", {"width": 0.2, "start": 0.4})
    for hertz, stays in ((low * 0.8, True), ((low * high) ** 0.5, False), (min(high * 1.2, rate * 0.45), True)):
        sound = tone(hertz, 1.0, rate)
        out = run(sound, step, rate=rate)
        inner = slice(rate // 10, -rate // 10)
        if stays:
            np.testing.assert_allclose(out[:, inner], sound[:, inner], atol=4e-3)
        else:
            assert db(out[:, inner], sound[:, inner]) < -50
    assert 800 < low < 1500 < high < 3000  # 0.32 and 0.52 of the 2840 mel up to 8 kHz


@pytest.mark.parametrize("to", [4000.0, 9001.5])
def test_resampling_takes_away_what_a_lower_rate_cannot_hold(to):
    step = ("audio.resample", {"to_hz": to})
    below, above = tone(to * 0.4), tone(to * 0.55)
    inner = slice(2000, -2000)
    np.testing.assert_allclose(run(below, step)[:, inner], below[:, inner], atol=2e-3)
    assert db(run(above, step)[:, inner], above[:, inner]) < -60
    assert run(below, step).shape == below.shape


# -- pitch and speed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("semitones", [-12.0, -3.0, 0.5, 4.0, 12.0])
@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_pitch_moves_by_semitones_and_length_stays(semitones, rate):
    sound = tone(440, 1.5, rate)
    out = run(sound, ("audio.pitch_shift", {"semitones": semitones}), rate=rate)
    assert out.shape == sound.shape
    assert 12 * np.log2(loudest(out, rate) / 440) == pytest.approx(semitones, abs=0.1)


@pytest.mark.parametrize("semitones", [-5.0, 5.0])
def test_pitch_does_not_move_what_is_heard_in_time(semitones):
    clicks = np.zeros((1, 2 * RATE), np.float32)
    for second in (0.4, 1.2):
        first = round((second - 0.002) * RATE)
        clicks[0, first : first + 64] = np.random.default_rng(0).uniform(-0.8, 0.8, 64)
    power = run(clicks, ("audio.pitch_shift", {"semitones": semitones}))[0].astype(float) ** 2
    times = np.arange(len(power)) / RATE
    for second in (0.4, 1.2):
        near = np.abs(times - second) < 0.15
        assert np.sum(times[near] * power[near]) / np.sum(power[near]) == pytest.approx(second, abs=0.012)


@pytest.mark.parametrize("times", [0.5, 0.9, 1.25, 2.0])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_speed_is_a_tape(times, rate):
    sound = tone(440, 1.5, rate)
    out = run(sound, ("audio.speed", {"rate": times}), rate=rate)
    assert out.shape == (1, round(sound.shape[1] / times))
    expected = 0.4 * np.sin(2 * np.pi * 440 * times * np.arange(out.shape[1]) / rate)
    inner = slice(rate // 10, -rate // 10)
    np.testing.assert_allclose(out[0, inner], expected[inner], atol=1e-3)


def test_tempo_and_pitch_together_are_one_stretch_and_a_tape_is_exact():
    sound = noise(1.0)
    tape = run(sound, ("audio.time_stretch", {"rate": 1.2}), ("audio.pitch_shift", {"semitones": 12 * np.log2(1.2)}))
    np.testing.assert_allclose(tape, run(sound, ("audio.speed", {"rate": 1.2})), atol=1e-6)
    both = run(tone(440, 2.0), ("audio.time_stretch", {"rate": 0.8}), ("audio.pitch_shift", {"semitones": 7.0}))
    assert both.shape == (1, 40000) and 12 * np.log2(loudest(both) / 440) == pytest.approx(7.0, abs=0.1)
    assert np.array_equal(run(sound, ("audio.pitch_shift", {"semitones": 3.0}), ("audio.pitch_shift", {"semitones": -3.0})), sound)


def test_more_channels_than_two_are_stretched_too():
    sound = np.concatenate([tone(hertz, 1.0, level=0.3) for hertz in (200, 300, 450, 700, 1000)])
    out = run(sound, ("audio.pitch_shift", {"semitones": 12.0}))
    for channel, hertz in enumerate((200, 300, 450, 700, 1000)):
        assert loudest(out[channel : channel + 1]) == pytest.approx(2 * hertz, rel=0.01)


# -- noise ------------------------------------------------------------------------------------------------------------


def speech_like() -> np.ndarray:
    """One second of sound, then three of silence."""
    return np.concatenate([noise(1.0, level=0.2), np.zeros((1, 3 * RATE), np.float32)], axis=1)


NOISES = {
    "gaussian_noise": {"seed": 5},
    "colored_noise": {"seed": 5, "exponent": 1.3},
    "background": {"seed": 5, "source": "", "which": 0.5, "start": 0.5},
}


@pytest.mark.parametrize("snr", [0.0, 10.0, 37.5, -15.0])
@pytest.mark.parametrize("name", NOISES)
def test_noise_is_added_at_the_very_ratio(name, snr):
    sound = speech_like() * 0.1  # so quiet that nothing clips
    added = run(sound, (f"audio.{name}", {"snr_db": snr, **NOISES[name]})) - sound
    active = sound[:, :RATE]  # the pause does not count
    assert db(active, added) == pytest.approx(snr, abs=0.1)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_noise_in_stereo_keeps_the_ratio_and_the_image(channels):
    sound = noise(2.0, channels, level=0.05) * np.linspace(1, 0.2, channels, dtype=np.float32)[:, None]
    out = run(sound, ("audio.gaussian_noise", {"snr_db": 12.0, "seed": 1}))
    assert db(sound, out - sound) == pytest.approx(12.0, abs=0.1)
    assert abs(np.corrcoef((out - sound)[0], (out - sound)[-1])[0, 1]) < 0.05 or channels == 1


@pytest.mark.parametrize("name", NOISES)
def test_silence_stays_silent(name):
    silence = np.zeros((2, 3000), np.float32)
    assert not run(silence, (f"audio.{name}", {"snr_db": 5.0, **NOISES[name]})).any()


@pytest.mark.parametrize("exponent", [-2.0, 0.0, 1.0, 2.0])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_coloured_noise_falls_as_its_exponent_says(exponent, rate):
    made = coloured((1, rate * 8), rate, exponent, 3)[0]
    hertz, power = scipy.signal.welch(made, rate, nperseg=4096)
    fit = (hertz > 60) & (hertz < rate * 0.45)
    slope = np.polyfit(np.log(hertz[fit]), np.log(power[fit]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.12)


# -- level, distortion ------------------------------------------------------------------------------------------------


def test_normalize_brings_the_peak_there_and_keeps_the_sides():
    sound = noise(0.5, 2, level=0.05) * np.float32([[1.0], [0.25]])
    out = run(sound, ("audio.normalize", {"peak_db": -3.0}))
    assert np.abs(out).max() == pytest.approx(10 ** (-3 / 20), rel=1e-6)
    np.testing.assert_allclose(out[1] / out[0], sound[1] / sound[0], rtol=1e-4)


@pytest.mark.parametrize("ratio", [2.0, 8.0])
def test_a_compressor_cuts_what_is_above_the_threshold(ratio):
    loud, quiet = tone(500, 1.0, level=0.8), tone(500, 1.0, level=0.08)
    sound = np.concatenate([loud, quiet], axis=1)
    out = run(sound, ("audio.dynamic_range", {"ratio": ratio, "threshold_db": -12.0, "attack": 0.005, "release": 0.1}))
    inner = slice(RATE // 2, RATE - 800)
    before = db(sound[:, inner], sound[:, RATE + RATE // 2 : -800])
    after = db(out[:, inner], out[:, RATE + RATE // 2 : -800])
    assert before == pytest.approx(20.0, abs=0.1)
    assert after == pytest.approx(8.0 + 12.0 / ratio, abs=0.3)  # 12 of the 20 dB lie above the threshold
    assert np.abs(out).max() == pytest.approx(np.abs(sound).max(), rel=1e-5)


def test_a_compressor_is_one_for_all_channels():
    step = ("audio.dynamic_range", {"ratio": 8.0, "threshold_db": -30.0, "attack": 0.005, "release": 0.1})
    sound = noise(0.5, 2) * np.float32([[1.0], [0.1]])
    swapped = run(sound[::-1].copy(), step)[::-1]  # whichever channel is the loud one
    np.testing.assert_array_equal(run(sound, step), swapped)
    np.testing.assert_allclose(swapped[1] * sound[0], swapped[0] * sound[1], atol=1e-6)


def test_tremolo_goes_down_and_up_in_its_rhythm():
    sound = np.full((2, 2 * RATE), 0.5, np.float32)
    out = run(sound, ("audio.tremolo", {"depth": 0.6, "beats_hz": 4.0, "phase": 0.25}))
    assert out.max() == pytest.approx(0.5, abs=1e-4) and out.min() == pytest.approx(0.2, abs=1e-4)
    spectrum = np.abs(np.fft.rfft(out[0] - out[0].mean()))
    assert np.argmax(spectrum) / 2 == pytest.approx(4.0)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_so_many_samples_are_clipped(share):
    sound = noise(1.0, 2)
    out = run(sound, ("audio.clip_distortion", {"share": share}))
    assert np.mean(out != sound) == pytest.approx(share, abs=1e-3)
    top = np.abs(out).max()
    np.testing.assert_array_equal(out, np.clip(sound, -top, top))
    rare = np.concatenate([sound, np.zeros((2, 40 * RATE), np.float32)], axis=1)  # heard for a second of forty
    np.testing.assert_array_equal(run(rare, ("audio.clip_distortion", {"share": share}))[:, :RATE], out)


@pytest.mark.parametrize("bits", [2.0, 4.0, 8.0, 12.0])
def test_so_many_levels_are_left(bits):
    sound = np.linspace(-1, 1, 40001, dtype=np.float32)[None]
    out = run(sound, ("audio.bit_crush", {"bits": bits}))
    assert len(np.unique(out)) == 2**bits + 1  # from -1 to 1, both among them
    assert np.abs(out - sound).max() <= 0.5 / 2 ** (bits - 1) + 1e-6
    quiet = run(sound * np.float32(0.001), ("audio.bit_crush", {"bits": bits}))
    np.testing.assert_allclose(quiet, out * 0.001, atol=1e-3 / 2 ** (bits - 1) + 1e-9)  # not silence: relative to the peak


@golden
def test_crushing_loses_what_it_does_in_audiomentations():
    """Their levels are those of full scale; on the sound brought to full scale the error has the same power within half a decibel."""
    into, out, rate = pair("BitCrush")
    ours = run(into, ("audio.bit_crush", {"bits": 6.0 + float(np.log2(np.abs(into).max() * 33 / 32))}), rate=rate)
    assert db(ours - into, out - into) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("codec", ["mp3", "vorbis"])
@pytest.mark.parametrize("rate", [8000, 16000, 44100, 96000, 11000])
def test_a_codec_keeps_length_and_place(codec, rate):
    sound = np.concatenate([noise(0.7, 1, rate, 1), tone(440, 0.3, rate)], axis=1)
    out = run(sound, ("audio.compress_codec", {"loss": 0.5, "codec": codec}), rate=rate)
    assert out.shape == sound.shape
    size = 2 * sound.shape[1]
    lags = np.fft.irfft(np.fft.rfft(out[0], size) * np.conj(np.fft.rfft(sound[0], size)))
    assert np.argmax(lags) in (0, 1, len(lags) - 1)
    inner = slice(round(0.75 * rate), round(0.95 * rate))
    assert db(out[:, inner], sound[:, inner]) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("codec", ["mp3", "vorbis"])
def test_a_codec_loses_more_with_more_loss(codec):
    sound = noise(1.0) * np.float32(2.0)
    errors = [db(run(sound, ("audio.compress_codec", {"loss": loss, "codec": codec})) - sound, sound) for loss in (0.05, 0.5, 1.0)]
    assert errors == sorted(errors) and errors[0] < errors[-1] - 1


@pytest.mark.parametrize("codec", ["mp3", "vorbis"])
def test_ten_minutes_go_through_a_codec(codec):
    """The encoder of libvorbis crashes the process when it is given minutes at once."""
    sound = np.resize(tone(440, 1.0, 8000), (1, 8000 * 600))
    out = run(sound, ("audio.compress_codec", {"loss": 1.0, "codec": codec}), rate=8000)
    assert out.shape == sound.shape
    assert db(out[:, -16000:-8000], sound[:, -16000:-8000]) == pytest.approx(0.0, abs=0.5)


# -- time -------------------------------------------------------------------------------------------------------------


def test_padding_is_numpys():
    sound = noise(1.0, 2)
    np.testing.assert_array_equal(run(sound, ("audio.pad", {"length": 0.5, "before": 0.0})), np.pad(sound, ((0, 0), (0, 8000))))
    np.testing.assert_array_equal(run(sound, ("audio.pad", {"length": 0.5, "before": 0.25})), np.pad(sound, ((0, 0), (2000, 6000))))


def test_a_masked_stretch_is_silent_and_the_rest_untouched():
    sound = noise(1.0, 2)
    out = run(sound, ("audio.time_mask", {"fraction": 0.25, "start": 0.5}))
    first, last = round(0.375 * RATE), round(0.625 * RATE)
    np.testing.assert_array_equal(out[:, :first], sound[:, :first])
    np.testing.assert_array_equal(out[:, last:], sound[:, last:])
    assert not out[:, first + 80 : last - 80].any()
    np.testing.assert_allclose(out[:, first + 40] / sound[:, first + 40], 0.5, atol=0.03)  # in the middle of a fade


# -- golden pairs of audiomentations ----------------------------------------------------------------------------------


@golden
@pytest.mark.parametrize(
    ("name", "step", "tolerance"),
    [
        ("Gain", ("audio.gain", {"db": -8.0}), 1e-4),
        ("Reverse", ("audio.reverse", {}), 0.0),
    ],
)
def test_the_same_samples_as_audiomentations(name, step, tolerance):
    into, expected, rate = pair(name)
    got = run(into, step, rate=rate)
    np.testing.assert_allclose(got, expected, atol=tolerance)


@golden
def test_the_same_ratio_of_noise_as_audiomentations():
    into, out, rate = pair("AddGaussianSNR")
    ours = run(into, ("audio.gaussian_noise", {"snr_db": 16.0, "seed": 0}), rate=rate)
    assert db(into, out - into) == pytest.approx(16.0, abs=0.1)  # theirs is against all samples, pauses too
    assert db(into, ours - into) == pytest.approx(16.0, abs=3.0) and db(into, ours - into) < 16.0


@golden
@pytest.mark.parametrize("name", ["PitchShift", "TimeStretch"])
def test_the_same_spectrum_over_time_as_audiomentations(name):
    into, out, rate = pair(name)
    step = {"PitchShift": ("audio.pitch_shift", {"semitones": -4.0}), "TimeStretch": ("audio.time_stretch", {"rate": 1.25})}[name]
    got = run(into, step, rate=rate)
    length = min(got.shape[1], out.shape[1], round(out.shape[1] / 1.25) if name == "TimeStretch" else out.shape[1])
    spectra = [np.log(scipy.signal.stft(x[0, :length], rate, nperseg=2048)[2].__abs__() + 1e-4) for x in (got, out)]
    assert np.corrcoef(spectra[0].ravel(), spectra[1].ravel())[0, 1] > 0.95


@golden
def test_the_same_frequencies_as_audiomentations_high_pass():
    into, out, rate = pair("HighPassFilter")  # theirs has 12 dB an octave, ours 24
    ours = run(into, ("audio.high_pass", {"cutoff_hz": 1000.0}), rate=rate)
    hertz, theirs = scipy.signal.csd(into[0], out[0], rate, nperseg=4096)
    power = scipy.signal.welch(into[0], rate, nperseg=4096)[1]
    mine = scipy.signal.csd(into[0], ours[0], rate, nperseg=4096)[1]
    for low, high, least, most in ((2500, 6000, -1.5, 1.5), (950, 1050, -1.5, 1.5), (480, 520, -16.0, -8.0)):
        part = (hertz > low) & (hertz < high)
        apart = 20 * np.log10(np.abs(mine[part]).sum() / np.abs(theirs[part]).sum())
        assert least <= apart <= most, (low, apart, power[part].sum())
