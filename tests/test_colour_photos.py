"""Renamed colours against photographs: the middle of the box of the thing that a caption calls white, red, ... must look renamed too.

The words are found by a plain pattern, and what a pixel may be called is said by `truth`, which knows nothing of mmaug.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import truth
from PIL import Image

from mmaug import colour
from mmaug.effects.colour import NO_CHANGE, ColourMap
from mmaug.language.wordnet import names_object
from mmaug.pairing.base import Veto
from mmaug.pairing.image_text import _colours
from mmaug.registry import OPS

COCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "coco"
SAID = re.compile(rf"\b({'|'.join(truth.COLOURS)}|grey) (\w+(?: \w+)?)\b")
LEAST = 0.01
"""Of the picture's area: a smaller box shows no colour."""

CHANGES = {
    "solarize": [{"threshold": threshold} for threshold in (0, 64, 100, 128, 160, 179, 200, 230)],
    "invert": [{}],
    "posterize": [{"bits": bits} for bits in (2, 3, 4, 5)],
    "brightness": [{"factor": factor} for factor in (0.1, 0.3, 0.5, 0.7, 1.2, 1.5, 1.9)],
    "gamma": [{"exponent": exponent} for exponent in (0.25, 0.5, 1.4, 2, 4)],
    "hue": [{"degrees": degrees} for degrees in (-150, -120, -60, -30, 30, 60, 120, 180)],
    "channel_shuffle": [{"order": order} for order in ([1, 2, 0], [2, 0, 1], [2, 1, 0], [0, 2, 1])],
}


def change(name: str, params: dict) -> ColourMap:
    return NO_CHANGE.then(OPS[f"image.{name}"].function(**params))


@cache
def things() -> tuple[tuple[str, int, str, tuple[float, ...]], ...]:
    """Caption, place of the colour word, that word and the median colour in the middle ninth of the only box that it may be said of."""
    found = []
    for line in (COCO / "metadata.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        counted = Counter(row["objects"]["category"])
        for caption in row["captions"]:
            for said in SAID.finditer(caption):
                label = only_label(said[2], counted)
                if label is None or re.search(r"(?: and|[-,])\s*$", caption[: said.start()]):
                    continue
                x, y, width, height = row["objects"]["bbox"][row["objects"]["category"].index(label)]
                if width * height >= LEAST * row["width"] * row["height"]:
                    picture = np.asarray(Image.open(COCO / row["file_name"]).convert("RGB"))
                    top, left = int(y + height / 3), int(x + width / 3)
                    middle = picture[top : int(y + 2 * height / 3) + 1, left : int(x + 2 * width / 3) + 1].reshape(-1, 3)
                    found.append((caption, said.start(1), said[1].replace("grey", "gray"), tuple(np.median(middle, axis=0))))
    return tuple(found)


def only_label(words: str, counted: Counter) -> str | None:
    """The category of one box that the word or two after a colour name; people are dressed in many colours."""
    nouns = {words, words.split()[0]}
    named = {label for label in counted for noun in nouns if label != "person" and names_object(noun, label)}
    return label if len(named) == 1 and counted[label := named.pop()] == 1 else None


def shows(word: str, rgb: tuple[float, ...]) -> bool:
    """Whether the middle of a box is of the thing: photographs show white in the shade and black in the sun, but never with much colour."""
    lightness, a, b = truth.to_lab(np.array(rgb))
    spans = {"white": (34, 101), "black": (0, 46), "gray": (15, 80)}
    if word in spans:
        return bool(np.hypot(a, b) <= 20 and spans[word][0] <= lightness <= spans[word][1])
    return word in truth.colour_names(np.array(rgb))


def renames(name: str) -> list[tuple[str, str, tuple[float, ...], np.ndarray]]:
    """Old and new name, and the colour in the middle before and after, for everything that an op renames."""
    found = []
    for params in CHANGES[name]:
        does = change(name, params)
        for caption, place, word, rgb in things():
            verdict = _colours(caption, does.possible())
            if verdict is None or isinstance(verdict, Veto) or not shows(word, rgb):
                continue
            new = next((r.text.lower() for r in verdict.replacements if r.text and r.start <= place < r.end), None)
            if new:
                found.append((word, new.replace("grey", "gray"), rgb, does(np.array([rgb]))[0]))
    return found


@pytest.mark.skipif(not COCO.is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("name", CHANGES)
def test_pixels_of_photographs_bear_new_names_out(name):
    """At most 2 % of renames are not what the middle of the box may be called, or leave it as it was."""
    assert len(things()) > 300
    made = renames(name)
    false = [one for one in made if one[1] not in truth.colour_names(one[3])]
    still = [one for one in made if np.linalg.norm(truth.to_lab(np.array(one[2])) - truth.to_lab(one[3])) < 8]
    assert len(false) + len(still) <= 0.02 * len(made), (len(made), false, still)


@pytest.mark.skipif(not COCO.is_dir(), reason="the shared data is not here")
def test_enough_is_renamed_to_be_judged():
    assert len(renames("hue")) > 50


# Middles of boxes in photographs that captions call so, written down by hand.
PHOTOGRAPHED = {
    "white": [(100, 102, 105), (137, 137, 137), (88, 92, 94), (176, 161, 175), (182, 195, 198), (225, 213, 196), (240, 240, 240)],
    "black": [(4, 4, 4), (37, 36, 38), (77, 75, 77), (95, 92, 90), (30, 33, 41)],
    "gray": [(57, 58, 60), (101, 103, 104), (129, 125, 120), (160, 162, 165)],
    "red": [(200, 30, 35), (150, 40, 45), (90, 25, 25), (130, 60, 60)],
    "blue": [(40, 60, 150), (30, 40, 80), (70, 110, 190)],
}


@pytest.mark.parametrize("term", PHOTOGRAPHED)
@pytest.mark.parametrize("name", CHANGES)
def test_new_names_hold_for_what_photographs_show(name, term):
    for params in CHANGES[name]:
        does = change(name, params)
        new = colour.renamed(term, does)
        for rgb in PHOTOGRAPHED[term] if new not in (None, term) else []:
            assert new in truth.colour_names(does(np.array([rgb], float))[0]), (params, rgb, new)


@pytest.mark.parametrize("term", ["black", "white"])
@pytest.mark.parametrize(("name", "params"), [("invert", {}), ("solarize", {"threshold": 128}), ("brightness", {"factor": 0.8})])
def test_what_only_brightness_tells_apart_gets_no_other_name(name, params, term):
    """A white thing in the shade is as light as a black one in the sun."""
    assert colour.renamed(term, change(name, params)) in (None, term)


@pytest.mark.parametrize("threshold", [179, 200, 230])
def test_a_shade_with_a_name_of_its_own_is_seen_in_more_and_less_light(threshold):
    """A silver car shines."""
    assert colour.shift("silver", change("solarize", {"threshold": threshold}), lit=True) > 20
    assert colour.shift("navy", change("solarize", {"threshold": threshold}), lit=True) == 0


@pytest.mark.parametrize("degrees", [60, 120, 180, 240])
def test_neutral_colours_stay_under_a_turn_of_hue(degrees):
    assert all(colour.renamed(term, change("hue", {"degrees": degrees})) == term for term in ("black", "gray", "white"))


def test_light_shades_are_those_that_people_call_light():
    """Light blue turned by 120 degrees is pink, dark green is dark blue."""
    turned = change("hue", {"degrees": 120.0})
    assert colour.renamed("blue", turned, "light") is None and colour.renamed("green", turned, "dark") == "blue"
