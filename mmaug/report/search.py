"""The page of a search: what was found beside its baselines, how it was found, what it cost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from mmaug.report.preview import write
from mmaug.search.base.candidate import Candidate, JointCandidate, policy_of
from mmaug.search.base.result import Scored, SearchResult, TrialRecord

WIDTH, HEIGHT = 640, 220
"""Of the curve, in the units of its picture."""

ROWS = 200
"""Trials in the table at most; of a longer history every second, third, ... is shown."""


def search(result: SearchResult, path: str | Path) -> None:
    """Write a page that shows a search: scores on fresh seeds, the curve of objectives, ops early and late, every trial.

    The page needs no other file and no network.
    """
    entries = [_entry(f"found {number}", one) for number, one in enumerate(result.top, start=1)]
    entries += [_entry(name, one) for name, one in result.baselines.items()]
    every = -(-len(result.history) // ROWS) or 1
    page = {
        "entries": _with_bars(entries), "policies": [(f"found {i}", _told(one.candidate)) for i, one in enumerate(result.top, start=1)],
        "curve": _curve(result.history), "ops": _ops(result.history), "every": every,
        "trials": [_trial(record) for record in result.history[::every]], "result": result,
        "settings": json.dumps({"searcher": result.searcher, "space": result.space}, indent=1),
        "warnings": result.diagnostics.get("warnings", ()), "diagnostics": json.dumps(result.diagnostics, indent=1),
    }  # fmt: skip
    write(Path(path), _template().render(page))


def _entry(name: str, scored: Scored) -> dict[str, Any]:
    seen = bool(scored.scores)
    return {
        "name": name, "found": name.startswith("found"), "mean": scored.mean if seen else None, "spread": scored.spread,
        "seeds": len(scored.scores), "error": scored.error, "metrics": scored.metrics,
    }  # fmt: skip


def _with_bars(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with the start and width of its bar, in percent, from zero, or from the lowest where some are below."""
    means = [entry["mean"] for entry in entries if entry["mean"] is not None]
    low, high = min([0.0, *means]), max([0.0, *means])
    span = (high - low) or 1.0
    for entry in entries:
        mean = entry["mean"] or 0.0
        entry["start"], entry["length"] = 100 * (min(mean, 0.0) - low) / span, 100 * abs(mean) / span
    return entries


def _told(candidate: Candidate) -> str:
    architecture = f"architecture: {dict(candidate.architecture)}\n" if isinstance(candidate, JointCandidate) else ""
    return architecture + str(policy_of(candidate))


def _curve(history: Sequence[TrialRecord]) -> dict[str, Any] | None:
    """Points of all trials and the line of the best so far at full fidelity, in the picture's units; None where none was scored."""
    scored = [(i, r.evaluation.objective, r.evaluation.fidelity) for i, r in enumerate(history) if r.evaluation.objective is not None]
    if not scored:
        return None
    low, high = min(o for _, o, _ in scored), max(o for _, o, _ in scored)
    across, up = max(len(history) - 1, 1), (high - low) or 1.0
    points, line, best = [], [], None
    for number, objective, fidelity in scored:
        x, y = round(WIDTH * number / across, 1), round(HEIGHT * (high - objective) / up, 1)
        points.append({"x": x, "y": y, "full": fidelity >= 1, "said": f"trial {number}: {objective:.4f} at fidelity {fidelity:g}"})
        if fidelity >= 1 and (best is None or objective > best[1]):
            line += [f"{x},{best[2]}"] if best else []
            best = (x, objective, y)
            line.append(f"{x},{y}")
    if best:
        line.append(f"{WIDTH},{best[2]}")
    return {"points": points, "line": " ".join(line), "low": low, "high": high, "width": WIDTH, "height": HEIGHT, "count": len(history)}


def _ops(history: Sequence[TrialRecord]) -> list[dict[str, Any]]:
    """How often each op was asked for in the first and in the last quarter of the history, in percent of all ops there."""
    asked = [record.candidate for record in history if record.candidate is not None]
    quarter = max(1, len(asked) // 4)
    parts = [Counter(op.name for candidate in part for op in policy_of(candidate).ops()) for part in (asked[:quarter], asked[-quarter:])]
    shares = [{name: 100 * count / sum(part.values()) for name, count in part.items()} for part in parts]
    names = sorted({*shares[0], *shares[1]}, key=lambda name: -shares[1].get(name, 0.0))
    return [{"name": name, "early": shares[0].get(name, 0.0), "late": shares[1].get(name, 0.0)} for name in names]


def _trial(record: TrialRecord) -> dict[str, Any]:
    given = record.evaluation
    cost = sum(rung.cost.steps for rung in record.rungs) if record.rungs else given.cost.steps
    return {
        "number": record.number, "objective": given.objective, "fidelity": given.fidelity, "steps": cost, "error": given.error,
        "policy": _told(record.candidate) if record.candidate is not None else "",
    }  # fmt: skip


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mmaug.report"),
        autoescape=True,  # errors and names of fields are strangers' text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("search.html.j2")
