"""Carrying out a bound plan: the heavy work on pixels and samples, and writing the light values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.effects.sound import AudioState
from mmaug.effects.state import State
from mmaug.errors import PlanError
from mmaug.modalities.audio import executor as sound
from mmaug.modalities.audio import values as audio_values
from mmaug.modalities.image import executor as picture
from mmaug.modalities.image import values as image_values
from mmaug.modalities.image.program import Program, compile_steps
from mmaug.plan import Plan
from mmaug.registry import get_op
from mmaug.rewrite import Writes
from mmaug.schema import MISSING, Schema
from mmaug.schema.columns import Row
from mmaug.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class BoundPlan:
    """A plan resolved on one row: what will be done to it, and nothing else. It goes on that row only.

    states: the composed effects on each picture and recording, as heard and seen at the end. row: the row it was made for.
    mixture: what another row gives to it, `mmaug.mix.bind.Mixture`; None where nothing is mixed in.
    """

    plan: Plan
    trace: Trace
    states: Mapping[str, State]
    writes: Writes
    row: Mapping[str, Any]
    mixture: Any = None


def apply(bound: BoundPlan, row: Mapping[str, Any], schema: Schema, notes: list[str] | None = None) -> Row:
    """The augmented row: a new dict with the same keys and types. Raises: PlanError for another row than the plan was bound to.

    notes: takes what is worth telling of the samples, for the trace.
    """
    _check_same(bound, row, schema)
    out = dict(row)
    notes = [] if notes is None else notes
    for name, state in bound.states.items():
        if isinstance(state, AudioState):
            _apply_sound(name, state, bound, row, out, schema, notes)
        else:
            _apply_picture(name, bound, row, out, schema)
    for column, value in bound.writes.values:
        column.put(out, value)
    for column, kept, beside in bound.writes.drops.values():
        column.keep(out, kept, beside)
    return out


def _apply_picture(name: str, bound: BoundPlan, row: Mapping[str, Any], out: Row, schema: Schema) -> None:
    steps = [(s.op, dict(s.params)) for s in bound.trace.applied if s.field == name and get_op(s.op).modality == "image"]
    steps += [(taken.op, {}) for taken in bound.trace.follows if taken.field == name]
    if not steps:
        return
    state = bound.states[name]
    program = compile_steps(steps, state.geometry.size, state)  # type: ignore[union-attr,arg-type]
    if program.is_identity:
        return
    value = schema.value(name, row)
    frames = [_frame(frame, program) for frame in value] if isinstance(value, (list, tuple)) else None
    schema.column(name).put(out, _frame(value, program) if frames is None else type(value)(frames))
    for follower in schema.followers(name):
        if schema.fields[follower].kind != "mask":
            continue
        if (mask := schema.value(follower, row)) is not MISSING:
            many = isinstance(mask, (list, tuple))
            masks = [_mask(m, follower, program, schema) for m in (mask if many else [mask])]
            schema.column(follower).put(out, type(mask)(masks) if many else masks[0])


def _frame(value: Any, program: Program) -> Any:
    pixels, restore = image_values.to_pixels(value)
    return restore(picture.run(program, pixels))


def _mask(value: Any, name: str, program: Program, schema: Schema) -> Any:
    labels, restore = image_values.to_labels(value, program.geometry.size, f"field {name!r}")
    return restore(picture.run_mask(program, labels, schema.fields[name].fill))  # type: ignore[attr-defined]


def _apply_sound(
    name: str, state: AudioState, bound: BoundPlan, row: Mapping[str, Any], out: Row, schema: Schema, notes: list[str]
) -> None:
    steps = [(s.op, dict(s.params)) for s in bound.trace.applied if s.field == name and get_op(s.op).modality == "audio"]
    steps += [(taken.op, {}) for taken in bound.trace.follows if taken.field == name]
    program = sound.compile_steps(steps, state.time.seconds, state.channels)
    if program.is_identity:
        return
    value = schema.value(name, row)
    samples, restore = audio_values.to_samples(value, f"field {name!r}")
    rate = audio_values.listen(value, f"field {name!r}").rate
    made, db = sound.run_noted(program, samples, rate)
    schema.column(name).put(out, restore(made))
    notes += quieter(name, db)


def quieter(name: str, db: float) -> list[str]:
    """The note on a recording that was made quieter by so many decibels (0: none)."""
    return [f"{name}: {-db:.1f} dB quieter, so that no peak leaves full scale"] if db < -0.05 else []


def _check_same(bound: BoundPlan, row: Mapping[str, Any], schema: Schema) -> None:
    if row is bound.row:
        return
    for column in sorted(schema.tops):
        if not _same(row.get(column), bound.row.get(column)):
            raise PlanError(
                f"this BoundPlan was resolved on another row: column {column!r} differs; resolve the plan on this row, "
                "graph.apply(graph.resolve(plan, row), row)"
            )


def _same(a: Any, b: Any) -> bool:
    """Whether two field values are the same, by what they hold."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if hasattr(a, "shape"):
        return a.shape == b.shape and a.dtype == b.dtype and bool(((a == b) | ((a != a) & (b != b))).all())
    if hasattr(a, "tobytes"):
        alike = (a.size, a.mode, a.getpalette()) == (b.size, b.mode, b.getpalette())
        return alike and np.array_equal(np.asarray(a), np.asarray(b))
    return a == b or (a != a and b != b)  # NaN is the same as NaN
