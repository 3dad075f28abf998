"""Sentences about drawn shapes, edited by the rules, against the shapes after the same op: `nlvr` judges, which knows nothing of mmaug."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import nlvr
import numpy as np
import pytest

import mmaug as mm

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "captions" / "nlvr.jsonl"
PICTURE = np.zeros((10, 40, 3), np.uint8)
SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption())
TURNS = {
    "mirror": (mm.op("image.horizontal_flip"), (-1, 0, 0, 1)),
    "vertical flip": (mm.op("image.vertical_flip"), (1, 0, 0, -1)),
    "half turn": (mm.op("image.rotate90", turns=2), (-1, 0, 0, -1)),
    "quarter turn": (mm.op("image.rotate90", turns=1), (0, 1, -1, 0)),
    "quarter turn back": (mm.op("image.rotate90", turns=3), (0, -1, 1, 0)),
    "transpose": (mm.op("image.transpose"), (0, 1, 1, 0)),
}
PAINTS = {
    "hue + 120": (mm.op("image.hue", degrees=120), lambda rgb: nlvr.hue_turned(rgb, 120)),
    "hue + 180": (mm.op("image.hue", degrees=180), lambda rgb: nlvr.hue_turned(rgb, 180)),
    "hue + 240": (mm.op("image.hue", degrees=240), lambda rgb: nlvr.hue_turned(rgb, 240)),
    "invert": (mm.op("image.invert"), lambda rgb: tuple(255 - part for part in rgb)),
    "to gray": (mm.op("image.to_gray"), lambda rgb: (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2],) * 3),
}


@cache
def checked_rows() -> list[tuple[str, bool, nlvr.Picture]]:
    """Sentence, truth and picture of the rows that the checker reads and finds as true or false as people did."""
    if not DATA.exists():
        pytest.skip("no captions/nlvr.jsonl in ../shared/data")
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines() if line.strip()]
    told = [(row["sentence"], row["label"] == "true", nlvr.picture_of(row)) for row in rows]
    parsed = [(sentence, truth, picture, check) for sentence, truth, picture in told if (check := nlvr.parse(sentence))]
    agreeing = [(sentence, truth, picture) for sentence, truth, picture, check in parsed if check(picture) == truth]
    assert len(agreeing) >= 0.95 * len(parsed)  # else the checker does not read what people wrote
    assert len(agreeing) >= 0.6 * len(rows)
    return agreeing


def outcomes(op, change) -> tuple[Counter, list[str]]:
    """How often sentences were refused, left, reworded or weakened (a word left out), and those whose truth changed."""
    graph, said, found, wrong = mm.TransformGraph(op, schema=SCHEMA), {}, Counter(), []
    for sentence, truth, picture in checked_rows():
        if sentence not in said:
            out, trace = graph.run({"image": PICTURE, "caption": sentence}, key=1)
            said[sentence] = None if trace.vetoes else out["caption"]
        after = said[sentence]
        check = nlvr.parse(after) if after is not None else None
        if after is None or check is None:
            found["refused" if after is None else "not parsed"] += 1
            continue
        weakened = len(after.split()) < len(sentence.split())
        found["left" if after == sentence else "weakened" if weakened else "reworded"] += 1
        # What a word is left out of says less: true stays true, but something false may become true.
        if check(change(picture)) != truth and (truth or not weakened):
            wrong.append(f"{truth}: {sentence} -> {after}")
    return found, wrong


@pytest.mark.parametrize("name", TURNS)
def test_truth_under_turns(name):
    op, matrix = TURNS[name]
    found, wrong = outcomes(op, lambda picture: nlvr.moved(picture, *matrix))
    assert wrong == []
    assert found["not parsed"] == 0 and found["refused"] <= (0 if name == "mirror" else 0.45 * found.total())


@pytest.mark.parametrize("name", PAINTS)
def test_truth_under_colours(name):
    op, paint = PAINTS[name]
    found, wrong = outcomes(op, lambda picture: nlvr.repainted(picture, paint))
    assert wrong == []
    assert found["not parsed"] == 0 and found["refused"] <= 0.55 * found.total()


# ---- the checker itself ----------------------------------------------------------------------------------

TOWER = tuple(nlvr.Shape(40, 80 - 21 * i, 20, "square", nlvr.COLOURS[name]) for i, name in enumerate(("black", "yellow", "blue")))
LOOSE = (nlvr.Shape(0, 10, 10, "circle", nlvr.COLOURS["yellow"]), nlvr.Shape(50, 50, 30, "triangle", nlvr.COLOURS["black"]))


@pytest.mark.parametrize(
    ("sentence", "true"),
    [
        ("There is a tower with a black block at the base.", True),
        ("There is a tower with a black block at the top.", False),
        ("There is a yellow block on a black block.", True),
        ("There is a black block on a yellow block.", False),
        ("There is a yellow circle touching the left wall of a box.", True),
        ("There is a yellow circle touching the right wall of a box.", False),
        ("there are exactly two boxes with a black item", True),
        ("There is a box with only black and yellow items.", True),
        ("There is no blue block as the base of a tower.", True),
        ("each box contains a yellow item", False),
        ("There is a blue block to the left of a yellow block.", False),
    ],
)
def test_the_checker(sentence, true):
    check = nlvr.parse(sentence)
    assert check is not None and check((TOWER, LOOSE, ())) is true


def test_the_checker_sees_a_planted_fault():
    """A mirror and an upside-down picture make such sentences false where nobody edits them."""
    check = nlvr.parse("There is a yellow circle touching the left wall of a box.")
    assert check and check((TOWER, LOOSE, ())) and not check(nlvr.moved((TOWER, LOOSE, ()), -1, 0, 0, 1))
    check = nlvr.parse("There is a yellow block on a black block.")
    assert check and check((TOWER, LOOSE, ())) and not check(nlvr.moved((TOWER, LOOSE, ()), 1, 0, 0, -1))
