"""What a model is shown of a row: the values of its modalities, and one of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmaug import rng
from mmaug.child.processing import Processing
from mmaug.errors import RowError, SchemaError
from mmaug.modalities.text import values as text_values
from mmaug.schema import MISSING, Schema
from mmaug.schema.columns import Row

TEXTS = ("caption", "transcript", "messages")
"""What is read as the text of a row: the fields of the first of these kinds that the schema has."""


class Reader:
    """Reads rows for a processor. schema: of the rows, as they come out of the graph.

    The first picture and the first recording of the schema are shown; several text fields are read one after another.
    Raises: SchemaError for a schema that lacks a modality of the processor.
    """

    def __init__(self, schema: Schema, processing: Processing):
        self.schema, self.processing, self.modalities = schema, processing, processing.modalities
        kind = next((kind for kind in TEXTS if schema.of_kind(kind)), "caption")
        fields = {"image": schema.of_kind("image")[:1], "audio": schema.of_kind("audio")[:1], "text": schema.of_kind(kind)}
        self.fields = {name: fields[name] for name in self.modalities}
        if missing := [name for name, found in self.fields.items() if not found]:
            raise SchemaError(
                f"the processor reads {' and '.join(self.modalities)}, and the schema has no field for {' and '.join(missing)} "
                f"(fields {', '.join(schema.fields)}); declare it, such as caption=mm.Caption(of=...)"
            )

    def texts(self, row: Row) -> list[str]:
        """The texts of a row that stand for it, one at a time: as many as the longest list of captions; none where there is none."""
        given: list[list[str]] = []
        for name in self.fields["text"]:
            value, kind = self.schema.value(name, row), self.schema.fields[name].kind
            if value is not MISSING:
                texts = text_values.to_texts(value, kind, f"field {name!r}")[0]
                given.append(texts if kind == "caption" else [" ".join(texts)])
        given = [texts for texts in given if texts]
        joined = [" ".join(filter(None, (texts[at % len(texts)] for texts in given))) for at in range(max(map(len, given), default=0))]
        return [text for text in joined if text.strip()]

    def text(self, row: Row, draw: int) -> str:
        """One text of a row: number `draw`, round and round; "" where there is none."""
        texts = self.texts(row)
        return texts[draw % len(texts)] if texts else ""

    def inputs(self, rows: Sequence[Row], texts: Sequence[str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The processor's tensors, and "has_image", ... bool [n], whether a row has it; of texts that is told apart.

        texts: those of the rows, one each or more.
        """
        values: dict[str, Sequence[Any]] = {}
        has: dict[str, Tensor] = {}
        for name in self.modalities:
            if name != "text":
                values[name] = [self.schema.value(self.fields[name][0], row) for row in rows]
                has[f"has_{name}"] = torch.tensor([value is not MISSING for value in values[name]])
        return self.processing(**values, text=texts), has


def choice(seed: int, epoch: int, key: Any) -> int:
    """Which of the texts of a row stands for it in an epoch; all its views have the same."""
    return rng.derive(seed, "text", epoch, repr(key))


def checked_rows(rows: Any) -> list[Row]:
    """The rows of a batch. Raises: RowError for no rows, or rows that are no dicts of raw columns."""
    if not isinstance(rows, Sequence) or not all(isinstance(row, dict) for row in rows):
        got = f"{type(rows).__name__} of {type(rows[0]).__name__}" if isinstance(rows, Sequence) and len(rows) else type(rows).__name__
        raise RowError(f"mm.hf.Collator: must be given a list of rows, one dict each, got {got}")
    if not rows:
        raise RowError("mm.hf.Collator: a batch must hold at least one row, got none; is the data set, or a process's share of it, empty?")
    if not any(rows):
        raise RowError(
            "mm.hf.Collator: rows must have columns, got only empty dicts; TrainingArguments(remove_unused_columns=False) keeps those "
            "that the graph and the processor read"
        )
    return list(rows)
