"""Rows that are wrong: each a RowError that names the field, says what must hold and what was got; and odd rows that are fine."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image as PILImage

import mmaug as mm

PICTURE = np.random.default_rng(7).integers(0, 255, (40, 60, 3), np.uint8)
SOUND = np.random.default_rng(7).normal(0, 0.1, (2, 4000)).astype(np.float32)
NAN = float("nan")


def run(fields, row, *ops):
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(**fields)).run(row, key=1)


def refused(fields, row, op, *said):
    """The one error, with all of these in its message; what was given is left as it was."""
    with pytest.raises(mm.RowError) as caught:
        run(fields, row, op)
    for part in said:
        assert part in str(caught.value), f"{part!r} not in {caught.value}"


FLIP = mm.op("image.horizontal_flip")


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((0, 60, 3), np.uint8), ["at least one pixel", "60 x 0"]),
        (np.zeros((40, 0, 3), np.uint8), ["at least one pixel", "0 x 40"]),
        (PICTURE.astype(np.uint16), ["uint8 [h, w, 3]", "got uint16 [40, 60, 3]", "scale"]),
        (PICTURE / 255, ["uint8 [h, w, 3]", "got float64 [40, 60, 3]"]),
        (PICTURE[None], ["uint8 [h, w, 3]", "[1, 40, 60, 3]"]),
        (PICTURE[0, 0], ["uint8 [h, w, 3]", "[3]"]),
        (np.zeros((40, 60, 5), np.uint8), ["[40, 60, 5]"]),
        (
            np.zeros((3, 40, 60), np.uint8),
            ["uint8 [h, w, 3]", "[3, 40, 60]; the shape must be [h, w, 3]: transpose it with .transpose(1, 2, 0)"],
        ),
        (PILImage.new("I;16", (60, 40)), ["8-bit", "'I;16'"]),
        (PILImage.new("F", (60, 40)), ["8-bit", "'F'"]),
        ("cat.jpg", ["must be a PIL image", "got str"]),
        (b"\xff\xd8", ["must be a PIL image", "got bytes"]),
        ({"path": "x"}, ["must be a PIL image", "got dict"]),
        ([], ["at least one, all of one size", "[]"]),
        ([PICTURE, PICTURE[:30]], ["all of one size", "(60, 30)", "(60, 40)"]),
        ([PICTURE, None], ["[1]", "got NoneType"]),
        ([PICTURE, PICTURE / 2], ["[1]", "got float64"]),
    ],
)
def test_pictures(picture, said):
    refused({"photo": mm.Image()}, {"photo": picture}, FLIP, "field 'photo'", *said)


def test_the_message_on_a_picture_says_only_what_is_wrong():
    """A shape is mended by turning it, values by scaling them."""
    for picture, absent in ((np.zeros((3, 40, 60), np.uint8), "scale"), (PICTURE / 255, "shape must be")):
        with pytest.raises(mm.RowError) as caught:
            run({"photo": mm.Image()}, {"photo": picture}, FLIP)
        assert absent not in str(caught.value)


def test_the_message_on_events_shows_the_field_to_write():
    events = [{"label": "bark", "start": 0.1, "end": 0.2}]
    for field, said in ((mm.Events(), 'mm.Events(text="label")'), (mm.Words(), 'mm.Words(text="label")')):
        refused({"clip": mm.Audio(), "e": field_of_clip(field)}, {"clip": {"array": SOUND, "sampling_rate": 8000}, "e": events},
                mm.op("audio.reverse"), "field 'e'[0]", "got ['end', 'label', 'start']", said)  # fmt: skip


def field_of_clip(field):
    return dataclasses.replace(field, of="clip")


def test_a_column_that_holds_none_is_named_so():
    for column, row in (
        ("caption", {"caption": None}),
        ("notes.caption", {"notes": {"caption": None}}),
        ("notes.caption", {"notes": None}),
    ):
        with pytest.raises(mm.RowError, match=rf"column '{column}' must hold a value in every row, this row holds None; give it"):
            run({"photo": mm.Image(), "text": mm.Caption(of="photo", column=column)}, {"photo": PICTURE, **row}, FLIP)


def test_tensors_of_the_wrong_kind():
    torch = pytest.importorskip("torch")
    for tensor, got in ((torch.zeros(40, 60, 3, dtype=torch.uint8), "[40, 60, 3]"), (torch.zeros(3, 4, 4), "torch.float32"),
                        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), "[2, 3, 4, 4]")):  # fmt: skip
        refused({"photo": mm.Image()}, {"photo": tensor}, FLIP, "field 'photo'", "torch.uint8 [3, h, w]", got)


BOX = [1.0, 2.0, 10.0, 12.0]


@pytest.mark.parametrize(
    ("fmt", "boxes", "said"),
    [
        ("xyxy", [BOX, [1, 2, 3]], ["4 numbers"]),
        ("xyxy", [BOX, "abcd"], ["4 numbers"]),
        ("xyxy", [BOX, None], ["4 numbers"]),
        ("xyxy", "none", ["4 numbers"]),
        ("xyxy", BOX, ["4 numbers", "[1.0, 2.0"]),
        ("xyxy", [BOX, [1, 2, NAN, 4]], ["[1]", "finite", "nan"]),
        ("xyxy", [[1, 2, float("inf"), 4]], ["[0]", "finite", "inf"]),
        ("xyxy", [[10, 2, 5, 12]], ["[0]", "x1 <= x2", "[10, 2, 5, 12]", "is the format right?"]),
        ("xywh", [[10, 2, -5, 12]], ["[0]", "x1 <= x2", "'xywh'"]),
        ("xyxy", [BOX, [30, 2, 70, 12]], ["[1]", "must lie in the picture of 60 x 40", "[30, 2, 70, 12]", "(xyxy)"]),
        ("xywh", [[30, 2, 40, 12]], ["[0]", "must lie in the picture of 60 x 40"]),
        ("xyxy", [[-10, 2, 5, 12]], ["[0]", "must lie in the picture"]),
        ("yolo", [[0.5, 0.5, 1.5, 0.2]], ["[0]", "must lie in the picture"]),
        ("yolo", [[30, 20, 10, 10]], ["[0]", "must lie in the picture", "is the format right?"]),
    ],
)
def test_boxes(fmt, boxes, said):
    fields = {"image": mm.Image(), "boxes": mm.Boxes(format=fmt)}
    refused(fields, {"image": PICTURE, "boxes": boxes}, FLIP, "field 'boxes'", *said)
    if isinstance(boxes, list) and isinstance(boxes[0], list) and all(isinstance(b, list) and len(b) == 4 for b in boxes):
        refused(fields, {"image": PICTURE, "boxes": np.array(boxes, float)}, FLIP, "field 'boxes'")


def test_boxes_that_stick_out_a_little_are_cut():
    out = run(
        {"image": mm.Image(), "boxes": mm.Boxes()}, {"image": PICTURE, "boxes": [[-1.0, 0.0, 20.0, 41.0], [3.0, 3.0, 3.0, 3.0]]}, FLIP
    )[0]
    assert out["boxes"][0] == [40.0, 0.0, 60.0, 40.0]


@pytest.mark.parametrize("labels", [["a"], ["a", "b", "c"], [], None, 5])
@pytest.mark.parametrize("caption", [{}, {"caption": "a dog"}], ids=["alone", "caption"])
def test_labels_of_another_number(labels, caption):
    fields = {"image": mm.Image(), "boxes": mm.Boxes(column="o.b", labels="o.l"), **({"caption": mm.Caption()} if caption else {})}
    row = {"image": PICTURE, "o": {"b": [BOX, BOX], "l": labels}, **caption}
    refused(
        fields,
        row,
        FLIP,
        "field 'boxes'",
        "column 'o.l' must hold one item a box",
        "for 2 boxes",
        "none" if labels is None else str(len(labels) if labels != 5 else 5),
    )


def test_no_boxes_need_no_labels():
    fields = {"image": mm.Image(), "caption": mm.Caption(), "boxes": mm.Boxes(column="o.b", labels="o.l")}
    for labels in ([], None):
        row = {"image": PICTURE, "caption": "a dog", "o": {"b": [], "l": labels}}
        assert run(fields, row, FLIP)[0]["o"] == row["o"]


def test_columns_beside_of_another_number():
    fields = {"image": mm.Image(), "boxes": mm.Boxes(beside=("score",))}
    refused(
        fields, {"image": PICTURE, "boxes": [BOX], "score": [0.1, 0.2]}, FLIP, "column 'score' must hold one item a box, got 2 for 1 boxes"
    )


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([[1.0, 2.0, 2]], ["must hold 2 points", "got 1"]),
        ([[1.0, 2.0, 2]] * 3, ["must hold 2 points", "got 3"]),
        ([1.0, 2.0, 2], ["must hold 2 points", "got 1"]),
        ([1.0, 2.0, 2, 3.0, 4.0], ["3 numbers a point", "got 5"]),
        ([[1.0, NAN, 2], [3.0, 4.0, 2]], ["finite", "nan"]),
        ("left", ["must be a list of points", "got str"]),
        (7, ["must be a list of points", "got int"]),
    ],
)
def test_keypoints(points, said):
    fields = {"image": mm.Image(), "joints": mm.Keypoints(names=("left_hand", "right_hand"))}
    refused(fields, {"image": PICTURE, "joints": points}, FLIP, "field 'joints'", *said)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.zeros((40, 61), np.uint8), ["picture's size, 60 x 40", "[40, 61]"]),
        (np.zeros((60, 40), np.uint8), ["picture's size, 60 x 40", "[60, 40]"]),
        (np.zeros((40, 60), np.float32), ["whole numbers", "float32"]),
        (PILImage.new("RGB", (60, 40)), ["one number a pixel", "'RGB'"]),
        (PILImage.new("L", (40, 60)), ["picture's size, 60 x 40", "[60, 40]"]),
    ],
)
def test_masks(mask, said):
    refused({"image": mm.Image(), "mask": mm.Mask()}, {"image": PICTURE, "mask": mask}, FLIP, "field 'mask'", *said)


@pytest.mark.parametrize("size", ["60", [60], True, {"w": 60}])
def test_sizes(size):
    refused({"image": mm.Image(), "w": mm.Size()}, {"image": PICTURE, "w": size}, FLIP, "field 'w'", "must be a number")


# -- texts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caption", "said"),
    [(5, ["a string or a list of strings", "got int"]), ({"en": "a dog"}, ["got dict"]),
     (["a dog", None], ["[1] is None"]), (b"dog", ["got bytes"]),
     (["a dog", ["a cat"]], ["[1] is ['a cat']"])],
)  # fmt: skip
def test_captions(caption, said):
    refused({"image": mm.Image(), "alt": mm.Caption()}, {"image": PICTURE, "alt": caption}, FLIP, "field 'alt'", *said)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ("hello", ["a list of {"]),
        ([{"role": "user"}], ["a list of {"]),
        (["hello"], ["a list of {"]),
        ([{"role": "user", "content": 5}], ["[0]", "got int"]),
    ],
)
def test_messages(messages, said):
    refused({"image": mm.Image(), "chat": mm.Messages()}, {"image": PICTURE, "chat": messages}, FLIP, "field 'chat'", *said)


TEXT_OPS = [mm.op("text.synonym", share=1.0), mm.op("text.keyboard_typo", share=1.0), FLIP, mm.op("image.hue", degrees=120)]


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n", ".", "a", "🐶", "🐶👍🏽 left 🇩🇪", "كلب على اليسار", "שלום left", "é" * 50, "\u200f\u202eleft", "ﬁsh\x00", "\ud800"],
)
def test_odd_texts_are_fine(text):
    for caption in (text, [text, "a dog left of a cat"], []):
        out, _ = run({"image": mm.Image(), "caption": mm.Caption()}, {"image": PICTURE, "caption": caption}, *TEXT_OPS)
        assert (type(out["caption"]) is type(caption) and len(out["caption"]) == len(caption)) or isinstance(caption, str)
    if not any(c.isascii() and c.isalpha() for c in text):
        assert run({"image": mm.Image(), "caption": mm.Caption()}, {"image": PICTURE, "caption": text}, *TEXT_OPS)[0]["caption"] == text


def test_a_very_long_text():
    text = "a large dog to the left of a small cat near a red car, " * 400
    out, trace = run({"image": mm.Image(), "caption": mm.Caption()}, {"image": PICTURE, "caption": text}, FLIP)
    assert trace.vetoes or out["caption"] == text.replace("left", "right")


# -- sound -------------------------------------------------------------------------------------------------------------

GAIN = mm.op("audio.gain", db=-3.0)


def sound(array, rate=8000):
    return {"array": array, "sampling_rate": rate}


@pytest.mark.parametrize(
    ("audio", "said"),
    [
        (sound(SOUND[:, :0]), ["at least one sample", "[2, 0]"]),
        (sound(np.zeros(0, np.float32)), ["at least one sample", "[0]"]),
        (sound((SOUND * 32767).astype(np.int32)), ["floats in [-1, 1] or int16", "got int32", "full scale"]),
        (sound(SOUND.T), ["[channels, samples]", "[4000, 2]", "transpose"]),
        (sound(SOUND[None]), ["[channels, samples]", "[1, 2, 4000]"]),
        (sound(SOUND, None), ["sampling rate must be a whole number", "got None"]),
        (sound(SOUND, 0), ["sampling rate", "got 0"]), (sound(SOUND, 44.1e3), ["sampling rate", "got 44100.0"]),
        ({"array": SOUND}, ["must have the keys", "got ['array']", "add 'sampling_rate'"]),
        ({"path": "a.wav"}, ["must be {", "keys ['path']"]),
        (SOUND, ["must be {", "got ndarray"]), ("a.wav", ["must be {", "got str"]), ((SOUND,), ["must be {", "got tuple"]),
        (sound(np.where(np.arange(4000) == 7, np.nan, SOUND)), ["finite", "2 that are NaN or infinite of 8000"]),
        (sound(np.where(np.arange(4000) == 7, np.inf, SOUND)), ["finite", "2 that are NaN or infinite of 8000"]),
    ],
)  # fmt: skip
def test_sounds(audio, said):
    refused({"clip": mm.Audio()}, {"clip": audio}, GAIN, "field 'clip'", *said)


@pytest.mark.parametrize("channels", [1, 2, 4, 6])
def test_layouts_are_kept(channels):
    ops = [mm.op(name) for name in mm.OPS if name.startswith("audio.")]
    audio = np.tile(SOUND[:1], (channels, 1))
    assert run({"audio": mm.Audio()}, {"audio": sound(audio)}, *ops)[0]["audio"]["array"].shape[0] == channels


def word(**other):
    return {"text": "one", "start": 0.1, "end": 0.2, **other}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([word(), word(start=0.3, end=0.2)], ["[1]", "0 <= start <= end", "start=0.3, end=0.2"]),
        ([word(start=-0.1)], ["[0]", "start=-0.1"]), ([word(end=0.7)], ["[0]", "<= 0.5 s", "end=0.7"]),
        ([word(start=NAN)], ["[0]", "start=nan"]), ([word(start="0.1")], ["[0]", "start='0.1'"]),
        ([word(start=None)], ["[0]", "start=None"]),
        ([{"word": "one", "start": 0.1, "end": 0.2}],
         ["[0]", "keys 'text', 'start' and 'end'", "['end', 'start', 'word']", "name yours in the field"]),
        (["one"], ["[0]", "got str"]), ("one", ["must be a list", "got str"]), ({"text": []}, ["must be a list", "got dict"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [mm.Words, mm.Events])
@pytest.mark.parametrize("caption", [{}, {"caption": "one"}], ids=["alone", "caption"])
def test_words_and_events(kind, caption, words, said):
    fields = {"audio": mm.Audio(), "said": kind(), **({"caption": mm.Caption(of="audio")} if caption else {})}
    refused(fields, {"audio": sound(SOUND), "said": words, **caption}, mm.op("audio.time_crop", keep=0.9), "field 'said'", *said)


def test_words_out_of_order_or_overlapping_are_followed_in_their_own_order():
    words = [word(text="b", start=0.3, end=0.4), word(text="a"), word(text="c", start=0.15, end=0.35), word(text="d", start=0.45, end=0.53)]
    out = run({"audio": mm.Audio(), "words": mm.Words()}, {"audio": sound(SOUND), "words": words}, mm.op("audio.time_stretch", rate=2.0))[0]
    assert [(w["text"], w["start"], w["end"]) for w in out["words"]] == [
        ("b", 0.15, 0.2),
        ("a", 0.05, 0.1),
        ("c", 0.075, 0.175),
        ("d", 0.225, 0.25),
    ]
