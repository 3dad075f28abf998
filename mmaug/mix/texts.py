"""The texts of a mixture: which can be joined, and how; and what each row says, with its share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mmaug.light import Light
from mmaug.mix import fields, words
from mmaug.mix.fields import Values
from mmaug.mix.recipes import Overlap, Recipes
from mmaug.modalities.text import values as text_values
from mmaug.schema import MISSING, Schema, sources
from mmaug.schema.columns import Row, parse
from mmaug.trace import Dropped, EditRecord

LEAST_HEARD = 0.25
"""The share of the loudness that each of two sounds must have for a text to name both (9.5 dB below the other)."""


@dataclass(frozen=True, slots=True)
class Joint:
    """What to write into the row, and all edits of its texts."""

    values: Values
    edits: tuple[EditRecord, ...]


@dataclass(frozen=True, slots=True)
class SoFar:
    """What happened to a row's texts: the edits, the op that joins them now, and by field the numbers of those that were chosen."""

    edits: Iterable[EditRecord]
    op: str
    chosen: Mapping[str, list[int]]

    def number(self, name: str, index: int) -> int:
        """The number of a text in the row as it came."""
        return self.chosen[name][index] if name in self.chosen else index


def told(schema: Schema, recipes: Recipes, *kinds: str) -> list[str]:
    """The texts about what is mixed, of these kinds."""
    return [name for name in fields.followers(schema, recipes) if schema.fields[name].kind in kinds]


def joinable(light: Light, recipes: Recipes, on_conflict: str) -> Dropped | None:
    """A text that cannot be joined with another, whatever that says."""
    schema = light.schema
    for name in told(schema, recipes, "caption", "messages", "transcript"):
        field = schema.fields[name]
        if not any(light.all_texts.get(name, ())):
            continue
        if field.kind != "caption":
            what = "a chat goes on from what was said" if field.kind == "messages" else "two people at once have no one transcript"
            return Dropped(name, None, "joined", f"{what}, so it cannot be joined with another")
        if field.language != "en":
            return Dropped(name, None, "language", f"only English can be joined, this text is {field.language!r}")
        if others := [of for of in sources(field) if schema.fields[of].kind not in recipes and (of in light.looks or of in light.hearings)]:
            return Dropped(name, None, "joined", f"the text speaks of {others[0]} too, which stays; mix.mixgen mixes both")
        if on_conflict == "skip":
            return Dropped(name, None, "joined", 'the text would have to change, and on_conflict is "skip"')
    for name in schema.of_kind("words"):
        if "audio" in recipes and light.timed(name) not in (MISSING, []):
            return Dropped(name, None, "joined", "words of two people at once cannot be told apart")
    overlap = recipes.get("audio")
    if isinstance(overlap, Overlap) and not LEAST_HEARD <= overlap.share <= 1 - LEAST_HEARD and light.hearings:
        small = min(overlap.share, 1 - overlap.share)
        return Dropped(
            schema.of_kind("audio")[0], None, "joined", f"one of two sounds would be {small:.0%} of what is heard, below a quarter"
        )
    return None


def join(schema: Schema, recipes: Recipes, row: Row, other: Row, so_far: SoFar) -> Joint | Dropped:
    """Every caption with the partner's, both as they are after their own steps."""
    values: Values = []
    edits = {(edit.field, edit.index): edit for edit in so_far.edits}
    for name in told(schema, recipes, "caption"):
        if schema.value(name, row) is MISSING:
            continue
        mine, restore = text_values.to_texts(schema.value(name, row), "caption", f"field {name!r}")
        theirs = _texts(name, schema, other)
        if not theirs:
            return Dropped(name, None, "missing", "the partner has no text, and this one says nothing of it")
        pairs = [(text, theirs[index % len(theirs)]) for index, text in enumerate(mine)]
        heard = "audio" in recipes and any(schema.fields[of].kind == "audio" for of in sources(schema.fields[name]))
        for index, (text, second) in enumerate(pairs):
            if dropped := _false(name, schema, (row, text), (other, second), heard):
                return replace(dropped, index=so_far.number(name, index))
        made = [words.joined(text, second) for text, second in pairs]
        values.append((schema.column(name), restore([text for text, _ in made])))
        values += _spans(name, schema, row, other, [offset for _, offset in made])
        for index, (text, _) in enumerate(made):
            number = so_far.number(name, index)
            before = edits.get((name, number), EditRecord(name, number, mine[index], text, ()))
            edits[name, number] = replace(before, after=text, by=(*before.by, f"joined by {so_far.op}"))
    return Joint(values, tuple(edits.values()))


def _false(name: str, schema: Schema, mine: tuple[Row, str], theirs: tuple[Row, str], heard: bool) -> Dropped | None:
    """Why one of two texts would be false of the mixture."""
    for (_, text), (other, second), whose in ((mine, theirs, "the text"), (theirs, mine, "the partner's text")):
        if reason := words.untrue(text, second, _labels(name, schema, other), heard=heard):
            return Dropped(name, None, "joined", f"{whose} cannot be joined: {reason}")
    return None


def _labels(name: str, schema: Schema, row: Row) -> frozenset[str] | None:
    """What is annotated on what a text is about; None where that is not known."""
    found: set[str] = set()
    for of in sources(schema.fields[name]):
        known = False
        for follower in schema.followers(of):
            field = schema.fields[follower]
            value = schema.value(follower, row) if field.kind in ("boxes", "events") else MISSING
            if value is MISSING:
                continue
            if field.kind == "events":
                known, found = True, found | {str(item[field.text]) for item in value}
            elif (column := schema.label_column(follower)) is not None:
                known, found = True, found | {str(label) for label in column.get(row) or ()}
        if not known:
            return None
    return frozenset(found)


def _spans(name: str, schema: Schema, row: Row, other: Row, offsets: list[int]) -> Values:
    """The spans of both texts, the partner's moved to where its text lies now."""
    path = schema.fields[name].spans
    if path is None or (column := parse(path)).get(row) is MISSING:
        return []
    single = isinstance(schema.value(name, row), str)
    mine, theirs = column.get(row), column.get(other)
    lists = [mine] if single else mine
    others = [] if theirs is MISSING else [theirs] if isinstance(schema.value(name, other), str) else theirs
    joint = []
    for index, (spans, offset) in enumerate(zip(lists, offsets, strict=True)):
        added = others[index % len(others)] if others else ()
        joint.append([*spans, *(type(span)((span[0] + offset, span[1] + offset)) for span in added)])
    return [(column, joint[0] if single else joint)]


def shared(schema: Schema, recipes: Recipes, row: Row, other: Row, share: float) -> Mapping[str, tuple[tuple[str, float], ...]]:
    """By field what each row says of what is mixed, with its share."""
    found: dict[str, tuple[tuple[str, float], ...]] = {}
    for name in told(schema, recipes, "caption", "transcript"):
        mine, theirs = _texts(name, schema, row), _texts(name, schema, other)
        found[name] = (*((text, 1 - share) for text in mine), *((text, share) for text in theirs))
    return found


def _texts(name: str, schema: Schema, row: Mapping[str, Any]) -> list[str]:
    value = schema.value(name, row)
    return [] if value is MISSING else text_values.to_texts(value, schema.fields[name].kind, f"field {name!r}")[0]
