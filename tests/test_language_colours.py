"""Colour words against hand labels on COCO captions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmaug.language import analyser, edits
from mmaug.language.colours import recoloured

ROWS = [json.loads(line) for line in (Path(__file__).parent / "data/colours_labelled.jsonl").read_text("utf-8").splitlines()]
ALLOWED = {
    "a": {("adjective", True)},
    "A": {("adjective", False)},
    "?": {("adjective", True), ("adjective", False), ("fixed", False)},
    "p": {("predicate", False)},
    "f": {("fixed", False), ("fixed", True)},
    "n": {("name", False)},
    "P": {("photo", True)},
    "x": {("fixed", False), ("name", False), ("adjective", False)},
}


def without_colours(text: str) -> str:
    spans = {mention.delete for mention in analyser.read(text).colours if mention.delete}
    return edits.apply(text, [edits.Replacement(*span, "") for span in spans])[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["caption"][:40])
def test_hand_labels(row):
    found = analyser.read(row["caption"]).colours
    assert [mention.text for mention in found] == row["words"]
    for mention, label in zip(found, row["labels"], strict=True):
        assert (mention.role, mention.delete is not None) in ALLOWED[label], mention


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a red car", "a car"),
        ("A red apple.", "An apple."),
        ("Red cars pass.", "Cars pass."),
        ("a dark green umbrella", "an umbrella"),
        ("a very bright white plate", "a plate"),
        ("a red and white shirt", "a shirt"),
        ("a black and white photo of a dog", "a photo of a dog"),
        ("two red cars", "two red cars"),
        ("there is no red car", "there is no red car"),
        ("the only red car", "the only red car"),
        ("the largest red car", "the largest red car"),
        ("every blue chair", "every blue chair"),
        ("the car is red", "the car"),
        ("a man in white", "a man in white"),
        ("the White House", "the White House"),
        ("a Red Sox fan", "a Red Sox fan"),
        ("red wine and green beans", "wine and beans"),
        ("a black bear and a red panda", "a bear and a red panda"),
        ("a woman with red hair", "a woman with red hair"),
        ("a white hat, blue coat and blue scarf", "a hat, coat and scarf"),
        ("an all white kitchen", "a kitchen"),
        ("lots of green bananas, several red cars", "lots of bananas, several cars"),
        ("a few green bananas", "a few green bananas"),
        ("a blue eyed dog", "a blue eyed dog"),
        ("baby blue cabinets", "cabinets"),
        ("a white and a red bus", "a white and a red bus"),
        ("a red, orange and yellow kite", "a kite"),
        ("a fire engine red truck", "a fire engine red truck"),
        ("an orange reddish rose in a vase", "a rose in a vase"),
        ("a large, black cow", "a large, black cow"),
        ("striped and red umbrellas", "striped and red umbrellas"),
        ("one of the red cars", "one of the red cars"),
    ],
)
def test_leaving_colours_out(text, expected):
    assert without_colours(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "an orange on a plate",
        "oranges in a bowl",
        "a glass of orange juice",
        "an orange.",
        "an orange growing in a tree",
        "a mango, orange, and banana",
    ],
)
def test_the_fruit_is_no_colour_of_pixels(text):
    assert {mention.role for mention in analyser.read(text).colours} <= {"name", "fixed"}


@pytest.mark.parametrize(
    "text", ["a blackboard", "a bored man", "a greenhouse", "they whitewash it", "he likes to tan", "salmon on a plate"]
)
def test_words_that_are_no_colours(text):
    assert analyser.read(text).colours == ()


def test_recolouring_keeps_case_and_form():
    def new(text, term):
        return recoloured(analyser.read(text).colours[0], term)

    assert new("Red car", "green") == "Green"
    assert new("RED car", "green") == "GREEN"
    assert new("a reddish car", "blue") == "bluish"
    assert new("red wine", "green") is None
    assert new("a navy shirt", "green") is None
    mention = analyser.read("a light blue car").colours[0]
    assert (mention.term, mention.modifier) == ("blue", "light")
