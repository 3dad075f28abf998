"""Policies: JSON form, and every slip an error that says where, what must hold and what was got."""

from __future__ import annotations

import json
import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmaug as mm
from mmaug.params import Choice, Magnitude, Place

FLIP = mm.op("image.horizontal_flip")


@st.composite
def ops(draw):
    """Any op of the registry with legal settings."""
    name = draw(st.sampled_from(sorted(mm.OPS)))
    options = {"p": draw(st.floats(0, 1)), "field": draw(st.none() | st.just("image"))}
    params = mm.OPS[name].params
    if mm.OPS[name].has_strength and draw(st.booleans()):
        return mm.op(name, strength=draw(st.floats(0, 1)), **options)
    for key, param in params.items():
        if draw(st.booleans()):
            continue
        if isinstance(param, Choice):
            options[key] = draw(st.sampled_from(param.values) | st.lists(st.sampled_from(param.values), min_size=1))
        elif isinstance(param, (Magnitude, Place)):
            low, high = (param.low, param.high) if isinstance(param, Magnitude) else (0.0, 1.0)
            number = st.floats(low, high)
            options[key] = draw(number | st.tuples(number, number).map(sorted) | st.tuples(number, number).map(lambda p: tuple(sorted(p))))
    return mm.op(name, **options)


def trees():
    share = st.floats(0, 1)
    return st.recursive(
        ops(),
        lambda part: st.one_of(
            st.builds(lambda parts, p, a: mm.Policy.sequence(*parts, p=p, all_or_none=a), st.lists(part, max_size=3), share, st.booleans()),
            st.lists(part, min_size=1, max_size=3).flatmap(
                lambda parts: st.builds(
                    mm.Policy.choice, st.just(parts), st.lists(st.floats(0.01, 9), min_size=len(parts), max_size=len(parts)), share
                )
            ),
        ),
        max_leaves=6,
    )


def schedules():
    starts = st.lists(st.floats(0.01, 1), max_size=2, unique=True).map(lambda rest: [0.0, *sorted(rest)])
    return starts.flatmap(lambda s: st.tuples(*[trees()] * len(s)).map(lambda parts: mm.Policy.schedule(zip(s, parts, strict=True))))


