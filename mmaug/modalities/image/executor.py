"""Carrying out a picture program with OpenCV.

Moving pixels and recolouring them commute, so a segment is: warp once, recolour once, fill the covered parts (each in the colour
that its own fill has after the colour steps that came later). What enters the frame is black before recolouring.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from mmaug.effects import colour, geometry
from mmaug.effects.colour import ColourMap, Stage
from mmaug.effects.geometry import GeometryMap
from mmaug.effects.view import Polygon
from mmaug.modalities.image import fused
from mmaug.modalities.image.program import Kernel, Measured, Program, Segment
from mmaug.modalities.image.warp import warp, warp_and_recolour

cv2.setNumThreads(1)  # workers are processes: several OpenCV threads each would fight over the cores


def run(program: Program, pixels: np.ndarray) -> np.ndarray:
    """Pixels, uint8 [h, w, 3 or 4] (alpha moves but keeps its values), through a program; the input is not changed."""
    out = pixels
    for part in program.parts:
        out = _filtered(part, out) if isinstance(part, Kernel) else _segment(part, out, out is not pixels)
    return out


def run_mask(program: Program, labels: np.ndarray, fill: int) -> np.ndarray:
    """Labels, integers [h, w], through the same program: nearest neighbour; what enters or is covered becomes `fill`."""
    kept, labels = labels.dtype, _as_cv_type(labels)
    out = warp(labels, program.geometry, nearest=True, border=fill)
    if program.hidden:
        out = np.array(out)
        for polygon in program.hidden:
            fill_polygon(out, polygon, program.geometry, [float(fill)])
    return out.astype(kept, copy=False)


def _filtered(kernel: Kernel, pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[2] == 3:
        return kernel.function(pixels, **kernel.params)
    alpha = warp(np.ascontiguousarray(pixels[..., 3]), kernel.geometry)
    return np.dstack([kernel.function(np.ascontiguousarray(pixels[..., :3]), **kernel.params), alpha])


def _segment(segment: Segment, pixels: np.ndarray, ours: bool) -> np.ndarray:
    """ours: whether the pixels may be written to."""
    work = _Segment(segment, pixels)
    out = work.run()
    if segment.covers:
        out = out if ours or out is not pixels else np.array(out)
        for cover in segment.covers:
            fill_polygon(out, cover.polygon, segment.geometry, [*work.later(cover.fill, cover.run), 255.0][: out.shape[2]])
    return out


class _Segment:
    """One segment on one picture: the warp and colour stages wait until they must be carried out, together where that is one pass.

    out: the picture so far; None before the warp. made: the stages of each run of colour, as they became for this picture.
    """

    def __init__(self, segment: Segment, before: np.ndarray):
        self.segment, self.before = segment, before
        self.moves = not segment.geometry.is_identity
        self.out: np.ndarray | None = None if self.moves and fused.fits(before, segment.geometry) else warp(before, segment.geometry)
        self.made: list[ColourMap] = []
        self.waiting: ColourMap = colour.NO_CHANGE

    def run(self) -> np.ndarray:
        for run in self.segment.colour:
            change = ColourMap((self._measured(run),)) if isinstance(run, Measured) else run
            self.made.append(change)
            for stage in change.sure:
                joined = self.waiting.then(stage)
                if not self._is_one_pass(joined.sure):
                    self._settle()
                    joined = ColourMap((stage,))
                self.waiting = joined
        return self._settle()

    def later(self, fill: tuple[float, float, float], run: int) -> list[float]:
        """What a colour that was there after a run has become."""
        rgb = np.array([fill])
        for change in self.made[run + 1 :]:
            rgb = change(rgb)
        return rgb[0].tolist()

    def _is_one_pass(self, stages: tuple[Stage, ...]) -> bool:
        return len(stages) < 2 or (self.out is None and list(map(colour.is_table, stages)) == [False, True])

    def _settle(self) -> np.ndarray:
        """Carry out what waits."""
        stages, self.waiting = self.waiting.sure, colour.NO_CHANGE
        if self.out is None:
            matrix = next((stage for stage in stages if not colour.is_table(stage)), None)
            table = next((stage for stage in stages if colour.is_table(stage)), None)
            self.out = warp_and_recolour(self.before, self.segment.geometry, matrix, table)
        else:
            for stage in stages:
                self.out = recolour(self.out, stage)
        return self.out

    def _measured(self, run: Measured) -> Stage:
        """The stage that a run becomes for this picture as it was seen then; where it was moved, its mean is that of a sample."""
        later = run.view is not self.segment.geometry
        if run.statistic == "histogram":
            return run.make(histogram(self._seen_then(run) if later else self._settle()), **run.params)
        if self.moves:
            rgb, waiting = self._seen_then(run), colour.NO_CHANGE
        else:
            if any(map(colour.is_table, self.waiting.sure)):  # only a matrix says what becomes of a mean
                self._settle()
            assert self.out is not None
            rgb, waiting = self.out, self.waiting
        mean = np.array([cv2.mean(rgb)[:3]])
        for stage in waiting.sure:  # not cut at 0 and 255: the joined matrix is cut once
            mean = mean @ stage[:, :3].T + stage[:, 3]
        return run.make(mean[0], **run.params)

    def _seen_then(self, run: Measured) -> np.ndarray:
        """A sample of the picture as it was seen at the step, with its colours of then."""
        rgb = _sample(self.before, run.view)
        for change in self.made:
            for stage in change.sure:
                rgb = recolour(rgb, stage)
        return rgb


SAMPLE = 96
"""Pixels a side of the sample of a view that is only measured."""


def _sample(pixels: np.ndarray, view: GeometryMap) -> np.ndarray:
    width, height = view.out_size
    if max(width, height) > SAMPLE:
        small = (max(min(width, SAMPLE), 1), max(min(height, SAMPLE), 1))
        view = view.then(geometry.view(view.out_size, 0.0, 0.0, width, height, small))
    if fused.fits(pixels, view):
        return fused.sample(pixels, view)
    return np.ascontiguousarray(warp(pixels, view, nearest=True)[..., :3])


def histogram(rgb: np.ndarray) -> np.ndarray:
    """How many pixels have each value, by channel: int64 [256, 3]."""
    counts = [cv2.calcHist([rgb], [channel], None, [256], [0, 256]).ravel() for channel in range(3)]
    return np.stack(counts, axis=1).astype(np.int64)


def recolour(pixels: np.ndarray, stage: Stage) -> np.ndarray:
    """One colour stage on pixels, uint8 [h, w, 3 or 4]; alpha stays."""
    if pixels.shape[2] == 4:
        return np.dstack([recolour(np.ascontiguousarray(pixels[..., :3]), stage), pixels[..., 3]])
    rgb = pixels
    is_table = colour.is_table(stage)
    if (is_table or not _mixes(stage)) and (out := fused.look_up(rgb, stage)) is not None:
        return out
    if not is_table:
        return cv2.transform(rgb, stage)
    if (stage[:, :1] == stage).all():  # one table for all channels takes a third of the time
        flat = rgb.reshape(rgb.shape[0], -1) if rgb.flags.c_contiguous else np.ascontiguousarray(rgb).reshape(rgb.shape[0], -1)
        return cv2.LUT(flat, np.ascontiguousarray(stage[:, 0])).reshape(rgb.shape)
    return cv2.LUT(rgb, np.ascontiguousarray(stage)[None])


def _mixes(matrix: Stage) -> bool:
    """Whether a channel of the result depends on another of the picture."""
    red, green, blue = matrix.tolist()
    return any((red[1], red[2], green[0], green[2], blue[0], blue[1]))


def fill_polygon(out: np.ndarray, polygon: Polygon, move: GeometryMap, fill: list[float]) -> None:
    """Cover, in place, the pixels whose centres lie in a convex polygon; OpenCV's would draw its outline as well."""
    outline = [move.point(x, y) for x, y in polygon]
    ys = [y for _, y in outline]
    height, width = out.shape[:2]
    top, bottom = (min(max(math.ceil(y - 0.5), 0), height) for y in (min(ys), max(ys)))
    rows = np.arange(top, bottom) + 0.5
    start, end = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if y1 != y2:
            crosses = (rows >= min(y1, y2)) & (rows < max(y1, y2))
            at = x1 + (rows - y1) * ((x2 - x1) / (y2 - y1))
            start, end = np.where(crosses, np.minimum(start, at), start), np.where(crosses, np.maximum(end, at), end)
    first, last = (np.clip(np.ceil(side - 0.5), 0, width)[:, None] for side in (start, end))
    columns = np.arange(width)
    out[top:bottom][(columns >= first) & (columns < last)] = np.rint(fill)


def _as_cv_type(labels: np.ndarray) -> np.ndarray:
    """Labels in a type that OpenCV can warp without loss."""
    if labels.dtype.kind == "b":
        return labels.astype(np.uint8)
    if labels.dtype in (np.uint8, np.int16, np.uint16):
        return np.ascontiguousarray(labels)
    return labels.astype(np.float64)  # whole numbers up to 2**53 survive; nearest neighbour makes no new ones
