"""What a search gives back: the best candidate beside its baselines, all that was tried, what it cost; one JSON file."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmaug import store
from mmaug.errors import MmaugError
from mmaug.policy import Policy
from mmaug.search.base import candidate as candidates
from mmaug.search.base.candidate import Candidate
from mmaug.search.base.evaluator import Cost, Evaluation
from mmaug.search.base.plain import plain

FORMAT = 1
"""The number of the JSON form; another number is refused."""


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One line of the history: a trial of an ask-and-tell searcher, or a step of an online one.

    evaluation: of the highest rung that it climbed to. rungs: all it climbed, lowest first. notes: the searcher's own, and what a step
    reported.
    """

    number: int
    candidate: Candidate | None
    evaluation: Evaluation
    rungs: tuple[Evaluation, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return {
            "number": self.number,
            "candidate": None if self.candidate is None else candidates.to_json(self.candidate),
            "evaluation": self.evaluation.to_json(),
            "rungs": [rung.to_json() for rung in self.rungs],
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TrialRecord:
        """The record of a JSON value."""
        given = None if value["candidate"] is None else candidates.from_json(value["candidate"])
        rungs = tuple(Evaluation.from_json(rung) for rung in value["rungs"])
        return cls(value["number"], given, Evaluation.from_json(value["evaluation"]), rungs, value["notes"])


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate on fresh seeds. scores: the objective of each seed; a seed on which it failed is left out (error says how).

    metrics: their means. feasible: all constraints hold on every seed.
    """

    candidate: Candidate
    scores: tuple[float, ...]
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    feasible: bool = True

    @property
    def mean(self) -> float:
        """The mean over the seeds; minus infinity where it failed on all."""
        return statistics.fmean(self.scores) if self.scores else -math.inf

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds; 0 for one seed."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        given, scores = candidates.to_json(self.candidate), list(self.scores)
        return {"candidate": given, "scores": scores, "metrics": dict(self.metrics), "error": self.error, "feasible": self.feasible}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Scored:
        """The scores of a JSON value."""
        given = candidates.from_json(value["candidate"])
        return cls(given, tuple(value["scores"]), value["metrics"], value["error"], value.get("feasible", True))


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The end of a search.

    top: the best candidates by their score on fresh seeds, best first. history: every trial or step, in order. baselines: by name, on
    the same seeds. cost: of the search itself; baseline_cost: of the baselines and the scoring on fresh seeds. searcher, task, space:
    what ran, as JSON values. versions: of mmaug and what it ran on. diagnostics: headroom, entropy, collapse, and warnings in words.
    """

    top: tuple[Scored, ...]
    history: tuple[TrialRecord, ...]
    baselines: Mapping[str, Scored]
    cost: Cost
    baseline_cost: Cost
    seed: int
    searcher: Mapping[str, Any]
    task: Mapping[str, Any]
    space: Mapping[str, Any]
    versions: Mapping[str, str]
    diagnostics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def best(self) -> Candidate:
        """The best candidate: a policy, or a policy with an architecture. Raises: MmaugError where nothing was found."""
        if not self.top:
            first = next((record.evaluation.error for record in self.history if record.evaluation.error), "")
            how = f"all of its {len(self.history)} trials failed, the first with: {first}" if first else "it ended before its first trial"
            raise MmaugError(f"the search found no candidate: {how}")
        return self.top[0].candidate

    @property
    def policy(self) -> Policy:
        """The policy of the best candidate."""
        return candidates.policy_of(self.best)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` gives it back."""
        return {
            "format": FORMAT,
            "top": [scored.to_json() for scored in self.top],
            "baselines": {name: scored.to_json() for name, scored in self.baselines.items()},
            "history": [record.to_json() for record in self.history],
            "cost": self.cost.to_json(),
            "baseline_cost": self.baseline_cost.to_json(),
            "seed": self.seed,
            "searcher": dict(self.searcher),
            "task": dict(self.task),
            "space": dict(self.space),
            "versions": dict(self.versions),
            "diagnostics": dict(self.diagnostics),
        }

    @classmethod
    def from_json(cls, value: Any) -> SearchResult:
        """The result of a JSON value. Raises: MmaugError for what is none, or was written for another version."""
        if not isinstance(value, Mapping) or value.get("format") != FORMAT:
            got = value.get("format") if isinstance(value, Mapping) else type(value).__name__
            raise MmaugError(f'a search result must have "format": {FORMAT}, got {got!r}; write it with result.save')
        made = {
            "top": tuple(map(Scored.from_json, value["top"])),
            "baselines": {name: Scored.from_json(scored) for name, scored in value["baselines"].items()},
            "history": tuple(map(TrialRecord.from_json, value["history"])),
            "cost": Cost(**value["cost"]),
            "baseline_cost": Cost(**value["baseline_cost"]),
        }
        return cls(**{key: made.get(key, item) for key, item in value.items() if key != "format"})

    def save(self, path: str | Path) -> None:
        """Write the result as a JSON file; networks that its policies name go beside it, into `result.networks` for `result.json`.

        Folders on the way are made. Raises: MmaugError where it cannot be written.
        """
        value = plain(self.to_json())
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            store.give(value, store.beside(path))
            Path(path).write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise MmaugError(f"{path}: the result cannot be written: {error}; save it to another place") from error

    @classmethod
    def load(cls, path: str | Path) -> SearchResult:
        """Read a result from a JSON file. Raises: MmaugError naming the file."""
        try:
            value = json.loads(Path(path).read_text(encoding="utf-8"))
            store.take(value, store.beside(path))
            return cls.from_json(value)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MmaugError(f"{path}: must be a file that result.save wrote, got {error}") from error

    def __str__(self) -> str:
        rows = [("found", self.top[0])] if self.top else []
        rows += sorted(self.baselines.items(), key=lambda item: -item[1].mean)
        lines = [f"{name:>9}  {s.mean:.4f} ± {s.spread:.4f}" if s.scores else f"{name:>9}  failed: {s.error}" for name, s in rows]
        lines.append(f"{self.cost.evaluations} evaluations, {self.cost.steps} steps, {self.cost.seconds:.1f} s")
        return "\n".join([*lines, *(f"warning: {text}" for text in self.diagnostics.get("warnings", ()))])
