"""Which networks the words of a row are to go through, as its trace tells, and who cannot do that."""

from __future__ import annotations

from collections.abc import Container

from mmaug.errors import MmaugError
from mmaug.policy import Policy
from mmaug.trace import Trace

OP = "text.neural"


def asked(trace: Trace, fields: Container[str]) -> tuple[tuple[str, int], ...]:
    """What the steps on some fields ask of a row: (network, seed of its noise) each, in order; see `mmaug.neural.words`."""
    steps = (step for step in trace.applied if step.op == OP and step.field in fields)
    named = ((step.params["network"], step.params["seed"]) for step in steps if step.params["network"])
    return tuple(dict.fromkeys(named))  # a step on several fields that are read together is one


def count(policy: Policy) -> int:
    """How many steps of a policy change the vectors of words."""
    return sum(op.name == OP and bool(op.params.get("network")) for op in policy.ops())


def refuse(policy: Policy, where: str) -> None:
    """Raises: MmaugError for a policy whose networks for text would be lost, since `where` knows no model."""
    if count(policy):
        raise MmaugError(
            f"{where}: the policy must not have {OP} with a network, which changes the vectors that a model has for words and no text; "
            "train with mm.hf.Collator and mm.hf.ConsistencyTrainer, or leave the op out"
        )
