"""Rows as tensors: what a child sees of a batch, and what its loss is told of it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from mmaug.child.asking import asked
from mmaug.child.config import ChildConfig, ChildError
from mmaug.child.rows import Rows, text_of
from mmaug.child.sound import LogMel
from mmaug.child.tokenizer import TextEncoder
from mmaug.graph import TransformGraph
from mmaug.losses import Batch
from mmaug.neural.words import Asked
from mmaug.registry import OPS
from mmaug.schema import MISSING
from mmaug.schema.columns import Row
from mmaug.trace import Mixed, Trace


@dataclass(frozen=True, eq=False)
class Inputs:
    """A batch for `Child`. given: by modality, as `Child.forward` takes it. present: by modality bool [n], only where a row lacks it.
    batch: the same and the rest for the loss. keys: of the rows, for messages. asked: the networks that the words of each row go through.
    """

    given: Mapping[str, Tensor]
    batch: Batch
    keys: tuple[Any, ...] = ()
    present: Mapping[str, Tensor] = field(default_factory=dict)
    asked: tuple[Asked, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.given.values())))


class RowEncoder:
    """Makes tensors of rows that `prepare` made ready, augmented or not.

    seconds: how much of a recording is heard. device: where the tensors are put.
    """

    def __init__(self, config: ChildConfig, tokenizer: Any, rows: Rows, seconds: float, device: str = "cpu"):
        self.device = device
        self.config, self.schema, self.seen = config, rows.schema, rows.seen
        self.texts = TextEncoder(tokenizer, config.context)
        self.mels = LogMel(config, seconds)

    def __call__(self, rows: Sequence[Row], only: Container[str] | None = None) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The tensors by modality, and for each modality that some rows lack, bool [n] which have it. only: of the modalities.

        Raises: ChildError for no rows.
        """
        if not rows:
            raise ChildError("a batch must hold at least one row, got none; is the data set empty?")
        given: dict[str, Tensor] = {}
        present: dict[str, Tensor] = {}
        for name in self.seen.modalities:
            if only is None or name in only:
                made, has = getattr(self, f"_{name}")(rows)
                given[name] = made.to(self.device)
                if not all(has):
                    present[name] = torch.tensor(has).to(self.device)
        return given, present

    def _image(self, rows: Sequence[Row]) -> tuple[Tensor, list[bool]]:
        pictures = [self.schema.value(str(self.seen.image), row) for row in rows]
        return self.pixels(pictures), [picture is not MISSING for picture in pictures]

    def _text(self, rows: Sequence[Row]) -> tuple[Tensor, list[bool]]:
        texts = [text_of(row, self.schema, self.seen) for row in rows]
        return self.tokens(texts), [bool(text.strip()) for text in texts]

    def _audio(self, rows: Sequence[Row]) -> tuple[Tensor, list[bool]]:
        clips = [self.schema.value(str(self.seen.audio), row) for row in rows]
        return self.mels([None if clip is MISSING else clip.samples for clip in clips]), [clip is not MISSING for clip in clips]

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """Texts to int64 [n, length]."""
        return self.texts(texts).to(self.device)

    def pixels(self, pictures: Sequence[Any]) -> Tensor:
        """uint8 [h, w, 3] each, or MISSING, to float [n, 3, s, s] in [-1, 1]."""
        side = self.config.image_size
        stack = np.zeros((len(pictures), side, side, 3), np.uint8)
        for place, picture in zip(stack, pictures, strict=True):
            if picture is not MISSING:
                fits = picture.shape[:2] == (side, side)
                place[...] = picture if fits else cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        return torch.from_numpy(stack).permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format).div_(127.5).sub_(1.0)


def preserved(trace: Trace) -> bool:
    """Whether a row still means what it did: no rule had to change a text; wording ops may have."""
    return all(by in OPS for edit in trace.edits for by in edit.by)


def sources_of(texts: Sequence[str], groups: Sequence[int], kept: Sequence[bool]) -> Tensor:
    """Which rows of a batch belong together: int [n], equal for rows that say the same and, where they kept their meaning, for rows of one
    group; "" says nothing.
    """
    first: dict[Any, int] = {}
    parents = list(range(len(texts)))

    def top(row: int) -> int:
        while parents[row] != row:
            row = parents[row]
        return row

    for row, (text, group, same) in enumerate(zip(texts, groups, kept, strict=True)):
        said = " ".join(text.lower().split())
        for name in ([said] if said else []) + ([int(group)] if same else []):
            a, b = top(first.setdefault(name, row)), top(row)
            parents[max(a, b)] = min(a, b)
    return torch.tensor([top(row) for row in range(len(texts))])