@settings(max_examples=100, deadline=None)
@given(trees() | schedules())
def test_a_policy_survives_json_and_pickling(policy):
    policy = policy if isinstance(policy, mm.Policy) else mm.Policy.sequence(policy)
    again = mm.Policy.from_json(json.loads(json.dumps(policy.to_json(), allow_nan=False)))
    assert again == policy and again.to_json() == policy.to_json() and str(again) == str(policy)
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_files(tmp_path):
    policy = mm.policies.rand_augment(modalities=("image", "text", "audio"))
    policy.save(tmp_path / "p.json")
    assert mm.Policy.load(tmp_path / "p.json") == policy
    for content in (b"", b"{", b"\xff\xfe", b'{"schema": 1', b"[]", b'{"schema": 2, "policy": {"sequence": []}}', b"NaN"):
        (tmp_path / "bad.json").write_bytes(content)
        with pytest.raises(mm.PolicyError, match=r"bad\.json: "):
            mm.Policy.load(tmp_path / "bad.json")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("image.flip", {}, r"unknown op 'image\.flip'; did you mean .*image\.horizontal_flip"),
        (5, {}, r"unknown op 5"),
        (None, {}, r"unknown op None"),
        ("image.rotate", {"angle": 3}, r"op 'image\.rotate': unknown parameters \['angle'\]; it takes \['degrees'\]"),
        ("image.rotate", {"degrees": 181}, r"op 'image\.rotate': degrees: must lie in \[-180, 180\] degrees counter-clockwise, got 181"),
        ("image.rotate", {"degrees": float("nan")}, r"degrees: must lie in .* got nan"),
        ("image.rotate", {"degrees": (float("nan"), 3)}, r"degrees: must lie in .* got nan"),
        ("image.rotate", {"degrees": (5, -5)}, r"a range must have low <= high, got \(5, -5\)"),
        ("image.rotate", {"degrees": (1, 2, 3)}, r"degrees: must be a number or a \(low, high\) range"),
        ("image.rotate", {"degrees": "5"}, r"degrees: must be a number or .*got '5'"),
        ("image.rotate", {"degrees": True}, r"degrees: must be a number or .*got True"),
        ("image.rotate", {"degrees": None}, r"degrees: must be a number or .*got None"),
        ("image.rotate90", {"turns": 4}, r"turns: must be one of \[1, 2, 3\] or a list of them, got 4"),
        ("image.rotate90", {"turns": []}, r"turns: must be one of"),
        ("image.rotate", {"strength": 0.2, "degrees": 5}, r"strength: give either strength or degrees, not both"),
        ("image.rotate", {"strength": 1.1}, r"strength must be a number in \[0, 1\], got 1\.1"),
        ("image.rotate", {"strength": float("nan")}, r"strength must be a number in \[0, 1\], got nan"),
        ("image.rotate", {"strength": (0.1, 0.2)}, r"strength must be a number in \[0, 1\], got \(0\.1, 0\.2\)"),
        ("image.horizontal_flip", {"strength": 0.2}, r"'image\.horizontal_flip': strength: this op has no magnitude"),
        ("image.rotate", {"p": -0.1}, r"op 'image\.rotate': p must be a number in \[0, 1\], got -0\.1"),
        ("image.rotate", {"p": float("nan")}, r"p must be a number in \[0, 1\], got nan"),
        ("image.rotate", {"p": True}, r"p must be a number in \[0, 1\], got True"),
        ("image.rotate", {"p": "0.5"}, r"p must be a number in \[0, 1\], got '0\.5'"),
        ("image.rotate", {"field": 3}, r"field must be the name of a field, got 3"),
        ("image.random_resized_crop", {"size": 0}, r"size: must be a whole number or \(height, width\)"),
        ("image.random_resized_crop", {"size": (3, 4, 5)}, r"size: must be a whole number or \(height, width\)"),
        ("image.cutout", {"fill": 300}, r"fill: must be one number in \[0, 255\] grey level, got 300"),
        ("text.synonym", {"seed": 2**53}, r"seed: must be a whole number in \[0, 2\*\*53\)"),
    ],
)
def test_a_wrong_op(name, options, said):
    with pytest.raises(mm.PolicyError, match=said):
        mm.op(name, **options)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: mm.Policy.choice([]), r"choice: needs at least one part"),
        (lambda: mm.Policy.choice(FLIP), r"choice: must be given a list of parts, got one part"),
        (
            lambda: mm.Policy.choice(FLIP, FLIP, weights=[1, 2]),
            r"choice: must be given a list of parts, got 2 arguments; .*choice\(\[a, b\]",
        ),
        (lambda: mm.Policy.choice([FLIP], FLIP), r"choice: must be given a list of parts, got 2 arguments"),
        (lambda: mm.Policy.choice([FLIP], [1], weights=[1]), r"choice: must be given parts, weights and p once each, got 2 arguments"),
        (lambda: mm.Policy.choice([FLIP], weights=[1, 2]), r"got 1 parts, 2 weights"),
        (lambda: mm.Policy.choice([FLIP], weights=[0]), r"weights must be finite, >= 0 and not all 0, got \[0\.0\]"),
        (lambda: mm.Policy.choice([FLIP], weights=[-1]), r"weights must be finite"),
        (lambda: mm.Policy.choice([FLIP], weights=[float("nan")]), r"weights must be finite"),
        (lambda: mm.Policy.choice([FLIP, FLIP], weights=[1e308, 1e308]), r"weights must be finite"),
        (lambda: mm.Policy.choice([FLIP], weights="1"), r"weights must be a list of numbers, got '1'"),
        (lambda: mm.Policy.choice([FLIP], weights=["a"]), r"weights must be a list of numbers, got \['a'\]"),
        (lambda: mm.Policy.choice([FLIP], p=2), r"choice: p must be a number in \[0, 1\], got 2"),
        (lambda: mm.Policy.sequence("image.rotate"), r"sequence: part 0 must be mm\.op\(\.\.\.\) or a Policy, got 'image\.rotate'"),
        (lambda: mm.Policy.sequence(FLIP, all_or_none="no"), r"all_or_none must be True or False, got 'no'"),
        (lambda: mm.Policy.schedule([]), r"schedule: starts must begin at 0"),
        (lambda: mm.Policy.schedule([(0.5, FLIP)]), r"starts must begin at 0 and rise, at most to 1, got \[0\.5\]"),
        (lambda: mm.Policy.schedule([(0, FLIP), (0, FLIP)]), r"starts must begin at 0 and rise"),
        (lambda: mm.Policy.schedule([(0, FLIP), (2, FLIP)]), r"at most to 1"),
        (lambda: mm.Policy.schedule([(0, FLIP), (float("nan"), FLIP)]), r"starts must begin at 0 and rise, .*nan"),
        (lambda: mm.Policy.schedule([("0", FLIP)]), r"starts must be a list of numbers"),
        (lambda: mm.Policy.schedule([FLIP]), r"must be a list of \(start, policy\)"),
        (lambda: mm.Policy.schedule([(0, mm.Policy.schedule([(0, FLIP)]))]), r"cannot hold another schedule"),
        (lambda: mm.Policy.sequence(mm.Policy.schedule([(0, FLIP)])), r"part 0 is a schedule; a schedule must be the outermost"),
        (lambda: mm.policies.rand_augment(n=-1), r"n must be a whole number >= 0"),
        (lambda: mm.policies.rand_augment(m=2), r"rand_augment: m must be a strength in \[0, 1\], got 2; level 9"),
        (lambda: mm.policies.rand_augment(modalities="image"), r"modalities must be a list of .* write \('image',\)"),
        (lambda: mm.policies.named("randaugment", ("image",)), r"no policy is named 'randaugment'; there are identity, rand_augment"),
    ],
)
def test_a_wrong_policy(make, said):
    with pytest.raises(mm.PolicyError, match=said):
        make()


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"sequence": [{"op": "image.rotate"}, {"choice": [{"op": "image.hue", "params": {"degrees": 999}}]}]},
         r"^policy\.sequence\[1\]\.choice\[0\]: op 'image\.hue': degrees: must lie in \[-360, 360\] degrees, got 999"),
        ({"sequence": [{"op": "image.spin"}]}, r"^policy\.sequence\[0\]: unknown op 'image\.spin'"),
        ({"schedule": [[0, {"sequence": [{"op": "image.rotate", "strenght": 0.2}]}]]},
         r"^policy\.schedule\[0\]\.sequence\[0\]: unknown keys \['strenght'\]; op has"),
        ({"sequence": [], "weights": [1]}, r"^policy: unknown keys \['weights'\]; sequence has"),
        ({"sequence": [], "choice": []}, r"^policy: must have exactly one of the keys op, sequence, choice, schedule"),
        ({}, r"^policy: must have exactly one of the keys"),
        ("image.rotate", r"^policy: must have exactly one of the keys"),
        ({"sequence": [3]}, r"^policy\.sequence\[0\]: must have exactly one of the keys .* got 3"),
        ({"sequence": 3}, r"^policy: malformed sequence"),
        ({"sequence": [{"op": ["image.rotate"]}]}, r"^policy\.sequence\[0\]: unknown op \['image\.rotate'\]"),
        ({"op": "image.rotate", "params": "degrees"}, r"^policy: malformed op"),
        ({"op": "image.rotate", "params": {"p": 0.5}, "p": 0.1}, r"^policy: malformed op"),
        ({"op": "image.rotate", "p": "often"}, r"^policy: op 'image\.rotate': p must be a number in \[0, 1\], got 'often'"),
        ({"choice": [{"op": "image.hue"}], "weights": "1"}, r"^policy: choice: weights must be a list of numbers"),
        ({"schedule": [[0.1, {"op": "image.hue"}]]}, r"^policy: schedule: starts must begin at 0"),
        ({"schedule": [{"op": "image.hue"}]}, r"^policy: malformed schedule"),
        ({"sequence": [], "all_or_none": "no"}, r"^policy: sequence: all_or_none must be True or False, got 'no'"),
    ],
)  # fmt: skip
def test_json_says_where_in_the_tree(tree, said):
    with pytest.raises(mm.PolicyError, match=said):
        mm.Policy.from_json({"schema": 1, "policy": tree})


