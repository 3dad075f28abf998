"""A zero-sum game between a policy that picks ops and a child that learns to bear them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmaug.policy import Policy
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.pools import IDENTITY
from mmaug.search.base.space import PolicySpace
from mmaug.testing.policy_reading import expected

if TYPE_CHECKING:
    from torch import Tensor

OPS = ("image.rotate", "image.shear_x", "image.translate_x", "image.brightness", "image.contrast", "image.hue")
SKILLS = 5
"""What the child divides its attention between."""


@dataclass(frozen=True)
class MinimaxGame:
    """Ops against skills: `payoff[op, skill]` is the child's loss, and the policy wants it high: RESUME, EVALUATE.

    The child is a softmax over skills that follows the gradient of its mean loss. Only the chances of ops count, not their strengths;
    what is left is the identity, whose loss is below all. seed: of the payoffs. rate: of the child's steps; 0 is a frozen child.
    """

    seed: int = 0
    rate: float = 0.05
    steps: int = 200
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE | Capability.RESUME

    @property
    def space(self) -> PolicySpace:
        return PolicySpace(OPS, n_sub=1, n_ops=1)

    @functools.cached_property
    def payoff(self) -> np.ndarray:
        """float64 [ops and the identity, skills], in [0, 1]; the identity is last."""
        table = np.random.default_rng([11, self.seed]).uniform(0.1, 1.0, (len(OPS), SKILLS))
        return np.vstack([table, np.zeros(SKILLS)])

    def shares(self, policy: Policy) -> np.ndarray:
        """How often each op runs under a policy, float64 [ops and the identity]; what is left of 1 is the identity."""
        counts = expected(policy)
        shares = np.array([counts.get(name, 0.0) for name in OPS])
        shares /= max(1.0, shares.sum())
        return np.append(shares, 1.0 - shares.sum())

    def exploitability(self, ops: np.ndarray, skills: np.ndarray) -> float:
        """What the two could gain together by best answers to the other's mixture; 0 at the game's solution.

        ops: chances of the ops and the identity, [7]. skills: the child's, [5].
        """
        return float((self.payoff @ skills).max() - (ops @ self.payoff).min())

    def start(self, seed: int = 0, steps: int | None = None) -> GameRun:
        """A child at its beginning, at a random point near indifference."""
        del steps
        return GameRun(self, seed)

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """Minus the worst op's loss for a child trained under the policy: a hard policy makes a child that bears all."""
        run = self.start(seed)
        run.advance(max(1, round(self.steps * fidelity)), [policy_of(candidate)])
        scored = run.score()
        return Evaluation(scored.objective, scored.metrics, Cost(1, run.steps), fidelity, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "MinimaxGame", "seed": self.seed, "rate": self.rate, "ops": [*OPS, IDENTITY]}


class GameRun:
    """The child's side: `Run` of the game. average: its mean mixture so far, in which a step weighs as much as its number, [skills]."""

    def __init__(self, task: MinimaxGame, seed: int):
        self.task = task
        self.steps = 0
        self.logits = 0.1 * np.random.default_rng([12, task.seed, seed]).standard_normal(SKILLS)
        self.summed = np.zeros(SKILLS)

    @property
    def skills(self) -> np.ndarray:
        """The mixture now."""
        raised = np.exp(self.logits - self.logits.max())
        return raised / raised.sum()

    @property
    def average(self) -> np.ndarray:
        return self.summed / max(self.steps * (self.steps + 1) / 2, 1)

    def advance(self, steps: int, policies: Sequence[Policy]) -> list[float]:
        """Steps of gradient descent on the mean loss of the policies."""
        rows = np.stack([self.task.shares(policy) @ self.task.payoff for policy in policies])
        losses = np.zeros(len(policies))
        for _ in range(steps):
            skills, mean = self.skills, rows.mean(0)
            losses += rows @ skills / steps
            self.logits = self.logits - self.task.rate * skills * (mean - mean @ skills)
            self.steps += 1
            self.summed = self.summed + self.steps * skills
        return losses.tolist()

    def score(self) -> Evaluation:
        """Minus the loss under the worst op."""
        objective = -float((self.task.payoff @ self.skills).max())
        return Evaluation(objective, {"objective": objective})

    def kept(self, policy: Policy) -> float:
        """Nothing is ever destroyed here."""
        return 1.0

    def state(self) -> dict[str, Tensor]:
        """Logits, sum and count."""
        import torch

        return {"logits": torch.tensor(self.logits), "summed": torch.tensor(self.summed), "steps": torch.tensor(self.steps)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        self.logits, self.summed = state["logits"].numpy().copy(), state["summed"].numpy().copy()
        self.steps = int(state["steps"])
