"""What a trained child is worth: retrieval on rows as they are, and how well it pairs augmented ones."""

from __future__ import annotations

import itertools
from collections.abc import Container, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmaug.child import inputs
from mmaug.child.inputs import RowEncoder, sources_of
from mmaug.child.model import Child
from mmaug.child.rows import Rows, text_of
from mmaug.graph import TransformGraph
from mmaug.losses import contrastive, targets_of
from mmaug.metrics import recall_at_k
from mmaug.neural.words import Asked
from mmaug.schema.columns import Row

TEMPERATURE = 0.1
"""At which losses of different children are compared; their own scales would make them incomparable."""

CHUNK = 256
"""Rows embedded at a time, and rows that one density loss is over."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Rows in the child's space. vectors: by modality float [m, d]. ids: by modality int [m], equal where two belong together."""

    vectors: dict[str, Tensor]
    ids: dict[str, Tensor]


class Eye:
    """A child that looks at rows: fixed weights, no gradients. What it sees comes back to the CPU."""

    def __init__(self, child: Child, encoder: RowEncoder):
        self.child, self.encoder = child, encoder

    def look(
        self, rows: Sequence[Row], only: Container[str] | None = None, asked: Sequence[Asked] = ()
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Unit vectors float [n, d] by modality, and bool [n] which rows have it. only: of the modalities. asked: the networks that the
        vectors of each row's words go through.
        """
        self.child.eval()
        vectors: dict[str, list[Tensor]] = {}
        there: dict[str, list[Tensor]] = {}
        with torch.no_grad():
            for first in range(0, len(rows), CHUNK):
                chunk = rows[first : first + CHUNK]
                given, present = self.encoder(chunk, only)
                for name, made in self.child(given, asked[first : first + CHUNK]).items():
                    vectors.setdefault(name, []).append(made.cpu())
                    there.setdefault(name, []).append(present.get(name, torch.ones(len(chunk), dtype=torch.bool)).cpu())
        return {name: torch.cat(made) for name, made in vectors.items()}, {name: torch.cat(has) for name, has in there.items()}

    def clean(self, rows: Rows) -> Embedded:
        """Every picture and recording once, every caption; those that share a text belong together."""
        vectors, there = self.look([variants[0] for variants in rows.variants], ("image", "audio"))
        texts, said = self.look([row for variants in rows.variants for row in variants], ("text",))
        owner = torch.tensor([number for number, variants in enumerate(rows.variants) for _ in variants])
        groups = torch.from_numpy(rows.groups)
        ids = {name: groups[has] for name, has in there.items()} | {name: groups[owner[has]] for name, has in said.items()}
        has = there | said
        return Embedded({name: made[has[name]] for name, made in (vectors | texts).items()}, ids)

    def augmented(self, rows: Rows, graph: TransformGraph | None, *, view: int = 0) -> Augmented:
        """Every row once, with one of its texts in turn, under a graph."""
        return self.seen(drawn(rows, graph, view=view))

    def seen(self, given: Drawn) -> Augmented:
        """Rows that are augmented already, which several children may look at."""
        vectors, there = self.look(given.rows, asked=given.asked)
        return Augmented(vectors, there, given.sources)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Augmented rows, their sources: int [n], equal where rows say the same, and the networks that their words go through."""

    rows: list[Row]
    sources: Tensor
    asked: list[Asked]


def drawn(rows: Rows, graph: TransformGraph | None, *, view: int = 0) -> Drawn:
    """Every row once, with one of its texts in turn, under a graph."""
    picked = [variants[view % len(variants)] for variants in rows.variants]
    made = inputs.augmented(graph, picked, rows, rows.keys, view=view, progress=1.0)
    texts = [text_of(one.row, rows.schema, rows.seen) for one in made]
    sources = sources_of(texts, rows.groups.tolist(), [one.kept for one in made])
    return Drawn([one.row for one in made], sources, [one.asked for one in made])


@dataclass(frozen=True, eq=False)
class Augmented:
    """Augmented rows in the child's space. vectors, there: by modality float [n, d] and bool [n]. sources: int [n], equal where rows say
    the same.
    """

    vectors: dict[str, Tensor]
    there: dict[str, Tensor]
    sources: Tensor

    def embedded(self) -> Embedded:
        """Each modality without the rows that lack it."""
        return Embedded(
            {name: made[self.there[name]] for name, made in self.vectors.items()},
            {name: self.sources[has] for name, has in self.there.items()},
        )

    def density(self) -> float:
        """The mean loss: symmetric multi-positive InfoNCE at a fixed temperature, every pair of modalities alike, in chunks of rows.

        Source: Lim et al. 2019, "Fast AutoAugment", equation 3, with the loss of pairs in the place of classification.
        """
        losses = []
        for a, b in itertools.combinations(sorted(self.vectors), 2):
            both = (self.there[a] & self.there[b]).nonzero()[:, 0]
            for rows in both.split(CHUNK):
                if len(rows) > 1:
                    loss = contrastive(self.vectors[a][rows], self.vectors[b][rows], 1 / TEMPERATURE, targets_of(self.sources[rows]))
                    losses.append((float(loss), len(rows)))
        return sum(loss * count for loss, count in losses) / max(sum(count for _, count in losses), 1)


def retrieval(embedded: Embedded, k: Sequence[int] = (1, 5)) -> dict[str, float]:
    """Recall by direction ("image_to_text_r@1", ...) and its means over all directions ("mean_r@1", ...)."""
    found: dict[str, float] = {}
    means: dict[int, list[float]] = {top: [] for top in k}
    for a, b in itertools.combinations(sorted(embedded.vectors, key=("image", "text", "audio").index), 2):
        if len(embedded.vectors[a]) and len(embedded.vectors[b]):
            pair = recall_at_k(embedded.vectors[a], embedded.vectors[b], k, ids=(embedded.ids[a], embedded.ids[b]), names=(a, b))
            for top in k:
                means[top].append(pair.pop(f"mean_r@{top}"))
            found.update(pair)
    return {**found, **{f"mean_r@{top}": sum(values) / len(values) for top, values in means.items()}}
