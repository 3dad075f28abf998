"""The end of a search: the best candidates and the baselines on fresh seeds, and what to make of it."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mmaug import policies
from mmaug.search.base import candidate as candidates
from mmaug.search.base.candidate import Candidate, JointCandidate
from mmaug.search.base.evaluator import Cost, Evaluation
from mmaug.search.base.jobs import Request
from mmaug.search.base.plain import plain
from mmaug.search.base.result import Scored, TrialRecord
from mmaug.search.base.searcher import Budget
from mmaug.search.base.session import Session

FRESH = 10_000
"""The first of the seeds that no search uses."""


def fixed_baselines(names: Sequence[str], modalities: Sequence[str], best: Candidate | None) -> dict[str, Candidate]:
    """The policies that need no search, by name; with the architecture of the best where it has one."""
    made = {"identity": policies.identity, "trivial": policies.trivial_augment, "manual": policies.manual_strong}
    found: dict[str, Candidate] = {}
    for name in names:
        if name in made:
            policy = made[name]() if name == "identity" else made[name](modalities=modalities)
            found[name] = JointCandidate(policy, best.architecture) if isinstance(best, JointCandidate) else policy
    return found


def rescored(session: Session, given: Sequence[Candidate], seeds: int) -> tuple[list[Scored], Cost]:
    """Each candidate on the same fresh seeds, in the order given."""
    asked = [
        (f"score/{candidates.digest(candidate)}/{FRESH + seed}", Request(candidate, 1.0, FRESH + seed))
        for candidate in given
        for seed in range(seeds)
    ]
    unique = dict(asked)
    session.bar.phase("scoring on fresh seeds", Budget(evaluations=len(unique)) if unique else None)
    answers = dict(zip(unique, session.evaluate(list(unique.items()), shown=True), strict=True))
    rows = [answers[key] for key, _ in asked]
    made = [scored(c, rows[i * seeds : (i + 1) * seeds]) for i, c in enumerate(given)]
    return made, sum((given.cost for given in answers.values()), Cost())


def scored(candidate: Candidate, answers: Sequence[Evaluation]) -> Scored:
    """A candidate's answers, one a seed, put together."""
    good = [given for given in answers if given.objective is not None]
    found: dict[str, list[float]] = {}
    for given in good:
        for name, value in given.metrics.items():
            if value is not None:
                found.setdefault(name, []).append(value)
    metrics = {name: statistics.fmean(found[name]) for name in sorted(found)}
    errors = [given.error for given in answers if given.objective is None]
    scores = tuple(float(given.objective or 0.0) for given in good)
    return Scored(candidate, scores, metrics, errors[0] if errors else "", all(given.feasible for given in answers))


def ranked(given: Sequence[Scored]) -> tuple[Scored, ...]:
    """Best first, what breaks a constraint last; of equals, the one that was better in the search."""
    return tuple(sorted(given, key=lambda one: (not one.feasible, -one.mean)))


def diagnose(
    top: Sequence[Scored], baselines: Mapping[str, Scored], records: Sequence[TrialRecord], own: Mapping[str, Any]
) -> dict[str, Any]:
    """How healthy the search was, with warnings in words. own: what the searcher says of itself."""
    failed = sum(record.evaluation.objective is None and bool(record.evaluation.error) for record in records)
    asked = [record.candidate for record in records if record.candidate is not None]
    late = asked[-max(1, len(asked) // 4) :]
    distinct = len({candidates.digest(candidate) for candidate in late}) / len(late) if late else None
    headroom = next((s.metrics["headroom"] for s in (*baselines.values(), *top) if "headroom" in s.metrics), None)
    early = asked[: max(1, len(asked) // 4)]
    repeats = distinct is not None and len(late) >= 10 and distinct <= 0.1
    found = {
        "headroom": headroom, "failed": failed, "distinct": distinct, "op_entropy": [op_entropy(early), op_entropy(late)],
        "collapsed": repeats or _collapsed(own), "searcher": plain(own),
    }  # fmt: skip
    warnings = _warnings(top, baselines, found, len(records))
    if repeats:
        warnings.append("the searcher has collapsed: it ended up asking for the same few candidates again and again")
    elif found["collapsed"]:
        warnings.append('the searcher says that it has collapsed: diagnostics["searcher"] has its numbers')
    parts = [own, *(part for part in own.values() if isinstance(part, Mapping))]
    warnings += [str(text) for part in parts for text in part.get("warnings", ())]
    return {**found, "warnings": warnings}


def _collapsed(own: Mapping[str, Any]) -> bool:
    """Whether a searcher says so of itself, or of one of its modalities."""
    said = [own.get("collapsed"), *(part.get("collapsed") for part in own.values() if isinstance(part, Mapping))]
    return any(any(one.values()) if isinstance(one, Mapping) else bool(one) for one in said)


def op_entropy(given: Sequence[Candidate]) -> float | None:
    """The entropy of the names of ops in candidates, in bits; None where there are none."""
    counts = Counter(op.name for candidate in given for op in candidates.policy_of(candidate).ops())
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values()) if total else None


def _warnings(top: Sequence[Scored], baselines: Mapping[str, Scored], found: Mapping[str, Any], trials: int) -> list[str]:
    texts = []
    if top and top[0].scores:
        for name, words in {"identity": "no augmentation", "random": "random search", "trivial": "TrivialAugment"}.items():
            other = baselines.get(name)
            if other is not None and other.scores and other.candidate != top[0].candidate and not beats(top[0], other):
                texts.append(f"the found policy does not beat {words} by more than the spread over seeds")
    if found["failed"]:
        texts.append(f"{found['failed']} of {trials} trials failed")
    if top and any(one.scores for one in top) and not any(one.feasible for one in top):
        texts.append("no candidate that was found keeps all constraints: its score may be no use")
    if found["headroom"] is not None and found["headroom"] < 0.05:
        texts.append("there is hardly anything to gain: the held-out rows are too easy for this child")
    return texts


def beats(one: Scored, other: Scored) -> bool:
    """Whether the mean of one is better by more than the spread: the standard error of the paired differences over seeds.

    Seeds are paired, as both were scored on the same; where one failed on some, the spreads of both are taken instead.
    """
    if not one.scores or not other.scores:
        return bool(one.scores)
    if len(one.scores) == len(other.scores) and len(one.scores) > 1:
        apart = [a - b for a, b in zip(one.scores, other.scores, strict=True)]
        return statistics.fmean(apart) > statistics.stdev(apart) / math.sqrt(len(apart))
    return one.mean - other.mean > max(one.spread, other.spread)
