"""The candidates of a search by how good they were: what most searchers keep."""

from __future__ import annotations

from mmaug.search.base.candidate import Candidate, digest
from mmaug.search.base.evaluator import Evaluation


class Ranking:
    """Distinct candidates with their evaluations. Of those at the highest fidelity the best comes first, then lower fidelities."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Candidate, list[Evaluation]]] = {}

    def add(self, candidate: Candidate, evaluation: Evaluation) -> None:
        """One more answer; a failed one is left out."""
        if evaluation.objective is not None:
            self._kept.setdefault(digest(candidate), (candidate, []))[1].append(evaluation)

    def best(self, count: int) -> list[Candidate]:
        """The best distinct candidates; infeasible ones come last, and of equals the one that was told first comes first."""
        order = sorted(self._kept.values(), key=lambda kept: _worth(kept[1]), reverse=True)
        return [candidate for candidate, _ in order[:count]]


def _worth(given: list[Evaluation]) -> tuple[bool, float, float]:
    """Feasible, fidelity, mean objective there."""
    top = max(one.fidelity for one in given)
    there = [one for one in given if one.fidelity == top]
    return all(one.feasible for one in there), top, sum(float(one.objective or 0.0) for one in there) / len(there)
