"""Short trainings of tiny models on rows made on the spot: `torchrun --nproc-per-node 2 tests/hf_runs.py OUT` writes what came out."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch

import mmaug as mm
from mmaug.testing.tiny_models import tiny

COLOURS = {"red": (220, 30, 30), "blue": (40, 60, 220), "green": (30, 160, 60), "yellow": (230, 220, 40)}
SIDES = ("left", "right")
THINGS = ("bar", "post", "pillar", "plank", "ribbon", "fence", "tower", "door")
POLICY = mm.Policy.sequence(
    mm.op("image.horizontal_flip", p=0.5), mm.op("image.rotate", p=0.5, degrees=(-10, 10)), mm.op("image.brightness", strength=0.2)
)
SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))


def picture(number: int) -> np.ndarray:
    """A bar of one colour on one side, of a height of its own."""
    pixels = np.full((36, 44, 3), 128 + number % 7, np.uint8)
    colour, side = list(COLOURS.values())[number % 4], number // 4 % 2
    pixels[4 + number % 9 : 30, 24 * side + 2 : 24 * side + 18] = colour
    return pixels


def caption(number: int) -> str:
    return f"a {list(COLOURS)[number % 4]} {THINGS[number // 8 % 8]} on the {SIDES[number // 4 % 2]}"


def rows(count: int = 32) -> list[dict]:
    return [{"image": picture(n), "caption": caption(n), "id": n} for n in range(count)]


def graph(policy: mm.Policy = POLICY, **options) -> mm.TransformGraph:
    return mm.TransformGraph(policy, schema=SCHEMA, seed=3, key="id", **options)


def dataset(count: int = 32):
    """As HuggingFace has it, with pictures encoded."""
    import datasets
    from PIL import Image

    features = datasets.Features({"image": datasets.Image(), "caption": datasets.Value("string"), "id": datasets.Value("int64")})
    given = rows(count)
    columns = {name: [row[name] for row in given] for name in features}
    return datasets.Dataset.from_dict({**columns, "image": [Image.fromarray(pixels) for pixels in columns["image"]]}, features=features)


def twins():
    """Rows of which every fourth says what the one before it says, and that with the next is one batch's both halves."""
    made = dataset(32)
    captions = [caption(n - n % 4 // 3) for n in range(32)]
    return made.remove_columns("caption").add_column("caption", captions)


def trainer(out, *, data=None, views=2, clean=False, policy=POLICY, kind="clip", model=None, **options):
    """A trainer of a tiny model; options go to TrainingArguments, or to the trainer itself."""
    from transformers import TrainingArguments

    given = {name: options.pop(name) for name in ("eval_dataset", "consistency_loss", "data_collator") if name in options}
    made, processor = tiny(kind, [caption(n) for n in range(64)])
    arguments = {
        "remove_unused_columns": False, "use_cpu": True, "report_to": [], "save_strategy": "no", "disable_tqdm": True, "logging_steps": 1,
        "per_device_train_batch_size": 8, "max_steps": 6, "learning_rate": 1e-3, "lr_scheduler_type": "constant", "seed": 0,
    } | options  # fmt: skip
    if arguments.get("dataloader_num_workers"):
        arguments["dataloader_persistent_workers"] = True
    collator = given.pop("data_collator", None) or mm.hf.Collator(graph(policy), processor, views=views, clean=clean)
    return mm.hf.ConsistencyTrainer(
        model=model or made, args=TrainingArguments(output_dir=str(out), **arguments), data_collator=collator,
        train_dataset=dataset() if data is None else data, **given,
    )  # fmt: skip


def train(made, **options) -> dict:
    """What a training came to: its losses with their parts, and a digest of the weights."""
    with contextlib.redirect_stdout(io.StringIO()):
        made.train(**options)
    logs = [{k: v for k, v in log.items() if "loss" in k and "train" not in k} for log in made.state.log_history if "loss" in log]
    model = made.accelerator.unwrap_model(made.model)
    return {"logs": logs, "digest": digest(model), "weights": float(sum(p.detach().double().abs().sum() for p in model.parameters()))}


def digest(model) -> str:
    made = hashlib.blake2b(digest_size=16)
    for name, value in model.state_dict().items():
        made.update(name.encode() + value.detach().contiguous().numpy().tobytes())
    return made.hexdigest()


if __name__ == "__main__":
    from safetensors.torch import save_file

    torch.set_num_threads(1)
    world, out = int(os.environ.get("WORLD_SIZE", "1")), Path(sys.argv[1])
    several = {"ddp_backend": "gloo", "ddp_find_unused_parameters": False} if world > 1 else {}
    held_out = {"eval_dataset": dataset(30), "per_device_eval_batch_size": 4}
    run = trainer(out, per_device_train_batch_size=8 // world, optim="sgd", learning_rate=0.1, data=twins(), **held_out, **several)
    found = train(run)
    found["evaluation"] = {name: value for name, value in run.evaluate().items() if "r@" in name or "rank" in name}
    if run.is_world_process_zero():
        (out / "found.json").write_text(json.dumps(found), encoding="utf-8")
        save_file(run.accelerator.unwrap_model(run.model).state_dict(), out / "weights.safetensors")
