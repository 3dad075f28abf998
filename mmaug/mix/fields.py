"""The light values of a mixture: boxes, people and sounds of both rows in one list, texts joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmaug.effects.geometry import Size
from mmaug.errors import RowError
from mmaug.light import TEXT_KINDS
from mmaug.mix.recipes import Paste, Recipe, Recipes
from mmaug.modalities.annotations import boxes as box_values
from mmaug.schema import MISSING, Column, Schema, sources
from mmaug.schema.columns import Row
from mmaug.trace import Dropped

Values = list[tuple[Column, Any]]
"""What to write into the row."""


def refused(schema: Schema, recipes: Recipes, row: Mapping[str, Any], other: Mapping[str, Any]) -> Dropped | None:
    """An annotation that cannot hold what a mixture shows, whatever is said of it."""
    for name in followers(schema, recipes):
        field, recipe = schema.fields[name], recipe_of(schema, recipes, name)
        both = [schema.value(name, one) is not MISSING for one in (row, other)]
        if field.kind == "mask" and not isinstance(recipe, Paste) and any(both):
            return Dropped(name, None, "mask", "a mask says what each pixel shows, and in a blend each shows two things")
        if field.kind in ("mask", "boxes", "keypoints", "events") and both[0] and not both[1]:
            return Dropped(name, None, "missing", "the partner has none, so nobody knows what it would add")
        if field.kind == "keypoints" and all(both) and not schema.column(name).container:
            return Dropped(name, None, "keypoints", "one column of points has no place for those of a second row")
    return None


def followers(schema: Schema, recipes: Recipes) -> list[str]:
    """The fields that describe what is mixed."""
    return list(dict.fromkeys(name for source in mixed(schema, recipes) for name in schema.followers(source)))


def mixed(schema: Schema, recipes: Recipes) -> list[str]:
    """The pictures and sounds that are mixed."""
    return schema.of_kind(*recipes)


def recipe_of(schema: Schema, recipes: Recipes, follower: str) -> Recipe:
    """How what a field describes is mixed."""
    return next(recipes[schema.fields[of].kind] for of in sources(schema.fields[follower]) if schema.fields[of].kind in recipes)


def merged(schema: Schema, recipes: Recipes, row: Row, other: Row, sizes: Mapping[str, Size], offsets: Mapping[str, float]) -> Values:
    """The annotations of both rows, as they are after their own steps.

    sizes: of every picture. offsets: for every sound the seconds before the partner's.
    """
    values: Values = []
    other, done = dict(other), set[str]()
    names = [name for name in followers(schema, recipes) if schema.fields[name].kind not in (*TEXT_KINDS, "image", "audio")]
    for name in names:
        if schema.fields[name].kind == "boxes" and isinstance(recipe := recipe_of(schema, recipes, name), Paste):
            _cut(name, schema, recipe, other, sizes)
    for name in names:
        field, column = schema.fields[name], schema.column(name)
        if schema.value(name, row) is MISSING or schema.value(name, other) is MISSING:
            continue
        if field.kind == "events":
            values.append((column, _together(schema.value(name, row), schema.value(name, other), field, offsets[field.of])))
        elif field.kind in ("boxes", "keypoints") and (holder := ".".join(column.container) or column.path) not in done:
            done.add(holder)
            values += _appended(name, schema, row, other)
    return values


def _cut(name: str, schema: Schema, recipe: Paste, other: Row, sizes: Mapping[str, Size]) -> None:
    """The partner's boxes round what is pasted of them."""
    field, column = schema.fields[name], schema.column(name)
    value = column.get(other)
    if value is MISSING or not len(value):
        return
    size = sizes[field.of]
    left, top, right, bottom = recipe.rectangle(size)
    found = box_values.read(value, field.format, size, f"field {name!r} of the partner")
    cut = [(max(x1, left), max(y1, top), min(x2, right), min(y2, bottom)) for x1, y1, x2, y2 in found]
    column.put(other, box_values.write(cut, value, field.format, size))


def _appended(name: str, schema: Schema, row: Row, other: Row) -> Values:
    """The items of both rows, with everything beside them."""
    column = schema.column(name)
    count, others = (len(column.get(one)) for one in (row, other))
    if column.each:
        people = Column(column.path, column.parents, None, True)
        return [(people, _one_after_another(people.get(row), people.get(other), name))]
    if column.container:
        parent = Column(column.path, column.parents[:-1], column.parents[-1], False)
        mine, theirs = parent.get(row), parent.get(other)
        lists = [key for key, items in mine.items() if _is_list(items) and len(items) == count]
        for key in lists:
            if not _is_list(theirs.get(key)) or len(theirs[key]) != others:
                raise RowError(f"field {name!r} of the partner: {parent.path!r} must have {key!r} with one item a box, as this row has")
        return [(parent, {**mine, **{key: _one_after_another(mine[key], theirs[key], name) for key in lists}})]
    beside = [one for one in schema.beside(name) if not one.container] if schema.fields[name].kind == "boxes" else []
    return [(one, _one_after_another(one.get(row), one.get(other), name)) for one in (column, *beside) if one.get(row) is not MISSING]


def _one_after_another(items: Any, others: Any, name: str) -> Any:
    """Two lists, arrays or tensors in one of the first's form; both stay as they are."""
    if others is MISSING:
        raise RowError(f"field {name!r} of the partner: must have what lies beside it in this row; give it the same columns")
    plain = others.tolist() if hasattr(others, "tolist") else list(others)
    if hasattr(items, "new_tensor"):
        return items.new_tensor([*items.tolist(), *plain]).reshape(-1, *items.shape[1:])
    if isinstance(items, np.ndarray):
        return np.concatenate([items, np.asarray(plain, items.dtype).reshape(-1, *items.shape[1:])])
    return type(items)([*items, *plain])


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (hasattr(value, "shape") and getattr(value, "ndim", 0) > 0)


def _together(events: Any, others: Any, field: Any, offset: float) -> Any:
    """The events of both in the order in which they start; the partner's come later by `offset` seconds."""
    keys = (field.start, field.end, *field.times)
    moved = [{**item, **{key: item[key] + offset for key in keys if key in item}} for item in others] if offset else others
    return type(events)(sorted([*events, *moved], key=lambda item: item[field.start]))
