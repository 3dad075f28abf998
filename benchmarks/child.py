"""What a trial of a search costs: a training step of the child, the augmentation of its batch, and what is left.

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
from mmaug.child.training import one_thread
from mmaug.search.base.space import PolicySpace
from mmaug.testing.colour_world import SCHEMA, draw_world

STEPS = 120
ROUNDS = 7


def median_ms(call: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """CPU milliseconds of one call: the median of some, each given its number."""
    took = []
    for number in range(rounds):
        started = time.process_time()
        call(number)
        took.append((time.process_time() - started) * 1e3)
    return statistics.median(took)


def policies() -> dict[str, mm.Policy]:
    """What is timed: the baselines, and a policy as searchers draw them."""
    both = ("image", "text")
    return {
        "identity": mm.policies.identity(),
        "drawn from the space": PolicySpace(modalities=both).sample(np.random.default_rng(0)),
        "trivial_augment": mm.policies.trivial_augment(modalities=both),
        "rand_augment": mm.policies.rand_augment(modalities=both),
        "manual_strong": mm.policies.manual_strong(both),
    }


def measure(task: mm.ChildTask, policy: mm.Policy) -> tuple[float, float, float]:
    """Milliseconds of a step without augmentation, of the augmentation, and of scoring a child."""
    run = task.start(0)
    graph = task.graph(policy)
    with one_thread():
        run.training.step([run.batches.inputs(0, graph, 0.0)])  # warms every cache
        batch = median_ms(lambda number: run.batches.inputs(number, graph, 0.0))
        plain = median_ms(lambda number: run.batches.inputs(number, None, 0.0))
        ready = run.batches.inputs(0, None, 0.0)
        step = median_ms(lambda number: run.training.step([ready])) + plain
        scoring = median_ms(lambda number: run.eye().clean(task.valid), 2)
    return step, max(batch - plain, 0.0), scoring


def main() -> None:
    """Print the table."""
    table = Table(
        "child", "policy", "step, ms", "augmentation, ms", "its share", "trials a minute and core", title=f"{STEPS} steps of 64 rows"
    )
    for tower in ("convolution", "transformer"):
        task = mm.ChildTask(
            draw_world(500, 1), draw_world(256, 2), schema=SCHEMA, child=ChildConfig(image_tower=tower), steps=STEPS, seeds=1
        )
        for name, policy in policies().items():
            step, augmentation, scoring = measure(task, policy)
            trial = STEPS * (step + augmentation) + 3 * scoring
            share = augmentation / (step + augmentation)
            table.add_row(tower, name, f"{step:.1f}", f"{augmentation:.1f}", f"{share:.0%}", f"{60_000 / trial:.1f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
