"""Pairing rules: what a change to one field means for another that speaks of it.

A rule is keyed by an aspect of the effects and the kind of the field that follows. It sees the *original* value and the
*composed* effects, and returns an `Edit`, a `Veto(reason)`, or None where the value stays true as it is. Kinds whose values
follow exactly (boxes, masks, times) and harmless pairs are declared, never assumed: a pair with neither is an error before
the first row.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmaug.effects.view import Box
from mmaug.errors import RuleError
from mmaug.language.edits import Replacement
from mmaug.registry import ASPECTS
from mmaug.schema.fields import FIELD_KINDS, Field


@dataclass(frozen=True, slots=True)
class Edit:
    """Keep the text true by these replacements in it."""

    replacements: tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class Veto:
    """The value cannot be kept true; the reason is for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Follow:
    """The picture or sound that follows must take this op (without parameters) on top of its own steps."""

    op: str


Verdict = Edit | Veto | Follow | None


@dataclass(frozen=True, slots=True)
class Thing:
    """Something annotated on a picture: what it is called and where it was, (x1, y1, x2, y2) in pixels."""

    label: str
    box: Box


@dataclass(frozen=True, slots=True)
class Sound:
    """Something annotated in a recording: what it is called and when it was, in seconds."""

    label: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know besides the value and the effects.

    field: the field that follows; its `of` has two names where the text is about picture and sound together.
    things, words, events: what is annotated on the source; None where the schema has no such annotation for it.
    frames: how many frames the source picture, or the picture recorded with the source, has.
    readable: whether the text is in English.
    shared: aspects in which a text may speak of another source, which does not change: no edit for this one keeps it surely true.
    """

    field: Field
    things: tuple[Thing, ...] | None = None
    words: tuple[Sound, ...] | None = None
    events: tuple[Sound, ...] | None = None
    frames: int = 1
    readable: bool = True
    shared: frozenset[str] = frozenset()


Rule = Callable[[Any, Any, Context], Verdict]
"""(original value, composed state of the source, context) -> verdict. For texts the value is one string at a time."""


@dataclass(frozen=True, slots=True)
class PairRule:
    """A rule and what it is for."""

    name: str
    aspect: str
    kinds: tuple[str, ...]
    judge: Rule | None
    """None: the kind follows exactly, or the aspect is harmless for it."""

    def __reduce__(self) -> Any:
        if self.judge is None:
            return PairRule, (self.name, self.aspect, self.kinds, None)
        place = (self.judge.__module__, self.judge.__qualname__)  # there lies the rule, or the function that it was made of
        found = _found(*place)
        if found is self:
            return _found, place
        if found is self.judge:
            return PairRule, (self.name, self.aspect, self.kinds, self.judge)
        raise RuleError(f"rule {self.name!r}: to reach other processes it must lie at the top of a module, got {'.'.join(place)}")


class Rules:
    """A set of pairing rules; `rules + rule` adds one. All rules of a pair are asked: any veto counts, edits are joined."""

    __slots__ = ("_table", "entries")

    def __init__(self, entries: Iterable[PairRule]):
        self.entries = tuple(entries)
        table: dict[tuple[str, str], list[PairRule]] = {}
        for entry in self.entries:
            for kind in entry.kinds:
                table.setdefault((entry.aspect, kind), []).append(entry)
        self._table: Mapping[tuple[str, str], tuple[PairRule, ...]] = {
            key: tuple(rule for rule in found if rule.judge is not None) for key, found in table.items()
        }

    def __add__(self, more: PairRule | Rules | Iterable[PairRule]) -> Rules:
        added = (more,) if isinstance(more, PairRule) or not isinstance(more, Iterable) else tuple(more)
        if not all(isinstance(entry, PairRule) for entry in added):
            raise RuleError(f"a rule must be made with @mm.pairing.rule(...) or mm.pairing.harmless(...), got {more!r}")
        return Rules((*added, *self.entries))

    def __iter__(self) -> Iterator[PairRule]:
        return iter(self.entries)

    def judges(self, aspect: str, kind: str) -> tuple[PairRule, ...]:
        """The rules to ask, in order. Raises: RuleError when nothing is said about this pair."""
        try:
            return self._table[aspect, kind]
        except KeyError:
            raise RuleError(
                f"no rule says what a change of {aspect!r} means for a field of kind {kind!r}; write one with "
                f'@mm.pairing.rule("{aspect}", on="{kind}") or declare mm.pairing.harmless("{aspect}", on="{kind}"), '
                "and pass rules=mm.pairing.DEFAULT + it"
            ) from None


def rule(aspect: str, *, on: str | tuple[str, ...]) -> Callable[[Rule], PairRule]:
    """Make a function a pairing rule for an aspect of the effects and one or more kinds of field.

    Raises: RuleError for an aspect or kind that does not exist.
    """

    def make(judge: Rule) -> PairRule:
        return _entry(judge.__name__, aspect, on, judge)

    return make


def harmless(aspect: str, *, on: str | tuple[str, ...]) -> PairRule:
    """Say aloud that a change of this aspect never makes a value of these kinds false."""
    return _entry("harmless", aspect, on, None)


def follows(aspect: str, *, on: str | tuple[str, ...]) -> PairRule:
    """Say that values of these kinds follow this aspect exactly (the graph rewrites them from the composed effects)."""
    return _entry("follows", aspect, on, None)


def _found(module: str, name: str) -> PairRule:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _entry(name: str, aspect: str, on: str | tuple[str, ...], judge: Rule | None) -> PairRule:
    kinds = (on,) if isinstance(on, str) else tuple(on)
    if aspect not in ASPECTS:
        raise RuleError(f"rule {name!r}: aspect must be one of {', '.join(ASPECTS)}, got {aspect!r}")
    if unknown := [kind for kind in kinds if kind not in FIELD_KINDS]:
        raise RuleError(f"rule {name!r}: on must name kinds of field ({', '.join(FIELD_KINDS)}), got {unknown}")
    return PairRule(name, aspect, kinds, judge)
