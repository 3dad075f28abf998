"""Augmenting many rows at once: plans, traces and light values as row by row, pixels together on one device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmaug import apply as heavy
from mmaug.apply import BoundPlan
from mmaug.devices import check_device
from mmaug.effects.picture import ImageState
from mmaug.effects.sound import AudioState
from mmaug.errors import MmaugError, RowError
from mmaug.mix import combine
from mmaug.modalities.audio import executor as sound
from mmaug.modalities.audio import values as audio_values
from mmaug.modalities.image import executor as picture
from mmaug.modalities.image import values as image_values
from mmaug.modalities.image.program import Program, compile_steps
from mmaug.registry import get_op
from mmaug.schema import MISSING, Schema
from mmaug.schema.columns import Row

Key = str | int | bytes

MEMORY_MB = 256.0
"""What a device may use besides the pictures and results."""


def bind(rows: Sequence[Mapping[str, Any]], keys: Sequence[Any], one: Callable[[Mapping[str, Any], Any], BoundPlan]) -> list[BoundPlan]:
    """Each row bound by `one(row, key)`. Raises: what a row raises, with the row's number and key."""
    bounds = []
    for number, (row, key) in enumerate(zip(rows, keys, strict=True)):
        with _naming(number, key):
            bounds.append(one(row, key))
    return bounds


def named(rows: Sequence[Mapping[str, Any]], keys: Iterable[Key] | None) -> list[Any]:
    """The key of each row, None where none are given. Raises: RowError for another number of keys, or rows that are no list."""
    if isinstance(rows, Mapping) or not isinstance(rows, Sequence):
        raise RowError(
            f"graph.batch: rows must be a list of dicts, one a row, got {type(rows).__name__}; "
            "a dict of columns becomes rows with [dict(zip(columns, values)) for values in zip(*columns.values())]"
        )
    found: list[Any] = [None] * len(rows) if keys is None else list(keys)
    if len(found) != len(rows):
        raise RowError(f"graph.batch: keys must hold one key a row, got {len(found)} for {len(rows)} rows")
    return found


Noted = tuple[Row, tuple[str, ...]]
"""An augmented row, and the notes for its trace."""


def apply(bounds: Sequence[BoundPlan], keys: Sequence[Any], schema: Schema, device: Any, memory_mb: float) -> list[Noted]:
    """The augmented rows, in order, and what is mixed into them."""
    mixed = [number for number, bound in enumerate(bounds) if bound.mixture is not None]
    partners = [bounds[number].mixture.partner for number in mixed]
    made = _unmixed([*bounds, *partners], [*keys, *(keys[number] for number in mixed)], schema, device, memory_mb)
    for number, (other, _) in zip(mixed, made[len(bounds) :], strict=True):
        with _naming(number, keys[number]):
            (out, notes), more = made[number], list[str]()
            made[number] = combine.combine(out, other, bounds[number].mixture, schema, more), (*notes, *more)
    return made[: len(bounds)]


def _unmixed(bounds: Sequence[BoundPlan], keys: Sequence[Any], schema: Schema, device: Any, memory_mb: float) -> list[Noted]:
    """On the CPU OpenCV is the fastest, row by row, and gives the bytes that single rows get."""
    if str(device) != "cpu":
        check_device("graph.batch", device)
        return on_device(bounds, keys, schema, device, memory_mb)
    made = []
    for number, (bound, key) in enumerate(zip(bounds, keys, strict=True)):
        out, notes = _alone(bound, number, key, schema)
        made.append((_moved(out, schema, device), notes))
    return made


def on_device(bounds: Sequence[BoundPlan], keys: Sequence[Any], schema: Schema, device: Any, memory_mb: float) -> list[Noted]:
    """The same with torch, on any device: pixels and samples within rounding of those that single rows get."""
    from mmaug.modalities.audio.batched.executor import run_batch_noted  # torch comes with them
    from mmaug.modalities.image.batched.forms import run_values

    outs: list[Row] = []
    pictures: list[_Picture] = []
    sounds: list[_Sound] = []
    for number, (bound, key) in enumerate(zip(bounds, keys, strict=True)):
        outs.append(_alone(replace(bound, states={}), number, key, schema)[0])  # all but pictures and sounds
        with _naming(number, key):
            pictures += _pictures(number, bound, outs[-1], schema)
            sounds += _sounds(number, bound, schema)
    frames = [(one.program, frame) for one in pictures for frame in one.frames]
    seen = iter(run_values([program for program, _ in frames], [frame for _, frame in frames], device, memory_mb))
    for one in pictures:
        made = [next(seen) for _ in one.frames]
        schema.column(one.field).put(outs[one.number], type(one.given)(made) if one.frames is one.given else made[0])
    samples = [_on(one.samples, device) for one in sounds]
    heard = run_batch_noted([one.program for one in sounds], samples, [one.rate for one in sounds])
    notes: list[list[str]] = [[] for _ in outs]
    for one, (out, db) in zip(sounds, heard, strict=True):
        schema.column(one.field).put(outs[one.number], one.restore(out if isinstance(out, np.ndarray) else out.cpu().numpy()))
        notes[one.number] += heavy.quieter(one.field, db)
    return [(_moved(out, schema, device), tuple(told)) for out, told in zip(outs, notes, strict=True)]


