"""Soft positives: which rows of a batch belong together, and how much, when rows were mixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mmaug.trace import Trace

if TYPE_CHECKING:
    from torch import Tensor

MODALITIES = ("image", "text", "audio")


@dataclass(frozen=True, eq=False)
class Sources:
    """sources: by modality int64 [n, 2], whose each row is; weights: by modality float32 [n, 2], how much; both for `losses.Batch`.

    A modality that was not mixed has its own row with weight 1.
    """

    sources: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]


def sources(keys: Sequence[str | int | bytes], traces: Iterable[Trace], modalities: Iterable[str] = MODALITIES) -> Sources:
    """What the traces of a batch say of whose rows its rows are: `losses.Batch(sources=of.sources, weights=of.weights)`.

    keys: one a row (repeated for each view), as they were given to the graph. modalities: those that the loss compares.
    A row is told by a number made of its key, the same in every process, so that rows gathered from several still find each other.
    Raises: ValueError where there is not one key a trace.
    """
    import torch

    ids, shares = [], {name: list[float]() for name in modalities}
    for key, trace in zip(keys, traces, strict=True):
        mixed = trace.mixed
        ids.append((_number(key), _number(key if mixed is None else mixed.partner)))
        for name, found in shares.items():
            found.append(0.0 if mixed is None else mixed.shares.get(name, 0.0))
    told = torch.tensor(ids, dtype=torch.int64).reshape(-1, 2)
    weights = {name: torch.tensor([(1 - share, share) for share in found]).reshape(-1, 2) for name, found in shares.items()}
    return Sources({name: told for name in shares}, weights)


def _number(key: Any) -> int:
    """63 bits that tell a key: 7 and numpy's 7 are one, 7 and "7" are two."""
    plain = str(key) if isinstance(key, str) else bytes(key) if isinstance(key, bytes) else int(key)
    digest = blake2b(repr(plain).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
