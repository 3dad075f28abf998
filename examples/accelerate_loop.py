"""A training loop of one's own with accelerate: the collator, the loss and the clock without a Trainer.

    accelerate launch examples/accelerate_loop.py --model openai/clip-vit-base-patch32 --data photos --epochs 3

photos holds pictures and `metadata.jsonl` with `file_name` and `caption`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader
from transformers import AutoModel, AutoProcessor

import mmaug as mm
from mmaug.io.folder import Folder


def main(arguments: Sequence[str] | None = None) -> list[float]:
    """Train; the loss of every step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    given = parser.parse_args(arguments)

    accelerator = Accelerator()
    model, processor = AutoModel.from_pretrained(given.model), AutoProcessor.from_pretrained(given.model)
    wrapped = mm.child.wrap(model, processor)
    objective = mm.hf.Objective(wrapped)

    folder = Folder(given.data)
    rows = [{**row, "__key__": key} for key, row in map(folder.load, range(len(folder)))]
    graph = mm.TransformGraph(mm.policies.rand_augment(modalities=("image", "text")), schema=folder.schema())
    collator = mm.hf.Collator(graph, processor, views=2)
    loader = DataLoader(
        rows,
        given.batch,
        shuffle=True,
        drop_last=True,
        collate_fn=collator,
        num_workers=given.workers,
        persistent_workers=given.workers > 0,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=given.learning_rate)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)

    losses = []
    for epoch in range(given.epochs):
        collator.clock.set(epoch, epoch / given.epochs)  # before the loader starts on the epoch: its workers see it
        for batch in loader:
            parts, _ = objective(model, batch)  # one forward for all views; over the rows of all processes
            accelerator.backward(parts["loss"])
            optimizer.step()
            optimizer.zero_grad()
            wrapped.clamp()
            losses.append(parts["loss"].item())
        fired = ", ".join(f"{name} {share:.0%}" for name, share in collator.tally.take().items())
        accelerator.print(f"epoch {epoch}: loss {losses[-1]:.3f}; {fired}")
    return losses


if __name__ == "__main__":
    main()
