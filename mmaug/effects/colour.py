"""What happened to every colour, as one function that composes: lookup tables and 3 x 4 matrices in turn.

Neighbouring matrices become one (so nothing is clipped between them), neighbouring tables become one; the same stages are
run on pixels by the executors and on prototype colours by the caption rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mmaug.effects import sorts

Stage = np.ndarray
"""A matrix, float64 [3, 4], from (r, g, b, 1) in 0..255; or a table, uint8 [256, 3], a column a channel."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """A stage that depends on what is in the picture. Rules see what it would be for each sort of picture (`effects.sorts`).

    make: from a statistic of a picture ("mean" or "histogram") and params to a stage. params: as items.
    """

    make: Callable[..., Stage]
    statistic: str
    params: tuple[tuple[str, Any], ...]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """One for each sort of picture."""
        return _stages(self.make, self.statistic, self.params)


@lru_cache(maxsize=4096)
def _stages(make: Callable[..., Stage], statistic: str, params: tuple[tuple[str, Any], ...]) -> tuple[Stage, ...]:
    return tuple(make(sort, **dict(params)) for sort in sorts.statistics(statistic))


@dataclass(frozen=True, slots=True, eq=False)
class ColourMap:
    """A function from colours to colours: stages applied in turn, clipped to 0..255 after each."""

    stages: tuple[Stage | Unsure, ...] = ()

    def then(self, stage: Stage | Unsure) -> ColourMap:
        """This function, then one more stage, merged with the last one where that is exact."""
        last = self.stages[-1] if self.stages else None
        if isinstance(stage, Unsure):
            return ColourMap((*self.stages, stage))
        if last is None or isinstance(last, Unsure) or is_table(last) != is_table(stage):
            return self if _is_nothing(stage) else ColourMap((*self.stages, stage))
        if is_table(stage):
            merged = stage.ravel()[3 * last.astype(np.intp) + _CHANNELS]
        else:
            merged = stage[:, :3] @ last
            merged[:, 3] += stage[:, 3]
        if _is_nothing(merged):
            return ColourMap(self.stages[:-1])
        return ColourMap((*self.stages[:-1], merged))

    def possible(self) -> Iterable[ColourMap]:
        """The functions that this may be: itself, or where a stage depends on the picture one a sort, in the order of `sorts.ASKED`."""
        return (self,) if all(isinstance(stage, np.ndarray) for stage in self.stages) else _Possible(self)

    def of_sort(self, sort: int) -> ColourMap:
        """The function that this is for one sort of picture."""
        made = NO_CHANGE
        for stage in self.stages:
            made = made.then(stage.stages[sort] if isinstance(stage, Unsure) else stage)
        return made

    @property
    def sure(self) -> tuple[Stage, ...]:
        """The stages of a function that depends on no picture."""
        assert not any(isinstance(stage, Unsure) for stage in self.stages), "ask possible() first"
        return self.stages  # type: ignore[return-value]

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Colours, float64 [n, 3] in 0..255, to colours of the same kind; only for a function that is sure (see `possible`)."""
        for stage in self.sure:
            if is_table(stage):
                levels = np.arange(256)
                rgb = np.stack([np.interp(rgb[:, i], levels, stage[:, i]) for i in range(3)], axis=1)
            else:
                rgb = np.minimum(np.maximum(rgb @ stage[:, :3].T + stage[:, 3], 0.0), 255.0)
        return rgb

    @property
    def is_identity(self) -> bool:
        """Whether no 8-bit colour changes; `then` keeps no stage that does nothing."""
        return not self.stages

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColourMap) and self._bytes() == other._bytes()

    def __hash__(self) -> int:
        return hash(self._bytes())

    def _bytes(self) -> tuple[bytes, ...]:
        return tuple(part.tobytes() for stage in self.stages for part in (stage.stages if isinstance(stage, Unsure) else (stage,)))


class _Possible:
    """One function for each sort of picture, made when it is first asked for: often the first settles what a text may say."""

    __slots__ = ("_change", "_made")

    def __init__(self, change: ColourMap):
        self._change, self._made = change, list[ColourMap]()

    def __iter__(self) -> Iterator[ColourMap]:
        for place, sort in enumerate(sorts.ASKED):
            if place == len(self._made):
                self._made.append(self._change.of_sort(sort))
            yield self._made[place]


def is_table(stage: Stage) -> bool:
    return stage.shape[0] == 256


def _is_nothing(stage: Stage) -> bool:
    """Whether a stage changes no 8-bit colour."""
    if is_table(stage):
        return stage[255, 0] == 255 and stage[128, 0] == 128 and bool((stage == _LEVELS).all())
    return abs(stage[0, 0] - 1.0) < 1e-6 and bool(np.abs(stage - _NOTHING).max() < 1e-6)


_NOTHING = np.eye(3, 4)
_LEVELS = np.arange(256)[:, None]
_CHANNELS = np.arange(3)


NO_CHANGE = ColourMap()
