"""Policies by name: their numbers against torchvision's tables, and each on real rows with boxes, masks, captions and sound."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

import mmaug as mm
from mmaug import policies, rng
from mmaug.io.folder import Folder
from mmaug.modalities.image import executor
from mmaug.modalities.image.program import compile_steps
from mmaug.policies import published, uniform
from mmaug.policy import PolicyOp
from mmaug.registry import OPS

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ALL = ("image", "text", "audio")

FACTORS = ("Brightness", "Color", "Contrast", "Sharpness")


def drawn(op: PolicyOp, u):
    """The value of the one magnitude of an op for some uniform numbers."""
    params = OPS[op.name].params
    (name,) = [key for key, param in params.items() if param.has_strength]
    draw = params[name].from_strength(op.strength) if op.strength is not None else params[name].from_given(op.params[name], "")
    return draw([u, u])


def magnitudes(part):
    """Our op, its probability and both values it may take."""
    if isinstance(part, PolicyOp):
        values = (drawn(part, 0.1), drawn(part, 0.9)) if OPS[part.name].has_strength else ()
        return part.name, part.p, values
    assert part.kind == "choice" and len(part.items) == 2 and len(set(part.weights)) == 1
    return part.items[0].name, part.p, tuple(drawn(item, 0.5) for item in part.items)


def expected(name, magnitude, signed, size):
    """What torchvision's magnitude is in our units, to both sides."""
    sides = (-magnitude, magnitude) if signed else (magnitude, magnitude)
    if name in FACTORS:
        return tuple(1 + side for side in sides)
    if name.startswith("Translate"):
        return tuple(side / size for side in sides)
    return sides


# -- the tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["imagenet", "cifar10", "svhn"])
def test_auto_augment_is_as_published(data):
    autoaugment = pytest.importorskip("torchvision.transforms.autoaugment")
    theirs = autoaugment.AutoAugment(autoaugment.AutoAugmentPolicy(data))
    space = theirs._augmentation_space(10, (331, 331))
    ours = policies.auto_augment(data)
    assert ours.kind == "choice" and len(ours.items) == 25 and len(set(ours.weights)) == 1
    for part, steps in zip(ours.items, theirs.policies, strict=True):
        assert part.kind == "sequence" and part.p == 1
        for step, (name, p, level) in zip(part.items, steps, strict=True):
            own, own_p, values = magnitudes(step)
            assert (own, own_p) == (published.OPS[name][0], p)
            if level is None:
                assert values == ()
                continue
            table, signed = space[name]
            want = expected(name, float(table[level]), signed, 331)
            if name == "Posterize":
                assert [round(value) for value in values] == list(want)
            else:
                assert sorted(values) == pytest.approx(sorted(want), abs=1.0 if name == "Solarize" else 1e-6)  # 256 levels there, 255 here


@pytest.mark.parametrize("level", [0, 3, 9, 15, 30])
def test_rand_augment_is_as_published(level):
    autoaugment = pytest.importorskip("torchvision.transforms.autoaugment")
    space = autoaugment.RandAugment(num_magnitude_bins=31)._augmentation_space(31, (331, 331))
    part = policies.rand_augment(n=1, m=level / 30).items[0]
    assert len(part.items) == len(space) == 14 and part.items[0] == mm.Policy.sequence()
    found = dict(zip(uniform.IMAGE_OPS, part.items[1:], strict=True))
    assert {"Identity", *found} == set(space)
    for name, op in found.items():
        assert op.name == published.OPS[name][0] and op.p == 1
        table, signed = space[name]
        if name in published.PLAIN:
            continue
        values = (drawn(op, 0.1), drawn(op, 0.9))
        want = expected(name, float(table[level]), signed, 331)
        if name == "Posterize":
            assert [round(value) for value in values] == list(want)
        else:
            assert sorted(values) == pytest.approx(sorted(want), abs=1.0 if name == "Solarize" else 4e-3)  # 0.45 for 150 / 331


def test_trivial_augment_is_as_published():
    autoaugment = pytest.importorskip("torchvision.transforms.autoaugment")
    space = autoaugment.TrivialAugmentWide()._augmentation_space(31)
    (part,) = policies.trivial_augment().items
    assert part.items[0] == mm.Policy.sequence() and len(set(part.weights)) == 1
    found = {op.name: op for op in part.items[1:]}
    assert len(found) == 13 and set(found) == {published.OPS[name][0] for name in space if name != "Identity"}
    for name in set(space) - published.PLAIN - {"Identity"}:
        op = found[published.OPS[name][0]]
        (ends,) = [value for value in op.params.values() if isinstance(value, tuple)]
        table, signed = space[name]
        want = expected(name, float(table.max() if signed else table.min()), signed, 224)
        low, high = (min(want), max(want)) if signed else (float(table.min()), float(table.max()))
        assert ends == pytest.approx((low, high), abs=1.0 if name == "Solarize" else 1e-6)


