"""Schemas: every field kind, errors that say what to do, the JSON form, and where values lie in nested rows."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmaug as mm
from mmaug.schema import MISSING
from mmaug.schema.columns import parse
from mmaug.schema.fields import FIELD_KINDS


def design_schema() -> mm.Schema:
    """The schema of DESIGN section 3, word for word."""
    return mm.Schema(
        image=mm.Image(),
        boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
        keypoints=mm.Keypoints(of="image", column="persons[].keypoints", names="coco17"),
        mask=mm.Mask(of="image"),  width=mm.Size(of="image", axis="width"),
        caption=mm.Caption(of="image", column="captions", language="en", spans=None),
        messages=mm.Messages(of="image"),
        audio=mm.Audio(recorded_with="image"),
        transcript=mm.Transcript(of="audio"),  words=mm.Words(of="audio"),  events=mm.Events(of="audio"),
        label=mm.Label(of="image", forbids={"6": ["image.rotate90", "image.vertical_flip"]}),  url=mm.Opaque(),
    )  # fmt: skip


def test_the_designs_own_example():
    schema = design_schema()
    assert {field.kind for field in schema.fields.values()} == set(FIELD_KINDS)
    assert schema.fields["label"].forbids == {"6": ("image.rotate90", "image.vertical_flip")}
    assert schema.followers("image") == ["boxes", "keypoints", "mask", "width", "caption", "messages", "audio", "label"]
    assert schema.followers("audio") == ["transcript", "words", "events"]
    assert schema.column("keypoints").each and schema.column("boxes").parents == ("objects",)
    both = mm.Schema(image=mm.Image(), audio=mm.Audio(), caption=mm.Caption(of=("image", "audio")))
    assert both.followers("image") == both.followers("audio") == ["caption"]


def test_a_class_may_be_written_as_a_number():
    schema = mm.Schema(image=mm.Image(), label=mm.Label(forbids={6: ["image.rotate90"]}))
    assert schema.fields["label"].forbids == {"6": ("image.rotate90",)}
    assert mm.Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"c": mm.Caption(of="picture")}, r"'c': of='picture' is not a field of this schema"),
        ({"image": mm.Image(), "w": mm.Words(of="image")}, r"'w': Words must be of audio, but 'image' is Image"),
        ({"audio": mm.Audio(), "b": mm.Boxes(of="audio")}, r"'b': Boxes must be of image, but 'audio' is Audio"),
        ({"image": mm.Image(), "b": mm.Boxes(of=("image",))}, r"'b': of must be the name of one field, got \('image',\)"),
        ({"image": mm.Image(), "c": mm.Caption(of=())}, r"'c': of must name at least one field"),
        ({"image": mm.Image(), "c": mm.Caption(of=5)}, r"'c': of must be the name of a field, or a list of names, got 5"),
        ({"image": mm.Image(), "w": mm.Size(of="")}, r"'w': of must name at least one field"),
        ({"image": mm.Image(), "w": mm.Size(axis="duration")}, r"'w': axis must be width or height"),
        ({"audio": mm.Audio(), "w": mm.Size(of="audio")}, r"'w': axis must be duration"),
        ({"a": mm.Image(column="x"), "b": mm.Opaque(column="x")}, r"'a' and 'b' are both column 'x'"),
        ({"image": mm.Image(), "b": mm.Boxes(format="pascal")}, r"'b': format must be one of xyxy, xywh, cxcywh, yolo, got 'pascal'"),
        ({"image": mm.Image(), "b": mm.Boxes(format="coco")}, r"'b': format must be .*got 'coco'; coco is xywh, pascal_voc is xyxy"),
        ({"image": mm.Image(), "b": mm.Boxes(min_visibility=float("nan"))}, r"min_visibility must lie in \[0, 1\], got nan"),
        ({"image": mm.Image(), "b": mm.Boxes(min_visibility="0.1")}, r"min_visibility must be a number, got '0.1'"),
        ({"image": mm.Image(), "b": mm.Boxes(beside="category")}, r"beside must be a list of strings, got 'category'"),
        ({"image": mm.Image(), "k": mm.Keypoints(names="coco18")}, r'names must be "coco17" or a tuple of names'),
        ({"image": mm.Image(), "m": mm.Mask(fill=0.5)}, r"'m': fill must be a whole number, got 0.5"),
        ({"image": mm.Image(optional="yes")}, r"'image': optional must be True or False, got 'yes'"),
        ({"image": mm.Image(), "l": mm.Label(forbids={"6": "image.rotate90"})}, r"forbids must be a dict from a class to a list of ops"),
        ({"audio": mm.Audio(), "w": mm.Words(min_heard=0)}, r"min_heard must lie in \(0, 1\]"),
        ({"audio": mm.Audio(), "w": mm.Words(times="clip_start")}, r"times must be a list of strings"),
        ({"image": mm.Image(column="a..b")}, r"column path 'a..b': must look like"),
        ({"image": mm.Image(column="a[][].b")}, r"column path 'a\[\]\[\].b': must look like"),
        ({"image": mm.Image(column="a[].b.c")}, r"column path 'a\[\].b.c'"),
        ({"image": "Image"}, r"'image': must be one of mm.Image, .*got 'Image'"),
        ({"image": mm.Image}, r"'image': must be one of mm.Image"),
    ],
)  # fmt: skip
def test_a_slip_is_an_error_that_says_where(fields, said):
    with pytest.raises(mm.SchemaError, match=said):
        mm.Schema(**fields)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], r"a schema must be"),
        ({"fields": {}}, r"schema number None"),
        ({"schema": 2, "fields": {}}, r"schema number 2"),
        ({"schema": 1, "fields": {}, "note": "x"}, r"keys \['fields', 'note', 'schema'\]"),
        ({"schema": 1, "fields": [1]}, r'"fields" must be a dict'),
        ({"schema": 1, "fields": {"a": {"kind": "video"}}}, r"field 'a': \"kind\" must be one of image, .*got 'video'"),
        ({"schema": 1, "fields": {"a": 3}}, r"field 'a': \"kind\" must be one of .*got 3"),
        ({"schema": 1, "fields": {"a": {"kind": "image", "off": "b"}}}, r"field 'a': unknown keys \['off'\]; Image has"),
        ({"schema": 1, "fields": {"a": {"kind": "image", "column": 7}}}, r"field 'a': column must be a string or None, got 7"),
    ],
)
def test_json_that_is_no_schema(value, said, tmp_path):
    with pytest.raises(mm.SchemaError, match=said):
        mm.Schema.from_json(value)
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(value))
    with pytest.raises(mm.SchemaError, match=r"schema\.json: "):
        mm.Schema.load(path)


def test_files_that_are_not_json(tmp_path):
    path = tmp_path / "s.json"
    for content in (b"", b"{", b"\xff\xfe\x00"):
        path.write_bytes(content)
        with pytest.raises(mm.SchemaError, match=r"s\.json: must be JSON, got "):
            mm.Schema.load(path)
    with pytest.raises(mm.SchemaError, match=r"absent\.json: must be a schema file, got No such file"):
        mm.Schema.load(tmp_path / "absent.json")


names = st.text("abcdefghijklmnop_", min_size=1, max_size=8)
paths = st.one_of(names, st.tuples(names, names).map(".".join), st.tuples(names, names).map("[].".join))
strings = st.lists(names, max_size=3)
FIELDS = st.one_of(
    st.builds(mm.Boxes, column=st.none() | paths, optional=st.booleans(), format=st.sampled_from(["xyxy", "xywh", "cxcywh", "yolo"]),
              labels=st.none() | paths, beside=strings.map(tuple), min_visibility=st.floats(0, 1)),
    st.builds(mm.Keypoints, column=st.none() | paths, names=st.just("coco17") | strings.map(tuple)),
    st.builds(mm.Mask, fill=st.integers(0, 255)),
    st.builds(mm.Size, axis=st.sampled_from(["width", "height"])),
    st.builds(mm.Caption, of=st.sampled_from(["image", ("image", "audio"), ["image"]]), language=names, spans=st.none() | paths),
    st.builds(mm.Messages, language=names),
    st.builds(mm.Words, text=names, start=names, end=names, times=strings, min_heard=st.floats(0.01, 1)),
    st.builds(mm.Events, optional=st.booleans()),
    st.builds(mm.Label, forbids=st.dictionaries(names, strings)),
    st.just(mm.Transcript()),
    st.just(mm.Opaque()),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(FIELDS, max_size=5))
def test_a_schema_survives_json(fields):
    try:
        schema = mm.Schema(image=mm.Image(), audio=mm.Audio(recorded_with="image"), **{f"f{i}": f for i, f in enumerate(fields)})
    except mm.SchemaError as error:
        assert "both" in str(error)
        return
    again = mm.Schema.from_json(json.loads(json.dumps(schema.to_json())))
    assert again == schema and hash(again) == hash(schema) and repr(again) == repr(schema)
    assert [again.followers(name) for name in again.fields] == [schema.followers(name) for name in schema.fields]


def test_a_schema_prints_as_the_code_that_makes_it():
    schema = design_schema()
    assert eval(repr(schema), {"mm": mm, "Schema": mm.Schema}) == schema


def test_a_field_may_have_any_name():
    schema = mm.Schema(self=mm.Image(), **{"class": mm.Label(of="self")})
    assert mm.Schema.from_json(schema.to_json()) == schema


# -- where values lie --------------------------------------------------------------------------------------------------


def frozen(value):
    """The same value with arrays that refuse to be written to."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, list):
        return [frozen(item) for item in value]
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.setflags(write=False)
    return value


