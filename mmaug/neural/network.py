"""The augmenting network of a genotype: identity at first, trained by a searcher, kept as JSON and safetensors."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmaug import store
from mmaug.errors import MmaugError
from mmaug.neural.edges import MAKERS, dense, folded
from mmaug.neural.genotype import EDGES, MOVES, Genotype, GenotypeSpace
from mmaug.neural.hearing import Hearing

FORMAT = 1

AFFINE = 0.25
"""How far each number of an affine map may be from the identity, in halves of the picture."""

FLOW = 0.04
"""How far a flow may displace, of the shorter side: little enough that nothing folds over."""

NODES = 5
"""Places a side at which a flow is given; linear in between."""

RANGES = {"image": (0.0, 1.0), "audio": (-1.0, 1.0)}


class NeuralPolicy(nn.Module):
    """A network that augments: `network(x, z)` with noise z, float [b, noise], standard normal.

    x: pictures float [b, 3, h, w] in 0..1, log-mel pictures [b, 1, mels, frames] in -1..1, or embeddings [b, tokens, channels].
    channels: of x. noise, width: numbers of noise, and of hidden units. seed: of the weights. mixed: hold every edge that the genotype's
    space allows, weighed by `shares`, which is what a supergraph is; the genotype then only says modality and number of nodes.
    hears: for sound, what its pictures are of; without it no recording can be augmented. amount: the share of every change that is made.
    """

    def __init__(
        self, genotype: Genotype, channels: int = 3, noise: int = 8, width: int = 16, seed: int = 0, mixed: bool = False,
        hears: Hearing | None = None, amount: float = 1.0,
    ):  # fmt: skip
        super().__init__()
        self.hears, self.amount = hears, amount
        self.genotype, self.channels, self.noise, self.width, self.mixed = genotype, channels, noise, width, mixed
        generator = torch.Generator().manual_seed(seed)
        makers = MAKERS[genotype.modality]
        wanted = _all_edges(genotype) if mixed else [(n, p, *genotype.nodes[n][p]) for n, p in genotype.live]
        made = {_name(*edge): makers[edge[3]](channels, noise, width, generator) for edge in wanted if edge[3] != "none"}
        self.edges = nn.ModuleDict(made)
        moves = [move for move in MOVES[genotype.modality] if "+" not in move] if mixed else genotype.move.split("+")
        outputs = {"affine": 6, "flow": 2 * NODES**2}
        self.first = nn.ModuleDict({m: dense(noise, width, generator) for m in moves if m != "none"})
        self.last = nn.ModuleDict({m: dense(width, outputs[m], generator, zero=True) for m in moves if m != "none"})

    def forward(self, x: Tensor, z: Tensor, shares: dict[str, Tensor] | None = None) -> Tensor:
        """x augmented. shares: by the name of a decision, the weights of its options, for a mixed network."""
        return self.recoloured(self.moved(x, z, shares), z, shares)

    # -- places --------------------------------------------------------------------------------------------------------------------------

    def _said(self, move: str, z: Tensor) -> Tensor:
        return self.amount * torch.tanh(self.last[move](F.relu(self.first[move](z))))

    def affine(self, z: Tensor) -> Tensor:
        """Where each point of the result comes from: float [b, 2, 3], acting on (x, y, 1), with the picture reaching from -1 to 1."""
        return torch.eye(2, 3, dtype=z.dtype, device=z.device) + AFFINE * self._said("affine", z).view(-1, 2, 3)

    def flow(self, z: Tensor) -> Tensor:
        """What is now at p was at p + flow: float [b, NODES, NODES, 2] of (dx, dy) in shares of the shorter side, from edge to edge."""
        return FLOW * self._said("flow", z).view(-1, NODES, NODES, 2)

    def moved(self, x: Tensor, z: Tensor, shares: dict[str, Tensor] | None = None) -> Tensor:
        """x through its move; what enters is the value at the edge."""
        if not len(self.first):
            return x
        move = None if shares is None else dict(zip(MOVES[self.genotype.modality], shares["move"], strict=True))
        eye = torch.eye(2, 3, dtype=x.dtype, device=x.device)
        maps = eye.expand(len(x), -1, -1)
        if "affine" in self.first:
            share = 1.0 if move is None else move["affine"] + move["affine+flow"]
            maps = eye + share * (self.affine(z) - eye)
        there = F.affine_grid(maps, list(x.shape), align_corners=False)
        if "flow" in self.first:
            height, width = x.shape[-2:]
            field = F.grid_sample(self.flow(z).movedim(-1, 1), there, mode="bilinear", padding_mode="border", align_corners=True)
            scale = torch.tensor([2 * min(height, width) / side for side in (width, height)], dtype=x.dtype, device=x.device)
            share = 1.0 if move is None else sum(share for name, share in move.items() if name not in ("none", "affine"))
            there = there + share * field.movedim(1, -1) * scale
        return F.grid_sample(x, there, mode="bilinear", padding_mode="border", align_corners=False)

    # -- values --------------------------------------------------------------------------------------------------------------------------

    def recoloured(self, x: Tensor, z: Tensor, shares: dict[str, Tensor] | None = None) -> Tensor:
        """x through the nodes."""
        made = [x]
        for number, node in enumerate(self.genotype.nodes):
            if not self.mixed and not any(live == number for live, _ in self.genotype.live):
                made.append(x)  # nothing depends on it
                continue
            parts = [self._edge(number, place, edge, made, z, shares) for place, edge in enumerate(node)]
            there = [part for part in parts if part is not None] or [made[node[0][0]]]
            out = there[0] if len(there) == 1 else (there[0] + there[1]) / 2
            made.append(folded(out, *RANGES[self.genotype.modality]) if self.genotype.modality in RANGES else out)
        return made[-1] if self.amount == 1 else x + self.amount * (made[-1] - x)

    def _edge(self, node: int, place: int, edge: tuple[int, str], made: list[Tensor], z: Tensor, shares: Any) -> Tensor | None:
        if shares is None:
            source, name = edge
            return None if name == "none" else self.edges[_name(node, place, source, name)](made[source], z)
        first = f"node{node + 1}.edge{place + 1}"
        total = torch.zeros_like(made[0])
        for source, share in enumerate(shares[f"{first}.from"]):
            for name, weight in zip(EDGES[self.genotype.modality], shares[f"{first}.op"], strict=True):
                done = made[source] if name == "none" else self.edges[_name(node, place, source, name)](made[source], z)
                total = total + share * weight * done
        return total

    def toned(self, amount: float) -> NeuralPolicy:
        """A copy that makes only a share of what this network changes, in [0, 1]."""
        options = {"mixed": self.mixed, "hears": self.hears, "amount": self.amount * amount}
        made = NeuralPolicy(self.genotype, self.channels, self.noise, self.width, **options)  # type: ignore[arg-type]
        made.load_state_dict(self.state_dict())
        made.requires_grad_(all(weight.requires_grad for weight in self.parameters()))
        return made.to(next(iter(self.state_dict().values()), torch.zeros(0)).device)

    # -- its file ------------------------------------------------------------------------------------------------------------------------

    def digest(self) -> str:
        """Its name, of 12 hexadecimal digits, which follows from the genotype and the weights."""
        found = blake2b(json.dumps(self._described(), sort_keys=True).encode(), digest_size=6)
        for name, value in sorted(self.state_dict().items()):
            found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    def _described(self) -> dict[str, Any]:
        sizes = {"channels": self.channels, "noise": self.noise, "width": self.width}
        hears = {} if self.hears is None else {"hears": asdict(self.hears)}
        amount = {} if self.amount == 1 else {"amount": self.amount}
        return {"network": FORMAT, "genotype": self.genotype.to_json(), **sizes, **hears, **amount}

    def save(self, folder: str | Path) -> Path:
        """Write `genotype.json` and `network.safetensors` into a folder, which is made; the folder."""
        from safetensors.torch import save_file

        if self.mixed:
            raise MmaugError("a mixed network is not one augmentation; take the network of a genotype")
        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        save_file({name: value.detach().cpu().contiguous() for name, value in self.state_dict().items()}, out / "network.safetensors")
        described = {**self._described(), "name": self.digest()}
        (out / "genotype.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
        return out

    @classmethod
    def load(cls, folder: str | Path) -> NeuralPolicy:
        """The network of a folder, without gradients. Raises: MmaugError where the folder holds none."""
        from safetensors.torch import load_file

        place = Path(folder)
        try:
            value = json.loads((place / "genotype.json").read_text(encoding="utf-8"))
            weights = load_file(place / "network.safetensors")
        except (OSError, ValueError) as error:
            raise MmaugError(f"{place}: must be a folder with genotype.json and network.safetensors of a saved network; {error}") from None
        if value.get("network") != FORMAT:
            raise MmaugError(f"{place}/genotype.json: must have network: {FORMAT}, got {value.get('network')!r}")
        hears = Hearing.from_json(value["hears"]) if "hears" in value else None
        genotype, amount = Genotype.from_json(value["genotype"]), value.get("amount", 1.0)
        network = cls(genotype, value["channels"], value["noise"], value["width"], hears=hears, amount=amount)
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise MmaugError(f"{place}: the weights are not those of its genotype: {str(error)[:200]}") from None
        if network.digest() != value.get("name"):
            raise MmaugError(f"{place}: the network must be {value.get('name')!r}, as its genotype.json says, and is {network.digest()!r}")
        return network.eval().requires_grad_(False)

    def keep(self) -> str:
        """Put it into the store of networks, from where policies take it; its name."""
        name = self.digest()
        if not (store.root() / name / "network.safetensors").is_file():
            with tempfile.TemporaryDirectory() as folder:
                store.put(self.save(folder))
        return name


def supergraph(
    space: GenotypeSpace, channels: int = 3, noise: int = 8, width: int = 16, seed: int = 0, hears: Hearing | None = None
) -> NeuralPolicy:
    """The network that holds every edge of a space of genotypes."""
    return NeuralPolicy(space.genotype([0] * len(space.decisions)), channels, noise, width, seed, True, hears)


def discretised(mixed: NeuralPolicy, genotype: Genotype) -> NeuralPolicy:
    """The network of one genotype with the weights that its edges have in a supergraph."""
    network = NeuralPolicy(genotype, mixed.channels, mixed.noise, mixed.width, hears=mixed.hears)
    weights = mixed.state_dict()
    network.load_state_dict({name: weights[name].clone() for name in network.state_dict()})
    return network


def _all_edges(genotype: Genotype) -> list[tuple[int, int, int, str]]:
    nodes = range(len(genotype.nodes))
    return [(n, place, source, name) for n in nodes for place in (0, 1) for source in range(n + 1) for name in EDGES[genotype.modality]]


def _name(node: int, place: int, source: int, op: str) -> str:
    return f"{node + 1}_{place + 1}_{source}_{op}"
