"""The new light values of a row, each written once from the composed effects after the whole fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmaug import rng
from mmaug.effects.picture import ImageState
from mmaug.effects.sound import AudioState
from mmaug.errors import RowError
from mmaug.language import analyser, wordnet
from mmaug.language import edits as text_edits
from mmaug.language.edits import OffsetMap, Places, Replacement
from mmaug.light import Light
from mmaug.modalities.annotations import boxes, keypoints, times
from mmaug.modalities.text import values as text_values
from mmaug.plan import Step
from mmaug.registry import get_op
from mmaug.resolve import Fold
from mmaug.schema import MISSING, Column, keypoint_names, sources
from mmaug.schema.columns import parse
from mmaug.trace import EditRecord


@dataclass(slots=True)
class Writes:
    """What to write into a copy of the row: values in order, then items to drop."""

    values: list[tuple[Column, Any]] = field(default_factory=list)
    drops: dict[str, tuple[Column, list[bool], list[Column]]] = field(default_factory=dict)
    edits: list[EditRecord] = field(default_factory=list)

    def drop(self, column: Column, kept: list[bool], beside: list[Column]) -> None:
        """Drop items; two fields in one container drop together what either drops."""
        container = ".".join(column.container) or column.path
        if container in self.drops:
            other, before, more = self.drops[container]
            if len(before) != len(kept):
                raise RowError(
                    f"columns {other.path!r} and {column.path!r} lie in one container and must have as many items, "
                    f"got {len(before)} and {len(kept)}"
                )
            kept, beside = [a and b for a, b in zip(before, kept, strict=True)], [*more, *beside]
        self.drops[container] = (column, kept, beside)


def rewrite(light: Light, fold: Fold) -> Writes:
    """Every light value that changes."""
    writes = Writes()
    for name in light.schema.of_kind("caption", "messages"):
        if name in light.texts:
            _texts(name, light, fold, writes)
    for name, state in fold.states_with_taken().items():
        for follower in light.schema.followers(name):
            if isinstance(state, ImageState) and not (state.geometry.is_identity and not state.hidden):
                _on_picture(follower, light, state, writes)
            if isinstance(state, AudioState) and not (state.time.is_identity and not state.muted):
                _on_sound(follower, name, light, state, writes)
    return writes


# -- texts ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """One text on its way: its number in the row, as it came, as it is now, what changed it, where its places went, its spans."""

    number: int
    before: str
    text: str
    spans: Sequence[Any]
    by: list[str] = field(default_factory=list)
    path: list[Places] = field(default_factory=list)

    def take(self, text: str, places: Places, by: Sequence[str]) -> None:
        """Go on with what a step or the rules made of it."""
        if places.replacements:
            self.text, self.by = text, [*self.by, *by]
            self.path.append(places)

    def bound(self) -> list[tuple[int, int]]:
        """The spans, where they are now."""
        return [_through(span, self.path) for span in self.spans]


def _texts(name: str, light: Light, fold: Fold, writes: Writes) -> None:
    """The rules' edits at once on the original, then the text steps in order; spans move along."""
    steps = fold.wording.get(name, ())
    chosen = fold.chosen.get(name)
    proposals = {key: texts for key, texts in fold.edits.items() if key[0] == name and texts}
    numbers = range(len(light.texts[name])) if chosen is None else chosen
    if not steps and not proposals and light.texts[name] is light.all_texts[name]:
        return
    spans = _spans(name, light)
    drafts = [_Draft(n, light.all_texts[name][n], light.all_texts[name][n], spans[n] if spans else ()) for n in numbers]
    for index, draft in enumerate(drafts):
        used = light.texts[name][index]
        if used != draft.before:
            dropped = [r.step.op for r in fold.records if r.applied and r.step.field == name and get_op(r.step.op).family == "drop"]
            draft.take(used, OffsetMap((Replacement(0, len(draft.before), used),)), dropped)
        by = [fold.by[key] for key, texts in proposals.items() if texts[index]]
        if by:
            draft.take(*text_edits.apply(used, [r for texts in proposals.values() for r in texts[index]]), by)
    for step in steps:
        _step(step, name, light, drafts)
    writes.edits += [EditRecord(name, d.number, d.before, d.text, tuple(dict.fromkeys(d.by))) for d in drafts if d.text != d.before]
    _write_texts(name, light, drafts, chosen is not None, writes)
    if spans:
        moved = [[type(span)(place) for span, place in zip(d.spans, d.bound(), strict=True)] for d in drafts]
        path = light.schema.fields[name].spans  # type: ignore[attr-defined]
        writes.values.append((parse(path), moved[0] if isinstance(light.value(name), str) else moved))


