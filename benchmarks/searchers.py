"""All searchers on real data at equal cost, beside policies that need no search, on test rows that no search saw.

Run: python benchmarks/searchers.py FOLDER OUT [--data digits|cifar] [--searchers NAME ...] [--seeds 3] [--children 4] [--workers 2]
OUT keeps every result and score: a run that was stopped goes on where it was, and one that is done prints its table at once.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything loads a library that reads it

import captioned_cifar
import digits
from rich.progress import Progress

import mmaug as mm
from mmaug.child.config import ChildConfig, Recipe
from mmaug.search.base.candidate import digest
from mmaug.search.base.searcher import Budget, Searcher

TRIALS = 30
"""What each search may spend, in trainings of one child."""


@dataclass(frozen=True)
class Setting:
    """One data set: how many rows, which child, and steps of a child in a search and, in `final`, at the end."""

    data: Any
    train: int
    valid: int
    child: ChildConfig
    recipe: Recipe
    steps: int
    final: int

    def task(self, folder: Path, split: str, steps: int, seeds: int, count: int | None) -> mm.ChildTask:
        train, unseen = self.data.rows(folder, "train", self.train), self.data.rows(folder, split, count)
        schema = self.data.schema()
        return mm.ChildTask(train, unseen, schema=schema, child=self.child, recipe=self.recipe, steps=steps, seeds=seeds)


SEARCHERS = [name for name in mm.search.SEARCHERS if name != "trivial_augment"]
"""All but the one that asks nothing: what it gives is among those that need no search."""

SETTINGS = {
    "digits": Setting(digits, 400, 200, ChildConfig(mels=32, audio_patch=8), Recipe(batch=32), 120, 240),
    "cifar": Setting(captioned_cifar, 400, 500, ChildConfig(), Recipe(batch=32), 160, 320),
}


def searchers(steps: int) -> dict[str, Callable[..., Searcher]]:
    """Every searcher, sized for a budget of `TRIALS` children of so many steps; what is not given is its default."""
    all_steps, found = TRIALS * steps, mm.search.SEARCHERS
    small = {
        "fast_auto_augment": {"folds": 5, "trials": 60},
        "population_based": {"population": 16, "rounds": 15, "interval": all_steps // (16 * 15)},
        "differentiable_search": {"updates": all_steps // 9},  # 8 draws and the held-out batch
        "adversarial_auto_augment": {"rounds": all_steps // (8 * 3)},  # 8 copies, 3 steps
        "neural_augment_search": {"trials": 6, "steps": all_steps // 18},  # a child with the network and two that judge it
        "joint_nas": {"rounds": all_steps // (16 + 16 * 4)},  # 16 shared steps, 16 architectures tuned for 4
    }
    return {name: functools.partial(found[name], **small.get(name, {})) for name in SEARCHERS}


def fixed(setting: Setting, modalities: tuple[str, ...]) -> dict[str, mm.Policy]:
    """The policies that need no search: none, what a person would take for these data, a strong one for any, and TrivialAugment."""
    own = setting.data.policies()
    chosen = {name: own[name] for name in ("identity", "by hand", "trivial_augment")}
    return {**chosen, "manual_strong": mm.policies.manual_strong(modalities=modalities)}


# ---- one job each, in a process of its own ---------------------------------------------------------------------------


def search(folder: Path, out: Path, data: str, name: str, seed: int) -> str:
    """Search, and leave the result in OUT."""
    setting, place = SETTINGS[data], out / f"{name}-{seed}"
    task = setting.task(folder, "valid", setting.steps, 2, setting.valid)
    result = searchers(setting.steps)[name](seed=seed).search(
        task, budget=Budget(steps=TRIALS * setting.steps), resume=place, baselines=(), top=3, rerank_seeds=1
    )
    result.save(place.with_suffix(".json"))
    return f"{name} {seed}"


@functools.cache
def final_task(folder: Path, data: str) -> mm.ChildTask:
    setting = SETTINGS[data]
    return setting.task(folder, "test", setting.final, 1, None)


def score(folder: Path, out: Path, data: str, name: str, children: int) -> str:
    """Train fresh children under a policy and score them on the test rows; a line each in OUT, where those of this policy stay."""
    task = final_task(folder, data)
    known = fixed(SETTINGS[data], task.modalities)
    candidate = known[name] if name in known else mm.search.SearchResult.load(out / f"{name}.json").best
    found, is_of = scored(out, name), digest(candidate)
    found += [task.evaluate(candidate, seed=seed).metrics["mean_r@1"] for seed in range(len(found), children)]
    lines = [json.dumps({"policy": name, "digest": is_of, "child": seed, "mean_r@1": value}) for seed, value in enumerate(found)]
    (out / f"{name}.scores.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"test of {name}"


def scored(out: Path, name: str) -> list[float]:
    """What is there of the test R@1 of a policy's children; nothing of a policy that was found before it was searched for again."""
    file, result = out / f"{name}.scores.jsonl", out / f"{name}.json"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    if result.exists():
        is_of = digest(mm.search.SearchResult.load(result).best)
        lines = [line for line in lines if line["digest"] == is_of]
    return [line["mean_r@1"] for line in lines]


