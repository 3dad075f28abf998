"""Guessing a schema from rows or from HuggingFace features. Every guess leaves a note; what cannot be placed is Opaque."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mmaug.errors import SchemaError
from mmaug.schema import columns, fields
from mmaug.schema.shapes import Shape, shape_of_feature, shape_of_rows

_MASK = re.compile(r"mask|segm|label_?map|annotation", re.I)
_CAPTION = re.compile(r"caption|^texts?$|^txt$|sentence|descri|^alt|prompt|raw$|utter|^(title|query|question|answer)s?$", re.I)
_TRANSCRIPT = re.compile(r"transcri", re.I)
_LABEL = re.compile(r"^(labels?|class(es)?|categor(y|ies)|target|digit|fine_label|coarse_label)$", re.I)
_BOX = re.compile(r"^(bbox|bboxes|boxes|box)$", re.I)
_POINTS = re.compile(r"^(keypoints|kpts|landmarks|points)$", re.I)
_DRAWN = re.compile(r"box|segm|polygon|contour|keypoints|kpts|landmarks|^rle$", re.I)
_BOX_LABELS = ("category", "categories", "label", "labels", "class", "classes", "name", "category_id")
_TEXT_KEYS = ("text", "word", "label", "event", "name", "token")


Guess = tuple[dict[str, fields.Field], tuple[str, ...]]
"""The fields by name, and a note on each."""


def from_rows(rows: Sequence[Mapping[str, Any]]) -> Guess:
    """What the columns of these rows most likely are. Raises: SchemaError when there are no rows, or no dicts."""
    if not rows:
        raise SchemaError("cannot infer a schema from no rows; give at least one")
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise SchemaError(f"cannot infer a schema: row {number} must be a dict of its columns, got {type(row).__name__}")
    if not any(rows):
        raise SchemaError("cannot infer a schema: at least one row must have columns, got only empty dicts; give a row with its values")
    return _Guess(shape_of_rows(rows), rows).run()


def from_features(features: Mapping[str, Any]) -> Guess:
    """What HuggingFace features most likely mean."""
    return _Guess(Shape("dict", items={name: shape_of_feature(f) for name, f in features.items()}), ()).run()


class _Guess:
    def __init__(self, shape: Shape, rows: Sequence[Mapping[str, Any]]):
        self.shape, self.rows = shape, rows
        self.found: dict[str, fields.Field] = {}
        self.notes: list[str] = []
        columns = shape.items
        self.images = [n for n, s in columns.items() if s.is_image and not _MASK.search(n)]
        self.sounds = [n for n, s in columns.items() if s.kind == "audio"]

    def run(self) -> Guess:
        for name, shape in self.shape.items.items():
            self._column(name, shape)
        return self.found, tuple(self.notes)

    def _add(self, name: str, field: fields.Field, why: str) -> None:
        name = re.sub(r"\W", "_", name)
        while name in self.found:
            name += "_"
        self.found[name] = field
        self.notes.append(f"{field.column!r} is {type(field).__name__}: {why}")

    def _column(self, name: str, shape: Shape) -> None:
        if "." in name or "[" in name:  # a path would read it as nested
            self.notes.append(f"{name!r} is left alone: a column's own name cannot hold '.' or '['; rename it to have it follow")
            return
        before = len(self.found)
        self._guess(name, shape)
        if len(self.found) == before and self.images and _DRAWN.search(name):
            self._left(name)

    def _left(self, path: str) -> None:
        self.notes.append(f"{path!r} is left as it is, though it seems to lie on a picture: no field type has its shape")

    def _guess(self, name: str, shape: Shape) -> None:
        common: dict[str, Any] = {"column": name, "optional": shape.optional}
        if name in self.images:
            self._add(name, fields.Image(**common), "it holds pictures")
        elif name in self.sounds:
            self._add(name, fields.Audio(**common), "it holds recordings")
        elif shape.is_image or (shape.kind == "mask"):
            self._mask(name, common)
        elif shape.is_text:
            self._text(name, shape, common)
        elif shape.kind == "list" and shape.item.kind == "dict":
            self._dicts(name, shape, common)
        elif shape.kind == "dict":
            self._parallel(name, shape)
        elif _BOX.search(name) and shape.kind == "list" and shape.item.kind == "list" and self.images:
            labels = next((n for n in _BOX_LABELS if n in self.shape.items and self.shape.items[n].kind == "list"), None)
            self._boxes(name, common, labels)
        elif _POINTS.search(name) and shape.kind == "list" and self.images:
            self._keypoints(name, common)
        elif shape.kind == "number":
            self._number(name, common)

    def _mask(self, name: str, common: dict[str, Any]) -> None:
        if self.images:
            self._add(name, fields.Mask(of=self.images[0], **common), "one number a pixel, by its name")

    def _text(self, name: str, shape: Shape, common: dict[str, Any]) -> None:
        of = self._spoken_of(name)
        if _TRANSCRIPT.search(name) and self.sounds and shape.kind == "text":
            self._add(name, fields.Transcript(of=self.sounds[0], **common), "by its name, what is said in the recording")
        elif _CAPTION.search(name) and of and not re.search(r"_kinds?$", name):
            self._add(name, fields.Caption(of=of, **common), "text about " + " and ".join([of] if isinstance(of, str) else of))
        elif _LABEL.search(name) and of and shape.kind == "text":
            self._add(name, fields.Label(of=of if isinstance(of, str) else of[0], **common), "a class, by its name")
        elif not self._holds_labels(name):
            self._add(name, fields.Opaque(**common), "text that no field type fits by its name; it will never change")

    def _spoken_of(self, name: str) -> str | tuple[str, ...]:
        """Which picture or sound a text of this name is about."""
        if re.search(r"audio|sound", name, re.I) and self.sounds:
            return self.sounds[0]
        if re.search(r"image|picture|photo", name, re.I) and self.images:
            return self.images[0]
        both = (*self.images[:1], *self.sounds[:1])
        return both[0] if len(both) == 1 else both

    def _holds_labels(self, name: str) -> bool:
        return any(getattr(field, "labels", None) == name for field in self.found.values())

    def _dicts(self, name: str, shape: Shape, common: dict[str, Any]) -> None:
        """A list of dicts: a chat, things on a picture, or words and events in a recording."""
        keys = shape.item.items
        if {"role", "content"} <= keys.keys():
            if of := self._spoken_of(name):
                self._add(name, fields.Messages(of=of, **common), "a chat")
        elif {"start", "end"} <= keys.keys() and self.sounds:
            self._times(name, keys, common)
        elif self.images:
            self._things(f"{name}[].", keys, name)

    def _parallel(self, name: str, shape: Shape) -> None:
        if self.images:
            self._things(f"{name}.", shape.items, name)

    def _things(self, prefix: str, keys: Mapping[str, Shape], name: str) -> None:
        for key in keys:
            common = {"column": prefix + key, "optional": self.shape.items[name].optional}
            if _BOX.search(key):
                labels = next((prefix + n for n in _BOX_LABELS if n in keys), None)
                self._boxes(f"{name}_{key}", common, labels)
            elif _POINTS.search(key):
                self._keypoints(f"{name}_{key}", common)
            elif _DRAWN.search(key):
                self._left(prefix + key)

    def _boxes(self, name: str, common: dict[str, Any], labels: str | None) -> None:
        format, why = self._box_format(common["column"])
        self._add(name, fields.Boxes(of=self.images[0], format=format, labels=labels, **common), f"boxes, {format}: {why}")

    def _box_format(self, path: str) -> tuple[Any, str]:
        numbers = [box for row in self.rows for box in _boxes_in(row, path)]
        if numbers and all(0 <= n <= 1 for box in numbers for n in box):
            return "yolo", "all numbers lie in 0 to 1"
        if any(box[2] < box[0] or box[3] < box[1] for box in numbers):
            return "xywh", "as x1 y1 x2 y2 some would be inside out"
        if re.search(r"bbox$", path):
            return "xywh", "COCO's name and format"
        return "xyxy", "no number says otherwise"

    def _keypoints(self, name: str, common: dict[str, Any]) -> None:
        self._add(name, fields.Keypoints(of=self.images[0], names=self._point_names(common["column"]), **common), "points, by its name")

    def _point_names(self, path: str) -> Any:
        for row in self.rows:
            for person in _boxes_in(row, path):
                if len(person) in (17, 51):
                    return "coco17"
        return ()

    def _times(self, name: str, keys: Mapping[str, Shape], common: dict[str, Any]) -> None:
        text = next((key for key in _TEXT_KEYS if key in keys and keys[key].kind == "text"), None)
        if text is None:
            return
        more = tuple(k for k, s in keys.items() if s.kind == "number" and re.search(r"_(start|end|time)$", k))
        kind = fields.Words if text == "word" or re.search(r"word|align", name, re.I) else fields.Events
        self._add(name, kind(of=self.sounds[0], text=text, times=more, **common), f"times in seconds, text under {text!r}")

    def _number(self, name: str, common: dict[str, Any]) -> None:
        if name in ("width", "height") and self.images:
            self._add(name, fields.Size(of=self.images[0], axis=name, **common), "the picture's size, by its name")  # type: ignore[arg-type]
        elif name == "duration" and self.sounds:
            self._add(name, fields.Size(of=self.sounds[0], axis="duration", **common), "the recording's length, by its name")
        elif _LABEL.search(name) and (self.images or self.sounds):
            self._add(name, fields.Label(of=(self.images or self.sounds)[0], **common), "a class, by its name")


def _boxes_in(row: Mapping[str, Any], path: str) -> list[Any]:
    """The items under a path in one row, as plain lists; [] where there are none."""
    value = columns.parse(path).get(row)
    return [] if value is columns.MISSING else [list(item) for item in value if item is not None]
