"""Retrieval metrics of an evaluation: what `Trainer` gathered of the held-out rows, with all their captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.child.rows import groups_of
from mmaug.metrics import recall_at_k

MISSING_ID = -1
"""Of a row that lacks the modality; anything below 1 counts as that, also what Trainer pads with."""


def gathered(embeddings: dict[str, Tensor], about: dict[str, Tensor], other: str) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """A batch row by row, as Trainer can gather it: (float [n, d] of the other modality, float [n, k, d] of the texts), int64 [n, 1 + k].

    k is how many captions a row has at most; the numbers are the row's own (0 where it lacks the other modality), then those of its texts.
    """
    rows, of = len(about["rows"]), about["of"]
    counts = torch.bincount(of, minlength=rows)
    place = torch.arange(len(of), device=of.device) - (counts.cumsum(0) - counts)[of]
    most = int(counts.max())
    vectors = embeddings["text"].new_zeros(rows, most, embeddings["text"].shape[-1])
    vectors[of, place] = embeddings["text"]
    ids = torch.full((rows, 1 + most), MISSING_ID, dtype=torch.int64, device=of.device)
    ids[:, 0] = torch.where(about[f"has_{other}"], about["rows"], 0)
    ids[of, 1 + place] = about["texts"]
    return (embeddings[other], vectors), ids


def plain_gathered(embeddings: dict[str, Tensor], other: str, token_ids: Tensor | None) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """The same for a batch of another collator: one text a row, told by its tokens."""
    rows = len(embeddings[other])
    told = range(1, rows + 1) if token_ids is None else [1 + abs(hash(tuple(row))) % (2**62) for row in token_ids.tolist()]
    ids = torch.tensor([[1, number] for number in told], device=embeddings[other].device)
    return (embeddings[other], embeddings["text"][:, None]), ids


def retrieval(prediction: Any, other: str, k: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """Recall at k in both directions, mean recall and median ranks of what `gathered` gave, by `mmaug.metrics.recall_at_k`.

    prediction: an `EvalPrediction`. Rows that share a caption belong together; a query to which several belong finds any of them. Empty
    where no row has both.
    """
    (vectors, texts), ids = prediction.predictions, np.asarray(prediction.label_ids)
    has, said = ids[:, 0] > 0, ids[:, 1:] > 0
    if not (has & said.any(1)).any():
        return {}
    groups = groups_of([[str(text) for text in row[row > 0]] for row in ids[:, 1:]])
    owner = np.broadcast_to(groups[:, None], said.shape)[said]
    return recall_at_k(
        torch.from_numpy(vectors[has]).float(),
        torch.from_numpy(texts[:, : said.shape[1]][said]).float(),
        k,
        ids=(torch.from_numpy(groups[has]), torch.from_numpy(owner.copy())),
        names=(other, "text"),
    )
