"""What sort of values a column holds, told from rows or from HuggingFace features: the ground that guesses stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """kind: image, mask, audio, text, number, list, dict or none. item: of a list. items: of a dict. optional: absent in some rows."""

    kind: str
    items: dict[str, Shape] = field(default_factory=dict)
    inner: Shape | None = None
    optional: bool = False

    @property
    def item(self) -> Shape:
        return self.inner or NOTHING

    @property
    def is_image(self) -> bool:
        return self.kind == "image" or (self.kind == "list" and self.item.kind == "image")

    @property
    def is_text(self) -> bool:
        return self.kind == "text" or (self.kind == "list" and self.item.kind == "text")


NOTHING = Shape("none")


def shape_of_rows(rows: Iterable[Mapping[str, Any]]) -> Shape:
    """The shape that all rows together have."""
    return _dict_shape(list(rows))


def shape_of(value: Any) -> Shape:
    """The shape of one value."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return Shape("text")
    if isinstance(value, Mapping):
        return Shape("audio") if {"array", "sampling_rate"} <= value.keys() or _is_sound_file(value) else _dict_shape([value])
    if hasattr(value, "samples") and hasattr(value, "rate"):
        return Shape("audio")
    if hasattr(value, "getbands"):
        return Shape("image" if value.mode not in ("P", "1", "I") else "mask")
    if hasattr(value, "shape"):
        return _array_shape(value)
    if isinstance(value, tuple) and len(value) == 2 and hasattr(value[0], "shape") and isinstance(value[1], int):
        return Shape("audio")
    if isinstance(value, (list, tuple)):
        return Shape("list", inner=_joined([shape_of(item) for item in value[:16]]))
    return Shape("number") if isinstance(value, (int, float)) else NOTHING


_SOUND_NAMES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au", ".caf", ".w64")
_SOUND_STARTS = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")


def _is_sound_file(value: Mapping[str, Any]) -> bool:
    """Whether it is {"bytes", "path"} of a recording, as `datasets.Audio(decode=False)` gives it."""
    if value.keys() != {"bytes", "path"}:
        return False
    data, path = value["bytes"], value["path"]
    if isinstance(data, bytes) and data:
        return data.startswith(_SOUND_STARTS) and data[8:12] not in (b"WEBP", b"AVI ")  # those are RIFF files too
    return isinstance(path, str) and path.lower().endswith(_SOUND_NAMES)


def shape_of_feature(feature: Any) -> Shape:
    """The shape of one HuggingFace feature, by the name of its class (so that `datasets` need not be there)."""
    name = type(feature).__name__
    if name in ("Image", "Audio"):
        return Shape(name.lower())
    if name == "ClassLabel":
        return Shape("number")
    if isinstance(feature, Mapping):
        return Shape("dict", items={key: shape_of_feature(item) for key, item in feature.items()})
    if isinstance(feature, list):
        return Shape("list", inner=shape_of_feature(feature[0]))
    if hasattr(feature, "feature"):
        return Shape("list", inner=shape_of_feature(feature.feature))
    return Shape("text" if "string" in str(getattr(feature, "dtype", "")) else "number")


def _dict_shape(dicts: list[Mapping[str, Any]]) -> Shape:
    names = dict.fromkeys(name for item in dicts for name in item)
    return Shape("dict", items={name: _joined([shape_of(item.get(name)) for item in dicts]) for name in names})


def _joined(shapes: list[Shape]) -> Shape:
    """One shape for values of one column; absent ones make it optional."""
    real = [shape for shape in shapes if shape.kind != "none"]
    if not real:
        return NOTHING
    first = real[0]
    if first.kind == "list":
        first = replace(first, inner=_joined([s.item for s in real]))
    if first.kind == "dict":
        names = dict.fromkeys(name for shape in real for name in shape.items)
        first = replace(first, items={n: _joined([s.items.get(n, NOTHING) for s in real]) for n in names})
    return replace(first, optional=first.optional or len(real) < len(shapes))


def _array_shape(value: Any) -> Shape:
    dtype, rank = str(value.dtype), len(value.shape)
    if rank == 3 and "uint8" in dtype:
        return Shape("image")
    if rank == 2 and ("int" in dtype or "bool" in dtype) and min(value.shape) > 4:
        return Shape("mask")
    inner = Shape("number")
    for _ in range(rank):
        inner = Shape("list", inner=inner)
    return inner