def test_spaces_are_nested_and_strength_reaches_their_ends():
    assert uniform.WIDE.keys() == uniform.STANDARD.keys()
    for name, params in uniform.STANDARD.items():
        for key, value in params.items():
            if isinstance(value, tuple):
                wide, reach = uniform.WIDE[name][key], OPS[name].params[key].reach
                assert name.startswith("image.translate") or (wide[0] <= value[0] and value[1] <= wide[1])
                assert name.startswith("image.translate") or reach in value or 2 - reach in value


@pytest.mark.parametrize("name", [*uniform.TEXT_OPS, *uniform.AUDIO_OPS])
def test_the_pools_need_nothing_from_outside(name):
    op = OPS[name]
    assert op.family not in ("model", "nlpaug", "structure", "drop", "frame")
    assert "source" not in op.params or "reverb" in name  # whose own room is computed


def test_trivial_augment_goes_as_far_as_strength_1_both_ways():
    (part,) = policies.trivial_augment(("audio",)).items
    found = {op.name: dict(op.params) for op in part.items[1:]}
    assert found["audio.gain"] == {"db": (-12.0, 12.0)}
    assert found["audio.time_stretch"]["rate"] == pytest.approx((1 / 1.5, 1.5))
    assert found["audio.time_mask"] == {"fraction": (0.0, 0.3)}


# -- AugMix -----------------------------------------------------------------------------------------------------------


def naive_aug_mix(picture, severity, chains, seed):
    """Algorithm 1 on whole pictures with Pillow, drawing as ours does."""
    draw = rng.generator(seed)
    weights, kept = draw.dirichlet(np.ones(chains)), draw.beta(1.0, 1.0)
    mixed = kept * np.asarray(picture, np.float64)
    for weight in weights:
        chain = picture
        for _ in range(draw.integers(1, 4)):
            level = draw.uniform(0.1, severity) / 10
            which = draw.integers(4)
            if which == 0:
                chain = ImageOps.autocontrast(chain)
            elif which == 1:
                chain = ImageOps.equalize(chain)
            elif which == 2:
                chain = ImageOps.posterize(chain, 4 - int(level * 4))
            else:
                chain = ImageOps.solarize(chain, 256 - int(level * 256))
        mixed += (1 - kept) * weight * np.asarray(chain, np.float64)
    return mixed


@pytest.mark.parametrize(("severity", "chains"), [(3.0, 3), (7.5, 3), (5.0, 1), (2.0, 8)])
def test_aug_mix_is_the_mixture_of_its_chains(severity, chains):
    noise = np.random.default_rng(0).integers(30, 220, (40, 50, 3), dtype=np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 1.5)
    different = 0
    for seed in range(12):
        ours = executor.run(compile_steps([("image.aug_mix", {"severity": severity, "chains": chains, "seed": seed})], (50, 40)), picture)
        assert np.abs(ours - naive_aug_mix(Image.fromarray(picture), severity, chains, seed)).max() <= 0.51
        different += not np.array_equal(ours, picture)
    assert different >= 8  # nine of ten seeds change it


def test_aug_mix_leaves_what_is_annotated_and_knows_its_colours():
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(of="image", format="xyxy"), caption=mm.Caption(of="image"))
    graph = mm.TransformGraph(policies.aug_mix(), schema=schema)
    row = {"image": np.full((40, 50, 3), 90, np.uint8), "boxes": [[1.0, 2.0, 30.0, 20.0]], "caption": "a dog left of a cat"}
    for key in range(8):
        out, trace = graph.run(row, key=key)
        assert out["boxes"] == row["boxes"] and out["caption"] == row["caption"] and trace.applied
    red = [graph.run(row | {"caption": "a red car"}, key=key)[1] for key in range(30)]
    assert all(trace.applied for trace in red)
    assert 0 < sum(bool(trace.edits) for trace in red) < 30, "some mixtures keep red what is red, some do not"