ROWS = {
    "a": {"a": [1, 2, 3], "n": 5},
    "o.a": {"o": {"a": [1, 2, 3], "b": ["x", "y", "z"], "short": [9], "word": "abc", "n": 3}, "n": 5},
    "o.p.a": {"o": {"p": {"a": [1, 2, 3], "b": [4, 5, 6]}, "a": [7, 8, 9]}},
    "o[].a": {"o": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}], "n": 5},
    "q.o[].a": {"q": {"o": [{"a": 1}, {"a": 2}, {"a": 3}]}},
}


@pytest.mark.parametrize("path", ROWS)
@pytest.mark.parametrize("form", [list, tuple, np.array], ids=["list", "tuple", "array"])
def test_get_put_keep(path, form):
    row = copy.deepcopy(ROWS[path])
    column = parse(path)
    if not column.each:
        column.put(row, form([1, 2, 3]))
    row, before = frozen(row), copy.deepcopy(row)
    assert list(column.get(row)) == [1, 2, 3]
    out = dict(row)
    column.put(out, [4, 5, 6])
    assert list(column.get(out)) == [4, 5, 6] and list(column.get(row)) == [1, 2, 3]
    out = dict(row)
    column.keep(out, [True, False, True], ())
    assert list(column.get(out)) == [1, 3] and type(column.get(out)) is type(column.get(row))
    np.testing.assert_equal(row, before)
    out = dict(row)
    column.keep(out, [False] * 3, ())
    assert len(column.get(out)) == 0
    np.testing.assert_equal(row, before)


