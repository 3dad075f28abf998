"""Hard negatives: each is false, judged by drawn scenes read back from pixels, by hand-written cases, and by COCO's own annotations."""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import pytest
import truth
from io_folders import SHARED
from PIL import Image
from test_truth_holds import scene_schema

import mmaug as mm
from mmaug.language.forms import plural, singular
from mmaug.modalities.image import values as image_values
from mmaug.negatives.colours import seen
from mmaug.negatives.vocabulary import COCO
from mmaug.testing.scenes import draw_scene

SHAPES = ("circle", "square", "triangle", "star", "heart")
PLAIN = mm.Schema(
    image=mm.Image(),
    captions=mm.Caption(of="image"),
    boxes=mm.Boxes(of="image", labels="labels"),
)
DOG, CAT, RIGHT_CAT = ("dog", (10, 60, 60, 110)), ("cat", (150, 60, 190, 100)), ("cat", (110, 20, 150, 50))


def row_of(caption, *things, colour=(90, 90, 90)):
    """A picture 200 x 150 of one colour with things (label, box) and one caption or several."""
    image = np.full((150, 200, 3), colour, np.uint8)
    captions = [caption] if isinstance(caption, str) else list(caption)
    return {"image": image, "captions": captions, "boxes": [list(box) for _, box in things], "labels": [label for label, _ in things]}


def made(caption, *things, kind=None, **options):
    found = mm.hard_negatives(row_of(caption, *things), PLAIN, n=100, **options)
    return {negative.text for negative in found if kind in (None, negative.kind)}


# -- drawn scenes ---------------------------------------------------------------------------------------------------------


def true_ones(row, negatives) -> list[mm.Negative]:
    """The negatives that the judge does not find false; it must be able to read them all."""
    seen_false: set[str] = set()
    pictured = [negative.text for negative in negatives if negative.field == "captions"]
    for captions, heard in [(pictured, None), *(([], n.text) for n in negatives if n.field == "audio_caption")]:
        changed = {**row, "captions": captions, "audio_caption": heard}
        assert not truth.unparsed(changed)
        faults = truth.false_claims(changed)
        seen_false |= {text for text in (*captions, heard) if any(fault.startswith(f"{text!r} is false") for fault in faults)}
    return [negative for negative in negatives if negative.text not in seen_false]


@pytest.mark.parametrize("pixels", [True, False])
def test_of_five_hundred_drawn_rows_none_is_true(pixels):
    schema, kinds = scene_schema(recorded_with="image"), Counter()
    for scene in range(0, 500, 1 if pixels else 4):
        row = draw_scene(scene)
        found = mm.hard_negatives(row, schema, n=4, key=scene, vocabulary=SHAPES, pixels=pixels)
        true = true_ones(row, found)
        assert not true, f"scene {scene}: {true[0]}"
        kinds.update({negative.kind for negative in found})
    share = {kind: count / (500 if pixels else 125) for kind, count in kinds.items()}
    least = {"relation": 0.25, "side": 0.4, "colour": 0.7, "count": 0.7, "object": 0.9, "order": 0.45}
    assert share.keys() == least.keys()
    assert all(share[kind] >= least[kind] for kind in least), share


def loose_captions(row) -> list[str]:
    """True sentences that fit several shapes of a crowded scene: only by category, or by colour, or a count that is not all."""
    things, width = row["objects"], row["image"].width
    shapes = [
        (kind, colour, x + w / 2) for kind, colour, (x, _, w, _) in zip(things["category"], things["colour"], things["bbox"], strict=True)
    ]
    found = []
    for number, (kind, colour, x) in enumerate(shapes):
        found += [f"a {colour} {kind}", f"a {kind} on the {'left' if x < width / 2 else 'right'}"]
        for other, _, its_x in shapes[:number]:
            found += [f"a {kind} {'right' if x > its_x else 'left'} of a {other}"] if abs(x - its_x) > 1 else []
    kinds = Counter(kind for kind, _, _ in shapes)
    return [*dict.fromkeys(found), *(f"{NUMBERS[count]} {kind}s" for kind, count in kinds.items() if count > 1)]


