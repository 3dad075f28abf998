"""`graph.batch`: what `graph.run` gives for each row, whatever form its pictures come in, on any device.

The torch path is run on the CPU here, through `batch.on_device`; rows on "cpu" take the way of single rows and must be equal to the bit.
"""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

import mmaug as mm
from mmaug import batch

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
NOISE = np.random.default_rng(1)
SCHEMA = mm.Schema(
    image=mm.Image(),
    mask=mm.Mask(of="image"),
    objects=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
    joints=mm.Keypoints(of="image", column="persons[].joints", names=("left_hand", "right_hand", "nose")),
    captions=mm.Caption(of="image"),
    width=mm.Size(of="image", axis="width"),
)
NATIVE = [name for name, op in mm.OPS.items() if op.modality == "image" and not name.startswith("image.alb.")]


def a_policy(seed: int, count: int = 3) -> mm.Policy:
    """Some of all picture ops, and two of text."""
    rng = np.random.default_rng(seed)
    ops = [mm.op(name, strength=0.4) if mm.OPS[name].has_strength else mm.op(name) for name in NATIVE]
    parts = [mm.Policy.choice(ops) for _ in range(count)]
    text = [mm.op("text.choose_caption", p=0.3), mm.op("text.synonym", p=0.5, strength=0.3)]
    return mm.Policy.sequence(*parts, *(text if rng.uniform() < 0.7 else []))


