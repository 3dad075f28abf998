"""Masks on log-mel features against a naive count of what is covered."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmaug.errors import MmaugError
from mmaug.modalities.audio.features import mask_frequency, mask_time

FEATURES = np.random.default_rng(0).normal(2.0, 1.0, (6, 80, 300)).astype(np.float32)


@pytest.mark.parametrize(("mask", "axis", "most"), [(mask_frequency, 1, 2 * 27), (mask_time, 2, 2 * 100)])
def test_whole_bins_or_frames_are_covered_by_the_mean_and_nothing_else_changes(mask, axis, most):
    seen = set()
    for start in range(0, 60, 6):
        before = FEATURES.copy()
        out = mask(FEATURES, list(range(start, start + 6)))
        assert np.array_equal(before, FEATURES) and out.dtype == np.float32 and out.shape == FEATURES.shape
        for example, masked in zip(FEATURES, out, strict=True):
            gone = masked != example
            lines = gone.all(axis=2 - axis)
            assert np.array_equal(gone, np.broadcast_to(np.expand_dims(lines, 2 - axis), gone.shape))
            assert lines.sum() <= most and np.diff(np.concatenate(([0], lines, [0]))).clip(0).sum() <= 2
            np.testing.assert_allclose(masked[gone], example.mean(), rtol=1e-4)
            seen.add(int(lines.sum()))
    assert len(seen) > 20  # every example its own


def test_widths_are_spread_from_none_to_the_widest():
    widths = [int((mask_time(FEATURES[0], seed, masks=1, widest=10, fill=-9.0) == -9.0)[0].sum()) for seed in range(600)]
    assert set(widths) == set(range(11)) and np.mean(widths) == pytest.approx(5.0, abs=0.4)
    short = [int((mask_time(FEATURES[0, :, :20], seed, masks=1, share=0.2, fill=-9.0) == -9.0)[0].sum()) for seed in range(100)]
    assert max(short) == 4


def test_torch_gets_the_same_masks_as_numpy():
    for mask in (mask_frequency, mask_time):
        out = mask(torch.from_numpy(FEATURES), range(6))
        assert isinstance(out, torch.Tensor)
        np.testing.assert_allclose(out.numpy(), mask(FEATURES, range(6)), rtol=1e-5)
        np.testing.assert_allclose(mask(FEATURES[2], 2), mask(FEATURES, range(6))[2])


def test_no_masks_change_nothing_and_wrong_shapes_are_refused():
    assert np.array_equal(mask_time(FEATURES, range(6), masks=0), FEATURES)
    assert np.array_equal(mask_frequency(FEATURES, range(6), widest=0), FEATURES)
    with pytest.raises(MmaugError, match="a seed an example"):
        mask_time(FEATURES, 3)
    with pytest.raises(MmaugError, match=r"\[80\]"):
        mask_time(FEATURES[0, :, 0], 3)
