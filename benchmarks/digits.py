"""Digits as pictures, recordings and captions: three modalities that train in seconds, and that augmentation can win.

Who is heard and who wrote is new in every part: augmentation must make up for the few speakers and hands of the training rows.

Run: python benchmarks/digits.py FOLDER [--rows 200] [--steps 120]    (FOLDER/fsdd: the Free Spoken Digit Dataset with metadata.jsonl)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile

import mmaug as mm

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

TEMPLATES = (
    "a handwritten {name}",
    "{name}, written by hand",
    "the number {digit}",
    "the digit {name}",
    "somebody says {name}",
    "a {name}",
)
"""Each row has three of them, so that all rows of a digit share texts, and count as right answers for each other."""

SPEAKERS = {"train": ("george", "jackson", "nicolas"), "valid": ("theo",), "test": ("yweweler",)}

PICTURES = {"train": range(960), "valid": range(1100, 1380), "test": range(1520, 1797)}
"""Places in scikit-learn's digits, where the hands of 13 writers follow each other: 140 pictures between two parts, one writer's
worth, keep any writer out of two of them.
"""

VARIANTS = ("clean", "turned", "shifted", "noisy")
"""The rows as they are; pictures turned by up to 30 degrees; moved by up to 4 of 32 pixels; noise on pictures and, 12 dB below, sound."""

SIZE = 32
UPSIDE_DOWN = ("image.rotate90", "image.vertical_flip", "image.transpose")


def schema() -> mm.Schema:
    """What the columns of the rows are."""
    return mm.Schema(
        image=mm.Image(),
        audio=mm.Audio(),
        captions=mm.Caption(of=("image", "audio")),
        digit=mm.Label(of="image", forbids={"6": UPSIDE_DOWN, "9": UPSIDE_DOWN}),
        speaker=mm.Opaque(),
        key=mm.Opaque(),
    )


def rows(folder: str | Path, split: str, count: int | None = None, *, variant: str = "clean", seed: int = 0) -> list[dict[str, Any]]:
    """The rows of a part, "train", "valid" or "test": a picture, a recording of the same digit, three captions.

    count: the first so many; default all. variant: one of `VARIANTS`. seed: of who is heard with which picture, and of the variant.
    Raises: ValueError for a part or variant that does not exist.
    """
    if split not in SPEAKERS or variant not in VARIANTS:
        raise ValueError(f"split must be one of {', '.join(SPEAKERS)} and variant of {', '.join(VARIANTS)}, got {split!r}, {variant!r}")
    from sklearn.datasets import load_digits

    inks, classes = (np.asarray(part) for part in load_digits(return_X_y=True))
    voices = recordings(folder, split)
    made = []
    for number in PICTURES[split][:count]:
        draw = np.random.default_rng([seed, number])
        digit = int(classes[number])
        speaker, file = voices[digit][draw.integers(len(voices[digit]))]
        samples, rate = soundfile.read(file, dtype="float32")
        captions = [text.format(name=NAMES[digit], digit=digit) for text in draw.permutation(TEMPLATES)[:3]]
        row = {
            "key": f"{split}-{number:04}", "image": picture(inks[number].reshape(8, 8)), "audio": {"array": samples, "sampling_rate": rate},
            "captions": captions, "digit": digit, "speaker": speaker,
        }  # fmt: skip
        made.append(changed(row, variant, draw))
    return made


def recordings(folder: str | Path, split: str) -> list[list[tuple[str, Path]]]:
    """For each digit (speaker, file) of those who are heard in a part."""
    lines = (Path(folder) / "fsdd" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    found: list[list[tuple[str, Path]]] = [[] for _ in NAMES]
    for line in map(json.loads, lines):
        if line["speaker"] in SPEAKERS[split]:
            found[NAMES.index(line["label"])].append((line["speaker"], Path(folder) / "fsdd" / line["file_name"]))
    return [sorted(each) for each in found]


def picture(ink: np.ndarray) -> np.ndarray:
    """Ink, 0 to 16 [8, 8], as dark strokes on white: uint8 [32, 32, 3]."""
    grey = np.clip(cv2.resize(255.0 - ink * (255.0 / 16), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), 0, 255)
    return np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)


def changed(row: dict[str, Any], variant: str, draw: np.random.Generator) -> dict[str, Any]:
    """The row as a variant shows it: made with OpenCV and numpy alone, so that no op of the library is judged by itself."""
    if variant in ("turned", "shifted"):
        turn = draw.uniform(-30, 30) if variant == "turned" else 0.0
        move = cv2.getRotationMatrix2D((SIZE / 2 - 0.5, SIZE / 2 - 0.5), turn, 1.0)
        move[:, 2] += draw.uniform(-4, 4, 2) if variant == "shifted" else 0.0
        return {**row, "image": cv2.warpAffine(row["image"], move, (SIZE, SIZE), borderValue=(255, 255, 255))}
    if variant == "noisy":
        pixels = row["image"] + draw.normal(0, 50, row["image"].shape)
        samples = row["audio"]["array"]
        hiss = draw.normal(0, 10 ** (-12 / 20) * samples.std(), samples.shape)
        return {
            **row,
            "image": np.clip(np.rint(pixels), 0, 255).astype(np.uint8),
            "audio": {**row["audio"], "array": (samples + hiss).astype(np.float32)},
        }
    return row


def policies() -> dict[str, mm.Policy]:
    """What is compared: nothing, what a person would take for digits, and two policies that look at no data."""
    by_hand = mm.Policy.sequence(
        mm.op("image.rotate", degrees=(-15, 15)),
        mm.op("image.random_resized_crop", scale=(0.9, 1.0), ratio=(0.85, 1.15)),
        mm.op("image.gaussian_noise", strength=0.5, p=0.5),
        mm.op("audio.pitch_shift", semitones=(-2, 2), p=0.7),
        mm.op("audio.time_stretch", rate=(0.8, 1.25), p=0.7),
        mm.op("audio.gaussian_noise", strength=0.4, p=0.5),
    )
    return {"identity": mm.policies.identity(), "by hand": by_hand, **named(("image", "text", "audio"))}


def named(modalities: Sequence[str]) -> dict[str, mm.Policy]:
    """Policies that look at no data."""
    return {
        "trivial_augment": mm.policies.trivial_augment(modalities=modalities),
        "rand_augment": mm.policies.rand_augment(n=2, m=0.3, modalities=modalities),
    }


def compare(
    train: Sequence[Any], tests: Mapping[str, Sequence[Any]], schema: mm.Schema, policies: Mapping[str, mm.Policy], steps: int, seeds: int
) -> None:
    """Print the mean R@1 over all directions of children trained under each policy, on each test."""
    from rich.console import Console
    from rich.table import Table

    from mmaug.child.scoring import retrieval

    table = Table()
    for column in ("policy", *tests):
        table.add_column(column, justify="left" if column == "policy" else "right")
    tasks = {name: mm.ChildTask(train, test, schema=schema, steps=steps) for name, test in tests.items()}
    first = next(iter(tasks.values()))
    for name, policy in policies.items():
        found = dict.fromkeys(tasks, 0.0)
        for seed in range(seeds):
            run = first.start(seed)
            run.advance(steps, [policy])
            for test, task in tasks.items():
                found[test] += retrieval(run.eye().clean(task.valid))["mean_r@1"] / seeds
        table.add_row(name, *(f"{recall:.3f}" for recall in found.values()))
    Console(width=120).print(f"{len(train)} rows, {steps} steps; mean R@1 of {seeds} children each", table)


def arguments(about: str, rows: int) -> argparse.Namespace:
    """The folder and the size of the comparison, from the command line."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=rows)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--seeds", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    given = arguments("Compare policies on written and spoken digits.", 200)
    tests = {variant: rows(given.folder, "test", variant=variant) for variant in VARIANTS}
    compare(rows(given.folder, "train", given.rows), tests, schema(), policies(), given.steps, given.seeds)


if __name__ == "__main__":
    main()