def run(jobs: list[tuple[Callable[..., str], tuple[Any, ...]]], workers: int, about: str) -> None:
    """All jobs, some at a time; the first error ends the run, and what is done stays."""
    if not jobs:
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool, Progress() as bar:
        shown = bar.add_task(about, total=len(jobs))
        for done in as_completed([pool.submit(job, *given) for job, given in jobs]):
            bar.update(shown, advance=1, description=f"{about}: {done.result()}")


# ---- the table -------------------------------------------------------------------------------------------------------


RIVALS = ("identity", "manual_strong", "trivial_augment", "random_search")

Scores = dict[int, list[float]]
"""By seed of the search the R@1 of each child; policies that need no search have one, for the seed 0."""


def table(out: Path, names: list[str], seeds: int, children: int) -> Iterator[str]:
    """Markdown: mean test R@1, paired differences to the rivals, cost; each with its standard deviation over seeds of the search."""
    scores = {name: read(out, name, seeds, children) for name in names}
    rivals = [rival for rival in RIVALS if scores.get(rival)]
    yield "| policy | test R@1 | " + " | ".join(f"minus {rival}" for rival in rivals) + " | steps | minutes |"
    yield "| --- |" + " ---: |" * (len(rivals) + 3)
    for name, mine in scores.items():
        if mine:
            cells = [spread([statistics.fmean(one) for one in mine.values()]), *(spread(apart(mine, scores[rival])) for rival in rivals)]
            yield f"| {name} | {' | '.join(cells)} | {cost(out, name, seeds)} |"


def read(out: Path, name: str, seeds: int, children: int) -> Scores:
    """What is there of a policy's scores, or of those that a searcher found: of as many children."""
    found = {seed: scored(out, f"{name}-{seed}") for seed in range(seeds)} if name in SEARCHERS else {0: scored(out, name)}
    return {seed: one[:children] for seed, one in found.items() if len(one) >= children}


def apart(mine: Scores, theirs: Scores) -> list[float]:
    """The mean difference of children with the same seed, for each seed of the search; what has but one is put beside all of the other."""
    seeds = sorted({*mine, *theirs} if 1 in (len(mine), len(theirs)) else mine.keys() & theirs.keys())
    one, other = ([scores.get(seed) or next(iter(scores.values())) for seed in seeds] for scores in (mine, theirs))
    return [statistics.fmean(a - b for a, b in zip(*both, strict=True)) for both in zip(one, other, strict=True)]


def cost(out: Path, name: str, seeds: int) -> str:
    """Mean steps of children and minutes of a search, two cells."""
    files = [out / f"{name}-{seed}.json" for seed in range(seeds)]
    costs = [mm.search.SearchResult.load(file).cost for file in files if file.exists()]
    steps, seconds = ([getattr(one, what) for one in costs] or [0] for what in ("steps", "seconds"))
    return f"{statistics.fmean(steps):.0f} | {statistics.fmean(seconds) / 60:.1f}"


def spread(values: list[float]) -> str:
    """The mean, and the standard deviation where there are several."""
    return f"{statistics.fmean(values):.3f}" + (f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare all searchers at equal cost.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", choices=SETTINGS, default="digits")
    parser.add_argument("--searchers", nargs="+", choices=SEARCHERS, default=SEARCHERS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--children", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    folder, out, setting = given.folder.resolve(), given.out.resolve() / given.data, SETTINGS[given.data]
    out.mkdir(parents=True, exist_ok=True)
    wanted = [(name, seed) for seed in range(given.seeds) for name in given.searchers]
    asked = [(search, (folder, out, given.data, *one)) for one in wanted if not (out / f"{one[0]}-{one[1]}.json").exists()]
    run(asked, given.workers, "searching")
    plain = list(fixed(setting, ("image",)))
    names = [*plain, *(f"{name}-{seed}" for name, seed in wanted)]
    tests = [(score, (folder, out, given.data, name, given.children)) for name in names if len(scored(out, name)) < given.children]
    run(tests, given.workers, "testing")
    print("\n".join(table(out, [*plain, *given.searchers], given.seeds, given.children)))


if __name__ == "__main__":
    main()
