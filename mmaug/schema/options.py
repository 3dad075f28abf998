"""What the options of a field may be: the checks behind `Schema`, so that a slip shows before the first row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields as dataclass_fields
from typing import Any

from mmaug.schema.fields import BOX_FORMATS, Field

_ONE_SOURCE = "the name of one field"
_FORMS: dict[str, str] = {
    **dict.fromkeys(("format", "axis", "language", "text", "start", "end"), "a string"),
    **dict.fromkeys(("column", "labels", "spans", "recorded_with", "masked"), "a string or None"),
    **dict.fromkeys(("min_visibility", "min_heard"), "a number"),
    **dict.fromkeys(("beside", "times"), "a list of strings"),
    "names": "a string or a list of strings",
    "optional": "True or False",
    "fill": "a whole number",
    "forbids": "a dict from a class to a list of ops",
    "of": _ONE_SOURCE,
}
"""What an option of this name must be, in words; `_fits` says the same of a value."""


def problems(field: Field) -> Iterable[str]:
    """What is wrong with the form of a field's options; the caller says which field."""
    for option in dataclass_fields(field):
        value, wanted = getattr(field, option.name), _FORMS[option.name]
        if option.name == "of" and field.kind in ("caption", "messages"):
            wanted = "the name of a field, or a list of names"
        if not _fits(value, wanted):
            yield f"{option.name} must be {wanted}, got {value!r}"


def value_problems(field: Any, source_kinds: set[str]) -> Iterable[str]:
    """What is wrong with the values of options that have the right form."""
    if field.kind == "boxes":
        if field.format not in BOX_FORMATS:
            yield f"format must be one of {', '.join(BOX_FORMATS)}, got {field.format!r}; coco is xywh, pascal_voc is xyxy"
        if not 0 <= field.min_visibility <= 1:
            yield f"min_visibility must lie in [0, 1], got {field.min_visibility!r}"
    if field.kind == "keypoints" and isinstance(field.names, str) and field.names != "coco17":
        yield f'names must be "coco17" or a tuple of names, got {field.names!r}'
    if field.kind in ("words", "events") and not 0 < field.min_heard <= 1:
        yield f"min_heard must lie in (0, 1], got {field.min_heard!r}"
    if field.kind == "size":
        allowed = ("duration",) if source_kinds == {"audio"} else ("width", "height")
        if field.axis not in allowed:
            yield f"axis must be {' or '.join(allowed)} for a field of {'/'.join(source_kinds)}, got {field.axis!r}"
    if hasattr(field, "of") and not source_kinds:
        yield 'of must name at least one field, such as of="image"'


def _fits(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == "True or False"
    if value is None:
        return wanted.endswith("None")
    if isinstance(value, str):
        return wanted == _ONE_SOURCE or wanted.startswith(("a string", "the name of a field"))
    if isinstance(value, (tuple, list)):
        return "list of" in wanted and not isinstance(value, Mapping) and all(isinstance(item, str) for item in value)
    if isinstance(value, Mapping):
        lists = all(isinstance(ops, (tuple, list)) and all(isinstance(op, str) for op in ops) for ops in value.values())
        return wanted.startswith("a dict") and lists
    return (isinstance(value, int) and wanted == "a whole number") or (isinstance(value, (int, float)) and wanted == "a number")
