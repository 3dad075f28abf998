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
        ("a hum", [crop(0.9)], "a hum"), ("a hum", [crop(0.5)], "a hum"), ("a hum", [crop(0.45)], None),
        ("three barks", [crop(0.95)], None),
        ("three barks", [faster(1.2)], "three barks"), ("three barks", [BACK], "three barks"), ("three barks", [SHIFT], None),
        ("several barks", [crop(0.96)], "several barks"), ("several barks", [crop(0.9)], None), ("a dog barks", [crop(0.9)], None),
        ("a parcel is unpacked", [crop(0.85)], "a parcel is unpacked"), ("a parcel is unpacked", [crop(0.75)], None),
        ("rain, then a dog barks", [crop(0.9)], None), ("rain while a dog barks", [SHIFT], "rain while a dog barks"),
        ("a brief beep", [faster(1.3)], "a brief beep"), ("a brief beep", [faster(0.7)], None), ("a long beep", [faster(1.3)], None),
        ("ten seconds of rain", [faster(1.02)], None), ("a second dog joins", [faster(1.2)], "a second dog joins"),
        ("a train", [faster(2.2)], None), ("a dog barks, then a cat meows", [BACK], "a cat meows, then a dog barks"),
        ("a gizmo frobs", [BACK], None), ('a man says "hello"', [crop(0.9)], None), ("a clock ticks", [crop(0.6)], "a clock ticks"),
    ],
)  # fmt: skip
def test_captions_without_events(caption, ops, wanted):
    out, trace = run(*ops, caption=caption)
    assert out["caption"] == (wanted if wanted is not None else caption) and bool(trace.vetoes) == (wanted is None), str(trace)


@pytest.mark.parametrize(
    ("caption", "op", "wanted"),
    [
        ("A man says turn left at the corner.", SWAP, "A man says turn left at the corner."),
        ("On the left a man says to turn right.", SWAP, "On the right a man says to turn right."),
        ("A man says something on the left.", SWAP, None), ("Turn left, a voice says.", SWAP, None),
        ("A man says to turn left.", mm.op("audio.to_mono"), "A man says to turn left."),
        ("A man says hello while a dog barks on the left.", SWAP, "A man says hello while a dog barks on the right."),
        ("A plane flies over a house.", mm.op("audio.to_mono"), "A plane flies over a house."),
        ("A squeak repeats and the car runs over a bump.", SWAP, "A squeak repeats and the car runs over a bump."),
        ("A five-second hum.", BACK, "A five-second hum."), ("A five-second hum.", faster(1.5), None), ("A 3s tone.", faster(0.9), None),
        ("Beeps at 120bpm.", faster(1.5), None), ("A hum in his 40s.", faster(1.5), "A hum in his 40s."),
        ("Rain falls. Then wind blows.", BACK, "Wind blows. Then rain falls."),
        ("rain then wind then rain", BACK, "rain then wind then rain"),
        ("Sawing, drilling and humming in succession.", BACK, None), ("The rain gradually intensifies.", BACK, None),
        ("A car drives by.", BACK, None), ("A hum moves from left to right.", BACK, None),
        ("Beeps one after the other.", BACK, "Beeps one after the other."),
        ("The volume is low.", mm.op("audio.gain", db=6.0), None),
        ("The volume is low.", mm.op("audio.gain", db=-6.0), "The volume is low."),
        ("Barely audible music.", mm.op("audio.gain", db=6.0), None), ("Music in the background.", mm.op("audio.gain", db=6.0), None),
        ("A man speaks with music in the background.", mm.op("audio.gain", db=6.0), "A man speaks with music in the background."),
        ("A muffled hum.", mm.op("audio.gain", db=6.0), None), ("A hum at full volume.", mm.op("audio.gain", db=-12.0), None),
        ("A blaring horn.", mm.op("audio.gain", db=-12.0), None), ("It is not loud.", mm.op("audio.gain", db=-12.0), "It is not loud."),
        ("It is not loud.", mm.op("audio.gain", db=12.0), None), ("A 60 dB hum.", mm.op("audio.gain", db=-6.0), None),
        ("A hum at full volume.", mm.op("audio.normalize", peak_db=-1.0), None),
    ],
)  # fmt: skip
def test_captions_of_what_is_said_measured_or_changes(caption, op, wanted):
    out, trace = run(op, caption=caption)
    assert out["caption"] == (wanted if wanted is not None else caption) and bool(trace.vetoes) == (wanted is None), str(trace)


def test_numbers_that_measure_count_no_events():
    """Two events: 440 Hz is not 440 of them."""
    assert not run(crop(0.7), caption="a 440 Hz dog", events=TWO)[1].vetoes
    assert run(crop(0.7), caption="440 dogs", events=TWO)[1].vetoes


def higher(semitones):
    return mm.op("audio.pitch_shift", semitones=semitones)


def noise(snr_db):
    return mm.op("audio.gaussian_noise", snr_db=snr_db)


