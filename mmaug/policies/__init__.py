"""Policies by name. Each is a function of a few numbers and gives a plain `Policy`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

from mmaug.errors import PolicyError
from mmaug.policies.manual import manual_strong as manual_strong
from mmaug.policies.published import auto_augment as auto_augment
from mmaug.policies.published import auto_augment_cifar10 as auto_augment_cifar10
from mmaug.policies.published import auto_augment_svhn as auto_augment_svhn
from mmaug.policies.uniform import MODALITIES as MODALITIES
from mmaug.policies.uniform import aug_mix as aug_mix
from mmaug.policies.uniform import rand_augment as rand_augment
from mmaug.policies.uniform import trivial_augment as trivial_augment
from mmaug.policies.uniform import trivial_augment_standard as trivial_augment_standard
from mmaug.policy import Policy


def identity() -> Policy:
    """Nothing at all: the baseline."""
    return Policy.sequence()


NAMED: dict[str, Callable[..., Policy]] = {
    function.__name__: function
    for function in (
        identity,
        rand_augment,
        trivial_augment,
        trivial_augment_standard,
        auto_augment,
        auto_augment_cifar10,
        auto_augment_svhn,
        aug_mix,
        manual_strong,
    )
}


def named(name: str, modalities: Sequence[str]) -> Policy:
    """A policy by name for these modalities; those that are for pictures leave the others alone.

    Raises: PolicyError with the names there are, or where a policy for pictures is asked for and there are none.
    """
    if name not in NAMED:
        raise PolicyError(f"no policy is named {name!r}; there are {', '.join(NAMED)}, or give a policy file")
    function = NAMED[name]
    if "modalities" in inspect.signature(function).parameters:
        return function(modalities=modalities)
    if function is not identity and "image" not in modalities:
        joint = ", ".join(other for other, make in NAMED.items() if "modalities" in inspect.signature(make).parameters)
        raise PolicyError(f"policy {name!r} is for pictures, and there are only {', '.join(modalities) or 'none'}; take one of {joint}")
    return function()
