"""Boxes, keypoints and what lies beside them, in every form and format, against arithmetic written out here."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import mmaug as mm
from mmaug.effects import time
from mmaug.effects.picture import image_state
from mmaug.errors import RowError
from mmaug.modalities.annotations import boxes, keypoints, times
from mmaug.registry import get_op
from mmaug.schema.fields import COCO17

W, H = 100, 80
PICTURE = np.zeros((H, W, 3), np.uint8)
FORMATS = ("xyxy", "xywh", "cxcywh", "yolo")
FLIP = ("image.horizontal_flip", {})
LEFT_HALF_COVERED = ("image.cutout", {"scale": 0.2, "x": 0.0, "y": 0.0, "fill": 0})  # a square of side 40 at the top left
AWAY = ("image.translate_x", {"fraction": 0.5})


def state(*steps):
    made = image_state((W, H))
    for name, params in steps:
        made = get_op(name).compose(made, params)
    return made


def graph(schema: mm.Schema, *steps) -> mm.TransformGraph:
    return mm.TransformGraph(mm.Policy.sequence(*(mm.op(name, **params) for name, params in steps)), schema=schema)


def numbers(boxes) -> np.ndarray:
    return np.array(boxes.tolist() if hasattr(boxes, "tolist") else boxes, float)


def in_format(x1, y1, x2, y2, format) -> list[float]:
    if format == "xyxy":
        return [x1, y1, x2, y2]
    if format == "xywh":
        return [x1, y1, x2 - x1, y2 - y1]
    centred = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
    return centred if format == "cxcywh" else [c / s for c, s in zip(centred, (W, H, W, H), strict=True)]


sides = st.tuples(st.floats(0, W), st.floats(0, H), st.floats(0, W), st.floats(0, H)).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(sides, max_size=5), st.sampled_from(FORMATS))
def test_formats_read_and_write_the_same_boxes(corners, format):
    value = [in_format(*box, format) for box in corners]
    read = boxes.read(value, format, (W, H), "boxes")
    np.testing.assert_allclose(np.reshape(read, (-1, 4)), np.reshape(corners, (-1, 4)), atol=1e-9)
    np.testing.assert_allclose(np.reshape(boxes.write(read, value, format, (W, H)), (-1, 4)), np.reshape(value, (-1, 4)), atol=1e-9)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("container", ["list", "tuples", "array", "ints", "tensor"])
def test_a_mirror_moves_boxes_in_every_format_and_container(format, container):
    corners = [(10, 20, 40, 60), (0, 0, 100, 80)]
    value = [in_format(*box, format) for box in corners]
    expected = np.array([in_format(W - x2, y1, W - x1, y2, format) for x1, y1, x2, y2 in corners])
    if container == "ints" and format == "yolo":
        return
    made = {
        "list": value, "tuples": [tuple(b) for b in value], "array": np.array(value, np.float32), "ints": np.array(value).astype(int),
        "tensor": torch.tensor(value, dtype=torch.float32),
    }[container]  # fmt: skip
    out = graph(mm.Schema(image=mm.Image(), boxes=mm.Boxes(format=format)), FLIP)({"image": PICTURE, "boxes": made}, key=0)["boxes"]
    assert type(out) is type(made) and len(out) == 2
    if container == "tuples":
        assert isinstance(out[0], tuple)
    if container in ("array", "tensor"):
        assert out.dtype == made.dtype
    np.testing.assert_allclose(numbers(out), expected, atol=1e-5 if container == "tensor" else 1e-6)


def test_whole_numbers_are_not_cut_down():
    half = ("image.random_resized_crop", {"scale": 1.0, "ratio": 1.0, "x": 0.0, "y": 0.0, "size": [40, 50]})
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes())
    for value in (np.array([[1, 3, 5, 9]]), torch.tensor([[1, 3, 5, 9]]), [[1, 3, 5, 9]]):
        out = graph(schema, half)({"image": PICTURE, "boxes": value}, key=0)["boxes"]
        np.testing.assert_allclose(numbers(out), [[0.5, 1.5, 2.5, 4.5]])


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ([np.nan, 0, 5, 5], "finite"), ([0, 0, np.inf, 5], "finite"), ([None, 0, 5, 5], "finite"), ([50, 0, 5, 5], "x1 <= x2"),
        ([0, 0, 300, 50], "in the picture"), ([-50, 0, 10, 10], "in the picture"), ([0, 0, 5], "4 numbers"), ("abcd", "4 numbers"),
    ],
)  # fmt: skip
def test_a_wrong_box_is_a_clear_error(box, says):
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes())
    with pytest.raises(RowError, match=says) as caught:
        graph(schema, FLIP)({"image": PICTURE, "boxes": [[1, 1, 2, 2], box]}, key=0)
    assert "boxes" in str(caught.value)


def test_a_box_a_little_over_the_edge_is_cut_there():
    assert boxes.read([[-1.5, 0, 50, 81]], "xyxy", (W, H), "boxes") == [(0, 0, 50, 80)]


LEAVES = [[60, 10, 90, 40], [5, 10, 30, 40], [55, 0, 95, 20]]
"""After moving right by half: only the second stays."""


def test_what_lies_beside_a_box_in_a_dict_of_lists_leaves_with_it():
    objects = {"bbox": LEAVES, "category": ["a", "b", "c"], "area": np.array([1, 2, 3]), "id": torch.tensor([7, 8, 9]), "n": 3}
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(column="objects.bbox", labels="objects.category"))
    row = {"image": PICTURE, "objects": objects}
    out = graph(schema, AWAY)(row, key=0)["objects"]
    assert out["bbox"] == [[55, 10, 80, 40]] and out["category"] == ["b"] and out["n"] == 3
    assert out["area"].tolist() == [2] and out["id"].tolist() == [8]
    assert len(objects["bbox"]) == 3 and row["objects"] is objects


def test_dicts_in_a_list_leave_whole():
    items = [{"bbox": box, "category": name} for box, name in zip(LEAVES, "abc", strict=True)]
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(column="objects[].bbox", labels="objects[].category"))
    out = graph(schema, AWAY)({"image": PICTURE, "objects": items}, key=0)["objects"]
    assert out == [{"bbox": [55, 10, 80, 40], "category": "b"}] and len(items) == 3


def test_columns_of_their_own_leave_with_the_boxes():
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(column="bbox", labels="names", beside=("areas",)), other=mm.Opaque(column="other"))
    row = {"image": PICTURE, "bbox": np.array(LEAVES, np.float32), "names": ["a", "b", "c"], "areas": [1, 2, 3], "other": [4, 5, 6]}
    out = graph(schema, AWAY)(row, key=0)
    assert out["bbox"].tolist() == [[55, 10, 80, 40]] and out["names"] == ["b"] and out["areas"] == [2] and out["other"] == [4, 5, 6]


@pytest.mark.parametrize(("share", "stays"), [(0.1, True), (0.39, True), (0.41, False), (1.0, False)])
def test_min_visibility_is_a_share_of_the_area(share, stays):
    """Of [30, 0, 80, 10] moved right by half, the 20 of 50 pixels that lay left of the middle stay."""
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(min_visibility=share))
    out = graph(schema, AWAY)({"image": PICTURE, "boxes": [[30, 0, 80, 10]]}, key=0)["boxes"]
    assert out == ([[80, 0, 100, 10]] if stays else [])


def test_a_covered_box_keeps_its_extent_and_a_wholly_covered_one_leaves():
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes())
    out = graph(schema, LEFT_HALF_COVERED)({"image": PICTURE, "boxes": [[10, 10, 60, 30], [5, 5, 35, 35]]}, key=0)["boxes"]
    assert out == [[10, 10, 60, 30]]


# -- keypoints --------------------------------------------------------------------------------------------------------

NAMES = ("nose", "left_eye", "right_eye")
PERSON = [[50.0, 20.0, 2], [60.0, 10.0, 2], [45.0, 10.0, 1]]


def follow(value, *steps, names=NAMES):
    return keypoints.follow(value, names, state(*steps), "keypoints")


def test_left_and_right_joints_change_places_in_a_mirror():
    assert follow(PERSON, FLIP) == [[50, 20, 2], [55, 10, 1], [40, 10, 2]]
    assert follow(PERSON, FLIP, FLIP) == PERSON
    assert follow(PERSON, FLIP, names=()) == [[50, 20, 2], [40, 10, 2], [55, 10, 1]]
    half_turn = follow(PERSON, ("image.rotate90", {"turns": 2}))
    assert half_turn == [[50, 60, 2], [40, 70, 2], [55, 70, 1]]  # turned, not mirrored: a left eye stays a left eye


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, W - 1), st.floats(0, H - 1), st.sampled_from([1, 2])), min_size=17, max_size=17))
def test_all_nestings_hold_the_same_points(points):
    person = [list(p) for p in points]
    flat = [n for p in person for n in p]
    expected = np.array(person, float)
    expected[:, 0] = W - expected[:, 0]
    mirrored = [a.replace("left", "?").replace("right", "left").replace("?", "right") for a in COCO17]
    expected = expected[[COCO17.index(name) for name in mirrored]]
    expected[(expected[:, 0] >= W)] = 0  # x = 0 goes to w, just outside the half-open frame
    np.testing.assert_allclose(follow(person, FLIP, names=COCO17), expected, atol=1e-9)
    np.testing.assert_allclose(np.reshape(follow(flat, FLIP, names=COCO17), (17, 3)), expected, atol=1e-9)
    assert follow([person, None, person], FLIP, names=COCO17)[1] is None
    np.testing.assert_allclose(follow([flat, flat], FLIP, names=COCO17), [expected.ravel()] * 2, atol=1e-9)
    array = np.array([person, person])
    assert follow(array, FLIP, names=COCO17).shape == (2, 17, 3)
    np.testing.assert_allclose(follow(torch.tensor(array), FLIP, names=COCO17)[1].numpy(), expected, atol=1e-9)


def test_visibility_follows_view_and_cover():
    points = [[20.0, 20.0, 2], [20.0, 60.0, 2], [90.0, 20.0, 1]]
    assert follow(points, LEFT_HALF_COVERED, names=()) == [[20, 20, 1], [20, 60, 2], [90, 20, 1]]
    assert follow(points, AWAY, names=()) == [[70, 20, 2], [70, 60, 2], [0, 0, 0]]
    unlabelled = [[0.0, 0.0, 0], [33.0, 20.0, 0], [20.0, 20.0, 2]]
    assert follow(unlabelled, FLIP, names=()) == [[0, 0, 0], [0, 0, 0], [80, 20, 2]]
    plain = [[20.0, 20.0], [90.0, 20.0]]
    assert follow(plain, AWAY, names=()) == [[70, 20], [140, 20]]  # without visibility a point keeps its place outside


def test_whole_numbers_do_not_cut_points_down():
    for value in (np.array([[1, 3, 2]]), torch.tensor([[1, 3, 2]])):
        out = follow(value, ("image.translate_x", {"fraction": 0.005}), names=())
        np.testing.assert_allclose(numbers(out), [[1.5, 3, 2]])


def test_an_empty_array_of_people_keeps_its_shape():
    assert follow(np.zeros((0, 17, 3), np.float32), FLIP, names=COCO17).shape == (0, 17, 3)
    assert follow(torch.zeros(0, 17, 3), FLIP, names=COCO17).shape == (0, 17, 3)
    assert follow([], FLIP) == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([[1.0, 2.0, 2]], "3 points"), ([[np.nan, 1, 2], [1, 1, 2], [1, 1, 2]], "finite"), ("abc", "list of points"),
        ([1.0, 2.0, 3.0, 4.0], "3 numbers a point"),
    ],
)  # fmt: skip
def test_wrong_keypoints_are_a_clear_error(value, says):
    with pytest.raises(RowError, match=says):
        follow(value, FLIP)


# -- words ------------------------------------------------------------------------------------------------------------

WORDS = mm.Words(of="audio", times=("from", "until"), min_heard=0.5)


def said(start, end, low, high) -> dict:
    return {"text": "a", "start": start, "end": end, "from": low, "until": high, "speaker": "x"}


@pytest.mark.parametrize(
    ("move", "item", "expected"),
    [
        (time.faster(10, 2.0), said(2, 4, 1, 5), said(1, 2, 0.5, 2.5)),
        (time.reversed_(10), said(2, 4, 1, 5), said(6, 8, 9, 5)),
        (time.window(10, 2.5, 9), said(2, 4, 1, 5), said(0, 1.5, 0, 2.5)),  # what came before the cut is at the cut
        (time.rolled(10, 7), said(2, 4, 1, 5), said(9, 10, 8, 10)),  # the first half, before the seam; `until` stops there
        (time.rolled(10, 6.5), said(2, 4, 1, 5), said(8.5, 10, 7.5, 10)),
        (time.rolled(10, 7.5), said(2, 4, 1, 5), said(0, 1.5, 0, 2.5)),
        (time.window(10, 3.1, 9), said(2, 4, 1, 5), None),
    ],
)
def test_words_and_their_further_times_follow_in_one_piece(move, item, expected):
    followed = times.follow([item], WORDS, move)
    assert followed.order == ([] if expected is None else [0])
    for got in followed.items:
        assert got["text"] == "a" and got["speaker"] == "x"
        for key in ("start", "end", "from", "until"):
            assert got[key] == pytest.approx(expected[key]), key


def test_words_come_in_the_order_they_are_heard():
    followed = times.follow([said(0, 1, 0, 1), said(4, 5, 4, 5), said(8, 9, 8, 9)], WORDS, time.rolled(10, 5.5))
    assert followed.order == [2, 0, 1]  # 8 s is heard at 3.5, 0 s at 5.5, 4 s at 9.5 (its half that is left, to the end)
    assert [item["start"] for item in followed.items] == sorted(item["start"] for item in followed.items)
