"""Shapes on a side, in pictures, words and two channels of sound, with a tiny child: which rewards rank policies rightly.

In training a shape is always on the same side and at the same height; held-out rows have both sides and other heights. So mirroring all
three modalities together teaches what is missing, moving pictures up and down too, and mirroring one modality alone teaches falsehoods.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmaug.policy import Policy
from mmaug.processes import one_thread
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.space import PolicySpace
from mmaug.testing.policy_reading import drawn

SHAPES, HEIGHT, WIDTH, BINS, FILLERS = 8, 12, 24, 16, 12
LEFT, RIGHT = SHAPES + 1, SHAPES + 2
"""The numbers of these two words; shapes are words 1 to 8, fillers follow, 0 is no word."""
MIRRORS = ("image.horizontal_flip", "text.swap_words", "audio.swap_channels")
"""What mirrors each modality; `text.swap_words` stands here for left and right changing places."""
OPS = (*MIRRORS, "image.translate_y", "image.gaussian_noise", "text.delete_words", "audio.gain", "audio.gaussian_noise")
RATE, TEMPERATURE, BATCH = 3e-3, 0.1, 64
PAIRS = ((0, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class Rows:
    """Tuples. pictures: float32 [n, 12, 24]; words: int64 [n, 5]; sounds: float32 [n, 2, 16]; groups: int64 [n], what each shows."""

    pictures: np.ndarray
    words: np.ndarray
    sounds: np.ndarray
    groups: np.ndarray

    def take(self, numbers: np.ndarray) -> Rows:
        return Rows(self.pictures[numbers].copy(), self.words[numbers].copy(), self.sounds[numbers].copy(), self.groups[numbers])


@dataclass(frozen=True)
class Trimodal:
    """The task: EVALUATE. reward: "retrieval" is held-out recall at 1, the mean over six directions; "consistency" is minus the distance
    of augmented from clean tuples, which is the trap: nothing is as consistent as no augmentation.

    steps: of the child. seed: of shapes and rows.
    """

    reward: str = "retrieval"
    steps: int = 120
    seed: int = 0
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE

    @property
    def space(self) -> PolicySpace:
        return PolicySpace(OPS, n_sub=1, n_ops=2)

    @functools.cached_property
    def splits(self) -> dict[str, Rows]:
        """Rows to train on, the held-out ones, and those of the test."""
        rng = np.random.default_rng([21, self.seed])
        shapes = (rng.random((SHAPES, 5, 5)) < 0.5).astype(np.float32)
        return {name: _draw_rows(rng, shapes, count, name != "train") for name, count in (("train", 256), ("valid", 192), ("test", 192))}

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """A child trained under the policy. metrics: "recall" held out, "test", "consistency"."""
        policy, steps = policy_of(candidate), max(1, round(self.steps * fidelity))
        with one_thread():
            weights = train(self.splits["train"], policy, steps, [self.seed, seed])
            recall = {name: recall_at_1(weights, self.splits[name]) for name in ("valid", "test")}
            metrics = {"recall": recall["valid"], "test": recall["test"], "consistency": self._consistency(weights, policy, seed)}
        objective = metrics["recall"] if self.reward == "retrieval" else metrics["consistency"]
        return Evaluation(objective, {"objective": objective, "headroom": 1 - recall["valid"], **metrics}, Cost(1, steps), fidelity, seed)

    def _consistency(self, weights: dict[str, Tensor], policy: Policy, seed: int) -> float:
        clean = self.splits["valid"]
        rng = np.random.default_rng([22, self.seed, seed])
        changed = augment(clean.take(np.arange(len(clean.groups))), policy, rng)
        with torch.no_grad():
            apart = [(1 - (a * b).sum(-1)).mean() for a, b in zip(embed(weights, clean), embed(weights, changed), strict=True)]
        return -float(torch.stack(apart).mean())

    def describe(self) -> dict[str, Any]:
        return {"task": "Trimodal", "reward": self.reward, "steps": self.steps, "seed": self.seed}


def _draw_rows(rng: np.random.Generator, shapes: np.ndarray, count: int, held_out: bool) -> Rows:
    which = rng.integers(SHAPES, size=count)
    sides = rng.integers(2, size=count) if held_out else which % 2
    tops = rng.integers(HEIGHT - 4, size=count) if held_out else np.full(count, 3)
    pictures = rng.normal(0, 0.1, (count, HEIGHT, WIDTH)).astype(np.float32)
    sounds = rng.normal(0, 0.1, (count, 2, BINS)).astype(np.float32)
    words = np.empty((count, 5), np.int64)
    for row, (shape, side, top) in enumerate(zip(which, sides, tops, strict=True)):
        left = 12 * side + 3
        pictures[row, top : top + 5, left : left + 5] += shapes[shape]
        sounds[row, side, 2 * shape] += 1
        words[row] = [1 + shape, (LEFT, RIGHT)[side], *rng.integers(RIGHT + 1, RIGHT + 1 + FILLERS, size=3)]
    return Rows(pictures, words, sounds, which * 2 + sides)


def augment(rows: Rows, policy: Policy, rng: np.random.Generator) -> Rows:
    """Each row with its own draw, in place."""
    for row in range(len(rows.groups)):
        for name, strength in drawn(policy, rng):
            _change(rows, row, name, strength, rng)
    return rows


def _change(rows: Rows, row: int, name: str, strength: float, rng: np.random.Generator) -> None:
    picture, words, sound = rows.pictures[row], rows.words[row], rows.sounds[row]
    if name == "image.horizontal_flip":
        picture[:] = picture[:, ::-1].copy()
    elif name == "text.swap_words":
        words[1] = {LEFT: RIGHT, RIGHT: LEFT}.get(int(words[1]), words[1])
    elif name == "audio.swap_channels":
        sound[:] = sound[::-1].copy()
    elif name == "image.translate_y":
        picture[:] = np.roll(picture, round(strength * 4) * (1 if rng.random() < 0.5 else -1), 0)
    elif name in ("image.gaussian_noise", "audio.gaussian_noise"):
        target = picture if name.startswith("image") else sound
        target += rng.normal(0, 1.5 * strength, target.shape).astype(np.float32)
    elif name == "text.delete_words":
        words[rng.random(5) < 0.5 * strength] = 0
    elif name == "audio.gain":
        sound *= 10 ** (strength * (1 if rng.random() < 0.5 else -1) * 12 / 20)


def said(words: np.ndarray) -> np.ndarray:
    """What rows show by their words: the same number, the same shape and side; one of its own where a word for either is missing."""
    whole = (words[:, 0] > 0) & (words[:, 1] > 0)
    return np.where(whole, (words[:, 0] - 1) * 2 + (words[:, 1] == RIGHT), 2 * SHAPES + np.arange(len(words)))


SIZES = {
    "conv": (16, 1, 3, 3), "picture": (32, 16 * 4 * 8), "embedding": (RIGHT + 1 + FILLERS, 32), "text": (32, 32),
    "hidden": (64, 2 * BINS), "sound": (32, 64),
}  # fmt: skip
"""The child's weights."""


