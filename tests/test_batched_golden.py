"""The torch executor against torchvision's golden pixels of the AutoAugment family: all cases at once, with the tolerances of OpenCV's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_golden_pixels import EXACT, GOLDEN, SIDE, TURNS, WITHIN_1, cases, inside, our_step, photo

from mmaug.modalities.image.batched import executor
from mmaug.modalities.image.program import compile_steps

pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"golden files are not at {GOLDEN}")


def test_pixels_are_torchvisions():
    found = [(op, item, theirs) for op in (*EXACT, *WITHIN_1, *TURNS) for item, theirs in cases(op)]
    steps = [our_step(op, item["magnitude"]) for op, item, _ in found]
    pictures = torch.from_numpy(photo().copy()).permute(2, 0, 1).expand(len(found), 3, SIDE, SIDE)
    out = executor.run([compile_steps([step], (SIDE, SIDE)) for step in steps], pictures)
    assert len(found) == 184
    for (op, item, theirs), step, picture in zip(found, steps, out, strict=True):
        where = inside(step) if op in (*TURNS, "TranslateX", "TranslateY") else np.ones((SIDE, SIDE), bool)
        off = np.abs(picture.permute(1, 2, 0).numpy().astype(int) - theirs)[where]
        if op in TURNS and item["interpolation"] == "nearest":
            assert 10 * np.log10(255**2 / max((off**2).mean(), 1e-9)) > 26, item["key"]
        else:
            assert off.max() <= (0 if op in EXACT else 1 if op in WITHIN_1 else 2), (item["key"], off.max())
