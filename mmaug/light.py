"""The light side of a row: sizes, texts and annotations, without pixels or samples. Read once, checked once, when first needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from mmaug.effects.picture import image_state
from mmaug.effects.sound import audio_state
from mmaug.effects.state import State
from mmaug.errors import RowError
from mmaug.modalities.annotations import boxes as box_values
from mmaug.modalities.annotations import times
from mmaug.modalities.audio import values as audio_values
from mmaug.modalities.audio.values import Hearing
from mmaug.modalities.image import values as image_values
from mmaug.modalities.image.values import Look
from mmaug.modalities.text import values as text_values
from mmaug.pairing.base import Context, Sound, Thing
from mmaug.registry import ASPECTS
from mmaug.schema import MISSING, Schema, Words, sources

TEXT_KINDS = ("caption", "messages", "transcript")
LAZY_KINDS = ("keypoints", "mask", "size", "label")


class Light:
    """What the fold may know of a row.

    looks, hearings: of every picture and recording there. all_texts: the strings of every text. texts: those that are used (one
    caption of five, say).
    """

    __slots__ = ("_boxes", "_contexts", "_timed", "all_texts", "hearings", "looks", "row", "schema", "texts")

    def __init__(self, schema: Schema, row: Mapping[str, Any]):
        self.schema, self.row = schema, row
        self._contexts: dict[tuple[str, str], Context] = {}
        self._boxes: dict[str, list[box_values.Box]] = {}
        self._timed: dict[str, Any] = {}
        self.looks: dict[str, Look] = {}
        self.hearings: dict[str, Hearing] = {}
        self.all_texts: dict[str, list[str]] = {}
        for name in schema.of_kind("image"):
            if (value := self.value(name)) is not MISSING:
                self.looks[name] = image_values.look(value, f"field {name!r}")
        for name in schema.of_kind("audio"):
            if (value := self.value(name)) is not MISSING:
                self.hearings[name] = audio_values.listen(value, f"field {name!r}")
        for name in schema.of_kind(*TEXT_KINDS):
            if (value := self.value(name)) is not MISSING:
                self.all_texts[name] = text_values.to_texts(value, schema.fields[name].kind, f"field {name!r}")[0]
        for name in schema.of_kind(*LAZY_KINDS):
            self.value(name)  # it must be there
        for name in schema.of_kind("boxes"):  # read now, so that a bad row fails whatever is drawn for it
            self.boxes(name)
        for name in schema.of_kind("words", "events"):
            self.timed(name)
        self.texts = dict(self.all_texts)

    def value(self, name: str) -> Any:
        """A field's value; MISSING where the row may lack it."""
        return self.schema.value(name, self.row)

    def boxes(self, name: str) -> list[box_values.Box] | None:
        """A box field's boxes, (x1, y1, x2, y2) in pixels; None where there are none or no picture."""
        if name not in self._boxes:
            value, field = self.value(name), self.schema.fields[name]
            if value is MISSING or field.of not in self.looks:
                return None
            self._boxes[name] = box_values.read(value, field.format, self.looks[field.of].size, f"field {name!r}")
            self._check_beside(name, len(value))
        return self._boxes[name]

    def timed(self, name: str) -> Any:
        """The words or events of a recording that is there; MISSING where the row has none."""
        if name not in self._timed:
            value, field = self.value(name), cast(Words, self.schema.fields[name])
            if value is not MISSING and field.of in self.hearings:
                times.check(value, field, self.hearings[field.of].seconds, f"field {name!r}")
            self._timed[name] = value
        return self._timed[name]

    def states(self) -> dict[str, State]:
        """The effects before any step."""
        start: dict[str, State] = {name: image_state(look.size) for name, look in self.looks.items()}
        start.update({name: audio_state(h.seconds, h.channels) for name, h in self.hearings.items()})
        return start

    def context(self, follower: str, source: str) -> Context:
        """What rules may know when `source` changes and `follower` follows."""
        if (follower, source) not in self._contexts:
            schema, fields = self.schema, self.schema.fields
            field = fields[follower]
            pictures = [source] if fields[source].kind == "image" else [p for p in sources(fields[source]) if p in self.looks]
            self._contexts[follower, source] = Context(
                field,
                things=self._things(source) if schema.of_kind("boxes") else None,
                words=self._sounds(source, "words") if schema.of_kind("words") else None,
                events=self._sounds(source, "events") if schema.of_kind("events") else None,
                frames=max((self.looks[p].frames for p in pictures if p in self.looks), default=1),
                readable=getattr(field, "language", "en") == "en",
                shared=self._shared(follower, source),
            )
        return self._contexts[follower, source]

    def _shared(self, follower: str, source: str) -> frozenset[str]:
        """The aspects in which a text may speak of another of its sources as well."""
        fields = self.schema.fields
        others = [name for name in sources(fields[follower]) if name != source]
        if not others:
            return frozenset()
        if any(fields[name].kind == fields[source].kind for name in others):
            return frozenset(ASPECTS)
        linked = all(source in sources(fields[name]) or name in sources(fields[source]) for name in others)
        sided = any(self.hearings[name].channels > 1 for name in (source, *others) if name in self.hearings)
        return frozenset(("geometry", "channels")) if sided and not linked else frozenset()  # mono sound has no sides

    def _things(self, source: str) -> tuple[Thing, ...] | None:
        names = [name for name in self.schema.of_kind("boxes") if self.schema.fields[name].of == source]
        found = [(name, boxes) for name in names if (boxes := self.boxes(name)) is not None]
        if not found:
            return None
        return tuple(Thing(label, box) for name, boxes in found for label, box in zip(self._labels(name, len(boxes)), boxes, strict=True))

    def _labels(self, name: str, boxes: int) -> list[str]:
        column = self.schema.label_column(name)
        labels: Any = column.get(self.row) if column is not None and boxes else [""] * boxes
        return [str(label) for label in (labels.tolist() if hasattr(labels, "tolist") else labels)]

    def _check_beside(self, name: str, boxes: int) -> None:
        """Every column whose items go with the boxes has one for each."""
        for column in self.schema.beside(name):
            items = column.get(self.row)
            if items is MISSING and not boxes:
                continue
            if items is MISSING or not hasattr(items, "__len__") or len(items) != boxes:
                count = "none" if items is MISSING else len(items) if hasattr(items, "__len__") else repr(items)
                raise RowError(f"field {name!r}: column {column.path!r} must hold one item a box, got {count} for {boxes} boxes")

    def _sounds(self, source: str, kind: str) -> tuple[Sound, ...] | None:
        found: list[Sound] = []
        names = [n for n in self.schema.of_kind(kind) if self.schema.fields[n].of == source]
        for name in names[:1] if kind == "words" else names:  # a transcript follows the first field of words
            field: Any = self.schema.fields[name]
            if (value := self.timed(name)) is not MISSING:
                found += [Sound(str(item[field.text]), item[field.start], item[field.end]) for item in value]
        return tuple(found) or None  # nothing annotated is nothing known
