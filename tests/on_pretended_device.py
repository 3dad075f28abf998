"""The child, and the searchers that hold tensors of it, on a device that is not the CPU: what is told must be what the CPU tells.

Run: python FILE [SEARCH ...]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from test_child import SCENES

import mmaug as mm
from mmaug.child.config import ChildConfig, Recipe
from mmaug.child.run import fingerprint
from mmaug.search.base.searcher import Budget
from mmaug.testing.scenes import draw_scene

CHILD = ChildConfig(image_size=16, width=16, layers=1, heads=2, projection=16, mels=16, audio_patch=8)
POLICY = mm.Policy.sequence(mm.op("image.horizontal_flip", p=0.5), mm.op("audio.gain", strength=0.5), mm.op("text.synonym"))
SEARCHES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        name: ("differentiable_search", {"estimator": name, "updates": 2, "every": 1})
        for name in ("score_function", "relax", "gumbel", "darts")
    },
    **{
        f"neural {name}": ("neural_augment_search", {"modalities": (name,), "method": how, "trials": 2, "steps": 6})
        for name, how in (("image", "evolution"), ("audio", "darts"), ("text", "controller"))
    },
    "joint": ("joint_nas", {"rounds": 2, "shared": 2, "samples": 2}),
    "joint, differentiable": ("joint_nas", {"rounds": 2, "shared": 2, "samples": 2, "method": "differentiable"}),
}


def task(device: str) -> mm.ChildTask:
    """Scenes; their captions say nothing that a network for sound could take away."""
    rows = [{**draw_scene(number), "audio_caption": "a sound"} for number in range(24)]
    recipe = Recipe(batch=8, average=0.9)
    return mm.ChildTask(rows[:16], rows[16:], schema=SCENES, child=CHILD, recipe=recipe, steps=4, seeds=1, device=device)


def child(device: str) -> list[float]:
    """What an evaluation, a fold, and a run that goes on from its state tell."""
    made = task(device)
    found = made.evaluate(POLICY).metrics
    (fold,) = made.folds(1)
    run, again = made.start(), made.start()
    run.advance(2, [POLICY])
    again.load({name: value.cpu() for name, value in run.state().items()})
    losses = [*run.advance(2, [POLICY]), *again.advance(2, [POLICY])]
    assert losses[0] == losses[1] and fingerprint(run.eye().child) == fingerprint(again.eye().child)
    return [*found.values(), fold.loss(POLICY), *losses]


def search(device: str, name: str) -> list[float]:
    """What a search tells, stopped half way and gone on with."""
    (kind, options), made = SEARCHES[name], task(device)
    with tempfile.TemporaryDirectory() as folder:
        half, result = (
            mm.search.SEARCHERS[kind](seed=0, **options).search(
                made, budget=budget, resume=Path(folder), baselines=(), top=1, rerank_seeds=1
            )
            for budget in (Budget(evaluations=1), Budget())
        )
    assert 0 < len(half.history) < len(result.history)
    told = [trial.evaluation.objective for trial in result.history if trial.evaluation is not None]
    gains = [gain for part in result.diagnostics["searcher"].values() if isinstance(part, dict) for gain in part.get("gains", ())]
    assert gains or not name.startswith("neural"), "a network has come as far as to be judged"
    return [*(value for value in told if value is not None), *gains, *result.top[0].scores]


def alike(what: str, one: list[float], two: list[float]) -> None:
    assert one and np.allclose(one, two, atol=1e-4), f"{what}: {one} on the CPU, {two} there"
    print(f"{what}: {len(one)} numbers agree")


def main() -> None:
    from pretended_device import pretended  # here only: torch has that device from then on

    torch.set_num_threads(1)
    wanted = sys.argv[1:] or list(SEARCHES)
    here = [child("cpu"), *(search("cpu", name) for name in wanted)]
    with pretended() as device:
        there = [child(device), *(search(device, name) for name in wanted)]
    for what, one, two in zip(["child", *wanted], here, there, strict=True):
        alike(what, one, two)


if __name__ == "__main__":
    main()
