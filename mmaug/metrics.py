"""How well towers pair what belongs together, and what a policy does to that. All on embeddings, float [n, d] of unit length."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

CHUNK = 1024
"""Queries compared at a time, so that memory stays within CHUNK x m."""


def recall_at_k(
    a: Tensor,
    b: Tensor,
    k: Sequence[int] = (1, 5, 10),
    *,
    ids: tuple[Tensor, Tensor] | None = None,
    names: tuple[str, str] = ("image", "text"),
) -> dict[str, float]:
    """The share of queries that find what belongs to them among the k nearest, in both directions, and their median rank.

    a: float [n, d]; b: float [m, d]. ids: int [n] and int [m], equal where two belong together (five captions have the id of one
    picture); by default row i belongs to row i. Gives "image_to_text_r@1", ..., "image_to_text_median_rank", "text_to_image_...", and
    "mean_r@1", the mean over both directions, ...
    Ties are counted as drawing lots would on average, so a model that embeds all alike is at chance. Queries to which nothing belongs are
    left out. Raises: ValueError for shapes that do not fit, or where no query has anything that belongs to it.
    """
    ids = _ids(a, b, ids)
    found: dict[str, float] = {}
    for (query, other), (own, theirs), direction in (
        ((a, b), ids, f"{names[0]}_to_{names[1]}"),
        ((b, a), ids[::-1], f"{names[1]}_to_{names[0]}"),
    ):
        above, ties, tied_own = _places(query, other, own, theirs)
        for top in k:
            found[f"{direction}_r@{top}"] = float(_hits(above, ties, tied_own, top).mean())
        found[f"{direction}_median_rank"] = float((above + (ties + tied_own + 1) / (tied_own + 1)).median())
    for top in k:
        found[f"mean_r@{top}"] = sum(value for name, value in found.items() if name.endswith(f"_r@{top}")) / 2
    return found


def _ids(a: Tensor, b: Tensor, ids: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"embeddings must be [n, d] and [m, d], got {list(a.shape)} and {list(b.shape)}")
    if ids is None:
        if len(a) != len(b):
            raise ValueError(
                f"{len(a)} rows and {len(b)} rows do not belong together one by one; give ids=(ids of the first, of the second)"
            )
        ids = (torch.arange(len(a), device=a.device), torch.arange(len(b), device=b.device))
    if len(ids[0]) != len(a) or len(ids[1]) != len(b):
        raise ValueError(f"ids must be [{len(a)}] and [{len(b)}], got {list(ids[0].shape)} and {list(ids[1].shape)}")
    return ids


def _places(query: Tensor, other: Tensor, own: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each query that has any: how many of the others score above its best own, how many score the same, how many own do."""
    above, ties, tied_own = [], [], []
    for start in range(0, len(query), CHUNK):
        scores = query[start : start + CHUNK].double() @ other.double().T
        belongs = own[start : start + CHUNK, None] == theirs[None, :]
        has = belongs.any(1)
        scores, belongs = scores[has], belongs[has]
        best = scores.masked_fill(~belongs, -math.inf).max(1, keepdim=True).values
        above.append((scores > best).sum(1))
        ties.append(((scores == best) & ~belongs).sum(1))
        tied_own.append(((scores == best) & belongs).sum(1))
    joined = [torch.cat(parts).double() for parts in (above, ties, tied_own)]
    if not len(joined[0]):
        raise ValueError("no query has anything that belongs to it; do the two sets of ids speak of the same things?")
    return joined[0], joined[1], joined[2]


def _hits(above: Tensor, ties: Tensor, tied_own: Tensor, top: int) -> Tensor:
    """The chance that one of the own is among the first `top`, when those of equal score are put in order by lot."""
    left = (top - above).clamp_min(0)
    missed = torch.ones_like(above)
    for place in range(top):  # that none of the own comes at this place, given that none came before
        drawn = (ties - place).clamp_min(0) / (ties + tied_own - place).clamp_min(1)
        missed = torch.where(place < left, missed * drawn, missed)
    return 1 - missed


def zero_shot(images: Tensor, prompts: Tensor, labels: Tensor, k: Sequence[int] = (1, 5)) -> dict[str, float]:
    """Accuracy of naming pictures by the nearest class: "top1", "top5", ...

    images: float [n, d]. prompts: float [classes, templates, d], each class said in several templates, whose mean direction stands for
    it. labels: int [n].
    Source: Radford et al. 2021, "Learning transferable visual models" (CLIP), 3.1.4 (prompt ensembling in embedding space).
    """
    if prompts.ndim != 3 or len(labels) != len(images):
        raise ValueError(
            f"prompts must be [classes, templates, d] and labels [{len(images)}], got {list(prompts.shape)}, {list(labels.shape)}"
        )
    classes = torch.nn.functional.normalize(prompts.mean(1), dim=1)
    scores = images @ classes.T
    order = scores.argsort(dim=1, descending=True, stable=True)
    right = order == labels[:, None]
    return {f"top{top}": float(right[:, :top].any(1).double().mean()) for top in k if top <= len(classes)}


def affinity(clean: tuple[Tensor, Tensor], augmented: tuple[Tensor, Tensor], ids: tuple[Tensor, Tensor] | None = None) -> float:
    """How far a model trained on clean rows still pairs augmented ones: mean R@1 of the augmented pairs over that of the clean pairs.

    About 1 for a policy whose rows look like data, 0 for one that tears pairs apart.
    Source: Gontijo-Lopes et al. 2020, "Affinity and diversity", definition 1, with retrieval in the place of accuracy.
    """
    before = recall_at_k(*clean, (1,), ids=ids)["mean_r@1"]
    return recall_at_k(*augmented, (1,), ids=ids)["mean_r@1"] / max(before, 1e-12)


def diversity(clean: Tensor, augmented: Tensor) -> float:
    """How far augmented rows lie from the clean ones: 1 - mean cosine, in [0, 2]; 0 for the identity.

    Source: after Gontijo-Lopes et al. 2020, "Affinity and diversity", who take the final training loss; this needs no training.
    """
    return float(1 - (clean * augmented).sum(1).mean())


def paired_cosine_change(clean: tuple[Tensor, Tensor], augmented: tuple[Tensor, Tensor]) -> float:
    """The mean cosine of augmented pairs minus that of clean ones: near 0 where pairs stay true, negative where they are torn apart."""
    return float((augmented[0] * augmented[1]).sum(1).mean() - (clean[0] * clean[1]).sum(1).mean())


def sensitivity(images: Tensor, texts: Tensor, negatives: Tensor, of: Tensor, kinds: Sequence[str]) -> Mapping[str, float]:
    """By kind of attribute, how often a picture is nearer to its own text than to one made false of it; 1/2 is chance.

    images, texts: float [n, d]. negatives: float [m, d] made false of rows `of`, int [m], each of a kind ("side", "colour", ...). A model
    that has not learnt an attribute cannot judge a policy that changes it.
    """
    own, theirs = (images * texts).sum(1)[of], (images[of] * negatives).sum(1)
    right = (own > theirs).double() + 0.5 * (own == theirs).double()
    return {kind: float(right[torch.tensor([k == kind for k in kinds])].mean()) for kind in sorted(set(kinds))}
