"""The one driver behind `Searcher.search`: journal, budget, baselines, result."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmaug.errors import MmaugError
from mmaug.policy import Policy
from mmaug.search.base import candidate as candidates
from mmaug.search.base import checks, scoring
from mmaug.search.base.candidate import Candidate, JointCandidate
from mmaug.search.base.evaluator import Capability, Cost, needs
from mmaug.search.base.executor import Executor, executor_of
from mmaug.search.base.joint_space import JointSpace
from mmaug.search.base.journal import Journal
from mmaug.search.base.objective import as_task
from mmaug.search.base.pools import MODALITIES
from mmaug.search.base.progress import Bar
from mmaug.search.base.result import Scored, SearchResult, TrialRecord
from mmaug.search.base.searcher import BASELINES, AskTellSearcher, Budget, OnlineSearcher, Searcher
from mmaug.search.base.session import Session, spent
from mmaug.search.base.space import PolicySpace
from mmaug.search.random_search import RandomSearch


def run(
    searcher: Searcher, task: Any, space: Any = None, *, budget: Budget | int | None = None, resume: str | Path | None = None,
    progress: bool = False, callbacks: Sequence[Callable[[Any], None]] = (), baselines: Sequence[str] = BASELINES, init: Any = None,
    executor: Executor | int = 1, top: int = 5, rerank_seeds: int = 3,
) -> SearchResult:  # fmt: skip
    """See `Searcher.search`."""
    task = as_task(task)
    needs(task, searcher.requires, type(searcher).__name__)
    checks.options(resume=resume, callbacks=callbacks, baselines=baselines, top=top, rerank_seeds=rerank_seeds)
    checks.rungs(task)
    space = space if space is not None else getattr(task, "space", None) or PolicySpace(modalities=modalities_of(task))
    checks.space(space)
    begun_from, bounds, engine = starts(init), checks.budget_of(budget, searcher), executor_of(executor)
    checks.executor(engine, searcher)
    header = {
        "mmaug search": 1, "searcher": searcher.config(), "task": task.describe(), "space": space.to_json(),
        "init": [candidates.digest(one) for one in begun_from],
    }  # fmt: skip
    journal = Journal(resume, header)
    bar = Bar(type(searcher).__name__, bounds, progress)
    try:
        engine.start(task)
        session = Session(task, engine, journal, bar, callbacks)
        session.check()
        if isinstance(searcher, OnlineSearcher):
            searcher.train_on(engine)
        searcher.begin(task, space, begun_from)
        records = _search(session, searcher, bounds, None if resume is None else Path(resume))
        return _result(session, searcher, space, records, header, (tuple(baselines), top, rerank_seeds))
    finally:
        if isinstance(searcher, OnlineSearcher):
            searcher.train_on(None)
        engine.stop()
        journal.close()
        bar.close()


def _search(session: Session, searcher: Searcher, budget: Budget, folder: Path | None) -> list[TrialRecord]:
    if isinstance(searcher, AskTellSearcher):
        return session.asked(searcher, budget)
    if isinstance(searcher, OnlineSearcher):
        return session.stepped(searcher, budget, folder)
    raise TypeError(f"{type(searcher).__name__} must be an AskTellSearcher or an OnlineSearcher")


def _result(
    session: Session, searcher: Searcher, space: Any, records: list[TrialRecord], header: dict[str, Any], ends: tuple[Any, int, int]
) -> SearchResult:
    names, top, seeds = ends
    best = list(searcher.best(top))
    scored, baselines, extra = [Scored(one, ()) for one in best], {}, Cost()
    if Capability.EVALUATE in session.task.capabilities:
        drawn, extra = _random(session, searcher, space, records, top, best) if "random" in names else ([], extra)
        fixed = scoring.fixed_baselines(names, space.modalities, best[0] if best else None)
        tried = [one.candidate for one in drawn if not one.error]
        everyone, cost = scoring.rescored(session, [*best, *fixed.values(), *tried], seeds)
        extra += cost
        scored, rest = everyone[: len(best)], everyone[len(best) :]
        baselines = dict(zip(fixed, rest, strict=False))
        if beside := rest[len(fixed) :] or drawn or (scored if "random" in names else []):
            baselines["random"] = scoring.ranked(beside)[0]
        _refuse_unscored(baselines)
    ranked = scoring.ranked(scored)
    return SearchResult(
        top=ranked, history=tuple(records), baselines=baselines, cost=spent(records), baseline_cost=extra, seed=searcher.seed,
        searcher=header["searcher"], task=header["task"], space=header["space"], versions=_versions(),
        diagnostics=scoring.diagnose(ranked, baselines, records, searcher.diagnostics()),
    )  # fmt: skip


def _random(
    session: Session, searcher: Searcher, space: Any, records: list[TrialRecord], top: int, best: Sequence[Candidate]
) -> tuple[list[Scored], Cost]:
    """The best of random search with as many steps of children, or trials where the task counts none, not scored yet; one with its error
    where all fails. None where the searcher is random search itself. Where the search was joint, architectures are drawn too.
    """
    if isinstance(searcher, RandomSearch) or not records:
        return [], Cost()
    cost, other = spent(records), RandomSearch(seed=searcher.seed)
    bounds = Budget(steps=cost.steps) if cost.steps else Budget(evaluations=len(records))
    session.bar.phase("random search beside it", bounds)
    if best and isinstance(best[0], JointCandidate) and Capability.SUPERNET in session.task.capabilities:
        space = JointSpace(space, session.task.supernet(seed=searcher.seed).choices)
    other.begin(session.task, space)
    found = session.asked(other, bounds, "random/")
    drawn = [Scored(one, ()) for one in other.best(top)]
    first = found[0]
    if not drawn and first.candidate is not None:
        drawn = [Scored(first.candidate, (), {}, first.evaluation.error, False)]
    return drawn, spent(found)


def _refuse_unscored(baselines: Mapping[str, Scored]) -> None:
    """What cannot be put beside the identity is no result."""
    identity = baselines.get("identity")
    if identity is not None and not identity.scores:
        raise MmaugError(
            f"the identity has no score on fresh seeds, so that nothing can be put beside it; the first failure: {identity.error}; "
            "give the task rows that a child without augmentation can be scored on"
        )


def modalities_of(task: Any) -> tuple[str, ...]:
    """Those that a task says it has, or all."""
    space = getattr(task, "space", None)
    return tuple(getattr(task, "modalities", None) or (space.modalities if space is not None else MODALITIES))


def starts(init: Any) -> list[Candidate]:
    """Candidates to start from: of a policy, a result (its top), or a list of them. Raises: MmaugError for anything else."""
    if init is None:
        return []
    if isinstance(init, SearchResult):
        return [scored.candidate for scored in init.top]
    if isinstance(init, (Policy, JointCandidate)):
        return [init]
    if isinstance(init, (list, tuple)):
        return [candidate for one in init for candidate in starts(one)]
    raise MmaugError(f"init must be a policy, an earlier result or a list of them, got {init!r}")


def _versions() -> dict[str, str]:
    """Of mmaug, Python and the libraries that are loaded."""
    found = {"python": platform.python_version(), "mmaug": importlib.metadata.version("mmaug")}
    for name in ("numpy", "cv2", "torch", "transformers", "optuna"):
        if name in sys.modules:
            found[name] = str(getattr(sys.modules[name], "__version__", "unknown"))
    return found
