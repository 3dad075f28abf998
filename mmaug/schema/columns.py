"""Where a field's value lies in a row: "caption", "objects.bbox" (a dict of lists) or "persons[].keypoints" (a list of dicts).

Rows are never changed: `put` and `keep` copy every container on the way to what they write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmaug.errors import RowError, SchemaError

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING", "__bool__": lambda self: False})()
"""What `get` returns when the row has no such column, or None in its place."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A parsed path. parents: names of nested dicts; each: the list of dicts at their end holds the value under `leaf`."""

    path: str
    parents: tuple[str, ...]
    leaf: str | None
    each: bool

    @property
    def container(self) -> tuple[str, ...]:
        """The dict of parallel lists, or the list of dicts, that the value's items live in; () for a column of its own."""
        return self.parents

    @property
    def top(self) -> str:
        return self.parents[0] if self.parents else str(self.leaf)

    def get(self, row: Mapping[str, Any]) -> Any:
        """The value; MISSING when it or anything on the way is absent or None. Raises: RowError for another shape."""
        if not self.parents:
            value = row.get(str(self.leaf))
            return MISSING if value is None else value
        holder: Any = row
        for name in self.parents:
            if not isinstance(holder, Mapping):
                raise self._wrong_shape(holder, "a dict")
            holder = holder.get(name)
            if holder is None:
                return MISSING
        if self.each:
            if not isinstance(holder, Sequence) or not all(isinstance(item, Mapping) for item in holder):
                raise self._wrong_shape(holder, "a list of dicts")
            return list(holder) if self.leaf is None else [item.get(self.leaf) for item in holder]
        if not isinstance(holder, Mapping):
            raise self._wrong_shape(holder, "a dict")
        value = holder.get(self.leaf)
        return MISSING if value is None else value

    def is_none(self, row: Mapping[str, Any]) -> bool:
        """Whether the row has it, or what it lies in, and None there."""
        holder: Any = row
        for name in (*self.parents, self.leaf):
            if holder is None or not isinstance(holder, Mapping) or name not in holder:
                return False
            holder = holder[name]
            if holder is None:
                return True
        return False

    def put(self, row: Row, value: Any) -> None:
        """Write a value of the shape that `get` gave into a row that is ours to change at the top level only."""
        holder: Any = row
        for name in self.parents if not self.each else self.parents[:-1]:
            holder[name] = dict(holder[name])
            holder = holder[name]
        if not self.each:
            holder[self.leaf] = value
        elif self.leaf is None:
            holder[self.parents[-1]] = value
        else:
            items = holder[self.parents[-1]]
            pairs = zip(items, value, strict=True)
            holder[self.parents[-1]] = [{**item, self.leaf: new} if self.leaf in item else item for item, new in pairs]

    def keep(self, row: Row, kept: Sequence[bool], beside: Sequence[Column]) -> None:
        """Drop the items that are not kept, with everything beside them.

        In a dict of lists that is every list as long as this one; in a list of dicts the whole dict; for a column of its own
        the columns `beside`.
        """
        for column in beside:
            if column.container != self.container or not self.container:
                items = column.get(row)
                if items is not MISSING and len(items) == len(kept):
                    column.put(row, _only(items, kept))
        if self.each:
            everything = Column(self.path, self.parents, None, True)
            everything.put(row, _only(everything.get(row), kept))
        elif not self.parents:
            row[str(self.leaf)] = _only(row[str(self.leaf)], kept)
        else:
            parent = Column(self.path, self.parents[:-1], self.parents[-1], False)
            lists = parent.get(row)
            parent.put(
                row, {name: _only(items, kept) if _is_list(items) and len(items) == len(kept) else items for name, items in lists.items()}
            )

    def _wrong_shape(self, got: Any, wanted: str) -> RowError:
        hint = ""
        if isinstance(got, Sequence) and not self.each and self.parents:
            hint = f'; for a list of dicts write column="{".".join(self.parents)}[].{self.leaf}"'
        if isinstance(got, Mapping) and self.each:
            hint = f'; for a dict of lists write column="{".".join(self.parents)}.{self.leaf}"'
        return RowError(f"column {self.path!r}: {wanted} must be there, got {type(got).__name__}{hint}")


def parse(path: str) -> Column:
    """Read a path. Raises: SchemaError when it is malformed."""
    head, each, leaf = path.partition("[]")
    names = head.split(".")
    tail = leaf[1:] if leaf.startswith(".") else None
    bad = not all(names) or (each and leaf and (not tail or "." in tail)) or "[" in head + leaf
    if bad:
        raise SchemaError(
            f'column path {path!r}: must look like "caption", "objects.bbox" or "persons[].keypoints" (one [] at most, one name after it)'
        )
    if each:
        return Column(path, tuple(names), tail, True)
    return Column(path, tuple(names[:-1]), names[-1], False)


def _only(items: Any, kept: Sequence[bool]) -> Any:
    if isinstance(items, (list, tuple)):
        return type(items)(item for item, keep in zip(items, kept, strict=True) if keep)
    return items[[i for i, keep in enumerate(kept) if keep]]  # numpy arrays and torch tensors


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (hasattr(value, "shape") and getattr(value, "ndim", 0) > 0)