def test_in_a_crowd_what_fits_several_shapes_is_told_apart():
    schema, kinds = scene_schema(recorded_with="image"), Counter()
    for scene in range(120):
        row = draw_scene(scene, objects=(4, 7))
        row["captions"] = loose_captions(row)
        row["audio_caption"] = "a beep"
        row["caption_kinds"] = []
        found = mm.hard_negatives(row, schema, n=6, vocabulary=SHAPES)
        true = true_ones(row, [negative for negative in found if negative.field == "captions"])
        assert not true, f"scene {scene}: {true[0]}"
        kinds.update(negative.kind for negative in found)
    assert min(kinds[kind] for kind in ("relation", "side", "colour", "count", "object")) > 40, kinds


def test_the_judge_would_see_a_true_one():
    row = draw_scene(3)
    own = [mm.Negative(text, "", "captions", 0, "", "", "") for text in row["captions"]]
    assert true_ones(row, own) == own
    assert true_ones(row, [mm.Negative(row["audio_caption"], "", "audio_caption", 0, "", "", "")])


# -- cases whose answer was written down first ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caption", "things", "kind", "expected"),
    [
        ("a dog to the left of a cat", [DOG, CAT], "relation", {"a dog to the right of a cat"}),
        ("a dog to the right of a cat", [DOG, CAT], "relation", set()),  # boxes deny the caption itself
        ("a dog left of a cat", [DOG, CAT, ("cat", (0, 60, 8, 70))], "relation", set()),  # another cat is left of it
        ("a dog above a cat", [("dog", (90, 10, 120, 40)), ("cat", (90, 90, 120, 130))], "relation", {"a dog below a cat"}),
        ("A cat on top of a car", [("cat", (90, 20, 120, 50)), ("car", (50, 40, 180, 140))], "relation", {"A cat underneath a car"}),
        ("a lamp to the left of a cat", [CAT], "relation", set()),  # no box of a lamp
        ("a dog to the left of a cat house", [DOG, CAT], "relation", set()),
        ("a dog at the left side of a cat", [DOG, CAT], "relation", {"a dog at the right side of a cat"}),
        ("a dog on the left", [DOG], "side", {"a dog on the right"}),
        ("a cat on the left", [("cat", (80, 60, 130, 100))], "side", set()),  # neither half
        ("a dog in the bottom left corner", [DOG], "side", {"a dog in the bottom right corner"}),
        ("a dog on the left side of the bed", [DOG], "side", set()),  # the bed's side
        ("two dogs on the left", [DOG, ("dog", (120, 60, 160, 110))], "side", set()),
        ("two cats", [CAT, RIGHT_CAT], "count", {"three cats", "four cats"}),
        ("2 cats", [CAT, RIGHT_CAT], "count", {"3 cats", "4 cats"}),
        ("two cats", [CAT], "count", set()),  # boxes deny it
        ("one dog is asleep", [DOG], "count", {"two dogs are asleep", "three dogs are asleep"}),
        ("there is one dog", [DOG], "count", {"there are two dogs", "there are three dogs"}),
        ("one dog runs", [DOG], "count", set()),  # "two dogs runs"
        ("a two year old dog", [DOG, DOG], "count", set()),
        ("two of the dogs", [DOG, DOG], "count", set()),
        ("a dog on a couch", [DOG, ("couch", (0, 0, 99, 99))], "object", None),
        ("a statue of a dog", [DOG], "object", set()),
        ("a dog's bowl", [DOG], "object", set()),
        ("no dog", [DOG], None, set()),
        ("two cats, no dogs", [CAT, RIGHT_CAT], "count", set()),
        ("a dog or a cat", [DOG, CAT], None, set()),
        ('a dog and "a cat"', [DOG, CAT], None, set()),
        ("is this a dog?", [DOG], None, set()),
    ],
)
def test_what_is_made_of_a_caption(caption, things, kind, expected):
    found = made(caption, *things, kind=kind)
    if expected is not None:
        assert found == expected
        return
    assert "a cat on a couch" in found
    assert not any("chair" in text for text in found)  # a couch may be taken for one
    assert all(re.fullmatch(r"an? [a-z ]+ on a couch|a dog on a [a-z ]+", text) for text in found)


def test_what_another_caption_says_rules_negatives_out():
    assert "a cat on a bed" in made("a dog on a bed", DOG, kind="object")
    assert "a cat on a bed" not in made(["a dog on a bed", "a kitten"], DOG, kind="object")
    assert "a cat on a bed" not in made(["a dog on a bed", "two animals"], DOG, kind="object")
    assert made(["two cats", "three cats"], CAT, RIGHT_CAT, kind="count") == set()
    assert "a green dog" not in made(["a red dog", "a green ball"], DOG, kind="colour")
    assert made("a red car", ("car", (0, 0, 99, 99)), kind="colour")
    assert not made(["a red car", "a colorful car"], ("car", (0, 0, 99, 99)), kind="colour")


