"""What texts do when their recording changes, checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm

RATE = 1000
SOUND = np.random.default_rng(0).normal(0, 0.1, (2, 4 * RATE)).astype(np.float32)


def run(*ops, **texts):
    """A 4 s stereo recording with what is given of caption, transcript, words and events."""
    kinds = {"caption": mm.Caption, "transcript": mm.Transcript, "words": mm.Words, "events": mm.Events}
    schema = mm.Schema(audio=mm.Audio(), **{name: kinds[name](of="audio") for name in texts})
    row = {"audio": {"array": SOUND, "sampling_rate": RATE}, **texts}
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema).run(row, key=1)


def items(*spans):
    return [{"text": text, "start": start, "end": end} for text, start, end in spans]


def faster(rate):
    return mm.op("audio.time_stretch", rate=rate)


def crop(keep, start=0.0):
    return mm.op("audio.time_crop", keep=keep, start=start)


BACK, SHIFT, SWAP = mm.op("audio.reverse"), mm.op("audio.time_shift", fraction=0.5), mm.op("audio.swap_channels")
TWO = items(("dog", 0.5, 1.0), ("door", 2.0, 2.4))


@pytest.mark.parametrize(
    ("caption", "ops", "wanted"),
    [
        ("a fast train", [faster(1.3)], "a fast train"), ("a fast train", [faster(0.7)], None),
        ("a slow train", [faster(1.3)], None), ("a slow train", [faster(0.7)], "a slow train"),
        ("a slow train", [faster(1.3), faster(1 / 1.3)], None),
        ("a train", [faster(1.5)], "a train"), ("a slow train", [faster(1.02)], "a slow train"),
        ("a loud bang", [mm.op("audio.gain", db=10.0)], "a loud bang"), ("a loud bang", [mm.op("audio.gain", db=-10.0)], None),
        ("a quiet hum", [mm.op("audio.gain", db=10.0)], None), ("a hum", [mm.op("audio.gain", db=-40.0)], None),
        ("a quiet hum", [mm.op("audio.gain", db=-6.0)], "a quiet hum"),
        ("a bark on the left", [SWAP], "a bark on the right"), ("a bark on the left", [SWAP, SWAP], "a bark on the left"),
        ("a bark", [SWAP], "a bark"),
        ("a dog barks, then a door slams", [SHIFT], None), ("a man speaks", [BACK], None), ("", [BACK, crop(0.1)], ""),
        ("a hum", [crop(0.9)], "a hum"), ("a hum", [crop(0.5)], None), ("three barks", [crop(0.95)], None),
        ("three barks", [faster(1.2)], "three barks"),
    ],
)  # fmt: skip
def test_captions_without_events(caption, ops, wanted):
    out, trace = run(*ops, caption=caption)
    assert out["caption"] == (wanted if wanted is not None else caption) and bool(trace.vetoes) == (wanted is None), str(trace)


@pytest.mark.parametrize(
    ("caption", "ops", "applied"),
    [
        ("a dog barks, then a door slams", [crop(0.7)], True),  # 2.8 s hold both
        ("a dog barks, then a door slams", [crop(0.5)], False),  # the door is cut
        ("a dog barks, then a door slams", [SHIFT], False),  # the door would come first
        ("a dog barks, then a door slams", [mm.op("audio.time_shift", fraction=0.3)], True),  # 1.2 s later both are still in order
        ("two sounds", [crop(0.7)], True),
        ("two sounds", [crop(0.55)], False),
        ("two sounds", [mm.op("audio.time_shift", fraction=0.45)], False),  # the door would be heard in two parts
    ],
)
def test_captions_with_events(caption, ops, applied):
    trace = run(*ops, caption=caption, events=TWO)[1]
    assert (not trace.vetoes) is applied, str(trace)


def test_backwards_the_order_turns():
    out, trace = run(BACK, caption="a dog barks, then a door slams", events=TWO)
    assert out["caption"] in ("a door slams, then a dog barks",) or trace.vetoes
    assert [(e["text"], e["start"], e["end"]) for e in out["events"]] == (
        [("door", 1.6, 2.0), ("dog", 3.0, 3.5)] if not trace.vetoes else [("dog", 0.5, 1.0), ("door", 2.0, 2.4)]
    )
    out, trace = run(BACK, BACK, caption="a dog barks, then a door slams", events=TWO)
    assert out["caption"] == "a dog barks, then a door slams" and out["events"] == TWO and np.array_equal(out["audio"]["array"], SOUND)


WORDS = items(("turn", 0.2, 0.6), ("left", 0.7, 1.1), ("here", 2.5, 3.0))


def test_a_transcript_loses_what_is_no_longer_heard():
    out, trace = run(crop(0.5), transcript="Turn left, here!", words=WORDS)
    assert out["transcript"] == "Turn left," and [w["text"] for w in out["words"]] == ["turn", "left"]
    assert trace.edits[0].by == ("words_still_heard",)
    assert run(SWAP, transcript="turn left", words=WORDS[:2])[0]["transcript"] == "turn left"
    out = run(faster(2.0), transcript="Turn left, here!", words=WORDS)[0]
    assert out["transcript"] == "Turn left, here!" and out["words"] == items(("turn", 0.1, 0.3), ("left", 0.35, 0.55), ("here", 1.25, 1.5))


def test_a_transcript_follows_the_order():
    out, trace = run(SHIFT, transcript="turn left here", words=WORDS)
    assert (out["transcript"], [w["text"] for w in out["words"]]) == ("here turn left", ["here", "turn", "left"]) or trace.vetoes


@pytest.mark.parametrize(
    ("transcript", "words", "ops", "why"),
    [
        ("turn left here", None, [crop(0.5)], "no word times say which"),
        ("turn right here", WORDS, [crop(0.5)], "the word times are not those of the transcript"),
        ("turn left", WORDS, [crop(0.5)], "the word times are not those of the transcript"),
        ("turn left here", WORDS, [BACK], "heard backwards"),
        ("turn left here", None, [mm.op("audio.gain", db=-50.0)], "too quiet"),
    ],
)
def test_a_transcript_that_refuses(transcript, words, ops, why):
    out, trace = run(*ops, transcript=transcript, **({"words": words} if words else {}))
    assert out["transcript"] == transcript and why in trace.vetoes[0].dropped.reason and np.array_equal(out["audio"]["array"], SOUND)


def test_a_transcript_without_words_minds_no_change_of_tempo_or_level():
    out, trace = run(faster(1.5), mm.op("audio.gain", db=-6.0), SWAP, transcript="turn left here")
    assert out["transcript"] == "turn left here" and len(trace.applied) == 3


def test_a_word_of_several_tokens():
    words = items(("in", 0.0, 0.2), ("New York", 0.3, 0.9), ("today", 3.0, 3.5))
    out, trace = run(crop(0.5), transcript="in New York today", words=words)
    assert trace.vetoes and out["transcript"] == "in New York today" and out["words"] == words
