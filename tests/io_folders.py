"""Small folders of drawn data for the tests of `mmaug.io`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

import mmaug as mm
from mmaug.io.folder import Folder

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
SCHEMAS = Path(__file__).parent / "data" / "schemas"


def picture(number: int, width: int = 48, height: int = 32, mode: str = "RGB") -> Image.Image:
    """A smooth picture with something of its own in it."""
    y, x = np.mgrid[:height, :width]
    planes = [(x * 4 + number * 9) % 256, (y * 5 + number * 31) % 256, (x + y + number * 17) % 256]
    return Image.fromarray(np.stack(planes, axis=2).astype(np.uint8)).convert(mode)


def mask(width: int = 48, height: int = 32) -> Image.Image:
    """Two things on a ground: labels 0, 7, 200."""
    labels = np.zeros((height, width), np.uint8)
    labels[4:20, 5:20], labels[10:30, 25:45] = 7, 200
    return Image.fromarray(labels)


def tone(number: int, samples: int = 2000, channels: int = 2) -> np.ndarray:
    """A tone, float32 [samples, channels], at half of full scale."""
    steps = np.arange(samples)[:, None] * (0.02 + number * 0.003) * (1 + np.arange(channels))
    return (0.5 * np.sin(steps)).astype(np.float32)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """metadata.jsonl of these rows."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "metadata.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def pictures(path: Path, count: int = 6, ending: str = "png") -> Path:
    """Pictures with masks, boxes and captions."""
    (path / "images").mkdir(parents=True)
    rows = []
    for number in range(count):
        picture(number).save(path / "images" / f"{number}.{ending}")
        mask().save(path / "images" / f"{number}-mask.png")
        rows.append({
            "file_name": f"images/{number}.{ending}", "mask_file_name": f"images/{number}-mask.png", "width": 48, "height": 32,
            "captions": [f"a red ball left of a box, {number}", "zwei Bälle 🎈"], "boxes": [[5, 4, 20, 20], [25, 10, 45, 30]],
            "labels": ["ball", "box"], "note": {"by": "us", "number": number},
        })  # fmt: skip
    write_rows(path, rows)
    picture_schema().save(path / "schema.json")
    return path


def picture_schema() -> mm.Schema:
    """The schema of `pictures`."""
    return mm.Schema(
        image=mm.Image(), mask=mm.Mask(of="image"), width=mm.Size(of="image", axis="width"), height=mm.Size(of="image", axis="height"),
        captions=mm.Caption(of="image"), boxes=mm.Boxes(of="image", labels="labels"),
    )  # fmt: skip


def recordings(path: Path, count: int = 5, ending: str = "flac") -> Path:
    """Stereo recordings with a caption and, as in ESC-10, a column `source`."""
    path.mkdir(parents=True)
    for number in range(count):
        soundfile.write(path / f"{number}.{ending}", tone(number), 8000)
    write_rows(path, [
        {"file_name": f"{number}.{ending}", "source": "drawn", "caption": f"a tone, number {number}", "duration": 0.25}
        for number in range(count)
    ])  # fmt: skip
    return path


def graph_for(folder: Folder, seed: int = 0, *ops: mm.PolicyOp, **options: Any) -> mm.TransformGraph:
    """A graph on the folder's schema; without ops a mixed policy for what it holds."""
    schema = folder.schema()
    if not ops:
        kinds = [kind for kind in ("image", "text", "audio") if schema.for_modality(kind)]
        return mm.TransformGraph(mm.policies.rand_augment(modalities=kinds), schema=schema, seed=seed, **options)
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema, seed=seed, **options)


def tree(path: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, hidden ones as well."""
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a folder's metadata.jsonl."""
    return [json.loads(line) for line in (path / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