def test_a_vocabulary_says_what_was_looked_for():
    blob = ("blob", (0, 0, 50, 50))
    assert not made("a dog", DOG, blob, kind="object")  # not COCO's labels: nobody knows what was looked for
    assert made("a dog", DOG, blob, kind="object", vocabulary=["dog", "horse", "blob"]) == {"a horse"}
    assert made("an elephant", ("elephant", (0, 0, 9, 9)), kind="object", vocabulary=["dog", "elephant"]) == {"a dog"}
    assert made("three dogs", DOG, DOG, DOG, kind="object", vocabulary=["sheep", "pony", "skis"]) == {"three ponies"}


# -- colours --------------------------------------------------------------------------------------------------------------


def test_a_colour_that_is_there_is_not_said():
    """A red car on grass: "a green car" is not said where its box shows green, and is where it does not."""
    car = ("car", (50, 50, 150, 100))
    row = row_of("a red car on the grass", car, colour=(40, 150, 50))
    row["image"][50:100, 50:150] = (200, 30, 30)
    assert "a green car on the grass" in {negative.text for negative in mm.hard_negatives(row, PLAIN, n=100)}
    row["image"][70:100, 50:150] = (40, 150, 50)
    found = {negative.text for negative in mm.hard_negatives(row, PLAIN, n=100)}
    assert "a green car on the grass" not in found
    assert "a blue car on the grass" in found


def test_what_no_box_shows_needs_a_picture_without_the_colour():
    row = row_of("a woman in a red scarf", colour=(200, 30, 30))
    assert "a woman in a purple scarf" in {negative.text for negative in mm.hard_negatives(row, PLAIN, n=100)}
    row["image"][:20, :20] = (118, 58, 162)
    found = {negative.text for negative in mm.hard_negatives(row, PLAIN, n=100)}
    assert "a woman in a purple scarf" not in found
    assert found
    assert not mm.hard_negatives(row, PLAIN, n=100, pixels=False)


def test_colours_seen_hold_those_that_the_judge_of_scenes_names():
    """Every colour that an independent namer gives a pixel counts as seen."""
    rng = np.random.default_rng(0)
    for rgb in rng.integers(0, 256, (150, 3)):
        share = seen(lambda rgb=rgb: np.full((4, 4, 3), rgb, np.uint8))
        names = truth.colour_names(rgb.astype(float))
        assert any(share(name, None) == 1.0 for name in names), (rgb, names)
    assert seen(lambda: np.zeros((4, 4, 3), np.uint8))("red", (2, 2, 2, 2)) == 1.0  # an empty box: nothing is known


def test_pixels_are_read_only_for_colours_and_never_when_told_not_to(monkeypatch):
    def refuse(*_):
        raise AssertionError("pixels were read")

    monkeypatch.setattr(image_values, "to_pixels", refuse)
    assert made("two cats left of a dog", CAT, RIGHT_CAT)
    assert made("a red car", ("car", (0, 0, 99, 99)), pixels=False)
    with pytest.raises(AssertionError, match="were read"):
        made("a red car", ("car", (0, 0, 99, 99)))


# -- order ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caption", "events", "expected"),
    [
        ("a dog barks, then a bell rings", [("dog", 0.1, 0.4), ("bell", 0.5, 0.9)], {"a bell rings, then a dog barks"}),
        ("a dog barks, then a bell rings", [("dog", 0.1, 0.6), ("bell", 0.5, 0.9)], set()),  # at the same time
        ("a dog barks, then a bell rings", [("bell", 0.1, 0.3), ("dog", 0.4, 0.9)], set()),
        ("a dog barks, then a bell rings", [("dog", 0.1, 0.2), ("bell", 0.3, 0.4), ("dog", 0.5, 0.6)], set()),
        ("a dog barks, then silence", [("dog", 0.05, 0.3)], {"silence, then a dog barks"}),
        ("a dog barks, then silence", [("dog", 0.4, 0.6)], set()),  # silence before it as well
        ("a dog barks, then a bell rings", [], set()),
    ],
)
def test_order_by_the_times_of_events(caption, events, expected):
    schema = mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio"), events=mm.Events(of="audio"))
    items = [{"text": text, "start": start, "end": end} for text, start, end in events]
    row = {"audio": {"array": np.zeros(1000, np.float32), "sampling_rate": 1000}, "caption": caption, "events": items}
    assert {negative.text for negative in mm.hard_negatives(row, schema) if negative.kind == "order"} == expected


