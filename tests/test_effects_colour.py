"""Composed colour functions against a loop over pixels and stages."""

from __future__ import annotations

import numpy as np
import pytest

from mmaug.effects.colour import ColourMap, is_table
from mmaug.modalities.image import executor
from mmaug.registry import get_op

COLOURS = np.random.default_rng(0).integers(0, 256, (60, 3))


def table(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (256, 3)).astype(np.uint8)


def looped(stages, colour) -> list[float]:
    """One colour through stages, in plain Python; values between two table entries lie on the line between."""
    value = [float(v) for v in colour]
    for stage in stages:
        if is_table(stage):
            below = [int(v) for v in value]
            value = [
                float(stage[b, i]) + (v - b) * (float(stage[min(b + 1, 255), i]) - float(stage[b, i]))
                for i, (b, v) in enumerate(zip(below, value, strict=True))
            ]
        else:
            value = [min(max(sum(row[k] * value[k] for k in range(3)) + row[3], 0.0), 255.0) for row in stage.tolist()]
    return value


def build(stages) -> ColourMap:
    made = ColourMap()
    for stage in stages:
        made = made.then(stage)
    return made


OPS = [
    get_op("image.brightness").function(factor=0.4),
    get_op("image.hue").function(degrees=75.0),
    get_op("image.to_gray").function(),
    get_op("image.invert").function(),
]


@pytest.mark.parametrize("stages", [[op] for op in OPS] + [[table(1), OPS[1], table(2)], [OPS[0], table(3)], [table(4), OPS[3]]])
def test_one_stage_after_the_other_is_the_loop(stages):
    expected = [looped(stages, colour) for colour in COLOURS]
    np.testing.assert_allclose(build(stages)(COLOURS.astype(float)), expected, atol=1e-9)


def test_tables_merge_exactly_and_matrices_without_clipping_between():
    merged = build([table(1), table(2)])
    assert len(merged.stages) == 1
    expected = [[int(table(2)[table(1)[v, i], i]) for i, v in enumerate(colour)] for colour in COLOURS]
    assert merged(COLOURS.astype(float)).tolist() == expected
    over = build([get_op("image.brightness").function(factor=4.0), get_op("image.brightness").function(factor=0.25)])
    assert over.is_identity and not over.stages  # 200 * 4 is not cut at 255
    both = build([OPS[1], OPS[0]])
    unclipped = np.array([[sum(OPS[1][r, k] * c[k] for k in range(3)) * 0.4 for r in range(3)] for c in COLOURS])
    np.testing.assert_allclose(both(COLOURS.astype(float)), np.clip(unclipped, 0, 255), atol=1e-9)


def test_matrices_merge_in_the_order_of_the_steps():
    first, second = (np.random.default_rng(seed).uniform(-0.3, 0.6, (3, 4)) * (1, 1, 1, 50) for seed in (1, 2))
    expected = []
    for colour in COLOURS.tolist():
        between = [sum(row[k] * colour[k] for k in range(3)) + row[3] for row in first.tolist()]
        expected.append([sum(row[k] * between[k] for k in range(3)) + row[3] for row in second.tolist()])
    np.testing.assert_allclose(build([first, second])(COLOURS.astype(float)), np.clip(expected, 0, 255), atol=1e-9)


def test_what_undoes_itself_is_nothing():
    back = table(0)
    forth = np.stack([np.random.default_rng(i).permutation(256) for i in range(3)], axis=1).astype(np.uint8)
    for channel in range(3):
        back[forth[:, channel], channel] = np.arange(256)
    assert build([forth, back]).stages == ()
    assert build([OPS[3], OPS[3]]).stages == ()
    assert build([OPS[1], get_op("image.hue").function(degrees=-75.0)]).stages == ()
    assert build([OPS[1], forth, back, get_op("image.hue").function(degrees=-75.0)]).stages == ()
    assert build([get_op("image.hue").function(degrees=0.0)]).is_identity
    assert not build([get_op("image.hue").function(degrees=1.0)]).is_identity


@pytest.mark.parametrize("stages", [[op] for op in OPS] + [[table(1), OPS[1], table(2)], [OPS[1], OPS[0], table(3), OPS[3]]])
def test_pixels_get_the_colours_that_the_rules_reckon_with(stages):
    """Executor and prototype colours agree to a level for each rounding to 8 bits on the way."""
    change = build(stages)
    pixels = COLOURS.astype(np.uint8)[None]
    got, whole = pixels, COLOURS.astype(float)
    for stage in change.stages:
        got = executor.recolour(got, stage)
        whole = np.rint(ColourMap((stage,))(whole))  # rounded after each, as pixels are
    got = got[0]
    np.testing.assert_allclose(got, whole, atol=1 if not any(is_table(s) for s in change.stages) else 255)
    if not any(is_table(s) for s in change.stages):
        return
    exact = np.array([np.abs(g - w).max() <= 1 for g, w in zip(got.astype(int), whole, strict=True)])
    assert exact.mean() > 0.5  # a random table tears neighbours apart; most pixels are hit exactly


def test_primaries_turn_by_a_third_of_a_circle():
    turn = ColourMap((get_op("image.hue").function(degrees=120.0),))
    np.testing.assert_allclose(turn(255.0 * np.eye(3)), 255.0 * np.eye(3)[[1, 2, 0]], atol=1e-9)
    np.testing.assert_allclose(turn(np.full((1, 3), 93.0)), [[93.0, 93.0, 93.0]], atol=1e-9)
