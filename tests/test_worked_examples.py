"""The five worked examples of DESIGN section 2."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm

NOISE = np.random.default_rng(0)
PICTURE = NOISE.integers(0, 255, (40, 60, 3), np.uint8)


def run(schema, row, *ops, **options):
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema, **options).run(row, key=1)


@pytest.mark.parametrize(("turns", "side"), [(1, "above"), (2, "left of"), (3, "below")])
def test_1_flip_and_quarter_turn_are_judged_as_one(turns, side):
    """By hand: the flip puts the dog on the right; a quarter turn counter-clockwise takes what is on the right to the top."""
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    row = {"image": PICTURE, "caption": "a dog left of a cat"}
    out, trace = run(schema, row, mm.op("image.horizontal_flip"), mm.op("image.rotate90", turns=turns))
    assert out["caption"] == f"a dog {side} a cat"
    assert len(trace.applied) == 2 and len(trace.edits) == (turns != 2)
    assert np.array_equal(out["image"], np.rot90(PICTURE[:, ::-1], turns))


def test_2_hues_that_cancel_leave_the_caption():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    row = {"image": PICTURE, "caption": "a red car"}
    out, trace = run(schema, row, mm.op("image.hue", degrees=120), mm.op("image.hue", degrees=-120))
    assert out["caption"] == "a red car" and trace.edits == () and len(trace.applied) == 2


def test_2_hue_first_then_the_synonym():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    for ops in ([0, 1], [1, 0]):  # whatever their order in the policy
        steps = [mm.op("image.hue", degrees=120), mm.op("text.synonym", share=1.0, seed=3)]
        out, trace = run(schema, {"image": PICTURE, "caption": "a red car"}, *(steps[i] for i in ops))
        assert out["caption"] in ("a green automobile", "a green auto", "a green motorcar", "a green machine")
        (edit,) = trace.edits
        assert edit.before == "a red car" and edit.by == ("colours_keep_their_names", "text.synonym")


FIVE = ["a cat on a sofa", "a cat", "a dog beside a cat", "a cat sits", "an animal"]
ROW3 = {"image": PICTURE, "captions": FIVE, "objects": {"bbox": [[2, 5, 20, 20], [45, 5, 12, 20]], "category": ["cat", "dog"]}}
SCHEMA3 = mm.Schema(
    image=mm.Image(), captions=mm.Caption(of="image"),
    boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
)  # fmt: skip
LEFT_HALF = mm.op("image.random_resized_crop", scale=0.7, ratio=0.7, x=0.0, y=0.5)
"""A view 42 of 60 pixels wide: the dog, which begins at 45, is out of it; all but a seventh of the cat is in it."""


def test_3_a_crop_that_loses_the_dog_of_one_caption():
    out, trace = run(SCHEMA3, ROW3, LEFT_HALF)
    (veto,) = trace.vetoes
    assert (veto.dropped.field, veto.dropped.index) == ("captions", 2)  # which caption,
    assert "dog" in veto.dropped.reason  # which word,
    assert "0%" in veto.dropped.reason  # and how much of its box is left
    assert out["captions"] == FIVE and out["image"] is PICTURE and out["objects"] == ROW3["objects"]


def test_3_the_crop_stays_when_another_caption_was_chosen():
    for pick, applied in ((1 / 5, 2), (2 / 5, 1)):
        for ops in ([0, 1], [1, 0]):
            steps = [mm.op("text.choose_caption", pick=pick + 0.01), LEFT_HALF]
            out, trace = run(SCHEMA3, ROW3, *(steps[i] for i in ops))
            assert len(trace.applied) == applied
            assert out["captions"] == [FIVE[round(pick * 5)]]
            assert out["objects"]["category"] == (["cat"] if applied == 2 else ["cat", "dog"])


def test_4_mirror_of_a_video_with_its_stereo_sound():
    schema = mm.Schema(
        frames=mm.Image(), audio=mm.Audio(recorded_with="frames"), words=mm.Words(of="audio"), transcript=mm.Transcript(of="audio"),
        caption=mm.Caption(of="frames"),
    )  # fmt: skip
    sound = NOISE.normal(0, 0.1, (2, 16000)).astype(np.float32)
    words = [{"text": "turn", "start": 0.1, "end": 0.3}, {"text": "left", "start": 0.4, "end": 0.8}]
    row = {"frames": [PICTURE, PICTURE // 2], "audio": {"array": sound, "sampling_rate": 16000}, "words": words,
           "transcript": "turn left", "caption": "a man on the left waves"}  # fmt: skip
    out, trace = run(schema, row, mm.op("image.horizontal_flip"))
    assert [np.array_equal(a, b[:, ::-1]) for a, b in zip(out["frames"], row["frames"], strict=True)] == [True, True]
    assert np.array_equal(out["audio"]["array"], sound[::-1])  # the channels changed places
    assert out["words"] == words and out["transcript"] == "turn left"  # speech is what was said
    assert out["caption"] == "a man on the right waves"
    assert [(f.field, f.op) for f in trace.follows] == [("audio", "audio.swap_channels")]


def five_schema():
    return mm.Schema(
        audio=mm.Audio(), words=mm.Words(of="audio"), transcript=mm.Transcript(of="audio"), events=mm.Events(of="audio"),
        caption=mm.Caption(of="audio"),
    )  # fmt: skip


def five_row(caption):
    return {
        "audio": {"array": NOISE.normal(0, 0.1, 40000).astype(np.float32), "sampling_rate": 8000},  # 5 s
        "words": [{"text": t, "start": a, "end": b} for t, a, b in (("good", 0.5, 1.0), ("old", 1.25, 1.5), ("days", 4.5, 4.9))],
        "transcript": "Good old days.",
        "events": [{"text": "dog bark", "start": 0.2, "end": 0.5}, {"text": "door slam", "start": 2.0, "end": 2.4}],
        "caption": caption,
    }  # fmt: skip


STRETCH, FIRST_HALF = mm.op("audio.time_stretch", rate=1.25), mm.op("audio.time_crop", keep=0.5, start=0.0)


def test_5_stretch_and_crop():
    """5 s become 4 s, of which the first 2 s stay: those are the first 2.5 s of the original."""
    out, trace = run(five_schema(), five_row("a dog barks, then a door slams"), STRETCH, FIRST_HALF)
    assert len(trace.applied) == 2, str(trace)
    assert out["words"] == [{"text": "good", "start": 0.4, "end": 0.8}, {"text": "old", "start": 1.0, "end": 1.2}]
    assert out["transcript"] == "Good old"
    assert [(e["text"], e["start"], e["end"]) for e in out["events"]] == [("dog bark", 0.16, 0.4), ("door slam", 1.6, 1.92)]
    assert out["caption"] == "a dog barks, then a door slams"
    assert out["audio"]["array"].shape == (16000,)


def test_5_three_barks_of_which_one_would_be_cut():
    row = five_row("three barks")
    row["events"] = [{"text": "bark", "start": t, "end": t + 0.3} for t in (0.5, 1.5, 3.0)]
    out, trace = run(five_schema(), row, STRETCH, FIRST_HALF)
    assert [s.op for s in trace.applied] == ["audio.time_stretch"]
    (veto,) = trace.vetoes
    assert veto.dropped.field == "caption" and "'bark' at 3.00 s would be cut" in veto.dropped.reason
    assert [round(w["start"] * 1.25, 6) for w in out["words"]] == [0.5, 1.25, 4.5] and out["transcript"] == "Good old days."
