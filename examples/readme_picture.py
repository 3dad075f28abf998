"""Make docs/preview.png, the picture in the README, from drawn scenes: python examples/readme_picture.py"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

import mmaug as mm
from mmaug.light import Light
from mmaug.report.texts import diff
from mmaug.testing.scenes import draw_scene

TARGET = Path(__file__).parents[1] / "docs/preview.png"

SCHEMA = mm.Schema(
    image=mm.Image(),
    boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
    captions=mm.Caption(of="image"),
    audio=mm.Audio(recorded_with="image"),
    audio_caption=mm.Caption(of="audio"),
    caption_kinds=mm.Opaque(),
)

EXAMPLES = (
    (3, mm.op("image.horizontal_flip"), "mirrored, with its stereo sound"),
    (99, mm.op("image.rotate90", turns=1), "a quarter turn"),
    (86, mm.op("image.hue", degrees=120), "hues moved by 120°"),
)
"""Seed of a scene, an op, and what the picture calls it."""

COLUMN, VIEW, GAP, LINE, LINES = 500, (460, 345), 20, 27, 3
PAGE, CARD, INK, SOFT = "#f4f4f1", "#ffffff", "#1c1d1f", "#63666b"
MARKS = {"same": (INK, None), "del": ("#a11d2c", "#fbe3e4"), "ins": ("#0d5c34", "#d6f2df")}
BOX = "#e6194b"


def main() -> None:
    """Draw the page and write it."""
    card = 2 * (VIEW[1] + LINES * LINE) + 3 * GAP + 44
    page = Image.new("RGB", (len(EXAMPLES) * COLUMN + (len(EXAMPLES) + 1) * GAP, card + 2 * GAP), PAGE)
    draw = ImageDraw.Draw(page)
    for number, (seed, op, title) in enumerate(EXAMPLES):
        row = draw_scene(seed, size=(512, 384))
        out = mm.TransformGraph(mm.Policy.sequence(op), schema=SCHEMA)(row, key=seed)
        x = GAP + number * (COLUMN + GAP)
        draw.rounded_rectangle((x, GAP, x + COLUMN, GAP + card), 12, CARD)
        shown = _edited(row, out)
        y = _view(page, row, [[("same", before)] for before, _ in shown], x + GAP, GAP + GAP)
        draw.text((x + GAP, y), f"{op.name}   ", INK, _font(19))
        draw.text((x + GAP + draw.textlength(f"{op.name}   ", _font(19)), y), title, SOFT, _font(19))
        _view(page, out, [diff(before, after) for before, after in shown], x + GAP, y + 44)
    page.save(TARGET, optimize=True)


def _edited(row: dict[str, Any], out: dict[str, Any]) -> list[tuple[str, str]]:
    """Texts before and after, those that changed first, in the order of the row."""
    pairs = [*zip(row["captions"], out["captions"], strict=True), (row["audio_caption"], out["audio_caption"])]
    return sorted(pairs, key=lambda pair: pair[0] == pair[1])[:LINES]


def _view(page: Image.Image, row: dict[str, Any], lines: list[list[tuple[str, str]]], x: int, y: int) -> int:
    """One picture with its boxes, and its texts below; returns where the next thing may start."""
    picture, draw = row["image"], ImageDraw.Draw(page)
    scale = min(VIEW[0] / picture.width, VIEW[1] / picture.height)
    left = x + round(VIEW[0] - scale * picture.width) // 2
    page.paste(picture.resize((round(scale * picture.width), round(scale * picture.height)), Image.Resampling.LANCZOS), (left, y))
    for x1, y1, x2, y2 in Light(SCHEMA, row).boxes("boxes") or ():
        draw.rectangle((left + scale * x1, y + scale * y1, left + scale * x2, y + scale * y2), outline=BOX, width=2)
    y += VIEW[1] + 8
    for parts in lines:
        _words(draw, parts, x, y)
        y += LINE
    return y + (LINES - len(lines)) * LINE + GAP // 2


def _words(draw: ImageDraw.ImageDraw, parts: list[tuple[str, str]], x: float, y: int) -> None:
    for kind, text in parts:
        ink, back = MARKS[kind]
        length = draw.textlength(text, _font(20))
        if back:
            draw.rounded_rectangle((x, y + 1, x + length, y + 24), 3, back)
        draw.text((x, y), text, ink, _font(20))
        if kind == "del":
            draw.line((x, y + 14, x + length, y + 14), ink, 2)
        x += length + (4 if kind == "del" else 0)


def _font(size: int) -> Any:
    return ImageFont.load_default(size)


if __name__ == "__main__":
    main()
