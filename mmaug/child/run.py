"""A child of a task in training: steps under policies that may change, its score, its state (RESUME), and frozen ones (DENSITY)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from torch import Tensor

from mmaug import rng
from mmaug.child.config import ChildConfig
from mmaug.child.inputs import Batches
from mmaug.child.model import Child
from mmaug.child.rows import Rows
from mmaug.child.scoring import Eye, retrieval
from mmaug.child.training import Training
from mmaug.policy import Policy
from mmaug.processes import one_thread
from mmaug.search.base.evaluator import Cost, Evaluation

if TYPE_CHECKING:
    from mmaug.child.task import ChildTask
    from mmaug.graph import TransformGraph


class ChildRun:
    """One child in training; `task.start` makes it. rows: what it is trained on, by default the task's."""

    def __init__(self, task: ChildTask, seed: int, steps: int, *, config: ChildConfig | None = None, rows: Rows | None = None):
        self.task, self.seed = task, seed
        self.training = Training(task.child(seed, config), task.recipe, steps)
        recipe = task.recipe
        train = task.train if rows is None else rows
        self.batches = Batches(
            train, task.encoder, batch=recipe.batch, views=recipe.views, clean=recipe.clean, seed=rng.derive(seed, "order")
        )
        self._graphs: dict[str, TransformGraph | None] = {}

    @property
    def steps(self) -> int:
        """Steps done."""
        return self.training.steps

    def advance(self, steps: int, policies: Sequence[Policy]) -> list[float]:
        """Train so many steps and give each policy's mean loss; each batch is augmented once under every policy, and the step follows
        the mean of their losses. Raises: ChildError for a loss that is no number.
        """
        sums = [0.0] * len(policies)
        graphs = [self._graph(policy) for policy in policies]
        with one_thread():
            for _ in range(steps):
                number, progress = self.training.steps, self.training.progress
                told = self.training.step([self.batches.inputs(number, graph, progress) for graph in graphs])
                sums = [sum_ + parts["loss"] for sum_, parts in zip(sums, told, strict=True)]
        return [sum_ / max(steps, 1) for sum_ in sums]

    def score(self) -> Evaluation:
        """Held-out retrieval now: the objective is the mean R@1 itself, as nobody trains an identity beside a run."""
        with one_thread():
            found = retrieval(self.eye().clean(self.task.valid))
        return Evaluation(found["mean_r@1"], found, Cost(evaluations=1), seed=self.seed)

    def kept(self, policy: Policy) -> float:
        """Mean R@1 on the held-out rows under the policy over that on the same rows as they are."""
        eye, valid = self.eye(), self.task.valid
        with one_thread():
            clean = retrieval(eye.augmented(valid, None).embedded(), (1,))["mean_r@1"]
            return retrieval(eye.augmented(valid, self._graph(policy)).embedded(), (1,))["mean_r@1"] / max(clean, 1e-12)

    def eye(self) -> Eye:
        """The child as it is scored, apart from the one in training."""
        child = self.task.child(self.seed, self.training.child.config)
        child.load_state_dict(dict(self.training.scored()))
        return Eye(child, self.task.encoder)

    def state(self) -> dict[str, Tensor]:
        """All that decides how it goes on."""
        return self.training.state()

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state, bit for bit."""
        self.training.load(state)

    def _graph(self, policy: Policy) -> TransformGraph | None:
        name = repr(policy.to_json())
        if name not in self._graphs:
            if len(self._graphs) >= 64:  # a searcher that tries a new policy every step
                self._graphs.clear()
            self._graphs[name] = self.task.graph(policy, rng.derive(self.seed, "draws"))
        return self._graphs[name]


class ChildFold:
    """A frozen child and the rows that it has not seen. cost: what its training took."""

    def __init__(self, task: ChildTask, eye: Eye, rows: Rows, cost: Cost):
        self.task, self.eye, self.rows, self.cost = task, eye, rows, cost
        eye.child.requires_grad_(False)

    def loss(self, policy: Policy, *, draws: int = 1, seed: int = 0) -> float:
        """The mean loss on the unseen rows under the policy, over so many draws of each row: InfoNCE at a fixed temperature, both ways,
        every pair of modalities alike.
        """
        graph = self.task.graph(policy, rng.derive(seed, "density"))
        with one_thread():
            return sum(self.eye.augmented(self.rows, graph, view=view).density() for view in range(draws)) / max(draws, 1)

    def fingerprint(self) -> str:
        """A digest of the weights."""
        return fingerprint(self.eye.child)


def fingerprint(child: Child) -> str:
    """A digest of a child's weights: equal for equal weights."""
    digest = blake2b(digest_size=16)
    for name, value in child.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