def train(rows: Rows, policy: Policy, steps: int, seeds: Sequence[int]) -> dict[str, Tensor]:
    """A child after so many steps of Adam on augmented batches; its weights."""
    rng = np.random.default_rng([23, *seeds])
    weights = {}
    for name, size in SIZES.items():
        scale = 1.0 if name == "embedding" else np.prod(size[1:]) ** -0.5
        weights[name] = torch.tensor(rng.normal(0, scale, size), dtype=torch.float32, requires_grad=True)
    optimiser = torch.optim.Adam(list(weights.values()), lr=RATE)
    order, policy_rng = np.random.default_rng([24, *seeds]), np.random.default_rng([25, *seeds])
    for step in range(steps):
        batch = augment(rows.take(order.choice(len(rows.groups), BATCH, False)), policy.at(step / steps), policy_rng)
        loss = contrastive(embed(weights, batch), torch.as_tensor(said(batch.words)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {name: weight.detach() for name, weight in weights.items()}


def embed(weights: dict[str, Tensor], rows: Rows) -> list[Tensor]:
    """Three unit vectors a row, float32 [n, 32] each: of picture, words and sound."""
    seen = F.avg_pool2d(F.relu(F.conv2d(torch.as_tensor(rows.pictures)[:, None], weights["conv"], padding=1)), 3)
    picture = seen.flatten(1) @ weights["picture"].T
    text = weights["embedding"][torch.as_tensor(rows.words)].mean(1) @ weights["text"].T
    sound = F.relu(torch.as_tensor(rows.sounds).flatten(1) @ weights["hidden"].T) @ weights["sound"].T
    return [F.normalize(one, dim=-1) for one in (picture, text, sound)]


def contrastive(embedded: Sequence[Tensor], groups: Tensor) -> Tensor:
    """The mean of six directions of InfoNCE, in which all rows that show the same are positives."""
    positive = (groups[:, None] == groups[None]).float()
    target = positive / positive.sum(1, keepdim=True)
    losses = []
    for one, other in PAIRS:
        logits = embedded[one] @ embedded[other].T / TEMPERATURE
        losses += [F.cross_entropy(logits, target), F.cross_entropy(logits.T, target)]
    return torch.stack(losses).mean()


@torch.no_grad()
def recall_at_1(weights: dict[str, Tensor], rows: Rows) -> float:
    """How often the nearest row of another modality shows the same, the mean over six directions."""
    embedded, groups = embed(weights, rows), torch.as_tensor(rows.groups)
    directions = [(one, other) for pair in PAIRS for one, other in (pair, pair[::-1])]
    hits = [(groups[(embedded[a] @ embedded[b].T).argmax(1)] == groups).float().mean() for a, b in directions]
    return float(torch.stack(hits).mean())


def slot(*ops: str, p: float = 0.5, strength: float = 0.8) -> dict[str, Any]:
    """One slot: ops of different modalities under one coin, as values of the space without its place."""
    values: dict[str, Any] = {"p": p}
    for name in ops:
        values |= {f"{name.split('.')[0]}.op": name, f"{name.split('.')[0]}.strength": strength}
    return values


def policy_of_slots(task: Trimodal, *slots: dict[str, Any]) -> Policy:
    """The policy of up to two slots."""
    values = {name: "identity" if name.endswith(".op") else 0.0 for name in task.space.flat()}
    for number, given in enumerate(slots):
        values |= {f"sub0.slot{number}.{name}": value for name, value in given.items()}
    return task.space.policy(values)
