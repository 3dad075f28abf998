"""A picture and the sound recorded with it, by layout: what a mirror does to the channels, against permutations written out here."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

import mmaug as mm

PICTURE = np.arange(8 * 10 * 3, dtype=np.uint8).reshape(8, 10, 3)
SCHEMA = mm.Schema(image=mm.Image(), audio=mm.Audio(recorded_with="image"), caption=mm.Caption(of=("image", "audio")))
FLIP, QUARTER, HALF = mm.op("image.horizontal_flip"), mm.op("image.rotate90", turns=1), mm.op("image.rotate90", turns=2)
SWAP = mm.op("audio.swap_channels")
SWAPPED = {1: [0], 2: [1, 0], 6: [1, 0, 2, 3, 5, 4]}
"""By channels; six are FL FR FC LFE BL BR, the order of WAV and FLAC."""


def run(channels, *ops, caption="a scene", audio=None):
    sound = np.random.default_rng(channels).uniform(-0.5, 0.5, (channels, 400)).astype(np.float32)
    row = {"image": PICTURE, "audio": audio or {"array": sound, "sampling_rate": 8000}, "caption": caption}
    out, trace = mm.TransformGraph(mm.Policy.sequence(*ops), schema=SCHEMA).run(row, key=0)
    return sound, out, trace


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("op", [FLIP, HALF])
def test_a_mirror_swaps_the_sides_of_known_layouts(channels, op):
    sound, out, trace = run(channels, op)
    assert np.array_equal(out["audio"]["array"], sound[SWAPPED[channels]]) and not trace.vetoes
    assert not np.array_equal(out["image"], PICTURE)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_two_mirrors_are_none(channels):
    sound, out, _ = run(channels, FLIP, FLIP)
    assert np.array_equal(out["audio"]["array"], sound) and np.array_equal(out["image"], PICTURE)


@pytest.mark.parametrize("channels", [3, 4, 8])
def test_a_mirror_is_refused_where_nobody_knows_the_sides(channels):
    sound, out, trace = run(channels, FLIP)
    assert "which of" in trace.vetoes[0].dropped.reason
    assert np.array_equal(out["image"], PICTURE) and np.array_equal(out["audio"]["array"], sound)


@pytest.mark.parametrize("channels", [2, 4, 6])
def test_a_quarter_turn_leaves_no_side(channels):
    sound, out, _ = run(channels, QUARTER)
    assert np.allclose(out["audio"]["array"], sound.mean(0), atol=1e-6)


@pytest.mark.parametrize("channels", [2, 6])
def test_swapped_channels_mirror_the_picture(channels):
    sound, out, _ = run(channels, SWAP)
    assert np.array_equal(out["image"], PICTURE[:, ::-1]) and np.array_equal(out["audio"]["array"], sound[SWAPPED[channels]])
    assert np.array_equal(run(1, SWAP)[1]["image"], PICTURE)


def test_what_is_said_of_both_changes_sides_once():
    out = run(2, FLIP, caption="a drum on the left")[1]
    assert out["caption"] == "a drum on the right"


def test_the_order_of_5_1_is_that_of_the_file():
    """A file of six channels, each a tone of its own: after a mirror left and right, and back left and back right, changed places."""
    t = np.arange(8000) / 8000
    tones = np.stack([0.3 * np.sin(2 * np.pi * 200 * (n + 1) * t) for n in range(6)])
    file = io.BytesIO()
    soundfile.write(file, tones.T, 8000, format="WAV", subtype="PCM_16")
    out = run(6, FLIP, audio={"bytes": file.getvalue(), "path": None})[1]
    back = soundfile.read(io.BytesIO(out["audio"]["bytes"]))[0].T
    assert [int(np.abs(np.fft.rfft(channel)).argmax()) for channel in back] == [400, 200, 600, 800, 1200, 1000]
