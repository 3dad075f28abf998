"""The promise itself: on drawn scenes no mix of ops makes a caption false or a box leave its object, and most steps are applied.

The truth is read back from the augmented mask, pixels and sound by `truth`, which knows nothing of mmaug.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import truth
from native import NATIVE

import mmaug as mm
from mmaug.testing.scenes import draw_scene

PICTURE = "horizontal_flip vertical_flip rotate90 rotate translate_x random_resized_crop brightness hue to_gray invert cutout".split()
SOUND = "gain time_stretch time_shift time_crop reverse swap_channels".split()
OPS = [*(f"image.{name}" for name in PICTURE), "text.choose_caption", *(f"audio.{name}" for name in SOUND)]


def scene_schema(**audio) -> mm.Schema:
    return mm.Schema(
        image=mm.Image(),
        mask=mm.Mask(of="image"),
        boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
        captions=mm.Caption(of="image"),
        caption_kinds=mm.Opaque(),
        audio=mm.Audio(**audio),
        events=mm.Events(of="audio"),
        audio_caption=mm.Caption(of="audio"),
    )


def faults(out, row) -> list[str]:
    return [
        *truth.false_claims(out, row),
        *truth.boxes_leave_object(out, row),
        *truth.events_off_sound(out),
        *truth.sound_off_object(out, row),
        *(f"unparsed: {text}" for text in truth.unparsed(out)),
    ]


READABLE = ("text.choose_caption", "text.synonym", "text.hypernym")
"""Text ops whose results the judge can parse; what typos may not touch is held by tests/test_text_real.py."""

LASTING = ("audio.reverb",)
"""A room makes sounds last longer than their events, which say when the source sounds; the judge hears the room."""

MIXED = [name for name, op in NATIVE.items() if (op.modality != "text" or name in READABLE) and name not in LASTING]


def mixes(scene: int) -> list[list[str]]:
    """Three mixes of ops for a scene: few or many, in any order."""
    rng = np.random.default_rng(scene)
    return [[str(op) for op in rng.choice(MIXED, count, replace=False)] for count in (3, 6, 10)]


@pytest.mark.parametrize("start", range(0, 240, 40))
def test_no_mix_of_ops_makes_a_pair_false(start):
    found = []
    for scene in range(start, start + 40):
        row = draw_scene(scene)
        for number, names in enumerate(mixes(scene)):
            graph = mm.TransformGraph(mm.Policy.sequence(*map(mm.op, names)), schema=scene_schema(recorded_with="image"), seed=scene)
            out, trace = graph.run(row, key=number)
            found += [f"scene {scene}, mix {number}: {fault}\n{trace}" for fault in faults(out, row)]
    assert not found, f"{len(found)} faults; the first:\n{found[0]}"


@pytest.mark.parametrize("strength", [0.1, 0.6, 1.0])
def test_no_strength_makes_a_pair_false(strength):
    found = []
    policy = mm.policies.rand_augment(n=3, m=strength, modalities=("image", "audio"))
    graph = mm.TransformGraph(policy, schema=scene_schema(recorded_with="image"), seed=1)
    for scene in range(300, 380):
        row = draw_scene(scene)
        out, trace = graph.run(row, key=scene)
        found += [f"scene {scene}: {fault}\n{trace}" for fault in faults(out, row)]
    assert not found, f"{len(found)} faults; the first:\n{found[0]}"


OFTEN_VETOED = {
    **dict.fromkeys(("audio.clip_distortion", "audio.bit_crush", "audio.compress_codec"), 0.1),  # "two beeps, then silence"
    "audio.tremolo": 0.0,  # all scenes count their beeps
    "audio.time_shift": 0.45,
    "audio.time_mask": 0.45,
}
"""Least share of steps applied of ops that the captions of most scenes speak against; 0.6 of any other."""


def test_most_steps_are_applied():
    """Of the drawn steps of each op most are applied, each op on its own at its default strength."""
    drawn, applied = Counter(), Counter()
    names = [name for name, op in NATIVE.items() if op.modality != "image"]  # those: tests/test_image_ops_truth.py
    for name in names:
        graph = mm.TransformGraph(mm.Policy.sequence(mm.op(name)), schema=scene_schema(recorded_with="image"))
        for scene in range(60):
            row = draw_scene(scene)
            for record in graph.resolve(graph.plan(key=scene), row).trace.steps:
                drawn[name] += 1
                applied[name] += record.applied
    shares = {name: applied[name] / drawn[name] for name in names}
    assert not {name: share for name, share in shares.items() if share < OFTEN_VETOED.get(name, 0.6)}


def test_the_judge_sees_a_rule_that_is_missing():
    """Without the rules for captions the same mixes lie, and the judge says so."""
    kept = [rule for rule in mm.pairing.DEFAULT if "caption" not in rule.kinds]
    silent = [
        mm.pairing.harmless(aspect, on=("caption", "messages"))
        for aspect in ("geometry", "view", "colour", "time", "order", "loudness", "channels")
    ]
    rules = mm.pairing.Rules([*kept, *silent])
    lies = 0
    for scene in range(20):
        row = draw_scene(scene)
        policy = mm.Policy.sequence(*map(mm.op, ("image.horizontal_flip", "image.hue", "audio.reverse")))
        out = mm.TransformGraph(policy, schema=scene_schema(recorded_with="image"), rules=rules)(row, key=scene)
        lies += bool(truth.false_claims(out, row))
    assert lies >= 10
