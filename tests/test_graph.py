"""The graph as a user meets it: what comes in goes out, plans and bound plans, keys, pickling, printing."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle

import numpy as np
import pytest
from native import NATIVE
from PIL import Image as PILImage

import mmaug as mm

NOISE = np.random.default_rng(1)
PIXELS = NOISE.integers(0, 255, (24, 36, 3), np.uint8)
STEREO = NOISE.normal(0, 0.1, (2, 1600)).astype(np.float32)
FLIP = mm.op("image.horizontal_flip")

SCHEMA = mm.Schema(
    image=mm.Image(), mask=mm.Mask(), width=mm.Size(axis="width"), height=mm.Size(axis="height"), url=mm.Opaque(),
    boxes=mm.Boxes(column="objects.bbox", format="xywh", labels="objects.category"),
    joints=mm.Keypoints(column="persons[].joints", names=("left_hand", "right_hand", "nose")),
    captions=mm.Caption(of=("image", "audio")),
    audio=mm.Audio(recorded_with="image"), words=mm.Words(), transcript=mm.Transcript(), seconds=mm.Size(of="audio", axis="duration"),
)  # fmt: skip


def row():
    return {
        "id": 17, "url": "http://x", "image": PIXELS.copy(), "mask": (PIXELS[..., 0] > 128).astype(np.uint8), "width": 36, "height": 24,
        "objects": {"bbox": [[1.0, 2.0, 8.0, 9.0], [20.0, 5.0, 10.0, 10.0]], "category": ["dog", "cat"], "area": [72.0, 100.0]},
        "persons": [{"joints": [[3.0, 4.0, 2], [30.0, 4.0, 2], [15.0, 8.0, 2]], "name": "Ann"}],
        "captions": ["a large dog to the left of a cat", "two animals"],
        "audio": {"array": STEREO.copy(), "sampling_rate": 8000, "path": "a.wav"},
        "words": [{"text": "turn", "start": 0.01, "end": 0.05}, {"text": "left", "start": 0.06, "end": 0.15}],
        "transcript": "turn left", "seconds": 0.2,
    }  # fmt: skip


EVERYTHING = mm.Policy.sequence(*(mm.op(name, p=0.6, **({"strength": 0.3} if op.has_strength else {})) for name, op in NATIVE.items()))


def graph(*ops, schema=SCHEMA, **options):
    policy = ops[0] if len(ops) == 1 and isinstance(ops[0], mm.Policy) else mm.Policy.sequence(*ops)
    return mm.TransformGraph(policy, schema=schema, **options)


def plain(value):
    """A value as nested tuples that can be compared."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return str(value.dtype), value.tolist()
    return (value.mode, value.tobytes()) if isinstance(value, PILImage.Image) else value


def read_only(value):
    if isinstance(value, dict):
        return {key: read_only(item) for key, item in value.items()}
    if isinstance(value, list):
        return [read_only(item) for item in value]
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    return value


def test_rows_are_never_changed():
    g, given = graph(EVERYTHING), read_only(row())
    before = plain(copy.deepcopy(given))
    for key in range(25):
        out = g(given, key=key)
        assert plain(given) == before
        assert out.keys() == given.keys()


def test_the_identity_policy_gives_an_equal_row():
    given = row()
    out = graph(mm.policies.identity())(given, key=1)
    assert out is not given and plain(out) == plain(given)
    strength_zero = graph(*(mm.op(name, strength=0) for name, op in NATIVE.items() if op.has_strength))
    out, trace = strength_zero.run(given, key=1)
    assert plain(out) == plain(given) and not trace.vetoes and not trace.edits


def test_flip_twice_is_nothing():
    out, trace = graph(FLIP, FLIP).run(row(), key=1)
    assert plain(out) == plain(row()) and len(trace.applied) == 2 and trace.edits == ()


