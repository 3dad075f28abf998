"""Batches under the ops that a gradient searcher draws: captions follow through the graph, pictures stay differentiable where ops are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.child.inputs import RowEncoder, preserved
from mmaug.child.rows import Seen, text_of
from mmaug.graph import TransformGraph
from mmaug.modalities.image.batched.magnitudes import apply_op, why_not
from mmaug.plan import Plan, Step
from mmaug.registry import Op, get_op
from mmaug.schema import Schema
from mmaug.schema.columns import Row
from mmaug.search.base.evaluator import Drawn, Stage
from mmaug.search.strengths import drawn_params

SMOOTH = ("geometry", "colour", "balance", "filter")
"""Families of ops on pictures that torch can differentiate (`why_not` says which of them)."""

NUMBERS = 16
"""Uniform numbers that a row has for one op, as a step of a plan has."""


@cache
def is_smooth(name: str) -> bool:
    """Whether gradients reach the strength of an op."""
    op = get_op(name)
    return op.modality == "image" and op.family in SMOOTH and op.has_strength and not why_not(name)


def fields_of(op: Op, seen: Seen, schema: Schema) -> tuple[str, ...]:
    """The fields that an op acts on: of pictures and recordings the one that the child sees."""
    one = {"image": seen.image, "audio": seen.audio}
    return tuple(schema.for_modality("text")) if op.modality == "text" else tuple(filter(None, (one[op.modality],)))


@dataclass(frozen=True, eq=False)
class Acted:
    """Rows after ops. kept: for each op bool [n], on which rows no rule dropped it. same: whether each row kept its meaning. params: for
    each op its parameters, with tensors where gradients go.
    """

    rows: list[Row]
    kept: list[Tensor]
    same: list[bool]
    params: list[dict[str, Any]] = field(default_factory=list)


class Stages:
    """Carries out drawn ops on rows. graph: of the task's schema and rules, whatever its policy."""

    def __init__(self, graph: TransformGraph, encoder: RowEncoder, seen: Seen):
        self.graph, self.encoder, self.seen = graph, encoder, seen

    def act(self, rows: Sequence[Row], drawn: Sequence[Drawn], seed: int, first: int = 0) -> Acted:
        """The rows after ops in turn, through the graph: what would make a row untrue is dropped, captions and boxes follow.

        first: the number of the first op, which its draws follow from.
        """
        ops = [get_op(one.op) for one in drawn]
        params = []
        for number, (op, one) in enumerate(zip(ops, drawn, strict=True), start=first):
            uniforms = np.random.default_rng([seed, number]).random((len(rows), NUMBERS))
            params.append(drawn_params(op, one.magnitude, uniforms))
        outs, kept, same = [], np.zeros((len(drawn), len(rows)), bool), []
        for place, row in enumerate(rows):
            steps, of = [], []
            for number, op in enumerate(ops):
                plain = {name: _plain(values[place]) for name, values in params[number].items()}
                for name in fields_of(op, self.seen, self.graph.schema):
                    steps.append(Step(op.name, name, plain))
                    of.append(number)
            bound = self.graph.resolve(Plan(tuple(steps)), row)
            for number, record in zip(of, bound.trace.steps, strict=True):
                kept[number, place] |= record.applied
            outs.append(self.graph.apply(bound, row))
            same.append(preserved(bound.trace))
        return Acted(outs, [torch.from_numpy(one) for one in kept], same, params)

    def pictures(self, x: Tensor, drawn: Sequence[Drawn], acted: Acted) -> Tensor:
        """Pictures, float [n, 3, h, w] in 0..1, after the ops on pictures, with gradients; what was dropped for a row is left out."""
        for one, kept, params in zip(drawn, acted.kept, acted.params, strict=True):
            if get_op(one.op).modality == "image":
                there = {name: value.to(x.device) if isinstance(value, Tensor) else value for name, value in params.items()}
                x = torch.where(kept.to(x.device)[:, None, None, None], through(one.op, x, there), x)
        return x

    def texts(self, rows: Sequence[Row]) -> list[str]:
        """What the child reads of each row."""
        return [text_of(row, self.encoder.schema, self.seen) for row in rows]


def through(name: str, x: Tensor, params: Mapping[str, Any]) -> Tensor:
    """One op on pictures; where it is not smooth, slopes of what comes after go straight through it, as if it had only added something."""
    if is_smooth(name) or (get_op(name).family in SMOOTH and not why_not(name)):
        return apply_op(name, x, params)
    plain = {key: value.detach() if isinstance(value, Tensor) else value for key, value in params.items()}
    made = apply_op(name, x.detach(), plain)
    return x + (made - x).detach()


def single(stages: Sequence[Stage]) -> list[Drawn] | None:
    """The ops where every stage is one op of weight 1; None where any are mixed."""
    if all(len(stage) == 1 and isinstance(stage[0].weight, (int, float)) and stage[0].weight == 1 for stage in stages):
        return [stage[0] for stage in stages if stage[0].op != "identity"]
    return None


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value
