"""Every picture op at three strengths on one photo, or on a drawn scene: python examples/contact_sheet.py SHEET.png [PHOTO]"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

import mmaug as mm
import mmaug.modalities
from mmaug.registry import OPS, Op
from mmaug.testing.scenes import draw_scene

STRENGTHS = (0.2, 0.5, 1.0)
VIEW, LINE, GAP, COLUMNS = 176, 20, 8, 3
PAGE, INK, SOFT = "#f4f4f1", "#1c1d1f", "#63666b"

SIZES = {"image.resize": {"size": [120, 200]}}
"""What an op must be given to do anything."""


def main(target: str, photo: str | None = None) -> None:
    """Draw the sheet and write it."""
    picture = Image.open(photo).convert("RGB") if photo else draw_scene(3, size=(320, 240))["image"]
    picture.thumbnail((320, 320))
    ops = [op for op in OPS.values() if op.modality == "image" and op.name.count(".") == 1]
    card = (3 * (VIEW + GAP) + GAP, VIEW + LINE + GAP)
    rows = -(-len(ops) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * card[0], rows * card[1] + GAP), PAGE)
    for number, op in enumerate(ops):
        _card(page, op, picture, (number // rows * card[0] + GAP, number % rows * card[1] + GAP))
    page.save(target, optimize=True)


def _card(page: Image.Image, op: Op, picture: Image.Image, at: tuple[int, int]) -> None:
    """One op: its name, and the picture after it. Ops without magnitude are shown with three draws."""
    draw, (x, y) = ImageDraw.Draw(page), at
    draw.text((x, y), op.name.partition(".")[2], INK, ImageFont.load_default(15))
    told = ""
    for number, strength in enumerate(STRENGTHS):
        given: dict[str, Any] = SIZES.get(op.name) or ({"strength": strength} if op.has_strength else {})
        graph = mm.TransformGraph(mm.Policy.sequence(mm.op(op.name, **given)), schema=mm.Schema(image=mm.Image()))
        out, trace = graph.run({"image": picture}, key=number)
        left = x + number * (VIEW + GAP)
        out = out["image"]
        scale = VIEW / max(out.size)
        page.paste(out.resize((max(round(out.width * scale), 1), max(round(out.height * scale), 1))), (left, y + LINE))
        told = _told(trace.steps[-1].step.params)
    draw.text((x + 190, y + 1), told, SOFT, ImageFont.load_default(12))


def _told(params: Mapping[str, Any]) -> str:
    """The last draw, in short."""
    shown = [f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in params.items() if name != "seed"]
    return ", ".join(shown)[:62]


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        raise SystemExit(__doc__)
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    main(*sys.argv[1:])
