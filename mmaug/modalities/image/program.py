"""What to do to the pixels of one picture: a run of steps, fused.

A program is a few parts in turn. A segment is one resampling, one colour function and what is then covered, however many steps it
was made of; a kernel (blur, noise, ...) works on neighbouring pixels and so stands between two segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mmaug.effects import geometry
from mmaug.effects.colour import ColourMap, Stage
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.effects.picture import ImageState, image_state
from mmaug.effects.view import Polygon
from mmaug.registry import Op, get_op

Steps = Sequence[tuple[str, dict[str, Any]]]
"""(op name, params) in turn."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A covered part: its outline in the pixels of the segment's input, and its colour after the segment's run number `run`."""

    polygon: Polygon
    fill: tuple[float, float, float]
    run: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A colour stage made from the picture as it is seen at its step: from its "mean" or its "histogram".

    view: the segment's geometry up to that step.
    """

    make: Callable[..., Stage]
    statistic: str
    params: dict[str, Any]
    view: GeometryMap


@dataclass(frozen=True, slots=True)
class Segment:
    """One warp, then the runs of colour in turn, then the covers."""

    geometry: GeometryMap
    colour: tuple[ColourMap | Measured, ...] = ()
    covers: tuple[Cover, ...] = ()

    @property
    def is_identity(self) -> bool:
        sure = all(isinstance(run, ColourMap) and run.is_identity for run in self.colour)
        return sure and self.geometry.is_identity and not self.covers


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function of pixels, uint8 [h, w, 3], that is no warp and no colour function.

    geometry: where it puts pixels, for those that move them; what is not given to it (alpha) follows.
    """

    function: Callable[..., np.ndarray]
    params: dict[str, Any]
    geometry: GeometryMap


@dataclass(frozen=True, slots=True)
class Program:
    """The parts in turn; geometry and hidden parts of the whole, which masks follow."""

    parts: tuple[Segment | Kernel, ...]
    geometry: GeometryMap
    hidden: tuple[Polygon, ...]

    @property
    def is_identity(self) -> bool:
        """Whether every pixel keeps its place and its colour."""
        return not self.parts


def compile_steps(steps: Iterable[tuple[str, dict[str, Any]]], size: Size, state: ImageState | None = None) -> Program:
    """The program of a run of steps on a picture of `size`. state: their composed effects, where they are known already."""
    run = [(get_op(name), params) for name, params in steps]
    whole = state or image_state(size)
    for op, params in run if state is None else ():
        whole = op.compose(whole, params)
    if all(op.family in ("geometry", "colour") for op, _ in run):
        parts: list[Segment | Kernel] = [Segment(whole.geometry, (whole.colour,))]
    else:
        parts = _parts(run, size) if not _moves_first(run) else [_segment(run, whole.geometry)]
    kept = tuple(part for part in parts if isinstance(part, Kernel) or not part.is_identity)
    return Program(kept, whole.geometry, whole.hidden)


def _moves_first(steps: list[tuple[Op, dict[str, Any]]]) -> bool:
    """Whether nothing asks how the picture lies before all moves are done (as most policies have it), and no kernel is among them."""
    families = [op.family for op, _ in steps]
    moves = [place for place, family in enumerate(families) if family == "geometry"]
    asks = [place for place, family in enumerate(families) if family not in ("geometry", "colour")]
    return all(family in _IN_SEGMENT for family in families) and (not moves or not asks or moves[-1] < asks[0])


def _segment(steps: list[tuple[Op, dict[str, Any]]], whole: GeometryMap) -> Segment:
    """The one segment of steps that move first; their composed geometry is known."""
    draft = _Draft(whole)
    for op, params in steps:
        if op.family != "geometry":
            _IN_SEGMENT[op.family](draft, op.function, params)
    return draft.done()


def _parts(steps: list[tuple[Op, dict[str, Any]]], size: Size) -> list[Segment | Kernel]:
    parts: list[Segment | Kernel] = []
    draft = _Draft(geometry.identity(size))
    for op, params in steps:
        if op.family in _IN_SEGMENT:
            _IN_SEGMENT[op.family](draft, op.function, params)
            continue
        before = image_state(draft.geometry.out_size)
        after = op.compose(before, params).geometry
        parts += [draft.done(), Kernel(op.function, params, after)]
        draft = _Draft(geometry.identity(after.out_size))
    return [*parts, draft.done()]


@dataclass(slots=True)
class _Draft:
    """A segment that is being made."""

    geometry: GeometryMap
    runs: list[ColourMap | Measured] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)

    def done(self) -> Segment:
        return Segment(self.geometry, tuple(self.runs), tuple(self.covers))

    def move(self, op: Callable[..., GeometryMap], params: dict[str, Any]) -> None:
        self.geometry = self.geometry.then(op(self.geometry.out_size, **params))

    def recolour(self, op: Callable[..., Stage], params: dict[str, Any]) -> None:
        if not self.runs or isinstance(self.runs[-1], Measured):
            self.runs.append(ColourMap())
        run, last, stage = self.runs[-1], len(self.runs) - 1, op(**params)
        assert isinstance(run, ColourMap)
        self.runs[-1] = run.then(stage)
        if self.covers:
            step = ColourMap((stage,))
            self.covers = [replace(c, fill=_rgb(step(np.array([c.fill])))) if c.run == last else c for c in self.covers]

    def measure(self, statistic: str) -> Callable[[Callable[..., Stage], dict[str, Any]], None]:
        return lambda op, params: self.runs.append(Measured(op, statistic, params, self.geometry))

    def cover(self, op: Callable[..., list[Polygon]], params: dict[str, Any]) -> None:
        level = float(params["fill"])
        back = self.geometry.origin if self.geometry.bends else self.geometry.back().point
        for polygon in op(self.geometry.out_size, **params):
            self.covers.append(Cover([back(x, y) for x, y in polygon], (level, level, level), len(self.runs) - 1))


_IN_SEGMENT: dict[str, Callable[[_Draft, Callable[..., Any], dict[str, Any]], None]] = {
    "geometry": _Draft.move,
    "colour": _Draft.recolour,
    "balance": lambda draft, op, params: draft.measure("mean")(op, params),
    "tone": lambda draft, op, params: draft.measure("histogram")(op, params),
    "erase": _Draft.cover,
}
"""By family, how a step becomes part of a segment; steps of other families stand between segments."""


def _rgb(colours: np.ndarray) -> tuple[float, float, float]:
    r, g, b = colours[0].tolist()
    return (r, g, b)
