"""Train on shards of WebDataset as they stream in; rows are named by their `__key__`, so workers and restarts change no draw.

    python examples/webdataset_stream.py --model openai/clip-vit-base-patch32 --shards 'photos-{000000..000099}.tar' --steps 10000

Each sample has a picture (`jpg` or `png`) and a caption (`txt`). An epoch is what `--epoch-steps` batches make.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
import webdataset
from transformers import AutoModel, AutoProcessor

import mmaug as mm

SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
POLICY = mm.Policy.schedule(  # plain rows first, then stronger ones
    [
        (0.0, mm.policies.identity()),
        (0.2, mm.policies.rand_augment(n=1, m=0.2, modalities=("image", "text"))),
        (0.6, mm.policies.rand_augment(n=2, m=0.3, modalities=("image", "text"))),
    ]
)


def stream(shards: str) -> webdataset.WebDataset:
    """The samples of some shards as rows, shuffled as they pass."""
    return (
        webdataset.WebDataset(shards, shardshuffle=100, seed=0, empty_check=False)
        .shuffle(1000, seed=0)
        .decode("pil")
        .rename(image="jpg;png", caption="txt")
    )


def main(arguments: Sequence[str] | None = None) -> list[float]:
    """Train; the loss of every step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--shards", required=True)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--epoch-steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args(arguments)

    model, processor = AutoModel.from_pretrained(given.model), AutoProcessor.from_pretrained(given.model)
    wrapped = mm.child.wrap(model, processor)
    objective, optimizer = mm.hf.Objective(wrapped), torch.optim.AdamW(model.parameters(), lr=5e-5)
    collator = mm.hf.Collator(mm.TransformGraph(POLICY, schema=SCHEMA), processor)

    rows = stream(given.shards)
    loader = webdataset.WebLoader(rows, batch_size=given.batch, collate_fn=collator, num_workers=given.workers, drop_last=True)
    losses: list[float] = []
    epochs = -(-given.steps // given.epoch_steps)
    for epoch in range(epochs):
        done = epoch * given.epoch_steps
        collator.clock.set(epoch, done / given.steps, each=1 / given.steps)  # schedules move with every batch
        for batch in loader.with_epoch(min(given.epoch_steps, given.steps - done)):
            parts, _ = objective(model, batch)
            parts["loss"].backward()
            optimizer.step()
            optimizer.zero_grad()
            wrapped.clamp()
            losses.append(parts["loss"].item())
        print(f"epoch {epoch}: loss {losses[-1]:.3f}; {collator.tally.take()}")
    return losses


if __name__ == "__main__":
    main()
