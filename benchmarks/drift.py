"""A policy that was found on digits as they are, looked at again where the data have changed: `mmaug.search.drift` on each variant.

Run: python benchmarks/drift.py FOLDER RESULT [--seeds 3] [--workers 2]
RESULT is what a search on the digits has saved, such as a file that benchmarks/searchers.py leaves; training and held-out rows both change.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything loads a library that reads it

import digits
from searchers import SETTINGS

import mmaug as mm

SETTING = SETTINGS["digits"]


def task(folder: Path, variant: str) -> mm.ChildTask:
    """As the search's own, on rows of a variant."""
    train, valid = (
        digits.rows(folder, split, count, variant=variant) for split, count in (("train", SETTING.train), ("valid", SETTING.valid))
    )
    return mm.ChildTask(train, valid, schema=digits.schema(), child=SETTING.child, recipe=SETTING.recipe, steps=SETTING.steps, seeds=1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Is a new search worth it where the digits have changed?")
    parser.add_argument("folder", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    found, old = mm.search.SearchResult.load(given.result), task(given.folder, "clean")
    print("| data | policy | none | TrivialAugment | a new search |\n| --- | ---: | ---: | ---: | --- |")
    for variant in digits.VARIANTS[1:]:
        told = mm.search.drift(found, old, task(given.folder, variant), seeds=given.seeds, executor=given.workers)
        cells = [f"{told.new[name].mean:+.3f} ± {told.new[name].spread:.3f}" for name in ("policy", "identity", "trivial")]
        print(f"| {variant} | {' | '.join(cells)} | {'yes' if told.search else 'no'}: {told.reason} |", flush=True)


if __name__ == "__main__":
    main()
