"""What augmentation costs a training step: `Trainer` with two loader workers, the same batches with and without it.

Run: python benchmarks/trainer.py [--batch 64] [--steps 12] [--rounds 3] [--side 224] [--workers 2]

JPEG pictures in a HuggingFace data set; a CLIP model of 1.3 million weights on one thread, so that the workers have the other cores. A run
is some steps of one variant; variants take turns, and the median step of all runs counts, after the first steps of each. "worker CPU" is
what the collator takes for a batch of decoded rows.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from typing import Any

import cv2
import datasets
import numpy as np
import torch
import transformers
from PIL import Image
from rich.console import Console
from rich.table import Table
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, Trainer, TrainerCallback, TrainingArguments

import mmaug as mm
from mmaug.child.tokenizer import BOS, EOS, PAD, build_tokenizer

SKIPPED = 3
"""Steps of a run that do not count: workers start, batches pile up."""

COLOURS = {"red": (220, 30, 30), "blue": (40, 60, 220), "green": (30, 160, 60), "yellow": (230, 220, 40)}


def rows(count: int, side: int) -> datasets.Dataset:
    """JPEG pictures with captions."""
    draws = np.random.default_rng(0)
    pictures, captions = [], []
    for number in range(count):
        ground = cv2.resize(draws.integers(60, 200, (12, 12, 3), dtype=np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
        name, left = list(COLOURS)[number % 4], number // 4 % 2 == 0
        x = side // 4 if left else 3 * side // 4
        cv2.circle(ground, (x, side // 2), side // 6, COLOURS[name], -1)
        data = io.BytesIO()
        Image.fromarray(ground).save(data, "JPEG", quality=90)
        pictures.append({"bytes": data.getvalue(), "path": None})
        captions.append(f"a {name} ball on the {'left' if left else 'right'}")
    columns = {"image": pictures, "caption": captions, "row_key": list(range(count))}
    return datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())


def model_and_processor(captions: list[str]) -> tuple[Any, Any]:
    """A CLIP model for pictures of 64 x 64."""
    tokenizer = build_tokenizer(captions)
    tokenizer.model_max_length = 24
    towers = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 3, "num_attention_heads": 4}
    special = {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD}
    text = {**towers, **special, "vocab_size": len(tokenizer), "max_position_embeddings": 24}
    config = CLIPConfig(text_config=text, vision_config={**towers, "image_size": 64, "patch_size": 8}, projection_dim=128)
    size = {"height": 64, "width": 64}
    return CLIPModel(config), CLIPProcessor(CLIPImageProcessor(size={"shortest_edge": 64}, crop_size=size), tokenizer)


class Steps(TrainerCallback):
    """How long each step took, and the waiting for its batch."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *given: Any, **more: Any) -> None:
        self.ends.append(time.perf_counter())

    def seconds(self) -> list[float]:
        return [later - sooner for sooner, later in zip(self.ends[SKIPPED:], self.ends[SKIPPED + 1 :], strict=False)]


def collator_seconds(data: datasets.Dataset, policy: mm.Policy, given: argparse.Namespace) -> float:
    """CPU seconds of the collator for a batch, of rows that are decoded already; the median of a few."""
    _, processor = model_and_processor(data["caption"][:])
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    collator, batch, seconds = mm.hf.Collator(mm.TransformGraph(policy, schema=schema), processor), data[: given.batch], []
    rows = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
    for number in range(9):
        collator.clock.set(number)
        start = time.process_time()
        collator(rows)
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def step_seconds(data: datasets.Dataset, policy: mm.Policy | None, given: argparse.Namespace) -> list[float]:
    """The steps of one run. policy: None is a collator without mmaug, and HuggingFace's own loss."""
    model, processor = model_and_processor(data["caption"][:])

    def plain(batch: list[dict[str, Any]]) -> dict[str, Any]:
        texts, pictures = [row["caption"] for row in batch], [row["image"] for row in batch]
        return {**processor(text=texts, images=pictures, padding=True, truncation=True, return_tensors="pt"), "return_loss": True}

    with tempfile.TemporaryDirectory() as out:
        arguments = TrainingArguments(
            output_dir=out, max_steps=given.steps + SKIPPED + 1, per_device_train_batch_size=given.batch, remove_unused_columns=False,
            dataloader_num_workers=given.workers, dataloader_persistent_workers=given.workers > 0, use_cpu=True, report_to=[],
            save_strategy="no", disable_tqdm=True, logging_strategy="no", dataloader_pin_memory=False,
        )  # fmt: skip
        steps = Steps()
        options: dict[str, Any] = {"model": model, "args": arguments, "train_dataset": data, "callbacks": [steps]}
        if policy is None:
            Trainer(data_collator=plain, **options).train()
        else:
            schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
            collator = mm.hf.Collator(mm.TransformGraph(policy, schema=schema), processor)
            mm.hf.ConsistencyTrainer(data_collator=collator, **options).train()
        return steps.seconds()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("--batch", 64), ("--steps", 12), ("--rounds", 3), ("--side", 224), ("--workers", 2)):
        parser.add_argument(name, type=int, default=value)
    given = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    data = rows(given.batch * 8, given.side)
    variants: dict[str, mm.Policy | None] = {
        "Trainer, no mmaug": None,
        "ConsistencyTrainer, no ops": mm.policies.identity(),
        "ConsistencyTrainer, rand_augment": mm.policies.rand_augment(modalities=("image", "text")),
    }
    found: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(given.rounds):
        for name, policy in variants.items():
            found[name] += step_seconds(data, policy, given)
    medians = {name: statistics.median(seconds) for name, seconds in found.items()}
    base = medians["Trainer, no mmaug"]
    title = f"A training step: {given.batch} JPEG of {given.side} px, {given.workers} workers"
    table = Table("variant", "ms a step, median", "without mmaug = 1", "worker CPU ms", title=title)
    for name, seconds in medians.items():
        policy = variants[name]
        own = "" if policy is None else f"{collator_seconds(data, policy, given) * 1e3:.0f}"
        table.add_row(name, f"{seconds * 1e3:.0f}", f"{seconds / base:.3f}", own)
    Console().print(table)


if __name__ == "__main__":
    main()
