"""Drawing: the right frequencies, a pure function of seed, epoch, key and view, and no step that moves another's numbers."""

from __future__ import annotations

import math
import multiprocessing
import pickle
import random
from collections import Counter
from hashlib import blake2b

import numpy as np
import pytest
import sfc64
from scipy import stats

import mmaug as mm
from mmaug import rng

SCHEMA = mm.Schema(image=mm.Image(), audio=mm.Audio(), caption=mm.Caption(of="image"))
FLIP, GRAY, TURN = mm.op("image.horizontal_flip"), mm.op("image.to_gray"), mm.op("image.rotate", degrees=(-30, 30))


def graph(*parts, seed=0, schema=SCHEMA):
    policy = parts[0] if len(parts) == 1 and isinstance(parts[0], mm.Policy) else mm.Policy.sequence(*parts)
    return mm.TransformGraph(policy, schema=schema, seed=seed)


def plans(g, count=4000):
    return [g.plan(key=number) for number in range(count)]


def fits(counts, shares) -> bool:
    """Chi-square: whether counts agree with shares (fixed seeds: this cannot flicker)."""
    total = sum(counts)
    return stats.chisquare(counts, [share * total for share in shares]).pvalue > 1e-3


@pytest.mark.parametrize("key", [7, "7", b"7", "grün"])
def test_the_numbers_are_those_of_numpys_philox(key):
    words = np.frombuffer(blake2b(f"5|2|1|{key!r}".encode(), digest_size=16).digest(), np.uint64)
    expected = (np.random.Philox(key=words).random_raw(3 * rng.BLOCK) >> np.uint64(11)) * 2.0**-53
    assert rng.uniform_blocks(rng.row_stream(5, 2, key, 1), 3).tolist() == expected.tolist()


def test_the_numbers_behind_a_seed_are_those_of_sfc64():
    for seed in (0, 9, 2**53 - 1):
        assert rng.uniforms(seed, 5) == [(word >> 11) * 2.0**-53 for word in sfc64.words(seed, 5)]


def test_every_node_has_a_block_of_its_own():
    turn = mm.op("image.rotate", degrees=(0, 1))
    policy = mm.Policy.sequence(turn, mm.Policy.choice([FLIP, turn]))
    for key in range(20):
        blocks = rng.uniform_blocks(rng.row_stream(0, 0, key, 0), 5).reshape(5, rng.BLOCK).tolist()  # sequence, turn, choice, flip, turn
        first, second = graph(policy).plan(key=key).steps
        assert first.params["degrees"] == blocks[1][1]
        if blocks[2][1] < 0.5:
            assert second.op == "image.horizontal_flip"
        else:
            assert second.op == "image.rotate" and second.params["degrees"] == blocks[4][1]


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_a_coin(p):
    heads = sum(bool(plan.steps) for plan in plans(graph(mm.op("image.to_gray", p=p))))
    assert heads == 4000 * p if p in (0, 1) else fits([heads, 4000 - heads], [p, 1 - p])


def test_the_test_of_frequencies_can_fail():
    assert not fits([480, 3520], [0.1, 0.9]) and fits([410, 3590], [0.1, 0.9])


def test_coins_are_independent_of_each_other():
    ops = [mm.op("image.to_gray", p=0.5), mm.op("image.invert", p=0.5), mm.op("image.horizontal_flip", p=0.5)]
    seen = Counter(tuple(step.op for step in plan.steps) for plan in plans(graph(*ops)))
    assert len(seen) == 8 and fits(list(seen.values()), [1 / 8] * 8)
    nested = graph(mm.Policy.sequence(*ops[:2], p=0.5))  # the shared coin: none of them half of the time
    seen = Counter(len(plan.steps) for plan in plans(nested))
    assert fits([seen[0], seen[1], seen[2]], [0.5 + 0.125, 0.25, 0.125])


def test_choices_and_weights():
    parts = [FLIP, GRAY, TURN, mm.op("image.invert")]
    seen = Counter(plan.steps[0].op for plan in plans(graph(mm.Policy.choice(parts, weights=[1, 0, 3, 6]))))
    assert seen["image.to_gray"] == 0
    assert fits([seen[part.name] for part in parts if part is not GRAY], [0.1, 0.3, 0.6])
    seen = Counter(plan.steps[0].op if plan.steps else "" for plan in plans(graph(mm.Policy.choice(parts, p=0.8))))
    assert fits([seen[part.name] for part in parts] + [seen[""]], [0.2] * 5)