# -- by name ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", policies.NAMED)
def test_every_named_policy_is_a_policy_and_survives_json(name):
    policy = policies.named(name, ALL)
    assert mm.Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy
    assert getattr(policies, name)  # what an error message tells to call
    modalities = {OPS[op.name].modality for op in policy.ops()}
    joint = name.startswith(("rand", "trivial", "manual"))
    assert modalities == (set(ALL) if joint else {"image"} if name != "identity" else set())


def test_wrong_names_and_numbers():
    with pytest.raises(mm.PolicyError, match=r"policy 'aug_mix' is for pictures, and there are only text, audio; take one of rand_augment"):
        policies.named("aug_mix", ("text", "audio"))
    with pytest.raises(mm.PolicyError, match=r"auto_augment: data must be one of imagenet, cifar10, svhn, got 'mnist'"):
        policies.auto_augment("mnist")
    with pytest.raises(mm.PolicyError, match=r"trivial_augment: space must be one of wide, standard, got 'huge'"):
        policies.trivial_augment(space="huge")
    with pytest.raises(mm.PolicyError, match=r"modalities must be some of image, text, audio, got \('video',\)"):
        policies.manual_strong(("video",))


def test_the_examples_of_the_page_run():
    page = (Path(__file__).parents[1] / "docs" / "policies.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.S | re.M)
    assert len(blocks) == 2
    for code in blocks:
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# -- on real rows -----------------------------------------------------------------------------------------------------

present = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here")


def instances(count):
    """Photos with boxes, a mask made of their outlines, and captions."""
    folder = DATA / "coco-instances"
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in [row for row in rows if row.get("captions")][:count]:
        mask = np.zeros((row["height"], row["width"]), np.uint8)
        for number, thing in enumerate(row["objects"], 1):
            for outline in thing.get("segmentation", ()):
                cv2.fillPoly(mask, [np.rint(np.reshape(outline, (-1, 2))).astype(np.int32)], number)
        things = {"bbox": [thing["bbox"] for thing in row["objects"]], "category": [thing["category"] for thing in row["objects"]]}
        photo = Image.open(folder / row["file_name"]).convert("RGB")
        yield {"image": photo, "objects": things, "mask": mask, "captions": row["captions"]}


INSTANCES = mm.Schema(
    image=mm.Image(),
    boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
    mask=mm.Mask(of="image"),
    captions=mm.Caption(of="image"),
)


@present
@pytest.mark.parametrize("name", policies.NAMED)
def test_every_named_policy_on_photos_with_boxes_masks_and_captions(name):
    graph = mm.TransformGraph(policies.named(name, ("image", "text")), schema=INSTANCES, seed=1)
    applied = 0
    for key, row in enumerate(instances(8)):
        out, trace = graph.run(row, key=key)
        applied += len(trace.applied)
        assert out.keys() == row.keys() and type(out["image"]) is type(row["image"])
        width, height = out["image"].size
        assert out["mask"].shape == (height, width) and set(np.unique(out["mask"])) <= {0, *np.unique(row["mask"])}
        assert len(out["objects"]["bbox"]) == len(out["objects"]["category"])
        for x, y, w, h in out["objects"]["bbox"]:
            assert x >= -1e-6 and y >= -1e-6 and x + w <= width + 1e-6 and y + h <= height + 1e-6
        chooses = any(op.name == "text.choose_caption" for op in graph.policy.ops())
        assert len(out["captions"]) == (1 if chooses else len(row["captions"]))
    assert applied or name == "identity"


@cache
def folder_rows(data):
    """The schema that a folder's rows suggest, and six of them with their keys."""
    folder = Folder(DATA / data)
    return folder.schema(), [folder.load(number * len(folder) // 6) for number in range(6)]


@present
@pytest.mark.parametrize("data", ["coco", "esc10"])
@pytest.mark.parametrize("name", policies.NAMED)
def test_every_named_policy_on_folders(name, data):
    schema, rows = folder_rows(data)
    modalities = [modality for modality in ALL if schema.for_modality(modality)]
    if "image" not in modalities and name in ("auto_augment", "auto_augment_cifar10", "auto_augment_svhn", "aug_mix"):
        with pytest.raises(mm.PolicyError, match="is for pictures"):
            policies.named(name, modalities)
        return
    graph = mm.TransformGraph(policies.named(name, modalities), schema=schema, seed=2)
    applied = 0
    for key, row in rows:
        out, trace = graph.run(row, key=key)
        applied += len(trace.applied)
        assert out.keys() == row.keys()
    assert applied or name == "identity"
