"""What happened to every colour, as one function that composes: lookup tables and 3 x 4 matrices in turn.

Neighbouring matrices become one (so nothing is clipped between them), neighbouring tables become one; the same stages are
run on pixels by the executors and on prototype colours by the caption rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Stage = np.ndarray
"""A matrix, float64 [3, 4], from (r, g, b, 1) in 0..255; or a table, uint8 [256, 3], a column a channel."""


@dataclass(frozen=True, slots=True, eq=False)
class ColourMap:
    """A function from colours to colours: stages applied in turn, clipped to 0..255 after each."""

    stages: tuple[Stage, ...] = ()

    def then(self, stage: Stage) -> ColourMap:
        """This function, then one more stage, merged with the last one where that is exact."""
        if not self.stages or is_table(self.stages[-1]) != is_table(stage):
            return self if _is_nothing(stage) else ColourMap((*self.stages, stage))
        last = self.stages[-1]
        if is_table(stage):
            merged = np.take_along_axis(stage, last.astype(np.intp), axis=0)
        else:
            merged = stage[:, :3] @ last
            merged[:, 3] += stage[:, 3]
        if _is_nothing(merged):
            return ColourMap(self.stages[:-1])
        return ColourMap((*self.stages[:-1], merged))

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Colours, float64 [n, 3] in 0..255, to colours of the same kind."""
        for stage in self.stages:
            if is_table(stage):
                levels = np.arange(256)
                rgb = np.stack([np.interp(rgb[:, i], levels, stage[:, i]) for i in range(3)], axis=1)
            else:
                rgb = np.clip(rgb @ stage[:, :3].T + stage[:, 3], 0.0, 255.0)
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
        return tuple(stage.tobytes() for stage in self.stages)


def is_table(stage: Stage) -> bool:
    return stage.shape[0] == 256


def _is_nothing(stage: Stage) -> bool:
    """Whether a stage changes no 8-bit colour."""
    if is_table(stage):
        return bool((stage == np.arange(256)[:, None]).all())
    return abs(stage[0, 0] - 1.0) < 1e-6 and bool(np.abs(stage - _NOTHING).max() < 1e-6)


_NOTHING = np.eye(3, 4)


NO_CHANGE = ColourMap()
