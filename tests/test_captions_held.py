"""Captions that once came out false or broken, each with what must be said of it now: None means that the step is dropped."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm

PICTURE = np.zeros((40, 60, 3), np.uint8)
STEREO = {"array": np.zeros((2, 16000), np.float32), "sampling_rate": 8000}


def about_picture(text, *ops, things=None):
    """The caption after the ops, None where any is dropped; things: (label, box) pairs."""
    fields, row = {"image": mm.Image(), "caption": mm.Caption()}, {"image": PICTURE, "caption": text}
    if things is not None:
        fields["boxes"] = mm.Boxes(labels="labels")
        row |= {"boxes": [list(map(float, box)) for _, box in things], "labels": [label for label, _ in things]}
    out, trace = mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(**fields)).run(row, key=1)
    return None if trace.vetoes else out["caption"]


def about_sound(text, *ops, events=None):
    schema = mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio"), events=mm.Events(optional=True))
    row = {"audio": STEREO, "caption": text, "events": events}
    out, trace = mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema).run(row, key=1)
    return None if trace.vetoes else out["caption"]


FLIP, GRAY, HUE = mm.op("image.horizontal_flip"), mm.op("image.to_gray"), mm.op("image.hue", degrees=120)
HALF, UPSIDE = mm.op("image.rotate90", turns=2), mm.op("image.vertical_flip")


@pytest.mark.parametrize(
    ("text", "op", "wanted"),
    [
        ("What's left of a pizza on a plate", FLIP, "What's left of a pizza on a plate"),
        ("the left overs", FLIP, "the left overs"),
        ("a shirt reading hello", FLIP, None),
        ("a bus with route 66 on it", FLIP, None),
        ("a group photo dated April 1929", FLIP, None),
        ("a clock that shows 3:15", FLIP, None),
        ("a door that says OPEN", FLIP, None),
        ("A brightly colored single engine plane", GRAY, "A single engine plane"),
        ("a multi-colored kite", GRAY, "a kite"),
        ("a color photo of a dog", GRAY, None),
        ("a fire engine red truck", HUE, None),
        ("a reddish brown cat", HUE, "a cat"),
        ("a car that is not red", HUE, None),
        ("a room without red chairs", HUE, None),
        ("everything except the red ball is small", GRAY, None),
        ("Is there a red car?", GRAY, None),
        ("a mauve dress", HUE, "a dress"),
        ("sky at top", HALF, None),
        ("the upper ball", UPSIDE, None),
        ("a landscape photo", mm.op("image.rotate90", turns=1), None),
        ("two gray cups", GRAY, None),
        ("two men by a blue wall", GRAY, "two men by a wall"),
        ("\uff4c\uff45\uff46\uff54 of the car", FLIP, None),
        ("a dog le\u00adft of the car", FLIP, None),
        ("\U0001f469\u200d\U0001f692 a dog left of the car", FLIP, "\U0001f469\u200d\U0001f692 a dog right of the car"),
        ("a cat in the lower left corner", mm.op("image.random_resized_crop", scale=0.75, ratio=1.0, x=1.0, y=0.0), None),
        ("a man says to turn left", FLIP, "a man says to turn left"),
        ("on the left a man says to turn right", FLIP, "on the right a man says to turn right"),
        ("the entire building", mm.op("image.random_resized_crop", scale=0.75, ratio=1.0, x=1.0, y=0.0), None),
        ("lights in the background", mm.op("image.brightness", factor=1.3), "lights in the background"),
    ],
)
def test_pictures(text, op, wanted):
    assert about_picture(text, op) == wanted


@pytest.mark.parametrize(
    ("text", "op", "things"),
    [
        ("a mug to the left of a laptop", mm.op("image.rotate", degrees=39), [("person", (5, 5, 20, 35))]),
        ("a dog on the far left", mm.op("image.translate_x", fraction=0.35), [("dog", (0, 10, 12, 30))]),
        ("the entire dog is in view", mm.op("image.translate_x", fraction=-0.2), [("dog", (0, 10, 24, 30))]),
        ("three shapes", mm.op("image.cutout", scale=0.05, x=0.0, y=0.0),
         [("circle", (0, 0, 8, 8)), ("star", (30, 5, 40, 15)), ("heart", (45, 20, 55, 30))]),
        ("a man next to a woman", mm.op("image.random_resized_crop", scale=0.3, ratio=1.0, x=0.0, y=0.0), [("person", (0, 0, 20, 20))]),
    ],
)  # fmt: skip
def test_what_the_boxes_do_not_bear_out(text, op, things):
    assert about_picture(text, op, things=things) is None


CROP, SHIFT = mm.op("audio.time_crop", keep=0.5, start=0.0), mm.op("audio.time_shift", fraction=0.5)
REVERSE, SLOWER = mm.op("audio.reverse"), mm.op("audio.time_stretch", rate=0.5)


@pytest.mark.parametrize(
    ("text", "op", "wanted"),
    [
        ("A dog barks then a cat meows", REVERSE, "A cat meows then a dog barks"),
        ("A rooster crows then a gun fires", REVERSE, None),
        ("A horse gallops and then neighs", REVERSE, None),
        ("I hear a bell then a horn", REVERSE, None),
        ("Clicking occurs, a rooster crows, then clattering", REVERSE, None),
        ("A helicopter takes off", REVERSE, None),
        ("a man says 'turn left'", mm.op("audio.swap_channels"), None),
        ("three beeps in two seconds", SLOWER, None),
        ("a short beep", SLOWER, None),
        ("Dogs barking far away", mm.op("audio.time_shift", fraction=0.1), "Dogs barking far away"),
        ('a man says "turn left"', CROP, None),
        ("a stereo recording of rain", mm.op("audio.to_mono"), None),
    ],
)
def test_sounds(text, op, wanted):
    assert about_sound(text, op) == wanted


@pytest.mark.parametrize("events", [None, [], [{"text": "dog", "start": 0.0, "end": 0.1}]])
@pytest.mark.parametrize("op", [CROP, SHIFT], ids=["crop", "shift"])
def test_events_that_are_not_there_excuse_nothing(events, op):
    assert about_sound("three dogs bark", op, events=events) is None


def test_a_word_heard_in_two_parts_is_refused():
    schema = mm.Schema(audio=mm.Audio(), words=mm.Words(), transcript=mm.Transcript())
    words = [{"text": "eight", "start": 0.1, "end": 0.5}, {"text": "six", "start": 0.9, "end": 1.2}]
    row = {"audio": {"array": np.zeros(16000, np.float32), "sampling_rate": 8000}, "words": words, "transcript": "eight six"}
    cut = mm.TransformGraph(mm.Policy.sequence(mm.op("audio.time_shift", fraction=-0.135)), schema=schema).run(row, key=1)
    assert cut[1].vetoes and cut[0]["transcript"] == "eight six"
    between = mm.TransformGraph(mm.Policy.sequence(mm.op("audio.time_shift", fraction=-0.35)), schema=schema)(row, key=1)
    assert between["transcript"] == "six eight"


def test_synonyms_fit_where_they_stand():
    """Verbs, compounds and words of another sense stay; a plain noun changes."""
    graph = mm.TransformGraph(mm.Policy.sequence(mm.op("text.synonym", strength=1.0)), schema=mm.Schema(image=mm.Image(), c=mm.Caption()))
    stay = [
        "pizzas are sat out on a table",
        "cross country skiing",
        "a man films a skate boarder",
        "the side car",
        "court room proceedings",
    ]
    assert [graph({"image": PICTURE, "c": text}, key=1)["c"] for text in stay] == stay
    assert graph({"image": PICTURE, "c": "a red car on the street"}, key=1)["c"] != "a red car on the street"


def test_no_typo_makes_another_word():
    from mmaug.language import wordnet

    graph = mm.TransformGraph(
        mm.Policy.sequence(mm.op("text.keyboard_typo", share=1.0)), schema=mm.Schema(image=mm.Image(), c=mm.Caption())
    )
    text = "snow river trick cake rice dogs sand horse boat train"
    for key in range(60):
        for before, after in zip(text.split(), graph({"image": PICTURE, "c": text}, key=key)["c"].split(), strict=True):
            assert before == after or not wordnet.is_word(after)


def test_a_caption_chosen_among_dicts_takes_its_neighbours_along():
    schema = mm.Schema(image=mm.Image(), c=mm.Caption(column="sentences[].raw"))
    row = {"image": PICTURE, "sentences": [{"raw": "a dog", "id": 1}, {"raw": "a cat", "id": 2}]}
    out = mm.TransformGraph(mm.Policy.sequence(mm.op("text.choose_caption", pick=1.0)), schema=schema)(row, key=1)
    assert out["sentences"] == [{"raw": "a cat", "id": 2}]


def test_phrases_bound_by_spans_are_protected():
    schema = mm.Schema(image=mm.Image(), c=mm.Caption(spans="spans"))
    graph = mm.TransformGraph(mm.Policy.sequence(mm.op("text.synonym", strength=1.0)), schema=schema)
    assert graph({"image": PICTURE, "c": "a red car on the street", "spans": [[6, 9]]}, key=1)["c"].startswith("a red car")


def test_content_keys_are_the_same_everywhere():
    schema = mm.Schema(image=mm.Image(), names=mm.Opaque())
    graph = mm.TransformGraph(mm.Policy.sequence(mm.op("image.rotate", degrees=(-30, 30))), schema=schema)
    rows = [{"image": PICTURE, "names": np.array(["a" * n, "b"], dtype=object)} for n in (1, 1, 2)]
    drawn = [graph.run(row)[1].steps[0].step.params["degrees"] for row in rows]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(mm.RowError, match="call graph"):
        graph({"image": PICTURE, "names": object()})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"a": mm.Audio(recorded_with="image"), "b": mm.Audio(recorded_with="image")}, "a picture goes with one recording"),
        ({"a": mm.Boxes(beside=("ids",)), "b": mm.Boxes(beside=("ids",))}, "both drop items of column 'ids'"),
    ],
)
def test_two_fields_that_would_pull_one_thing_apart(fields, said):
    with pytest.raises(mm.SchemaError, match=said):
        mm.Schema(image=mm.Image(), **fields)
