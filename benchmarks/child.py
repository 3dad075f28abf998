"""What a trial of a search costs: a training step of the child, the augmentation of its batch, and what is left; and what it shows.

Run: python benchmarks/child.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

import mmaug as mm
from mmaug.child.config import ChildConfig
from mmaug.child.scoring import drawn
from mmaug.processes import one_thread
from mmaug.search.base.space import PolicySpace
from mmaug.testing.colour_world import FOLLOWED, KEPT, SCHEMA, draw_world

STEPS = 120
LONG = 240
ROUNDS = 7
DRAWN = 7


def median_ms(call: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """CPU milliseconds of one call: the median of some, each given its number."""
    took = []
    for number in range(rounds):
        started = time.process_time()
        call(number)
        took.append((time.process_time() - started) * 1e3)
    return statistics.median(took)


def policies() -> dict[str, list[mm.Policy]]:
    """What is timed: the baselines, and policies as searchers draw them."""
    both = ("image", "text")
    return {
        "identity": [mm.policies.identity()],
        f"drawn from the space, median of {DRAWN}": [PolicySpace(modalities=both).sample(np.random.default_rng(i)) for i in range(DRAWN)],
        "trivial_augment": [mm.policies.trivial_augment(modalities=both)],
        "rand_augment": [mm.policies.rand_augment(modalities=both)],
        "manual_strong": [mm.policies.manual_strong(both)],
    }


def measure(task: mm.ChildTask, policy: mm.Policy) -> tuple[float, float, float, float]:
    """Milliseconds of a step without augmentation, of the augmentation of its rows, of all steps and scoring of a trial, and of all that
    is augmented in it.
    """
    run = task.start(0)
    graph = task.graph(policy)
    with one_thread():
        run.training.step([run.batches.inputs(0, graph, 0.0)])
        once = len(task.train) // task.recipe.batch + 1
        for number in range(once):  # every caption is read once; all but the first of a trial's passes over the rows find it so
            run.batches.inputs(number, graph, 0.0)
        batch = median_ms(lambda number: run.batches.inputs(once + number, graph, 0.0))
        plain = median_ms(lambda number: run.batches.inputs(number, None, 0.0))
        ready = run.batches.inputs(0, None, 0.0)
        step = median_ms(lambda number: run.training.step([ready])) + plain
        held_out = median_ms(lambda number: drawn(task.valid, graph), 2) if graph else 0.0
        scoring = median_ms(lambda number: run.eye().clean(task.valid), 2)  # as it is, augmented, and augmented for identity's child
    augmentation = max(batch - plain, 0.0)
    augmented = STEPS * augmentation + held_out
    return step, augmentation, STEPS * step + 3 * scoring + augmented, augmented


def recalls(seeds: int = 3) -> Table:
    """The colour world: red and blue exchanged in half of the pictures; mean R@1 on what no child has seen."""
    swap = mm.Policy.sequence(mm.op("image.channel_shuffle", order=(2, 1, 0), p=0.5))
    table = Table("red and blue exchanged", *(f"seed {seed}" for seed in range(seeds)), "mean R@1", "a child, CPU s", title="500 pairs")
    for name, rules, policy in (
        ("none", FOLLOWED, mm.policies.identity()),
        ("captions kept", KEPT, swap),
        ("captions rewritten", FOLLOWED, swap),
        ("captions mended by the default rules", mm.pairing.DEFAULT, swap),
    ):
        found, took = [], []
        for seed in range(seeds):
            train, valid = draw_world(500, 2 * seed, seen=True), draw_world(256, 2 * seed + 1, seen=False)
            run = mm.ChildTask(train, valid, schema=SCHEMA, steps=LONG, seeds=1, rules=rules).start(seed)
            started = time.process_time()
            run.advance(LONG, [policy])
            took.append(time.process_time() - started)
            found.append(run.score().metrics["mean_r@1"])
        table.add_row(name, *(f"{one:.3f}" for one in found), f"{statistics.mean(found):.3f}", f"{statistics.median(took):.1f}")
    return table


def main() -> None:
    """Print the tables."""
    table = Table(
        "child", "policy", "step, ms", "augmentation, ms", "share of a trial", "trials a minute and core", title=f"{STEPS} steps of 64 rows"
    )
    for tower in ("convolution", "transformer"):
        task = mm.ChildTask(
            draw_world(500, 1), draw_world(256, 2), schema=SCHEMA, child=ChildConfig(image_tower=tower), steps=STEPS, seeds=1
        )
        for name, given in policies().items():
            found = sorted((measure(task, policy) for policy in given), key=lambda one: one[3] / one[2])
            step, augmentation, trial, augmented = found[len(found) // 2]
            table.add_row(tower, name, f"{step:.1f}", f"{augmentation:.1f}", f"{augmented / trial:.0%}", f"{60_000 / trial:.1f}")
    Console(width=120).print(table)
    Console(width=120).print(recalls())


if __name__ == "__main__":
    main()