def test_parameters():
    turns = Counter(plan.steps[0].params["turns"] for plan in plans(graph(mm.op("image.rotate90", turns=[1, 3]))))
    assert turns.keys() == {1, 3} and fits(list(turns.values()), [0.5, 0.5])
    degrees = [plan.steps[0].params["degrees"] for plan in plans(graph(TURN))]
    assert stats.kstest(degrees, stats.uniform(-30, 60).cdf).pvalue > 1e-3
    rates = [plan.steps[0].params["rate"] for plan in plans(graph(mm.op("audio.time_stretch", rate=(0.5, 2.0))))]
    assert stats.kstest(np.log(rates), stats.uniform(math.log(0.5), math.log(4)).cdf).pvalue > 1e-3


def test_strength_fixes_the_distance_and_a_coin_the_side():
    found = Counter(plan.steps[0].params["degrees"] for plan in plans(graph(mm.op("image.rotate", strength=0.5))))
    assert found.keys() == {-15.0, 15.0} and fits(list(found.values()), [0.5, 0.5])
    rates = {plan.steps[0].params["rate"] for plan in plans(graph(mm.op("audio.time_stretch", strength=1.0)), 50)}
    assert sorted(rates) == pytest.approx([1 / 1.5, 1.5])
    scale = [plan.steps[0].params["scale"] for plan in plans(graph(mm.op("image.random_resized_crop", strength=0.5)))]
    assert stats.kstest(scale, stats.uniform(1 - 0.46, 0.46).cdf).pvalue > 1e-3  # spread: anywhere up to the distance
    for name, op in mm.OPS.items():
        if op.has_strength:
            for plan in plans(graph(mm.op(name, strength=0)), 5):
                for key, param in op.params.items():
                    assert not param.has_strength or plan.steps[0].params[key] == param.identity, (name, key)


# -- one step never moves another's ------------------------------------------------------------------------------------


def later(first, rest=(TURN, mm.op("image.cutout", strength=0.4), mm.op("text.synonym", p=0.5))):
    return [[(s.op, s.params) for s in plan.steps if s.op in {r.name for r in rest}] for plan in plans(graph(first, *rest), 60)]


def test_another_first_step_leaves_the_later_ones():
    wanted = later(FLIP)
    for first in (mm.op("image.horizontal_flip", p=0.1), mm.op("image.hue", strength=0.9), mm.op("image.hue", degrees=3),
                  mm.op("image.random_resized_crop", p=0.3), mm.op("audio.time_crop")):  # fmt: skip
        assert later(first) == wanted


def test_branches_of_any_length_leave_what_comes_after():
    long = mm.Policy.sequence(mm.op("image.invert"), mm.op("image.hue"), mm.op("image.brightness"))
    g = graph(mm.Policy.choice([mm.Policy.sequence(), FLIP, long]), TURN)
    alone = graph(mm.Policy.choice([long, mm.Policy.sequence(), FLIP]), TURN)
    lengths = Counter(len(plan.steps) for plan in plans(g, 200))
    assert lengths.keys() == {1, 2, 4}
    for one, two in zip(plans(g, 200), plans(alone, 200), strict=True):
        assert one.steps[-1] == two.steps[-1]


def test_an_op_on_two_fields_draws_once():
    schema = mm.Schema(a=mm.Image(), b=mm.Image())
    for plan in plans(graph(TURN, schema=schema), 20):
        assert [s.field for s in plan.steps] == ["a", "b"] and plan.steps[0].params == plan.steps[1].params
    assert [s.field for s in graph(mm.op("image.rotate", field="b"), schema=schema).plan(key=1).steps] == ["b"]


# -- seed, epoch, key, view --------------------------------------------------------------------------------------------

RICH = mm.Policy.sequence(
    TURN, mm.Policy.choice([mm.op("image.hue"), GRAY]), mm.op("audio.time_shift", strength=0.5), mm.op("text.synonym")
)


def test_each_part_of_the_name_changes_the_plan():
    def plan(seed=0, **name):
        return graph(RICH, seed=seed).plan(**{"key": "a", "epoch": 0, "view": 0, **name})

    assert plan() == plan()
    others = [plan(seed=1), plan(key="b"), plan(epoch=1), plan(view=1), plan(epoch=1, view=1), plan(seed=-1), plan(key=b"a")]
    assert len({str(p) for p in [plan(), *others]}) == 8
    assert graph(RICH).plan(key=1, epoch=2) != graph(RICH).plan(key=2, epoch=1) != graph(RICH).plan(key=1, view=2)


