"""Edits of a text: replacements of spans, mended grammar around them, and where other spans end up."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mmaug.errors import MmaugError
from mmaug.language import forms
from mmaug.language.tokens import with_case_of


@dataclass(frozen=True, slots=True)
class Replacement:
    """The half-open character span [start, end) becomes `text`; "" deletes it."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class OffsetMap:
    """Where character places of a text are after an edit: the `replacements` that made it, in order, disjoint."""

    replacements: tuple[Replacement, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A half-open span of the old text in the new one.

        What a replacement covers in part grows to all of it; what was deleted is empty.
        """
        new_start = self._place(start, first=True)
        return new_start, max(new_start, self._place(end, first=False))

    def _place(self, place: int, first: bool) -> int:
        moved = 0
        for r in self.replacements:
            inside = r.start < place < r.end
            if inside:
                return r.start + moved + (0 if first else len(r.text))
            if place < r.end or (place == r.end and place == r.start and not first):
                break
            moved += len(r.text) - (r.end - r.start)
        return place + moved


@dataclass(frozen=True, slots=True)
class Reordered:
    """Where character places are after parts of a text changed places.

    parts: in the old order, for each its old start, old end and new start. replacements: what now stands where each part was.
    """

    parts: tuple[tuple[int, int, int], ...]
    replacements: tuple[Replacement, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A half-open span of the old text in the new one; one that touches several parts grows to hold all of them."""
        touched = [(a, b, to) for a, b, to in self.parts if (a < end and start < b) or a <= start == end <= b]
        if len(touched) == 1 and touched[0][0] <= start and end <= touched[0][1]:
            a, _, to = touched[0]
            return to + start - a, to + end - a
        if not touched:
            return (start, end) if end <= self.parts[0][0] or start >= self.parts[-1][1] else (self._first(), self._last())
        if len(touched) == len(self.parts):
            return min(start, self._first()), max(end, self._last())
        return min(to for _, _, to in touched), max(to + b - a for a, b, to in touched)

    def _first(self) -> int:
        return min(to for _, _, to in self.parts)

    def _last(self) -> int:
        return max(to + b - a for a, b, to in self.parts)


Places = OffsetMap | Reordered
"""Where places of a text are after a change of it."""


def rearranged(text: str, parts: list[tuple[int, int]], order: list[int]) -> tuple[str, Places]:
    """The text with its disjoint `parts` in another order, and the map of places; part number order[0] comes first.

    What stands between the parts stays.
    """
    if order == list(range(len(parts))):
        return text, OffsetMap()
    pieces, moved, at = [text[: parts[0][0]]], {}, parts[0][0]
    for place, number in enumerate(order):
        start, end = parts[number]
        between = text[parts[place][1] : parts[place + 1][0]] if place + 1 < len(parts) else text[parts[place][1] :]
        moved[number] = (start, end, at)
        pieces += (text[start:end], between)
        at += end - start + len(between)
    changes = tuple(Replacement(*parts[place], text[slice(*parts[number])]) for place, number in enumerate(order) if place != number)
    return "".join(pieces), Reordered(tuple(moved[n] for n in range(len(parts))), changes)


def joined(text: str, replacements: tuple[Replacement, ...]) -> tuple[str, OffsetMap]:
    """The text with sorted, disjoint replacements as they are, without mending, and the map of places."""
    return _spliced(text, replacements), OffsetMap(replacements)


def conflict(replacements: Iterable[Replacement]) -> tuple[Replacement, Replacement] | None:
    """Two replacements that want different things of the same characters, or None; identical ones agree."""
    ordered = sorted(set(replacements), key=lambda r: (r.start, r.end, r.text))
    for one, two in itertools.pairwise(ordered):
        if two.start < one.end or (one.start, one.end) == (two.start, two.end):
            return one, two
    return None


def merge(replacements: Iterable[Replacement], length: int) -> tuple[Replacement, ...]:
    """The replacements in order, identical ones once. Raises: MmaugError when two overlap or one leaves the text."""
    given = tuple(replacements)
    if _in_order(given, length):
        return given
    ordered = tuple(sorted(set(given), key=lambda r: (r.start, r.end)))
    clash = conflict(ordered)
    if clash:
        raise MmaugError(
            f"edits: two replacements must not touch the same characters; got {clash[0]} and {clash[1]}; test with edits.conflict first"
        )
    for r in ordered:
        if not 0 <= r.start <= r.end <= length:
            raise MmaugError(f"edits: a replacement must lie within the text of {length} characters; got {r}")
    return ordered


def _in_order(replacements: tuple[Replacement, ...], length: int) -> bool:
    """Whether they are sorted and disjoint as they are, as those of one op are."""
    at = -1
    for r in replacements:
        if not at < r.start <= r.end:
            return False
        at = max(r.end - 1, r.start)
    return at < length


def apply(text: str, replacements: Iterable[Replacement]) -> tuple[str, OffsetMap]:
    """The edited text with "a" or "an", capitals and spaces mended, and the map of places.

    Raises: MmaugError as `merge` does.
    """
    merged = merge(replacements, len(text))
    if not merged:
        return text, OffsetMap()
    if not all(r.text for r in merged):
        merged = _mend_capitals(text, _mend_spaces(text, merged))
    mended = _mend_articles(text, merged)
    return _spliced(text, mended), OffsetMap(mended)


def _spliced(text: str, replacements: tuple[Replacement, ...]) -> str:
    parts, at = [], 0
    for r in replacements:
        parts += (text[at : r.start], r.text)
        at = r.end
    return "".join((*parts, text[at:]))


def _mend_spaces(text: str, replacements: tuple[Replacement, ...]) -> tuple[Replacement, ...]:
    """A deletion takes the space after it too, or the one before it at the end of a clause."""
    starts = {r.start for r in replacements}
    ends = {r.end for r in replacements}
    mended = []
    for r in replacements:
        start, end = r.start, r.end
        if not r.text and end > start:
            before, after = text[start - 1 : start], text[end : end + 1]
            if after == " " and (not before or before.isspace()) and end + 1 not in starts:
                end += 1
            elif before == " " and (not after or (not after.isalnum() and after != " ")) and start - 1 not in ends:
                start -= 1
        mended.append(Replacement(start, end, r.text))
    return tuple(mended)


_SENTENCE_END = re.compile(r"(?:^|[.!?]\s)\s*[\"“'(]?$")


def _mend_capitals(text: str, replacements: tuple[Replacement, ...]) -> tuple[Replacement, ...]:
    """When the word that opened a sentence with a capital is deleted, the next word takes the capital."""
    mended = list(replacements)
    for k, r in enumerate(replacements):
        old = text[r.start : r.end].lstrip()
        if r.text or not old[:1].isupper() or (not _SENTENCE_END.search(text[max(0, r.start - 8) : r.start]) and r.start):
            continue
        nearer = replacements[k + 1].start if k + 1 < len(replacements) else len(text)
        if r.end < nearer and text[r.end].islower():
            mended[k] = Replacement(r.start, r.end + 1, text[r.end].upper())
        elif r.end == nearer and k + 1 < len(replacements) and replacements[k + 1].text:
            follower = replacements[k + 1]
            mended[k + 1] = Replacement(follower.start, follower.end, follower.text[0].upper() + follower.text[1:])
    return tuple(mended)


_ARTICLE_BEFORE = re.compile(r"(?<![^\W_])(an?)(\s+)[\"“']?$", re.IGNORECASE)
_BEFORE_WORD = frozenset(" \t\n\"“'")
_NEXT_WORD = re.compile(r"[^\W_][^\s]*")


def _mend_articles(text: str, replacements: tuple[Replacement, ...]) -> tuple[Replacement, ...]:
    """ "a" becomes "an", and back, where the word after it changed."""
    mended = []
    for k, r in enumerate(replacements):
        match = _ARTICLE_BEFORE.search(text, max(0, r.start - 8), r.start) if text[r.start - 1 : r.start] in _BEFORE_WORD else None
        free = not mended or (match and match.start(1) >= mended[-1].end)
        word = _word_after(text, replacements, k) if match and free else ""
        if match and word:
            old, new = match.group(1), forms.article(word)
            if old.lower() != new:
                mended.append(
                    Replacement(
                        match.start(1),
                        match.end(1),
                        with_case_of(old if len(old) > 1 else old + "n", new) if not old.isupper() else new.capitalize(),
                    )
                )
        mended.append(r)
    return tuple(mended)


def _word_after(text: str, replacements: tuple[Replacement, ...], k: int) -> str:
    """The first word that stands at replacement `k` in the new text."""
    piece, at = "", replacements[k].start
    for r in replacements[k : k + 4]:
        piece += text[at : r.start] + r.text
        at = r.end
    match = _NEXT_WORD.search(piece + text[at : at + 40])
    return match.group() if match else ""
