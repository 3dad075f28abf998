"""What is worth knowing of the data itself: text that nobody reads, labels that name nothing, captions in another language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmaug.language.analyser import read
from mmaug.language.wordnet import is_word
from mmaug.light import Light
from mmaug.schema import Schema, columns, sources

FOREIGN = 0.5
"""The share of a text's words that must be English words, and
LEAST_WORDS = 4 how many it must have before that is judged."""
LEAST_WORDS = 4

Note = tuple[str, str, str]
"""Level, what, and what is there."""


def of_schema(schema: Schema) -> Iterator[Note]:
    """What the schema alone shows."""
    for name, field in schema.fields.items():
        followers = [schema.fields[other] for other in schema.followers(name)]
        texts = any(other.kind in ("caption", "messages") for other in followers)
        boxes = [other for other in followers if other.kind == "boxes"]
        if field.kind == "image" and texts and not any(other.labels for other in boxes):
            what = "have no labels" if boxes else "are not declared"
            yield (
                "note",
                f"boxes on {name!r} {what}: where the things are that captions name is not known, and crops are judged by area",
                "",
            )
        if field.kind == "audio" and texts and not any(other.kind == "events" for other in followers):
            yield "note", f"events in {name!r} are not declared: which sounds a cut loses is not known, and cuts are judged by length", ""


def undeclared(schema: Schema, row: Mapping[str, Any]) -> Iterator[Note]:
    """Text that no field declares: beside others it makes the graph refuse the row, inside a column it passes unread."""
    whole = {str(f.column) for f in schema.fields.values() if f.kind in ("opaque", "messages", "words", "events")}
    paths = {path for name in schema.fields for path in _paths(schema, name)}
    for name, value in row.items():
        if name in whole:
            continue
        for path, text in _texts(name, value):
            if path == name and name not in schema.tops:
                yield "error", f"column {name!r} holds text that no field declares: the graph refuses the row", repr(text[:60])
            elif path not in paths and path != name:
                yield (
                    "warning",
                    f"column {path!r} holds text that no field declares, and is never read: declare it (Opaque if no op can make it false)",
                    repr(text[:60]),
                )


def of_row(light: Light) -> Iterator[Note]:
    """What a row that can be read shows."""
    yield from _opaque(light)
    yield from _labels(light)
    for name, texts in light.all_texts.items():
        language = getattr(light.schema.fields[name], "language", "en")
        for text in texts:
            if not text.strip():
                yield "note", f"field {name!r} holds an empty text", repr(text)
            elif language != "en":
                yield "warning", f"field {name!r} is in {language!r}: only English can be read, what may touch it vetoes", repr(text[:60])
            elif is_foreign(text):
                yield "warning", f"field {name!r} holds text that does not look English, and is read as if it were", repr(text[:60])


def is_foreign(text: str) -> bool:
    """Whether most words of a text are unknown to an English dictionary."""
    words = [token.word for token in read(text).tokens if token.word.isalpha() and len(token.word) > 1]
    return len(words) >= LEAST_WORDS and sum(map(is_word, words)) < FOREIGN * len(words)


def _opaque(light: Light) -> Iterator[Note]:
    """A sentence in a column that never changes, and that speaks of what ops change."""
    for name in light.schema.of_kind("opaque"):
        column = str(light.schema.fields[name].column)
        for _, text in _texts(column, light.value(name)):
            reading = read(text) if text.count(" ") >= 2 else None
            claims = (*reading.sides, *(m for m in reading.colours if m.role != "name")) if reading else ()
            if claims:
                yield (
                    "warning",
                    f"column {column!r} is Opaque, and speaks of sides or colours: it stays when they change",
                    repr(claims[0].text),
                )
                break


def _labels(light: Light) -> Iterator[Note]:
    for name in light.schema.of_kind("boxes"):
        picture = sources(light.schema.fields[name])[0]
        things = light.context(name, picture).things if picture in light.looks else None
        for label in sorted({thing.label for thing in things or ()} - {""}):
            if label.replace(".", "").replace("-", "").isdecimal():
                yield (
                    "warning",
                    f"labels of {name!r} are numbers: captions cannot be checked against the boxes; name the classes",
                    repr(label),
                )
                break
            if not any(is_word(word) for word in label.lower().replace("_", " ").replace("-", " ").split()):
                yield (
                    "warning",
                    f"labels of {name!r} that no English word matches: captions are not checked against these boxes",
                    repr(label),
                )


def _paths(schema: Schema, name: str) -> Iterator[str]:
    """The paths of a field's column and of those it names."""
    field = schema.fields[name]
    yield str(field.column)
    yield from (path for path in (getattr(field, "labels", None), getattr(field, "spans", None)) if path)
    yield from getattr(field, "beside", ())


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every string below a value with its path, written as in a schema; lists of dicts as "persons[].name"."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(f"{path}.{key}", item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(f"{path}[]" if isinstance(item, Mapping) else path, item)
    elif value is columns.MISSING:
        return
