"""Fine-tune CLAP on recordings with captions, both directions, with sound that changes and captions that stay true.

    python examples/finetune_clap.py --model laion/clap-htsat-unfused --data sounds --output runs/clap --epochs 5

sounds holds recordings and `metadata.jsonl` with `file_name` and `caption`. They are read with soundfile: no torchcodec, no FFmpeg. (The
loss of transformers' own ClapModel trains text to audio only; here both are trained.)
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset, Subset
from transformers import AutoModel, AutoProcessor, TrainingArguments

import mmaug as mm
from mmaug.io.folder import Folder

POLICY = mm.Policy.sequence(
    mm.op("audio.gain", db=(-9, 3), p=0.8),
    mm.op("audio.time_shift", strength=0.3, p=0.5),
    mm.op("audio.pitch_shift", strength=0.2, p=0.5),  # "a deep voice" does not get high
    mm.op("audio.colored_noise", strength=0.2, p=0.3),  # "silence" does not get noisy
)


class Sounds(Dataset):
    """The rows of a folder, with their names as keys."""

    def __init__(self, path: str):
        self.folder = Folder(path)

    def __len__(self) -> int:
        return len(self.folder)

    def __getitem__(self, number: int) -> dict[str, Any]:
        key, row = self.folder.load(number)
        return {**row, "__key__": key}


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Train and evaluate; the metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--model", "--data", "--output"):
        parser.add_argument(name, required=True)
    parser.add_argument("--epochs", type=float, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args(arguments)

    rows = Sounds(given.data)
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    held_out = max(len(rows) // 10, 2)
    model, processor = AutoModel.from_pretrained(given.model), AutoProcessor.from_pretrained(given.model)
    graph = mm.TransformGraph(POLICY, schema=rows.folder.schema())
    trainer = mm.hf.ConsistencyTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=given.output,
            remove_unused_columns=False,
            num_train_epochs=given.epochs,
            per_device_train_batch_size=given.batch,
            dataloader_num_workers=given.workers,
            dataloader_drop_last=True,
            learning_rate=5e-5,
            logging_steps=10,
            report_to=[],
        ),
        data_collator=mm.hf.Collator(graph, processor),
        train_dataset=Subset(rows, order[held_out:]),
        eval_dataset=Subset(rows, order[:held_out]),
        processing_class=processor,
    )
    trainer.train()
    trainer.save_model()
    return trainer.evaluate()


if __name__ == "__main__":
    print(main())
