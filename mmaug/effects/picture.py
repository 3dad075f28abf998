"""The composed effects on one picture: what the rules judge, and what its annotations follow.

A state is a value; each method returns the state after one more step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mmaug.effects import geometry
from mmaug.effects.colour import NO_CHANGE, ColourMap, Stage
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.effects.view import Box, Polygon, Seen, area, seen


@dataclass(frozen=True, eq=False)
class ImageState:
    """What happened to a picture.

    hidden: convex parts of the original picture that something covers, in its pixels.
    """

    geometry: GeometryMap
    hidden: tuple[Polygon, ...] = ()
    colour: ColourMap = NO_CHANGE
    _seen: dict[Box, Seen] = field(default_factory=dict, init=False, repr=False)  # several texts ask about the same boxes

    def move(self, step: GeometryMap) -> ImageState:
        """See the picture as it is now through one more map."""
        return ImageState(self.geometry.then(step), self.hidden, self.colour)

    def hide(self, polygons: list[Polygon]) -> ImageState:
        """Cover parts given in the pixels of the picture as it is now."""
        back = self.geometry.back()
        parts = [[back.point(x, y) for x, y in polygon] for polygon in polygons]
        return ImageState(self.geometry, (*self.hidden, *parts), self.colour)

    def recolour(self, stage: Stage) -> ImageState:
        """Run every colour as it is now through one more stage."""
        return ImageState(self.geometry, self.hidden, self.colour.then(stage))

    @property
    def is_identity(self) -> bool:
        return not self.hidden and self.geometry.is_identity and self.colour.is_identity

    @property
    def share(self) -> float:
        """The share of the original picture that is still in view, in [0, 1]."""
        width, height = self.geometry.size
        return self.seen((0.0, 0.0, float(width), float(height))).share

    @property
    def covered(self) -> float:
        """At most this share of the original picture is covered (parts that cover each other count twice)."""
        if not self.hidden:
            return 0.0
        return sum(abs(area(polygon)) for polygon in self.hidden) / (self.geometry.size[0] * self.geometry.size[1])

    def shows(self, share: float) -> bool:
        """Whether at least this share of the original picture is still in view.

        First a bound that costs a few multiplications; the exact share only where that is not enough.
        """
        return 1 - self.geometry.outside_at_most() - self.covered >= share or self.share >= share

    def seen(self, box: Box) -> Seen:
        """How a box of the original picture, (x1, y1, x2, y2) in pixels, is seen now."""
        found = self._seen.get(box)
        if found is None:
            found = self._seen[box] = seen(box, self.geometry, self.hidden)
        return found


def image_state(size: Size) -> ImageState:
    """A picture of (width, height) pixels that nothing happened to."""
    return ImageState(geometry.identity(size))
