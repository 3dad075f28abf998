"""What is given to a search, checked before anything is spent on it."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mmaug.errors import MmaugError
from mmaug.search.base.searcher import BASELINES, Budget, OnlineSearcher, Searcher


def options(*, resume: Any, callbacks: Any, baselines: Any, top: Any, rerank_seeds: Any) -> None:
    """Raises: MmaugError for an option of `Searcher.search` that is of a wrong type or range."""
    if not (resume is None or isinstance(resume, (str, os.PathLike))):
        raise MmaugError(f"resume must be the path of a folder or None, got {resume!r}")
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise MmaugError(f"callbacks must be a list of functions, each called with a TrialRecord, got {callbacks!r}; put one into a list")
    if isinstance(baselines, str) or not isinstance(baselines, Sequence) or not set(baselines) <= set(BASELINES):
        raise MmaugError(f"baselines must be a list of some of {', '.join(BASELINES)}, got {baselines!r}")
    for name, value in (("top", top), ("rerank_seeds", rerank_seeds)):
        whole(name, value)


def whole(name: str, value: Any, least: int = 1) -> int:
    """The number as Python's. Raises: MmaugError where it is no whole number, or below the least."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
        raise MmaugError(f"{name} must be a whole number >= {least}, got {value!r}")
    return int(value)


def budget_of(given: Any, searcher: Searcher) -> Budget:
    """A budget; a number is of evaluations. Raises: MmaugError for a bound that is no positive number, or no whole one where it counts."""
    if given is None:
        return searcher.default_budget
    if not isinstance(given, Budget):
        given = Budget(evaluations=given)
    counts = {name: _counted(name, getattr(given, name)) for name in ("evaluations", "steps")}
    seconds = given.seconds
    if seconds is not None and not _number(seconds) > 0:
        raise MmaugError(f"budget: seconds must be a number above 0 or None, got {seconds!r}")
    return replace(given, **counts, seconds=None if seconds is None else float(seconds))


def _counted(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if not _number(value) > 0 or not _number(value).is_integer():
        raise MmaugError(f"budget: {name} must be a whole number above 0 or None, got {value!r}; give a number or a mm.search.Budget")
    return int(value)


def _number(value: Any) -> float:
    """A number as Python's; NaN for what is none."""
    return float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan


def rungs(task: Any) -> None:
    """Raises: MmaugError for rungs that no trial can climb."""
    given = tuple(getattr(task, "rungs", (1.0,)))
    fidelities = [_number(one) for one in given]
    if not given or fidelities != sorted(set(fidelities)) or not fidelities[0] > 0 or fidelities[-1] != 1:
        raise MmaugError(f"{type(task).__name__}.rungs must be fidelities above 0 that rise to 1.0, such as (0.3, 1.0), got {given!r}")


def space(given: Any) -> None:
    """Raises: MmaugError for what is no space."""
    missing = [name for name in ("modalities", "sample", "to_json") if not hasattr(given, name)]
    if missing or isinstance(given, type):
        raise MmaugError(f"space must be a space such as mm.search.PolicySpace(), or None for that of the task, got {given!r}")


def executor(given: Any, searcher: Searcher | None = None) -> None:
    """Raises: MmaugError for an executor that lacks a method which the search will call."""
    wanted = ("start", "run", "stop", *(("train",) if isinstance(searcher, OnlineSearcher) else ()))
    if missing := [name for name in wanted if not callable(getattr(given, name, None))]:
        raise MmaugError(
            f"executor must be a number of processes or have the methods {', '.join(wanted)}; {given!r} has no {', '.join(missing)}"
        )
