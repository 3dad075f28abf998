"""Colour words against hand labels on COCO captions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmaug.language import analyser, edits
from mmaug.language.colours import is_kind, recoloured

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
        ("The car is red.", "The car is red."),
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
        ("a blue eyed dog", "a dog"),
        ("a red-haired girl and a red-roofed house", "a girl and a house"),
        ("the man is red-faced", "the man is red-faced"),
        ("a girl with blue eyes", "a girl with blue eyes"),
        ("two blue-eyed dogs", "two blue-eyed dogs"),
        ("a white man and a black man", "a white man and a black man"),
        ("a wine-red dress on a jet-black horse", "a dress on a horse"),
        ("an off-white and green scarf", "a scarf"),
        ("a strawberry blonde woman in a pea green boat", "a woman in a boat"),
        ("a candy apple red car", "a candy apple red car"),
        ("a light to dark blue gradient", "a gradient"),
        ("light and dark green stripes", "stripes"),
        ("a reddish-brown dog", "a dog"),
        ("the reddest apple", "the reddest apple"),
        ("a redheaded girl and a redhead", "a girl and a redhead"),
        ("a blonde", "a blonde"),
        ("a woman in a camel coat by a camel", "a woman in a coat by a camel"),
        ("a girl with hazel eyes", "a girl with hazel eyes"),
        ("a cerulean car, chartreuse walls, a redbrick house", "a car, walls, a house"),
        ("a sandy-haired boy on a sandy beach", "a boy on a sandy beach"),
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
        "an orange sitting on a table",
        "an orange lying next to an apple",
        "an orange cut in half",
        "one orange on a table",
    ],
)
def test_the_fruit_is_no_colour_of_pixels(text):
    assert {mention.role for mention in analyser.read(text).colours} <= {"name", "fixed"}


@pytest.mark.parametrize(
    "text", ["a blackboard", "a bored man", "a greenhouse", "they whitewash it", "he likes to tan", "salmon on a plate"]
)
def test_words_that_are_no_colours(text):
    assert analyser.read(text).colours == ()


@pytest.mark.parametrize(
    "text",
    """an orange sleeping bag|an orange shopping cart|orange hanging lamps|an orange parking cone|orange painted walls|a cone that's orange
    the other one orange|an orange resting bird|a man in an orange flying suit|a person wearing orange riding a bike""".replace(
        "\n    ", "|"
    ).split("|"),
)
def test_orange_before_what_is_done_is_a_colour(text):
    (mention,) = analyser.read(text).colours
    assert mention.role in ("adjective", "predicate") and recoloured(mention, "green") == "green"


@pytest.mark.parametrize("text", ["traffic cones, orange", "a vest, orange, with stripes", "a room with gold, decorated walls"])
def test_in_doubt_nothing_is_said_instead(text):
    assert [(mention.role, mention.delete) for mention in analyser.read(text).colours] == [("fixed", None)]


@pytest.mark.parametrize(
    "text",
    """Mr. Brown waters the lawn|James Brown sings|Violet and Olive play|Bowling Green students|Mrs. White feeds a dog|a man named Brown
    Charlie Brown waves|Dr. Green examines a patient|olive oil|a peach tree|a coral reef|a salmon fillet|a navy officer|a charcoal grill
    a gold medalist|lime juice|mustard sauce|ice cream cones|sour cream dip|whipped cream pie|cream cheese|a rose garden
    A man with a tan smiles.|a peach sitting on a plate|a plum rolling off a table|a lime cut in half|camels|fair weather""".replace(
        "\n    ", "|"
    ).split("|"),
)
def test_names_and_things_claim_no_colour(text):
    assert {mention.role for mention in analyser.read(text).colours} <= {"name"}


@pytest.mark.parametrize(
    "text", ["a salmon shirt", "a navy blazer", "an olive jacket", "a peach wall", "a charcoal suit", "a coral necklace", "a cream sofa"]
)
def test_the_same_words_are_colours_of_other_things(text):
    (mention,) = analyser.read(text).colours
    assert mention.role in ("adjective", "fixed") and mention.delete


def test_a_capital_tells_no_name_where_every_word_has_one():
    assert analyser.read("A Red Car Parked On The Street").colours[0].role == "fixed"
    assert analyser.read("the Red Arrows fly by a crowd").colours[0].role == "name"


def test_kinds_are_known():
    """Those that WordNet has as one word; a red car is no kind of car."""
    kinds = {
        text: is_kind(analyser.read(text).colours[0]) for text in ("a red fox", "a brown bear", "green tea", "a red car", "a blue wall")
    }
    assert list(kinds.values()) == [True, True, True, False, False]


def test_recolouring_keeps_case_and_form():
    def new(text, term):
        return recoloured(analyser.read(text).colours[0], term)

    assert new("Red car", "green") == "Green"
    assert new("RED car", "green") == "GREEN"
    assert new("a reddish car", "blue") == "bluish"
    assert new("red wine", "green") is None
    assert new("a navy shirt", "green") is None
    assert new("the reddest shirt", "green") is None
    mention = analyser.read("a light blue car").colours[0]
    assert (mention.term, mention.modifier) == ("blue", "light")