@pytest.mark.parametrize("value", [None, [], {"policy": {"sequence": []}}, {"schema": 1}, {"schema": 1, "policy": {}, "x": 1},
                                   {"schema": "1", "policy": {"sequence": []}}])  # fmt: skip
def test_json_that_is_no_policy(value):
    with pytest.raises(mm.PolicyError, match="a policy file must be|policy: must have"):
        mm.Policy.from_json(value)


def test_weights_may_be_given_by_place():
    by_name = mm.Policy.choice([FLIP, mm.op("image.hue")], weights=[3, 1], p=0.5)
    assert mm.Policy.choice([FLIP, mm.op("image.hue")], [3, 1], p=0.5) == by_name
    assert mm.Policy.choice([FLIP, mm.op("image.hue")], [3, 1], 0.5) == by_name


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_json_of_another_schema_number(number):
    with pytest.raises(mm.PolicyError, match=rf'must be of schema number 1, got "schema": {number!r}'):
        mm.Policy.from_json({"schema": number, "policy": {"sequence": []}})


def test_files_that_are_no_policy(tmp_path):
    with pytest.raises(mm.PolicyError, match=r"^rand_augment: must be a policy file, .*; call mm\.policies\.rand_augment\(\)$"):
        mm.Policy.load("rand_augment")
    with pytest.raises(mm.PolicyError, match=r"absent\.json: must be a policy file, got No such file.*policy\.save"):
        mm.Policy.load(tmp_path / "absent.json")
    for content in (b"", b"{", b"\xff\xfe\x00"):
        (tmp_path / "p.json").write_bytes(content)
        with pytest.raises(mm.PolicyError, match=r"p\.json: must be JSON, got "):
            mm.Policy.load(tmp_path / "p.json")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("hflip", "image.horizontal_flip"),
        ("rrc", "image.random_resized_crop"),
        ("crop", "audio.time_crop"),
        ("image.flip", "image.vertical_flip"),
    ],
)
def test_an_unknown_op_is_told_what_is_near(name, near):
    with pytest.raises(mm.PolicyError, match=rf"unknown op '{name}'; did you mean [^?]*{re.escape(near)}"):
        mm.op(name)


