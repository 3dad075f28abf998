"""The judge believes true scenes and finds hand-made lies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from PIL import Image
from truth import boxes_leave_object, events_off_sound, false_claims, look, sound_off_object, unparsed

from mmaug.testing.raster import CATEGORIES
from mmaug.testing.scenes import draw_scene, write_scenes

Row = dict
NUMBERS = ("one", "two", "three", "four", "five")


@pytest.fixture(scope="module")
def scenes() -> list[Row]:
    """200 scenes, not augmented."""
    return [draw_scene(seed) for seed in range(200)]


def says(row: Row, pattern: str) -> bool:
    """Whether a caption of the picture contains a pattern."""
    return any(re.search(pattern, caption) for caption in row["captions"])


def pixels_of(row: Row) -> np.ndarray:
    """The picture as a fresh array uint8 [h, w, 3]."""
    return np.array(row["image"])


def mirrored(row: Row) -> Row:
    """Mirrors the picture left to right, not the captions."""
    return row | {"image": Image.fromarray(pixels_of(row)[:, ::-1].copy()), "mask": row["mask"][:, ::-1].copy()}


def flipped(row: Row) -> Row:
    """Turns the picture upside down, not the captions."""
    return row | {"image": Image.fromarray(pixels_of(row)[::-1].copy()), "mask": row["mask"][::-1].copy()}


def red_as_blue(row: Row) -> Row:
    """Swaps the red and the blue channel, not the captions."""
    return row | {"image": Image.fromarray(pixels_of(row)[..., ::-1].copy())}


def without_last(row: Row) -> Row:
    """Paints over the last object, and keeps the captions."""
    mask, pixels = row["mask"].copy(), pixels_of(row)
    gone = mask == row["objects"]["id"][-1]
    pixels[gone] = pixels[0, 0]
    mask[gone] = 0
    return row | {"image": Image.fromarray(pixels), "mask": mask}


def one_more(row: Row) -> Row:
    """Raises the first number in each caption by one."""

    def more(found: re.Match) -> str:
        return NUMBERS[NUMBERS.index(found[0]) + 1]

    numbers = rf"\b({'|'.join(NUMBERS[:-1])})\b"
    return row | {"captions": [re.sub(numbers, more, caption, count=1) for caption in row["captions"]]}


def two_sides(row: Row) -> bool:
    return says(row, r"\b(left|right)\b")


def two_levels(row: Row) -> bool:
    return says(row, r"\b(above|below|top|bottom)\b")


def red_or_blue(row: Row) -> bool:
    """Names red or blue, and does not have both, which could trade places."""
    return says(row, r"\b(red|blue)\b") and not {"red", "blue"} <= set(row["objects"]["colour"])


def names_last(row: Row) -> bool:
    """Counts all shapes, or names the last object by a shape that no other object has."""
    kind = row["objects"]["category"][-1]
    alone = row["objects"]["category"].count(kind) == 1
    return says(row, r"^(there (is|are) )?\w+ shapes?$") or (alone and says(row, kind))


LIES: list[tuple[Callable[[Row], Row], Callable[[Row], bool]]] = [
    (mirrored, two_sides),
    (flipped, two_levels),
    (red_as_blue, red_or_blue),
    (without_last, names_last),
    (one_more, lambda row: says(row, r"\b(one|two|three|four)\b")),
]


def catch_rate(rows: list[Row], lie: Callable[[Row], Row], faults: Callable[[Row, Row], list[str]]) -> float:
    """The share of rows in which the judge finds fault with a lie; at least 20 rows."""
    assert len(rows) >= 20
    return sum(bool(faults(lie(row), row)) for row in rows) / len(rows)


def test_true_scenes_are_believed(scenes: list[Row]) -> None:
    for row in scenes:
        assert false_claims(row) == []
        assert unparsed(row) == []
        assert boxes_leave_object(row, row) == []
        assert events_off_sound(row) == []
        assert sound_off_object(row) == []


def test_every_kind_of_caption_is_drawn(scenes: list[Row]) -> None:
    kinds = [kind for row in scenes for kind in row["caption_kinds"]]
    assert {"relation", "compound", "absolute", "count", "colour", "plain"} == set(kinds)
    assert min(map(kinds.count, set(kinds))) >= 20
    assert all(2 <= len(row["captions"]) == len(row["caption_kinds"]) <= 4 for row in scenes)


@pytest.mark.parametrize(("lie", "concerned"), LIES, ids=[lie.__name__ for lie, _ in LIES])
def test_lies_about_the_picture_are_caught(scenes: list[Row], lie: Callable, concerned: Callable) -> None:
    assert catch_rate([row for row in scenes if concerned(row)], lie, false_claims) >= 0.95


@pytest.mark.parametrize("shift", [(6, 0), (-6, 0), (0, 6), (0, -6)])
def test_shifted_boxes_are_caught(scenes: list[Row], shift: tuple[int, int]) -> None:
    def lie(row: Row) -> Row:
        boxes = [[x + shift[0], y + shift[1], w, h] for x, y, w, h in row["objects"]["bbox"]]
        return row | {"objects": row["objects"] | {"bbox": boxes}}

    assert catch_rate(scenes, lie, boxes_leave_object) == 1


def test_lost_and_orphan_boxes_are_caught(scenes: list[Row]) -> None:
    def lost(row: Row) -> Row:
        return row | {"objects": {name: values[1:] for name, values in row["objects"].items()}}

    assert catch_rate(scenes, lost, boxes_leave_object) == 1
    assert catch_rate(scenes, without_last, boxes_leave_object) == 1


def heard(row: Row, array: np.ndarray) -> Row:
    """A row with other samples. array: float32 [channels, n]."""
    return row | {"audio": row["audio"] | {"array": array}}


def test_lies_about_the_sound_are_caught(scenes: list[Row]) -> None:
    sided = [row for row in scenes if re.search("left|right", row["audio_caption"])]
    silent = [row for row in scenes if "silence" in row["audio_caption"]]
    rate = 16000
    last = [round(row["events"][-1]["end"] * rate) for row in silent]
    assert catch_rate(sided, lambda row: heard(row, row["audio"]["array"][::-1]), false_claims) == 1
    assert catch_rate(sided, lambda row: heard(row, row["audio"]["array"].mean(0, keepdims=True)), false_claims) == 1
    ends = {id(row): end for row, end in zip(silent, last, strict=True)}
    assert catch_rate(silent, lambda row: heard(row, row["audio"]["array"][:, : ends[id(row)]]), false_claims) == 1
    assert catch_rate(silent, lambda row: heard(row, row["audio"]["array"][:, ::-1]), false_claims) == 1
    assert catch_rate(sided, mirrored, sound_off_object) >= 0.5


def test_a_missing_beep_is_caught(scenes: list[Row]) -> None:
    def lie(row: Row) -> Row:
        array = row["audio"]["array"].copy()
        first = row["events"][0]
        array[:, round(first["start"] * 16000) : round(first["end"] * 16000)] = 0
        return heard(row, array)

    assert catch_rate(scenes, lie, false_claims) == 1
    assert catch_rate(scenes, lie, events_off_sound) == 1


def test_edited_captions_are_read() -> None:
    row = draw_scene(3)
    for caption in (
        "A red circle to the left of a grey square.",
        "a circle above a square and below a star",
        "the star is on the left side",
        "a heart in the upper right corner",
        "there are two circles, a square and exactly",
        "two shapes on the right",
        "a photo of a heart under a star",
    ):
        assert bool(unparsed(row | {"captions": caption})) == caption.endswith("exactly")
    assert unparsed(row | {"audio_caption": "silence, then two beeps on the right"}) == []
    assert unparsed(row | {"audio_caption": "two bleeps"}) == ["two bleeps"]


def test_scenes_are_pure_and_shapes_keep_apart(scenes: list[Row]) -> None:
    again = draw_scene(7)
    assert again["captions"] == scenes[7]["captions"]
    assert np.array_equal(pixels_of(again), pixels_of(scenes[7]))
    assert np.array_equal(again["audio"]["array"], scenes[7]["audio"]["array"])
    for row in scenes:
        mask = row["mask"]
        assert not np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).any()
        assert [one.shape for one in look(row)] == row["objects"]["category"]
        assert all(name in one.colours for name, one in zip(row["objects"]["colour"], look(row), strict=True))
        assert set(row["objects"]["category"]) <= set(CATEGORIES)


def test_written_scenes_read_back_as_true(tmp_path) -> None:
    write_scenes(tmp_path, 6, seed=1)
    lines = (tmp_path / "metadata.jsonl").read_text().splitlines()
    assert len(lines) == 6
    for row in map(json.loads, lines):
        samples, rate = soundfile.read(tmp_path / row["audio_file_name"], dtype="float32")
        row |= {"image": Image.open(tmp_path / row["image_file_name"]), "audio": {"array": samples.T, "sampling_rate": rate}}
        row["mask"] = np.array(Image.open(tmp_path / row["mask_file_name"]))
        assert false_claims(row) + unparsed(row) + boxes_leave_object(row, row) + events_off_sound(row) == []


@pytest.mark.parametrize("wrong", [{"size": (20, 20)}, {"objects": (3, 2)}, {"objects": (0, 2)}])
def test_impossible_scenes_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="draw_scene"):
        draw_scene(0, **wrong)