def _on(samples: np.ndarray, device: Any) -> Any:
    import torch

    return torch.tensor(samples).to(device)  # a copy: it may be read-only


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """A picture field of row `number`: its value, that as a list of frames, and what is done to each."""

    number: int
    field: str
    given: Any
    frames: Sequence[Any]
    program: Program


def _pictures(number: int, bound: BoundPlan, out: Row, schema: Schema) -> Iterator[_Picture]:
    """The pictures of a row that change; their masks are written into `out` here, as they would be alone."""
    for name, state in bound.states.items():
        if not isinstance(state, ImageState):
            continue
        steps = _steps(name, "image", bound)
        program = compile_steps(steps, state.geometry.size, state)
        if not steps or program.is_identity:
            continue
        given = schema.value(name, bound.row)
        frames = given if isinstance(given, (list, tuple)) else [given]
        for frame in frames:
            if hasattr(frame, "load"):  # PIL reads files late: a broken one is an error of this row
                frame.load()
        yield _Picture(number, name, given, frames, program)
        for follower in schema.followers(name):
            if schema.fields[follower].kind == "mask" and (mask := schema.value(follower, bound.row)) is not MISSING:
                schema.column(follower).put(out, _mask(mask, follower, program, schema))


@dataclass(frozen=True, slots=True, eq=False)
class _Sound:
    """An audio field of row `number`: its samples, float32 [channels, samples], what is done to them, and how they get their form back."""

    number: int
    field: str
    samples: np.ndarray
    rate: int
    program: sound.Program
    restore: Callable[[np.ndarray], Any]


def _sounds(number: int, bound: BoundPlan, schema: Schema) -> Iterator[_Sound]:
    """The recordings of a row that change."""
    for name, state in bound.states.items():
        if isinstance(state, AudioState):
            program = sound.compile_steps(_steps(name, "audio", bound), state.time.seconds, state.channels)
            if not program.is_identity:
                value, where = schema.value(name, bound.row), f"field {name!r}"
                samples, restore = audio_values.to_samples(value, where)
                yield _Sound(number, name, samples, audio_values.listen(value, where).rate, program, restore)


def _steps(name: str, modality: str, bound: BoundPlan) -> list[tuple[str, dict[str, Any]]]:
    """What is done to a field in turn, (op, params)."""
    steps = [(s.op, dict(s.params)) for s in bound.trace.applied if s.field == name and get_op(s.op).modality == modality]
    return steps + [(taken.op, {}) for taken in bound.trace.follows if taken.field == name]


def _mask(mask: Any, name: str, program: Program, schema: Schema) -> Any:
    if isinstance(mask, (list, tuple)):
        return type(mask)([_mask(one, name, program, schema) for one in mask])
    labels, restore = image_values.to_labels(mask, program.geometry.size, f"field {name!r}")
    return restore(picture.run_mask(program, labels, schema.fields[name].fill))  # type: ignore[attr-defined]


def _alone(bound: BoundPlan, number: int, key: Any, schema: Schema) -> Noted:
    with _naming(number, key):
        notes: list[str] = []
        return heavy.apply(bound, bound.row, schema, notes), tuple(notes)


def _moved(out: Row, schema: Schema, device: Any) -> Row:
    """The row with the tensors of its pictures, masks and sounds on the device."""
    for name in schema.of_kind("image", "mask", "audio"):
        value = schema.column(name).get(out)
        if (there := _there(value, str(device))) is not value:
            schema.column(name).put(out, there)
    return out


def _there(value: Any, device: str) -> Any:
    """A value with its tensors on the device; the value itself where they are there already."""
    if isinstance(value, Mapping):
        moved: Any = {key: _there(item, device) for key, item in value.items()}
        return moved if any(moved[key] is not value[key] for key in value) else value
    if isinstance(value, (list, tuple)):
        moved = [_there(item, device) for item in value]
        return type(value)(moved) if any(new is not old for new, old in zip(moved, value, strict=True)) else value
    is_tensor = hasattr(value, "device") and hasattr(value, "detach")
    return value.to(device) if is_tensor and str(value.device) != device else value


@contextmanager
def _naming(number: int, key: Any) -> Iterator[None]:
    """Say in every error which row it was."""
    where = f"row {number}" if key is None else f"row {number} (key {key!r})"
    try:
        yield
    except MmaugError as error:
        raise type(error)(f"{where}: {error}") from error
    except Exception as error:
        error.add_note(f"mmaug: in {where} of the batch")
        raise
