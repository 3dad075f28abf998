"""Annotations through the whole graph: drops with every column beside them, sizes, times, and what leaves view or hearing."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmaug as mm

WIDTH, HEIGHT = 80, 60
PICTURE = np.random.default_rng(3).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def run(schema, row, *ops):
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=schema).run(row, key=1)


def brute(boxes, view):
    """Each box (x1, y1, x2, y2) as seen in the part `view` of the picture at its own scale, and its share in view; by plain arithmetic."""
    out = []
    for x1, y1, x2, y2 in boxes:
        a, b, c, d = max(x1, view[0]), max(y1, view[1]), min(x2, view[2]), min(y2, view[3])
        share = max(c - a, 0) * max(d - b, 0) / ((x2 - x1) * (y2 - y1))
        out.append(((a - view[0], b - view[1], c - view[0], d - view[1]), share))
    return out


corner = st.tuples(st.integers(0, WIDTH - 8), st.integers(0, HEIGHT - 8), st.integers(4, 40), st.integers(4, 40)).map(
    lambda b: (b[0], b[1], min(b[0] + b[2], WIDTH), min(b[1] + b[3], HEIGHT))
)
FORMATS = {
    "xyxy": lambda b: list(map(float, b)),
    "xywh": lambda b: [float(b[0]), float(b[1]), float(b[2] - b[0]), float(b[3] - b[1])],
    "cxcywh": lambda b: [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2, float(b[2] - b[0]), float(b[3] - b[1])],
    "yolo": lambda b: [(b[0] + b[2]) / 2 / WIDTH, (b[1] + b[3]) / 2 / HEIGHT, (b[2] - b[0]) / WIDTH, (b[3] - b[1]) / HEIGHT],
}


@settings(max_examples=60, deadline=None)
@given(st.lists(corner, max_size=5), st.sampled_from(sorted(FORMATS)), st.integers(-50, 50), st.sampled_from([0.1, 0.5, 0.9]))
def test_boxes_that_leave_take_everything_beside_them(corners, fmt, shift, bound):
    """The picture moves by whole pixels; boxes are cut at the frame, and dropped below the bound, with all their columns."""
    schema = mm.Schema(image=mm.Image(), b=mm.Boxes(column="o.bbox", format=fmt, labels="o.name", min_visibility=bound))
    names = [f"n{i}" for i in range(len(corners))]
    row = {"image": PICTURE, "o": {"bbox": [FORMATS[fmt](b) for b in corners], "name": names, "id": list(range(len(corners)))}}
    before = copy.deepcopy(row["o"])
    out = run(schema, row, mm.op("image.translate_x", fraction=shift / WIDTH))[0]
    assert row["o"] == before
    wanted = brute(corners, (-shift, 0, WIDTH - shift, HEIGHT))
    close = [abs(share - bound) < 1e-6 for _, share in wanted]
    if any(close):
        return
    kept = [i for i, (_, share) in enumerate(wanted) if share >= bound]
    assert out["o"]["id"] == kept and out["o"]["name"] == [names[i] for i in kept]
    assert np.allclose(out["o"]["bbox"], [FORMATS[fmt](wanted[i][0]) for i in kept], atol=1e-6) or not kept


def test_columns_of_their_own_and_lists_of_dicts():
    away = mm.op("image.translate_x", fraction=-0.5)
    boxes = [[0.0, 0.0, 10.0, 10.0], [60.0, 0.0, 70.0, 10.0]]
    own = mm.Schema(image=mm.Image(), boxes=mm.Boxes(labels="names", beside=("scores",)), names=mm.Opaque())
    out = run(own, {"image": PICTURE, "boxes": boxes, "names": ["a", "b"], "scores": np.array([0.1, 0.2]), "other": [1, 2]}, away)[0]
    assert (out["boxes"], out["names"], out["scores"].tolist(), out["other"]) == ([[20.0, 0.0, 30.0, 10.0]], ["b"], [0.2], [1, 2])
    nested = mm.Schema(
        image=mm.Image(), boxes=mm.Boxes(column="people[].box", labels="people[].kind"), joints=mm.Keypoints(column="people[].points")
    )
    people = [{"box": box, "kind": kind, "points": [[box[0], 1.0, 2]], "more": {"x": 1}} for box, kind in zip(boxes, "ab", strict=True)]
    out = run(nested, {"image": PICTURE, "people": people}, away)[0]
    assert out["people"] == [{"box": [20.0, 0.0, 30.0, 10.0], "kind": "b", "points": [[20.0, 1.0, 2]], "more": {"x": 1}}]
    assert len(people) == 2 and people[1]["box"] == [60.0, 0.0, 70.0, 10.0]


def test_two_kinds_of_boxes_in_one_container_drop_together():
    schema = mm.Schema(image=mm.Image(), body=mm.Boxes(column="o[].body"), head=mm.Boxes(column="o[].head"))
    pairs = [
        ([0.0, 0.0, 70.0, 50.0], [60.0, 0.0, 70.0, 10.0]),
        ([40.0, 0.0, 60.0, 50.0], [45.0, 0.0, 55.0, 10.0]),
        ([0.0, 0.0, 60.0, 50.0], [5.0, 0.0, 15.0, 10.0]),  # the head leaves
        ([0.0, 0.0, 15.0, 50.0], [50.0, 0.0, 60.0, 10.0]),  # the body leaves
    ]
    rows = [{"body": body, "head": head} for body, head in pairs]
    out = run(schema, {"image": PICTURE, "o": rows}, mm.op("image.translate_x", fraction=-0.25))[0]
    assert [o["body"] for o in out["o"]] == [[0.0, 0.0, 50.0, 50.0], [20.0, 0.0, 40.0, 50.0]]
    unequal = mm.Schema(image=mm.Image(), a=mm.Boxes(column="o.a"), b=mm.Boxes(column="o.b"))
    row = {"image": PICTURE, "o": {"a": [[0.0, 0.0, 9.0, 9.0], [50.0, 0.0, 60.0, 9.0]], "b": [[0.0, 0.0, 9.0, 9.0]]}}
    with pytest.raises(mm.RowError, match=r"columns 'o\.a' and 'o\.b' lie in one container and must have as many items, got 2 and 1"):
        run(unequal, row, mm.op("image.translate_x", fraction=-0.25))


def test_covered_boxes():
    """A square over a quarter of the picture's area, in its upper left corner: side sqrt(.25 * 80 * 60)."""
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(min_visibility=0.3), joints=mm.Keypoints(names=("a", "b")))
    row = {
        "image": PICTURE,
        "boxes": [[0.0, 0.0, 20.0, 20.0], [25.0, 0.0, 45.0, 20.0], [60.0, 40.0, 70.0, 50.0]],
        "joints": [[5.0, 5.0, 2], [60.0, 40.0, 2]],
    }
    out = run(schema, row, mm.op("image.cutout", scale=0.25, x=0.0, y=0.0))[0]
    assert out["boxes"] == [[25.0, 0.0, 45.0, 20.0], [60.0, 40.0, 70.0, 50.0]]  # 49 % of the second is seen
    assert out["joints"] == [[5.0, 5.0, 1], [60.0, 40.0, 2]]


