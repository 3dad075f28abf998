"""Drawing a plan from a policy: the only place where a random choice is made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, count
from typing import Any

import numpy as np

from mmaug import rng
from mmaug.params import Draw
from mmaug.plan import Plan, Step
from mmaug.policy import DEFAULT_STRENGTH, Policy, PolicyOp
from mmaug.registry import get_op

Targets = Callable[[PolicyOp], tuple[str, ...]]
"""From an op of a policy to the fields it acts on."""

Emit = Callable[[np.ndarray, list[Step], "int | None"], None]


class Drawer:
    """A policy made ready: `draw` is a pure function of (seed, epoch, key, view, progress).

    Every node of the policy's tree owns one block of uniform numbers by its place in the tree, whether it is reached or not.
    """

    __slots__ = ("_policy", "_ready")

    def __init__(self, policy: Policy, targets: Targets):
        self._policy = policy
        self._ready = {id(part): _prepare(part, targets) for part in _parts(policy)}

    def draw(self, seed: int, epoch: int, key: str | int | bytes, view: int, progress: float) -> Plan:
        emit, blocks = self._ready[id(self._policy.at(progress))]
        steps: list[Step] = []
        emit(rng.uniform_blocks(rng.row_stream(seed, epoch, key, view), blocks), steps, None)
        return Plan(tuple(steps))


def _parts(policy: Policy) -> tuple[Any, ...]:
    return policy.items if policy.kind == "schedule" else (policy,)


def _prepare(node: PolicyOp | Policy, targets: Targets) -> tuple[Emit, int]:
    places = count()
    emit = _node(node, targets, places)
    return emit, next(places)


def _node(node: PolicyOp | Policy, targets: Targets, places: Iterator[int]) -> Emit:
    if isinstance(node, PolicyOp):
        return _op(node, targets, next(places))
    place = next(places)
    parts = [_node(item, targets, places) for item in node.items]
    return _choice(node, place, parts) if node.kind == "choice" else _sequence(node, place, parts)


def _own(place: int, count: int) -> slice:
    """Where the first numbers of a node's block lie."""
    return slice(place * rng.BLOCK, place * rng.BLOCK + count)


def _op(node: PolicyOp, targets: Targets, place: int) -> Emit:
    draws: list[tuple[str, Draw, int, int]] = []
    taken = 1  # number 0 of the block is the coin
    for name, param in get_op(node.name).params.items():
        if name in node.params:
            draw = param.from_given(node.params[name], f"op {node.name!r}: {name}")
        else:
            draw = param.from_strength(DEFAULT_STRENGTH if node.strength is None else node.strength)
        draws.append((name, draw, taken, taken + param.uniforms))
        taken += param.uniforms
    op, p, fields = node.name, node.p, targets(node)
    own = _own(place, taken)

    def emit(blocks: np.ndarray, steps: list[Step], group: int | None) -> None:
        u = blocks[own].tolist()
        if u[0] < p:
            params = {name: draw(u[a:b]) for name, draw, a, b in draws}
            for field in fields:
                steps.append(Step(op, field, params, group))

    return emit


def _sequence(node: Policy, place: int, parts: list[Emit]) -> Emit:
    p, coin, own_group = node.p, place * rng.BLOCK, place if node.all_or_none else None

    def emit(blocks: np.ndarray, steps: list[Step], group: int | None) -> None:
        if p == 1 or blocks[coin] < p:
            for part in parts:
                part(blocks, steps, own_group if group is None else group)

    return emit


def _choice(node: Policy, place: int, parts: list[Emit]) -> Emit:
    p, bounds = node.p, list(accumulate(node.weights))
    total, own = bounds[-1], _own(place, 2)

    def emit(blocks: np.ndarray, steps: list[Step], group: int | None) -> None:
        coin, pick = blocks[own].tolist()
        if coin < p:
            parts[min(bisect_right(bounds, pick * total), len(parts) - 1)](blocks, steps, group)

    return emit
