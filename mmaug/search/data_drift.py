"""Whether a policy that was found on old data still earns its place on new data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmaug.errors import MmaugError
from mmaug.policy import Policy
from mmaug.search.base import checks, scoring
from mmaug.search.base.candidate import Candidate, JointCandidate
from mmaug.search.base.driver import modalities_of
from mmaug.search.base.executor import Executor, executor_of
from mmaug.search.base.jobs import Request
from mmaug.search.base.objective import as_task
from mmaug.search.base.result import Scored, SearchResult

RIVALS = {"identity": "no augmentation", "trivial": "TrivialAugment"}


@dataclass(frozen=True, slots=True)
class Drift:
    """What `drift` found. old, new: by name ("policy", "identity", "trivial") the scores on both tasks, on the same seeds.

    search: whether a new search is worth it. reason: why, in words.
    """

    old: Mapping[str, Scored]
    new: Mapping[str, Scored]
    search: bool
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        both = {"old": self.old, "new": self.new}
        scores = {name: {key: scored.to_json() for key, scored in given.items()} for name, given in both.items()}
        return {**scores, "search": self.search, "reason": self.reason}

    def __str__(self) -> str:
        rows = [
            f"{name:>9}  old {self.old[name].mean:.4f}  new {self.new[name].mean:.4f} ± {one.spread:.4f}" for name, one in self.new.items()
        ]
        return "\n".join([*rows, self.reason])


def drift(policy: Candidate | SearchResult, old_task: Any, new_task: Any, *, seeds: int = 3, executor: Executor | int = 1) -> Drift:
    """Score a policy, the identity and TrivialAugment on old and new data, and say whether a new search is worth it.

    It is where on the new data the policy no longer beats both others by its spread: the standard error, over seeds, of the difference
    of scores on the same seed. policy: or the result of a search. seeds: at least 2, so that there is a spread.
    Raises: MmaugError for seeds or a policy that are none, or where the policy or the identity has no score on one of the tasks.
    """
    checks.whole("seeds", seeds, 2)
    found = policy.best if isinstance(policy, SearchResult) else policy
    if not isinstance(found, (Policy, JointCandidate)):
        raise MmaugError(f"policy must be a policy or the result of a search, got {policy!r}; read a file with mm.Policy.load")
    checks.executor(executor_of(executor))
    old, new = (_scores(found, as_task(task), seeds, executor) for task in (old_task, new_task))
    failed = [words for name, words in RIVALS.items() if not scoring.beats(new["policy"], new[name])]
    before = [words for name, words in RIVALS.items() if not scoring.beats(old["policy"], old[name])]
    if not failed:
        reason = "the policy still beats no augmentation and TrivialAugment on the new data: keep it"
    else:
        reason = f"on the new data the policy does not beat {' or '.join(failed)} by its spread: a new search is worth it"
        reason += f" (nor did it beat {' or '.join(before)} on the old data)" if before else ""
    return Drift(old, new, bool(failed), reason)


def _scores(found: Candidate, task: Any, seeds: int, executor: Executor | int) -> dict[str, Scored]:
    fixed = scoring.fixed_baselines(tuple(RIVALS), modalities_of(task), found)
    named = {"policy": found, **fixed}
    engine = executor_of(executor)
    if (check := getattr(task, "check", None)) is not None:
        check()
    try:
        engine.start(task)
        asked = [Request(candidate, 1.0, scoring.FRESH + seed) for candidate in named.values() for seed in range(seeds)]
        answers = dict(engine.run(asked))
    finally:
        engine.stop()
    rows = [answers[place] for place in range(len(asked))]
    scored = {name: scoring.scored(c, rows[i * seeds : (i + 1) * seeds]) for i, (name, c) in enumerate(named.items())}
    for name in ("policy", "identity"):
        if not scored[name].scores:
            raise MmaugError(f"drift: the {name} has no score on {type(task).__name__}: {scored[name].error}; there is nothing to compare")
    return scored