class Batches:
    """The batches of a training run: which rows, in which words, under which draws; all a function of (seed, number).

    rows: made ready. batch: rows a step; all of them where there are fewer. Epochs are shuffled; the rest of one that fills no batch is
    left out.
    """

    def __init__(self, rows: Rows, encoder: RowEncoder, *, batch: int, views: int, clean: bool, seed: int):
        self.rows, self.encoder, self.views, self.clean, self.seed = rows, encoder, views, clean, seed
        self.size = min(batch, len(rows))
        self.per_epoch = len(rows) // self.size

    def epoch(self, number: int) -> int:
        """The epoch of batch `number`."""
        return number // self.per_epoch

    def numbers(self, number: int) -> np.ndarray:
        """The rows of batch `number`."""
        order = np.random.default_rng([self.seed, 1, self.epoch(number)]).permutation(len(self.rows))
        first = number % self.per_epoch * self.size
        return order[first : first + self.size]

    def picked(self, number: int) -> list[Row]:
        """The rows of batch `number`, each with one of its texts."""
        draws = np.random.default_rng([self.seed, 2, self.epoch(number)]).random(len(self.rows))
        return [self.rows.variants[i][int(draws[i] * len(self.rows.variants[i]))] for i in self.numbers(number).tolist()]

    def inputs(self, number: int, graph: TransformGraph | None, progress: float) -> Inputs:
        """Batch `number`, augmented; without a graph as the rows are."""
        plain, numbers = self.picked(number), self.numbers(number).tolist()
        keys = [self.rows.keys[i] for i in numbers]
        views = [augmented(None, plain, self.rows, keys)] if self.clean else []
        for view in range(self.views):
            views.append(augmented(graph, plain, self.rows, keys, epoch=self.epoch(number), view=view, progress=progress))
        made = [one for view in views for one in view]
        return together(self.encoder, made, self.rows.groups[numbers].tolist(), len(views), self.clean, tuple(keys))


@dataclass(frozen=True, slots=True)
class Made:
    """A row under a graph. kept: whether its meaning was. mixed: what was mixed into it. asked: the networks its words go through."""

    row: Row
    kept: bool = True
    mixed: Mixed | None = None
    asked: Asked = ()


def augmented(
    graph: TransformGraph | None,
    rows: Sequence[Row],
    among: Rows,
    keys: Sequence[Any],
    *,
    epoch: int = 0,
    view: int = 0,
    progress: float = 0.0,
) -> list[Made]:
    """The rows under a graph; None leaves them as they are. among: the rows that others may be mixed in from."""
    if graph is None:
        return [Made(row) for row in rows]
    partners = among.partners if graph.mixes else None
    made = graph.run_batch(rows, keys=keys, epoch=epoch, view=view, progress=progress, partners=partners)
    read = among.seen.texts
    return [Made(row, preserved(trace) and trace.mixed is None, trace.mixed, asked(trace, read)) for row, trace in made]


def together(encoder: RowEncoder, made: Sequence[Made], groups: Sequence[int], views: int, clean: bool, keys: tuple[Any, ...]) -> Inputs:
    """Rows laid out view by view, as a batch."""
    given, present = encoder([one.row for one in made])
    texts = [text_of(one.row, encoder.schema, encoder.seen) for one in made]
    kept = [one.kept for one in made]
    own = sources_of(texts, [*groups] * views, kept)
    sources, weights = _shared(own, made, keys * views, tuple(given)) if any(one.mixed for one in made) else (own, None)
    batch = Batch(views=views, clean=clean and views > 1, sources=sources, weights=weights, preserved=torch.tensor(kept), present=present)
    return Inputs(given, batch.to(encoder.device), keys, present, tuple(one.asked for one in made))


def _shared(
    own: Tensor, made: Sequence[Made], keys: Sequence[Any], modalities: Sequence[str]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """By modality whose each row is, int [n, 2], and how much, float [n, 2]: its own source's and its partner's."""
    numbers = {key: int(number) for key, number in zip(keys, own, strict=True)}
    theirs = [
        int(number) if one.mixed is None else numbers.get(one.mixed.partner, len(made) + place)
        for place, (number, one) in enumerate(zip(own, made, strict=True))
    ]
    both = torch.stack([own, torch.tensor(theirs)], dim=1)
    shares = {name: torch.tensor([0.0 if one.mixed is None else one.mixed.shares.get(name, 0.0) for one in made]) for name in modalities}
    return {name: both for name in modalities}, {name: torch.stack([1 - share, share], dim=1) for name, share in shares.items()}
