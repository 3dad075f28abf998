"""The child's losses as functions of its weights and of an augmentation, for searchers that follow gradients."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from mmaug import rng
from mmaug.child.inputs import Batches, sources_of
from mmaug.child.model import EMBEDDED, LARGEST_SCALE
from mmaug.child.scoring import TEMPERATURE, Eye, retrieval
from mmaug.child.staged import Acted, Stages, is_smooth, single
from mmaug.errors import ConflictError
from mmaug.graph import TransformGraph
from mmaug.losses import Batch, CrossModalConsistency, Weights, contrastive, targets_of
from mmaug.policy import Policy
from mmaug.schema.columns import Row
from mmaug.search.base.evaluator import Cost, Drawn, Evaluation, Stage

if TYPE_CHECKING:
    from mmaug.child.task import ChildTask

ASKED = 64
"""Rows by which it is told on how many a policy runs."""


@dataclass(frozen=True, eq=False)
class RowBatch:
    """Rows that go together. groups: equal where rows share a text. valid: whether they are held out."""

    rows: tuple[Row, ...]
    groups: tuple[int, ...]
    valid: bool


class ChildBilevel:
    """`Bilevel` of a `ChildTask`; `task.bilevel(seed)` makes it.

    The training loss is the recipe's; the held-out loss is symmetric multi-positive InfoNCE of rows as they are, at a fixed temperature,
    so that it cannot be won by the scale. A batch under single ops goes through the graph as a plan does. Where ops are mixed by weights,
    each goes through the graph by itself: pictures are mixed stage by stage, log-mel pictures and the vectors of texts are the row's own
    plus what each op changes, times its weight. Which rows belong together is then read from their texts as they are.
    """

    def __init__(self, task: ChildTask, seed: int = 0):
        self.task, self.seed = task, rng.derive(task.seed, seed, 0)
        self.child = task.child(self.seed).eval()
        recipe = task.recipe
        graph = TransformGraph(Policy.sequence(), schema=task.schema, on_conflict=task.on_conflict, rules=task.rules)
        self.stages = Stages(graph, task.encoder, task.train.seen)
        self.loss_of = CrossModalConsistency(Weights(**recipe.weights), recipe.pairing, across=False)
        self._batches = {
            split: Batches(rows, task.encoder, batch=recipe.batch, views=1, clean=False, seed=rng.derive(self.seed, split))
            for split, rows in (("train", task.train), ("valid", task.valid))
        }
        self._rows = {"train": task.train, "valid": task.valid}

    def parameters(self) -> dict[str, Tensor]:
        """The child's initial weights by name; the same seed, the same weights."""
        return {name: value.detach().clone() for name, value in self.child.named_parameters()}

    def batch(self, split: str, number: int) -> RowBatch:
        """Batch `number` of "train" or "valid"."""
        batches, rows = self._batches[split], self._rows[split]
        groups = tuple(int(rows.groups[i]) for i in batches.numbers(number).tolist())
        return RowBatch(tuple(batches.picked(number)), groups, split == "valid")

    def differentiable(self, op: str) -> bool:
        """Whether gradients reach the op's strength: ops on pictures that torch can differentiate."""
        return is_smooth(op)

    def loss(self, parameters: Mapping[str, Tensor], batch: RowBatch, stages: Sequence[Stage] = (), seed: int = 0) -> Tensor:
        """The mean loss of a batch after the stages."""
        drawn = single(stages)
        with _differentiable_twice():
            if drawn is not None:
                acted = self.stages.act(batch.rows, drawn, seed)
                given, told = self._given(batch, drawn, acted)
                vectors = functional_call(self.child, dict(parameters), (given,))
            else:
                vectors, told = self._mixed(parameters, batch, stages, seed)
        if batch.valid and not stages:
            return torch.stack([*_held_out(vectors, told)]).mean()
        scale = parameters["logit_scale"].clamp(0.0, LARGEST_SCALE).exp()
        return self.loss_of(vectors, scale, parameters["logit_bias"], told)["loss"]

    def score(self, parameters: Mapping[str, Tensor]) -> Evaluation:
        """Held-out mean R@1 of a child with these weights."""
        child = self.task.child(self.seed)
        with torch.no_grad():
            for name, value in child.named_parameters():
                value.copy_(parameters[name])
        found = retrieval(Eye(child, self.task.encoder).clean(self.task.valid))
        return Evaluation(found["mean_r@1"], found, Cost(evaluations=1), seed=self.seed)

    # -- single ops ----------------------------------------------------------------------------------------------------------------------

    def _given(self, batch: RowBatch, drawn: Sequence[Drawn], acted: Acted) -> tuple[dict[str, Tensor], Batch]:
        given, present = self.task.encoder(acted.rows)
        if any(isinstance(one.magnitude, Tensor) and one.magnitude.requires_grad for one in drawn):
            clean, _ = self.task.encoder(batch.rows, ("image",))
            given["image"] = 2 * self.stages.pictures(_to_unit(clean["image"]), drawn, acted) - 1
        sources = sources_of(self.stages.texts(acted.rows), batch.groups, acted.same)
        return given, Batch(sources=sources, preserved=torch.tensor(acted.same), present=present).to(self.task.device)

    # -- mixed ops -----------------------------------------------------------------------------------------------------------------------

    def _mixed(self, parameters: Mapping[str, Tensor], batch: RowBatch, stages: Sequence[Stage], seed: int) -> tuple[Any, Batch]:
        """Vectors of a batch whose stages mix ops by weights."""
        clean, present = self.task.encoder(batch.rows)
        pictures = _to_unit(clean["image"]) if "image" in clean else None
        mels, readings, number = clean.get("audio"), [(1.0, self.stages.texts(batch.rows))], 0
        for stage in stages:
            mix = torch.zeros_like(pictures) if pictures is not None else None
            for one in stage:
                acted = self.stages.act(batch.rows, [one], seed, number) if one.op != "identity" else None
                number += 1
                if mix is not None and pictures is not None:
                    mix = mix + one.weight * (pictures if acted is None else self.stages.pictures(pictures, [one], acted))
                if acted is None:
                    continue
                if mels is not None and acted.rows is not batch.rows:
                    mels = mels + one.weight * (self.task.encoder(acted.rows, ("audio",))[0]["audio"] - clean["audio"])
                readings.append((one.weight, self.stages.texts(acted.rows)))
            pictures = mix if mix is not None else pictures
        given = {"image": None if pictures is None else 2 * pictures - 1, "audio": mels}
        seen = {name: value for name, value in given.items() if value is not None}
        vectors = functional_call(self.child, dict(parameters), (seen,))
        if "text" in clean:
            vectors["text"] = self._read(parameters, readings)
        sources = sources_of(readings[0][1], batch.groups, [True] * len(batch.rows))
        return vectors, Batch(sources=sources, present=present).to(self.task.device)

    def _read(self, parameters: Mapping[str, Tensor], readings: Sequence[tuple[Any, list[str]]]) -> Tensor:
        """Unit vectors of texts that are said with weights: those of the first, plus what each other one changes, times its weight."""
        distinct = list(dict.fromkeys(text for _, texts in readings for text in texts))
        number = {text: place for place, text in enumerate(distinct)}
        vectors = functional_call(self.child, dict(parameters), ({"text": self.task.encoder.tokens(distinct)},))["text"]

        def said(texts: Sequence[str]) -> Tensor:
            return vectors[torch.tensor([number[text] for text in texts], device=vectors.device)]

        own = said(readings[0][1])
        total = own
        for weight, texts in readings[1:]:
            if texts != readings[0][1]:
                total = total + weight * (said(texts) - own)
        return F.normalize(total, dim=1)

    # -- networks that augment -----------------------------------------------------------------------------------------------------------

    def tensors(self, parameters: Mapping[str, Tensor], batch: RowBatch) -> dict[str, Tensor]:
        """Pictures in 0..1, log-mel pictures in -1..1, and the vectors of the words of texts, for networks that augment."""
        given, _ = self.task.encoder(batch.rows)
        if "image" in given:
            given["image"] = _to_unit(given["image"])
        if "text" in given:
            given["text"] = F.embedding(given["text"], parameters[EMBEDDED])
        return given

    def hears(self) -> dict[str, int]:
        """What log-mel pictures are of: samples a second, bands, frames, and samples from one frame to the next."""
        return asdict(self.task.encoder.mels.hears)

    def runs(self, policy: Policy) -> float:
        """The share of training rows that have what a policy changes on which all of its ops run: of up to `ASKED` rows, spread over all.

        0 where one refusal would end a training, and there is one.
        """
        graph, rows, ran = self.task.graph(policy, self.seed), self._rows["train"], list[bool]()
        if graph is None:
            return 1.0
        for place in sorted({int(place) for place in np.linspace(0, len(rows) - 1, ASKED)}):
            try:
                trace = graph.resolve(graph.plan(key=rows.keys[place]), rows.variants[place][0]).trace
            except ConflictError:  # of on_conflict="raise"
                return 0.0
            if due := [record for record in trace.steps if record.dropped is None or record.dropped.rule != "missing"]:
                ran.append(all(record.dropped is None for record in due))
        return sum(ran) / len(ran) if ran else 1.0

    def losses(self, parameters: Mapping[str, Tensor], batch: RowBatch, tensors: Mapping[str, Tensor]) -> Tensor:
        """The symmetric multi-positive InfoNCE of each row at a fixed temperature, the mean over pairs of modalities: [n]."""
        given, present = self.task.encoder(batch.rows)
        seen = {**given, **{name: 2 * value - 1 if name == "image" else value for name, value in tensors.items() if name != "text"}}
        with _differentiable_twice(), self._instead_of_words(tensors.get("text")):
            vectors = functional_call(self.child, dict(parameters), (seen,))
        same = targets_of(sources_of(self.stages.texts(batch.rows), batch.groups, [True] * len(batch.rows)).to(self.task.device))
        rows = []
        for a, b in itertools.combinations(sorted(vectors), 2):
            both = torch.ones(len(batch.rows), dtype=torch.bool, device=same.device)
            for name in (a, b):
                both = both & present.get(name, both)
            for one, two in ((vectors[a], vectors[b]), (vectors[b], vectors[a])):
                shares = same * both
                logs = (one @ two.T / TEMPERATURE).masked_fill(~both, -1e9).log_softmax(1)
                rows.append(-(shares / shares.sum(1, keepdim=True).clamp_min(1e-12) * logs).sum(1) * both)
        return torch.stack(rows).mean(0)

    @contextmanager
    def _instead_of_words(self, embedded: Tensor | None) -> Iterator[None]:
        """The text tower takes these vectors in the place of its own of the words."""
        if embedded is None:
            yield
            return
        hook = self.child.words.register_forward_hook(lambda module, args, output: embedded)
        try:
            yield
        finally:
            hook.remove()


def _held_out(vectors: Mapping[str, Tensor], told: Batch) -> Iterator[Tensor]:
    """The loss of each pair of modalities at a fixed temperature."""
    assert told.sources is not None
    for a, b in itertools.combinations(sorted(vectors), 2):
        there = torch.ones(len(told.sources), dtype=torch.bool, device=vectors[a].device)
        for name in (a, b):
            there = there & told.present.get(name, there)
        yield contrastive(vectors[a][there], vectors[b][there], 1 / TEMPERATURE, targets_of(told.sources[there]))  # type: ignore[reportArgumentType]


def _to_unit(pixels: Tensor) -> Tensor:
    return (pixels + 1) / 2


@contextmanager
def _differentiable_twice() -> Iterator[None]:
    """Attention in plain steps: its fast kernels have no second derivative."""
    with sdpa_kernel(SDPBackend.MATH):
        yield
