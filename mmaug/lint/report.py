"""The values that lint gives: plain, readable, and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mmaug.errors import MmaugError

LEVELS = ("error", "warning", "note")
"""error: the graph would refuse these rows. warning: something may become false unnoticed, or cannot be read. note: worth knowing."""


@dataclass(frozen=True, slots=True)
class Example:
    """A place in the data: the key of the row, the field and which of its texts (None: not a text), and what is there."""

    key: str
    field: str
    index: int | None
    text: str

    def __str__(self) -> str:
        place = self.field if self.index is None else f"{self.field}[{self.index}]"
        return f"{self.key} {place}: {self.text}"


@dataclass(frozen=True, slots=True)
class WordShare:
    """How many of `of` texts have words of one kind (side, colour, writing ...); of examples the text says the word after a bar."""

    kind: str
    texts: int
    of: int
    examples: tuple[Example, ...] = ()

    @property
    def share(self) -> float:
        return self.texts / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class RuleVetoes:
    """How often one rule vetoed a step, with examples whose text is the reason."""

    rule: str
    count: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class StepShare:
    """What becomes of one op of the policy when it alone is drawn for every row, whatever its chance and weight.

    tried = harmless (applied, no text changes) + edited (applied, a text changes) + vetoed + missing (the row has no such field).
    """

    op: str
    tried: int
    harmless: int
    edited: int
    vetoed: int
    missing: int
    edits: tuple[Example, ...] = ()
    vetoes: tuple[RuleVetoes, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data: how serious, what, in how many rows, and the first of them."""

    level: str
    what: str
    rows: int
    example: str

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise MmaugError(f"Finding: level must be one of {', '.join(LEVELS)}, got {self.level!r}")


@dataclass(frozen=True, slots=True)
class LintReport:
    """What lint found. rows: those looked at. texts: the captions, chats and transcripts in them; unread: those that cannot be read."""

    rows: int
    texts: int
    unread: int
    words: tuple[WordShare, ...]
    steps: tuple[StepShare, ...]
    findings: tuple[Finding, ...]

    @property
    def vetoed(self) -> int:
        """Steps that would be vetoed, over all ops."""
        return sum(step.vetoed for step in self.steps)

    @property
    def clean(self) -> bool:
        """Whether every step would be applied, every text can be read, and there is no error or warning."""
        return not self.vetoed and not self.unread and all(finding.level == "note" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        value = _plain(asdict(self))
        for word, made in zip(self.words, value["words"], strict=True):
            made["share"] = round(word.share, 4)
        return {"schema": 1, "clean": self.clean, **value}

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _lines(report: LintReport) -> Iterator[str]:
    yield f"LintReport: {report.rows} rows, {report.texts} texts" + (f", {report.unread} cannot be read" if report.unread else "")
    for finding in report.findings:
        yield f"  {finding.level}: {finding.what}" + (f" ({finding.rows} rows; {finding.example})" if finding.rows else "")
    yield "what the texts speak of"
    for word in report.words:
        yield f"  {word.kind:<10} {word.texts:>6} {word.share:>6.1%}" + "".join(f"\n      {example}" for example in word.examples)
    yield "what would become of each step, drawn alone for every row"
    width = max((len(step.op) for step in report.steps), default=0)
    for step in report.steps:
        yield (
            f"  {step.op:<{width}} {step.harmless:>6} harmless {step.edited:>6} edited {step.vetoed:>6} vetoed"
            + (f" {step.missing:>6} missing" if step.missing else "")
        )
        yield from (f"      edited: {example}" for example in step.edits)
        for veto in step.vetoes:
            yield f"      {veto.count} by {veto.rule}" + "".join(f"\n          {example}" for example in veto.examples)
