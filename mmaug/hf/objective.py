"""The loss of a batch that `Collator` made: one forward pass for all views, positives known across processes, parts by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmaug.child.inputs import sources_of
from mmaug.child.wrapping import Family, Wrapped, family_of
from mmaug.errors import MmaugError
from mmaug.gathering import gather, processes
from mmaug.hf.collator import ABOUT, named
from mmaug.losses import Batch, CrossModalConsistency
from mmaug.neural import words


class TrainingError(MmaugError):
    """A training cannot go on, or is set up in a way that would go wrong."""


class Objective:
    """`parts, outputs = Objective(wrapped)(model, batch)`: the loss of a batch and its parts by name; `parts["loss"].backward()`.

    wrapped: of `mm.child.wrap`. loss: default `CrossModalConsistency` with the pairing that the model was made for.
    The gradient, averaged over processes, is that of one process with all their rows.
    """

    def __init__(self, wrapped: Wrapped, loss: CrossModalConsistency | None = None):
        self.wrapped, self.loss = wrapped, loss or CrossModalConsistency(pairing=wrapped.pairing)

    def __call__(self, model: Any, batch: Mapping[str, Any]) -> tuple[dict[str, Tensor], Any]:
        """model: the wrapped one, or that prepared for several processes. batch: of a `Collator`, or any with the model's inputs.

        Raises: TrainingError, with the keys of the batch, where the loss is no number.
        """
        about = batch.get(ABOUT)
        asked = words.of_tensor(about["networks"]) if about is not None and "networks" in about else ()
        with words.through(self.wrapped.words, asked) if asked else nullcontext():
            outputs = model(**self.wrapped.taken(batch))
        embeddings = self.wrapped.embeddings(outputs)
        if about is not None and "of" in about:
            embeddings["text"] = embeddings["text"][first_of(about["of"], len(about["rows"]))]
        parts = self.loss(embeddings, self.wrapped.scale, self.wrapped.bias, described(about, self.wrapped.modalities))
        if not bool(torch.isfinite(parts["loss"])):
            raise TrainingError(_not_finite(parts, about))
        return parts, outputs


def described(about: Mapping[str, Tensor] | None, modalities: tuple[str, ...]) -> Batch:
    """What a collator knew of a batch, for the loss. Rows that say the same belong together, in whatever process they are."""
    if about is None:
        return Batch()
    held_out = "of" in about
    views = torch.zeros_like(about["rows"]) if held_out else about["view"]
    texts = about["texts"][first_of(about["of"], len(about["rows"]))] if held_out else about["texts"]
    kept = torch.ones_like(views, dtype=torch.bool) if held_out else about["kept"]
    there = {name: about[f"has_{name}"] for name in modalities}
    clean, count = bool((views == -1).any()), len(views.unique())
    told: dict[str, Any] = {"views": count, "clean": clean and count > 1, "preserved": kept, "present": there}
    if "partners" in about:  # rows are told by their keys, and belong to two
        shares = {name: about[f"share_{name}"] for name in modalities}
        both = torch.stack([about["rows"], about["partners"]], dim=1)
        return Batch(
            sources={name: both for name in modalities},
            weights={name: torch.stack([1 - share, share], dim=1) for name, share in shares.items()},
            **told,
        )
    return Batch(sources=_sources(texts, about["rows"], kept), **told)


def first_of(of: Tensor, rows: int) -> Tensor:
    """The place of each row's first text: int64 [rows]."""
    return torch.searchsorted(of, torch.arange(rows, device=of.device))


def _sources(texts: Tensor, rows: Tensor, kept: Tensor) -> Tensor:
    """int64 [n], equal for rows of one text or, where they kept their meaning, of one key; over all processes."""
    together = gather(torch.stack([texts, rows, kept.long()], dim=1)).tolist()
    joined = sources_of(
        [str(text) if text else "" for text, _, _ in together], [row for _, row, _ in together], [bool(k) for *_, k in together]
    )
    _, rank = processes()
    return joined[rank * len(texts) : (rank + 1) * len(texts)].to(texts.device)


def _not_finite(parts: Mapping[str, Tensor], about: Mapping[str, Tensor] | None) -> str:
    shown = ", ".join(f"{name} {float(value.detach()):g}" for name, value in parts.items())
    keys = list(dict.fromkeys(named(about["keys"]))) if about is not None else []
    rows = ", ".join(keys[:16]) + (f" and {len(keys) - 16} more" if len(keys) > 16 else "")
    return (
        f"the loss must be a number, got {shown}; look at the rows with keys {rows or 'of this batch (use mm.hf.Collator to know them)'}, "
        "or lower the learning rate"
    )


# -- without the trainer ------------------------------------------------------------------------------------------------------------------


def consistency_loss_func(
    model: Any, *, views: int = 1, clean: bool = False, loss: CrossModalConsistency | None = None
) -> Callable[..., Tensor]:
    """The consistency loss for a plain `Trainer(compute_loss_func=...)`: `consistency_loss_func(model, views=2)`.

    model: what kind it is says where its embeddings are. views, clean: as given to the `Collator`. It knows no duplicate captions, no
    edited rows, no missing modalities and no networks for text; `ConsistencyTrainer` does. Scale and bias are read from the model's
    outputs, so gradients reach them. It is the mean of one batch: with gradient accumulation set `trainer.loss_is_scaled_for_ga = False`.
    Raises: ProcessorError for another kind of model.
    """
    family = family_of(model)
    wanted = loss or CrossModalConsistency(pairing=family.pairing)
    batch = Batch(views=views + clean, clean=clean and views > 0)

    def compute(outputs: Any, labels: Any = None, num_items_in_batch: Any = None) -> Tensor:
        refuse_labels(labels)
        embeddings = {name: F.normalize(outputs[at], dim=-1) for name, at in family.outputs.items()}
        scale, bias = _read_off(outputs, embeddings, family)
        return wanted(embeddings, scale, bias, batch)["loss"]

    return compute


def refuse_labels(labels: Any) -> None:
    """Raises: TrainingError for labels in a training batch: Trainer would scale the loss by their number and that of the processes."""
    if labels is not None:
        raise TrainingError(
            'a training batch must not hold "labels": Trainer counts them and scales the loss by the number of processes; '
            "rows that belong together are told by their keys and texts, so leave labels out of what the collator makes"
        )


def _read_off(outputs: Any, embeddings: Mapping[str, Tensor], family: Family) -> tuple[Tensor, Tensor | float]:
    """Scale and bias as they stand in the logits, which are cosines times the scale plus the bias; of two scales the geometric mean.

    A line through points that lie on it: its slope does not move with the points, so their gradients come out as 0.
    """
    other = next(name for name in family.outputs if name != "text")
    cosines = embeddings[other] @ embeddings["text"].T
    scales, bias = [], 0.0
    for at in family.logits:
        logits = outputs[at].T if at.endswith("text") else outputs[at]
        if family.bias:
            centred = cosines - cosines.mean()
            scale = (centred * logits).sum() / centred.square().sum().clamp_min(1e-12)
            bias = logits.mean() - scale * cosines.mean()
        else:
            scale = (cosines * logits).sum() / cosines.square().sum().clamp_min(1e-12)
        scales.append(scale)
    return torch.stack(scales).log().mean().exp(), bias
