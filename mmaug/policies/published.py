"""AutoAugment's three policies, number by number, and how its levels become parameters of our ops."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mmaug.errors import PolicyError
from mmaug.policy import Policy, PolicyOp, op

OPS: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "AutoContrast": ("image.auto_contrast", {}),
        "Brightness": ("image.brightness", {}),
        "Color": ("image.saturation", {}),
        "Contrast": ("image.contrast", {}),
        "Equalize": ("image.equalize", {}),
        "Invert": ("image.invert", {}),
        "Posterize": ("image.posterize", {}),
        "Rotate": ("image.rotate", {}),
        "Sharpness": ("image.sharpness", {}),
        "ShearX": ("image.shear_x", {"row": 0.0}),  # as published the first row and column stay, not the middle ones
        "ShearY": ("image.shear_y", {"column": 0.0}),
        "Solarize": ("image.solarize", {}),
        "TranslateX": ("image.translate_x", {}),
        "TranslateY": ("image.translate_y", {}),
    }
)
"""The papers' names: our op, and what is fixed in it."""

PLAIN = frozenset({"AutoContrast", "Equalize", "Invert"})
"""Those without a magnitude."""

BINS = 9
"""The highest level in AutoAugment's tables; the levels lie in equal steps between nothing and the op's reach."""

FARTHEST = 150 / 331
"""How far AutoAugment translates at the highest level, of the width or height."""

IMAGENET = """
Posterize .4 8, Rotate .6 9 | Solarize .6 5, AutoContrast .6 | Equalize .8, Equalize .6 | Posterize .6 7, Posterize .6 6
Equalize .4, Solarize .2 4 | Equalize .4, Rotate .8 8 | Solarize .6 3, Equalize .6 | Posterize .8 5, Equalize 1
Rotate .2 3, Solarize .6 8 | Equalize .6, Posterize .4 6 | Rotate .8 8, Color .4 0 | Rotate .4 9, Equalize .6
Equalize 0, Equalize .8 | Invert .6, Equalize 1 | Color .6 4, Contrast 1 8 | Rotate .8 8, Color 1 2
Color .8 8, Solarize .8 7 | Sharpness .4 7, Invert .6 | ShearX .6 5, Equalize 1 | Color .4 0, Equalize .6
Equalize .4, Solarize .2 4 | Solarize .6 5, AutoContrast .6 | Invert .6, Equalize 1 | Color .6 4, Contrast 1 8
Equalize .8, Equalize .6
"""

CIFAR10 = """
Invert .1, Contrast .2 6 | Rotate .7 2, TranslateX .3 9 | Sharpness .8 1, Sharpness .9 3 | ShearY .5 8, TranslateY .7 9
AutoContrast .5, Equalize .9 | ShearY .2 7, Posterize .3 7 | Color .4 3, Brightness .6 7 | Sharpness .3 9, Brightness .7 9
Equalize .6, Equalize .5 | Contrast .6 7, Sharpness .6 5 | Color .7 7, TranslateX .5 8 | Equalize .3, AutoContrast .4
TranslateY .4 3, Sharpness .2 6 | Brightness .9 6, Color .2 8 | Solarize .5 2, Invert 0 | Equalize .2, AutoContrast .6
Equalize .2, Equalize .6 | Color .9 9, Equalize .6 | AutoContrast .8, Solarize .2 8 | Brightness .1 3, Color .7 0
Solarize .4 5, AutoContrast .9 | TranslateY .9 9, TranslateY .7 9 | AutoContrast .9, Solarize .8 3 | Equalize .8, Invert .1
TranslateY .7 9, AutoContrast .9
"""

SVHN = """
ShearX .9 4, Invert .2 | ShearY .9 8, Invert .7 | Equalize .6, Solarize .6 6 | Invert .9, Equalize .6
Equalize .6, Rotate .9 3 | ShearX .9 4, AutoContrast .8 | ShearY .9 8, Invert .4 | ShearY .9 5, Solarize .2 6
Invert .9, AutoContrast .8 | Equalize .6, Rotate .9 3 | ShearX .9 4, Solarize .3 3 | ShearY .8 8, Invert .7
Equalize .9, TranslateY .6 6 | Invert .9, Equalize .6 | Contrast .3 3, Rotate .8 4 | Invert .8, TranslateY 0 2
ShearY .7 6, Solarize .4 8 | Invert .6, Rotate .8 4 | ShearY .3 7, TranslateX .9 3 | ShearX .1 6, Invert .6
Solarize .7 2, TranslateY .6 7 | ShearY .8 4, Invert .8 | ShearX .7 9, TranslateY .8 3 | ShearY .8 5, AutoContrast .7
ShearX .7 2, Invert .1
"""

_TABLES = {"imagenet": IMAGENET, "cifar10": CIFAR10, "svhn": SVHN}
"""25 sub-policies each, parted by "|": op, probability, level."""


def auto_augment(data: str = "imagenet") -> Policy:
    """One of 25 sub-policies of two ops each, found by search on a data set of pictures.

    data: "imagenet", "cifar10" or "svhn".
    Raises: PolicyError for another name.
    Source: Cubuk et al. 2019, "AutoAugment", tables 7 (CIFAR-10), 8 (SVHN) and 9 (ImageNet) of the appendix.
    """
    if data not in _TABLES:
        raise PolicyError(f"auto_augment: data must be one of {', '.join(_TABLES)}, got {data!r}")
    parts = _TABLES[data].strip().replace("\n", " | ").split(" | ")
    return Policy.choice([Policy.sequence(*(_step(step) for step in part.split(", "))) for part in parts])


def auto_augment_cifar10() -> Policy:
    """AutoAugment's policy for CIFAR-10; see `auto_augment`."""
    return auto_augment("cifar10")


def auto_augment_svhn() -> Policy:
    """AutoAugment's policy for SVHN; see `auto_augment`."""
    return auto_augment("svhn")


def _step(text: str) -> PolicyOp | Policy:
    """An op of a table: `Rotate .6 9` runs with probability 0.6, at the last of nine steps towards 30 degrees, to either side."""
    name, p, *level = text.split()
    if name.startswith("Translate"):
        far = int(level[0]) / BINS * FARTHEST
        ours = OPS[name][0]
        return Policy.choice([op(ours, fraction=-far), op(ours, fraction=far)], p=float(p))
    return at_strength(name, int(level[0]) / BINS if level else 0.0, p=float(p))


def at_strength(name: str, strength: float, *, p: float = 1.0) -> PolicyOp:
    """One of the papers' ops at a share of its reach, in [0, 1]; those without a magnitude take none."""
    ours, fixed = OPS[name]
    return op(ours, p=p) if name in PLAIN else op(ours, p=p, strength=strength, **fixed)
