"""WordNet: synonyms that are safe, and nouns that name box labels."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mmaug.language import wordnet


@pytest.mark.parametrize(
    ("noun", "label"),
    [
        ("woman", "person"), ("child", "person"), ("skateboarder", "person"), ("crowd", "person"),
        ("baseball player", "person"), ("puppy", "dog"),
        ("motorbike", "motorcycle"), ("bike", "bicycle"), ("plane", "airplane"), ("table", "dining table"),
        ("plant", "potted plant"), ("television", "tv"),
        ("light", "traffic light"), ("phone", "cell phone"), ("animal", "zebra"), ("vehicle", "truck"),
        ("fruit", "banana"), ("sofa", "couch"),
        ("ball", "sports ball"), ("cat", "cats"), ("stop sign", "stop_sign"), ("sedan", "car"), ("furniture", "chair"),
        ("toy", "kite"), ("dish", "bowl"), ("hen", "bird"), ("climber", "person"), ("soldier", "person"),
    ],
)  # fmt: skip
def test_nouns_that_name_a_label(noun, label):
    assert wordnet.names_object(noun, label)


@pytest.mark.parametrize(
    ("noun", "label"),
    [
        ("dog", "cat"), ("dog", "hot dog"), ("hot dog", "dog"), ("street", "person"), ("shirt", "person"),
        ("water", "bottle"), ("cow", "horse"), ("hand", "person"),
        ("object", "car"), ("", "car"), ("bathroom", "toilet"), ("picture", "person"), ("zzz", "zzy"),
        ("pole", "person"), ("hot dog", "person"), ("person", "hot dog"), ("controller", "person"), ("trailer", "person"),
        ("appliance", "person"), ("someone", "toaster"), ("bird", "kite"), ("plate", "frisbee"), ("way", "fire hydrant"),
        ("tree", "orange"),
        ("stuffed animal", "dog"), ("surf board", "skateboard"), ("room", "toilet"), ("event", "fork"), ("arm", "knife"),
    ],
)  # fmt: skip
def test_nouns_that_do_not(noun, label):
    assert not wordnet.names_object(noun, label)


def test_synonyms_keep_the_inflection():
    assert "automobile" in wordnet.synonyms("car", "n")
    assert "automobiles" in wordnet.synonyms("cars", "n")
    assert "kids" in wordnet.synonyms("children", "n")
    assert "big" in wordnet.synonyms("large", "a")
    assert wordnet.synonyms("qwerty", "n") == ()
    assert "sofa" in wordnet.synonyms("couch", "n")


def test_names_above_and_is_a():
    assert "animal" in wordnet.names_above("dog") and wordnet.names_above("qwerty") == ()
    assert wordnet.is_a("puppy", "dog")
    assert not wordnet.is_a("dog", "puppy")


def test_reading_a_caption_does_not_load_the_table():
    code = "from mmaug.language import analyser, wordnet; analyser.read('a dog left of a cat'); print(wordnet._table.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "0"
