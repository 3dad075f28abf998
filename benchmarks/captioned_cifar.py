"""Reduced CIFAR-10 with captions: 4,000 small photos, as Fast AutoAugment and its followers search on, and what is in each in words.

Run: python benchmarks/captioned_cifar.py FOLDER [--rows 1000]    (FOLDER/cifar10/reduced_cifar10.npz: x_train, y_train, x_val, ...)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from digits import arguments, compare, named

import mmaug as mm

TEMPLATES = ("a photo of {}", "a small picture of {}", "{} in a photograph", "this is {}", "a picture that shows {}")
"""Each row has three of them, so that all rows of a class share texts, and count as right answers for each other."""

SPLITS = {"train": ("train", slice(0, 3000)), "valid": ("train", slice(3000, None)), "test": ("val", slice(None))}
"""The arrays and places of a part; no search sees the test rows."""


def schema() -> mm.Schema:
    """What the columns of the rows are."""
    return mm.Schema(image=mm.Image(), captions=mm.Caption(of="image"), label=mm.Label(of="image"), key=mm.Opaque())


def rows(folder: str | Path, split: str, count: int | None = None, *, seed: int = 0) -> list[dict[str, Any]]:
    """The rows of a part, "train", "valid" or "test": a photo, uint8 [32, 32, 3], and three captions.

    count: the first so many; default all. seed: of the wording.
    Raises: ValueError for a part that does not exist.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    arrays, part = SPLITS[split]
    with np.load(Path(folder) / "cifar10" / "reduced_cifar10.npz") as data:
        names = [str(name) for name in data["names"]]
        photos, labels = data[f"x_{arrays}"][part][:count], data[f"y_{arrays}"][part][:count]
    made = []
    for number, (photo, label) in enumerate(zip(photos, labels.tolist(), strict=True)):
        thing = f"an {names[label]}" if names[label][0] in "aeiou" else f"a {names[label]}"
        wordings = np.random.default_rng([seed, list(SPLITS).index(split), number]).permutation(TEMPLATES)[:3]
        captions = [wording.format(thing) for wording in wordings]
        made.append({"key": f"{split}-{number:04}", "image": photo, "captions": captions, "label": label})
    return made


def policies() -> dict[str, mm.Policy]:
    """What is compared: nothing, what everybody does on CIFAR-10, and two policies that look at no data."""
    by_hand = mm.Policy.sequence(mm.op("image.horizontal_flip", p=0.5), mm.op("image.random_resized_crop", scale=(0.75, 1.0)))
    return {"identity": mm.policies.identity(), "by hand": by_hand, **named(("image", "text"))}


def main() -> None:
    given = arguments("Compare policies on captioned CIFAR-10.", 1000)
    train, test = rows(given.folder, "train", given.rows), rows(given.folder, "test")
    compare(train, {"test": test}, schema(), policies(), given.steps, given.seeds)


if __name__ == "__main__":
    main()
