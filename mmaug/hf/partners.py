"""The rows of a data set as partners of each other, for policies that mix rows: looked up by key, read when they are needed."""

from __future__ import annotations

from typing import Any

import datasets

from mmaug.errors import MmaugError
from mmaug.graph import TransformGraph
from mmaug.hf.keys import KEY, STREAM_KEY, bookkeeping
from mmaug.mix import Partners
from mmaug.mix.ops import MIXED
from mmaug.schema.columns import Row


def mixes(graph: TransformGraph) -> bool:
    """Whether the policy mixes rows."""
    return any(op.name in MIXED for op in graph.policy.ops())


def partners_of(source: Any, graph: TransformGraph, key: str | None, where: str) -> Partners | None:
    """The partners that `partners=` names, or None where the policy mixes nothing.

    source: a HuggingFace `Dataset` with a column of keys, or what `mm.mix.Partners` takes.
    Raises: MmaugError where they are needed and there are none.
    """
    if not mixes(graph):
        return None
    if source is None:
        raise MmaugError(
            f"{where}: the policy mixes rows, and any row may be mixed into any other; give partners= the whole data set (a Dataset with "
            "a column of keys), a mapping from key to row, or mm.mix.Partners"
        )
    if isinstance(source, datasets.Dataset):
        lookup = Lookup(source, graph, key)
        return Partners(lookup, lookup.places)
    return Partners.of(source)


class Lookup:
    """A function from a key to the row of a `Dataset`, without the columns that only name it."""

    def __init__(self, dataset: datasets.Dataset, graph: TransformGraph, key: str | None):
        names = [name for name in (key or graph.key, STREAM_KEY, KEY) if name in dataset.column_names]
        if not names:
            raise MmaugError(
                f"partners: the data set must have a column of keys ({key or graph.key or KEY}), got {dataset.column_names}; add one with "
                f'dataset.add_column("{KEY}", range(len(dataset)))'
            )
        self.dataset, self.graph, self.key = dataset.with_format(None), graph, key
        self.places = {found: place for place, found in enumerate(dataset.select_columns(names[:1]).with_format(None)[names[0]])}

    def __call__(self, key: Any) -> Row:
        """Raises: KeyError for a key that no row has."""
        row = self.dataset[self.places[key]]
        aside = bookkeeping(row, self.graph, self.key)
        return {name: value for name, value in row.items() if name not in aside}
