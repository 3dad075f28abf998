"""Schemas guessed from rows and from HuggingFace features: what was decided, and that the guess holds on its own rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

import mmaug as mm

DATA = Path(__file__).parents[2] / "shared" / "data"


def rows_of(folder: str, count: int = 60) -> list[dict]:
    """Rows as a loader would give them: the metadata, with the media column in the place of the file name."""
    path = DATA / folder / "metadata.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = []
    for line in lines[:: max(1, len(lines) // count)]:
        row = json.loads(line)
        name = row.pop("file_name")
        if name.startswith("images/"):
            row["image"] = PILImage.new("RGB", (row["width"], row["height"]))
        else:
            rate = row["sample_rate"]
            row["audio"] = {"array": np.zeros(round(row["duration"] * rate), np.float32), "sampling_rate": rate}
        rows.append(row)
    return rows


def kinds(schema: mm.Schema) -> dict[str, str]:
    return {str(field.column): field.kind for field in schema.fields.values() if field.kind != "opaque"}


WANTED = {
    "coco": {"image": "image", "width": "size", "height": "size", "captions": "caption", "objects.bbox": "boxes",
             "persons[].bbox": "boxes", "persons[].keypoints": "keypoints"},
    "coco-instances": {"image": "image", "width": "size", "height": "size", "captions": "caption", "objects[].bbox": "boxes",
                       "objects[].keypoints": "keypoints"},
    "digit-strings": {"audio": "audio", "transcript": "transcript", "words": "words", "duration": "size"},
    "esc10": {"audio": "audio", "label": "label", "captions": "caption", "duration": "size"},
    "fsdd": {"audio": "audio", "label": "label", "transcript": "transcript", "captions": "caption", "duration": "size"},
}  # fmt: skip


@pytest.mark.parametrize("folder", WANTED)
def test_real_folders(folder):
    rows = rows_of(folder)
    schema = mm.Schema.infer(rows)
    assert kinds(schema) == WANTED[folder]
    told = "\n".join(schema.notes)
    for field in schema.fields.values():
        assert repr(field.column) in told  # it says what it decided
    assert mm.Schema.from_json(schema.to_json()) == schema
    ops = [mm.op(f"{m}.{name}") for m, name in (("image", "horizontal_flip"), ("audio", "time_stretch")) if schema.for_modality(m)]
    graph = mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema)
    for number, row in enumerate(rows[:20]):
        assert graph(row, key=number).keys() == row.keys()


def test_real_details():
    coco = mm.Schema.infer(rows_of("coco")).fields
    boxes = next(f for f in coco.values() if f.column == "objects.bbox")
    assert boxes.format == "xywh" and boxes.labels == "objects.category"
    assert next(f for f in coco.values() if f.kind == "keypoints").names == "coco17"
    words = next(f for f in mm.Schema.infer(rows_of("digit-strings")).fields.values() if f.kind == "words")
    assert words.text == "word" and words.times == ("clip_start", "clip_end")
    instances = mm.Schema.infer(rows_of("coco-instances"))
    assert "'objects[].segmentation' is left as it is" in repr(instances)  # polygons have no field yet: at least it says so


PICTURE = np.zeros((40, 60, 3), np.uint8)
SOUND = {"array": np.zeros(800, np.float32), "sampling_rate": 8000}


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"image": PICTURE, "mask": PICTURE[..., 0]}, {"image": "image", "mask": "mask"}),
        ({"image": PICTURE, "text": "a dog", "url": "http://x"}, {"image": "image", "text": "caption"}),
        ({"image": PICTURE, "audio": SOUND, "caption": "a dog"}, {"image": "image", "audio": "audio", "caption": "caption"}),
        ({"frames": [PICTURE, PICTURE], "caption": "a dog"}, {"frames": "image", "caption": "caption"}),
        ({"image": PICTURE, "messages": [{"role": "user", "content": "hi"}]}, {"image": "image", "messages": "messages"}),
        ({"image": PICTURE, "bboxes": [[1, 2, 3, 4]], "category": ["a"]}, {"image": "image", "bboxes": "boxes"}),
        ({"image": PICTURE, "bbox": [1, 2, 3, 4]}, {"image": "image"}),
        ({"image": PICTURE, "label": 3}, {"image": "image", "label": "label"}),
        ({"sound": (np.zeros(10, np.float32), 8000), "transcription": "one"}, {"sound": "audio", "transcription": "transcript"}),
        ({"clip": mm.AudioClip(np.zeros(10, np.float32), 8000)}, {"clip": "audio"}),
        (
            {"sound": {"bytes": b"RIFF\x00\x00\x00\x00WAVE", "path": None}, "caption": "a dog barks"},
            {"sound": "audio", "caption": "caption"},
        ),
        ({"sound": {"bytes": None, "path": "a/b.FLAC"}}, {"sound": "audio"}),
        ({"picture": {"bytes": b"RIFF\x00\x00\x00\x00WEBP", "path": None}}, {}),
        ({"caption": "nothing to speak of"}, {}),
        ({"image": PICTURE, "first name": "Ann", "n": None}, {"image": "image"}),
    ],
)
def test_small_rows(row, wanted):
    schema = mm.Schema.infer(row)
    assert kinds(schema) == wanted
    schema.refuse_undeclared(row)
    if "audio" in wanted and "caption" in wanted:
        assert schema.fields["caption"].of == ("image", "audio")


def test_formats_of_boxes_are_told_by_their_numbers():
    def fmt(*boxes, column="boxes"):
        return mm.Schema.infer({"image": PICTURE, column: [list(b) for b in boxes]}).fields[column].format

    assert fmt((0.1, 0.2, 0.3, 0.4)) == "yolo"
    assert fmt((50, 20, 10, 10)) == "xywh"
    assert fmt((1, 2, 30, 40)) == "xyxy"
    assert fmt((1, 2, 30, 40), column="bbox") == "xywh"


def test_what_some_rows_lack_is_optional():
    rows = [{"image": PICTURE, "caption": "a dog"}, {"image": PICTURE, "caption": None}, {"image": PICTURE}]
    assert mm.Schema.infer(rows).fields["caption"].optional
    assert not mm.Schema.infer(rows[:1]).fields["caption"].optional


def test_nothing_to_infer_from():
    with pytest.raises(mm.SchemaError, match="from no rows"):
        mm.Schema.infer([])


@pytest.mark.parametrize(
    ("rows", "said"),
    [({}, "must have columns, got only empty dicts"), ([{}, {}], "must have columns"),
     ([1], "row 0 must be a dict of its columns, got int"),
     ([{"n": 1}, "x"], "row 1 must be a dict of its columns, got str"), (7, "must be given a row or a list of rows, got int")],
)  # fmt: skip
def test_what_is_no_row(rows, said):
    with pytest.raises(mm.SchemaError, match=said):
        mm.Schema.infer(rows)


def test_a_name_that_reads_as_a_path_is_left_alone_aloud():
    schema = mm.Schema.infer({"image": PICTURE, "meta.note": "x"})
    assert "'meta.note' is left alone" in repr(schema)
    with pytest.raises(mm.RowError, match=r"'meta\.note' holds text"):
        schema.refuse_undeclared({"image": PICTURE, "meta.note": "x"})


def test_features_of_huggingface():
    datasets = pytest.importorskip("datasets", reason="the library `datasets` is not installed")
    value = datasets.Value
    features = datasets.Features({
        "image": datasets.Image(), "captions": datasets.Sequence(value("string")), "label": datasets.ClassLabel(names=["a", "b"]),
        "objects": datasets.Sequence({"bbox": datasets.Sequence(value("float32"), length=4), "category": value("string")}),
        "persons": [{"keypoints": datasets.Sequence(value("float32"))}],
        "audio": datasets.Audio(), "words": [{"word": value("string"), "start": value("float32"), "end": value("float32")}],
        "url": value("large_string"), "width": value("int32"),
    })  # fmt: skip
    schema = mm.Schema.from_features(features)
    assert kinds(schema) == {
        "image": "image", "captions": "caption", "label": "label", "objects.bbox": "boxes", "persons[].keypoints": "keypoints",
        "audio": "audio", "words": "words", "width": "size",
    }  # fmt: skip
    assert schema.fields["url"].kind == "opaque"
    assert schema.fields["objects_bbox"].labels == "objects.category"
