"""Rows made ready for a child: pictures at its size, recordings at its rate, one text of each field at a time."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.child.config import ChildConfig, ChildError
from mmaug.errors import MmaugError, RowError, SchemaError
from mmaug.graph import TransformGraph
from mmaug.mix import Partners
from mmaug.modalities.audio import resampling
from mmaug.modalities.audio import values as audio_values
from mmaug.modalities.audio.values import AudioClip
from mmaug.modalities.image import values as image_values
from mmaug.modalities.text import values as text_values
from mmaug.policy import Policy, op
from mmaug.schema import MISSING, Schema
from mmaug.schema.columns import Row, parse

_READ = ("image", "audio", "caption", "messages", "transcript", "boxes", "label", "words", "events")
"""The kinds of field that the child sees or that pairing rules read; the others are left behind, with the work on them."""

_TEXTS = ("caption", "transcript", "messages")
"""What the child reads: the fields of the first of these kinds that the schema has."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The fields that a child sees, by name; several texts of a row are read one after another."""

    image: str | None
    audio: str | None
    texts: tuple[str, ...]

    @property
    def modalities(self) -> tuple[str, ...]:
        there = {"image": self.image, "text": self.texts, "audio": self.audio}
        return tuple(name for name, value in there.items() if value)


def seen(schema: Schema) -> Seen:
    """What of a schema a child sees: the first picture, the first recording, the texts. Raises: SchemaError for one modality alone."""
    pictures, sounds = schema.of_kind("image"), schema.of_kind("audio")
    kind = next((kind for kind in _TEXTS if schema.of_kind(kind)), "caption")
    found = Seen(pictures[0] if pictures else None, sounds[0] if sounds else None, tuple(schema.of_kind(kind)))
    if len(found.modalities) < 2:
        raise SchemaError(
            f"a child pairs modalities: the schema must have two of image, audio and text, got {', '.join(found.modalities) or 'none'}"
            f" (fields {', '.join(schema.fields) or 'none'}); declare the other columns, such as caption=mm.Caption(of=...)"
        )
    return found


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows made ready. schema: what is left of theirs. variants: for each row one row for each of its captions. keys: of the draws.
    groups: int [n], equal where rows belong together because they share a text.
    """

    schema: Schema
    seen: Seen
    variants: tuple[tuple[Row, ...], ...]
    keys: tuple[Any, ...]
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.variants)

    @functools.cached_property
    def partners(self) -> Partners:
        """The rows themselves, for policies that mix them, each with the first of its texts."""
        of = {key: variants[0] for key, variants in zip(self.keys, self.variants, strict=True)}
        return Partners(of)

    def part(self, numbers: Sequence[int] | np.ndarray) -> Rows:
        """Some of the rows, in that order."""
        picked = [int(number) for number in numbers]
        return dataclasses.replace(
            self, variants=tuple(self.variants[i] for i in picked), keys=tuple(self.keys[i] for i in picked), groups=self.groups[picked]
        )

    def texts(self) -> list[str]:
        """Every text of every row."""
        return [text for variants in self.variants for row in variants if (text := text_of(row, self.schema, self.seen))]


def text_of(row: Mapping[str, Any], schema: Schema, fields: Seen) -> str:
    """What the child reads of a row, "" where there is nothing."""
    parts: list[str] = []
    for name in fields.texts:
        value = schema.value(name, row)
        if value is not MISSING:
            parts += text_values.to_texts(value, schema.fields[name].kind, f"field {name!r}")[0]
    return " ".join(filter(None, parts))


def prepare(rows: Iterable[Mapping[str, Any]], schema: Schema, config: ChildConfig, *, keys: Sequence[Any] | None = None) -> Rows:
    """Rows ready for a child. Pictures are brought to its size by the graph itself, so that boxes follow.

    rows: as for `TransformGraph`. keys: one a row; default its number.
    Raises: RowError, with the number of the row, where one does not hold what the schema says; ChildError for no rows at all.
    """
    if isinstance(rows, Mapping):
        raise ChildError("a child must be given a list of rows, one dict each, got one dict; a dict of columns has to be turned round")
    maker, variants, named = _Maker(schema, config), [], []
    for number, row in enumerate(rows):
        named.append(number if keys is None or number >= len(keys) else keys[number])
        try:
            variants.append(maker.variants(row))
        except MmaugError as error:
            raise type(error)(f"row {number} (key {named[-1]!r}): {error}") from error
    if not variants:
        raise ChildError("a child must be given at least one row, got none; is the data set, or the part held out, empty?")
    if keys is not None and len(keys) != len(variants):
        raise ChildError(f"keys must hold one key a row, got {len(keys)} for {len(variants)} rows")
    groups = groups_of([[text_of(row, maker.kept, maker.seen) for row in several] for several in variants])
    return Rows(maker.kept, maker.seen, tuple(variants), tuple(named), groups)


class _Maker:
    """Makes rows ready, one by one."""

    def __init__(self, schema: Schema, config: ChildConfig):
        self.schema, self.config, self.seen = schema, config, seen(schema)
        self.kept = Schema(**{name: field for name, field in schema.fields.items() if field.kind in _READ})
        pictured = Schema(**{name: field for name, field in schema.fields.items() if field.kind in ("image", "boxes")})
        size = (config.image_size, config.image_size)
        self.resize = TransformGraph(Policy.sequence(op("image.resize", size=size)), schema=pictured) if self.seen.image else None

    def variants(self, row: Mapping[str, Any]) -> tuple[Row, ...]:
        """The row made ready, once for each of its captions."""
        if not isinstance(row, Mapping):
            raise RowError(f"a row must be a dict of its columns, got {type(row).__name__}")
        self.schema.refuse_undeclared(row)
        for name in self.kept.fields:
            self.schema.value(name, row)  # which tells what is missing
        out: Row = {name: value for name, value in row.items() if name in self.kept.tops}
        for name in self.kept.of_kind("image"):
            self._picture(name, out)
        if self.resize is not None:
            out |= self.resize({name: value for name, value in out.items() if name in self.resize.schema.tops}, key=0)
        for name in self.kept.of_kind("audio"):
            self._sound(name, out)
        return tuple(self._one_text_each(out))

    def _picture(self, name: str, out: Row) -> None:
        """A picture as uint8 [h, w, 3]; of frames the one in the middle."""
        if (value := self.kept.value(name, out)) is not MISSING:
            image_values.look(value, f"field {name!r}")
            value = value[len(value) // 2] if isinstance(value, (list, tuple)) else value
            pixels = image_values.to_pixels(value)[0][..., :3]
            self.kept.column(name).put(out, np.ascontiguousarray(pixels))

    def _sound(self, name: str, out: Row) -> None:
        """A recording at the child's rate."""
        if (value := self.kept.value(name, out)) is not MISSING:
            where = f"field {name!r}"
            rate, (samples, _) = audio_values.listen(value, where).rate, audio_values.to_samples(value, where)
            new_rate = self.config.audio_rate
            made = samples if rate == new_rate else resampling.resampled(samples, rate, new_rate)
            self.kept.column(name).put(out, AudioClip(np.ascontiguousarray(made, np.float32), new_rate))

    def _one_text_each(self, row: Row) -> Iterable[Row]:
        """As many rows as the longest list of captions has texts; each list is of one text, the spans are that text's."""
        lists = {
            name: value for name in self.seen.texts if _is_list(value := self.kept.value(name, row)) and not self.kept.column(name).each
        }
        for number in range(max(map(len, lists.values()), default=1)):
            out = dict(row)
            for name, texts in lists.items():
                at = number % len(texts)
                self.kept.column(name).put(out, type(texts)(texts[at : at + 1]))
                if path := getattr(self.kept.fields[name], "spans", None):
                    column = parse(path)
                    column.put(out, column.get(row)[at : at + 1])
            yield out


def _is_list(value: Any) -> bool:
    """Whether it is a list of texts that one can be taken of."""
    return isinstance(value, (list, tuple)) and len(value) > 0 and isinstance(value[0], str)


def groups_of(texts: Sequence[Sequence[str]]) -> np.ndarray:
    """For each row the first row that it is joined to by texts they share, however far round: int [n]. "" joins nothing."""
    first: dict[str, int] = {}
    parents = list(range(len(texts)))

    def top(row: int) -> int:
        while parents[row] != row:
            parents[row] = row = parents[parents[row]]
        return row

    for row, several in enumerate(texts):
        for text in several:
            said = " ".join(text.lower().split())
            if said:
                a, b = top(first.setdefault(said, row)), top(row)
                parents[max(a, b)] = min(a, b)
    return np.array([top(row) for row in range(len(texts))], np.int64)
