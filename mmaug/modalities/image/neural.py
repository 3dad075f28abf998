"""An augmentation that is a network, as an op: what moves is known exactly, what becomes of colours is measured with the same noise."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mmaug import colour
from mmaug.effects import geometry, sorts
from mmaug.effects.colour import Stage, Unsure
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.effects.picture import ImageState
from mmaug.effects.view import Polygon
from mmaug.modalities.image.displacement import displacement
from mmaug.modalities.image.warp import warp
from mmaug.neural import running
from mmaug.params import Network, Seed
from mmaug.registry import register

if TYPE_CHECKING:
    from mmaug.neural.network import NeuralPolicy

CLOSE = 6.0
"""Levels of 255 by which a matrix may miss what became of a colour."""

SEEN_THROUGH = 0.2
"""A rectangle that fades by less hides nothing."""

_PATCH = 8
"""Pixels a side of one colour, where the network looks at more than each pixel by itself."""


def _does(state: ImageState, *, network: str, seed: int) -> ImageState:
    if not network:
        return state
    net, size = _network(network), state.geometry.out_size
    state = state.move(_moved(network, seed, size)).cut()
    for polygon in _covered(network, seed, size):
        state = state.hide([polygon])
    changes = net.genotype.does & {"colour", "convolution", "bands", "noise"}
    if changes:
        state = state.recolour(_stage(network, seed))
    shorter = min(size)
    if changes & {"convolution", "bands"}:
        # no kernel reaches beyond three pixels, and what it adds is bounded
        state = state.spoil("blur", net.amount / shorter)
    return state.spoil("noise", _measured(net, seed)[1]) if changes else state


@register("network", _does, network=Network(), seed=Seed())
def neural(pixels: np.ndarray, *, network: str, seed: int) -> np.ndarray:
    """Augment with a network that a search has trained.

    network: its name, or the folder that `NeuralPolicy.save` wrote, for pictures; "" changes nothing. seed: of its noise.
    Where it moves things is exact, so boxes follow; colour words are kept only where they stand for what was measured.
    Source: Suzuki 2022, "TeachAugment", 3.3; the graph is searched as in Liu et al. 2019, "DARTS".
    """
    if not network:
        return pixels
    moved = warp(pixels, _moved(network, seed, (pixels.shape[1], pixels.shape[0])))
    return np.rint(_values(_network(network), moved[None] / np.float32(255), seed)[0] * 255).astype(np.uint8)


def _network(network: str) -> NeuralPolicy:
    return running.network(network, "image")


def _values(net: NeuralPolicy, pictures: np.ndarray, seed: int) -> np.ndarray:
    """Pictures float32 [b, h, w, 3] in 0..1 through the nodes, without the move."""
    return running.recoloured(net, pictures.transpose(0, 3, 1, 2), seed).transpose(0, 2, 3, 1)


def _moved(network: str, seed: int, size: Size) -> GeometryMap:
    """The map of a seed on a picture of `size`."""
    net = _network(network)
    (width, height), z, moves = size, running.noise(net, seed), net.genotype.move.split("+")
    found = geometry.identity(size)
    if "flow" in moves:
        found = geometry.bent(size, net.flow(z)[0].numpy().astype(np.float64) * min(size))
    if "affine" in moves:
        to_pixels = np.array([[width / 2, 0, width / 2], [0, height / 2, height / 2], [0, 0, 1.0]])
        back = np.vstack([net.affine(z)[0].numpy().astype(np.float64), [0, 0, 1]])
        found = found.then(geometry.from_matrix(to_pixels @ np.linalg.inv(back) @ np.linalg.inv(to_pixels), size, size))
    return found


def _covered(network: str, seed: int, size: Size) -> list[Polygon]:
    """The rectangles that fade enough to hide what is there."""
    net, found = _network(network), list[Polygon]()
    for node, place in net.genotype.live:
        if net.genotype.nodes[node][place][1] == "cutout":
            edge: Any = net.edges[f"{node + 1}_{place + 1}_{net.genotype.nodes[node][place][0]}_cutout"]
            at, amount = edge.rectangle(running.noise(net, seed))
            if net.amount * abs(float(amount)) > SEEN_THROUGH:
                x, y, across, down = at[0].tolist()
                (w, h), soft = size, 1.0  # a pixel more on each side: its edge is soft
                box = (
                    max(x - across, 0) * w - soft,
                    max(y - down, 0) * h - soft,
                    min(x + across, 1) * w + soft,
                    min(y + down, 1) * h + soft,
                )
                found.append(list(geometry.corners(box)))
    return found


# -- colours -----------------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _palette() -> np.ndarray:
    """Colours in equal steps, and what rules take for each basic colour: float32 [n, 3] in 0..1."""
    levels = np.linspace(0, 255, 4)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    named = [colour.prototypes(term) for term in colour.BASIC]
    return (np.concatenate([cube, *named]) / 255).astype(np.float32)


@lru_cache(maxsize=256)
def _measured(net: NeuralPolicy, seed: int) -> tuple[np.ndarray, float]:
    """What even pictures of each colour of the palette become, float64 [n, 3] in 0..255, and how uneven they are then, 0..1."""
    palette, side = _palette(), 1 if net.genotype.does <= {"colour", "affine", "flow"} else _PATCH
    flat = np.broadcast_to(palette[:, None, None], (len(palette), side, side, 3))
    made = _values(net, flat, seed).astype(np.float64)
    return made.mean((1, 2)) * 255, float(made.std((1, 2)).max())


def _stage(network: str, seed: int) -> Stage | Unsure:
    """The matrix that colours went through, where one says it; else displacements that were seen, one for each sort of picture."""
    was, (now, uneven) = _palette().astype(np.float64) * 255, _measured(_network(network), seed)
    known = np.column_stack([was, np.ones(len(was))])
    matrix = np.linalg.lstsq(known, now, rcond=None)[0].T
    if np.abs(np.clip(known @ matrix.T, 0, 255) - now).max() <= CLOSE and uneven * 255 <= CLOSE:
        return matrix
    return Unsure(_displaced, "mean", (("network", network), ("seed", seed)))


def _displaced(mean: np.ndarray, *, network: str, seed: int) -> Stage:
    """All colours moved alike; each sort of picture gets another displacement."""
    number = next(i for i, known in enumerate(sorts.statistics("mean")) if known is mean)
    now, uneven = _measured(_network(network), seed)
    moved = now - _palette().astype(np.float64) * 255
    spread = uneven * 255 * np.concatenate([np.eye(3), -np.eye(3)])  # where it is uneven, a part may be off to any side
    moved = np.concatenate([moved, moved[np.linalg.norm(moved, axis=1).argmax()] + spread])
    return displacement(moved, number)
