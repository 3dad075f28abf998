"""Every setting of every searcher is looked at when the searcher is made."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import mmaug as mm
from mmaug.search.augmenter import Recipe
from mmaug.search.base.settings import Flag, Maybe, Number, OneOf, Some, Whole

WRONG: tuple[Any, ...] = ("x", -1, math.nan, math.inf, (), object(), b"ppo")
"""None of these is ever right; a setting that takes None takes it."""


def settings() -> list[tuple[type, str]]:
    owners = [*(mm.search.SEARCHERS[name] for name in mm.search.SEARCHERS), Recipe]
    return [(owner, field.name) for owner in owners for field in dataclasses.fields(owner) if field.init]


@pytest.mark.parametrize(("owner", "name"), settings(), ids=lambda value: getattr(value, "__name__", value))
def test_what_can_never_be_is_refused_by_name(owner, name):
    for wrong in WRONG:
        with pytest.raises(mm.MmaugError, match=rf"{owner.__name__}: {name} must be .*, got "):
            owner(**{name: wrong})


@pytest.mark.parametrize(("owner", "name"), settings(), ids=lambda value: getattr(value, "__name__", value))
def test_the_defaults_and_numpys_numbers_will_do(owner, name):
    """As Python's own numbers: torch takes no other seed, and JSON no other number."""
    default = getattr(owner(), name)
    as_numpy = np.asarray(default)[()] if isinstance(default, (bool, int, float)) else default
    held = getattr(owner(**{name: as_numpy}), name)
    assert held == default and type(held) is type(default)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: mm.search.AutoAugment(algorithm="sac"), "AutoAugment: algorithm must be one of ppo, reinforce, got 'sac'"),
        (lambda: mm.search.JointNAS(shared=-1), r"JointNAS: shared must be a whole number in \[0, 2\*\*63\), got -1"),
        (lambda: mm.search.PopulationBased(quantile=0.7), r"quantile must be a number in \(0, 0.5\], got 0.7"),
        (lambda: mm.search.DifferentiableSearch(rate=0), r"rate must be a number in \(0, inf\), got 0"),
        (lambda: mm.search.BayesianSearch(probe=2), "probe must be 0, for none, or at least 3"),
        (lambda: mm.search.BayesianSearch(startup=-1), r"startup must be a whole number in \[0, 2\*\*63\), or None, got -1"),
        (lambda: mm.search.RandAugment(joint=1), "joint must be True or False, got 1"),  # type: ignore[arg-type]
        (lambda: mm.search.NeuralAugmentSearch(modalities="image"), "modalities must be a list of some of image, audio, text, got 'image'"),
        (lambda: mm.search.NeuralAugmentSearch(modalities=["smell"]), "modalities must be a list of some of image, audio, text"),
        (lambda: mm.search.NeuralAugmentSearch(recipe={"hold": 1.0}), "recipe must be a dict with some of adversarial, teacher, held"),
        (lambda: mm.search.RandomSearch(seed=True), r"seed must be a whole number in \[0, 2\*\*63\), got True"),
    ],
)
def test_messages_say_what_would_do(made, message):
    with pytest.raises(mm.MmaugError, match=message):
        made()


def test_bounds_are_in_or_out():
    assert not Whole().holds(2**63) and not Number().holds(10**400) and not Number().holds(math.nan) and not Number().holds(math.inf)
    assert Number(least=0, most=1).holds(0) and Number(least=0, most=1).holds(1.0) and not Number(least=0, most=1).holds(1.01)
    assert not Number(above=0).holds(0) and not Number(below=1).holds(1) and Number(above=0, below=1).holds(0.5)
    assert Whole(2).holds(2) and not Whole(2).holds(1) and not Whole().holds(1.0) and not Whole().holds(True)
    assert Maybe(Whole()).holds(None) and not Maybe(Whole()).holds(0) and Flag().holds(False) and not Flag().holds(0)
    assert OneOf(("a",)).holds("a") and not OneOf(("a",)).holds(["a"]) and Some(("a", "b")).holds(["b"]) and not Some(("a",)).holds("a")