def test_everything_follows_at_once():
    """By hand: a picture 36 wide, mirrored."""
    out = graph(FLIP)(row(), key=1)
    assert np.array_equal(out["image"], PIXELS[:, ::-1]) and np.array_equal(out["mask"], row()["mask"][:, ::-1])
    assert out["objects"]["bbox"] == [[27.0, 2.0, 8.0, 9.0], [6.0, 5.0, 10.0, 10.0]]
    assert out["persons"] == [{"joints": [[6.0, 4.0, 2], [33.0, 4.0, 2], [21.0, 8.0, 2]], "name": "Ann"}]
    assert out["captions"] == ["a large dog to the right of a cat", "two animals"]
    assert (out["width"], out["height"], out["transcript"], out["id"], out["url"]) == (36, 24, "turn left", 17, "http://x")
    out = graph(mm.op("image.rotate90", turns=1))({**row(), "captions": ["two animals"]}, key=1)
    assert (out["width"], out["height"]) == (24, 36) and out["mask"].shape == (36, 24) == out["image"].shape[:2]
    assert out["objects"]["bbox"][0] == [2.0, 27.0, 9.0, 8.0]


def test_lengths_follow():
    for length in (0.2, np.float32(0.2)):
        out = graph(mm.op("audio.time_stretch", rate=2.0))({**row(), "seconds": length}, key=1)
        assert out["seconds"] == pytest.approx(0.1) and out["audio"]["array"].shape == (2, 800) and out["audio"]["path"] == "a.wav"


def pil(mode):
    return PILImage.fromarray(PIXELS).convert(mode)


def tensor(array):
    return pytest.importorskip("torch").from_numpy(np.ascontiguousarray(array))


PICTURES = {
    **{mode: (lambda m=mode: pil(m)) for mode in ("RGB", "L", "RGBA", "LA", "CMYK", "YCbCr", "HSV")},
    "array": lambda: PIXELS, "grey": lambda: PIXELS[..., 0], "grey1": lambda: PIXELS[..., :1],
    "alpha": lambda: np.concatenate([PIXELS, PIXELS[..., :1]], 2),
    "tensor": lambda: tensor(PIXELS.transpose(2, 0, 1)), "tensor1": lambda: tensor(PIXELS.transpose(2, 0, 1)[:1]),
    "list": lambda: [PIXELS, PIXELS // 2], "tuple": lambda: (pil("RGB"), pil("L")),
}  # fmt: skip


def form(value):
    if isinstance(value, (list, tuple)):
        return type(value), [form(item) for item in value]
    if isinstance(value, PILImage.Image):
        return "PIL", value.mode, value.size
    return type(value), str(value.dtype), tuple(value.shape)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    "op", [FLIP, mm.op("image.to_gray"), mm.op("image.rotate", degrees=10), mm.op("image.cutout", scale=0.1)], ids=repr
)
def test_pictures_go_out_as_they_came(name, op):
    value = PICTURES[name]()
    out = graph(op, schema=mm.Schema(image=mm.Image()))({"image": value}, key=1)["image"]
    assert form(out) == form(value)


