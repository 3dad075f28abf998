"""Captions labelled by hand (tests/data, see its README) and how an answer about one is judged."""

from __future__ import annotations

import colorsys
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import ImageColor

import mmaug as mm
from mmaug.language.analyser import read

DATA = Path(__file__).parent / "data"
PICTURE = np.zeros((40, 60, 3), np.uint8)
SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption())
SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
OPPOSITE = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "LEFT": "RIGHT", "RIGHT": "LEFT"}
NEUTRAL = frozenset("black white gray grey silver".split())
"""Words that a picture without colours may still be described with."""
VARIED = frozenset("multicolored colorful colored".split())
"""Words that stay true as long as there are several colours."""

BASIC = {term: term for term in "red green blue orange yellow purple pink brown black white gray".split()} | {
    "lime": "green",
    "navy": "blue",
    "maroon": "red",
}
"""Parts of CSS colour names and the basic term they stand for ("lime" is what CSS calls the full green channel)."""


def rows(name: str, half: str | None = None) -> list[dict]:
    """The rows of tests/data/NAME_labelled.jsonl, or the "dev" or "held" half of them."""
    lines = (DATA / f"{name}_labelled.jsonl").read_text("utf-8").splitlines()
    return [row for row in map(json.loads, lines) if half in (None, row.get("half"))]


def said(text: str, *ops: str, **params) -> str | None:
    """The caption of a picture after ops; None where one of them is dropped."""
    policy = mm.Policy.sequence(*(mm.op(op, **params) for op in ops))
    out, trace = mm.TransformGraph(policy, schema=SCHEMA, on_conflict="edit").run({"image": PICTURE, "caption": text}, key=1)
    return None if trace.vetoes else out["caption"]


# ---- sides after a mirror --------------------------------------------------------------------------------


def left_alone(text: str) -> str:
    """No edit at all."""
    return text


def raw_replacement(text: str) -> str:
    """Left for right and right for left wherever the letters stand."""
    return re.sub("left|right", lambda m: OPPOSITE[m.group()], text)


def at_word_boundaries(text: str) -> str:
    """Left for right and right for left where they are whole words."""
    return SIDE.sub(lambda m: OPPOSITE[m.group()], text)


BASELINES = (left_alone, raw_replacement, at_word_boundaries)


def mirror_verdict(row: dict, got: str | None) -> str:
    """ "right", "false", or for a refusal (None) "needless veto", "fair veto"."""
    if got is None:
        return "needless veto" if row["veto"] == "no" else "fair veto"
    return "right" if got in row["mirrored"] else "false"


# ---- colours ---------------------------------------------------------------------------------------------


def claims(row: dict, *, turned: bool) -> list[tuple[str, str]]:
    """The words of a row that claim a colour which the picture no longer has, each with its label."""
    kept = NEUTRAL | VARIED if turned else NEUTRAL
    pairs = zip(map(str.lower, row["words"]), row["labels"], strict=True)
    return [(word, label) for word, label in pairs if label not in "nP*" and word not in kept]


def colour_verdict(row: dict, got: str | None, *, turned: bool) -> str:
    """ "right", "false", "needless veto" or "fair veto" after colours are lost or (turned) the hue is turned by a third."""
    if got is None:
        return "needless veto" if set(row["labels"]) <= set("a?nP") else "fair veto"
    before, after = Counter(re.findall(r"[\w']+", row["caption"].lower())), Counter(re.findall(r"[\w']+", got.lower()))
    claimed = Counter(word for word, _ in claims(row, turned=turned))
    new = Counter(word for claim in claimed.elements() if (word := css_name(claim, turned)))
    if any(after[word] > before[word] - claimed[word] + new[word] for word in claimed | new):
        return "false"
    made = {"gray" if word == "grey" else word for word in after - before} - {"a", "an"}
    return "right" if made <= set(new) else "false"


def css_name(word: str, turned: bool) -> str | None:
    """The basic term in the name that CSS gives the nearest of its colours to what `word` becomes; None where it has none."""
    if word not in ImageColor.colormap:
        return None
    red, green, blue = (part / 255 for part in ImageColor.getrgb(word)[:3])
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    new = colorsys.hsv_to_rgb((hue + 1 / 3) % 1, saturation, value) if turned else (grey, grey, grey)
    named = {name: ImageColor.getrgb(name)[:3] for name in ImageColor.colormap if "grey" not in name}
    nearest = min(named, key=lambda name: sum((a / 255 - b) ** 2 for a, b in zip(named[name], new, strict=True)))
    return next((term for part, term in BASIC.items() if part in nearest), None)


# ---- counts and things -----------------------------------------------------------------------------------


def count_faults(row: dict) -> list[str]:
    """What a reading of the row's caption gets wrong: counts missed, misread or made up."""
    reading = read(row["caption"])
    found, faults = list(reading.counts), []
    for label in row["counts"]:
        mine = next((c for c in found if label["word"].lower() in c.word.split()), None)
        if mine is not None:
            found.remove(mine)
        if not label.get("sure", True):
            continue
        if mine is None:
            faults.append(f"missed {label['word']!r}")
        elif label["noun"] and mine.kind not in ("all", "only") and label["value"] != mine.value:
            faults.append(f"{label['word']!r} read as {mine.value}, is {label['value']}")
        elif label["noun"] and label["noun"] != mine.noun.rpartition(" ")[2]:
            faults.append(f"{label['word']!r} counts {label['noun']!r}, read as {mine.noun!r}")
    return faults + [f"made up {count.word!r}" for count in found]


def unseen_things(row: dict) -> list[str]:
    """Named things of the row's caption that its reading does not hold as nouns."""
    lemmas = {noun.lemma.rpartition(" ")[2] for noun in read(row["caption"]).nouns}
    return [thing for thing in row["things"] if thing not in lemmas]
