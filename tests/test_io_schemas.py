"""The schemas of the real data sets: every row's metadata fits, and loaded rows go through a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from io_folders import SCHEMAS, SHARED
from PIL import Image

import mmaug as mm
from mmaug.io.folder import Folder, is_file_column

NAMES = ("coco", "digit-strings", "esc10")


def _folder(name: str) -> Folder:
    if not (SHARED / name / "metadata.jsonl").is_file():
        pytest.skip(f"no {name} in ../shared/data")
    return Folder(SHARED / name)


def _graph(name: str, **options: Any) -> mm.TransformGraph:
    schema = mm.Schema.load(SCHEMAS / f"{name}.json")
    kinds = [kind for kind in ("image", "text", "audio") if schema.for_modality(kind)]
    return mm.TransformGraph(mm.policies.rand_augment(n=3, m=0.5, modalities=kinds), schema=schema, **options)


def _light_row(row: dict[str, Any]) -> dict[str, Any]:
    """The metadata with an empty picture or recording of the right size in place of the file."""
    light = {name: value for name, value in row.items() if not is_file_column(name)}
    if "width" in row:
        return {"image": Image.new("RGB", (row["width"], row["height"])), **light}
    rate = row["sample_rate"]
    return {"audio": {"array": np.zeros(round(row["duration"] * rate), np.float32), "sampling_rate": rate}, **light}


@pytest.mark.parametrize("name", NAMES)
def test_every_row_fits_its_schema(name):
    folder, graph = _folder(name), _graph(name)
    declared = {graph.schema.column(field).top for field in graph.schema.fields}
    for number, row in enumerate(folder.rows):
        light = _light_row(row)
        assert light.keys() <= declared | {"persons"}, folder.where(number)
        graph.resolve(graph.plan(key=folder.key(number)), light)


@pytest.mark.parametrize("name", NAMES)
def test_loaded_rows_go_through_a_graph(name):
    folder, graph = _folder(name), _graph(name, seed=5)
    applied = 0
    for number in range(0, len(folder), len(folder) // 40):
        key, row = folder.load(number)
        out, trace = graph.run(row, key=key)
        applied += len(trace.applied)
        assert out.keys() == row.keys()
        assert all(out[name] == row[name] for name in row if graph.schema.fields.get(name) == mm.Opaque(column=name))
        {"coco": _check_photo, "digit-strings": _check_words, "esc10": _check_sound}[name](row, out)
    assert applied > 40


def _check_photo(row: dict[str, Any], out: dict[str, Any]) -> None:
    width, height = out["image"].size
    assert (out["width"], out["height"]) == (width, height)
    assert len(out["objects"]["bbox"]) == len(out["objects"]["category"]) <= len(row["objects"]["bbox"])
    for person in out.get("persons", ()):
        assert len(person["keypoints"]) == 17
    for x, y, w, h in [*out["objects"]["bbox"], *(person["bbox"] for person in out.get("persons", ()))]:
        assert min(x, y) > -1e-6
        assert x + w < width + 1e-6
        assert y + h < height + 1e-6
    assert len(out["captions"]) == len(row["captions"])


def _check_words(row: dict[str, Any], out: dict[str, Any]) -> None:
    seconds = out["audio"]["array"].shape[-1] / out["audio"]["sampling_rate"]
    assert out["duration"] == pytest.approx(seconds, abs=1e-3)
    assert " ".join(word["word"] for word in out["words"]) == out["transcript"]
    assert all(-1e-6 <= word["start"] <= word["end"] <= seconds + 1e-3 for word in out["words"])
    assert all(word.keys() == row["words"][0].keys() for word in out["words"])


def _check_sound(row: dict[str, Any], out: dict[str, Any]) -> None:
    seconds = out["audio"]["array"].shape[-1] / out["audio"]["sampling_rate"]
    assert out["duration"] == pytest.approx(seconds, abs=2e-3)
    assert out["label"] == row["label"]