@pytest.mark.parametrize("name", ["xyz", "", 7])
def test_an_unknown_op_like_no_other(name):
    with pytest.raises(mm.PolicyError, match=r"no op has a name like it; `mmaug ops image`, .*`mmaug ops text`, `mmaug ops mix` list them"):
        mm.op(name)


def test_print():
    policy = mm.Policy.schedule([
        (0.0, mm.policies.identity()),
        (0.5, mm.Policy.sequence(mm.op("image.rotate", p=0.5, degrees=(-15, 15)), mm.Policy.choice(
            [mm.op("image.hue", strength=0.2), FLIP], weights=[3, 1], p=0.9), all_or_none=True)),
    ])  # fmt: skip
    assert str(policy) == "\n".join([
        "schedule",
        "  nothing   # from 0% of training",
        "  sequence(all_or_none=True)   # from 50% of training",
        "    op('image.rotate', p=0.5, degrees=(-15, 15))",
        "    choice(p=0.9)",
        "      op('image.hue', strength=0.2)   # 75%",
        "      op('image.horizontal_flip')   # 25%",
    ])  # fmt: skip


def test_a_policy_holds_the_op_it_was_given_by_name():
    assert [o.name for o in mm.Policy.choice([FLIP, mm.Policy.sequence(mm.op("image.hue"))]).ops()] == [
        "image.horizontal_flip",
        "image.hue",
    ]
    assert mm.Policy.from_json({"schema": 1, "policy": {"op": "image.hue"}}) == mm.Policy.sequence(mm.op("image.hue"))
