"""A collator that augments rows and then processes them: raw rows in, the tensors of all views out, in one batch."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.child.asking import asked, count, refuse
from mmaug.child.inputs import preserved
from mmaug.child.processing import Processing
from mmaug.errors import MmaugError
from mmaug.graph import TransformGraph
from mmaug.hf.epoch import Clock
from mmaug.hf.keys import bookkeeping, key_of
from mmaug.hf.partners import partners_of
from mmaug.hf.reading import Reader, checked_rows, choice
from mmaug.hf.tally import Tally
from mmaug.neural import words
from mmaug.schema.columns import Row
from mmaug.trace import Trace

ABOUT = "about"
"""Where a batch holds what the loss must know of its rows."""

NAME_BYTES = 48
"""Of a key that are kept for messages."""


class Collator:
    """`Collator(graph, processor, views=2)` for a loader or a Trainer: it augments raw rows, then the processor makes tensors of them.

    processor: as for `mm.child.wrap`; it alone resizes and normalises. views: augmented views of each row. clean: whether the row as it
    is comes first, as one view more. key: the column that names rows, as for `mm.hf.augment`. clock: the epoch; default one of its own.
    return_loss: add `return_loss=True` for a plain Trainer with the model's own loss. partners: for a policy that mixes rows: the whole
    `Dataset`, or what `mm.mix.Partners` takes.

    A batch holds the views one after another (all rows of the first view, all of the second, ...), so that one forward pass sees them
    all, and under "about" row by row what the loss must know: `rows` and `texts` (numbers that tell keys and texts), `kept` (whether the
    meaning was), `view` (-1 for the row as it is), `has_image`, ... and `keys` (the beginning of their names, for messages); where rows
    are mixed also `partners` (like `rows`) and `share_image`, ..., how much of a row is its partner's; where words go through networks
    also `networks` (mmaug.neural.words).
    Of several captions one is taken, another in another epoch. Texts longer than the processor's context are cut.
    Raises: ProcessorError, SchemaError where processor and schema do not fit; MmaugError for fewer than one view.
    """

    def __init__(
        self,
        graph: TransformGraph,
        processor: Any,
        *,
        views: int = 1,
        clean: bool = False,
        key: str | None = None,
        clock: Clock | None = None,
        return_loss: bool = False,
        partners: Any = None,
    ):
        if not isinstance(views, int) or views < 0 or views + clean < 1:
            raise MmaugError(f"mm.hf.Collator: views must be a whole number >= 1 (or 0 with clean=True), got {views!r}")
        self.graph, self.views, self.clean, self.key, self.return_loss = graph, views, clean, key, return_loss
        self.processor, self.clock, self.tally = processor, clock or Clock(), Tally(graph.policy)
        self.networks = count(graph.policy)
        if return_loss:
            refuse(graph.policy, "mm.hf.Collator(return_loss=True)")
        self.reader = Reader(graph.schema, Processing(processor))
        self.partners = partners_of(partners, graph, key, "mm.hf.Collator")

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The tensors of a batch. Raises: RowError, with the row's number and key, as `graph.batch`."""
        named = checked_rows(rows)
        keys = [key_of(row, self.graph, self.key) for row in named]
        plain = [self._plain(row) for row in named]
        epoch, progress = self.clock.epoch, self.clock.tick()
        made: list[Row] = list(plain) if self.clean else []
        traces: list[Trace | None] = [None] * len(made)
        for view in range(self.views):
            time = {"epoch": epoch, "view": view, "progress": progress}
            augmented = self.graph.run_batch(plain, keys=keys, partners=self.partners, **time)
            self.tally.add(trace for _, trace in augmented)
            made += [row for row, _ in augmented]
            traces += [trace for _, trace in augmented]
        draws = [choice(self.graph.seed, epoch, key) for key in keys] * (self.views + self.clean)
        texts = [self.reader.text(row, draw) for row, draw in zip(made, draws, strict=True)]
        inputs, has = self.reader.inputs(made, texts)
        has["has_text"] = torch.tensor([bool(text) for text in texts])
        about = self._about(keys, texts, traces) | has
        return {**inputs, ABOUT: about, **({"return_loss": True} if self.return_loss else {})}

    def evaluation(self) -> EvaluationCollator:
        """The collator of held-out rows: as they are, with all their captions."""
        return EvaluationCollator(self.reader, self._plain, lambda row: key_of(row, self.graph, self.key))

    def within(self, context: int | None) -> Collator:
        """The same with texts of at most so many tokens."""
        other = copy.copy(self)
        other.reader = Reader(self.graph.schema, Processing(self.processor, context))
        return other

    def _plain(self, row: Row) -> Row:
        aside = bookkeeping(row, self.graph, self.key)
        return {name: value for name, value in row.items() if name not in aside}

    def _about(self, keys: Sequence[Any], texts: Sequence[str], traces: Sequence[Trace | None]) -> dict[str, Tensor]:
        views = range(-1 if self.clean else 0, self.views)
        rows = numbers(keys).repeat(len(views))
        return {
            "rows": rows,
            "texts": numbers(map(said, texts)),
            "kept": torch.tensor([trace is None or (trace.mixed is None and preserved(trace)) for trace in traces]),
            "view": torch.tensor([view for view in views for _ in keys]),
            "keys": names(keys).repeat(len(views), 1),
            **(self._mixed(rows, traces) if self.partners else {}),
            **(self._networks(traces) if self.networks else {}),
        }

    def _networks(self, traces: Sequence[Trace | None]) -> dict[str, Tensor]:
        """The networks that the words of each row go through."""
        read = self.reader.fields["text"]
        return {"networks": words.as_tensor([() if trace is None else asked(trace, read) for trace in traces], self.networks)}

    def _mixed(self, rows: Tensor, traces: Sequence[Trace | None]) -> dict[str, Tensor]:
        """Whose each row is besides its own, and by modality the partner's share."""
        mixtures = [None if trace is None else trace.mixed for trace in traces]
        partners = [own if mixed is None else numbers([mixed.partner])[0] for own, mixed in zip(rows, mixtures, strict=True)]
        shares = {
            f"share_{name}": torch.tensor([0.0 if mixed is None else mixed.shares.get(name, 0.0) for mixed in mixtures])
            for name in self.reader.modalities
        }
        return {"partners": torch.stack(partners), **shares}