def mask(fraction, start=0.5):
    return mm.op("audio.time_mask", fraction=fraction, start=start)


@pytest.mark.parametrize(
    ("caption", "ops", "stays"),
    [
        ("a man speaks", [higher(2)], True), ("a man speaks", [higher(3)], False), ("a man speaks", [higher(-5)], True),
        ("a woman speaks", [higher(3)], True), ("a woman speaks", [higher(4)], False), ("a woman speaks", [higher(-3)], False),
        ("a child speaks", [higher(5)], True), ("a child speaks", [higher(-3)], False), ("a baby cries", [higher(-3)], True),
        ("a baby cries", [higher(-4)], False), ("people talk", [higher(5)], True), ("a dog barks", [higher(7)], False),
        ("a man speaks", [higher(-4), higher(5)], True), ("a man speaks", [higher(2), higher(1)], False),
        ("a deep voice", [higher(3)], False), ("a deep voice", [higher(-3)], True), ("a high-pitched whine", [higher(-3)], False),
        ("a high-pitched whine", [higher(3)], True), ("a car at high speed", [higher(-3)], True),
        ("a small dog barks", [higher(-3)], False),
        ("a small dog barks", [higher(3)], True), ("a large bell", [higher(3)], False),
        ("a man speaks", [mm.op("audio.speed", rate=1.3)], False),
        ("rain", [mm.op("audio.speed", rate=1.3)], True), ("", [higher(9)], True),
        ("a song in C major", [higher(1)], False), ("a song in C major", [higher(0.1)], True), ("a 440 Hz tone", [higher(-0.5)], False),
        ("a 440 Hz tone", [mm.op("audio.speed", rate=1.05)], False), ("a 440 Hz tone", [faster(1.3)], True),
        ("falsetto", [higher(3)], False), ("falsetto", [higher(2)], True),
        ("a tenor saxophone", [higher(-4)], False), ("a bass note", [higher(4)], False), ("a medium-pitched whir", [higher(-4)], False),
        ("a tune in a minor key", [higher(4)], True), ("a minor scraping sound", [higher(4)], True),
    ],
)  # fmt: skip
def test_pitch(caption, ops, stays):
    """Stated bounds: a man from 6 semitones lower to 2 higher, a woman from 2 to 3, a child from 2 to 6, a baby from 3 to 6."""
    out, trace = run(*ops, caption=caption)
    assert out["caption"] == caption and len(trace.vetoes) == (0 if stays else 1), str(trace)


@pytest.mark.parametrize(
    ("caption", "op", "stays"),
    [
        ("a dog barks", noise(6), True), ("a dog barks", noise(4), False), ("three barks", noise(9), False),
        ("three barks", noise(11), True),
        ("birds in the background", noise(14), False), ("birds in the background", noise(16), True), ("a faint hum", noise(35), False),
        ("a faint hum", noise(45), True), ("a clear voice", noise(35), False), ("rain and silence", noise(30), False), ("", noise(0), True),
        ("a steady hum", mm.op("audio.tremolo", depth=0.8, beats_hz=5.0), False),
        ("a hum", mm.op("audio.tremolo", depth=0.8, beats_hz=5.0), True),
        ("a clear beep", mm.op("audio.clip_distortion", share=0.2), False), ("a beep", mm.op("audio.clip_distortion", share=0.2), True),
        ("a beep on the left", mm.op("audio.clip_distortion", share=0.2), False),
        ("a shrill beep", mm.op("audio.low_pass", cutoff_hz=1500.0), False),
        ("thunder rumbles", mm.op("audio.high_pass", cutoff_hz=300.0), False),
        ("a shrill beep", mm.op("audio.high_pass", cutoff_hz=300.0), True),
        ("thunder rumbles", mm.op("audio.low_pass", cutoff_hz=1500.0), True),
        ("three beeps", mm.op("audio.tremolo", depth=0.8, beats_hz=5.0), False),
        ("a beep, then silence", mm.op("audio.clip_distortion", share=0.2), False),
        ("a loud bang", mm.op("audio.normalize", peak_db=-1.0), False), ("a bang", mm.op("audio.normalize", peak_db=-1.0), True),
    ],
)  # fmt: skip
def test_noise_filters_and_distortion(caption, op, stays):
    out, trace = run(op, caption=caption)
    assert out["caption"] == caption and len(trace.vetoes) == (0 if stays else 1), str(trace)


@pytest.mark.parametrize(
    ("op", "stays"),
    [
        (noise(1), True), (noise(-1), False), (higher(7), True), (higher(9), False),
        (mm.op("audio.low_pass", cutoff_hz=2000.0), True), (mm.op("audio.low_pass", cutoff_hz=800.0), False),
    ],
)  # fmt: skip
def test_a_transcript_must_be_understood(op, stays):
    out, trace = run(op, transcript="turn left")
    assert out["transcript"] == "turn left" and len(trace.vetoes) == (0 if stays else 1), str(trace)


