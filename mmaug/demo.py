"""`mmaug demo`: draw scenes, augment them and show the result, with no data on the machine."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from rich.console import Console

from mmaug import report
from mmaug.errors import MmaugError
from mmaug.graph import TransformGraph
from mmaug.io import augment as augment_job
from mmaug.io.folder import Folder
from mmaug.policy import Policy, op
from mmaug.schema import Audio, Boxes, Caption, Events, Image, Mask, Schema
from mmaug.testing.scenes import write_scenes

COPIES = 2
SHOWN = 12
SETTINGS = "demo.json"
"""Says what a folder was made with, so that a second run goes on only with the same."""

SCHEMA = Schema(
    image=Image(),
    mask=Mask(of="image"),
    boxes=Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
    captions=Caption(of="image"),
    audio=Audio(recorded_with="image"),
    events=Events(of="audio"),
    audio_caption=Caption(of="audio"),
)

POLICY = Policy.sequence(
    op("image.horizontal_flip", p=0.5),
    op("image.rotate90", p=0.2),
    op("image.rotate", p=0.3, degrees=(-12, 12)),
    op("image.random_resized_crop", p=0.4, scale=(0.6, 1.0)),
    op("image.hue", p=0.4, degrees=(-180, 180)),
    op("image.brightness", p=0.3, factor=(0.8, 1.25)),
    op("image.cutout", p=0.4, scale=(0.01, 0.04)),
    op("text.synonym", p=0.3, strength=0.5),
    op("audio.gain", p=0.4, db=(-8, 4)),
    op("audio.time_shift", p=0.3, fraction=(-0.2, 0.2)),
    op("audio.time_stretch", p=0.3, rate=(0.8, 1.25)),
)


def run(out: Path, *, scenes: int = 24, seed: int = 0, console: Console) -> None:
    """Write OUT/scenes, OUT/augmented, OUT/policy.json and OUT/preview.html, and say where to look; run again, it goes on.

    Raises: MmaugError where OUT holds something else, or a demo with other settings.
    """
    _claim(out, {"scenes": scenes, "seed": seed})
    POLICY.save(out / "policy.json")
    if not (out / "scenes").exists():
        _draw(out, scenes, seed)
    folder = Folder(out / "scenes")
    graph = TransformGraph(POLICY, schema=folder.schema(), seed=seed)
    summary = augment_job.augment(folder, out / "augmented", graph, copies=COPIES, workers=0, on_error="stop", console=console)
    console.print(summary, highlight=False, soft_wrap=True)
    shown = [folder.load(number) for number in range(0, len(folder), max(len(folder) // SHOWN, 1))][:SHOWN]
    report.preview(graph, [row for _, row in shown], out / "preview.html", keys=[key for key, _ in shown], copies=COPIES)
    redo = f"{_program()} augment {out / 'scenes'} NEW_FOLDER --policy {out / 'policy.json'} --copies {COPIES}"
    for line in (
        f"[green]open[/] {out / 'preview.html'}   {len(shown)} of the scenes before and after",
        f"[green]data[/] {out / 'augmented'}   {COPIES} augmented copies of each scene in {out / 'scenes'}",
        f"[green]redo[/] {redo}",
    ):
        console.print(line, highlight=False, soft_wrap=True)


def _program() -> str:
    """How the running program is called: its path, or `python -m mmaug`."""
    return f"{sys.executable} -m mmaug" if Path(sys.argv[0]).name == "__main__.py" else sys.argv[0]


def _claim(out: Path, settings: dict[str, int]) -> None:
    """Make the folder ours, or find that it was made by a demo with the same settings."""
    written = out / SETTINGS
    if written.is_file():
        try:
            before = json.loads(written.read_text(encoding="utf-8"))
        except ValueError:
            before = None
        if before != settings:
            raise MmaugError(f"{out}: holds a demo made with {before}, got {settings}; give another folder, or take this one away")
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise MmaugError(f"{out}: must be a new folder or one that `mmaug demo` made, and it holds something else; give another folder")
    out.mkdir(parents=True, exist_ok=True)
    written.write_text(json.dumps(settings) + "\n", encoding="utf-8")


def _draw(out: Path, scenes: int, seed: int) -> None:
    """Write the scenes whole or not at all.

    Left out of their metadata is what is known of them only because they are drawn and no op keeps true: a shape's colour as
    a bare word, and what sort of sentence each caption is.
    """
    part = out / "scenes.part"
    shutil.rmtree(part, ignore_errors=True)
    write_scenes(part, scenes, seed)
    metadata = part / "metadata.jsonl"
    lines = []
    for line in metadata.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        del row["caption_kinds"], row["objects"]["colour"]
        lines.append(json.dumps(row) + "\n")
    metadata.write_text("".join(lines), encoding="utf-8")
    SCHEMA.save(part / "schema.json")
    part.replace(out / "scenes")
