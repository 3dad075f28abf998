"""What a child is and how it is trained: two values that survive JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmaug.errors import MmaugError

TOWERS = ("transformer", "convolution")
LONGEST_AUDIO = 10.0
"""Seconds: the most that `audio_seconds=None` takes from the data."""


class ChildError(MmaugError):
    """A child cannot be built, trained or scored as asked."""


@dataclass(frozen=True, slots=True)
class ChildConfig:
    """A small CLIP-style model: a tower for each modality of the schema, all into one space.

    image_size: pixels a side that pictures are brought to. patch: pixels a side of a patch, of which image_size is a multiple. width: of
    every tower; its feed-forward layers are four times as wide. layers, heads: of every tower. projection: dimensions of the shared space.
    image_tower, audio_tower: "convolution" (residual blocks; learns in the fewest steps) or "transformer" (a vision transformer, as in
    CLIP). kernel: pixels a side of a convolution, odd.
    context: tokens of a text, begin and end among them; longer texts are cut. words: how many words the child knows at most.
    audio_rate: samples a second that recordings are brought to. audio_seconds: how much of a recording is heard; None is the longest
    recording of the training rows, at most 10 s. mels: bands of the log-mel picture, which has as many frames. audio_patch: its patch.
    Raises: ChildError for numbers that do not fit together.
    """

    image_size: int = 32
    patch: int = 8
    width: int = 64
    layers: int = 2
    heads: int = 4
    projection: int = 64
    image_tower: str = "convolution"
    audio_tower: str = "convolution"
    kernel: int = 3
    context: int = 24
    words: int = 8192
    audio_rate: int = 8000
    audio_seconds: float | None = None
    mels: int = 64
    audio_patch: int = 16

    def __post_init__(self) -> None:
        for name in (
            "image_size",
            "patch",
            "width",
            "layers",
            "heads",
            "projection",
            "kernel",
            "words",
            "audio_rate",
            "mels",
            "audio_patch",
        ):
            _whole(self, name, 1)
        _whole(self, "context", 3)
        for name in ("image_tower", "audio_tower"):
            if getattr(self, name) not in TOWERS:
                raise ChildError(f"ChildConfig: {name} must be one of {', '.join(TOWERS)}, got {getattr(self, name)!r}")
        for whole, part in (("image_size", "patch"), ("mels", "audio_patch"), ("width", "heads")):
            if getattr(self, whole) % getattr(self, part):
                got = f"{whole}={getattr(self, whole)}, {part}={getattr(self, part)}"
                raise ChildError(f"ChildConfig: {whole} must be a multiple of {part}, got {got}")
        if self.kernel % 2 == 0:
            raise ChildError(f"ChildConfig: kernel must be odd, got {self.kernel}")
        if self.audio_seconds is not None and not 0 < self.audio_seconds < float("inf"):
            raise ChildError(f"ChildConfig: audio_seconds must be more than 0, or None for the data's, got {self.audio_seconds!r}")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ChildConfig:
        """The configuration of a JSON value. Raises: ChildError for an unknown key."""
        _refuse_unknown(cls, value)
        return cls(**value)

    def with_architecture(self, architecture: Mapping[str, Any]) -> ChildConfig:
        """The same with what a joint search decided; "depth" is another name for layers. Raises: ChildError for an unknown name."""
        renamed = {"layers" if name == "depth" else name: value for name, value in architecture.items()}
        _refuse_unknown(type(self), renamed)
        return dataclasses.replace(self, **renamed)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a child is trained: AdamW, linear warm-up, then a cosine down to nothing.

    batch: rows a step. learning_rate: at its height. warm_up: share of the steps. weight_decay: of matrices; biases, norms and the scale
    have none. scale: the factor on cosines at the start; it is learnt, within 1 to 100. average: share kept a step by the moving average
    of the weights that is scored (less in the first steps); 0 scores the weights themselves. views: augmented views of a row in a step.
    clean: whether the row as it is comes first, as one view more. pairing: "contrastive" or "sigmoid". weights: of the loss's terms, by
    name, the others `mmaug.losses.Weights`'s own; the consistency terms are weak, as at full strength they hold untrained towers at the
    point where all rows are alike.
    Raises: ChildError for a number out of range.
    """

    batch: int = 64
    learning_rate: float = 2e-3
    warm_up: float = 0.1
    weight_decay: float = 0.1
    scale: float = 10.0
    average: float = 0.0
    views: int = 1
    clean: bool = False
    pairing: str = "contrastive"
    weights: Mapping[str, float] = field(default_factory=lambda: {"cross_modal": 0.02, "in_modal": 0.0})

    def __post_init__(self) -> None:
        for name, least in (("batch", 2), ("views", 1)):
            _whole(self, name, least)
        bounds = {"learning_rate": (0, 1), "warm_up": (0, 1), "weight_decay": (0, 10), "scale": (1, 100), "average": (0, 0.9999)}
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not low <= value <= high:
                raise ChildError(f"Recipe: {name} must be in [{low:g}, {high:g}], got {value!r}")
        if self.pairing not in ("contrastive", "sigmoid"):
            raise ChildError(f'Recipe: pairing must be "contrastive" or "sigmoid", got {self.pairing!r}')

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return {**dataclasses.asdict(self), "weights": dict(self.weights)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Recipe:
        """The recipe of a JSON value. Raises: ChildError for an unknown key."""
        _refuse_unknown(cls, value)
        return cls(**value)


def _whole(value: Any, name: str, least: int) -> None:
    got = getattr(value, name)
    if not isinstance(got, int) or isinstance(got, bool) or got < least:
        raise ChildError(f"{type(value).__name__}: {name} must be a whole number >= {least}, got {got!r}")


def _refuse_unknown(cls: type, value: Mapping[str, Any]) -> None:
    known = [option.name for option in dataclasses.fields(cls)]
    if unknown := sorted(set(value) - set(known)):
        raise ChildError(f"{cls.__name__}: unknown {', '.join(unknown)}; it has {', '.join(known)}")
