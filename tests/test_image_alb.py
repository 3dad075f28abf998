"""albumentations as ops: the catalogue is whole, draws are the step's own, and all that follows the picture follows its pixels.

The judge of pixels and masks is albumentations itself, run beside ours with the same seed; of boxes, what is seen in the picture.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import random
import subprocess
import sys
import threading
import warnings
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import mmaug as mm
from mmaug.effects.colour import ColourMap, is_table
from mmaug.effects.picture import image_state
from mmaug.modalities.image import executor
from mmaug.modalities.image.alb import covered, moved, recoloured
from mmaug.modalities.image.alb.catalogue import CATALOGUE, EFFECTS, LEFT_OUT, VERSION, snake
from mmaug.modalities.image.program import compile_steps
from mmaug.registry import OPS

A = pytest.importorskip("albumentations")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

MOVES = {name: {} for name, entry in CATALOGUE.items() if "moves" in entry.does}
ALSO = {
    "Affine": {"scale": [0.7, 1.3], "rotate": [-40, 40], "shear": [-15, 15], "translate_percent": [-0.2, 0.2]},
    "Crop": {"x_min": 11, "y_min": 7, "x_max": 80, "y_max": 90},
    "ElasticTransform": {"alpha": 50, "sigma": 9},
    "Perspective": {"scale": [0.1, 0.2], "fit_output": True},
    "RandomCrop": {"height": 60, "width": 70},
    "RandomScale": {"scale_limit": 0.4, "interpolation": 2},
    "Rotate": {"limit": [-30, 30], "interpolation": 2},
    "ThinPlateSpline": {"scale_range": [0.02, 0.05]},
}
RESIZES = {"CropAndPad", "LongestMaxSize", "RandomResizedCrop", "RandomScale", "RandomSizedCrop", "Resize", "SmallestMaxSize"}
"""albumentations resizes masks from the corners of pixels, and pictures from their middles: its masks lie half a pixel beside."""

NO_MAP = {"GridElasticDeform", "PiecewiseAffine", "RandomGridShuffle", "ThinPlateSpline"}
"""What folds or scatters a picture, at least at the transform's own defaults."""


def photo(width=150, height=104):
    """Something smooth with texture, so that a wrong place is a wrong colour."""
    rng = np.random.default_rng(1)
    return cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), (0, 0), 2.0)


def shapes(width=150, height=104):
    labels = np.zeros((height, width), np.uint8)
    for number, (x, y) in enumerate(((20, 20), (75, 30), (120, 80), (40, 75)), 1):
        cv2.circle(labels, (x, y), 17, number, -1)
    return labels