SOUNDS = {
    "dict": lambda: {"array": STEREO, "sampling_rate": 8000, "path": None}, "tuple": lambda: (STEREO, 8000),
    "mono": lambda: (STEREO[0], 8000), "one channel": lambda: (STEREO[:1], 8000), "clip": lambda: mm.AudioClip(STEREO, 8000),
    "double": lambda: (STEREO.astype(np.float64), 8000), "half": lambda: (STEREO.astype(np.float16), 8000),
    "tensor": lambda: {"array": tensor(STEREO), "sampling_rate": 8000}, "5.1": lambda: (np.tile(STEREO, (3, 1)), 8000),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("op", ["gain", "reverse", "swap_channels", "time_stretch"])
def test_sounds_go_out_as_they_came(name, op):
    value = SOUNDS[name]()
    out = graph(mm.op(f"audio.{op}"), schema=mm.Schema(audio=mm.Audio()))({"audio": value}, key=1)["audio"]
    assert type(out) is type(value)
    if isinstance(value, dict):
        assert out.keys() == value.keys()
    before, after = (v["array"] if isinstance(v, dict) else v.samples if isinstance(v, mm.AudioClip) else v[0] for v in (value, out))
    assert (type(before), str(before.dtype), before.ndim) == (type(after), str(after.dtype), after.ndim)


def test_annotations_go_out_as_they_came():
    torch = pytest.importorskip("torch")
    schema = mm.Schema(
        image=mm.Image(), boxes=mm.Boxes(labels="kinds"), w=mm.Size(axis="width"), joints=mm.Keypoints(names=("left_a", "right_a"))
    )
    boxes, joints = [[1.0, 2.0, 9.0, 11.0], [30.0, 5.0, 36.0, 15.0]], [[1.0, 1.0], [30.0, 2.0]]
    crop = graph(mm.op("image.translate_x", fraction=-0.6), mm.op("image.rotate90", turns=1), schema=schema)
    for wrap in (list, np.array, lambda v: np.array(v, np.float32), torch.tensor):
        given = {"image": PIXELS, "boxes": wrap(boxes), "kinds": wrap([1, 2]), "w": wrap([36])[0], "joints": wrap(joints)}
        out = crop(given, key=1)
        for name in ("boxes", "kinds", "w", "joints"):
            assert type(out[name]) is type(given[name]), name
            assert getattr(out[name], "dtype", None) == getattr(given[name], "dtype", None), name
        assert len(out["boxes"]) == len(out["kinds"]) == 1 and out["kinds"][0] == 2 and int(out["w"]) == 24


def test_tuples_stay_tuples():
    schema = mm.Schema(image=mm.Image(), boxes=mm.Boxes(), joints=mm.Keypoints(), chat=mm.Messages(), audio=mm.Audio(), words=mm.Words())
    given = {
        "image": PIXELS,
        "boxes": ((1.0, 2.0, 9.0, 11.0),),
        "joints": ((1.0, 1.0, 2),),
        "chat": ({"role": "user", "content": "a dog on the left"},),
        "audio": (STEREO, 8000),
        "words": ({"text": "a", "start": 0.05, "end": 0.1},),
    }
    out = graph(FLIP, mm.op("audio.reverse"), schema=schema)(given, key=1)
    assert {name: type(value) for name, value in out.items()} == {name: type(value) for name, value in given.items()}
    assert out["boxes"] == ((27.0, 2.0, 35.0, 11.0),) and out["joints"] == ((35.0, 1.0, 2),) and out["words"][0]["start"] == 0.1
    assert out["chat"] == ({"role": "user", "content": "a dog on the right"},)


def test_one_plan_for_all_frames():
    frames = [NOISE.integers(0, 255, (20, 30, 3), np.uint8) for _ in range(3)]
    g = graph(mm.op("image.rotate"), mm.op("image.hue"), mm.op("image.cutout"), schema=mm.Schema(frames=mm.Image()))
    together = g({"frames": frames}, key=5)["frames"]
    for alone, frame in zip(together, frames, strict=True):
        assert np.array_equal(g({"frames": [frame]}, key=5)["frames"][0], alone)


# -- plans -------------------------------------------------------------------------------------------------------------


def test_a_plan_goes_on_any_row_and_a_bound_plan_on_its_own():
    g = graph(FLIP, mm.op("text.synonym", share=1.0))
    plan, one, two = g.plan(key=1), row(), row()
    two["image"] = two["image"].copy()
    two["image"][3, 3] ^= 1  # the same size and captions; one other pixel
    bound = g.resolve(plan, one)
    assert plain(g.apply(bound, one)) == plain(g.run(one, key=1)[0])
    assert plain(g.apply(bound, copy.deepcopy(one))) == plain(g.apply(bound, one))  # an equal row is the same row
    assert g.apply(g.resolve(plan, two), two).keys() == two.keys()
    with pytest.raises(mm.PlanError, match="resolved on another row: column 'image' differs; resolve the plan on this row"):
        g.apply(bound, two)


def test_nan_is_the_same_as_nan():
    g = graph(FLIP, schema=mm.Schema(image=mm.Image(), score=mm.Opaque(), scores=mm.Opaque()))
    given = {"image": PIXELS, "score": float("nan"), "scores": np.array([1.0, np.nan]), "names": {1: 2, "a": 3}}
    same = {**copy.deepcopy(given), "score": float("nan")}
    assert g.apply(g.resolve(g.plan(key=1), given), same).keys() == given.keys()
    assert (
        graph(FLIP, schema=mm.Schema(image=mm.Image(), names=mm.Opaque()))(given).keys() == given.keys()
    )  # keys of two types have a content key
    with pytest.raises(mm.PlanError, match="column 'scores' differs"):
        g.apply(g.resolve(g.plan(key=1), given), {**same, "scores": np.array([np.nan, 1.0])})


@pytest.mark.parametrize(("name", "change"), [
    ("captions", ["a large dog to the left of a cat", "three animals"]), ("transcript", "turn right"), ("width", 37),
    ("objects", {"bbox": row()["objects"]["bbox"], "category": ["dog", "dog"], "area": [72.0, 100.0]}),
    ("audio", {"array": STEREO * 2, "sampling_rate": 8000}), ("mask", np.zeros((24, 36), np.uint8)), ("url", "http://y"),
    ("image", PILImage.fromarray(PIXELS)),
])  # fmt: skip
def test_any_other_value_makes_another_row(name, change):
    g = graph(FLIP)
    bound = g.resolve(g.plan(key=1), row())
    with pytest.raises(mm.PlanError, match=f"column '{name}' differs"):
        g.apply(bound, {**row(), name: change})


def test_pictures_of_other_palettes_are_other_pictures():
    one, two = pil("P"), pil("P")
    two.putpalette(bytes(range(255, -1, -1)) * 3)
    g = graph(FLIP, schema=mm.Schema(image=mm.Image()))
    with pytest.raises(mm.PlanError):
        g.apply(g.resolve(g.plan(key=1), {"image": one}), {"image": two})


def test_a_plan_survives_json():
    g = graph(EVERYTHING, mm.op("image.random_resized_crop", strength=0.2, size=(20, 30)))
    for key in range(10):
        plan = g.plan(key=key)
        again = mm.Plan.from_json(json.loads(json.dumps(plan.to_json(), allow_nan=False)))
        assert again == plan
        one, two = (g.apply(g.resolve(p, row()), row()) for p in (plan, again))
        assert plain(one) == plain(two)


STEP = {"op": "image.rotate", "field": "image", "params": {"degrees": 5.0}}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "a plan must be"),
        ({"plan": 2, "steps": []}, "a plan must be"),
        ({"plan": 1, "steps": [], "x": 1}, "a plan must be"),
        ({"plan": 1, "steps": 3}, '"steps" must be a list, got int'),
        ({"plan": 1, "steps": [3]}, r"steps\[0\]: must have op, field, params"),
        ({"plan": 1, "steps": [STEP, {**STEP, "p": 1}]}, r"steps\[1\]: must have op, field, params and perhaps group, got"),
        ({"plan": 1, "steps": [{**STEP, "op": "image.spin"}]}, "unknown op 'image.spin'"),
        ({"plan": 1, "steps": [{**STEP, "params": {}}]}, r"steps\[0\]: image.rotate must have the params \['degrees'\], got {}"),
        ({"plan": 1, "steps": [{**STEP, "params": {"degrees": 999}}]}, r"steps\[0\]: image.rotate: degrees: must lie in"),
        ({"plan": 1, "steps": [{**STEP, "params": {"degrees": [1, 2]}}]}, r"degrees must be one value, got \[1, 2\]"),
        ({"plan": 1, "steps": [{**STEP, "params": 5}]}, r"must have the params \['degrees'\], got 5"),
        ({"plan": 1, "steps": [{**STEP, "group": "a"}]}, "group a whole number or null"),
    ],
)
def test_json_that_is_no_plan(value, said):
    with pytest.raises(mm.PlanError, match=said):
        mm.Plan.from_json(value)


