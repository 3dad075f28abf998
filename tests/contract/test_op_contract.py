"""Every op in the registry under the laws of `mmaug.testing.ops`, and the laws themselves against ops that break them."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug.modalities  # noqa: F401 - enters the ops
from mmaug import registry
from mmaug.params import Magnitude
from mmaug.registry import OPS, Op
from mmaug.testing.ops import OpContract

LAWS = sorted(name for name in vars(OpContract) if name.startswith("test_"))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.family != "model"])  # those: tests/test_text_models.py
def test_every_op_holds(name, law):
    contract = OpContract()
    contract.ops = [OPS[name]]
    getattr(contract, law)()


def test_the_names_that_must_hold_are_there():
    names = "image.horizontal_flip image.rotate90 image.rotate image.translate_x image.random_resized_crop image.brightness image.hue "
    names += "image.to_gray image.invert image.cutout text.choose_caption text.synonym text.keyboard_typo audio.gain audio.time_stretch "
    names += "audio.time_shift audio.time_crop audio.reverse audio.swap_channels"
    assert set(names.split()) <= set(OPS)


def never_nothing(*, factor: float) -> np.ndarray:
    """Darken a little more than asked.

    factor: times.
    Source: nowhere.
    """
    return np.eye(3, 4) * factor * 0.9


def two_dice(*, factor: float) -> np.ndarray:
    """Darken by chance.

    factor: times.
    Source: nowhere.
    """
    return np.eye(3, 4) * factor * np.random.default_rng().random()


def silent(*, factor: float) -> np.ndarray:
    return np.eye(3, 4) * factor


STRAIGHT = Magnitude(1.0, 0.5, "times", 0.0, 10.0)
BENT = Magnitude(1.0, 3.0, "times", 0.0, 1.0)  # its reach lies outside what is legal


@pytest.mark.parametrize(
    ("function", "param", "law"),
    [
        (never_nothing, STRAIGHT, "test_strength_0_is_the_identity_to_the_bit"),
        (two_dice, STRAIGHT, "test_the_same_step_gives_the_same_bytes_also_after_json"),
        (silent, STRAIGHT, "test_it_says_what_it_is"),
        (never_nothing, BENT, "test_distortion_never_decreases_with_strength"),
    ],
)
def test_a_law_sees_what_breaks_it(monkeypatch, function, param, law):
    broken = Op("image.broken", "colour", {"factor": param}, function)
    monkeypatch.setitem(registry.OPS, "image.broken", broken)
    contract = OpContract()
    contract.ops = [broken]
    with pytest.raises(AssertionError):
        getattr(contract, law)()