def own(cls, settings, seed, **data):
    """albumentations itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in (settings or CATALOGUE[cls].usual).items()}
        transform = getattr(A, cls)(**given, p=1)
        transform.set_random_seed(seed)
        return transform(**{key: value.copy() for key, value in data.items()})


def program(cls, settings, seed, size):
    return compile_steps([(f"image.{CATALOGUE[cls].name}", {"settings": settings, "seed": seed})], size)


def differ_off_edges(ours, theirs):
    """The share of labels that differ where theirs are even around."""
    kernel = np.ones((3, 3), np.uint8)
    even = cv2.erode(theirs, kernel) == cv2.dilate(theirs, kernel)
    return float(((ours != theirs) & even).mean())


def drift(ours, theirs):
    """How far the middle of a label lies from where theirs is, in pixels, at most."""
    middles = [[np.argwhere(mask == label).mean(axis=0) for mask in (ours, theirs)] for label in np.unique(theirs)]
    return max(float(np.abs(one - other).max()) for one, other in middles)


# -- the catalogue ----------------------------------------------------------------------------------------------------


def installed():
    """Every transform that the installed albumentations exports, without base classes."""

    def below(cls):
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    found = {cls for cls in below(A.BasicTransform) if cls.__module__.startswith("albumentations") and not cls.__name__.startswith("_")}
    bases = {"DualTransform", "ImageOnlyTransform", "Transform3D"}
    return {cls.__name__ for cls in found if getattr(A, cls.__name__, None) is cls} - bases


def test_the_catalogue_is_whole():
    assert version("albumentations") == VERSION
    assert len(installed()) > 100
    assert not CATALOGUE.keys() & LEFT_OUT.keys()
    assert installed() == CATALOGUE.keys() | LEFT_OUT.keys()
    assert all(len(reason) > 10 for reason in LEFT_OUT.values())


def test_every_entry_is_an_op_and_says_what_it_does():
    names = [f"image.{entry.name}" for entry in CATALOGUE.values()]
    assert len(set(names)) == len(names) and set(names) == {name for name in OPS if name.startswith("image.alb.")}
    for entry in CATALOGUE.values():
        assert entry.does and set(entry.does) <= set(EFFECTS), entry
        dual = issubclass(getattr(A, entry.cls), A.DualTransform)
        moves = bool({"moves", "covers"} & set(entry.does))
        assert moves == dual or entry.cls in ("Morphological", "PixelDropout"), entry  # whose masks would only lose single pixels


@pytest.mark.parametrize(
    ("cls", "name"),
    [("CLAHE", "clahe"), ("ISONoise", "iso_noise"), ("RGBShift", "rgb_shift"), ("D4", "d4"),
     ("HEStain", "he_stain"), ("FancyPCA", "fancy_pca"),
     ("XYMasking", "xy_masking"), ("RandomRotate90", "random_rotate90"), ("ToGray", "to_gray"), ("CoarseDropout", "coarse_dropout")],
)  # fmt: skip
def test_names(cls, name):
    assert snake(cls) == name and f"image.alb.{name}" in OPS


def test_the_usual_settings_are_needed():
    """Where the table gives arguments, the transform does nothing or fails without."""
    for entry in CATALOGUE.values():
        required = [p for p in inspect.signature(getattr(A, entry.cls).__init__).parameters.values() if p.default is p.empty][1:]
        assert not required or set(p.name for p in required) <= set(entry.usual), entry


# -- draws ------------------------------------------------------------------------------------------------------------

DIGESTS = """
import hashlib, json, sys
import numpy as np
from mmaug.registry import OPS
import mmaug
picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
names = json.loads(sys.argv[1])
print(json.dumps({n: hashlib.sha256(OPS[n].function(picture, settings={}, seed=11).tobytes()).hexdigest() for n in names}))
"""


def test_a_step_gives_the_same_bytes_in_any_order_process_and_thread():
    names = [f"image.{entry.name}" for entry in CATALOGUE.values() if entry.cls != "PiecewiseAffine"]
    ran = subprocess.run([sys.executable, "-c", DIGESTS, json.dumps(names)], capture_output=True, text=True, check=True)
    there = json.loads(ran.stdout)
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)

    def digest(name, seed=11):
        return hashlib.sha256(OPS[name].function(picture, settings={}, seed=seed).tobytes()).hexdigest()

    here: dict[str, str] = {}
    for name in reversed(names):
        digest(name, seed=5)
        here[name] = digest(name)
    in_thread: dict[str, str] = {}
    thread = threading.Thread(target=lambda: in_thread.update({name: digest(name) for name in names}))
    thread.start()
    thread.join()
    assert here == there == in_thread


def test_the_global_random_state_is_left_alone():
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    picture = photo(64, 48)
    for entry in CATALOGUE.values():
        OPS[f"image.{entry.name}"].function(picture, settings={}, seed=1)
        OPS[f"image.{entry.name}"].compose(image_state((64, 48)), {"settings": {}, "seed": 1})
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


# -- geometry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", MOVES)
def test_masks_follow_as_albumentations_moves_them(cls):
    picture, labels = photo(), shapes()
    for settings in ({}, ALSO[cls]) if cls in ALSO else ({},):
        known = 0
        for seed in range(1 if cls == "PiecewiseAffine" else 4):
            try:
                map_, _ = moved.measured(cls, json.dumps(settings), seed, (150, 104))
            except mm.RowError:
                assert cls == "RandomSizedCrop"  # it cannot crop 224 pixels of 150
                continue
            theirs = own(cls, settings, seed, image=picture, mask=labels)
            ours = program(cls, settings, seed, (150, 104))
            assert np.array_equal(executor.run(ours, picture), theirs["image"])
            mask = executor.run_mask(ours, labels, 0)
            assert mask.shape == theirs["mask"].shape
            if map_ is None:
                assert not mask.any(), "what cannot be followed is not shown"
            else:
                known += 1
                white = own(cls, settings, seed, image=np.repeat((labels > 0)[..., None] * np.uint8(255), 3, axis=2))["image"][..., 0] > 127
                assert differ_off_edges((mask > 0).astype(np.uint8), white.astype(np.uint8)) < 1e-3, (settings, seed)
                assert drift(mask > 0, white) < 0.45, (settings, seed)
                assert cls in RESIZES or drift(mask, theirs["mask"]) < 0.5, (settings, seed)
                assert cls in RESIZES or differ_off_edges(mask, theirs["mask"]) < 1e-3, (settings, seed)
        assert known or (cls in NO_MAP and not settings) or cls == "RandomSizedCrop"


@pytest.mark.skipif(not (DATA / "coco-instances").is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("cls", sorted(MOVES.keys() - NO_MAP))
def test_masks_of_real_photos_follow(cls):
    folder = DATA / "coco-instances"
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()[:3]]
    for seed, row in enumerate(rows):
        picture = np.asarray(Image.open(folder / row["file_name"]).convert("RGB"))
        labels = np.zeros(picture.shape[:2], np.uint8)
        for number, thing in enumerate(row["objects"], 1):
            for outline in thing.get("segmentation", ()):
                cv2.fillPoly(labels, [np.rint(np.reshape(outline, (-1, 2))).astype(np.int32)], number)
        settings = {"min_max_height": [60, 120], "size": [96, 96]} if cls == "RandomSizedCrop" else {}
        theirs = own(cls, settings, seed, image=picture, mask=labels)
        ours = program(cls, settings, seed, picture.shape[1::-1])
        assert differ_off_edges(executor.run_mask(ours, labels, 0), theirs["mask"]) < (5e-3 if cls in RESIZES else 1e-3)
        assert cls in RESIZES or drift(executor.run_mask(ours, labels, 0), theirs["mask"]) < 1.5  # some labels have a few pixels only


def test_exact_moves_are_exact():
    for cls, op in (("HorizontalFlip", "horizontal_flip"), ("VerticalFlip", "vertical_flip")):
        ours, _ = moved.measured(cls, "{}", 3, (150, 104))
        assert ours.rows == OPS[f"image.{op}"].function((150, 104)).rows
    for seed in range(6):
        map_, _ = moved.measured("RandomResizedCrop", json.dumps({"size": [64, 48]}), seed, (150, 104))
        back = map_.back()
        window = np.array([*back.point(0, 0), *back.point(48, 64)])
        assert map_.keeps_axes and np.abs(window - np.rint(window)).max() < 1e-6, "a crop shows whole pixels"


def test_boxes_are_round_what_is_seen():
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[40:80, 60:110] = (255, 0, 0)
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(of="image", format="xyxy"))
    row = {"image": picture, "boxes": [[60.0, 40.0, 110.0, 80.0]]}
    for name, settings in (("rotate", {"limit": [-40, 40]}), ("perspective", {}), ("d4", {}), ("random_resized_crop", {"size": [100, 90]}),
                           ("optical_distortion", {"distort_limit": [-0.3, 0.3]}), ("safe_rotate", {})):  # fmt: skip
        graph = mm.TransformGraph(mm.op(f"image.alb.{name}", settings=settings), schema=schema)
        for key in range(5):
            out = graph(row, key=key)
            seen_y, seen_x = np.nonzero(out["image"][..., 0] > 127)
            if not out["boxes"]:
                assert len(seen_x) < 0.35 * out["image"][..., 0].size
                continue
            seen = (seen_x.min(), seen_y.min(), seen_x.max() + 1, seen_y.max() + 1)
            assert np.abs(np.array(out["boxes"][0]) - seen).max() < 2.0, (name, key)


def test_alpha_moves_along():
    pixels = np.dstack([photo(), shapes() * 60])
    for cls in ("HorizontalFlip", "RandomResizedCrop", "Rotate", "GaussianBlur"):
        out = executor.run(program(cls, {}, 2, (150, 104)), pixels)
        mask = executor.run_mask(program(cls, {}, 2, (150, 104)), shapes() * 60, 0)
        assert drift(out[..., 3] > 50, mask > 50) < 1.0, cls


def test_what_leaves_at_such_a_step_does_not_come_back():
    """Two turns that cancel out: the corners are lost in between, and the mask says so."""
    schema = mm.Schema(image=mm.Image(), mask=mm.Mask(of="image", fill=7))
    policy = mm.Policy.sequence(mm.op("image.alb.rotate", settings={"limit": [45, 45]}), mm.op("image.rotate", degrees=-45))
    row = {"image": np.full((100, 140, 3), 255, np.uint8), "mask": np.ones((100, 140), np.uint8)}
    out = mm.TransformGraph(policy, schema=schema)(row, key=0)
    black = cv2.erode((out["image"][..., 0] < 10).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert black.mean() > 0.1
    assert (out["mask"][black] == 7).mean() > 0.99
    assert (out["mask"][out["image"][..., 0] == 255] == 1).mean() > 0.99


# -- covers, colours, faults ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [name for name, entry in CATALOGUE.items() if "covers" in entry.does])
def test_covers_are_where_pixels_change(cls):
    picture = np.clip(photo(), 1, 255)
    for seed in range(4):
        out = own(cls, {}, seed, image=picture)["image"]
        inside = np.zeros(picture.shape[:2], bool)
        for (x1, y1), _, (x2, y2), _ in covered.holes(cls, "{}", seed, (150, 104)):
            inside[int(y1) : int(y2), int(x1) : int(x2)] = True
        assert np.array_equal((out != picture).any(axis=2), inside)


def test_a_flare_hides_what_it_outshines():
    picture = shapes() * 60
    for seed in range(4):
        out = own("RandomSunFlare", {}, seed, image=np.repeat(picture[..., None], 3, axis=2))["image"]
        hidden = covered.blinded("RandomSunFlare", "{}", seed, (150, 104))
        assert hidden
        (x1, y1), _, (x2, y2), _ = max(hidden, key=lambda box: (box[2][0] - box[0][0]) * (box[2][1] - box[0][1]))
        middle = out[int(y1 + y2) // 2, int(x1 + x2) // 2]
        assert middle.min() > 150, "there it is white whatever was there"
    assert not covered.blinded("RandomGravel", "{}", 1, (150, 104))


@pytest.mark.parametrize("cls", [name for name, entry in CATALOGUE.items() if "recolours" in entry.does])
def test_colour_functions_say_what_happens_to_pixels(cls):
    picture = np.random.default_rng(7).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    fitted = 0
    for seed in range(5):
        stage = recoloured.stage(cls, "{}", seed)
        if not isinstance(stage, np.ndarray):
            continue
        fitted += 1
        theirs = own(cls, {}, seed, image=picture)["image"].astype(float)
        said = (
            stage[picture, np.arange(3)]
            if is_table(stage)
            else ColourMap((stage,))(picture.reshape(-1, 3).astype(float)).reshape(picture.shape)
        )
        assert np.abs(said - theirs).max() <= recoloured.CLOSE + 2
    assert fitted or cls == "HueSaturationValue"


def test_where_no_function_fits_the_words_stand_only_if_all_displacements_leave_them():
    moves = recoloured.stage("HueSaturationValue", json.dumps({"hue_shift_limit": [60, 60]}), 1)
    assert len({stage.tobytes() for stage in moves.stages}) == 10
    small = recoloured.stage(
        "HueSaturationValue", json.dumps({"hue_shift_limit": [1, 1], "sat_shift_limit": [0, 0], "val_shift_limit": [0, 0]}), 1
    )
    stages = (small,) if isinstance(small, np.ndarray) else small.stages
    assert max(np.abs(stage[:, 3]).max() for stage in stages if not is_table(stage)) < 30


@pytest.mark.parametrize(
    ("name", "settings", "kind", "least", "most"),
    [
        ("gaussian_blur", {"sigma_limit": [3, 3]}, "blur", 2.4 / 104, 3.6 / 104),
        ("blur", {"blur_limit": [7, 7]}, "blur", 1.7 / 104, 2.3 / 104),  # a box 7 wide has a deviation of 2
        ("gauss_noise", {"std_range": [0.1, 0.1]}, "noise", 0.09, 0.11),
        ("downscale", {"scale_range": [0.5, 0.5]}, "coarse", 1.9 / 104, 2.1 / 104),
        ("random_shadow", {"shadow_intensity_range": [0.5, 0.5]}, "shadow", 0.4, 0.6),
        ("sharpen", {"alpha": [0.5, 0.5]}, "sharp", 0.3, 9.0),
    ],
)
def test_faults_are_measured(name, settings, kind, least, most):
    state = OPS[f"image.alb.{name}"].compose(image_state((150, 104)), {"settings": settings, "seed": 4})
    assert least <= state.faults[kind] <= most, dict(state.faults)


# -- captions ---------------------------------------------------------------------------------------------------------

SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))


@pytest.mark.parametrize(
    ("op", "settings", "before", "after"),
    [
        ("horizontal_flip", {}, "a dog to the left of a cat", "a dog to the right of a cat"),
        ("time_reverse", {}, "a dog to the left of a cat", "a dog to the right of a cat"),
        ("random_rotate90", {}, "a dog", "a dog"),
        ("rotate", {"limit": [45, 45]}, "a dog to the left of a cat", None),
        ("rotate", {"limit": [5, 5]}, "a dog to the left of a cat", "a dog to the left of a cat"),
        ("random_grid_shuffle", {}, "a dog to the left of a cat", None),
        ("thin_plate_spline", {}, "a dog", None),
        ("invert_img", {}, "a red car", "other"),
        ("to_gray", {}, "a red car", "other"),
        ("posterize", {"num_bits": 6}, "a red car", "a red car"),
        ("hue_saturation_value", {"hue_shift_limit": [60, 60]}, "a red car", "a car"),
        ("random_gamma", {"gamma_limit": [95, 105]}, "a red car", "a red car"),
        ("gaussian_blur", {"sigma_limit": [4, 4]}, "a sharp photo of a dog", None),
        ("random_rain", {}, "a sunny street", None),
        ("random_crop", {"height": 30, "width": 30}, "two dogs", None),
    ],
)
def test_captions_stay_true(op, settings, before, after):
    graph = mm.TransformGraph(mm.op(f"image.alb.{op}", settings=settings), schema=SCHEMA)
    out, trace = graph.run({"image": photo(), "caption": before}, key=5)
    if after is None:
        assert not trace.applied and out["caption"] == before and np.array_equal(out["image"], photo())
    elif after == "other":
        assert not trace.applied or "red" not in out["caption"]
    else:
        assert trace.applied and out["caption"] == after


# -- settings and errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        (
            "rotate",
            {"angle": 3},
            r"op 'image\.alb\.rotate': settings: albumentations\.Rotate has no arguments \['angle'\]; it takes \[.*'limit'",
        ),
        ("rotate", {"p": 0.5}, r"has no arguments \['p'\]"),
        ("rotate", {"limit": "far"}, r"albumentations\.Rotate refuses \{'limit': 'far'\}"),
        ("rotate", [1], r"settings: must be a dict of arguments of albumentations\.Rotate"),
        ("rotate", {1: 2}, r"settings: must be a dict"),
        ("rotate", {"limit": {1, 2}}, r"settings: must hold what JSON can"),
        ("rotate", {"limit": float("nan")}, r"settings: must hold what JSON can"),
        ("rotate", {"border_mode": 4}, r"border_mode must be one of \[0, 1\].*a second time"),
        ("random_crop", {"height": 3}, r"albumentations\.RandomCrop refuses"),
    ],
)
def test_wrong_settings(name, settings, said):
    with pytest.raises(mm.PolicyError, match=said):
        mm.op(f"image.alb.{name}", settings=settings)


def test_settings_survive_json():
    policy = mm.Policy.sequence(
        mm.op("image.alb.affine", settings={"rotate": (-10, 10), "translate_percent": {"x": (0.0, 0.1), "y": (0, 0)}})
    )
    again = mm.Policy.from_json(json.loads(json.dumps(policy.to_json())))
    assert again == policy and again.to_json() == policy.to_json()
    graph = mm.TransformGraph(policy, schema=SCHEMA)
    plan = graph.plan(key=1)
    assert mm.Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_a_picture_that_is_too_small_is_told():
    graph = mm.TransformGraph(mm.op("image.alb.random_crop", settings={"height": 50, "width": 50}), schema=SCHEMA)
    said = r"op 'image\.alb\.random_crop' with settings .*cannot run it on a picture of 20 x 20: .*give settings that fit"
    with pytest.raises(mm.RowError, match=said):
        graph({"image": np.zeros((20, 20, 3), np.uint8), "caption": ""}, key=1)
    with pytest.raises(mm.RowError, match=r"must give uint8 \[h, w, 3\], got uint8 \[20, 20\]; change the settings|must give"):
        graph = mm.TransformGraph(mm.op("image.alb.to_gray", settings={"num_output_channels": 1}), schema=SCHEMA)
        graph({"image": np.zeros((20, 20, 3), np.uint8), "caption": ""}, key=1)


TOO_SMALL = {
    (1, 1): "downscale fancy_pca frequency_masking glass_blur grid_distortion grid_dropout plasma_brightness_contrast plasma_shadow "
    "random_scale superpixels time_masking to_gray xy_masking",
    (9, 2): "downscale frequency_masking glass_blur grid_distortion superpixels time_masking xy_masking",
    (33, 20): "frequency_masking time_masking",
}
"""Known limits: ops whose transform, as it comes, cannot run on a picture of that size."""


@pytest.mark.parametrize("size", TOO_SMALL)
def test_tiny_pictures_run_or_are_refused_by_name(size):
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    refused = set()
    for cls, entry in CATALOGUE.items():
        try:
            executor.run(program(cls, {}, 3, size), picture)
        except mm.RowError as error:
            assert entry.name in str(error)
            refused.add(entry.name.removeprefix("alb."))
    assert refused == set(TOO_SMALL[size].split())


def test_without_albumentations_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(
        mm.PolicyError, match=r"needs albumentations 2\.0\.8, which is not installed; pip install 'mmaug\[albumentations\]'"
    ):
        mm.op("image.alb.rotate", settings={"limit": 7.25})
