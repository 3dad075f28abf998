"""What names a row of a data set: a column, or its content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaug.errors import RowError
from mmaug.graph import TransformGraph, content_key

KEY = "row_key"
"""The column that `mm.hf.augment` adds to a data set whose rows have no name."""

STREAM_KEY = "__key__"
"""The column that names rows in WebDataset."""


def key_of(row: Mapping[str, Any], graph: TransformGraph, column: str | None) -> Any:
    """The key of a row: in the given column, the graph's, `__key__` or `row_key`, the first that there is; else its content.

    Raises: RowError where the column that was asked for is missing.
    """
    asked = column or graph.key
    if asked is not None:
        if row.get(asked) is None:
            got = "None" if asked in row else f"the columns {sorted(row)}"
            raise RowError(f"key column {asked!r} must be in every row, got {got}; give key= the column that names rows, or add one")
        return row[asked]
    named = next((row[name] for name in (STREAM_KEY, KEY) if row.get(name) is not None), None)
    return content_key(row, graph.schema) if named is None else named


def bookkeeping(row: Mapping[str, Any], graph: TransformGraph, column: str | None) -> dict[str, Any]:
    """The columns that name a row and say where it came from (`__key__`, `__url__`): no op can make them false."""
    tops = graph.schema.tops
    kept = (column or graph.key, KEY)
    return {name: value for name, value in row.items() if name not in tops and (name in kept or (name[:2] == "__" and name[-2:] == "__"))}
