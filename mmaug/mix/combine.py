"""Carrying out a mixture: two augmented rows become one. Neither of them is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmaug import apply as heavy
from mmaug.apply import BoundPlan
from mmaug.mix.bind import Mixture
from mmaug.mix.recipes import Blend, Overlap, Paste
from mmaug.modalities.audio import measure
from mmaug.modalities.audio import values as audio_values
from mmaug.modalities.image import values as image_values
from mmaug.schema import MISSING, Schema
from mmaug.schema.columns import Row


def apply(bound: BoundPlan, row: Mapping[str, Any], schema: Schema, notes: list[str] | None = None) -> Row:
    """The augmented row with what is mixed into it; as `mmaug.apply.apply` where that is nothing."""
    notes = [] if notes is None else notes
    out = heavy.apply(bound, row, schema, notes)
    if bound.mixture is None:
        return out
    partner = bound.mixture.partner
    return combine(out, heavy.apply(partner, partner.row, schema), bound.mixture, schema, notes)


def combine(out: Row, other: Row, mixture: Mixture, schema: Schema, notes: list[str]) -> Row:
    """Two rows, each after its own steps, in one."""
    made = dict(out)
    for kind, recipe in mixture.recipes.items():
        for name in schema.of_kind(kind):
            value, theirs = schema.value(name, out), schema.value(name, other)
            if value is MISSING or theirs is MISSING:
                continue
            if isinstance(recipe, Overlap):
                schema.column(name).put(made, _sound(recipe, name, value, theirs, notes))
            else:
                schema.column(name).put(made, _each(recipe, value, theirs))
                if isinstance(recipe, Paste):
                    _masks(recipe, name, out, other, made, schema)
    for column, value in mixture.values:
        column.put(made, value)
    return made


def _each(recipe: Blend | Paste, value: Any, other: Any) -> Any:
    """A picture, or frame by frame."""
    if isinstance(value, (list, tuple)):
        others = other if isinstance(other, (list, tuple)) else [other]
        return type(value)([_each(recipe, frame, second) for frame, second in zip(value, others, strict=True)])
    pixels, restore = image_values.to_pixels(value)
    second = other[0] if isinstance(other, (list, tuple)) else other
    return restore(recipe.run(pixels, image_values.to_pixels(second)[0]))


def _masks(recipe: Paste, picture: str, out: Row, other: Row, made: Row, schema: Schema) -> None:
    """The labels of what is pasted are pasted with it."""
    for name in schema.followers(picture):
        if schema.fields[name].kind != "mask" or (mask := schema.value(name, out)) is MISSING:
            continue
        theirs = schema.value(name, other)
        many = isinstance(mask, (list, tuple))
        masks = (
            [_mask(recipe, one, two, name) for one, two in zip(mask, theirs, strict=True)] if many else _mask(recipe, mask, theirs, name)
        )
        schema.column(name).put(made, type(mask)(masks) if many else masks)


def _mask(recipe: Paste, mask: Any, other: Any, name: str) -> Any:
    labels, restore = image_values.to_labels(mask, _size(mask), f"field {name!r}")
    return restore(recipe.run(labels, image_values.to_labels(other, _size(mask), f"field {name!r} of the partner")[0]))


def _size(mask: Any) -> tuple[int, int]:
    """(width, height) of a mask in any of its forms."""
    if hasattr(mask, "getbands"):
        return mask.size
    height, width = [side for side in mask.shape if side != 1 or mask.ndim == 2][-2:]
    return (width, height)


def _sound(recipe: Overlap, name: str, value: Any, other: Any, notes: list[str]) -> Any:
    """Both at once; made quieter where a peak would leave full scale."""
    samples, restore = audio_values.to_samples(value, f"field {name!r}")
    others, _ = audio_values.to_samples(other, f"field {name!r} of the partner")
    rates = audio_values.listen(value, f"field {name!r}").rate, audio_values.listen(other, f"field {name!r} of the partner").rate
    mixed = recipe.run(samples, others, rates)
    peak, limit = measure.peak(mixed), max(1.0, measure.peak(samples))
    if peak > limit:
        mixed = mixed * np.float32(limit / peak)
        notes += heavy.quieter(name, float(20 * np.log10(limit / peak)))
    return restore(mixed)
