"""Where every moment of a recording went, as one map that composes: straight pieces, some of them backwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Piece = tuple[float, float, float, float]
"""(start, end, to, until) in seconds: the moments from `start` to `end` are now heard from `to` to `until`.

`start < end`; backwards when `to > until`.
"""

Span = tuple[float, float]
"""(start, end) in seconds."""

_NO_TIME = 1e-9
"""Seconds: what is shorter is rounding."""


@dataclass(frozen=True, slots=True)
class TimeMap:
    """A map from the moments of a recording of `seconds` to those of one of `out_seconds`.

    pieces: in order of their start, not overlapping; what is in no piece is no longer heard.
    """

    pieces: tuple[Piece, ...]
    seconds: float
    out_seconds: float

    def then(self, after: TimeMap) -> TimeMap:
        """This map, then `after`."""
        if self.out_seconds == self.seconds and self.pieces == ((0.0, self.seconds, 0.0, self.seconds),):
            return after
        pieces = []
        for start, end, to, until in self.pieces:
            back = (end - start) / (until - to)
            for a, b, image_to, image_until in after.images(min(to, until), max(to, until)):
                first, last = start + (a - to) * back, start + (b - to) * back
                if first > last:
                    first, last, image_to, image_until = last, first, image_until, image_to
                if last - first > _NO_TIME and abs(image_until - image_to) > _NO_TIME:
                    pieces.append((first, last, image_to, image_until))
        return TimeMap(_joined(sorted(pieces)), self.seconds, after.out_seconds)

    def images(self, start: float, end: float) -> list[Piece]:
        """The pieces of a stretch of time: each (start, end, to, until) with the part of it that is still heard."""
        found = []
        for a, b, to, until in self.pieces:
            first, last = max(a, start), min(b, end)
            if first < last or first == last == start == end:
                rate = (until - to) / (b - a)
                found.append((first, last, to + (first - a) * rate, to + (last - a) * rate))
        return found if start < end else found[:1]

    def origins(self, start: float, end: float) -> list[Span]:
        """What is heard from `start` to `end`, as spans of the original, in order."""
        found = []
        for a, b, to, until in self.pieces:
            first, last = max(min(to, until), start), min(max(to, until), end)
            if first < last:
                back = (b - a) / (until - to)
                found.append(tuple(sorted((a + (first - to) * back, a + (last - to) * back))))
        return joined_spans(found)

    def without(self, spans: tuple[Span, ...]) -> TimeMap:
        """The same map where these spans of the original are not heard."""
        pieces = self.pieces
        for start, end in spans:
            kept = []
            for a, b, to, until in pieces:
                slope = (until - to) / (b - a)
                for first, last in ((a, min(b, start)), (max(a, end), b)):
                    if last - first > _NO_TIME:
                        kept.append((first, last, to + (first - a) * slope, to + (last - a) * slope))
            pieces = tuple(kept)
        return TimeMap(pieces, self.seconds, self.out_seconds)

    @property
    def rate(self) -> float:
        """How many times faster everything is heard; 1 for an empty map."""
        if not self.pieces:
            return 1.0
        start, end, to, until = self.pieces[0]
        return (end - start) / abs(until - to)

    @property
    def backwards(self) -> bool:
        """Whether any part is heard backwards."""
        return any(to > until for _, _, to, until in self.pieces)

    @property
    def in_order(self) -> bool:
        """Whether what came first is still heard first."""
        heard = [to for _, _, to, _ in self.pieces]
        return not self.backwards and heard == sorted(heard)

    @property
    def kept(self) -> float:
        """The share of the original that is still heard, in [0, 1]."""
        return sum(end - start for start, end, _, _ in self.pieces) / self.seconds if self.seconds else 1.0

    @property
    def is_identity(self) -> bool:
        """Whether every moment stays where it is (to a microsecond)."""
        if abs(self.out_seconds - self.seconds) >= 1e-6:
            return False
        return not any(abs(start - to) >= 1e-6 or abs(end - until) >= 1e-6 for start, end, to, until in self.pieces)


def identity(seconds: float) -> TimeMap:
    return TimeMap(((0.0, seconds, 0.0, seconds),), seconds, seconds)


def faster(seconds: float, rate: float) -> TimeMap:
    """Everything `rate` times faster."""
    return TimeMap(((0.0, seconds, 0.0, seconds / rate),), seconds, seconds / rate)


def reversed_(seconds: float) -> TimeMap:
    """The end first."""
    return TimeMap(((0.0, seconds, seconds, 0.0),), seconds, seconds)


def window(seconds: float, start: float, end: float) -> TimeMap:
    """Only what lies from `start` to `end` seconds."""
    return TimeMap(((start, end, 0.0, end - start),), seconds, end - start)


def padded(seconds: float, before: float, after: float) -> TimeMap:
    """Silence of `before` seconds in front and of `after` seconds behind."""
    return TimeMap(((0.0, seconds, before, before + seconds),), seconds, before + seconds + after)


def rolled(seconds: float, by: float) -> TimeMap:
    """Later by `by` seconds in [0, seconds]; what falls off the end comes first."""
    cut = seconds - by
    if cut <= _NO_TIME or by <= _NO_TIME:
        return identity(seconds)
    return TimeMap(((0.0, cut, by, seconds), (cut, seconds, 0.0, by)), seconds, seconds)


def joined_spans(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch or overlap as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + _NO_TIME:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Pieces that carry on where the last one ended become one."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined:
            start, end, to, until = joined[-1]
            same_way = (until > to) == (piece[3] > piece[2])
            if same_way and abs(end - piece[0]) < _NO_TIME and abs(until - piece[2]) < _NO_TIME:
                joined[-1] = (start, piece[1], to, piece[3])
                continue
        joined.append(piece)
    return tuple(joined)
