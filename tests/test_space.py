"""The space of policies: its encodings say the same, and what is stored are names."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmaug import TransformGraph
from mmaug.errors import PolicyError
from mmaug.policy import Policy, PolicyOp, op
from mmaug.registry import OPS, get_op
from mmaug.schema import Audio, Caption, Image, Schema
from mmaug.search.base.compact import CompactSpace
from mmaug.search.base.dimensions import Choice
from mmaug.search.base.pools import IDENTITY, POOLS
from mmaug.search.base.space import PolicySpace

SMALL = ("image.rotate", "image.horizontal_flip", "text.synonym", "text.change_case", "audio.gain", "audio.swap_channels")


@st.composite
def spaces(draw):
    ops = draw(st.lists(st.sampled_from(SMALL), min_size=1, unique=True))
    numbers = {name: draw(st.integers(1, 3)) for name in ("n_sub", "n_ops")}
    return PolicySpace(tuple(ops), bins=draw(st.integers(1, 12)), coupling=draw(st.sampled_from(("shared", "independent"))), **numbers)


@st.composite
def spaces_and_values(draw):
    space = draw(spaces())
    values = {}
    for name, dimension in space.flat().items():
        one = st.sampled_from(dimension.options) if isinstance(dimension, Choice) else st.floats(0, 1)
        values[name] = draw(one)
    return space, values


@st.composite
def spaces_and_tokens(draw):
    space = draw(spaces())
    return space, [draw(st.integers(0, len(token.options) - 1)) for token in space.tokens()]


@given(spaces_and_values())
@settings(deadline=None, max_examples=150)
def test_values_policy_json_and_vector_say_the_same(pair):
    space, values = pair
    policy = space.policy(values)
    kept = space.canonical(values)
    assert space.values(policy) == kept == space.canonical(kept)
    assert space.policy(kept) == policy
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy
    assert json.loads(json.dumps(kept)) == kept
    vector = space.to_unit(values)
    assert vector.shape == (space.unit(),) and vector.min() >= 0 and vector.max() <= 1
    assert space.from_unit(vector) == kept
    assert PolicySpace.from_json(json.loads(json.dumps(space.to_json()))) == space


@given(spaces_and_tokens())
@settings(deadline=None, max_examples=150)
def test_tokens_and_values_say_the_same(pair):
    space, tokens = pair
    values, mask = space.from_tokens(tokens), space.mask(tokens)
    back = space.to_tokens(values)
    assert [a for a, known in zip(tokens, mask, strict=True) if known] == [a for a, known in zip(back, mask, strict=True) if known]
    assert space.from_tokens(back) == values
    assert space.mask(back) == mask
    for token, known in zip(space.tokens(), mask, strict=True):
        if token.name.endswith(".strength") and known:
            assert token.needs and get_op(values[token.needs]).has_strength
    named = {token.name for token in space.tokens()}
    assert named == set(space.flat()) and all(token.needs is None or token.needs in named for token in space.tokens())


@given(spaces_and_tokens(), st.integers(0, 2**32))
@settings(deadline=None, max_examples=100)
def test_a_mask_is_false_exactly_where_a_token_changes_nothing(pair, seed):
    """Judged by the policies themselves: another number there gives the same policy, or another one."""
    space, tokens = pair
    mask = space.mask(tokens)
    rng = np.random.default_rng(seed)
    for place, token in enumerate(space.tokens()):
        if len(token.options) > 1:
            other = list(tokens)
            other[place] = int((tokens[place] + rng.integers(1, len(token.options))) % len(token.options))
            assert (space.policy(space.from_tokens(other)) != space.policy(space.from_tokens(tokens))) == mask[place], token.name


@given(spaces(), st.integers(0, 2**32))
@settings(deadline=None, max_examples=100)
def test_a_mutation_changes_one_decision(space, seed):
    rng = np.random.default_rng(seed)
    policy = space.sample(rng)
    before, after = space.values(policy), space.values(space.mutate(policy, rng))
    changed = {name for name in before if before[name] != after[name]}
    assert changed
    owners = {name.rpartition(".")[0] for name in changed}
    assert len({owner.removesuffix(".image").removesuffix(".text").removesuffix(".audio") for owner in owners}) == 1
    chosen = [name for name in changed if name.endswith(".op")]
    assert chosen or len(changed) == 1  # a new op may give meaning to its numbers, or take it away


def test_samples_are_even():
    """Chi-square on the ops, Kolmogorov-Smirnov on the levels, both of scipy."""
    from scipy import stats

    space, rng = PolicySpace(SMALL[:2], n_sub=1, n_ops=1), np.random.default_rng(0)
    drawn = [space.values(space.sample(rng)) for _ in range(3000)]
    counts = [sum(v["sub0.slot0.image.op"] == name for v in drawn) for name in space.pools["image"]]
    assert stats.chisquare(counts).pvalue > 1e-3
    rotated = [v["sub0.slot0.image.strength"] for v in drawn if v["sub0.slot0.image.op"] == "image.rotate"]
    assert stats.kstest(rotated, "uniform").pvalue > 1e-3
    assert stats.chisquare([9 * count // 10 if i else count + 200 for i, count in enumerate(counts)]).pvalue < 1e-3  # it can fail


def test_default_pools_are_ops_without_needs_of_their_own():
    for modality, names in POOLS.items():
        assert len(names) >= 12 and {get_op(name).modality for name in names} == {modality}
        assert all(OPS[name].family != "model" for name in names)
    space = PolicySpace()
    assert space.modalities == ("image", "text", "audio") and len(space.flat()) == 5 * 2 * 7 == space.unit()
    assert len(PolicySpace(coupling="independent").flat()) == 5 * 2 * 9
    assert len(PolicySpace(modalities=("image",)).tokens()) == 30  # AutoAugment's 30 decisions


def test_steps_of_tokens_are_as_in_autoaugment():
    tokens = {token.name: token.options for token in PolicySpace(("image.rotate",), n_sub=1, n_ops=1).tokens()}
    assert tokens["sub0.slot0.p"] == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert tokens["sub0.slot0.image.strength"] == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert tokens["sub0.slot0.image.op"] == (IDENTITY, "image.rotate")


def _draws(space: PolicySpace, **values) -> list[set[str]]:
    policy = space.policy(dict.fromkeys(space.flat(), 0.5) | {f"sub0.slot0.{m}.op": name for m, name in values.items()})
    schema = Schema(image=Image(), caption=Caption(of="image"), audio=Audio(recorded_with="image"))
    graph = TransformGraph(policy, schema=schema)
    return [{step.op for step in graph.plan(key=number).steps} for number in range(2000)]


CHOSEN = {"image": "image.horizontal_flip", "text": "text.change_case", "audio": "audio.swap_channels"}


def test_a_shared_coin_joins_the_ops_of_all_modalities():
    """In plans that the graph draws: all three or none, half the time."""
    drawn = _draws(PolicySpace(SMALL, n_sub=1, n_ops=1), **CHOSEN)
    assert {frozenset(ops) for ops in drawn} == {frozenset(), frozenset(CHOSEN.values())}
    assert abs(sum(map(bool, drawn)) / 2000 - 0.5) < 4 * 0.5 / 2000**0.5


def test_independent_coins_are_independent():
    drawn = _draws(PolicySpace(SMALL, n_sub=1, n_ops=1, coupling="independent"), **CHOSEN)
    together = sum(len(ops) == 3 for ops in drawn) / 2000
    assert abs(together - 0.125) < 4 * (0.125 * 0.875 / 2000) ** 0.5
    assert len({frozenset(ops) for ops in drawn}) == 8


def test_a_policy_of_another_space_is_refused():
    space = PolicySpace(SMALL[:2], n_sub=1, n_ops=1)
    slot = Policy.sequence(op("image.rotate", strength=0.5), p=0.5)
    good = Policy.choice([Policy.sequence(slot)])
    assert space.policy(space.values(good)) == good
    two = Policy.sequence(op("image.rotate", strength=0.5), op("image.horizontal_flip"), p=0.5)
    own_coin = Policy.sequence(op("image.rotate", p=0.3, strength=0.5))
    ranges = Policy.sequence(op("image.rotate", degrees=(1, 2)))
    for slots in ([two], [own_coin], [ranges], [slot, slot], [op("image.rotate", strength=0.5)], [Policy.sequence(op("image.invert"))]):
        with pytest.raises(PolicyError, match="none of this space"):
            space.values(Policy.choice([Policy.sequence(*slots)]))
    for other in (Policy.sequence(), Policy.choice([Policy.sequence(slot)] * 2), Policy.choice([Policy.sequence(slot)], p=0.5)):
        with pytest.raises(PolicyError, match="none of this space"):
            space.values(other)


def test_wrong_spaces_and_values_are_refused():
    for wrong in (
        {"ops": ()}, {"ops": "image.rotate"}, {"ops": ("image.nope",)}, {"modalities": ("smell",)}, {"modalities": "image"},
        {"n_sub": 0}, {"n_ops": True}, {"bins": 1.5}, {"coupling": "none"},
    ):  # fmt: skip
        with pytest.raises(PolicyError):
            PolicySpace(**wrong)
    space = PolicySpace(("image.rotate",), n_sub=1, n_ops=1)
    values = space.values(space.sample(np.random.default_rng(0)))
    for wrong, said in (
        ({**values, "sub0.slot0.p": 1.5}, "in \\[0, 1\\]"),
        ({**values, "sub0.slot0.image.op": "image.invert"}, "one of"),
        ({**values, "more": 0}, "the space does not"),
        ({"sub0.slot0.p": 0.5}, "missing"),
    ):
        with pytest.raises(PolicyError, match=said):
            space.policy(wrong)
    for call in (lambda: space.from_tokens([0, 0]), lambda: space.from_tokens([2, 0, 0]), lambda: space.from_unit([0.5])):
        with pytest.raises(PolicyError):
            call()


@given(st.lists(st.sampled_from(SMALL), min_size=1, unique=True), st.integers(1, 4), st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_the_compact_space_goes_both_ways(ops, most, seed):
    space = PolicySpace(tuple(ops)).compact(most)
    policy = space.sample(np.random.default_rng(seed))
    values = space.values(policy)
    assert space.policy(values) == policy and space.from_unit(space.to_unit(values)) == values
    assert CompactSpace.from_json(json.loads(json.dumps(space.to_json()))) == space
    assert space.unit() == 2 * len(space.modalities) == len(space.flat())


def test_compact_policies_draw_n_ops_evenly():
    """Chi-square of the plans that the graph draws, the identity among the ops."""
    from scipy import stats

    names = ("image.rotate", "image.brightness", "image.horizontal_flip")
    space = CompactSpace(names)
    policy = space.policy({"image.n": 2, "image.strength": 0.4})
    graph = TransformGraph(policy, schema=Schema(image=Image()), seed=3)
    drawn = [[step.op for step in graph.plan(key=number).steps] for number in range(3000)]
    counts = [sum(ops.count(name) for ops in drawn) for name in names]
    assert stats.chisquare([*counts, 6000 - sum(counts)]).pvalue > 1e-3
    assert space.policy({"image.n": 0, "image.strength": 0.4}) == Policy.sequence()
    with pytest.raises(PolicyError, match="none of this space"):
        space.values(Policy.sequence(op("image.rotate")))


def test_the_relaxed_space_gives_back_what_it_was_set_to():
    import torch

    for coupling in ("shared", "independent"):
        space = PolicySpace(SMALL, n_sub=2, n_ops=2, coupling=coupling)
        relaxed = space.relax()
        shapes = {name: tuple(weights.shape) for name, weights in relaxed.weights().items()}
        assert shapes == {m: (2, 2, len(pool)) for m, pool in space.pools.items()}
        assert all(torch.allclose(w, torch.full_like(w, 1 / w.shape[-1])) for w in relaxed.weights().values())
        assert relaxed.p().shape == (2, 2, 3 if coupling == "independent" else 1)
        values = space.values(space.sample(np.random.default_rng(5)))
        relaxed.set_values(values)
        back = relaxed.values()
        for name, value in values.items():
            assert back[name] == (value if isinstance(value, str) else pytest.approx(value, abs=1e-5))
        assert {op.name for op in relaxed.policy().ops()} == {v for v in values.values() if isinstance(v, str) and v != IDENTITY}
        assert len(list(relaxed.parameters())) == 2 * 3 + 1


def test_what_is_stored_are_names():
    """A space with its ops in another order reads the same policy."""
    space = PolicySpace(SMALL, n_sub=1, n_ops=1)
    other = PolicySpace(SMALL[::-1], n_sub=1, n_ops=1)
    policy = space.sample(np.random.default_rng(2))
    stored = json.loads(json.dumps(policy.to_json()))
    assert other.values(Policy.from_json(stored)) == space.values(policy)
    assert all(isinstance(item, PolicyOp) for item in policy.ops())
