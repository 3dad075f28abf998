"""Words, events and transcripts follow the time map of their recording."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.effects.time import Piece, Span, TimeMap
from mmaug.errors import RowError
from mmaug.schema.fields import Words

SLACK = 0.05
"""Seconds by which an item may reach past the end of its recording (times are rounded); it is cut there."""


@dataclass(frozen=True, slots=True)
class Followed:
    """items: those that stay, with their new times, in order. order: their old numbers. masked: the old numbers of the marked ones."""

    items: list[dict[str, Any]]
    order: list[int]
    masked: frozenset[int] = frozenset()


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
            if not (_is_number(start) and _is_number(end) and 0 <= start <= end <= seconds + SLACK):
                raise RowError(
                    f"{place}: must have 0 <= start <= end <= {seconds:g} s (the recording's length), got start={start!r}, end={end!r}"
                )


def follow(value: Sequence[Mapping[str, Any]], field: Words, move: TimeMap, muted: Sequence[Span] = ()) -> Followed:
    """The items that stay, with their new times.

    An item of which `min_heard` lies in one piece of the new recording stays, with the times of that piece; another is dropped. One
    that lies there but is silent (`muted`: spans of the original, in order) gets the field's mark for its text, or is dropped where
    the field has none. Items in the order of their times stay so; others (speakers one after another, who overlap) keep their own.
    """
    found, masked = [], set()
    heard = move.without(tuple(muted)) if muted else move
    for number, item in enumerate(value):
        part = _largest(move, item[field.start], item[field.end], field.min_heard)
        silent = bool(muted) and part is not None and not _is_heard(heard, item[field.start], item[field.end], field.min_heard)
        if part is None or (silent and field.masked is None):
            continue
        times = dict(zip((field.start, field.end), sorted(part[2:]), strict=True))
        first = times[field.start]
        for key in field.times:
            times[key] = _moved(move, item[key], part)
        new = {**item, **{key: round(time, 6) for key, time in times.items()}}
        if silent:
            masked.add(number)
            new[field.text] = field.masked
        found.append((first, number, new))
    starts = [item[field.start] for item in value]
    if not move.in_order and starts == sorted(starts):
        found.sort(key=lambda entry: entry[:2])
    return Followed([item for _, _, item in found], [number for _, number, _ in found], frozenset(masked))


def retold(transcript: str, labels: Sequence[str], followed: Followed, mark: str | None) -> str:
    """A transcript without the words that are gone, in the order of those that stay, with the mark for each that is silent.

    labels: the words as annotated, the words of the transcript one by one; labels and tokens without a letter or digit are none.
    """
    if followed.order == list(range(len(labels))) and not followed.masked:
        return transcript
    spoken = [number for number, label in enumerate(labels) if _SPOKEN.search(label)]
    said = dict(zip(spoken, tokens(transcript), strict=True))
    kept = [_SPOKEN.sub(lambda _: mark or "", said[n]) if n in followed.masked else said[n] for n in followed.order if n in said]
    return " ".join(kept)


_SPOKEN = re.compile(r"\w(?:.*\w)?")


def tokens(transcript: str) -> list[str]:
    """The words of a transcript as written, with their punctuation; a dash that stands alone goes with the word before it."""
    found: list[str] = []
    for token in transcript.split():
        if found and not (_SPOKEN.search(token) and _SPOKEN.search(found[-1])):
            found[-1] += f" {token}"
        else:
            found.append(token)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _is_heard(heard: TimeMap, start: float, end: float, min_heard: float) -> bool:
    """Whether enough of a stretch of time is not silent."""
    parts = heard.images(start, end)
    whole = min(end, heard.seconds) - start
    return sum(part[1] - part[0] for part in parts) >= min_heard * whole - 1e-9 if whole > 0 else bool(parts)


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
