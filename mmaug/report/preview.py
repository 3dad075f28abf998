"""`preview`: a page that shows rows before and after, what was done to each, and why what was not done was not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from mmaug.graph import TransformGraph
from mmaug.light import Light
from mmaug.modalities.audio import values as audio_values
from mmaug.registry import get_op
from mmaug.report import pictures, sounds, texts
from mmaug.report.tally import Tally
from mmaug.schema import MISSING, Schema, sources
from mmaug.schema.columns import Row
from mmaug.trace import StepRecord, Trace

Outcome = tuple[Row, Trace] | Exception


class Scale(NamedTuple):
    """What the views of a row share, so that they can be compared: the longest recording, and the colour of each label."""

    seconds: float
    tints: dict[str, str]


def preview(
    graph: TransformGraph,
    rows: Iterable[Mapping[str, Any]],
    path: str | Path,
    *,
    keys: Sequence[str | int] | None = None,
    copies: int = 2,
    epoch: int = 0,
) -> None:
    """Write one self-contained page with every row before and after augmentation; a row that fails is shown with its error.

    keys: one a row, as for `graph.run` (default: by content, or the graph's key column). copies: views of each row, from 0.
    """
    tally = Tally()
    shown = []
    named = ((None, row) for row in rows) if keys is None else zip(keys, rows, strict=True)
    for number, (key, row) in enumerate(named):
        outcomes = [_outcome(graph, row, key, epoch, view) for view in range(copies)]
        for outcome in outcomes:
            tally.add(outcome)
        shown.append({"key": str(number if key is None else key), "columns": _columns(graph.schema, row, outcomes)})
    page = {
        "rows": shown, "copies": copies, "epoch": epoch, "seed": graph.seed, "on_conflict": graph.on_conflict,
        "policy": str(graph.policy), "fields": _fields(graph.schema), "tally": tally,
    }  # fmt: skip
    write(Path(path), _template().render(page))


def _outcome(graph: TransformGraph, row: Mapping[str, Any], key: str | int | None, epoch: int, view: int) -> Outcome:
    try:
        return graph.run(row, key=key, epoch=epoch, view=view)
    except Exception as error:  # the page is there to show what is wrong, whatever it is
        return error


def _columns(schema: Schema, row: Mapping[str, Any], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """What each column of a row's part of the page shows: the row as it is, then each copy."""
    seconds = max([_seconds(schema, row), *(_seconds(schema, o[0]) for o in outcomes if not isinstance(o, Exception))])
    scale = Scale(seconds, {})
    columns = [_guarded("before", lambda: _views(schema, row, row, None, scale))]
    for number, outcome in enumerate(outcomes, start=1):
        columns.append(_guarded(f"copy {number}", lambda outcome=outcome: _copy(schema, row, outcome, scale)))
    return columns


def _guarded(title: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"title": title, "error": None, **make()}
    except Exception as error:  # as above
        return {"title": title, "error": {"kind": type(error).__name__, "message": str(error)}}


def _copy(schema: Schema, row: Mapping[str, Any], outcome: Outcome, scale: Scale) -> dict[str, Any]:
    if isinstance(outcome, Exception):
        raise outcome
    out, trace = outcome
    light = Light(schema, row)
    steps = {"applied": [_step(r, light) for r in trace.steps if r.applied], "vetoed": [_step(r, light) for r in trace.vetoes]}
    follows = [{"op": f.op, "field": f.field, "because": f.because, "rule": f.rule.replace("_", " ")} for f in trace.follows]
    return {**_views(schema, row, out, trace, scale), "steps": steps, "follows": follows}


def _views(schema: Schema, row: Mapping[str, Any], out: Mapping[str, Any], trace: Trace | None, scale: Scale) -> dict[str, Any]:
    """Pictures, sounds, texts and small facts of one row; texts are compared with those of `row`."""
    light = Light(schema, out)
    return {
        "pictures": [pictures.panel(light, name, scale.tints) for name in light.looks],
        "sounds": [sounds.panel(light, name, scale.seconds) for name in light.hearings],
        "texts": texts.panels(Light(schema, row), light, trace),
        "facts": [(name, str(v)) for name in schema.of_kind("size", "label") if (v := light.value(name)) is not MISSING],
    }


def _step(record: StepRecord, light: Light) -> dict[str, Any]:
    """A step in words; for a vetoed one with the text that would have become false."""
    step, dropped = record.step, record.dropped
    params = [(name, texts.plain(value)) for name, value in step.params.items() if name != "seed" and value is not None]
    one_of_many = len(light.schema.for_modality(get_op(step.op).modality)) > 1
    view: dict[str, Any] = {"op": step.op, "on": step.field if one_of_many else "", "params": params}
    if dropped is not None:
        said = light.all_texts.get(dropped.field, [])
        text = said[dropped.index] if dropped.index is not None and dropped.index < len(said) else None
        view |= {"keeps": dropped.field, "text": text, "rule": dropped.rule.replace("_", " "), "reason": dropped.reason}
    return view


def _fields(schema: Schema) -> list[dict[str, str]]:
    return [
        {"name": name, "kind": field.kind, "of": ", ".join(sources(field)), "column": str(field.column)}
        for name, field in schema.fields.items()
    ]


def _seconds(schema: Schema, row: Mapping[str, Any]) -> float:
    """The length of the longest recording, so that all of a row are drawn on one scale; 0 where none can be read."""
    lengths = [0.0]
    for name in schema.of_kind("audio"):
        try:
            lengths.append(audio_values.listen(schema.value(name, row), name).seconds)
        except ValueError:  # shown where the row is
            continue
    return max(lengths)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mmaug.report"),
        autoescape=True,  # captions are strangers' text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("preview.html.j2")


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", errors="replace")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
