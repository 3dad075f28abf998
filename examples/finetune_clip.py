"""HuggingFace's contrastive image-text script with captions that stay true: what mmaug changes is marked.

    python examples/finetune_clip.py --model_name_or_path openai/clip-vit-base-patch32 --data_dir photos --output_dir runs/clip \\
        --policy rand_augment --views 2 --per_device_train_batch_size 64 --dataloader_num_workers 4 --num_train_epochs 3
    torchrun --nproc-per-node 8 examples/finetune_clip.py ...        # the loss is over the batch of all processes

photos holds pictures and `metadata.jsonl` with `file_name` and the caption column (a string, or a list of several). Works for SigLIP and
VisionTextDualEncoder checkpoints too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets import load_dataset
from transformers import AutoModel, AutoProcessor, HfArgumentParser, TrainingArguments

import mmaug as mm


@dataclass
class Arguments:
    """What the script is told besides TrainingArguments."""

    model_name_or_path: str
    data_dir: str
    image_column: str = "image"
    caption_column: str = "caption"
    validation_share: float = 0.1
    cache_dir: str | None = None
    policy: str = "rand_augment"
    """A file that `Policy.save` wrote, a folder or a name on the Hub, or the name of one of `mm.policies`."""
    views: int = 1


def policy_of(name: str) -> mm.Policy:
    """A policy by name, file, or from the Hub."""
    if name in mm.policies.NAMED:
        return mm.policies.named(name, ("image", "text"))
    return mm.Policy.load(name) if Path(name).is_file() else mm.Policy.from_pretrained(name)


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Train, evaluate, save; the metrics of the evaluation."""
    parser = HfArgumentParser((Arguments, TrainingArguments))  # type: ignore[arg-type]
    given, training = parser.parse_args_into_dataclasses(list(arguments or sys.argv[1:]))
    training.remove_unused_columns = False  # mmaug: the collator reads raw rows

    splits = load_dataset("imagefolder", data_dir=given.data_dir, split="train", cache_dir=given.cache_dir)
    splits = splits.train_test_split(test_size=given.validation_share, seed=training.seed)
    model = AutoModel.from_pretrained(given.model_name_or_path)
    processor = AutoProcessor.from_pretrained(given.model_name_or_path)

    # mmaug: no tokenisation ahead of time and no transform: captions change with the pictures, so both are processed in the collator
    schema = mm.Schema(image=mm.Image(column=given.image_column), caption=mm.Caption(of="image", column=given.caption_column))
    graph = mm.TransformGraph(policy_of(given.policy), schema=schema, seed=training.seed)
    train = splits["train"].add_column("row_key", range(len(splits["train"])))
    collator = mm.hf.Collator(graph, processor, views=given.views)

    trainer = mm.hf.ConsistencyTrainer(  # mmaug: in the place of Trainer
        model=model,
        args=training,
        data_collator=collator,
        train_dataset=train,
        eval_dataset=splits["test"],
        processing_class=processor,
    )
    trainer.train()
    trainer.save_model()
    graph.policy.save_pretrained(Path(training.output_dir) / "policy")
    metrics = trainer.evaluate()
    trainer.log_metrics("eval", metrics)
    return metrics


if __name__ == "__main__":
    main()