def drawn(number: int, size: tuple[int, int] = (48, 40)) -> dict:
    """A row with a smooth picture, of one of two sizes."""
    width, height = size if number % 3 else (33, 50)
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin((x + number) / (4 + c)) * np.cos(y / 5) for c in range(3)]
    return {
        "image": np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8),
        "mask": ((x // 8 + y // 8) % 3).astype(np.uint8),
        "objects": {"bbox": [[2.0, 3.0, 12.0, 10.0], [20.0, 15.0, 10.0, 20.0]], "category": ["dog", "cat"]},
        "persons": [{"joints": [[3.0, 4.0, 2], [30.0, 4.0, 2], [15.0, 8.0, 2]]}],
        "captions": ["a dog left of a cat", "two animals", "a brown dog and a cat"],
        "width": width,
    }


def coco(count: int) -> list[dict]:
    lines = (DATA / "coco" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()[:count]
    rows = [json.loads(line) for line in lines]
    return [{**row, "image": np.asarray(Image.open(DATA / "coco" / row.pop("file_name")).convert("RGB"))} for row in rows]


def run_through_torch(graph: mm.TransformGraph, rows: list[dict], keys, memory_mb: float = 256.0, **draw) -> list[tuple[dict, mm.Trace]]:
    bounds = [graph.resolve(graph.plan(key=key, **draw), row) for key, row in zip(keys, rows, strict=True)]
    outs = [out for out, _ in batch.on_device(bounds, list(keys), graph.schema, "cpu", memory_mb)]
    return [(out, bound.trace) for out, bound in zip(outs, bounds, strict=True)]


def plain(value):
    """A value as one that == compares, with its types."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return type(value), str(value.dtype), value.tolist()
    return (value.mode, value.size, value.tobytes()) if isinstance(value, Image.Image) else value


def light(row: dict) -> dict:
    """All but the picture; what a row's picture is, is compared by `off`."""
    return {key: plain(value) for key, value in row.items() if key != "image"}


def off(a, b) -> np.ndarray:
    """By how much two pictures of one form differ."""
    assert type(a) is type(b)
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        return np.concatenate([off(one, other).ravel() for one, other in zip(a, b, strict=True)])
    first, second = np.asarray(a), np.asarray(b)
    assert first.shape == second.shape and first.dtype == second.dtype == np.uint8
    assert not isinstance(a, Image.Image) or a.mode == b.mode
    return np.abs(first.astype(int) - second)


def close(a, b) -> bool:
    """Within a few levels; few pixels jump, as thresholds and JPEG make much of little."""
    return bool((off(a, b) > 4).mean() < 0.05)


# -- equal to one by one ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_rows_traces_and_pixels_are_those_of_single_rows(seed):
    rows, keys = [drawn(number) for number in range(24)], [f"row {number}" for number in range(24)]
    graph = mm.TransformGraph(a_policy(seed), schema=SCHEMA, seed=seed)
    alone = [graph.run(row, key=key, epoch=2, view=1, progress=0.5) for row, key in zip(rows, keys, strict=True)]
    before = plain(copy.deepcopy(rows))
    for (out, trace), (expected, told) in zip(graph.run_batch(rows, keys=keys, epoch=2, view=1, progress=0.5), alone, strict=True):
        assert plain(out) == plain(expected) and trace == told
    assert [plain(out) for out in graph.batch(rows, keys=keys, epoch=2, view=1, progress=0.5)] == [plain(out) for out, _ in alone]
    changed = 0
    for (out, trace), (expected, told), row in zip(
        run_through_torch(graph, rows, keys, epoch=2, view=1, progress=0.5), alone, rows, strict=True
    ):
        assert trace == told and light(out) == light(expected) and out.keys() == row.keys()
        assert close(out["image"], expected["image"]), str(trace)
        changed += out["image"] is not row["image"]
    assert changed > 12 and plain(rows) == before


@pytest.mark.skipif(not (DATA / "coco").is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("seed", range(3))
def test_photos_with_boxes_keypoints_and_captions(seed):
    rows = coco(40)
    schema = mm.Schema(
        image=mm.Image(), captions=mm.Caption(of="image"), width=mm.Size(of="image", axis="width"), height=mm.Size(axis="height"),
        boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
        joints=mm.Keypoints(of="image", column="persons[].keypoints", names="coco17"),
    )  # fmt: skip
    kept = ("image", "captions", "objects", "width", "height")
    rows = [{**{key: row[key] for key in kept}, "persons": row.get("persons", [])} for row in rows]
    graph = mm.TransformGraph(a_policy(seed), schema=schema, seed=seed)
    keys = range(len(rows))
    alone = [graph.run(row, key=key) for row, key in zip(rows, keys, strict=True)]
    vetoed = sum(len(trace.vetoes) for _, trace in alone)
    for (out, trace), (expected, told) in zip(run_through_torch(graph, rows, keys), alone, strict=True):
        assert trace == told and light(out) == light(expected)
        assert close(out["image"], expected["image"]), str(trace)
    assert vetoed, "captions of photos veto some steps"


def test_a_row_is_the_same_whatever_else_is_in_the_batch():
    rows, keys = [drawn(number) for number in range(30)], list(range(30))
    graph = mm.TransformGraph(a_policy(7), schema=SCHEMA)
    together = [plain(out) for out, _ in run_through_torch(graph, rows, keys)]
    order = NOISE.permutation(30).tolist()
    shuffled = run_through_torch(graph, [rows[n] for n in order], order, memory_mb=0.5)
    assert [plain(out) for out, _ in shuffled] == [together[n] for n in order]
    assert [plain(run_through_torch(graph, [rows[n]], [n])[0][0]) for n in range(0, 30, 4)] == together[::4]


def test_what_is_vetoed_stays_to_the_bit():
    graph = mm.TransformGraph(mm.op("image.horizontal_flip"), schema=SCHEMA)
    row = {**drawn(1), "captions": ['a sign that says "stop" on the left'], "objects": {"bbox": [], "category": []}}
    ((out, trace),) = run_through_torch(graph, [row], ["a"])
    assert trace.vetoes and out["image"] is row["image"] and plain(out) == plain(row)


# -- forms ------------------------------------------------------------------------------------------------------------

POLICY = mm.Policy.sequence(
    mm.op("image.rotate", degrees=(5, 14)), mm.op("image.contrast", strength=0.3), mm.op("image.gaussian_blur", strength=1)
)
PIXELS = drawn(1)["image"]
CHANNELS_FIRST = torch.from_numpy(PIXELS.transpose(2, 0, 1).copy())


FORMS = {
    "array": PIXELS,
    "tensor": CHANNELS_FIRST,
    "pil": Image.fromarray(PIXELS),
    "grey pil": Image.fromarray(PIXELS).convert("L"),
    "pil with alpha": Image.fromarray(PIXELS).convert("RGBA"),
    "grey array": PIXELS[..., 0].copy(),
    "array with alpha": np.dstack([PIXELS, PIXELS[..., 0]]),
    "grey tensor": CHANNELS_FIRST[:1],
    "tensor with alpha": torch.cat([CHANNELS_FIRST, CHANNELS_FIRST[:1]]),
    "tensor of torchvision": tv_tensors.Image(CHANNELS_FIRST),
    "frames": [PIXELS, PIXELS[::-1].copy(), PIXELS],
    "tuple of tensors": (CHANNELS_FIRST, CHANNELS_FIRST.flip(1)),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_comes_in_goes_out(form):
    graph = mm.TransformGraph(POLICY, schema=mm.Schema(image=mm.Image()))
    rows = [{"image": FORMS[form]}, {"image": PIXELS}]
    for got, (row, key) in zip(run_through_torch(graph, rows, [3, 4]), zip(rows, [3, 4], strict=True), strict=True):
        assert off(got[0]["image"], graph(row, key=key)["image"]).max() <= 4
    if form == "tensor":
        assert got[0]["image"] is not None and run_through_torch(graph, rows, [3, 4])[0][0]["image"].is_contiguous()


def test_tensors_come_back_on_the_device():
    """Of pictures and of masks, changed or not; "meta" stands for another device."""
    schema = mm.Schema(image=mm.Image(), mask=mm.Mask())
    row = {"image": CHANNELS_FIRST, "mask": torch.from_numpy(drawn(1)["mask"])}
    for policy in (mm.policies.identity(), mm.op("image.horizontal_flip")):
        graph = mm.TransformGraph(policy, schema=schema)
        (out,) = graph.batch([row], keys=[1], device="meta")
        assert out["image"].device.type == out["mask"].device.type == "meta"
        (out,) = graph.batch([row], keys=[1])
        assert out["image"].device.type == out["mask"].device.type == "cpu"


def test_rows_without_a_picture_and_with_sound():
    """Optional fields; pictures and sound that follow each other; a mask list beside frames."""
    schema = mm.Schema(
        image=mm.Image(optional=True),
        audio=mm.Audio(recorded_with="image"),
        words=mm.Words(of="audio"),
        mask=mm.Mask(of="image", optional=True),
    )
    sound = {"array": NOISE.normal(0, 0.1, (2, 1600)).astype(np.float32), "sampling_rate": 8000}
    words = [{"text": "turn", "start": 0.01, "end": 0.05}]
    frames = {"image": [PIXELS, PIXELS[::-1].copy()], "mask": [drawn(1)["mask"]] * 2}
    rows = [{"audio": sound, "words": words}, {"audio": sound, "words": words, **frames}]
    graph = mm.TransformGraph(mm.Policy.sequence(mm.op("image.horizontal_flip"), mm.op("audio.gain", db=-6)), schema=schema)
    for got, row in zip(run_through_torch(graph, rows, [0, 1]), rows, strict=True):
        assert plain(got[0]) == plain(graph(row, key=0))


# -- keys and errors --------------------------------------------------------------------------------------------------


def test_keys_come_from_the_call_the_column_or_the_content():
    rows = [{**drawn(number), "id": number} for number in range(4)]
    policy = mm.op("image.rotate", strength=0.4)
    named = mm.TransformGraph(policy, schema=SCHEMA, key="id")
    nameless = mm.TransformGraph(policy, schema=SCHEMA)
    by_call = [trace.to_json() for _, trace in nameless.run_batch(rows, keys=iter(range(4)))]
    assert [trace.to_json() for _, trace in named.run_batch(rows)] == by_call
    assert [trace for _, trace in nameless.run_batch(rows)] == [nameless.run(row)[1] for row in rows]
    assert nameless.batch([]) == [] and nameless.batch([], device="meta") == []


def test_a_tensor_of_torchvision_stays_one():
    graph = mm.TransformGraph(POLICY, schema=mm.Schema(image=mm.Image()))
    ((out, _),) = run_through_torch(graph, [{"image": tv_tensors.Image(CHANNELS_FIRST)}], [3])
    assert type(out["image"]) is type(graph({"image": tv_tensors.Image(CHANNELS_FIRST)}, key=3)["image"])


def test_errors_name_the_row():
    graph = mm.TransformGraph(mm.op("image.rotate", degrees=5), schema=SCHEMA)
    bad = {**drawn(1), "image": np.zeros((3, 4))}
    with pytest.raises(mm.RowError, match=r"row 1 \(key 'b'\): field 'image': must be uint8"):
        graph.batch([drawn(0), bad], keys=["a", "b"])
    with pytest.raises(mm.RowError, match=r"^row 1: field 'image'"):
        graph.batch([drawn(0), bad], device="meta")
    with pytest.raises(mm.RowError, match="one key a row, got 1 for 2 rows"):
        graph.batch([drawn(0), drawn(1)], keys=["a"])
    with pytest.raises(mm.RowError, match="a list of dicts, one a row, got dict"):
        graph.batch({"image": [PIXELS]})  # type: ignore[arg-type]
    bad_mask = {**drawn(1), "mask": np.zeros((3, 4), np.uint8)}
    for device in ("cpu", "meta"):
        with pytest.raises(mm.RowError, match=r"row 0 \(key 7\): field 'mask'"):
            graph.batch([bad_mask], keys=[7], device=device)
    broken = Image.open(io.BytesIO(_cut_jpeg()))
    with pytest.raises(OSError) as caught:
        mm.TransformGraph(mm.op("image.rotate", degrees=5), schema=mm.Schema(image=mm.Image())).batch([{"image": broken}], keys=["x"])
    assert "row 0 (key 'x')" in "".join(caught.value.__notes__)


def _cut_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG")
    return buffer.getvalue()[:-200]


@pytest.mark.parametrize("forced", [False, True])
def test_a_peak_that_was_lowered_is_noted_as_for_one_row(forced):
    """Twice as loud a sound that fills its scale: the trace says by how much it was held back."""
    schema = mm.Schema(audio=mm.Audio())
    graph = mm.TransformGraph(
        mm.Policy.sequence(mm.op("audio.peaking_eq", center_hz=424.0, db=9.0), mm.op("audio.polarity")), schema=schema
    )
    tone = (0.95 * np.sin(np.arange(8000) / 3)).astype(np.float32)
    rows = [{"audio": {"array": tone * part, "sampling_rate": 8000}} for part in (1.0, 0.01)]
    alone = [graph.run(row, key=key)[1].notes for key, row in enumerate(rows)]
    assert len(alone[0]) == 1 and "quieter" in alone[0][0] and alone[1] == ()
    if forced:
        bounds = [graph.resolve(graph.plan(key=key), row) for key, row in enumerate(rows)]
        assert [notes for _, notes in batch.on_device(bounds, [0, 1], schema, "cpu", 64)] == alone
    else:
        assert [trace.notes for _, trace in graph.run_batch(rows, keys=[0, 1])] == alone
