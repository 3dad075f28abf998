"""Policies that draw ops uniformly: RandAugment, TrivialAugment and AugMix, for pictures, text and sound together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mmaug.errors import PolicyError
from mmaug.params import Magnitude
from mmaug.policies.published import at_strength
from mmaug.policy import Policy, PolicyOp, op
from mmaug.registry import get_op

IMAGE_OPS = tuple(
    "AutoContrast Equalize Rotate Solarize Color Posterize Contrast Brightness Sharpness ShearX ShearY TranslateX TranslateY".split()
)
"""RandAugment's ops by the paper's names, without the identity, which is always among them."""

TEXT_OPS = tuple(
    "text.synonym text.hypernym text.insert_words text.delete_words text.swap_words text.misspell text.keyboard_typo text.char_noise"
    " text.split_words text.change_case text.punctuation text.contractions".split()
)
"""Wording ops that need no model; those that only choose or frame texts are no distortion and are not among them."""

AUDIO_OPS = tuple(
    "audio.gain audio.time_stretch audio.pitch_shift audio.time_shift audio.time_mask audio.frequency_mask audio.gaussian_noise"
    " audio.colored_noise audio.reverb audio.low_pass audio.high_pass audio.peaking_eq audio.dynamic_range audio.clip_distortion"
    " audio.tremolo".split()
)
"""Sound ops that need no recordings of others. Without `reverse` and the like, which make another sound of it."""

MODALITIES = ("image", "text", "audio")
_OTHERS = {"text": TEXT_OPS, "audio": AUDIO_OPS}

WIDE: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "image.auto_contrast": {},
        "image.equalize": {},
        "image.rotate": {"degrees": (-135, 135)},
        "image.solarize": {"threshold": (0, 256)},
        "image.saturation": {"factor": (0.01, 1.99)},
        "image.posterize": {"bits": (2, 8)},
        "image.contrast": {"factor": (0.01, 1.99)},
        "image.brightness": {"factor": (0.01, 1.99)},
        "image.sharpness": {"factor": (0.01, 1.99)},
        "image.shear_x": {"tangent": (-0.99, 0.99), "row": 0.0},
        "image.shear_y": {"tangent": (-0.99, 0.99), "column": 0.0},
        "image.translate_x": {"fraction": (-32 / 224, 32 / 224)},  # published in pixels; of ImageNet's 224
        "image.translate_y": {"fraction": (-32 / 224, 32 / 224)},
    }
)
"""TrivialAugment's wide space."""

STANDARD: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "image.auto_contrast": {},
        "image.equalize": {},
        "image.rotate": {"degrees": (-30, 30)},
        "image.solarize": {"threshold": (0, 256)},
        "image.saturation": {"factor": (0.1, 1.9)},
        "image.posterize": {"bits": (4, 8)},
        "image.contrast": {"factor": (0.1, 1.9)},
        "image.brightness": {"factor": (0.1, 1.9)},
        "image.sharpness": {"factor": (0.1, 1.9)},
        "image.shear_x": {"tangent": (-0.3, 0.3), "row": 0.0},
        "image.shear_y": {"tangent": (-0.3, 0.3), "column": 0.0},
        "image.translate_x": {"fraction": (-70 / 224, 70 / 224)},  # as much as 10 of CIFAR's 32 pixels
        "image.translate_y": {"fraction": (-70 / 224, 70 / 224)},
    }
)
"""Its standard space, that of RandAugment."""

_SPACES = {"wide": WIDE, "standard": STANDARD}


def rand_augment(n: int = 2, m: float = 0.3, modalities: Sequence[str] = ("image",)) -> Policy:
    """For each modality n ops in turn, each drawn from a pool of ops and the identity, at one strength.

    n: ops a modality, >= 0. m: strength in [0, 1]; level 9 of the paper's 30 is 0.3. modalities: of "image", "text", "audio".
    Raises: PolicyError for a number or a modality that is none.
    Source: Cubuk et al. 2020, "RandAugment", algorithm 1 (the 14 ops for pictures; the pools for text and sound are ours).
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise PolicyError(f"rand_augment: n must be a whole number >= 0, got {n!r}")
    if not isinstance(m, (int, float)) or isinstance(m, bool) or not 0 <= m <= 1:
        raise PolicyError(f"rand_augment: m must be a strength in [0, 1], got {m!r}; level 9 of the paper's 30 is 9 / 30 = 0.3")
    return Policy.sequence(*(_one_of(modality, m) for modality in known(modalities) for _ in range(n)))


def _one_of(modality: str, strength: float) -> Policy:
    if modality == "image":
        parts: list[PolicyOp] = [at_strength(name, strength) for name in IMAGE_OPS]
    else:
        parts = [op(name, strength=strength) if get_op(name).has_strength else op(name) for name in _OTHERS[modality]]
    return Policy.choice([Policy.sequence(), *parts])


def trivial_augment(modalities: Sequence[str] = ("image",), space: str = "wide") -> Policy:
    """For each modality one op or the identity, at a strength drawn evenly from nothing to the end of its space.

    modalities: of "image", "text", "audio". space: for pictures "wide" or "standard"; other ops go as far as strength 1.
    Raises: PolicyError for another modality or space.
    Source: Mueller and Hutter 2021, "TrivialAugment", algorithm 1, and the spaces of its published code ("wide", and "fix").
    """
    if space not in _SPACES:
        raise PolicyError(f"trivial_augment: space must be one of {', '.join(_SPACES)}, got {space!r}")
    pools = {"image": [op(name, **params) for name, params in _SPACES[space].items()]}
    pools |= {modality: [anywhere(name) for name in names] for modality, names in _OTHERS.items()}
    return Policy.sequence(*(Policy.choice([Policy.sequence(), *pools[modality]]) for modality in known(modalities)))


def trivial_augment_standard(modalities: Sequence[str] = ("image",)) -> Policy:
    """TrivialAugment with the milder space; see `trivial_augment`."""
    return trivial_augment(modalities, "standard")


def anywhere(name: str) -> PolicyOp:
    """An op whose magnitudes are drawn evenly from nothing to as far as strength 1 goes, to both sides where there are two."""
    params: dict[str, Any] = {}
    for key, param in get_op(name).params.items():
        if isinstance(param, Magnitude):
            other = param.identity
            if param.signed:
                other = param.identity**2 / param.reach if param.scale == "log" else 2 * param.identity - param.reach
            params[key] = (min(other, param.reach), max(other, param.reach))
    return op(name, **params)


def aug_mix(severity: float = 3.0, chains: int = 3) -> Policy:
    """A picture mixed with versions of itself that went through short chains of colour ops.

    severity: how strong the ops of a chain may be, in [0, 10]. chains: how many are mixed, in [1, 8].
    Source: Hendrycks et al. 2020, "AugMix", algorithm 1; without the chains' geometry, see the op `image.aug_mix`.
    """
    return Policy.sequence(op("image.aug_mix", severity=severity, chains=chains))


def known(modalities: Sequence[str]) -> Sequence[str]:
    """The modalities themselves. Raises: PolicyError for others, or for none."""
    if isinstance(modalities, str):
        raise PolicyError(f"modalities must be a list of {', '.join(MODALITIES)}, got the string {modalities!r}; write ({modalities!r},)")
    if not modalities or not set(modalities) <= set(MODALITIES):
        raise PolicyError(f"modalities must be some of {', '.join(MODALITIES)}, got {modalities!r}")
    return modalities
