"""What single words make of a step: sizes and distances, light, up and down, plurals, names of boxes. The answers were written first."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm

PICTURE = np.random.default_rng(12).integers(0, 255, (100, 200, 3), np.uint8)


def op(name: str, **params):
    return mm.op(f"image.{name}", **params)


def say(text: str, *ops, boxes: dict | None = None) -> str | None:
    """The caption after these steps; None where one was refused. boxes: label -> list of [x, y, width, height]."""
    things = [(label, box) for label, its in (boxes or {}).items() for box in its]
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(), boxes=mm.Boxes(column="o.bbox", format="xywh", labels="o.name"))
    row = {"image": PICTURE, "caption": text, "o": {"bbox": [list(map(float, b)) for _, b in things], "name": [n for n, _ in things]}}
    out, trace = mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema).run(row, key=1)
    return None if trace.vetoes else out["caption"]


DOG = {"dog": [[80, 40, 40, 20]]}


@pytest.mark.parametrize(
    ("text", "factor", "stays"),
    [
        ("a close up of a dog", 0.7, False),
        ("a dog far away", 1.4, False),
        ("a dog in the distance", 1.4, False),
        ("a dog seen from a distance", 1.15, True),
        ("a tiny dog", 2.3, False),
        ("a huge dog", 0.4, False),
        ("a small dog", 1.5, True),
        ("a dog", 2.3, True),
        ("a tall dog", 2.3, True),
    ],
)
def test_sizes_and_distances_under_zoom(text, factor, stays):
    assert (say(text, op("scale", factor=factor), boxes=DOG) == text) is stays


@pytest.mark.parametrize(
    ("text", "step", "stays"),
    [
        ("a dog at night", op("brightness", factor=1.6), False),
        ("a dog at night", op("brightness", factor=1.05), True),
        ("a sunny street", op("brightness", factor=0.5), False),
        ("a dark room", op("invert"), False),
        ("a dog in the shade", op("gamma", exponent=2.0), False),
        ("a dimly lit bar", op("contrast", factor=1.8), False),
        ("a dog on a street", op("brightness", factor=1.6), True),
        ("a sunny street", op("horizontal_flip"), True),
    ],
)
def test_light_words(text, step, stays):
    assert (say(text, step) == text) is stays


@pytest.mark.parametrize(
    ("text", "step", "wanted"),
    [
        ("a lamp above a table", op("vertical_flip"), "a lamp below a table"),
        ("a lamp above a table", op("rotate90", turns=1), "a lamp to the left of a table"),
        ("a lamp above a table", op("horizontal_flip"), "a lamp above a table"),
        ("a cat under a table", op("vertical_flip"), None),
        ("a cat on top of a table", op("rotate90", turns=2), None),
        ("a bird high in the air", op("vertical_flip"), None),
        ("a man upside down", op("vertical_flip"), None),
        ("horizontal stripes", op("rotate90", turns=1), "vertical stripes"),
        ("a bus drives up the road", op("vertical_flip"), "a bus drives up the road"),
        ("a boy sits down at a table", op("rotate90", turns=1), "a boy sits down at a table"),
        ("a boy looks down", op("rotate90", turns=2), None),
        ("a yellow block on a blue block", op("vertical_flip"), None),  # among drawn shapes only the picture says what is up
        ("a red cup on a table", op("vertical_flip"), "a red cup on a table"),
    ],
)
def test_up_and_down_under_turns_and_flips(text, step, wanted):
    assert say(text, step) == wanted


@pytest.mark.parametrize(
    ("text", "step", "wanted"),
    [
        ("a hot pink tie", op("to_gray"), "a tie"),
        ("a bright orange hat", op("to_gray"), "a hat"),
        ("a dark green car", op("hue", degrees=120), "a dark blue car"),
        ("a reddish rug", op("hue", degrees=120), "a greenish rug"),
        ("a sky blue car", op("hue", degrees=120), "a car"),
        ("a yellow cup", op("hue", degrees=240), "a cup"),  # magenta is purple to some and pink to others
        ("a green cup", op("solarize_add", amount=66, threshold=128), "a cup"),  # a pale green one would be gray
        ("a black and white photo", op("hue", degrees=120), "a black and white photo"),
        ("a black and white photo", op("sepia", amount=1.0), "a photo"),
        ("exactly one man in a red shirt", op("to_gray"), None),
        ("several men in red shirts", op("to_gray"), "several men in shirts"),
        ("a white and green board", op("to_gray"), "a board"),
        ("a red and orange sign", op("hue", degrees=120), "a sign"),  # not "a green and green sign"
        ("a burnt orange car", op("hue", degrees=120), "a car"),
        ("a red fox by a red car", op("hue", degrees=120), "a fox by a green car"),  # there are no green foxes
        ("a brown bear", op("hue", degrees=120), "a bear"),
        ("a red panda", op("hue", degrees=120), None),  # a panda is another animal
        ("the car is red.", op("to_gray"), None),
        ("a redheaded girl", op("hue", degrees=120), "a girl"),
        ("a redhead smiles", op("hue", degrees=120), None),
        ("a blonde smiles", op("hue", degrees=120), None),
        ("a sepia photograph", op("hue", degrees=120), "a photograph"),
        ("a grayscale photograph", op("to_gray"), "a grayscale photograph"),
        ("from light blue to dark blue", op("hue", degrees=120), None),  # light blue becomes pink
        ("a white man and a black man shake hands", op("invert"), None),
        ("everyone is dressed in white", op("to_gray"), "everyone is dressed in white"),
        ("nothing but black shorts", op("to_gray"), "nothing but black shorts"),
        ("all the white cups stand here", op("to_gray"), None),
        ("two cups are white", op("to_gray"), None),
        ("a silver car", op("solarize", threshold=200), "a car"),
        ("a blue-eyed dog", op("brightness", factor=0.5), "a dog"),
    ],
)
def test_colour_words(text, step, wanted):
    assert say(text, step) == wanted


ROW = {"person": [[10, 30, 20, 60], [60, 30, 20, 60], [110, 30, 20, 60], [170, 30, 20, 60]]}
CROWDED = {"person": [[10, 30, 20, 60], [60, 30, 20, 60], [110, 80, 5, 14], [130, 80, 5, 14], [170, 80, 6, 16]]}
SHIFT = op("translate_x", fraction=0.2)  # what lies in the last fifth leaves


@pytest.mark.parametrize(
    ("text", "boxes", "stays"),
    [
        ("four people", ROW, False),
        ("people", ROW, False),  # one of the large ones leaves
        ("people", CROWDED, True),  # a small one leaves
        ("a group of people", CROWDED, True),
        ("five people", CROWDED, False),
        ("both people wave", CROWDED, False),
        ("a person", CROWDED, True),
        ("a person on the left of people", {"person": [*CROWDED["person"][:2], [170, 70, 8, 20]]}, False),
        ("animals", {"dog": [[10, 30, 20, 20], [60, 30, 20, 20]], "cat": [[170, 40, 8, 8]]}, True),
        ("animals and a cat", {"dog": [[10, 30, 20, 20], [60, 30, 20, 20]], "cat": [[170, 40, 8, 8]]}, False),
        ("women", {"person": CROWDED["person"][:2]}, True),
        ("a pair of dogs", {"dog": [[10, 30, 20, 20], [170, 30, 20, 20]]}, False),
        ("dogs", {"dog": [[10, 30, 20, 20], [170, 30, 20, 20]]}, False),  # one dog is no dogs
        ("a pole", {"person": [[170, 30, 20, 60]], "bench": [[10, 30, 20, 60]]}, True),  # a pole is no person
        ("a woman with a hot dog", {"hot dog": [[20, 30, 20, 20]], "person": [[60, 20, 30, 60]]}, True),
        ("a plate of food", {"sandwich": [[20, 30, 40, 40]], "carrot": [[170, 30, 10, 10]], "apple": [[90, 30, 10, 10]]}, True),
    ],
)
def test_plurals_and_names_when_something_leaves(text, boxes, stays):
    assert (say(text, SHIFT, boxes=boxes) == text) is stays


@pytest.mark.parametrize(
    ("text", "boxes", "stays"),
    [
        ("a little girl", {"person": [[20, 20, 60, 70]]}, True),
        ("a small bird", {"person": [[20, 20, 60, 70]]}, False),  # no box shows where the bird is
        ("two cups", {"person": [[20, 20, 60, 70]]}, False),
        ("two cups", {"cup": [[20, 20, 30, 30], [60, 20, 30, 30]]}, True),
        ("a man alone", {"person": [[20, 20, 60, 70]]}, True),
        ("no cars", {"person": [[20, 20, 60, 70]]}, True),
    ],
)
def test_a_cover_over_what_no_box_shows(text, boxes, stays):
    cover = op("cutout", scale=0.1, x=0.97, y=0.97)
    assert (say(text, cover, boxes=boxes) == text) is stays
