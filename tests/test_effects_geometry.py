"""Composed geometry and visibility against brute force: point by point, and by counting pixels of a fine raster."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap
from mmaug.effects.picture import ImageState, image_state
from mmaug.effects.view import clip, cut_away, seen
from mmaug.registry import get_op

SIZE = (160, 120)
SQUARE = [(x, 0, 0, y) for x in (1, -1) for y in (1, -1)] + [(0, x, y, 0) for x in (1, -1) for y in (1, -1)]

steps = st.lists(
    st.one_of(
        st.builds(lambda: ("image.horizontal_flip", {})),
        st.builds(lambda n: ("image.rotate90", {"turns": n}), st.sampled_from([1, 2, 3])),
        st.builds(lambda d: ("image.rotate", {"degrees": d}), st.floats(-180, 180)),
        st.builds(lambda f: ("image.translate_x", {"fraction": f}), st.floats(-1, 1)),
        st.builds(
            lambda s, r, x, y, n: ("image.random_resized_crop", {"scale": s, "ratio": r, "x": x, "y": y, "size": n}),
            st.floats(0.05, 1), st.floats(0.5, 2), st.floats(0, 1), st.floats(0, 1), st.sampled_from([None, [37, 61], [200, 90]]),
        ),
    ),
    max_size=6,
)  # fmt: skip


def by_hand(name: str, params: dict, size: tuple[int, int], x: float, y: float) -> tuple[float, float, tuple[int, int]]:
    """Where one op puts one point, in schoolbook coordinates, and the new size; written without `mmaug.effects`."""
    w, h = size
    if name == "image.horizontal_flip":
        return w - x, y, size
    if name == "image.rotate90":
        for _ in range(params["turns"]):  # counter-clockwise as seen: what was on the right is now on top
            x, y, w, h = y, w - x, h, w
        return x, y, (w, h)
    if name == "image.rotate":
        z = complex(x - w / 2, -(y - h / 2)) * complex(math.cos(math.radians(params["degrees"])), math.sin(math.radians(params["degrees"])))
        return z.real + w / 2, h / 2 - z.imag, size
    if name == "image.translate_x":
        return x + params["fraction"] * w, y, size
    out_h, out_w = params["size"] or (h, w)
    aspect = out_w / out_h * params["ratio"]
    cw, ch = (min(max(round(math.sqrt(params["scale"] * w * h * by)), 1), side) for by, side in ((aspect, w), (1 / aspect, h)))
    left, top = round(params["x"] * (w - cw)), round(params["y"] * (h - ch))  # whole pixels
    return (x - left) / cw * out_w, (y - top) / ch * out_h, (out_w, out_h)


@settings(max_examples=80, deadline=None)
@given(steps, st.floats(0, SIZE[0]), st.floats(0, SIZE[1]))
def test_composed_ops_move_a_point_as_the_ops_in_turn(run, x, y):
    state, expected, size = image_state(SIZE), (x, y), SIZE
    for name, params in run:
        state = get_op(name).compose(state, params)
        *expected, size = by_hand(name, params, size, *expected)
    assert state.geometry.out_size == size
    there = state.geometry.points(np.array([[x, y]]))
    np.testing.assert_allclose(there, [expected], atol=1e-6 * (1 + np.abs(expected).max()))
    np.testing.assert_allclose(state.geometry.back().points(there), [[x, y]], atol=1e-4)


def test_projective_maps_compose_point_by_point():
    tilt = geometry.from_matrix(np.array([[1, 0.1, 3], [0.05, 0.9, -2], [1e-3, -5e-4, 1]]), SIZE, SIZE)
    points = np.random.default_rng(0).uniform(0, 120, (20, 2))
    both = tilt.then(geometry.affine(SIZE, 0.5, 0.2, -0.1, 0.7)).then(tilt)
    expected = []
    for x, y in points:
        for move in (tilt, geometry.affine(SIZE, 0.5, 0.2, -0.1, 0.7), tilt):
            u, v, w = move.matrix @ (x, y, 1)
            x, y = u / w, v / w
        expected.append((x, y))
    np.testing.assert_allclose(both.points(points), expected, atol=1e-9)
    there_and_back = tilt.then(tilt.back())
    np.testing.assert_allclose(there_and_back.points(points), points, atol=1e-9)
    assert there_and_back.is_identity


@pytest.mark.parametrize("linear", SQUARE)
def test_turn_knows_the_eight_ways_to_lay_a_square(linear):
    size = (80, 80)
    move = geometry.affine(size, *linear)
    turn, off = move.turn()
    assert turn == linear and off == pytest.approx(0, abs=1e-9)
    assert move.mirrored == (linear[0] * linear[3] - linear[1] * linear[2] < 0)
    for degrees in (-30, -5, 5, 30):
        tilted = move.then(get_op("image.rotate").function(size, degrees=degrees))
        assert tilted.turn()[0] == linear and tilted.turn()[1] == pytest.approx(abs(degrees), abs=1e-9)


@pytest.mark.parametrize(("shear", "off"), [(0.2, math.degrees(math.atan(0.2))), (-0.9, math.degrees(math.atan(0.9))), (0.0, 0.0)])
def test_turn_of_a_shear_is_how_far_the_worse_axis_leans(shear, off):
    turn, found = geometry.affine(SIZE, 1, shear, 0, 1).turn()
    assert turn == geometry.UPRIGHT and found == pytest.approx(off)
    assert geometry.affine(SIZE, 1, 1.5, 0, 1).turn() == (geometry.UPRIGHT, 90.0)  # both axes lie nearest to x
    assert geometry.affine(SIZE, 1, 2, 0.5, 1).turn() == (geometry.UPRIGHT, 90.0)  # singular


def test_quarter_turns_are_numpys():
    grid = np.arange(12).reshape(3, 4)
    for turns in (1, 2, 3):
        move, turned = get_op("image.rotate90").function((4, 3), turns=turns), np.rot90(grid, turns)
        for y, x in np.ndindex(grid.shape):
            column, row = move.points(np.array([[x + 0.5, y + 0.5]]))[0] - 0.5
            assert turned[round(row), round(column)] == grid[y, x]


# -- visibility -------------------------------------------------------------------------------------------------------

FINE = 8
"""Raster points a pixel, along each side."""


def inside(polygon: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points lie in a convex polygon, by the sign of every cross product (either orientation)."""
    edge = np.roll(polygon, -1, axis=0) - polygon
    cross = edge[:, 0] * (points[:, 1:] - polygon[:, 1]) - edge[:, 1] * (points[:, :1] - polygon[:, 0])
    return (cross >= 0).all(axis=1) | (cross <= 0).all(axis=1)