@pytest.mark.parametrize(("op", "field", "params"), [
    ("image.rotate", "picture", {"degrees": 5.0}), ("image.rotate", "captions", {"degrees": 5.0}), ("audio.gain", "image", {"db": 3.0}),
    ("text.synonym", "image", {"share": 0.5, "seed": 1}), ("text.synonym", "nowhere", {"share": 0.5, "seed": 1}),
])  # fmt: skip
def test_a_plan_for_another_schema(op, field, params):
    with pytest.raises(
        mm.PlanError, match=rf"step {op}\(.*\) on {field}: no {op.split('.')[0]} field '{field}' in this schema \(image, mask"
    ):
        graph(FLIP).resolve(mm.Plan((mm.Step(op, field, params),)), row())


# -- keys --------------------------------------------------------------------------------------------------------------


def test_without_a_key_the_content_is_the_key():
    g = graph(mm.op("image.rotate", degrees=(-90, 90)), schema=mm.Schema(image=mm.Image(), caption=mm.Caption()))
    base = {"image": PIXELS, "caption": "a dog"}

    def turned(**other):
        return g.run({**base, **other})[1].steps[0].step.params["degrees"]

    assert turned() == turned(image=PIXELS.copy()) == turned(n=5)
    assert len({turned(), turned(image=PIXELS // 2), turned(caption="a cat"), turned(image=PIXELS[:-1])}) == 4
    assert graph(FLIP)(row()).keys() == row().keys()


def test_a_column_as_the_key():
    schema = mm.Schema(image=mm.Image())
    rotate = mm.op("image.rotate", degrees=(-90, 90))
    keyed = graph(rotate, schema=schema, key="id")
    explicit = graph(rotate, schema=schema)
    given = {"image": PIXELS, "id": 17}
    assert keyed.run(given)[1] == explicit.run(given, key=17)[1]
    assert keyed.run(given, key=3)[1] == explicit.run(given, key=3)[1]
    for wrong in ({"image": PIXELS}, {"image": PIXELS, "id": None}):
        with pytest.raises(mm.RowError, match="key column 'id' must be in every row, this row has"):
            keyed(wrong)


# -- parts of a graph --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"on_conflict": "ignore"}, mm.PolicyError, "on_conflict must be one of edit, skip, raise, got 'ignore'"),
        ({"schema": {"image": 1}}, mm.SchemaError, r"schema must be mm\.Schema\(\.\.\.\), got dict"),
        ({"rules": []}, mm.RuleError, r"rules must be mm\.pairing\.DEFAULT, or that \+ your rules"),
        (
            {"schema": mm.Schema(audio=mm.Audio())},
            mm.PolicyError,
            "op 'image.horizontal_flip' acts on image fields, and the schema has none",
        ),
    ],
)
def test_a_wrong_graph(options, error, said):
    with pytest.raises(error, match=said):
        graph(FLIP, **options)
    with pytest.raises(mm.PolicyError, match="must be mm.op"):
        mm.TransformGraph({"op": "image.rotate"}, schema=SCHEMA)
    with pytest.raises(mm.PolicyError, match="field='audio' is not one of them"):
        graph(mm.op("image.horizontal_flip", field="audio"))


@pytest.mark.parametrize("policy", ["rand_augment", None, [FLIP]])
def test_what_is_no_policy(policy):
    with pytest.raises(mm.PolicyError, match=r"policy must be mm\.op\(\.\.\.\) or a Policy, got .*pass mm\.policies\.rand_augment\(\)"):
        mm.TransformGraph(policy, schema=SCHEMA)


@pytest.mark.parametrize("seed", ["a", 1.5, None, True])
def test_what_is_no_seed(seed):
    with pytest.raises(mm.PolicyError, match="seed must be a whole number, got"):
        graph(FLIP, seed=seed)
    graph(FLIP, seed=np.int64(3))


def test_apply_wants_the_bound_plan_first():
    g, given = graph(FLIP), row()
    plan = g.plan(key=1)
    for first, second in ((given, g.resolve(plan, given)), (plan, given)):
        with pytest.raises(
            mm.PlanError, match=r"graph\.apply: the first argument must be the BoundPlan of graph\.resolve, got (dict|Plan)"
        ):
            g.apply(first, second)


def test_a_label_that_forbids_an_op_that_is_not_there():
    schema = mm.Schema(image=mm.Image(), label=mm.Label(forbids={"6": ["image.rotate_90"]}))
    with pytest.raises(mm.SchemaError, match="field 'label': forbids names 'image.rotate_90', and there is no such op"):
        graph(FLIP, schema=schema)


def test_print():
    text = str(graph(mm.op("image.rotate", p=0.5, degrees=(-15, 15)), seed=3))
    assert text.splitlines()[:4] == [
        "TransformGraph(seed=3, on_conflict='edit')", "policy", "  sequence", "    op('image.rotate', p=0.5, degrees=(-15, 15))",
    ]  # fmt: skip
    assert "  image (image) <- mask, width, height, boxes, joints, captions" in text
    assert "  audio (audio) <- captions, words, transcript, seconds" in text


def test_traces_are_json():
    g = graph(EVERYTHING)
    seen = set()
    for key in range(30):
        trace = g.run(row(), key=key)[1]
        value = json.loads(json.dumps(trace.to_json(), allow_nan=False))
        seen |= {step["status"] for step in value["steps"]}
        assert value.keys() == {"steps", "follows", "edits", "notes"}
        for step, record in zip(value["steps"], trace.steps, strict=True):
            assert (step["op"], step["field"], "veto" in step) == (record.step.op, record.step.field, not record.applied)
            assert mm.Plan.from_json({"plan": 1, "steps": [{k: step[k] for k in ("op", "field", "params")}]})
        for edit in value["edits"]:
            assert edit["before"] != edit["after"] and edit["by"]
        assert str(trace).startswith("Trace")
    assert seen == {"applied", "vetoed"}


@mm.pairing.rule("colour", on="label")
def never(value, picture, context):
    """A rule of our own, at the top of a module, so that it reaches other processes."""
    return mm.pairing.Veto("never")


def _run(job):
    return pickle.dumps(plain(pickle.loads(job[0])(row(), key=job[1])))


def test_a_pickled_graph_gives_the_same_bytes():
    schema = mm.Schema(**SCHEMA.fields, label=mm.Label(optional=True))
    g = graph(EVERYTHING, schema=schema, seed=9, rules=mm.pairing.DEFAULT + never + mm.pairing.harmless("colour", on="opaque"))
    sent = pickle.dumps(g)
    alone = [pickle.dumps(plain(g(row(), key=key))) for key in range(6)]
    assert [_run((sent, key)) for key in range(6)] == alone
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_run, [(sent, key) for key in range(6)]) == alone


def made_elsewhere(value, state, context):
    """A plain function; the rule made of it has another name."""
    return mm.pairing.Veto("no")


another_name = mm.pairing.rule("view", on="label")(made_elsewhere)


def test_rules_that_cannot_be_sent():
    assert pickle.loads(pickle.dumps(another_name)) == another_name

    @mm.pairing.rule("view", on="label")
    def local(value, state, context):
        return None

    with pytest.raises(mm.RuleError, match="rule 'local': to reach other processes it must lie at the top of a module"):
        pickle.dumps(local)
