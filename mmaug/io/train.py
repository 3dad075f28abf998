"""Train a child on a folder, under a policy and without, and compare them on held-out rows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import mmaug
from mmaug import policies
from mmaug.child.config import ChildConfig, ChildError
from mmaug.errors import MmaugError
from mmaug.io.folder import Folder
from mmaug.policy import Policy
from mmaug.schema import Schema

if TYPE_CHECKING:  # torch is imported when a training starts
    from mmaug.child.run import ChildRun

SHOWN = ("mean_r@1", "mean_r@5")


@dataclass(frozen=True)
class Comparison:
    """What came out. clean, augmented: held-out retrieval of the children trained without and under the policy. steps, seconds: of each
    training. rows: how many were trained on, and held out. notes: what is worth knowing of the data.
    """

    clean: Mapping[str, float]
    augmented: Mapping[str, float]
    steps: tuple[int, int]
    seconds: tuple[float, float]
    rows: tuple[int, int]
    notes: tuple[str, ...]

    def table(self) -> Table:
        """Recall by direction, without the policy, under it, and the difference."""
        table = Table(
            "held-out recall", "identity", "policy", "difference", title=f"{self.rows[0]} rows trained on, {self.rows[1]} held out"
        )
        directions = [name for name in self.clean if "_r@" in name and name not in SHOWN]
        for name in (*directions, *SHOWN):
            before, after = self.clean[name], self.augmented[name]
            label = name.replace("_to_", " to ").replace("_r@", ", R@").replace("_", " ")
            table.add_row(label, f"{before:.3f}", f"{after:.3f}", f"{after - before:+.3f}", end_section=name == directions[-1])
        table.add_row("steps (seconds)", *(f"{count} ({took:.0f})" for count, took in zip(self.steps, self.seconds, strict=True)), "")
        return table


def train(
    folder: Folder, policy: Policy, schema: Schema, *, child: ChildConfig | None = None, steps: int = 400, seconds: float | None = None,
    held_out: float = 0.25, limit: int | None = None, seed: int = 0, on_conflict: str = "edit", device: str = "cpu",
    out: Path | None = None, console: Console | None = None,
) -> Comparison:  # fmt: skip
    """Two children with the same first weights and the same batches, one without the policy and one under it.

    steps: of each training. seconds: at most so long for each; the learning rate is planned for `steps`. held_out: share of the rows.
    limit: look at so many rows, evenly spread. device: where they are trained. out: a folder for the child trained under the policy.
    Raises: ChildError for too few rows; RowError for one that cannot be used, with its line.
    """
    kept, unseen = split(len(folder), held_out, limit, seed)
    task = mmaug.ChildTask(
        _rows(folder, kept),
        _rows(folder, unseen),
        schema=schema,
        child=child,
        steps=steps,
        seeds=1,
        seed=seed,
        on_conflict=on_conflict,
        device=device,
    )
    runs, took = [], []
    for name, trained_under in (("identity", policies.identity()), ("policy", policy)):
        started, run = time.monotonic(), task.start(seed)
        _advance(run, trained_under, steps, seconds, name, console)
        runs.append(run)
        took.append(time.monotonic() - started)
    if out is not None:
        mmaug.child.save_child(out, runs[1].eye().child, task.tokenizer, seconds=task.seconds)
    clean, augmented = (run.score().metrics for run in runs)
    counts = (len(kept), len(unseen))
    return Comparison(clean, augmented, (runs[0].steps, runs[1].steps), (took[0], took[1]), counts, task.notes)


def split(rows: int, held_out: float, limit: int | None, seed: int) -> tuple[list[int], list[int]]:
    """The numbers of the rows that are trained on, and of those held out. Raises: ChildError where either would have fewer than two."""
    if not 0 < held_out < 1:
        raise ChildError(f"the share of rows that is held out must be in (0, 1), got {held_out!r}")
    count = rows if limit is None else min(limit, rows)
    numbers = [number * rows // count for number in range(count)]
    unseen = round(held_out * count)
    if unseen < 2 or count - unseen < 2:
        raise ChildError(
            f"must have at least 2 rows to train on and 2 held out, got {count - unseen} and {unseen} of {count}; give more rows"
        )
    order = np.random.default_rng([seed, 4]).permutation(count)
    return sorted(numbers[i] for i in order[unseen:]), sorted(numbers[i] for i in order[:unseen])


def _rows(folder: Folder, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """One at a time: a child keeps them at its own size."""
    for number in numbers:
        yield folder.load(number)[1]


def _advance(run: ChildRun, policy: Policy, steps: int, seconds: float | None, name: str, console: Console | None) -> None:
    last = None if seconds is None else time.monotonic() + seconds
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=console is None or not console.is_terminal) as progress:
        bar = progress.add_task(f"training, {name}", total=steps)
        while run.steps < steps and (last is None or time.monotonic() < last):
            try:
                (loss,) = run.advance(1, [policy])
            except MmaugError as error:
                raise type(error)(f"training, {name}: {error}") from error
            progress.update(bar, advance=1, description=f"training, {name}, loss {loss:.2f}")
