"""The page of a search, read back with html.parser."""

from __future__ import annotations

from dataclasses import replace

from test_report import VOID, Page

import mmaug as mm
from mmaug.search import RandomSearch, SearchResult
from mmaug.search.base.evaluator import Evaluation
from mmaug.search.base.result import TrialRecord
from mmaug.testing.tasks import PlantedBandit

VOID |= {"rect", "circle", "polyline"}


def test_the_page_says_what_the_result_says(tmp_path):
    result = RandomSearch().search(PlantedBandit(rungs=(0.3, 1.0)), budget=29, top=3)
    promising = Evaluation(9.0, fidelity=0.3)  # the best number of all, and no child trained to its end
    result = replace(result, history=(*result.history, TrialRecord(29, result.best, promising, (promising,))))
    mm.report.search(result, tmp_path / "report.html")
    page = Page(tmp_path / "report.html")
    entries = page.texts("tr", class_="entry")
    assert [entry.split(" ")[0] for entry in entries] == ["found"] * 3 + list(result.baselines)
    for entry, scored in zip(entries, (*result.top, *result.baselines.values()), strict=True):
        assert f"{scored.mean:.4f}" in entry and f"± {scored.spread:.4f}" in entry
    assert len(page.texts("tr", class_="trial")) == 30
    assert len(page.find("circle")) == 30 and len(page.find("circle", class_="low")) == sum(len(r.rungs) == 1 for r in result.history)
    best = [r.evaluation.objective for r in result.history if r.evaluation.fidelity == 1.0]
    heights = [float(point.split(",")[1]) for point in str(page.find("polyline")[0][0]["points"]).split()]
    assert heights == sorted(heights, reverse=True) and len(set(heights)) == sum(b == max(best[: i + 1]) for i, b in enumerate(best))
    assert result.policy.items[0].items[0].items[0].name in page.texts("pre")[0]
    assert all(warning in page.source for warning in result.diagnostics["warnings"])
    assert "src=" not in page.source and "http" not in page.source


def test_bad_results_have_pages_too(tmp_path):
    """Failures, strangers' markup in errors, nothing found."""
    result = RandomSearch().search(PlantedBandit(), budget=3, baselines=())
    failed = TrialRecord(3, None, Evaluation(None, error="<script>alert(1)</script>"))
    for changed in (
        replace(result, history=(*result.history, failed)),
        replace(result, top=(), history=(failed,), diagnostics={"warnings": ["<b>odd</b>"]}),
        replace(result, top=(), history=()),
    ):
        mm.report.search(SearchResult.from_json(changed.to_json()), tmp_path / "report.html")
        page = Page(tmp_path / "report.html")
        assert "<script" not in page.source and "<b>" not in page.source
    assert "Nothing: every trial failed" in page.source


def test_a_long_history_is_thinned(tmp_path):
    result = RandomSearch().search(PlantedBandit(), budget=450, baselines=(), top=1, rerank_seeds=1)
    mm.report.search(result, tmp_path / "report.html")
    page = Page(tmp_path / "report.html")
    assert len(page.texts("tr", class_="trial")) == 150 and "every 3th" not in page.source