@pytest.mark.parametrize(
    ("caption", "op", "events", "stays"),
    [
        ("a constant hum", mask(0.1), None, False), ("a hum", mask(0.1), None, True), ("a hum", mask(0.6), None, False),
        ("a dog barks", mask(0.1), None, False), ("two sounds", mask(0.04, 0.0), None, False), ("two sounds", mask(0.1, 0.0), TWO, True),
        ("two sounds", mask(0.2, 0.1), TWO, False), ("an engine starts", mask(0.02), None, True),
        ("an engine starts", mask(0.1), None, False),
    ],
)  # fmt: skip
def test_what_is_masked_in_time(caption, op, events, stays):
    """Events: a dog from 0.5 to 1 s, a door from 2 to 2.4 s, in 4 s."""
    out, trace = run(op, caption=caption, **({"events": events} if events else {}))
    assert out["caption"] == caption and len(trace.vetoes) == (0 if stays else 1), str(trace)


@pytest.mark.parametrize(
    ("caption", "ops", "applied"),
    [
        ("a dog barks, then a door slams", [crop(0.7)], True),  # 2.8 s hold both
        ("a dog barks, then a door slams", [crop(0.5)], False),  # the door is cut
        ("a dog barks, then a door slams", [SHIFT], False),  # the door would come first
        ("a dog barks, then a door slams", [mm.op("audio.time_shift", fraction=0.3)], True),  # 1.2 s later both are still in order
        ("a dog barks", [crop(0.5)], True),  # of the door it does not speak
        ("a dog barks and a slam follows", [crop(0.5)], False),  # the slam may be the door
        ("the door slams", [crop(0.5)], False),
        ("two dogs bark", [crop(0.7)], False),  # the events show one
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


def test_a_masked_word_is_marked():
    """4 s; silent from 0.76 to 1.16 s: most of "left" (0.7 to 1.1 s)."""
    out, trace = run(mask(0.1, 0.76 / 3.6), transcript="Turn - left, here!", words=WORDS)
    assert out["transcript"] == "Turn - <masked>, here!" and not trace.vetoes
    assert out["words"] == items(("turn", 0.2, 0.6), ("<masked>", 0.7, 1.1), ("here", 2.5, 3.0))
    out = run(mask(0.1, 0.76 / 3.6), faster(2.0), crop(0.9), transcript="Turn left, here!", words=WORDS)[0]
    assert out["transcript"] == "Turn <masked>, here!" and out["words"][1] == {"text": "<masked>", "start": 0.35, "end": 0.55}
    out, trace = run(mask(0.1, 0.92 / 3.6), transcript="Turn left, here!", words=WORDS)  # from 0.92 s: more than half of it sounds
    assert out["transcript"] == "Turn left, here!" and out["words"] == WORDS and not trace.vetoes


def test_a_masked_word_may_be_dropped_and_a_masked_event_is():
    row = {"audio": {"array": SOUND, "sampling_rate": RATE}, "words": WORDS, "transcript": "turn left here", "events": TWO}
    schema = mm.Schema(audio=mm.Audio(), words=mm.Words(masked=None), transcript=mm.Transcript(), events=mm.Events())
    out = mm.TransformGraph(mask(0.15, 0.6 / 3.4), schema=schema)(row, key=1)  # from 0.6 to 1.2 s
    assert out["transcript"] == "turn here" and [w["text"] for w in out["words"]] == ["turn", "here"]
    assert [e["text"] for e in out["events"]] == ["door"]


def test_without_word_times_a_transcript_bears_no_mask():
    assert "silent" in run(mask(0.05), transcript="turn left")[1].vetoes[0].dropped.reason


def test_speakers_who_overlap():
    """Two speakers, one after the other in the list: times overlap and run back; the transcript keeps its order where time does."""
    words = items(("hello", 0.1, 0.5), ("there", 2.0, 2.6), ("yes", 0.4, 0.9), ("fine", 2.5, 2.9))
    out = run(crop(0.5), transcript="hello there yes fine", words=words)[0]
    assert out["transcript"] == "hello yes" and [w["text"] for w in out["words"]] == ["hello", "yes"]
    out = run(faster(2.0), transcript="hello there yes fine", words=words)[0]
    assert out["transcript"] == "hello there yes fine" and [w["start"] for w in out["words"]] == [0.05, 1.0, 0.2, 1.25]
    out, trace = run(mm.op("audio.time_shift", fraction=0.6), transcript="hello there yes fine", words=words)
    assert out["transcript"] == "hello there yes fine" and "order of their times" in trace.vetoes[0].dropped.reason


def test_a_word_of_several_tokens():
    words = items(("in", 0.0, 0.2), ("New York", 0.3, 0.9), ("today", 3.0, 3.5))
    out, trace = run(crop(0.5), transcript="in New York today", words=words)
    assert trace.vetoes and out["transcript"] == "in New York today" and out["words"] == words
