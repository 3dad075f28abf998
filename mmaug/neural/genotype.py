"""The graph of an augmenting network, as a value: how it moves what it gets, and what its nodes do to it then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from mmaug.errors import PolicyError

MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"image": ("none", "affine", "flow", "affine+flow"), "audio": ("none",), "text": ("none",)}
)
"""By modality, how places are moved: one map for all that follows, so that it is known where everything went. Time is not bent: a
network for sound changes how loud each band is at each time, which can be done to a recording too."""

EDGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "image": ("skip", "none", "colour", "convolution", "bands", "noise", "cutout"),
        "audio": ("skip", "none", "gain", "convolution", "noise", "cutout"),
        "text": ("skip", "none", "scale", "mixing", "noise"),
    }
)
"""By modality, what an edge may do: pictures in 0..1, log-mel pictures in -1..1, embeddings of tokens (never their numbers)."""

INPUTS = 2
"""Edges that lead into a node; it is the mean of those that are there."""

Edge = tuple[int, str]
"""Where it comes from (0 is what was moved, k is node k), and what it does."""


@dataclass(frozen=True)
class Genotype:
    """A graph: one move, then nodes in turn, each the mean of its two edges; the last node is the result.

    A node of two "none" passes on what it was given first.
    Raises: PolicyError for a name that is none of the modality's, or an edge from a later node.
    """

    modality: str
    move: str
    nodes: tuple[tuple[Edge, Edge], ...]

    def __post_init__(self) -> None:
        if self.modality not in EDGES:
            raise PolicyError(f"Genotype: modality must be one of {', '.join(EDGES)}, got {self.modality!r}")
        if self.move not in MOVES[self.modality]:
            raise PolicyError(f"Genotype: move must be one of {', '.join(MOVES[self.modality])}, got {self.move!r}")
        for number, node in enumerate(self.nodes):
            for source, name in node:
                if not 0 <= source <= number or name not in EDGES[self.modality]:
                    allowed = f"(0 to {number}, one of {', '.join(EDGES[self.modality])})"
                    raise PolicyError(f"Genotype: an edge of node {number + 1} must be {allowed}, got {(source, name)!r}")

    @property
    def live(self) -> tuple[tuple[int, int], ...]:
        """The edges (node, edge), counted from 0, that the result depends on."""
        needed, found = {len(self.nodes)}, []
        for number in reversed(range(len(self.nodes))):
            if number + 1 not in needed:
                continue
            for place, (source, name) in enumerate(self.nodes[number]):
                if name != "none" or (place == 0 and self.nodes[number][1][1] == "none"):
                    needed.add(source)
                    found.append((number, place))
        return tuple(reversed(found))

    @property
    def does(self) -> frozenset[str]:
        """The names of all that the result depends on, but for passing on."""
        names = {self.nodes[node][place][1] for node, place in self.live} | set(self.move.split("+"))
        return frozenset(names - {"skip", "none"})

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return {"modality": self.modality, "move": self.move, "nodes": [[list(edge) for edge in node] for node in self.nodes]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Genotype:
        """The genotype of a JSON value. Raises: PolicyError where it is none."""
        try:
            nodes = tuple(tuple((int(source), str(name)) for source, name in node) for node in value["nodes"])
            return cls(value["modality"], value["move"], nodes)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):
            raise PolicyError(f"a genotype must have modality, move and nodes of two edges, got {value!r}") from None


@dataclass(frozen=True)
class GenotypeSpace:
    """All genotypes of so many nodes. Source: Liu et al. 2019, "DARTS", 2.1 (cells of nodes with two inputs each)."""

    modality: str = "image"
    nodes: int = 3

    @property
    def decisions(self) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        """Every decision by name, with its options."""
        found: list[tuple[str, tuple[Any, ...]]] = [("move", MOVES[self.modality])]
        for node in range(self.nodes):
            for place in range(INPUTS):
                found.append((f"node{node + 1}.edge{place + 1}.from", tuple(range(node + 1))))
                found.append((f"node{node + 1}.edge{place + 1}.op", EDGES[self.modality]))
        return tuple(found)

    def genotype(self, numbers: Sequence[int]) -> Genotype:
        """The genotype of the numbers of options, in the order of `decisions`."""
        chosen = [options[int(number)] for number, (_, options) in zip(numbers, self.decisions, strict=True)]
        edges = list(zip(chosen[1::2], chosen[2::2], strict=True))
        nodes = tuple((edges[i], edges[i + 1]) for i in range(0, len(edges), INPUTS))
        return Genotype(self.modality, chosen[0], nodes)

    def sample(self, rng: np.random.Generator) -> list[int]:
        """Numbers of options, drawn evenly."""
        return [int(rng.integers(len(options))) for _, options in self.decisions]

    def mutate(self, numbers: Sequence[int], rng: np.random.Generator) -> list[int]:
        """The same with one decision changed that has another option."""
        changed = list(numbers)
        open_ = [place for place, (_, options) in enumerate(self.decisions) if len(options) > 1]
        place = open_[int(rng.integers(len(open_)))]
        step = int(rng.integers(1, len(self.decisions[place][1])))
        changed[place] = (changed[place] + step) % len(self.decisions[place][1])
        return changed