def test_what_drops_with_a_box():
    out = dict(ROWS["o.a"])
    parse("o.a").keep(out, [False, True, False], [parse("o.b")])
    assert out == {"o": {"a": [2], "b": ["y"], "short": [9], "word": "abc", "n": 3}, "n": 5}
    out = dict(ROWS["o[].a"])
    parse("o[].a").keep(out, [False, True, False], ())
    assert out == {"o": [{"a": 2, "b": "y"}], "n": 5}
    out = {"boxes": np.zeros((2, 4)), "kind": ["a", "b"], "score": np.array([0.1, 0.2]), "other": ["c", "d"]}
    parse("boxes").keep(out, [False, True], [parse("kind"), parse("score")])
    assert out["boxes"].shape == (1, 4) and out["kind"] == ["b"] and out["score"].tolist() == [0.2] and out["other"] == ["c", "d"]


def test_tensors_drop_too():
    torch = pytest.importorskip("torch")
    row = {"o": {"a": torch.arange(12.0).reshape(3, 4), "b": torch.tensor([1, 2, 3])}}
    out = dict(row)
    parse("o.a").keep(out, [True, False, False], ())
    assert out["o"]["a"].tolist() == [[0, 1, 2, 3]] and out["o"]["b"].tolist() == [1]
    assert len(row["o"]["a"]) == 3