def _write_texts(name: str, light: Light, drafts: Sequence[_Draft], chosen: bool, writes: Writes) -> None:
    value, column, new = light.value(name), light.schema.column(name), [draft.text for draft in drafts]
    if chosen and column.container:
        _drop_unchosen(name, column, light, {draft.number: draft.text for draft in drafts}, writes)
    elif chosen:
        writes.values.append((column, type(value)(new)))
    elif new != light.all_texts[name]:
        kind = light.schema.fields[name].kind
        writes.values.append((column, _like(value, text_values.to_texts(value, kind, f"field {name!r}")[1](new))))


def _drop_unchosen(name: str, column: Column, light: Light, new: dict[int, str], writes: Writes) -> None:
    """Texts that lie among other columns are dropped with what is beside them."""
    texts = light.all_texts[name]
    writes.values.append((column, [new.get(number, text) for number, text in enumerate(texts)]))
    writes.drop(column, [number in new for number in range(len(texts))], [])


def _step(step: Step, name: str, light: Light, drafts: Sequence[_Draft]) -> None:
    """One step on every text of a field; its drawn seed is made its own for each text of a list."""
    op = get_op(step.op)
    own = [{key: rng.derive(value, n) if key == "seed" else value for key, value in step.params.items()} for n in range(len(drafts))]
    if op.family == "frame":
        field_ = light.schema.fields[name]
        of = tuple(light.schema.fields[source].kind for source in sources(field_)) if field_.language == "en" else ()  # type: ignore[attr-defined]
        for draft, params in zip(drafts, own, strict=True):
            framed, places = op.function(draft.text, of, **params)
            draft.take(framed, places, [step.op])
        return
    readings = [analyser.read(draft.text) for draft in drafts]
    guards = [_guarded(light, name, draft.text, draft.bound()) for draft in drafts]
    if op.family == "model":
        together = {**step.params, **({"seed": [params["seed"] for params in own]} if "seed" in step.params else {})}
        made = op.function(readings, guards, **together)
    else:
        made = [op.function(reading, guard, **params) for reading, guard, params in zip(readings, guards, own, strict=True)]
    for draft, replacements in zip(drafts, made, strict=True):
        draft.take(*text_edits.apply(draft.text, replacements), [step.op])


