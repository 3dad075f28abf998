"""Words, events and transcripts follow the time map of their recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmaug.effects.time import Piece, TimeMap
from mmaug.errors import RowError
from mmaug.schema.fields import Words

SLACK = 0.05
"""Seconds by which an item may reach past the end of its recording (times are rounded); it is cut there."""


@dataclass(frozen=True, slots=True)
class Followed:
    """items: those still heard, in the order they are now heard, with their new times. order: their old numbers."""

    items: list[dict[str, Any]]
    order: list[int]


def check(value: Any, field: Words, seconds: float, where: str) -> None:
    """Raises: RowError where an item lacks a key, has times that are no numbers, end before start, or lies past the end."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RowError(f"{where}: must be a list of {{{field.text!r}, {field.start!r}, {field.end!r}}}, got {type(value).__name__}")
    for number, item in enumerate(value):
        place = f"{where}[{number}]"
        if not isinstance(item, Mapping) or not {field.text, field.start, field.end} <= item.keys():
            got = sorted(map(str, item)) if isinstance(item, Mapping) else type(item).__name__
            raise RowError(
                f"{place}: must have the keys {field.text!r}, {field.start!r} and {field.end!r}, got {got}; "
                f"name yours in the field{_named(item, field)}"
            )
        for start, end in _pairs(item, field):
            if not (isinstance(start, (int, float)) and isinstance(end, (int, float)) and 0 <= start <= end <= seconds + SLACK):
                raise RowError(
                    f"{place}: must have 0 <= start <= end <= {seconds:g} s (the recording's length), got start={start!r}, end={end!r}"
                )


def follow(value: Sequence[Mapping[str, Any]], field: Words, move: TimeMap) -> Followed:
    """The items that are still heard, in their new order.

    An item of which `min_heard` is still heard in one piece stays, with the times of that piece; another is dropped.
    """
    found = []
    for number, item in enumerate(value):
        part = _largest(move, item[field.start], item[field.end], field.min_heard)
        if part is None:
            continue
        heard = sorted(part[2:])
        times = dict(zip((field.start, field.end), heard, strict=True))
        for key in field.times:
            times[key] = _moved(move, item[key], part)
        found.append((heard[0], number, {**item, **{key: round(time, 6) for key, time in times.items()}}))
    found.sort(key=lambda entry: entry[:2])
    return Followed([item for _, _, item in found], [number for _, number, _ in found])


def tokens(transcript: str) -> list[str]:
    """The words of a transcript as written, with their punctuation."""
    return transcript.split()


def _named(item: Any, field: Words) -> str:
    """The field as it would have to be written for this item, where that can be told: `, mm.Events(text="label")`."""
    if not isinstance(item, Mapping) or field.text in item or not {field.start, field.end} <= item.keys():
        return ""
    text = next((key for key, value in item.items() if isinstance(value, str)), None)
    return "" if text is None else f', mm.{type(field).__name__}(text="{text}")'


def _pairs(item: Mapping[str, Any], field: Words) -> list[tuple[Any, Any]]:
    return [(item[field.start], item[field.end])] + [(item.get(key), item.get(key)) for key in field.times]


def _largest(move: TimeMap, start: float, end: float, min_heard: float) -> Piece | None:
    """The longest part of a stretch of time that is heard in one piece; None where that is too little."""
    parts = move.images(start, end)
    if not parts:
        return None
    part = max(parts, key=lambda piece: piece[1] - piece[0])
    whole = min(end, move.seconds) - start
    return part if whole <= 0 or (part[1] - part[0]) / whole >= min_heard - 1e-9 else None


def _moved(move: TimeMap, moment: float, part: Piece) -> float:
    """A further time of an item, in the piece of the recording that its part lies in; a moment outside that goes to its end."""
    middle = (part[0] + part[1]) / 2
    start, end, to, until = next(piece for piece in move.pieces if piece[0] <= middle <= piece[1])
    return to + (min(max(moment, start), end) - start) * (until - to) / (end - start)
