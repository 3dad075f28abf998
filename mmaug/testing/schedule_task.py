"""A child in training for which strength should be nothing at first and rise later: a planted schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmaug.policy import Policy
from mmaug.search.base.candidate import Candidate, policy_of
from mmaug.search.base.evaluator import Capability, Cost, Evaluation
from mmaug.search.base.space import PolicySpace
from mmaug.testing.policy_reading import strength_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PlantedSchedule:
    """The best strength of one op is 0 for the first 30 % of training and rises to 1 by its end: RESUME, EVALUATE.

    Every step is worth 1 - |strength - best|, and a run its mean so far; at best 1, and 0.71 for a constant. steps: of a whole
    training. op: whose strength is read, the mean over the places where it stands in a policy.
    """

    steps: int = 200
    op: str = "image.rotate"
    rungs: tuple[float, ...] = (1.0,)
    capabilities = Capability.EVALUATE | Capability.RESUME

    @property
    def space(self) -> PolicySpace:
        return PolicySpace((self.op,), n_sub=1, n_ops=1)

    def planted(self, step: int) -> float:
        """The best strength at a step of `steps`."""
        share = step / self.steps
        return max(0.0, (share - 0.3) / 0.7)

    def start(self, seed: int = 0, steps: int | None = None) -> ScheduleRun:
        """A child at its beginning. steps: how long its training is, which stretches the planted schedule."""
        del seed  # nothing is random here
        return ScheduleRun(self, self.steps if steps is None else steps)

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """A whole training under a policy, which may be a schedule."""
        run, policy = self.start(seed), policy_of(candidate)
        for step in range(max(1, round(self.steps * fidelity))):
            run.advance(1, [policy.at(step / self.steps)])
        scored = run.score()
        return Evaluation(scored.objective, scored.metrics, Cost(1, run.steps), fidelity, seed)

    def describe(self) -> dict[str, Any]:
        return {"task": "PlantedSchedule", "steps": self.steps, "op": self.op}


class ScheduleRun:
    """One training: `Run` of the planted schedule."""

    def __init__(self, task: PlantedSchedule, length: int):
        self.task, self.length = task, length
        self.steps = 0
        self.gathered = 0.0

    def advance(self, steps: int, policies: Sequence[Policy]) -> list[float]:
        """Train so many steps; losses are 1 - worth."""
        losses = [0.0] * len(policies)
        for _ in range(steps):
            best = self.task.planted(round(self.steps * self.task.steps / self.length))
            worth = [1.0 - abs(strength_of(policy, self.task.op) - best) for policy in policies]
            self.gathered += sum(worth) / len(worth)
            self.steps += 1
            losses = [loss + (1.0 - w) / steps for loss, w in zip(losses, worth, strict=True)]
        return losses

    def score(self) -> Evaluation:
        """The mean worth of the steps so far."""
        objective = self.gathered / max(self.steps, 1)
        return Evaluation(objective, {"objective": objective})

    def kept(self, policy: Policy) -> float:
        """Nothing is ever destroyed here."""
        return 1.0

    def state(self) -> dict[str, Tensor]:
        """Both counters."""
        import torch

        return {"steps": torch.tensor(self.steps), "gathered": torch.tensor(self.gathered, dtype=torch.float64)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        self.steps, self.gathered = int(state["steps"]), float(state["gathered"])
