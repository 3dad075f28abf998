"""Several policies of one space as one: all their sub-policies, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmaug.policy import Policy, PolicyOp


def sub_policies(policy: Policy) -> list[tuple[Policy | PolicyOp, float]]:
    """The parts of a policy that rows are dealt to, with their weights; a policy that is no choice is its own only part."""
    if policy.kind != "choice" or policy.p != 1:
        return [(policy, 1.0)]
    return list(zip(policy.items, policy.weights, strict=True))


def joined(policies: Iterable[Policy]) -> Policy:
    """A choice of the sub-policies of all, each as likely as it is on average over the policies; equal ones become one."""
    shares: list[tuple[Policy | PolicyOp, float]] = []
    for policy in policies:
        parts = sub_policies(policy)
        total = sum(weight for _, weight in parts)
        shares += [(part, weight / total) for part, weight in parts]
    return merged(shares)


def merged(shares: Sequence[tuple[Policy | PolicyOp, float]]) -> Policy:
    """A choice of parts with weights, where equal parts have become one with the sum of their weights; the order is kept."""
    places: dict[str, int] = {}
    parts: list[Policy | PolicyOp] = []
    weights: list[float] = []
    for part, weight in shares:
        key = repr(part)
        if key not in places:
            places[key] = len(parts)
            parts.append(part)
            weights.append(0.0)
        weights[places[key]] += weight
    largest = max(weights)
    return Policy.choice(parts, weights=[weight / largest for weight in weights])
