"""Albumentations' transforms made from settings and run with a seed of the step's own, without a trace of their own randomness.

albumentations 2.0.8 repeats its draws in every loader worker and epoch; here each run seeds the transform anew from the step.
"""

from __future__ import annotations

import inspect
import json
import os
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mmaug.errors import PolicyError, RowError
from mmaug.modalities.image.alb.catalogue import CATALOGUE, VERSION
from mmaug.params import Draw

BORDERS = (0, 1)
"""OpenCV's constant and replicated border. Mirrored and wrapped ones show things a second time, which no annotation could follow."""

_local = threading.local()
"""Made transforms, one set a thread: a transform keeps its draws in itself."""

_MADE_AT_MOST = 512


@dataclass(frozen=True, slots=True)
class Settings:
    """The arguments of a transform as albumentations names them, a JSON object; strength does not move them.

    cls: the transform's class in albumentations.
    """

    cls: str
    uniforms: int = 0
    has_strength: bool = False

    def from_strength(self, strength: float) -> Draw:
        return lambda u: {}

    def from_given(self, given: Any, where: str) -> Draw:
        if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
            raise PolicyError(
                f'{where}: must be a dict of arguments of albumentations.{self.cls}, such as {{"name": value}}, got {given!r}'
            )
        try:
            settings = json.loads(json.dumps(dict(given), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise PolicyError(f"{where}: must hold what JSON can (numbers, strings, lists, dicts), got {given!r}: {error}") from None
        if settings:
            _check(self.cls, _key(settings), where)
        return lambda u: settings

    def describe(self) -> str:
        usual = CATALOGUE[self.cls].usual
        return f"arguments of albumentations.{self.cls}" + (f"; where none are given {dict(usual)}" if usual else "")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run gave, and the parameters that the transform drew."""

    image: np.ndarray
    drawn: Mapping[str, Any]


def run(cls: str, settings: Mapping[str, Any], seed: int, image: np.ndarray, *, plainly: bool = False) -> Ran:
    """One run on pixels, uint8 or float32 [h, w, 3] (the input is not changed); a function of its arguments alone.

    plainly: with linear interpolation and black beyond the border whatever the settings say, to measure where pixels go.
    Raises: RowError where albumentations cannot run it on a picture of this size.
    """
    transform = _transform(cls, _key(settings), plainly)
    transform.set_random_seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numerical ones about tiny pictures; what comes out is checked
            made = transform(image=np.array(image, order="C"))["image"]
    except Exception as error:  # albumentations and OpenCV raise whatever comes
        height, width = image.shape[:2]
        said = " ".join(str(error).split())[:200]
        raise RowError(
            f"{_op(cls)} with settings {dict(settings)}: albumentations cannot run it on a picture of {width} x {height}: {said}; "
            "give settings that fit every picture, or resize before it"
        ) from error
    if made.dtype != image.dtype or made.ndim != 3 or made.shape[2] != 3 or min(made.shape) < 1:
        raise RowError(
            f"{_op(cls)} with settings {dict(settings)}: must give {image.dtype} [h, w, 3], got {made.dtype} {list(made.shape)}; "
            "change the settings"
        )
    return Ran(made, transform.params)


def _op(cls: str) -> str:
    return f"op 'image.{CATALOGUE[cls].name}'"


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def _transform(cls: str, key: str, plainly: bool) -> Any:
    made: dict[tuple[str, str, bool], Any] = _local.__dict__.setdefault("made", {})
    if (cls, key, plainly) not in made:
        if len(made) >= _MADE_AT_MOST:
            made.clear()
        made[cls, key, plainly] = _make(cls, key, plainly, _op(cls))
    return made[cls, key, plainly]


def _make(cls: str, key: str, plainly: bool, where: str) -> Any:
    kind = _class(cls)
    given = _tuples(json.loads(key)) or _tuples(dict(CATALOGUE[cls].usual))
    legal = inspect.signature(kind.__init__).parameters.keys() - {"self", "p"}
    if unknown := sorted(given.keys() - legal):
        raise PolicyError(f"{where}: albumentations.{cls} has no arguments {unknown}; it takes {sorted(legal)}")
    if given.get("border_mode", 0) not in BORDERS:
        raise PolicyError(
            f"{where}: border_mode must be one of {list(BORDERS)} (constant, replicate), got {given['border_mode']!r}: "
            "mirrored and wrapped borders show things a second time, and no box, mask or text would know"
        )
    if plainly:
        given |= {name: value for name, value in (("interpolation", 1), ("border_mode", 0), ("fill", 0)) if name in legal}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on old names and slow transforms
            return kind(**given, p=1.0)
    except (TypeError, ValueError) as error:  # pydantic's errors are ValueErrors
        said = "; ".join(line.strip() for line in str(error).splitlines() if "errors.pydantic.dev" not in line)
        raise PolicyError(f"{where}: albumentations.{cls} refuses {given}: {said}") from None


@lru_cache(maxsize=1024)
def _check(cls: str, key: str, where: str) -> None:
    _make(cls, key, False, where)


def _class(cls: str) -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else the import asks the network for its newest version
    try:
        import albumentations
    except ImportError as error:
        raise PolicyError(
            f"{_op(cls)}: needs albumentations {VERSION}, which is not installed; pip install 'mmaug[albumentations]'"
        ) from error
    return getattr(albumentations, cls)


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples that albumentations wants."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {key: _tuples(item) for key, item in value.items()} if isinstance(value, dict) else value
