"""Composed time maps against a recording of numbered moments that is cut, turned and put together by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmaug.effects import time
from mmaug.registry import get_op

SECONDS = 3.0
DENSE = 6000
F = 0.7035639864186543
"""A fraction whose roundings once left a piece of no length."""


def shift(fraction: float):
    return ("audio.time_shift", {"fraction": fraction})


steps = st.lists(
    st.one_of(
        st.builds(lambda f: ("audio.time_shift", {"fraction": f}), st.floats(-1, 1)),
        st.builds(lambda r: ("audio.time_stretch", {"rate": r}), st.floats(0.25, 4)),
        st.builds(lambda: ("audio.reverse", {})),
        st.builds(lambda k, s: ("audio.time_crop", {"keep": k, "start": s}), st.floats(0.05, 1), st.floats(0, 1)),
    ),
    max_size=6,
)


def composed(run) -> time.TimeMap:
    move = time.identity(SECONDS)
    for name, params in run:
        move = move.then(get_op(name).function(move.out_seconds, **params))
    return move


def by_hand(run, moments: np.ndarray) -> tuple[np.ndarray, float]:
    """Where each moment is heard at the end (NaN: nowhere), one op after the other, and the final length."""
    at, seconds = moments.copy(), SECONDS
    for name, params in run:
        if name == "audio.time_shift":
            at = (at + params["fraction"] * seconds) % seconds
        elif name == "audio.time_stretch":
            at, seconds = at / params["rate"], seconds / params["rate"]
        elif name == "audio.reverse":
            at = seconds - at
        else:
            length = params["keep"] * seconds
            at = at - params["start"] * (seconds - length)
            at, seconds = np.where((at >= 0) & (at <= length), at, np.nan), length
    return at, seconds


def mapped(move: time.TimeMap, moments: np.ndarray) -> np.ndarray:
    """The same through the pieces of a map."""
    out = np.full(len(moments), np.nan)
    for start, end, to, until in move.pieces:
        in_piece = (moments >= start) & (moments <= end)
        out[in_piece] = to + (moments[in_piece] - start) * (until - to) / (end - start)
    return out


@settings(max_examples=150, deadline=None)
@given(steps)
def test_a_composed_map_moves_moments_as_the_ops_in_turn(run):
    moments = (np.arange(DENSE) + 0.5) * SECONDS / DENSE
    move, (expected, seconds) = composed(run), by_hand(run, moments)
    assert move.out_seconds == pytest.approx(seconds)
    got = mapped(move, moments)
    seam = np.isnan(got) != np.isnan(expected)
    assert seam.mean() < 2e-3  # moments that lie on a cut
    far = np.abs(got - expected) > 1e-6
    assert np.mean(far & ~np.isclose(np.abs(got - expected), move.out_seconds, atol=1e-3)) < 2e-3
    heard = ~np.isnan(expected)
    assert move.kept == pytest.approx(heard.mean(), abs=2e-3)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_order_and_direction_are_those_of_the_sampled_function(run):
    moments = (np.arange(DENSE) + 0.5) * SECONDS / DENSE
    move, (expected, _) = composed(run), by_hand(run, moments)
    apart = [p for p in move.pieces if p[1] - p[0] > 2 * SECONDS / DENSE]
    if len(apart) != len(move.pieces):
        return  # a piece shorter than the sampling
    walk = np.diff(expected[~np.isnan(expected)])
    backwards = sum(name == "audio.reverse" for name, _ in run) % 2 == 1
    assert move.backwards == backwards
    assert move.in_order == bool((walk > 0).all())


@settings(max_examples=100, deadline=None)
@given(steps, st.floats(0, SECONDS), st.floats(0, SECONDS))
def test_images_are_the_parts_of_a_stretch_that_are_heard(run, a, b):
    start, end = min(a, b), max(a, b)
    move = composed(run)
    moments = np.linspace(start, end, 400)[1:-1]
    at = mapped(move, moments)
    images = move.images(start, end)
    if start < end:
        assert sum(last - first for first, last, _, _ in images) == pytest.approx((end - start) * np.mean(~np.isnan(at)), abs=0.03)
    for first, last, to, until in images:
        assert start - 1e-9 <= first <= last <= end + 1e-9
        assert min(to, until) >= -1e-9 and max(to, until) <= move.out_seconds + 1e-9
        np.testing.assert_allclose(mapped(move, np.array([(first + last) / 2])), (to + until) / 2, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(steps)
@example([shift(F), ("audio.time_stretch", {"rate": F}), ("audio.reverse", {}), shift(F), shift(0.0)])
@example([shift(0.3), shift(0.7 - 1e-16), ("audio.reverse", {}), shift(0.3)])
def test_pieces_are_in_order_apart_and_of_one_tempo(run):
    move = composed(run)
    for (_, end, _, _), (start, _, _, _) in zip(move.pieces, move.pieces[1:], strict=False):
        assert end <= start + 1e-9
    for start, end, to, until in move.pieces:
        assert start < end and to != until
        assert (end - start) / abs(until - to) == pytest.approx(move.rate, rel=1e-4)


@pytest.mark.parametrize("fraction", [1e-17, -1e-17, -1e-300, 1.0, -1.0, 0.0, 0.5])
def test_a_shift_by_next_to_nothing_is_a_map(fraction):
    move = get_op("audio.time_shift").function(SECONDS, fraction=fraction)
    assert move.then(time.reversed_(SECONDS)).rate == pytest.approx(1)
    assert move.images(0.0, 0.0) and move.images(SECONDS, SECONDS)
    assert move.kept == pytest.approx(1)
    assert move.is_identity == (fraction != 0.5)


def test_what_undoes_itself_is_the_identity():
    faster, slower = time.faster(SECONDS, 1.25), time.faster(SECONDS / 1.25, 0.8)
    assert faster.then(slower).is_identity
    assert time.reversed_(SECONDS).then(time.reversed_(SECONDS)).is_identity
    assert time.rolled(SECONDS, 1.0).then(time.rolled(SECONDS, 2.0)).is_identity
    assert len(time.rolled(SECONDS, 1.0).then(time.rolled(SECONDS, 2.0)).pieces) == 1
    assert not time.faster(SECONDS, 1.25).is_identity and not time.reversed_(SECONDS).is_identity


def test_what_comes_after_padding_starts_from_the_recording_itself():
    """Padding behind leaves every moment where it is, and is no identity all the same."""
    move = time.padded(1.0, 0.0, 0.25).then(time.reversed_(1.25))
    assert move.seconds == 1.0 and move.out_seconds == 1.25
    assert move.images(0.0, 0.5) == [(0.0, 0.5, 1.25, 0.75)]
