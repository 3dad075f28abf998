"""Running a network that a policy names: read once, the same noise for the same seed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mmaug import rng, store
from mmaug.errors import MmaugError

if TYPE_CHECKING:
    from torch import Tensor

    from mmaug.neural.network import NeuralPolicy

_WHAT = {"image": "pictures", "audio": "sound", "text": "text"}


def network(name: str, modality: str) -> NeuralPolicy:
    """The network of a name or folder; a folder is read again when its file has changed.

    Raises: MmaugError where there is none, or it is for another modality.
    """
    place = store.folder(name)
    net = _loaded(str(place), (place / "network.safetensors").stat().st_mtime_ns)
    if net.genotype.modality != modality:
        is_for = _WHAT[net.genotype.modality]
        raise MmaugError(f"{modality}.neural: network must be one for {_WHAT[modality]}, got {name}, which is for {is_for}")
    if modality == "audio" and net.hears is None:
        raise MmaugError(f"audio.neural: network must know what its pictures of sound are; {name} was saved without `hears`")
    return net


@lru_cache(maxsize=8)
def _loaded(place: str, changed: int) -> NeuralPolicy:
    from mmaug.neural.network import NeuralPolicy  # torch

    return NeuralPolicy.load(place)


def noise(net: NeuralPolicy, seed: int, rows: int = 1) -> Tensor:
    """The noise of a seed, the same for every row: float32 [rows, noise]."""
    import torch

    drawn = rng.generator(seed).standard_normal(net.noise).astype(np.float32)
    return torch.from_numpy(np.repeat(drawn[None], rows, axis=0))


def recoloured(net: NeuralPolicy, x: np.ndarray, seed: int) -> np.ndarray:
    """Rows float32 [b, channels, h, w] through the nodes, without the move, all with the noise of a seed."""
    import torch

    with torch.no_grad():
        return net.recoloured(torch.from_numpy(np.array(x, dtype=np.float32, order="C")), noise(net, seed, len(x))).numpy()