def counted(box, move: GeometryMap, hidden) -> tuple[float, np.ndarray | None]:
    """The share of a box in view and the centre of what is seen now, by counting points of a fine grid in the box."""
    x1, y1, x2, y2 = box
    counts = [max(int((b - a) * FINE), 64) for a, b in ((x1, x2), (y1, y2))]
    xs, ys = (a + (np.arange(n) + 0.5) * (b - a) / n for n, a, b in zip(counts, (x1, y1), (x2, y2), strict=True))
    points = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    moved = move.points(points)
    free = (moved >= 0).all(axis=1) & (moved < np.array(move.out_size)).all(axis=1)
    for polygon in hidden:
        free &= ~inside(np.array(polygon), points)
    return free.mean(), moved[free].mean(axis=0) if free.any() else None


def random_polygon(rng) -> list[tuple[float, float]]:
    """A convex polygon of 3 to 7 corners, either way round."""
    hull = cv2.convexHull(rng.uniform((0, 0), SIZE, (7, 2)).astype(np.float32))[:, 0].astype(float)
    return [tuple(p) for p in (hull if rng.random() < 0.5 else hull[::-1]).tolist()]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_seen_is_what_a_raster_counts(seed):
    rng = np.random.default_rng(seed)
    x1, y1 = rng.uniform((0, 0), (110, 80))
    box = (x1, y1, x1 + rng.uniform(5, 50), y1 + rng.uniform(5, 40))
    move = get_op("image.rotate").function(SIZE, degrees=rng.uniform(-180, 180))
    move = move.then(geometry.view(SIZE, *rng.uniform((0, 0, 60, 50), (70, 50, 90, 70)), (64, 96)))
    if seed % 2:
        move = move.then(get_op("image.horizontal_flip").function(move.out_size))
    hidden = [random_polygon(rng) for _ in range(seed % 5)]
    share, centre = counted(box, move, hidden)
    got = seen(box, move, hidden)
    assert got.share == pytest.approx(share, abs=0.006)
    if share > 0.05:
        np.testing.assert_allclose(got.centre, centre, atol=0.4)


