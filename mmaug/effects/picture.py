"""The composed effects on one picture: what the rules judge, and what its annotations follow.

A state is a value; each method returns the state after one more step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mmaug.effects import geometry
from mmaug.effects.colour import NO_CHANGE, ColourMap, Stage, Unsure
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.effects.view import Box, Polygon, Seen, area, cut_away, seen

NO_FAULTS: Mapping[str, float] = {}

_ROUNDING = 0.01
"""Square pixels: a smaller part beyond the frame is rounding."""


class Recolours:
    """Colour stages in turn, joined when first asked for: where no text speaks of colours nobody asks."""

    __slots__ = ("_before", "_colour", "_possible", "_stage")

    def __init__(self, before: Recolours | None, stage: Stage | Unsure | Callable[[], Stage] | None):
        self._before, self._stage, self._colour = before, stage, None if before else NO_CHANGE
        self._possible: Iterable[ColourMap] | None = None

    @property
    def colour(self) -> ColourMap:
        if self._colour is None:
            assert self._before is not None and self._stage is not None
            stage = self._stage() if callable(self._stage) else self._stage
            self._colour = self._before.colour.then(stage)
        return self._colour

    @property
    def possible(self) -> Iterable[ColourMap]:
        """The functions that it may be, each made once: every text about the picture is asked under the same."""
        if self._possible is None:
            self._possible = self.colour.possible()
        return self._possible


NO_RECOLOURS = Recolours(None, None)


@dataclass(frozen=True, eq=False)
class ImageState:
    """What happened to a picture.

    covers: convex parts of the original picture that something covers, in its pixels. lost: such parts that are gone for good.
    faults: by kind how much worse the picture is to see ("blur", "noise", "coarse", "fog", "shadow"; "sharp" is the other way); blur
    and coarse in shares of the shorter side.
    """

    geometry: GeometryMap
    covers: tuple[Polygon, ...] = ()
    recolours: Recolours = field(default_factory=lambda: NO_RECOLOURS)
    faults: Mapping[str, float] = field(default_factory=lambda: NO_FAULTS)
    lost: tuple[Polygon, ...] = ()
    _seen: dict[Box, Seen] = field(default_factory=dict, init=False, repr=False)  # several texts ask about the same boxes

    def move(self, step: GeometryMap) -> ImageState:
        """See the picture as it is now through one more map."""
        return ImageState(self.geometry.then(step), self.covers, self.recolours, self.faults, self.lost)

    def hide(self, polygons: list[Polygon]) -> ImageState:
        """Cover parts given in the pixels of the picture as it is now."""
        back = self.geometry.origin if self.geometry.bends else self.geometry.back().point
        parts = [[back(x, y) for x, y in polygon] for polygon in polygons]
        return ImageState(self.geometry, (*self.covers, *parts), self.recolours, self.faults, self.lost)

    def cut(self) -> ImageState:
        """Lose for good what is out of the frame now: a kernel works on what is in it, and later moves cannot bring the rest back."""
        if self.geometry.outside_at_most() == 0:
            return self
        outline = [self.geometry.point(x, y) for x, y in geometry.frame(self.geometry.size)]
        beyond = cut_away(outline, list(geometry.frame(self.geometry.out_size)))
        back = self.geometry.origin if self.geometry.bends else self.geometry.back().point
        parts = [[back(x, y) for x, y in piece] for piece in beyond if abs(area(piece)) > _ROUNDING]
        return ImageState(self.geometry, self.covers, self.recolours, self.faults, (*self.lost, *parts))

    @property
    def hidden(self) -> tuple[Polygon, ...]:
        """What is not to be seen wherever the picture is moved: what is covered, and what was lost."""
        return (*self.covers, *self.lost) if self.lost else self.covers

    def recolour(self, stage: Stage | Unsure | Callable[[], Stage]) -> ImageState:
        """Run every colour as it is now through one more stage, or what a function gives as one if anybody asks."""
        return ImageState(self.geometry, self.covers, Recolours(self.recolours, stage), self.faults, self.lost)

    @property
    def colour(self) -> ColourMap:
        """What happened to every colour."""
        return self.recolours.colour

    def spoil(self, kind: str, amount: float) -> ImageState:
        """Make the picture worse to see in one way; amounts of a kind add up."""
        if not amount:
            return self
        faults = {**self.faults, kind: self.faults.get(kind, 0.0) + amount}
        return ImageState(self.geometry, self.covers, self.recolours, faults, self.lost)

    @property
    def is_identity(self) -> bool:
        return not self.hidden and self.geometry.is_identity and self.colour.is_identity and not self.faults

    @property
    def share(self) -> float:
        """The share of the original picture that is still in view, in [0, 1]."""
        width, height = self.geometry.size
        return self.seen((0.0, 0.0, float(width), float(height))).share

    @property
    def covered(self) -> float:
        """At most this share of the original picture is covered (parts that cover each other count twice)."""
        return self._area(self.covers)

    def _area(self, polygons: tuple[Polygon, ...]) -> float:
        whole = self.geometry.size[0] * self.geometry.size[1]
        return sum(abs(area(polygon)) for polygon in polygons) / whole if polygons else 0.0

    def shows(self, share: float) -> bool:
        """Whether at least this share of the original picture is still in view.

        First a bound that costs a few multiplications; the exact share only where that is not enough.
        """
        return 1 - self.geometry.outside_at_most() - self._area(self.hidden) >= share or self.share >= share

    def seen(self, box: Box) -> Seen:
        """How a box of the original picture, (x1, y1, x2, y2) in pixels, is seen now."""
        found = self._seen.get(box)
        if found is None:
            found = self._seen[box] = seen(box, self.geometry, self.hidden)
        return found


def image_state(size: Size) -> ImageState:
    """A picture of (width, height) pixels that nothing happened to."""
    return ImageState(geometry.identity(size))
