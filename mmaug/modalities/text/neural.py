"""An augmentation that is a network for the vectors of words, as an op: the text stays, and a model that reads it reads other vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmaug.neural import running
from mmaug.params import Network, Seed
from mmaug.registry import register

if TYPE_CHECKING:
    from torch import Tensor


@register("embedding", network=Network(), seed=Seed())
def neural(vectors: Tensor, *, network: str, seed: int) -> Tensor:
    """Augment with a network that a search has trained: not the words, but the vectors that a model has for them.

    vectors: float [texts, tokens, d], with the d that the network was made for. network: its name, or the folder that `NeuralPolicy.save`
    wrote, for text; "" changes nothing. seed: of its noise.
    The text of a row stays, so no rule has anything to ask. `mm.ChildTask` and `mm.hf.ConsistencyTrainer` do it inside the model, in
    training; what only writes rows refuses it.
    Source: Liu et al. 2023, "Learning multimodal data augmentation in feature space" (LeMDA), 3.2; Suzuki 2022, "TeachAugment" (the
    training).
    """
    if not network:
        return vectors
    net = running.network(network, "text")
    return net(vectors, running.noise(net, seed, len(vectors)).to(vectors))