def _guarded(light: Light, name: str, text: str, bound: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The spans that no wording op may touch: what the analyser protects, `bound` phrases, and the names of annotated things."""
    reading = analyser.read(text)
    kept = [*reading.protected, *bound]
    if not light.schema.of_kind("boxes"):
        return analyser.merge_spans(kept) if bound else reading.protected
    labels = {
        thing.label for source in sources(light.schema.fields[name]) for thing in light.context(name, source).things or () if thing.label
    }
    named = [(n.start, n.end) for n in reading.nouns if any(wordnet.names_object(n.lemma, label) for label in labels)]
    return analyser.merge_spans([*kept, *named])


def _spans(name: str, light: Light) -> Sequence[Sequence[Any]]:
    """The spans of every text of a caption, checked; nothing where it has none."""
    path = getattr(light.schema.fields[name], "spans", None)
    value = parse(path).get(light.row) if path else MISSING
    if value is MISSING:
        return ()
    return _checked_spans([value] if isinstance(light.value(name), str) else value, light.all_texts[name], str(path))


def _checked_spans(value: Any, texts: list[str], path: str) -> Sequence[Sequence[Any]]:
    many = (list, tuple)
    if not isinstance(value, many) or len(value) != len(texts) or not all(isinstance(spans, many) for spans in value):
        raise RowError(f"column {path!r}: must hold a list of [start, end) spans for each of {len(texts)} texts, got {repr(value)[:120]}")
    for spans, text in zip(value, texts, strict=True):
        for span in spans:
            whole = isinstance(span, many) and len(span) == 2 and all(isinstance(n, int) for n in span)
            if not whole or not 0 <= span[0] <= span[1] <= len(text):
                raise RowError(f"column {path!r}: a span must be [start, end) within its text of {len(text)} characters, got {span!r}")
    return value


def _through(span: Sequence[int], path: Sequence[Places]) -> tuple[int, int]:
    start, end = span
    for move in path:
        start, end = move.span(start, end)
    return start, end


# -- annotations ------------------------------------------------------------------------------------------------------


def _on_picture(name: str, light: Light, state: ImageState, writes: Writes) -> None:
    field_, column = light.schema.fields[name], light.schema.column(name)
    value = light.value(name) if field_.kind in ("boxes", "keypoints", "size") else MISSING
    if value is MISSING:
        return
    if field_.kind == "boxes":
        moved, kept = boxes.follow(light.boxes(name) or [], state, field_.min_visibility)
        writes.values.append((column, _like(value, boxes.write(moved, value, field_.format, state.geometry.out_size))))
        if not all(kept):
            writes.drop(column, kept, light.schema.beside(name))
    elif field_.kind == "keypoints":
        names = keypoint_names(field_.names)
        writes.values.append((column, _like(value, keypoints.follow(value, names, state, f"field {name!r}"))))
    else:
        size = state.geometry.out_size[field_.axis == "height"]
        writes.values.append((column, _number(value, size, name, type(value))))


def _like(value: Any, new: Any) -> Any:
    """What is made of a tuple goes out as one."""
    return tuple(new) if isinstance(value, tuple) and isinstance(new, list) else new


def _number(value: Any, new: float, name: str, form: type) -> Any:
    """A size in the form that came: a number, or a tensor of one."""
    if hasattr(value, "new_tensor"):
        return value.new_tensor(new)
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool):
        raise RowError(f"field {name!r}: must be a number, got {value!r}")
    return form(new)


def _on_sound(name: str, source: str, light: Light, state: AudioState, writes: Writes) -> None:
    field_, column = light.schema.fields[name], light.schema.column(name)
    value = light.value(name) if field_.kind in ("words", "events", "transcript", "size") else MISSING
    if value is MISSING:
        return
    if field_.kind in ("words", "events"):
        followed = times.follow(light.timed(name), field_, state.time, state.muted)
        writes.values.append((column, _like(value, followed.items)))
    elif field_.kind == "transcript":
        after = _said(value, source, light, state)
        if after != value:
            writes.edits.append(EditRecord(name, 0, value, after, ("words_still_heard",)))
            writes.values.append((column, after))
    elif not state.time.is_identity:
        seconds = round(state.time.out_seconds, 6)
        writes.values.append((column, _number(value, seconds, name, float)))


def _said(transcript: str, source: str, light: Light, state: AudioState) -> str:
    """A transcript as it is still heard; unchanged where no words are annotated."""
    for name in light.schema.of_kind("words"):
        field_: Any = light.schema.fields[name]
        if field_.of == source and (value := light.timed(name)) is not MISSING:
            followed = times.follow(value, field_, state.time, state.muted)
            return times.retold(transcript, [str(item[field_.text]) for item in value], followed, field_.masked)
    return transcript
