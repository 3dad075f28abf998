"""What a policy does, read off its tree: for tasks whose rows are only numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmaug.policy import DEFAULT_STRENGTH, Policy, PolicyOp
from mmaug.registry import get_op


def drawn(policy: Policy, rng: np.random.Generator) -> list[tuple[str, float]]:
    """The ops that one row gets, with their strengths; 1 for an op that has none. A schedule counts as its first policy."""
    found: list[tuple[str, float]] = []
    _draw(policy.at(0.0), rng, found)
    return found


def _draw(node: Policy | PolicyOp, rng: np.random.Generator, found: list[tuple[str, float]]) -> None:
    if rng.random() >= node.p:
        return
    if isinstance(node, PolicyOp):
        found.append((node.name, strength(node)))
    elif node.kind == "choice":
        shares = np.array(node.weights) / sum(node.weights)
        _draw(node.items[int(rng.choice(len(shares), p=shares))], rng, found)
    else:
        for item in node.items:
            _draw(item, rng, found)


def expected(policy: Policy) -> dict[str, float]:
    """How many times each op runs on a row, on average."""
    counts: dict[str, float] = {}
    for share, node in nodes(policy.at(0.0)):
        counts[node.name] = counts.get(node.name, 0.0) + share
    return counts


def nodes(node: Policy | PolicyOp, share: float = 1.0) -> Iterator[tuple[float, PolicyOp]]:
    """Every op of a tree with the chance that it runs."""
    share *= node.p
    if isinstance(node, PolicyOp):
        yield share, node
        return
    total = sum(node.weights)
    for number, item in enumerate(node.items):
        yield from nodes(item, share * (node.weights[number] / total if node.kind == "choice" else 1.0))


def strength_of(policy: Policy, name: str) -> float:
    """The mean strength of an op over the places where it stands, whatever its probability there; 0 where it is in none."""
    found = [strength(node) for node in policy.at(0.0).ops() if node.name == name]
    return float(np.mean(found)) if found else 0.0


def strength(node: PolicyOp) -> float:
    """The strength of an op in a policy; 1 for an op that has none."""
    if not get_op(node.name).has_strength:
        return 1.0
    return DEFAULT_STRENGTH if node.strength is None else node.strength
