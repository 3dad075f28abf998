"""Relations between two boxed things (VSR on COCO photos): the edited caption must agree with the moved boxes as it did before."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import mmaug as mm

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "captions" / "vsr_with_images.jsonl"
SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption(), boxes=mm.Boxes(column="objects.bbox", format="xywh", labels="objects.category"))
OPS = {
    "mirror": mm.op("image.horizontal_flip"),
    "vertical flip": mm.op("image.vertical_flip"),
    "half turn": mm.op("image.rotate90", turns=2),
    "quarter turn": mm.op("image.rotate90", turns=1),
    "quarter turn back": mm.op("image.rotate90", turns=3),
}
RELATION = re.compile(
    r"The (?P<one>[a-z ]+?) is (?P<how>(?:(?:at|on|to) the )?(?P<place>left|right|top|bottom)(?: side)? of|above|below|on top of"
    r"|under|beneath|over) the (?P<other>[a-z ]+?)\."
)
PLACES = {"above": "top", "on top of": "top", "over": "top", "below": "bottom", "under": "bottom", "beneath": "bottom"}


def box_of(row: dict, label: str) -> list[float] | None:
    """The one box with a label; None where there is none or more than one."""
    found = [box for box, its in zip(row["objects"]["bbox"], row["objects"]["category"], strict=True) if its == label]
    return found[0] if len(found) == 1 else None


def by_boxes(row: dict) -> bool | None:
    """Whether the relation in the row's caption holds of the middles of the two boxes; None where that cannot be told."""
    match = RELATION.fullmatch(row["caption"])
    one, other = (box_of(row, match[name]) for name in ("one", "other")) if match else (None, None)
    if match is None or one is None or other is None:
        return None
    place = match["place"] or PLACES[match["how"]]
    axis, sign = {"left": (0, 1), "right": (0, -1), "top": (1, 1), "bottom": (1, -1)}[place]
    return sign * (other[axis] + other[axis + 2] / 2 - one[axis] - one[axis + 2] / 2) > 0


def agreeing_rows() -> list[dict]:
    """The rows whose label says what the boxes say."""
    if not DATA.exists():
        pytest.skip("no captions/vsr_with_images.jsonl in ../shared/data")
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines() if line.strip()]
    return [row for row in rows if by_boxes(row) == bool(row["label"])]


def after(row: dict, op) -> dict | None:
    """The row after an op; None where it was refused."""
    picture = np.zeros((row["height"], row["width"], 3), np.uint8)
    graph = mm.TransformGraph(op, schema=SCHEMA)
    out, trace = graph.run({"image": picture, "caption": row["caption"], "objects": row["objects"]}, key=1)
    return None if trace.vetoes else out


@pytest.mark.parametrize("name", OPS)
def test_relations_hold_of_the_moved_boxes(name):
    rows = agreeing_rows()
    assert len(rows) >= 12 and {row["label"] for row in rows} == {0, 1}
    done = [(row, out) for row in rows if (out := after(row, OPS[name])) is not None]
    wrong = [f"{row['caption']} -> {out['caption']}" for row, out in done if by_boxes(out) != bool(row["label"])]
    assert wrong == []
    assert len(done) >= 0.3 * len(rows)


def test_boxes_tell_an_unedited_caption_to_be_wrong():
    rows = [row for row in agreeing_rows() if "left" in row["caption"] or "right" in row["caption"]]
    moved = [after(row, OPS["mirror"]) for row in rows]
    assert rows and all(
        by_boxes(out | {"caption": row["caption"]}) != bool(row["label"]) for row, out in zip(rows, moved, strict=True) if out
    )
