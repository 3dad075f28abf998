"""Augmented HuggingFace data sets: rows change as they are read, batch by batch, and every epoch anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import datasets

from mmaug import __version__
from mmaug.child.asking import refuse
from mmaug.errors import MmaugError, SchemaError
from mmaug.graph import TransformGraph
from mmaug.hf.epoch import Clock
from mmaug.hf.keys import KEY, STREAM_KEY, bookkeeping, key_of
from mmaug.hf.partners import partners_of
from mmaug.hf.tally import Tally
from mmaug.mix import Partners
from mmaug.pairing.base import Rules
from mmaug.policy import Policy
from mmaug.schema import Schema
from mmaug.schema.columns import Row

DataSet = TypeVar("DataSet", datasets.Dataset, datasets.IterableDataset)

BATCH = 16
"""Rows of a stream that are augmented at a time."""


def augment(
    dataset: DataSet, graph: TransformGraph, *, key: str | None = None, clock: Clock | None = None, partners: Any = None
) -> DataSet:
    """The data set with its rows augmented as they are read; features and other columns stay as they are.

    dataset: a `Dataset` (its transform is set; a format that it had is replaced) or an `IterableDataset` (mapped). key: the column that
    names rows; default the graph's, or `__key__`, or `row_key`, which a `Dataset` without any gets (the row's number); rows of a stream
    without any are told by their content. clock: the epoch; default one of its own, which `mm.hf.clock_of(dataset)` gives. partners:
    for a policy that mixes rows; default those of the `Dataset` itself, for a stream what `mm.mix.Partners` takes.
    Its fingerprint is the same in every process, and changes with the graph.
    Raises: SchemaError where the data set lacks a column of the schema, MmaugError for something else than these two, and for a policy
    with networks for text, which need a model.
    """
    refuse(graph.policy, "mm.hf.augment")
    columns = _columns(dataset)
    if columns is not None:
        _check(columns, graph)
    if isinstance(dataset, datasets.IterableDataset):
        transform = Augmented(graph, key, clock or Clock(), partners_of(partners, graph, key, "mm.hf.augment"))
        return dataset.map(transform, batched=True, batch_size=BATCH, features=dataset.features)
    name = key or graph.key
    if name is None and STREAM_KEY not in dataset.column_names:
        name = KEY
    if name is not None and name not in dataset.column_names:
        dataset = dataset.add_column(name, range(len(dataset)))  # type: ignore[call-arg]
    others = partners_of(dataset if partners is None else partners, graph, name, "mm.hf.augment")
    return dataset.with_transform(Augmented(graph, name, clock or Clock(), others))


class Augmented:
    """What is done to a batch of columns: rows, augmented together, as columns again. The clock says the epoch; the tally counts."""

    def __init__(self, graph: TransformGraph, key: str | None, clock: Clock, partners: Partners | None = None):
        self.graph, self.key, self.clock, self.partners = graph, key, clock, partners
        self.tally = Tally(graph.policy)

    def __call__(self, batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """The columns of a batch augmented. Raises: RowError as `graph.batch`, with the row's number in the batch and its key."""
        columns = {name: list(values) for name, values in batch.items()}
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        outs = self.rows(rows)
        return {name: [row[name] for row in outs] for name in columns}

    def rows(self, rows: list[Row]) -> list[Row]:
        """Rows augmented."""
        aside = [bookkeeping(row, self.graph, self.key) for row in rows]
        keys = [key_of(row, self.graph, self.key) for row in rows]
        plain = [{name: value for name, value in row.items() if name not in kept} for row, kept in zip(rows, aside, strict=True)]
        time = {"epoch": self.clock.epoch, "progress": self.clock.progress}
        made = self.graph.run_batch(plain, keys=keys, partners=self.partners, **time)
        self.tally.add(trace for _, trace in made)
        return [{**out, **kept} for (out, _), kept in zip(made, aside, strict=True)]

    def __reduce__(self) -> Any:
        """As JSON, which is the same in every process: a data set's fingerprint is made of this, and changes with the version too."""
        graph = self.graph
        told = json.dumps(
            [graph.policy.to_json(), graph.schema.to_json(), int(graph.seed), graph.on_conflict, graph.key, self.key], sort_keys=True
        )
        return _augmented, (told, graph.rules, self.clock, self.tally, self.partners, __version__)


def _augmented(told: str, rules: Rules, clock: Clock, tally: Tally, partners: Partners | None, version: str) -> Augmented:
    policy, schema, seed, on_conflict, graph_key, key = json.loads(told)
    graph = TransformGraph(
        Policy.from_json(policy), schema=Schema.from_json(schema), seed=seed, on_conflict=on_conflict, rules=rules, key=graph_key
    )
    made = Augmented(graph, key, clock, partners)
    made.tally = tally
    return made


def _columns(dataset: Any) -> list[str] | None:
    """The names of the columns; None where a stream does not know them. Raises: MmaugError for something that is no data set."""
    if isinstance(dataset, (datasets.DatasetDict, datasets.IterableDatasetDict)):
        raise MmaugError(
            f"mm.hf.augment: must be given one split, got {sorted(map(str, dataset))}; write "
            'splits["train"] = mm.hf.augment(splits["train"], graph), and leave the held-out rows as they are'
        )
    if not isinstance(dataset, (datasets.Dataset, datasets.IterableDataset)):
        raise MmaugError(
            f"mm.hf.augment: must be given a Dataset or IterableDataset of HuggingFace, got {type(dataset).__name__}; for a torch data set "
            "or a WebDataset give mm.hf.Collator(graph, processor) to its loader"
        )
    return dataset.column_names


def _check(columns: Iterable[str], graph: TransformGraph) -> None:
    there = set(columns)
    for name, field in graph.schema.fields.items():
        column = graph.schema.column(name)
        if column.top not in there and not field.optional:
            raise SchemaError(
                f"mm.hf.augment: field {name!r} is column {column.path!r}, and the data set has {', '.join(sorted(there))}; "
                "correct column=... in the schema, or say optional=True"
            )