class EvaluationCollator:
    """Makes batches of held-out rows: each as it is, once, with all its captions. Made by `Collator.evaluation`.

    Under "about" as there, but for `texts`, int64 [m], of all captions, and `of`, int64 [m], the row in the batch that each belongs to.
    """

    def __init__(self, reader: Reader, plain: Any, key: Any):
        self.reader, self._plain, self._key = reader, plain, key

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The tensors of a batch; a row without a text has an empty one."""
        named = checked_rows(rows)
        plain = [self._plain(row) for row in named]
        said_of = [self.reader.texts(row) or [""] for row in plain]
        texts = [text for several in said_of for text in several]
        inputs, has = self.reader.inputs(plain, texts)
        has["has_text"] = torch.tensor([bool(several[0]) for several in said_of])
        keys = [self._key(row) for row in named]
        of = torch.tensor([number for number, several in enumerate(said_of) for _ in several])
        about = {"rows": numbers(keys), "texts": numbers(map(said, texts)), "of": of, "keys": names(keys)}
        return {**inputs, ABOUT: about | has}


def said(text: str) -> str:
    """A text without what tells no difference: case and spaces."""
    return " ".join(text.lower().split())


def numbers(values: Iterable[Any]) -> Tensor:
    """int64 [n], above 0, equal for equal values, the same in every process; 0 for ""."""
    return torch.tensor([0 if value == "" else _number(value) for value in values], dtype=torch.int64)


def _number(value: Any) -> int:
    value = value.item() if isinstance(value, np.generic) else value
    digest = blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 1) | 1


def names(keys: Sequence[Any]) -> Tensor:
    """The beginning of each key's name as bytes, uint8 [n, NAME_BYTES]: tensors travel where strings do not."""
    made = torch.zeros(len(keys), NAME_BYTES, dtype=torch.uint8)
    for row, key in zip(made, keys, strict=True):
        text = (key.hex() if isinstance(key, bytes) else repr(key)).encode("utf-8", "surrogatepass")[:NAME_BYTES]
        row[: len(text)] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    return made


def named(keys: Tensor) -> list[str]:
    """The names that `names` wrote."""
    return [bytes(row).rstrip(b"\0").decode("utf-8", "replace") for row in keys.cpu().numpy()]