# -- the function ---------------------------------------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_negatives():
    row = row_of(["a red dog to the left of two cats", "two cats"], DOG, CAT, RIGHT_CAT)
    one = mm.hard_negatives(row, PLAIN, n=2)
    assert one == mm.hard_negatives(row, PLAIN, n=2)
    assert Counter(negative.index for negative in one) == {0: 2, 1: 2}
    drawn = {mm.hard_negatives(row, PLAIN, n=2, seed=seed, key=key) for seed in range(4) for key in ("a", 1)}
    assert len(drawn) > 4
    everything = mm.hard_negatives(row, PLAIN, n=1000)
    assert len({negative.text for negative in everything}) == len(everything)
    assert not {negative.text for negative in everything} & set(row["captions"])
    assert all(json.loads(json.dumps(negative.to_json())) == negative.to_json() for negative in everything)
    assert all(negative.after in negative.text and negative.before in row["captions"][negative.index] for negative in everything)


def test_several_kinds_come_before_several_of_one():
    row = row_of("two red dogs to the left of a cat", DOG, ("dog", (20, 10, 60, 50)), CAT)
    assert len({negative.kind for negative in mm.hard_negatives(row, PLAIN, n=4)}) == 4


def test_a_text_in_another_language_is_left_alone():
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(of="image", language="de"), boxes=mm.Boxes(of="image", labels="labels"))
    assert mm.hard_negatives(row_of("two cats", CAT, RIGHT_CAT), schema) == ()


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "4"])
def test_n_must_be_a_whole_number(n):
    with pytest.raises(mm.MmaugError, match="n must be a whole number"):
        mm.hard_negatives(row_of("a dog", DOG), PLAIN, n=n)


@pytest.mark.parametrize("vocabulary", ["dog", [1, 2]])
def test_a_vocabulary_must_be_labels(vocabulary):
    with pytest.raises(mm.MmaugError, match="vocabulary must be a list of labels"):
        mm.hard_negatives(row_of("a dog", DOG), PLAIN, vocabulary=vocabulary)


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(mm.RowError, match="title"):
        mm.hard_negatives({**row_of("a dog", DOG), "title": "a cat"}, PLAIN)


# -- real pictures --------------------------------------------------------------------------------------------------------


def test_of_two_hundred_real_rows_none_is_contradicted_by_the_annotations():
    """By COCO's own boxes and captions, read with nothing of ours but plurals: what a negative names, counts or paints is not there."""
    folder = SHARED / "coco"
    if not folder.is_dir():
        pytest.skip("no coco in ../shared/data")
    schema = mm.Schema(
        image=mm.Image(),
        captions=mm.Caption(of="image"),
        boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
    )
    kinds = Counter()
    for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()[::12][:200]:
        data = json.loads(line)
        with Image.open(folder / data["file_name"]) as image:
            row = {"image": image, "captions": data["captions"], "objects": data["objects"]}
            found = mm.hard_negatives(row, schema, n=8, key=data["file_name"])
        for negative in found:
            kinds[negative.kind] += 1
            assert not contradicted(negative, data), (data["file_name"], negative)
    assert kinds["object"] > 500
    assert kinds["colour"] > 80
    assert kinds["count"] > 60


NUMBERS = "zero one two three four five six seven eight nine ten".split()


def contradicted(negative, data) -> bool:
    """Whether the boxes or captions of a row say what a negative says."""
    boxes, said = Counter(data["objects"]["category"]), " ".join(data["captions"]).lower()
    if negative.kind == "object":
        label = next(label for label in COCO if negative.after.lower() in (label, plural(label)))
        return label in boxes or bool(re.search(rf"\b({label}|{plural(label)})\b", said))
    if negative.kind == "colour":
        return bool(re.search(rf"\b{negative.after.lower()}\b", said))
    if negative.kind == "count":
        word = negative.after.lower().split()[0]
        number = int(word) if word.isdecimal() else NUMBERS.index(word)
        noun = negative.after.lower().split()[-1]
        label = noun if noun in boxes else singular(noun)
        people = boxes["person"] if label not in boxes and noun not in COCO else 0
        return number <= boxes.get(label, people if boxes["person"] <= 8 else 0)
    return False
