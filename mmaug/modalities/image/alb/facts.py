"""What a step of an albumentations op does to the world: its map, its covers, its colours and its faults, each measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mmaug.effects import geometry
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.effects.picture import ImageState
from mmaug.modalities.image.alb import covered, faults, moved, recoloured
from mmaug.modalities.image.alb.catalogue import Entry

_FAULTS = frozenset({"blur", "noise", "coarse", "fog", "shadow", "sharp"})


def facts(entry: Entry) -> Callable[..., ImageState]:
    """The facts of an op, as the registry wants them."""
    kinds = tuple(kind for kind in entry.does if kind in _FAULTS)

    def after(state: ImageState, *, settings: dict[str, Any], seed: int) -> ImageState:
        key, size = json.dumps(settings, sort_keys=True), state.geometry.out_size
        if "moves" in entry.does:
            return _moved(state, *moved.measured(entry.cls, key, seed, size)).cut()
        if "covers" in entry.does:
            return state.hide(list(covered.holes(entry.cls, key, seed, size)))
        if "recolours" in entry.does:
            state = state.recolour(recoloured.stage(entry.cls, key, seed))
        if "balances" in entry.does:
            state = state.recolour(recoloured.balance(entry.cls, key, seed))
        if "blinds" in entry.does:
            state = state.hide(list(covered.blinded(entry.cls, key, seed, size)))
        for kind, amount in faults.faults(entry.cls, kinds, key, seed, size) if kinds else ():
            state = state.spoil(kind, amount)
        return state

    return after


def _moved(state: ImageState, step: GeometryMap | None, out_size: Size) -> ImageState:
    """Through the measured map; where there is none, nobody can say where anything is: all of it counts as covered."""
    if step is not None:
        return state.move(step)
    size = state.geometry.out_size
    state = state.hide([list(geometry.frame(size))])
    return state.move(geometry.view(size, 0.0, 0.0, float(size[0]), float(size[1]), out_size))
