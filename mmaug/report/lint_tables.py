"""The report of lint as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mmaug.lint.report import Example, LintReport, StepShare

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def show(report: LintReport, console: Console) -> None:
    """Print findings, words and steps."""
    unread = f", {report.unread} of them cannot be read" if report.unread else ""
    console.print(f"{report.rows} rows, {report.texts} texts{unread}", highlight=False)
    for finding in report.findings:
        example = f": {finding.example}" if finding.example else ""
        rows = f" ({finding.rows} rows)" if finding.rows else ""
        console.print(Text.assemble((finding.level, _STYLES[finding.level]), f" {finding.what}{rows}{example}"), soft_wrap=True)
    console.print(_words(report))
    console.print(_steps(report))


def _words(report: LintReport) -> Table:
    columns = (Column("texts", justify="right"), Column("share", justify="right"))
    table = Table("words of", *columns, "for example: text | word", title="What the texts speak of", title_justify="left")
    for word in report.words:
        table.add_row(word.kind, str(word.texts), f"{word.share:.1%}", _lines(word.examples))
    return table


def _steps(report: LintReport) -> Table:
    longest = max((len(step.op.partition(" ")[0]) for step in report.steps), default=0)
    columns = [Column(name, justify="right") for name in ("harmless", "edited", "vetoed", "missing")]
    table = Table(
        Column("op", min_width=longest), *columns, "for example", title="What would become of each op, drawn alone for every row",
        title_justify="left", show_lines=True,
    )  # fmt: skip
    for step in report.steps:
        counts = (step.harmless, step.edited, step.vetoed, step.missing)
        table.add_row(Text(step.op), *(str(count) if count else "" for count in counts), Text("\n").join(_examples(step)))
    return table


def _examples(step: StepShare) -> Iterator[Text]:
    for example in step.edits if not step.op.startswith("text.") else ():  # that these edit is what they are for
        yield Text.assemble(("edited ", "green"), str(example))
    for veto in step.vetoes:
        yield Text.assemble((f"vetoed {veto.count} times ", "red"), f"by {veto.rule.replace('_', ' ')}")
        yield from (Text(f"  {example}") for example in veto.examples)


def _lines(examples: tuple[Example, ...]) -> Text:
    return Text("\n".join(map(str, examples)))