def test_kinds_of_key():
    g = graph(RICH)
    assert len({str(g.plan(key=key)) for key in (7, "7", b"7", "'7'", "07")}) == 5
    for same in (np.int64(7), np.uint8(7)):
        assert g.plan(key=same) == g.plan(key=7)
    assert g.plan(key=np.str_("7")) == g.plan(key="7") and g.plan(key=np.bytes_(b"7")) == g.plan(key=b"7")
    assert g.plan(key=7, epoch=np.int32(3), view=np.int64(1)) == g.plan(key=7, epoch=3, view=1)
    assert g.plan(key="\ud800é🦊").steps and g.plan(key=2**200) != g.plan(key=-(2**200))
    for wrong in ({"key": 1.5}, {"key": None}, {"key": ("a", 1)}, {"key": 1, "epoch": 0.5}, {"key": 1, "view": "0"}):
        with pytest.raises(mm.MmaugError, match="must be whole numbers and key a string, bytes or a whole number; got"):
            g.plan(**wrong)


def test_a_schedule_follows_progress():
    g = graph(mm.Policy.schedule([(0.0, mm.Policy.sequence()), (0.3, FLIP), (0.7, mm.Policy.sequence(GRAY, TURN))]))
    wanted = {0.0: 0, 0.29: 0, 0.3: 1, 0.69: 1, 0.7: 2, 1.0: 2}
    assert {at: len(g.plan(key=1, progress=at).steps) for at in wanted} == wanted
    for wrong in (-0.1, 1.1, float("nan"), "half"):
        with pytest.raises(mm.PolicyError, match=r"progress must be a number in \[0, 1\]"):
            g.plan(key=1, progress=wrong)


def test_draws_do_not_depend_on_what_was_drawn_before():
    g, other = graph(RICH), graph(RICH)
    forwards = [g.plan(key=k) for k in range(20)]
    backwards = [other.plan(key=k) for k in reversed(range(20))]
    assert forwards == backwards[::-1]


# -- workers and global state ------------------------------------------------------------------------------------------


def row(number: int) -> dict:
    noise = np.random.default_rng(number)
    return {
        "image": noise.integers(0, 255, (48, 64, 3), np.uint8),
        "audio": {"array": noise.normal(0, 0.1, (2, 800)).astype(np.float32), "sampling_rate": 8000},
        "caption": "a large dog to the left of a small car",
    }


def digest(g: mm.TransformGraph, number: int) -> bytes:
    out, trace = g.run(row(number), key=number, epoch=1)
    return pickle.dumps((out["image"].tobytes(), out["audio"]["array"].tobytes(), out["caption"], trace.to_json()))


def _work(job: tuple[bytes, int]) -> bytes:
    return digest(pickle.loads(job[0]), job[1])


WITHOUT_MODELS = sorted(name for name, op in mm.OPS.items() if op.family not in ("model", "mix", "network"))
"""Those others: tests/test_text_models.py, tests/test_mix.py, tests/test_neural_augment.py."""

EVERYTHING = mm.Policy.sequence(*(mm.op(name, p=0.25) for name in WITHOUT_MODELS))


@pytest.mark.parametrize(("method", "workers"), [("fork", 2), ("spawn", 3)])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_workers_give_the_same_bytes(method, workers):
    g = graph(EVERYTHING, seed=5)
    alone = [digest(g, number) for number in range(8)]
    assert len(set(alone)) == 8
    jobs = [(pickle.dumps(g), number) for number in range(8)]
    with multiprocessing.get_context(method).Pool(workers) as pool:
        assert pool.map(_work, jobs, chunksize=1) == alone


def states():
    torch = pytest.importorskip("torch")
    return random.getstate(), pickle.dumps(np.random.get_state()), torch.get_rng_state().tolist()  # noqa: NPY002 - to see that it stays


@pytest.mark.parametrize("name", WITHOUT_MODELS)
def test_the_global_random_state_is_neither_read_nor_written(name):
    g = graph(mm.op(name))
    before = states()
    first = digest(g, 3)
    assert states() == before
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002
    try:
        assert digest(g, 3) == first
    finally:
        random.setstate(before[0])
        np.random.set_state(pickle.loads(before[1]))  # noqa: NPY002


def test_the_test_of_global_state_can_fail():
    before = states()
    np.random.random()  # noqa: NPY002
    assert states() != before
    np.random.set_state(pickle.loads(before[1]))  # noqa: NPY002
