"""What the rules about captions cost where nothing is to be done, and what reading a caption for the first time costs.

Run: python benchmarks/caption_rules.py [FILE with one caption a line]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import mmaug as mm
from mmaug.effects import geometry
from mmaug.effects.picture import ImageState
from mmaug.language.analyser import read
from mmaug.pairing.base import Context, Thing
from mmaug.pairing.naming import naming

CAPTIONS = (
    "a man riding a wave on top of a surfboard",
    "two dogs sleep on a couch",
    "a red bus parked in front of a brick building",
    "a young woman holding a cell phone near a window",
    "several people are standing around a table with food",
    "a cat sits on a wooden bench next to a bicycle and looks at the camera",
    "a kitchen with a stove, a sink and a white refrigerator",
    "a group of zebras grazing in a grassy field",
)
SIZE = (256, 192)
THINGS = tuple(
    Thing(label, (40.0 + 20 * i, 60.0, 90.0 + 20 * i, 120.0)) for i, label in enumerate(("person", "dog", "couch", "bus", "cat", "zebra"))
)
FIELD = mm.Caption(of="image")
MIRROR = geometry.from_rows((-1.0, 0.0, float(SIZE[0])), (0.0, 1.0, 0.0), SIZE, SIZE)
CROP = geometry.view(SIZE, 8.0, 6.0, 240.0, 180.0, SIZE)
BRIGHTER = np.eye(3, 4) * 1.02


def cases() -> dict[str, tuple[str, ImageState]]:
    """Aspect and state of the picture for each kind of step."""
    start = ImageState(geometry.identity(SIZE))
    return {
        "mirror: sides": ("geometry", start.move(MIRROR)),
        "mirror: view": ("view", start.move(MIRROR)),
        "crop: view": ("view", start.move(CROP)),
        "slight brightness: colours": ("colour", start.recolour(BRIGHTER)),
    }


def per_caption(call: Callable[[str], object], captions: list[str], rounds: int) -> float:
    """Microseconds a caption: the median of some rounds over all captions."""
    took = []
    for _ in range(rounds):
        start = time.thread_time()  # of this thread: neighbours on a busy machine do not count
        for caption in captions:
            call(caption)
        took.append((time.thread_time() - start) / len(captions) * 1e6)
    return statistics.median(took)


def main() -> None:
    """Print the table."""
    captions: list[str] = Path(sys.argv[1]).read_text("utf-8").splitlines()[:2000] if len(sys.argv) > 1 else list(CAPTIONS)
    table = Table("", "without boxes", "with six boxes", title=f"microseconds a caption, {len(captions)} captions, nothing to be done")
    contexts = (Context(FIELD), Context(FIELD, things=THINGS))
    for name, (aspect, state) in cases().items():
        judges = [rule.judge for rule in mm.pairing.DEFAULT.judges(aspect, "caption") if rule.judge]
        cells = []
        for context in contexts:
            calm = [c for c in captions if all(judge(c, state, context) is None for judge in judges)]
            judged = per_caption(
                lambda c, judges=judges, state=state, context=context: [judge(c, state, context) for judge in judges], calm, 25
            )
            cells.append(f"{judged:.1f} ({len(calm)} of {len(captions)})")
        table.add_row(name, *cells)
    first = per_caption(read.__wrapped__, captions, 25)
    named = per_caption(lambda c: naming.__wrapped__(c, ("cat", "dog", "person")), captions, 25)
    table.add_row("reading for the first time", f"{first:.1f}", "")
    table.add_row("naming boxes for the first time", "", f"{named:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
