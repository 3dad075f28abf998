"""The vectors of words through networks: what `text.neural` asks of a row is done inside the model that has the vectors."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor, nn

from mmaug.errors import MmaugError
from mmaug.neural import running
from mmaug.neural.network import NeuralPolicy

Asked = tuple[tuple[str, int], ...]
"""The networks that the words of a row go through, in order: (name, seed of the noise)."""

OP = "text.neural"

NOBODY = -1
"""Where a tensor holds no network."""


def moved(vectors: Tensor, rows: Sequence[Asked]) -> Tensor:
    """Vectors float [rows, tokens, d], each row through its networks; those of one network go together.

    Raises: MmaugError where a network is for vectors of another size, or there are not as many texts as rows.
    """
    if len(rows) != len(vectors):
        raise MmaugError(f"{OP}: a model must read one text a row, got {len(vectors)} texts of {len(rows)} rows")
    for depth in range(max(map(len, rows), default=0)):
        of: dict[str, list[int]] = {}
        for place, own in enumerate(rows):
            if depth < len(own):
                of.setdefault(own[depth][0], []).append(place)
        for name, places in of.items():
            net = _on(running.network(name, "text"), str(vectors.device))
            if net.channels != vectors.shape[-1]:
                raise MmaugError(
                    f"{OP}: network {name} is for vectors of {net.channels} numbers, and the model's words have {vectors.shape[-1]}; "
                    "search one with a child as wide as the model (mm.ChildConfig(width=...))"
                )
            there = torch.tensor(places, device=vectors.device)
            noise = torch.cat([running.noise(net, rows[place][depth][1]) for place in places]).to(vectors.device)
            vectors = vectors.index_copy(0, there, net(vectors[there].float(), noise).to(vectors.dtype))
    return vectors


@contextmanager
def through(layer: nn.Module, rows: Sequence[Asked]) -> Iterator[None]:
    """While it lasts, what an embedding layer gives goes through the networks that rows ask for.

    Slopes go straight to the layer, as if only something had been added: its vectors learn as they do without, as in the search.
    """
    if not any(rows):
        yield
        return

    def hook(module: nn.Module, given: object, vectors: Tensor) -> Tensor:
        with torch.no_grad():
            change = moved(vectors, rows) - vectors
        return vectors + change

    handle = layer.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@lru_cache(maxsize=8)
def _on(net: NeuralPolicy, device: str) -> NeuralPolicy:
    """A network where the vectors are; the one that all share stays."""
    return net if device == "cpu" else copy.deepcopy(net).to(device)


# -- with a batch ----------------------------------------------------------------------------------------------------------------------


def as_tensor(rows: Sequence[Asked], most: int) -> Tensor:
    """What rows ask for as numbers, int64 [rows, most, 2]: tensors travel where names do not."""
    made = torch.full((len(rows), most, 2), NOBODY, dtype=torch.int64)
    for place, own in enumerate(rows):
        for depth, (name, seed) in enumerate(own):
            made[place, depth] = torch.tensor([int(name, 16), seed])
    return made


def of_tensor(made: Tensor) -> list[Asked]:
    """What `as_tensor` wrote."""
    return [tuple((f"{name:012x}", seed) for name, seed in own if name != NOBODY) for own in made.tolist()]
