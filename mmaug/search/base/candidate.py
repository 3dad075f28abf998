"""What is searched for: a policy, or a policy together with an architecture; both survive JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmaug.policy import Policy


@dataclass(frozen=True, slots=True)
class JointCandidate:
    """A policy and the architecture of the child that it is for: what joint search looks for.

    architecture: what was decided by name, plain JSON values (`{"depth": 2, "width": 32}`).
    """

    policy: Policy
    architecture: Mapping[str, Any] = field(default_factory=dict)


Candidate = Policy | JointCandidate


def policy_of(candidate: Candidate) -> Policy:
    """The policy of either kind."""
    return candidate.policy if isinstance(candidate, JointCandidate) else candidate


def to_json(candidate: Candidate) -> dict[str, Any]:
    """The candidate as plain JSON values; `from_json` gives it back."""
    if isinstance(candidate, JointCandidate):
        return {"policy": candidate.policy.to_json(), "architecture": dict(candidate.architecture)}
    return {"policy": candidate.to_json()}


def from_json(value: Mapping[str, Any]) -> Candidate:
    """The candidate of a JSON value. Raises: PolicyError where its policy is none."""
    policy = Policy.from_json(value["policy"])
    return JointCandidate(policy, dict(value["architecture"])) if "architecture" in value else policy


def digest(candidate: Candidate) -> str:
    """What tells candidates apart, in 16 hexadecimal digits: equal for equal ones, in every process."""
    text = json.dumps(to_json(candidate), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
