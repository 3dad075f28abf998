"""Our ops against torchvision 0.28 (on Pillow 13), whose AutoAugment family was run on one photo with its published magnitudes.

Tolerances. Invert, posterize, solarize, auto_contrast, equalize and whole-pixel shifts: exact. Brightness, color, contrast, sharpness: 1
grey level (Pillow cuts decimals off, we round). Shears and rotations with bilinear resampling: 2 levels away from the border, where
they mix in their grey fill and we our black; with nearest neighbour, which we do not use, what bilinear gives there is within 26 dB.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from mmaug.modalities.image import executor
from mmaug.modalities.image.program import compile_steps

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "data" / "golden"
pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"golden files are not at {GOLDEN}")

TURNS = ("ShearX", "ShearY", "Rotate")
EXACT = ("TranslateX", "TranslateY", "Posterize", "Solarize", "AutoContrast", "Invert", "Equalize")
WITHIN_1 = ("Brightness", "Color", "Contrast", "Sharpness")
SIDE = 128


@cache
def photo() -> np.ndarray:
    pixels = np.asarray(Image.open(GOLDEN / "hopper.png").convert("RGB"))
    assert pixels.shape == (SIDE, SIDE, 3)
    return pixels


def cases(op: str) -> list[tuple[dict, np.ndarray]]:
    """The golden cases of one op, with their pixels as int."""
    items = json.loads((GOLDEN / "torchvision_autoaugment_ops_hopper.json").read_text())["items"]
    with np.load(GOLDEN / "torchvision_autoaugment_ops_hopper.npz") as arrays:
        return [(item, arrays[item["array"]].astype(int)) for item in items if item["op"] == op]


def our_step(op: str, magnitude: float) -> tuple[str, dict]:
    """The same in our parameters. torchvision shears about the top left and the other way, and cuts shifts to whole pixels."""
    enhance = {"factor": 1 + magnitude}
    return {
        "ShearX": ("image.shear_x", {"tangent": -magnitude, "row": 0.0}),
        "ShearY": ("image.shear_y", {"tangent": -magnitude, "column": 0.0}),
        "TranslateX": ("image.translate_x", {"fraction": int(magnitude) / SIDE}),
        "TranslateY": ("image.translate_y", {"fraction": int(magnitude) / SIDE}),
        "Rotate": ("image.rotate", {"degrees": magnitude}),
        "Brightness": ("image.brightness", enhance),
        "Color": ("image.saturation", enhance),
        "Contrast": ("image.contrast", enhance),
        "Sharpness": ("image.sharpness", enhance),
        "Posterize": ("image.posterize", {"bits": magnitude}),
        "Solarize": ("image.solarize", {"threshold": magnitude}),
        "AutoContrast": ("image.auto_contrast", {}),
        "Equalize": ("image.equalize", {}),
        "Invert": ("image.invert", {}),
    }[op]


def ours(step: tuple[str, dict], pixels: np.ndarray) -> np.ndarray:
    return executor.run(compile_steps([step], (pixels.shape[1], pixels.shape[0])), pixels).astype(int)


def inside(step: tuple[str, dict]) -> np.ndarray:
    """The pixels that are at least two away from what entered: bool [h, w]."""
    seen = ours(step, np.full((SIDE, SIDE, 3), 255, np.uint8))[..., 0] == 255
    return seen if seen.all() else ndimage.binary_erosion(seen, iterations=2)


@pytest.mark.parametrize("op", [*EXACT, *WITHIN_1, *TURNS])
def test_pixels_are_torchvisions(op):
    found = cases(op)
    assert found
    for item, theirs in found:
        step = our_step(op, item["magnitude"])
        where = inside(step) if op in (*TURNS, "TranslateX", "TranslateY") else np.ones((SIDE, SIDE), bool)
        assert where.mean() > 0.2
        off = np.abs(ours(step, photo()) - theirs)[where]
        if op in TURNS and item["interpolation"] == "nearest":
            assert 10 * np.log10(255**2 / max((off**2).mean(), 1e-9)) > 26, item["key"]
        else:
            assert off.max() <= (0 if op in EXACT else 1 if op in WITHIN_1 else 2), (item["key"], off.max())


def test_every_op_of_the_golden_file_is_compared():
    items = json.loads((GOLDEN / "torchvision_autoaugment_ops_hopper.json").read_text())["items"]
    assert {item["op"] for item in items} == {*EXACT, *WITHIN_1, *TURNS} and len(items) == 184
