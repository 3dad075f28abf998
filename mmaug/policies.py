"""Policies by name. Each is a function of a few numbers and gives a plain `Policy`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmaug.errors import PolicyError
from mmaug.policy import Policy, PolicyOp, op
from mmaug.registry import FAMILIES, OPS

MODALITIES = ("image", "text", "audio")


def identity() -> Policy:
    """Nothing at all: the baseline."""
    return Policy.sequence()


def rand_augment(n: int = 2, m: float = 0.3, modalities: Sequence[str] = ("image",)) -> Policy:
    """For each modality n ops in turn, each drawn from all of its ops, at one strength.

    n: ops a modality, >= 0. m: strength in [0, 1]. modalities: of "image", "text", "audio".
    Source: Cubuk et al. 2020, "RandAugment", algorithm 1 (with the identity among the ops).
    """
    if not isinstance(n, int) or n < 0:
        raise PolicyError(f"rand_augment: n must be a whole number >= 0, got {n!r}")
    return Policy.sequence(*(_one_of(modality, m) for modality in _known(modalities) for _ in range(n)))


def trivial_augment(modalities: Sequence[str] = ("image",)) -> Policy:
    """For each modality one op, drawn from all of its ops, at a strength drawn from 31 equal steps.

    Source: Mueller and Hutter 2021, "TrivialAugment", algorithm 1.
    """
    strengths = [step / 30 for step in range(31)]
    return Policy.sequence(*(Policy.choice([_one_of(modality, s) for s in strengths]) for modality in _known(modalities)))


NAMED: dict[str, Callable[..., Policy]] = {
    "identity": identity,
    "rand_augment": rand_augment,
    "trivial_augment": trivial_augment,
}


def named(name: str, modalities: Sequence[str]) -> Policy:
    """A policy by name for these modalities. Raises: PolicyError with the names there are."""
    if name not in NAMED:
        raise PolicyError(f"no policy is named {name!r}; there are {', '.join(NAMED)}, or give a policy file")
    return NAMED[name]() if name == "identity" else NAMED[name](modalities=modalities)


def _one_of(modality: str, strength: float) -> Policy:
    """The identity or one op of a modality. Choosing captions is no distortion, so it is not among them."""
    names = [name for name, o in OPS.items() if o.modality == modality and o.family != "structure"]
    parts: list[Policy | PolicyOp] = [Policy.sequence()]
    parts += [op(name, strength=strength) if OPS[name].has_strength else op(name) for name in names]
    return Policy.choice(parts)


def _known(modalities: Sequence[str]) -> Sequence[str]:
    if isinstance(modalities, str) or not modalities or not set(modalities) <= {f.modality for f in FAMILIES.values()}:
        raise PolicyError(f"modalities must be some of {', '.join(MODALITIES)}, got {modalities!r}")
    return modalities