def test_what_is_not_there():
    for path in ("a", "o.a", "o.p.a", "o[].a"):
        for row in ({}, {"o": None}, {"a": None}):
            assert parse(path).get(row) is MISSING
    assert parse("o[].a").get({"o": []}) == [] and parse("o[].a").get({"o": [{}, {"a": 1}]}) == [None, 1]
    with pytest.raises(mm.RowError, match=r'column \'o\.a\': a dict must be there, got list; .*column="o\[\]\.a"'):
        parse("o.a").get({"o": [{"a": 1}]})
    with pytest.raises(mm.RowError, match=r'column \'o\[\]\.a\': a list of dicts must be there, got dict; .*column="o\.a"'):
        parse("o[].a").get({"o": {"a": [1]}})
    with pytest.raises(mm.RowError, match="a list of dicts must be there"):
        parse("o[].a").get({"o": [{"a": 1}, None]})


# -- a row against its schema ------------------------------------------------------------------------------------------


def graph(schema, *ops):
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema)


PICTURE = np.zeros((20, 30, 3), np.uint8)


@pytest.mark.parametrize("value", ["a dog", ["a dog", "a cat"], ("a dog",), [None, "a dog"]])
def test_text_that_nothing_declares_is_refused(value):
    g = graph(mm.Schema(image=mm.Image()), mm.op("image.horizontal_flip"))
    with pytest.raises(
        mm.RowError, match=re.escape("column 'alt' holds text that no field of the schema declares; add alt=mm.Caption(of=...)")
    ):
        g({"image": PICTURE, "alt": value}, key=1)
    assert g({"image": PICTURE, "n": 3, "numbers": [1, 2], "empty": [], "none": None}, key=1)["numbers"] == [1, 2]
    with pytest.raises(
        mm.RowError, match=re.escape('in a schema.json "alt": {"kind": "caption", "of": "image"} or "alt": {"kind": "opaque"}')
    ):
        g({"image": PICTURE, "alt": value}, key=1)
    declared = graph(mm.Schema(image=mm.Image(), alt=mm.Opaque()), mm.op("image.horizontal_flip"))
    assert declared({"image": PICTURE, "alt": value}, key=1)["alt"] == value


@pytest.mark.parametrize("field", [
    mm.Caption(column="x"), mm.Boxes(column="x"), mm.Boxes(column="o.x"), mm.Mask(column="x"), mm.Size(column="x"), mm.Messages(column="x"),
    mm.Label(column="x"), mm.Keypoints(column="x"),
])  # fmt: skip
def test_a_column_that_is_not_there(field):
    """Whatever the step does, even where it leaves the field alone."""
    for op in (mm.op("image.horizontal_flip"), mm.op("image.to_gray")):
        with pytest.raises(mm.RowError, match=r"field 'f': column '(o\.)?x' must be in every row, this row has \['image'\]"):
            graph(mm.Schema(image=mm.Image(), f=field), op)({"image": PICTURE}, key=1)
    if not field.column.startswith("o"):
        loose = mm.Schema(image=mm.Image(), f=type(field)(column="x", optional=True))
        for row in ({"image": PICTURE}, {"image": PICTURE, "x": None}):
            assert graph(loose, mm.op("image.horizontal_flip"))(row, key=1).keys() == row.keys()


def test_nobody_in_the_picture():
    schema = mm.Schema(image=mm.Image(), joints=mm.Keypoints(column="persons[].keypoints", names="coco17"))
    flip = graph(schema, mm.op("image.horizontal_flip"))
    for row in ({"image": PICTURE}, {"image": PICTURE, "persons": None}, {"image": PICTURE, "persons": []}):
        out = flip(row, key=1)
        assert out.keys() == row.keys() and out.get("persons") == row.get("persons")


def test_a_row_that_is_no_dict():
    for row in ("abc", None, [1]):
        with pytest.raises(mm.RowError, match="a row must be a dict of its columns, got"):
            graph(mm.Schema(image=mm.Image()), mm.op("image.horizontal_flip"))(row, key=1)
