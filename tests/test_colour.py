"""Colour names against published CIELAB values and against what the words mean."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from mmaug import colour
from mmaug.errors import MmaugError


def rotated(rgb):
    return rgb[:, [2, 0, 1]]


def gray(rgb):
    return np.repeat(rgb @ np.array([[0.299], [0.587], [0.114]]), 3, axis=1)


def inverted(rgb):
    return 255.0 - rgb


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # Bruce Lindbloom's calculator, sRGB, D65
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_cielab_is_the_published_one(rgb, lab):
    np.testing.assert_allclose(colour.to_lab(np.array([rgb])), [lab], atol=0.02)


@pytest.mark.parametrize("term", colour.BASIC)
def test_the_identity_keeps_every_term(term):
    assert colour.renamed(term, lambda rgb: rgb) == term


def test_an_exact_hue_turn_of_120_degrees_renames_red_and_is_unsure_where_light_shades_become_another_colour():
    assert colour.renamed("red", rotated) == "green"
    assert colour.renamed("blue", rotated) is None  # light blue becomes pink
    assert colour.renamed("green", rotated) is None  # olive becomes a greyish blue


@pytest.mark.parametrize("term", ["black", "white", "gray"])
def test_gray_keeps_the_neutral_terms(term):
    assert colour.renamed(term, gray) == term


def test_gray_never_keeps_a_hue():
    assert colour.renamed("red", gray) is None
    assert all(colour.renamed(term, gray) in (None, "gray") for term in colour.BASIC if term not in ("black", "white", "gray"))


def test_inversion_gives_black_and_white_no_sure_name():
    """Pure ones swap, but in photographs white things are as dark as 80 and black ones as light as 110."""
    assert colour.name(inverted(np.array([[0.0, 0, 0], [255, 255, 255]]))) == ["white", "black"]
    assert colour.renamed("black", inverted) is None and colour.renamed("white", inverted) is None
    assert colour.renamed("white", lambda rgb: 0.05 * rgb) == "black"


def test_grey_is_gray_and_modifiers_narrow():
    assert colour.renamed("grey", gray) == "gray"
    dark, light = colour.prototypes("red", "dark"), colour.prototypes("red", "light")
    assert colour.to_lab(dark)[:, 0].max() <= colour.to_lab(light)[:, 0].min()


def test_small_changes_are_small_shifts():
    assert colour.shift("navy", lambda rgb: rgb) == 0
    assert colour.shift("navy", lambda rgb: np.clip(rgb * 1.02, 0, 255)) < 2
    assert colour.shift("teal", inverted) > 50


def test_pure_hues_are_named_as_people_name_them():
    hues = {0: "red", 30: "orange", 60: "yellow", 120: "green", 240: "blue", 290: "purple"}
    rgb = np.array([[255 * v for v in colorsys.hsv_to_rgb(h / 360, 1, 0.9)] for h in hues])
    assert colour.name(rgb) == list(hues.values())


def test_unknown_words_are_refused():
    with pytest.raises(MmaugError, match="octarine"):
        colour.prototypes("octarine")
    with pytest.raises(MmaugError, match="basic"):
        colour.renamed("navy", gray)


def test_prototypes_cannot_be_spoilt():
    def spoil(rgb):
        rgb[:] = 0
        return rgb

    colour.renamed("red", spoil)
    assert colour.renamed("red", lambda rgb: rgb) == "red"


def test_a_new_name_must_be_clear():
    """Purple turned by 240 degrees is teal: green to some, blue to others."""
    assert colour.renamed("purple", rotated) in (None, "orange")
    assert colour.renamed("purple", lambda rgb: rgb[:, [1, 2, 0]]) is None