def test_cut_pieces_are_disjoint_and_fill_what_is_left():
    rng = np.random.default_rng(5)
    for _ in range(50):
        whole, cover = random_polygon(rng), random_polygon(rng)
        pieces = cut_away(whole, cover)
        left = size(whole) - size(clip(whole, cover))
        assert sum(map(size, pieces)) == pytest.approx(left, abs=0.02)
        assert all(size(clip(piece, cover)) < 0.01 for piece in pieces)


def size(polygon) -> float:
    """Area, by OpenCV about the first corner; nothing has none."""
    return cv2.contourArea(np.float32(np.array(polygon) - polygon[0])) if len(polygon) > 2 else 0.0


@pytest.mark.parametrize("degrees", [0, 13, 90, -77])
@pytest.mark.parametrize("hidden", [[], [[(0, 0), (5, 0), (5, 5), (0, 5)]]])
def test_a_box_without_area_is_its_centre_point(degrees, hidden):
    move = get_op("image.rotate").function(SIZE, degrees=degrees)
    line = (80.0, 50.0, 80.0, 66.0)
    assert seen(line, move, hidden).share == 1.0
    covered = [*hidden, [(70, 50), (90, 50), (90, 70), (70, 70)]]
    assert seen(line, move, covered).share == 0.0


def test_hidden_parts_follow_what_came_after_them():
    """Cover the left half, mirror: what was on the left is hidden still, and it is now on the right."""
    state = image_state(SIZE).hide([[(0, 0), (80, 0), (80, 120), (0, 120)]]).move(geometry.affine(SIZE, -1, 0, 0, 1))
    assert state.seen((10, 10, 30, 30)).share == 0
    assert state.seen((90, 10, 110, 30)).share == 1
    later = image_state(SIZE).move(geometry.affine(SIZE, -1, 0, 0, 1)).hide([[(0, 0), (80, 0), (80, 120), (0, 120)]])
    assert later.seen((10, 10, 30, 30)).share == 1
    assert later.seen((90, 10, 110, 30)).share == 0


@pytest.mark.parametrize("seed", range(60))
def test_the_quick_bound_on_what_is_outside_holds_and_is_near(seed):
    """Random turns, shears, shifts and crops: never less than the exact share, and exact where only one side cuts."""
    rng = np.random.default_rng(seed)
    a, b, c, d = np.eye(2).ravel() + rng.normal(0, 0.25, 4)
    move = geometry.affine((64, 48), a, b, c, d).then(geometry.shift((64, 48), *rng.normal(0, 8, 2)))
    exact = 1 - ImageState(move).share
    bound = move.outside_at_most()
    assert bound >= exact - 1e-9
    wide = GeometryMap(move.rows, move.size, (100_000, 100_000))  # far sides cut nothing
    low = wide.then(geometry.shift((100_000, 100_000), 500.0, 0.0))
    right = GeometryMap(low.rows, low.size, (500 + 40, 100_000)).then(geometry.shift((540, 100_000), 0.0, 500.0))
    assert right.outside_at_most() == pytest.approx(1 - ImageState(right).share, abs=1e-9)
