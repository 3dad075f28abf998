"""What one picture's program asks for, one thing at a time.

The logic of a program (what is measured when, which colour matrices are joined) is a generator a picture: it yields requests and is
sent the answers. The executor carries out the requests of many pictures that ask for the same sort of thing at once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.effects import colour, geometry
from mmaug.effects.colour import ColourMap, Stage
from mmaug.effects.geometry import GeometryMap
from mmaug.effects.view import Polygon
from mmaug.modalities.image.executor import SAMPLE
from mmaug.modalities.image.program import Kernel, Measured, Program, Segment


@dataclass(frozen=True, slots=True)
class Warp:
    """Resample the picture through a map."""

    move: GeometryMap


@dataclass(frozen=True, slots=True)
class Sample:
    """Look at the picture through a map without changing it; answered with the nearest pixels, [3, h, w]."""

    move: GeometryMap


@dataclass(frozen=True, slots=True, eq=False)
class Recolour:
    """Run the picture's colours through a stage."""

    stage: Stage


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """Answered with the "mean", float64 [3], or "histogram", int64 [256, 3], of the picture, or of a sample after some stages."""

    statistic: str
    sample: Any = None
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """Cover parts given in the pixels of the picture as it is now, each in its colour; later ones lie on top."""

    outlines: tuple[Polygon, ...]
    colours: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Run the picture through a kernel."""

    function: Callable[..., np.ndarray]
    params: dict[str, Any]


Request = Filter | Sample | Warp | Measure | Recolour | Fill
Steps = Generator[Request, Any, None]


def follow(program: Program) -> Steps:
    """The requests of a program in turn."""
    for part in program.parts:
        if isinstance(part, Kernel):
            yield Filter(part.function, part.params)
        else:
            yield from _segment(part)


def _segment(segment: Segment) -> Steps:
    moves = not segment.geometry.is_identity
    samples: list[Any] = []
    for run in segment.colour:
        samples.append(None)
        if isinstance(run, Measured) and (run.view is not segment.geometry or (moves and run.statistic == "mean")):
            samples[-1] = yield Sample(_small(run.view))
    if moves:
        yield Warp(segment.geometry)
    made = yield from _recolour(segment, samples)
    if segment.covers:
        outlines = tuple([segment.geometry.point(x, y) for x, y in cover.polygon] for cover in segment.covers)
        colours = tuple(_later(cover.fill, made[cover.run + 1 :]) for cover in segment.covers)
        yield Fill(outlines, colours)


def _recolour(segment: Segment, samples: list[Any]) -> Generator[Request, Any, list[ColourMap]]:
    """The runs of colour: matrices wait to be joined, what is measured is measured on the way. Returns what each run became."""
    made: list[ColourMap] = []
    waiting = colour.NO_CHANGE
    for run, sample in zip(segment.colour, samples, strict=True):
        if isinstance(run, Measured):
            if run.statistic == "histogram" or any(map(colour.is_table, waiting.sure)):
                waiting = yield from _settle(waiting)
            change = ColourMap(((yield from _stage(run, sample, made, waiting)),))
        else:
            change = run
        made.append(change)
        for stage in change.sure:
            if len((joined := waiting.then(stage)).stages) > 1:
                yield from _settle(waiting)
                joined = ColourMap((stage,))
            waiting = joined
    yield from _settle(waiting)
    return made


def _settle(waiting: ColourMap) -> Generator[Request, Any, ColourMap]:
    for stage in waiting.sure:
        yield Recolour(stage)
    return colour.NO_CHANGE


def _stage(run: Measured, sample: Any, made: list[ColourMap], waiting: ColourMap) -> Generator[Request, Any, Stage]:
    """The stage that a measured run becomes for this picture."""
    if sample is not None:
        statistic = yield Measure(run.statistic, sample, tuple(stage for change in made for stage in change.sure))
    else:
        statistic = yield Measure(run.statistic)
        if run.statistic == "mean":
            for stage in waiting.sure:  # not cut at 0 and 255: the joined matrix is cut once
                statistic = stage[:, :3] @ statistic + stage[:, 3]
    return run.make(statistic, **run.params)


def _small(view: GeometryMap) -> GeometryMap:
    """A view that is only measured, at most `SAMPLE` pixels a side."""
    width, height = view.out_size
    if max(width, height) <= SAMPLE:
        return view
    return view.then(geometry.view(view.out_size, 0.0, 0.0, width, height, (min(width, SAMPLE), min(height, SAMPLE))))


def _later(fill: tuple[float, ...], changes: list[ColourMap]) -> tuple[float, ...]:
    """What a colour has become after some changes."""
    rgb = np.array([fill])
    for change in changes:
        rgb = change(rgb)
    return tuple(rgb[0].tolist())
