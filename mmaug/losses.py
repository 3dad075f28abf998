"""Losses for towers that embed several modalities in one space, and `CrossModalConsistency`, which joins them.

Everywhere: embeddings are float [n, d] of unit length, row i of one modality belongs to row i of the other; `scale` is the factor on
cosines (exp of the model's logit scale). `targets`, float [n, n], says which rows belong together and how much (see `targets_of`); by
default row i of one side belongs to row i of the other alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmaug.gathering import gather, processes


def contrastive(a: Tensor, b: Tensor, scale: Tensor | float, targets: Tensor | None = None) -> Tensor:
    """InfoNCE in both directions: 1/2 mean_i [ H(q_i, softmax_j(s a_i b_j)) + H(q_i, softmax_j(s b_i a_j)) ].

    q_i is row i of the targets divided by its sum, H the cross-entropy. With one positive a row this is CLIP's loss; with several it is
    the supervised form.
    Source: Radford et al. 2021, "Learning transferable visual models" (CLIP), figure 3; Khosla et al. 2020, "Supervised contrastive
    learning", equation 2.
    """
    return _contrastive(_pairs(a, b, targets), scale)


def sigmoid(a: Tensor, b: Tensor, scale: Tensor | float, bias: Tensor | float = 0.0, targets: Tensor | None = None) -> Tensor:
    """Each pair judged on its own: -1/n sum_ij [ t_ij log sigma(s a_i b_j + c) + (1 - t_ij) log sigma(-(s a_i b_j + c)) ].

    t are the targets, in [0, 1]; c is the bias.
    Source: Zhai et al. 2023, "Sigmoid loss for language image pre-training" (SigLIP), equation 1.
    """
    return _sigmoid(_pairs(a, b, targets), scale, bias)


def cross_modal(a: Tensor, b: Tensor) -> Tensor:
    """What a_i is to b_j, a_j is to b_i: n mean_ij (a_i b_j - b_i a_j)^2, on cosines.

    Source: Goel et al. 2022, "CyCLIP", equation 4 (cross-modal consistency).
    """
    return _cross_modal(_pairs(a, b, None))


def in_modal(a: Tensor, b: Tensor) -> Tensor:
    """Two rows are as alike in one modality as in the other: n mean_ij (a_i a_j - b_i b_j)^2, on cosines.

    Source: Goel et al. 2022, "CyCLIP", equation 5 (in-modal consistency).
    """
    return _in_modal(_pairs(a, b, None))


def consistency(a: Tensor, b: Tensor) -> Tensor:
    """CyCLIP's two consistency terms with the weights of the paper: 0.25 cross-modal + 0.25 in-modal.

    Source: Goel et al. 2022, "CyCLIP", section 3.
    """
    return 0.25 * cross_modal(a, b) + 0.25 * in_modal(a, b)


def view_consistency(clean: Tensor, augmented: Tensor, preserved: Tensor | None = None) -> Tensor:
    """A view that means the same lies where the clean row lies: mean_i (1 - x_i x'_i) over the rows whose meaning was preserved.

    preserved: bool [n]; a row whose caption had to be edited means something else, and is left out. 0 where no row counts.
    Source: Zbontar et al. 2021, "Barlow twins", 2.1 (invariance term), on cosines.
    """
    apart = 1 - (clean * augmented).sum(1)
    if preserved is None:
        return apart.mean()
    kept = preserved.to(apart.dtype)
    return (apart * kept).sum() / kept.sum().clamp_min(1.0)


def confident_divergence(
    clean: tuple[Tensor, Tensor],
    augmented: tuple[Tensor, Tensor],
    scale: Tensor | float,
    preserved: Tensor | None = None,
    threshold: float = 0.5,
) -> Tensor:
    """Where the model is sure of a clean row, the augmented row should match as it does: mean_i 1[max q_i > threshold] KL(p_i | q_i).

    q_i = softmax_j(s a_i b_j) of the clean pair (a, b), held fixed; p_i is the same of the augmented one. preserved: bool [n], as for
    views.
    Source: Liu et al. 2023, "Learning multimodal data augmentation in feature space" (LeMDA), equation 4, with similarities within the
    batch in the place of class scores.
    """
    with torch.no_grad():
        sure = F.log_softmax(scale * clean[0] @ clean[1].T, dim=1)
        counted = (sure.max(1).values.exp() > threshold).to(sure.dtype)
        counted = counted if preserved is None else counted * preserved
    now = F.log_softmax(scale * augmented[0] @ augmented[1].T, dim=1)
    return ((now.exp() * (now - sure)).sum(1) * counted).mean()


def hard_negative(a: Tensor, b: Tensor, negatives: Tensor, of: Tensor, scale: Tensor | float) -> Tensor:
    """A row is nearer to its own text than to texts made false of it: mean_i -log softmax(s a_i [b_i, negatives of i])_0.

    negatives: float [m, d]; of: int [m], the row that each is false of (it may be true of another). Rows without any count nothing.
    Source: Yuksekgonul et al. 2023, "When and why vision-language models behave like bags-of-words" (NegCLIP), section 4, with each
    row's own negatives only.
    """
    if not len(negatives):
        return (a * 0.0).sum()
    own = scale * (a * b).sum(1)
    theirs = scale * (a[of] * negatives).sum(1)
    highest = own.detach().scatter_reduce(0, of, theirs.detach(), "amax")  # for the exponents; own is among them
    others = torch.zeros_like(own).scatter_add(0, of, (theirs - highest[of]).exp())
    lost = torch.log((own - highest).exp() + others) - (own - highest)
    return lost[torch.bincount(of, minlength=len(a)) > 0].mean()


def targets_of(
    sources: Tensor, weights: Tensor | None = None, other_sources: Tensor | None = None, other_weights: Tensor | None = None
) -> Tensor:
    """Which rows belong together: those that come from the same source, by the shares that they have of it.

    sources: int [n]; or int [n, k] for rows mixed of k sources, with weights float [n, k] that sum to 1 (a mixture padded with any id at
    weight 0). The other ones are those of the columns, by default the same. Gives float [n, m]: 1 for two views of one source, w for a
    mixture and its part of share w.
    """
    rows, columns = _mixture(sources, weights), _mixture(sources, weights)
    if other_sources is not None:
        columns = _mixture(other_sources, other_weights)
    same = rows[0][:, None, :, None] == columns[0][None, :, None, :]
    return torch.einsum("nmkl,nk,ml->nm", same.to(rows[1].dtype), rows[1], columns[1])


def _mixture(sources: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    if (sources.ndim == 2) != (weights is not None) or (weights is not None and weights.shape != sources.shape):
        got = None if weights is None else list(weights.shape)
        raise ValueError(f"sources must be [n], or [n, k] with weights [n, k], got sources {list(sources.shape)} and weights {got}")
    if weights is None:
        return sources[:, None], torch.ones(len(sources), 1, device=sources.device)
    return sources, weights.float()


# -- one pair of modalities, rows of this process against columns of all ------------------------------------------------------------------


@dataclass(frozen=True)
class _Pairs:
    """Rows of this process, columns of all. targets: of a's rows and b's columns; back: of b's rows and a's columns. rows, columns:
    float [n] and [m], 1 where both modalities are there. counted: over how many rows a sum becomes a mean (all processes' rows, shared
    evenly, so that averaged gradients are those of one process).
    """

    a: Tensor
    b: Tensor
    all_a: Tensor
    all_b: Tensor
    targets: Tensor
    back: Tensor
    rows: Tensor
    columns: Tensor
    counted: Tensor

    def mean(self, of_rows: Tensor) -> Tensor:
        return (of_rows * self.rows).sum() / self.counted


def _pairs(a: Tensor, b: Tensor, targets: Tensor | None) -> _Pairs:
    """One process, every row has both."""
    if a.shape != b.shape:
        raise ValueError(f"both sides must be [n, d] alike, got {list(a.shape)} and {list(b.shape)}")
    if targets is None:
        targets = torch.eye(len(a), device=a.device, dtype=a.dtype)
    if targets.shape != (len(a), len(a)):
        raise ValueError(f"targets must be [{len(a)}, {len(a)}], got {list(targets.shape)}")
    ones = torch.ones(len(a), device=a.device, dtype=a.dtype)
    targets = targets.to(a.dtype)
    return _Pairs(a, b, a, b, targets, targets, ones, ones, ones.sum())


def _contrastive(p: _Pairs, scale: Tensor | float) -> Tensor:
    return (_cross_entropy(p, scale * p.a @ p.all_b.T, p.targets) + _cross_entropy(p, scale * p.b @ p.all_a.T, p.back)) / 2


def _cross_entropy(p: _Pairs, logits: Tensor, targets: Tensor) -> Tensor:
    shares = targets * p.columns
    shares = shares / shares.sum(1, keepdim=True).clamp_min(1e-12)
    logits = logits.masked_fill(p.columns == 0, -1e9)
    return p.mean(-(shares * F.log_softmax(logits, dim=1)).sum(1))


def _sigmoid(p: _Pairs, scale: Tensor | float, bias: Tensor | float) -> Tensor:
    logits = scale * p.a @ p.all_b.T + bias
    each = F.binary_cross_entropy_with_logits(logits, p.targets.clamp(0, 1), reduction="none")
    return p.mean((each * p.columns).sum(1))


def _cross_modal(p: _Pairs) -> Tensor:
    return p.mean(((p.a @ p.all_b.T - p.b @ p.all_a.T).square() * p.columns).sum(1))


def _in_modal(p: _Pairs) -> Tensor:
    return p.mean(((p.a @ p.all_a.T - p.b @ p.all_b.T).square() * p.columns).sum(1))


# -- all together -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weights:
    """How much each term counts; a term of weight 0 is not computed.

    contrastive: the pairing loss itself. cross_modal, in_modal: CyCLIP's, at the paper's weights; they are meant for large batches and
    models that have learnt something: a small model from scratch needs about a tenth, or they hold all rows alike. view: clean against
    augmented rows. divergence: LeMDA's. hard_negative: texts made false.
    """

    contrastive: float = 1.0
    cross_modal: float = 0.25
    in_modal: float = 0.25
    view: float = 0.1
    divergence: float = 0.0
    hard_negative: float = 1.0


@dataclass(frozen=True)
class Batch:
    """What is known of a batch beside its embeddings; all of it optional.

    views: rows are laid out view by view, n = views x rows; with clean=True view 0 is the rows as they are. sources: int [n], or [n, k]
    with weights float [n, k]: rows of one source belong together (by default each row, with its other views); or both by modality, where
    only some of them were mixed (`mmaug.mix.sources`). preserved: bool [n], whether a row's plan kept its meaning. present: by modality
    bool [n], whether the row has it. negatives: float [m, d] texts made false, of: int [m] the rows they are false of.
    """

    views: int = 1
    clean: bool = False
    sources: Tensor | Mapping[str, Tensor] | None = None
    weights: Tensor | Mapping[str, Tensor] | None = None
    preserved: Tensor | None = None
    present: Mapping[str, Tensor] = field(default_factory=dict)
    negatives: Tensor | None = None
    of: Tensor | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same with its tensors on a device."""

        def there(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {name: there(item) for name, item in value.items()}
            return value.to(device) if isinstance(value, Tensor) else value

        return Batch(**{own.name: there(getattr(self, own.name)) for own in fields(self)})


class CrossModalConsistency(nn.Module):
    """The training loss of pairs and triples: a pairing loss plus the consistency terms, weighed; gives every part.

    pairing: "contrastive" (CLIP) or "sigmoid" (SigLIP). across: take the rows of all processes as columns, with gradients; averaged over
    processes the gradient is then that of one process with the whole batch. Every process must have as many rows.
    """

    def __init__(self, weights: Weights | None = None, pairing: str = "contrastive", across: bool = True):
        super().__init__()
        if pairing not in ("contrastive", "sigmoid"):
            raise ValueError(f'pairing must be "contrastive" or "sigmoid", got {pairing!r}')
        self.weights, self.pairing, self.across = weights or Weights(), pairing, across

    def forward(
        self, embeddings: Mapping[str, Tensor], scale: Tensor | float, bias: Tensor | float = 0.0, batch: Batch | None = None
    ) -> dict[str, Tensor]:
        """The parts by name ("contrastive", "cross_modal", ...), unweighed, and "loss", their weighed sum.

        embeddings: by modality ("image", "text", "audio"), float [n, d], unit length; rows that lack it hold anything finite. Every pair of
        modalities counts alike.
        Raises: ValueError for fewer than two modalities, numbers of rows that differ, or a batch that does not fit them.
        """
        batch = batch or Batch()
        rows = _checked(embeddings, batch)
        parts: dict[str, list[Tensor]] = {}
        for a, b in itertools.combinations(sorted(embeddings), 2):
            pair = self._pair(a, b, embeddings, batch, rows)
            for name, value in self._terms(pair, scale, bias).items():
                parts.setdefault(name, []).append(value)
            if batch.clean and batch.views > 1 and self.weights.divergence:
                parts.setdefault("divergence", []).append(_divergence(embeddings[a], embeddings[b], scale, batch))
        if batch.clean and batch.views > 1 and self.weights.view:
            parts["view"] = [_views(embeddings[name], batch.present.get(name), batch) for name in sorted(embeddings)]
        if batch.negatives is not None and batch.of is not None and self.weights.hard_negative:
            others = [name for name in sorted(embeddings) if name != "text"]
            parts["hard_negative"] = [hard_negative(embeddings[name], embeddings["text"], *_own(batch, name), scale) for name in others]
        made = {name: torch.stack(values).mean() for name, values in parts.items()}
        loss = torch.stack([getattr(self.weights, name) * value for name, value in made.items()]).sum()
        return {"loss": loss, **made}

    def _pair(self, a: str, b: str, embeddings: Mapping[str, Tensor], batch: Batch, rows: int) -> _Pairs:
        x, y = embeddings[a], embeddings[b]
        everywhere = gather if self.across else (lambda tensor: tensor)
        world, rank = processes() if self.across else (1, 0)
        both = torch.ones(rows, device=x.device, dtype=x.dtype)
        for name in (a, b):
            both = both * batch.present[name].to(x.dtype) if name in batch.present else both
        each = rows // batch.views
        own = torch.arange(each, device=x.device).repeat(batch.views) + rank * each
        told = [(own, None) if batch.sources is None else (_of(batch.sources, name), _of(batch.weights, name)) for name in (a, b)]
        all_told = [(everywhere(sources), None if weights is None else everywhere(weights)) for sources, weights in told]
        targets, back = (targets_of(*told[i], *all_told[1 - i]).to(x.dtype) for i in (0, 1))
        columns = everywhere(both)
        return _Pairs(x, y, everywhere(x), everywhere(y), targets, back, both, columns, columns.sum().clamp_min(1.0) / world)

    def _terms(self, pair: _Pairs, scale: Tensor | float, bias: Tensor | float) -> dict[str, Tensor]:
        weights, made = self.weights, {}
        if weights.contrastive:
            made["contrastive"] = _contrastive(pair, scale) if self.pairing == "contrastive" else _sigmoid(pair, scale, bias)
        if weights.cross_modal:
            made["cross_modal"] = _cross_modal(pair)
        if weights.in_modal:
            made["in_modal"] = _in_modal(pair)
        return made


def _of(told: Any, modality: str) -> Any:
    """What is told of every modality alike, or of this one."""
    return told[modality] if isinstance(told, Mapping) else told


def _own(batch: Batch, modality: str) -> tuple[Tensor, Tensor]:
    """The negatives of rows that have both a text and this modality."""
    assert batch.negatives is not None and batch.of is not None
    kept = torch.ones_like(batch.of, dtype=torch.bool)
    for name in (modality, "text"):
        if name in batch.present:
            kept &= batch.present[name][batch.of].bool()
    return batch.negatives[kept], batch.of[kept]


def _views(x: Tensor, present: Tensor | None, batch: Batch) -> Tensor:
    """Each augmented view of one modality against the clean one."""
    clean, *augmented = x.chunk(batch.views)
    counted = torch.ones(len(x), device=x.device, dtype=torch.bool)
    for mask in (batch.preserved, present):
        counted = counted if mask is None else counted & mask.bool()
    kept = counted.chunk(batch.views)
    there = kept[0] if present is None else present.bool().chunk(batch.views)[0]
    values = [view_consistency(clean, view, mask & there) for view, mask in zip(augmented, kept[1:], strict=True)]
    return torch.stack(values).mean()


def _divergence(a: Tensor, b: Tensor, scale: Tensor | float, batch: Batch) -> Tensor:
    clean_a, *views_a = a.chunk(batch.views)
    clean_b, *views_b = b.chunk(batch.views)
    kept = (None,) * len(views_a) if batch.preserved is None else batch.preserved.chunk(batch.views)[1:]
    values = [
        confident_divergence((clean_a, clean_b), (view_a, view_b), scale, mask)
        for view_a, view_b, mask in zip(views_a, views_b, kept, strict=True)
    ]
    return torch.stack(values).mean()


def _checked(embeddings: Mapping[str, Tensor], batch: Batch) -> int:
    """How many rows there are."""
    shapes = {name: tuple(x.shape) for name, x in embeddings.items()}
    if len(shapes) < 2 or len(set(shapes.values())) != 1 or any(len(shape) != 2 for shape in shapes.values()):
        raise ValueError(f"embeddings must be [n, d] of two or more modalities, all of one shape, got {shapes}")
    rows = next(iter(shapes.values()))[0]
    if batch.views < 1 or rows % batch.views:
        raise ValueError(f"{rows} rows cannot be {batch.views} views of as many rows each")
    both = (batch.sources, batch.weights)
    if any(isinstance(told, Mapping) for told in both) and not all(
        isinstance(told, Mapping) and set(embeddings) <= set(told) for told in both
    ):
        raise ValueError(f"sources by modality must come with weights by modality, both for {sorted(embeddings)}")
    told = [(f"sources of {name}", _of(batch.sources, name)) for name in embeddings]
    for name, mask in [("preserved", batch.preserved), *told, *batch.present.items()]:
        if mask is not None and len(mask) != rows:
            raise ValueError(f"{name} must say something of each of {rows} rows, got {len(mask)}")
    if unknown := set(batch.present) - set(embeddings):
        raise ValueError(f"present names {sorted(unknown)}, and there are embeddings of {sorted(embeddings)}")
    if (batch.negatives is None) != (batch.of is None) or (batch.negatives is not None and "text" not in embeddings):
        raise ValueError('negatives need both `negatives` and `of`, and embeddings of "text"')
    return rows