def test_masks_of_frames_and_of_things():
    schema = mm.Schema(image=mm.Image(), mask=mm.Mask(fill=7))
    masks = [(PICTURE[..., c] > 100).astype(np.uint8) for c in range(2)]
    out = run(schema, {"image": PICTURE, "mask": masks}, mm.op("image.translate_x", fraction=0.25))[0]["mask"]
    for mask, moved in zip(masks, out, strict=True):
        assert np.array_equal(moved[:, 20:], mask[:, :60]) and (moved[:, :20] == 7).all()


# -- times -------------------------------------------------------------------------------------------------------------

RATE, SECONDS = 1000, 4.0
SOUND = {"array": np.random.default_rng(0).normal(0, 0.1, int(RATE * SECONDS)).astype(np.float32), "sampling_rate": RATE}
spans = st.tuples(st.integers(0, 3800), st.integers(20, 900)).map(lambda s: (s[0] / 1000, min(s[0] + s[1], 4000) / 1000))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(spans, max_size=5), st.sampled_from(["crop", "stretch", "reverse", "shift"]), st.floats(0.3, 0.9), st.sampled_from([0.5, 0.99])
)
def test_times_follow_by_brute_force(items, op, size, least):
    """Every millisecond is followed on its own; an item has the times of its longest run that is still heard."""
    ops = {"crop": mm.op("audio.time_crop", keep=size, start=0.5), "stretch": mm.op("audio.time_stretch", rate=1 + size),
           "reverse": mm.op("audio.reverse"), "shift": mm.op("audio.time_shift", fraction=size)}  # fmt: skip
    first = 0.5 * SECONDS * (1 - size)

    def where(t):
        if op == "crop":
            return t - first if first <= t < first + size * SECONDS else None
        return {"stretch": t / (1 + size), "reverse": SECONDS - t, "shift": (t + size * SECONDS) % SECONDS}[op]

    schema = mm.Schema(audio=mm.Audio(), events=mm.Events(min_heard=least))
    given_items = [{"text": f"e{i}", "start": a, "end": b, "n": i} for i, (a, b) in enumerate(items)]
    out = run(schema, {"audio": SOUND, "events": given_items}, ops[op])[0]["events"]
    found = {item["n"]: item for item in out}
    if items == sorted(items):  # items that overlap out of order, such as two speakers one after another, keep their own order
        assert [item["start"] for item in out] == sorted(item["start"] for item in out)
    for item in given_items:
        count = round((item["end"] - item["start"]) * 1000)
        moments = [where(item["start"] + (i + 0.5) / 1000) for i in range(count)]
        runs = [
            list(g) for heard, g in itertools.groupby(zip(moments, [*moments[1:], None], strict=True), lambda p: p[0] is not None) if heard
        ]
        pieces = []
        for piece in runs:
            current = [piece[0][0]]
            for one, two in piece:
                if two is not None and abs(two - one) < 0.01:
                    current.append(two)
                elif two is not None:
                    pieces.append(current)
                    current = [two]
            pieces.append(current)
        longest = max(pieces, key=len, default=[])
        share = len(longest) / count
        if abs(share - least) < 0.06:
            continue  # half a millisecond decides
        assert (item["n"] in found) == (share > least), (item, share)
        if item["n"] in found and sorted(map(len, pieces))[-2:-1] != [len(longest)]:
            got = found[item["n"]]
            assert got["start"] == pytest.approx(min(longest), abs=0.003) and got["end"] == pytest.approx(max(longest), abs=0.003)
            assert got["text"] == item["text"]


def test_further_times_follow_too():
    schema = mm.Schema(audio=mm.Audio(), words=mm.Words(text="word", start="from", end="to", times=("peak",)))
    words = [
        {"word": "a", "from": 1.0, "to": 2.0, "peak": 1.5, "who": "Ann"},
        {"word": "b", "from": 3.0, "to": 3.5, "peak": 3.0, "who": "Bob"},
    ]
    out = run(
        schema, {"audio": SOUND, "words": words}, mm.op("audio.time_stretch", rate=2.0), mm.op("audio.time_crop", keep=0.6, start=0.0)
    )[0]
    assert out["words"] == [{"word": "a", "from": 0.5, "to": 1.0, "peak": 0.75, "who": "Ann"}] and len(words) == 2


def test_lengths_in_seconds():
    schema = mm.Schema(audio=mm.Audio(), duration=mm.Size(of="audio", axis="duration"))
    out = run(schema, {"audio": SOUND, "duration": 4}, mm.op("audio.time_crop", keep=0.25, start=0.0))[0]
    assert out["duration"] == 1.0 and len(out["audio"]["array"]) == 1000
