"""A schema: which columns of a row are what, and which describes which. A graph whose edges are `of`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmaug.errors import RowError, SchemaError
from mmaug.schema import columns, options
from mmaug.schema import infer as guesses
from mmaug.schema.columns import Column
from mmaug.schema.fields import COCO17, FIELD_KINDS, MODALITY_KINDS, Field

FORMAT = 1
"""The number of the JSON form; another number is refused."""


class Schema:
    """What the columns of a row are: `Schema(image=mm.Image(), caption=mm.Caption(of="image"), ...)`.

    Names are ours; `column` is the data's. Raises: SchemaError for an edge that leads nowhere, an unknown option, or two
    fields on one column.
    """

    __slots__ = ("_by_kind", "_columns", "_followers", "_tops", "fields", "notes")

    def __init__(self, /, **fields: Field):
        self.fields: dict[str, Any] = {}  # each is a Field of its own class, with options of its own
        self.notes: tuple[str, ...] = ()
        for name, field in fields.items():
            if not isinstance(field, Field):
                raise SchemaError(f"field {name!r}: must be one of mm.{', mm.'.join(_class_names())}, got {field!r}")
            for problem in options.problems(field):
                raise SchemaError(f"field {name!r}: {problem}")
            given = {option.name: _frozen(getattr(field, option.name)) for option in dataclass_fields(field)}
            self.fields[name] = replace(field, **{**given, "column": field.column or name})
        self._columns = {name: columns.parse(str(field.column)) for name, field in self.fields.items()}
        for name, field in self.fields.items():
            self._check(name, field)
        self._check_columns()
        self._by_kind: dict[tuple[str, ...], list[str]] = {}
        self._followers = {name: [other for other, field in self.fields.items() if name in sources(field)] for name in self.fields}
        self._tops = frozenset(top for field in self.fields.values() for path in _paths(field) for top in (columns.parse(path).top,))

    def column(self, name: str) -> Column:
        """Where the field's value lies."""
        return self._columns[name]

    def of_kind(self, *kinds: str) -> list[str]:
        """The names of the fields of these kinds, in order; a shared list, not to be changed."""
        if kinds not in self._by_kind:
            self._by_kind[kinds] = [name for name, field in self.fields.items() if field.kind in kinds]
        return self._by_kind[kinds]

    def for_modality(self, modality: str) -> list[str]:
        """The names of the fields that ops of a modality act on."""
        return self.of_kind(*MODALITY_KINDS[modality])

    def followers(self, name: str) -> list[str]:
        """The names of the fields that describe or are aligned with a field."""
        return self._followers[name]

    @property
    def tops(self) -> frozenset[str]:
        """The top-level columns of a row that any field speaks of."""
        return self._tops

    def beside(self, name: str) -> list[Column]:
        """The columns whose items are dropped with those of a box field."""
        field = self.fields[name]
        paths = (*((field.labels,) if field.labels else ()), *field.beside)  # type: ignore[attr-defined]
        return [columns.parse(path) for path in paths]

    def label_column(self, name: str) -> Column | None:
        """Where the labels of a box field lie; None where it has none."""
        path = self.fields[name].labels  # type: ignore[attr-defined]
        return columns.parse(path) if path else None

    def value(self, name: str, row: Mapping[str, Any]) -> Any:
        """The field's value in a row; MISSING where a row may lack it.

        Raises: RowError where it must be there: an optional field or a list of dicts ("persons[].keypoints": nobody is in
        this picture) may be absent or None, any other may not.
        """
        column = self._columns[name]
        value = column.get(row)
        if value is columns.MISSING and not (column.each or self.fields[name].optional):
            if column.is_none(row):
                raise RowError(
                    f"field {name!r}: column {column.path!r} must hold a value in every row, this row holds None; "
                    "give it one, or say optional=True in the schema"
                )
            raise RowError(
                f"field {name!r}: column {column.path!r} must be in every row, this row has {sorted(row)}; "
                "correct column=... in the schema, or say optional=True"
            )
        return value

    def refuse_undeclared(self, row: Mapping[str, Any]) -> None:
        """Raises: RowError for a column of strings that no field declares: it may speak of what an op changes."""
        for name, value in row.items():
            if name in self._tops:
                continue
            if isinstance(value, str) or (isinstance(value, (list, tuple)) and any(isinstance(item, str) for item in value)):
                raise RowError(
                    f"column {name!r} holds text that no field of the schema declares; add {name}=mm.Caption(of=...) if it speaks "
                    f"of a picture or sound, or {name}=mm.Opaque() if no op can make it false; in a schema.json "
                    f'"{name}": {{"kind": "caption", "of": "image"}} or "{name}": {{"kind": "opaque"}} (got {repr(value)[:60]})'
                )

    # -- JSON ---------------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """The schema as plain JSON values; options at their default are left out."""
        return {"schema": FORMAT, "fields": {name: _field_to_json(name, f) for name, f in self.fields.items()}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Schema:
        """The schema of a JSON value. Raises: SchemaError for another format number, an unknown kind or key."""
        if not isinstance(value, Mapping) or value.get("schema") != FORMAT or value.keys() != {"schema", "fields"}:
            raise SchemaError(
                f'a schema must be {{"schema": {FORMAT}, "fields": {{...}}}}, got '
                + (f"keys {sorted(value)} and schema number {value.get('schema')!r}" if isinstance(value, Mapping) else repr(value))
            )
        if not isinstance(value["fields"], Mapping):
            raise SchemaError(f'a schema: "fields" must be a dict of fields, got {type(value["fields"]).__name__}')
        return cls(**{name: _field_from_json(name, item) for name, item in value["fields"].items()})

    def save(self, path: str | Path) -> None:
        """Write the schema as a JSON file."""
        Path(path).write_text(json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Schema:
        """Read a schema from a JSON file. Raises: SchemaError naming the file."""
        try:
            return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise SchemaError(f"{path}: must be a schema file, got {error.strerror}; give one that schema.save wrote") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise SchemaError(f"{path}: must be JSON, got {error}; write it with schema.save") from error
        except SchemaError as error:
            raise SchemaError(f"{path}: {error}") from error

    @classmethod
    def infer(cls, rows: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> Schema:
        """The schema that a row, or several, most likely have; what was decided, and why, is in `notes` and in `print(schema)`."""
        if not isinstance(rows, Iterable):
            raise SchemaError(f"cannot infer a schema: must be given a row or a list of rows, got {type(rows).__name__}")
        several: list[Any] = [rows] if isinstance(rows, Mapping) else list(rows)
        return cls._guessed(guesses.from_rows(several))

    @classmethod
    def from_features(cls, features: Mapping[str, Any]) -> Schema:
        """The schema that the features of a HuggingFace data set most likely mean; as `infer`."""
        return cls._guessed(guesses.from_features(features))

    @classmethod
    def _guessed(cls, guess: guesses.Guess) -> Schema:
        made = cls(**guess[0])
        made.notes = guess[1]
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_json(), sort_keys=True))

    def __repr__(self) -> str:
        lines = [f"    {name}={_source_text(name, field)}," for name, field in self.fields.items()]
        return "\n".join(["Schema(", *lines, ")", *(f"# {note}" for note in self.notes)])

    # -- checks -------------------------------------------------------------------------------------------------------

    def _check(self, name: str, field: Field) -> None:
        for source in sources(field):
            if source not in self.fields:
                raise SchemaError(
                    f"field {name!r}: of={source!r} is not a field of this schema ({', '.join(self.fields)}); "
                    "name the field that it describes"
                )
            kind = self.fields[source].kind
            if kind not in field.follows:
                raise SchemaError(
                    f"field {name!r}: {type(field).__name__} must be of {' or '.join(field.follows)}, "
                    f"but {source!r} is {type(self.fields[source]).__name__}"
                )
        for problem in options.value_problems(field, {self.fields[s].kind for s in sources(field)}):
            raise SchemaError(f"field {name!r}: {problem}")

    def _check_columns(self) -> None:
        taken: dict[str, str] = {}
        for name, field in self.fields.items():
            column = str(field.column)
            if column in taken:
                raise SchemaError(f"fields {taken[column]!r} and {name!r} are both column {column!r}; declare it once")
            taken[column] = name
        self._check_shared("audio", lambda field: [field.recorded_with], "are both recorded_with {!r}; a picture goes with one recording")
        beside = "both drop items of column {!r}; declare it beside one, or put each with its boxes into a list of dicts"
        self._check_shared("boxes", lambda field: [] if columns.parse(field.column).container else [field.labels, *field.beside], beside)

    def _check_shared(self, kind: str, claims: Callable[[Any], list[str | None]], why: str) -> None:
        """Two fields of a kind that claim the same thing would pull it apart."""
        owner: dict[str, str] = {}
        for name in (name for name, field in self.fields.items() if field.kind == kind):
            for claim in filter(None, claims(self.fields[name])):
                if owner.setdefault(claim, name) != name:
                    raise SchemaError(f"fields {owner[claim]!r} and {name!r} {why.format(claim)}")


def sources(field: Field) -> tuple[str, ...]:
    """The names of the fields that a field describes or is aligned with."""
    of = getattr(field, "of", None) or getattr(field, "recorded_with", None) or ()
    return (of,) if isinstance(of, str) else tuple(of)


def _paths(field: Field) -> Iterable[str]:
    """Every column that a field speaks of."""
    yield str(field.column)
    for option in ("labels", "spans"):
        if path := getattr(field, option, None):
            yield path
    yield from getattr(field, "beside", ())


def keypoint_names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """The names of the points; "coco17" is short for COCO's 17 joints."""
    return COCO17 if names == "coco17" else tuple(names)


def _field_to_json(name: str, field: Field) -> dict[str, Any]:
    value: dict[str, Any] = {"kind": field.kind}
    for option in dataclass_fields(field):
        given = getattr(field, option.name)
        default = option.default if option.default is not NO_DEFAULT else None
        if option.name == "column":
            default = name
        if (given != default and not (option.name == "forbids" and not given)) or option.name in ("of", "format", "axis"):
            value[option.name] = _plain(given)
    return value


def _field_from_json(name: str, value: Any) -> Field:
    if not isinstance(value, Mapping) or value.get("kind") not in FIELD_KINDS:
        got = value.get("kind") if isinstance(value, Mapping) else value
        raise SchemaError(f'field {name!r}: "kind" must be one of {", ".join(FIELD_KINDS)}, got {got!r}')
    cls = FIELD_KINDS[value["kind"]]
    known = {option.name for option in dataclass_fields(cls)}
    unknown = sorted(value.keys() - known - {"kind"})
    if unknown:
        raise SchemaError(f"field {name!r}: unknown keys {unknown}; {cls.__name__} has {sorted(known)}")
    return cls(**{key: _frozen(item) for key, item in value.items() if key != "kind"})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _frozen(item) for key, item in value.items()}  # as JSON has it: forbids={6: ...} is of class "6"
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _source_text(name: str, field: Field) -> str:
    options = {k: v for k, v in _field_to_json(name, field).items() if k != "kind"}
    return f"mm.{type(field).__name__}({', '.join(f'{k}={v!r}' for k, v in options.items())})"


def _class_names() -> list[str]:
    return [cls.__name__ for cls in FIELD_KINDS.values()]
