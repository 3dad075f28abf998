"""Who may be mixed in: the rows of a data set by key, in an order that does not depend on where they come from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import index
from typing import Any

from mmaug.errors import MmaugError, PlanError, RowError

Key = str | int


class Partners:
    """The rows that may be mixed into others, by key.

    rows: a mapping from key to row; a list (or a data set with a length), whose keys are then 0, 1, ...; or a function from a key to its
    row, with `keys`. keys: those that may be drawn, strings or whole numbers; default all.
    Which row a draw picks follows from the set of keys alone, not from their order: make it of the whole data set, not of a batch.
    Raises: PlanError for no keys, or keys of another type.
    """

    __slots__ = ("_rows", "keys")

    def __init__(self, rows: Mapping[Any, Any] | Sequence[Any] | Callable[[Any], Any], keys: Iterable[Key] | None = None):
        self._rows = rows
        if keys is None and callable(rows) and not hasattr(rows, "__len__"):
            raise PlanError("partners: a function must come with its keys; write mm.mix.Partners(function, keys=[...])")
        given = keys if keys is not None else rows if isinstance(rows, Mapping) else range(len(rows))  # type: ignore[arg-type]
        self.keys = given if isinstance(given, range) else tuple(sorted({_plain(key) for key in given}, key=_order))
        if not self.keys:
            raise PlanError("partners: must hold at least one row that can be mixed in, got none")

    @classmethod
    def of(cls, partners: Any) -> Partners:
        """Partners as they are, or made of what the constructor takes."""
        if isinstance(partners, Partners):
            return partners
        if not (isinstance(partners, Mapping) or hasattr(partners, "__getitem__") or callable(partners)):
            raise PlanError(
                f"partners: must be a mapping from key to row, a list of rows or mm.mix.Partners, got {type(partners).__name__}"
            )
        return cls(partners)

    def pick(self, u: float, but: Any) -> Key:
        """The key that a number in [0, 1) picks, evenly among all but one. Raises: PlanError where there is no other."""
        own = self._place(but)
        others = len(self.keys) - (own is not None)
        if not others:
            raise PlanError(f"partners: row {but!r} has nobody to be mixed with; there must be at least one other row")
        place = min(int(u * others), others - 1)
        return self.keys[place + (own is not None and place >= own)]

    def _place(self, key: Any) -> int | None:
        if isinstance(key, bytes):
            return None
        key = _plain(key)
        if isinstance(self.keys, range):
            return key if isinstance(key, int) and key in self.keys else None
        place = bisect_left(self.keys, _order(key), key=_order)
        return place if place < len(self.keys) and self.keys[place] == key else None

    def __getitem__(self, key: Key) -> Mapping[str, Any]:
        """The row of a key. Raises: PlanError where there is none, RowError where it is no dict."""
        try:
            row = self._rows[key] if hasattr(self._rows, "__getitem__") else self._rows(key)  # type: ignore[index,operator]
        except MmaugError:
            raise
        except (KeyError, IndexError):
            some = ", ".join(repr(k) for k in self.keys[:3])
            raise PlanError(
                f"the plan mixes in row {key!r}, and partners has none of that key ({len(self.keys)} rows: {some}, ...); "
                "give the rows among which the plan was drawn"
            ) from None
        if not isinstance(row, Mapping):
            raise RowError(f"partner {key!r}: must be a dict of its columns, got {type(row).__name__}")
        return row


def _plain(key: Any) -> Key:
    if isinstance(key, str):
        return str(key)
    try:
        if isinstance(key, bool):
            raise TypeError
        return index(key)
    except TypeError:
        raise PlanError(f"partners: keys must be strings or whole numbers, so that a plan survives JSON, got {key!r}") from None


def _order(key: Key) -> tuple[bool, Any]:
    """Whole numbers by value, then strings."""
    return isinstance(key, str), key
