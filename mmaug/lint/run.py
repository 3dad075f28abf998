"""Lint a data set: rows go in one by one, a report comes out. No pixels are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaug.draw import Targets
from mmaug.errors import MmaugError, RowError
from mmaug.light import TEXT_KINDS, Light
from mmaug.lint import data
from mmaug.lint.report import LEVELS, Finding, LintReport
from mmaug.lint.steps import of_policy
from mmaug.lint.words import Words
from mmaug.policy import Policy
from mmaug.resolve import Edges
from mmaug.schema import Schema, sources


class Linter:
    """Gathers what rows show under a policy.

    targets: the fields that an op acts on. edges: the graph's rules. seed, on_conflict: the graph's; "raise" counts as "edit",
    as lint goes on where the graph would stop.
    """

    def __init__(self, policy: Policy, schema: Schema, targets: Targets, edges: Edges, *, seed: int, on_conflict: str):
        self.schema = schema
        conflict = "edit" if on_conflict == "raise" else on_conflict
        self.steps = of_policy(policy, targets, edges, seed, conflict)
        texts = schema.of_kind(*TEXT_KINDS)
        self.words = Words(frozenset(schema.fields[source].kind for name in texts for source in sources(schema.fields[name])))
        self.rows = self.unread = 0
        self.found: dict[tuple[str, str], tuple[int, str]] = {}
        for level, what, there in data.of_schema(schema):
            self._note(level, what, there)

    def add(self, key: str | int | bytes, row: Mapping[str, Any]) -> None:
        """Look at one row; what is wrong with it is a finding, not an error."""
        self.rows += 1
        if not isinstance(row, Mapping):
            return self._note("error", "a row must be a dict of its columns", f"{key}: got {type(row).__name__}")
        found = [*data.undeclared(self.schema, row)]
        try:
            light = Light(self.schema, row)
            found += data.of_row(light)
        except MmaugError as error:
            self.fail(key, error)
            light = None
        first: dict[tuple[str, str], str] = {}
        for level, what, there in found:
            first.setdefault((level, what), there)
        for (level, what), there in first.items():
            self._note(level, what, f"{key}: {there}")
        if light is not None:
            self._read(key, light)

    def fail(self, key: str | int | bytes, error: Exception) -> None:
        """Count a row that cannot be used."""
        self._note("error", "rows cannot be used", str(error) if str(key) in str(error) else f"{key}: {error}")

    def report(self) -> LintReport:
        """What was found so far, the gravest first."""
        findings = [Finding(level, what, rows, there) for (level, what), (rows, there) in self.found.items()]
        findings.sort(key=lambda finding: LEVELS.index(finding.level))
        texts = self.words.texts + self.unread
        shares = tuple(steps.share() for steps in self.steps)
        return LintReport(self.rows, texts, self.unread, self.words.shares(), shares, tuple(findings))

    def _read(self, key: str | int | bytes, light: Light) -> None:
        """Count the words of a row's texts, and try every step on it."""
        for name, texts in light.all_texts.items():
            if getattr(self.schema.fields[name], "language", "en") == "en":
                for index, text in enumerate(texts):
                    self.words.add(str(key), name, index, text)
            else:
                self.unread += len(texts)
        for steps in self.steps:
            try:
                if steps.runs:
                    steps.add(key, light)
            except RowError as error:  # what only a rewrite looks at, such as keypoints
                return self.fail(key, error)
            except MmaugError as error:  # such as a model that is not there: no row can change that
                steps.runs = False
                self._note("error", f"op {steps.name} cannot be run", str(error))

    def _note(self, level: str, what: str, there: str) -> None:
        rows, first = self.found.get((level, what), (0, there))
        self.found[level, what] = (rows + 1 if there else rows, first)
