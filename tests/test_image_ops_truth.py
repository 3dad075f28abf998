"""All picture ops of the design under the promise: no mix makes a caption of a drawn scene false, or a box leave its object.

The truth is read back from the augmented pixels and masks by `truth`, which knows nothing of mmaug. It reads colours as medians, so
noise and blur do not blind it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from test_truth_holds import faults, scene_schema

import mmaug as mm
from mmaug.registry import OPS
from mmaug.testing.scenes import draw_scene

GEOMETRY = (
    "horizontal_flip vertical_flip transpose rotate90 rotate shear_x shear_y translate_x translate_y scale affine perspective elastic"
    " grid_distortion random_resized_crop random_crop center_crop resize pad"
)
COLOUR = (
    "brightness contrast saturation hue gamma auto_contrast equalize clahe invert solarize solarize_add posterize to_gray sepia"
    " channel_shuffle rgb_shift color_temperature"
)
QUALITY = "sharpness gaussian_blur motion_blur defocus gaussian_noise iso_noise salt_and_pepper jpeg downscale fog shadow"
ERASE = "cutout grid_mask"
NAMES = [f"image.{name}" for name in " ".join((GEOMETRY, COLOUR, QUALITY, ERASE)).split()]


def op(name: str, strength: float) -> mm.PolicyOp:
    if name == "image.resize":
        return mm.op(name, size=(150, 220))
    return mm.op(name, strength=strength) if OPS[name].has_strength else mm.op(name)


def test_all_ops_of_the_design_are_there():
    assert len(NAMES) == 49 and set(NAMES) <= OPS.keys()


@pytest.mark.parametrize("start", range(0, 80, 20))
def test_no_mix_of_picture_ops_makes_a_pair_false(start):
    """Mixes of few or many ops, at any strength and in any order; thousands more were run when the ops were written."""
    found = []
    for scene in range(start, start + 20):
        row, rng = draw_scene(scene), np.random.default_rng(scene)
        for most in (3, 6, 10):
            strength = float(rng.choice([0.2, 0.3, 0.6, 1.0]))
            names = rng.permutation(NAMES)[: int(rng.integers(1, most + 1))]
            policy = mm.Policy.sequence(*(op(str(name), strength) for name in names))
            out, trace = mm.TransformGraph(policy, schema=scene_schema(recorded_with="image"), seed=scene).run(row, key=most)
            found += [f"scene {scene}, {most}: {fault}\n{trace}" for fault in faults(out, row)]
    assert not found, f"{len(found)} faults; the first:\n{found[0]}"


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.removeprefix("image."))
def test_no_op_at_full_strength_makes_a_pair_false(name):
    graph = mm.TransformGraph(mm.Policy.sequence(op(name, 1.0)), schema=scene_schema(recorded_with="image"))
    for scene in range(400, 412):
        row = draw_scene(scene)
        out, trace = graph.run(row, key=scene)
        assert not (found := faults(out, row)), f"{found[0]}\n{trace}"


def test_most_steps_are_applied():
    """Of the drawn steps of each op 60 % or more, on its own at its default strength."""
    shares, rows = {}, [draw_scene(scene) for scene in range(40)]
    for name in NAMES:
        graph = mm.TransformGraph(mm.Policy.sequence(op(name, 0.3)), schema=scene_schema(recorded_with="image"))
        applied = Counter(r.applied for key, row in enumerate(rows) for r in graph.resolve(graph.plan(key=key), row).trace.steps)
        shares[name.removeprefix("image.")] = applied[True] / applied.total()
    assert not {name: share for name, share in shares.items() if share < 0.6}
