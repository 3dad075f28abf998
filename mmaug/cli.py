"""The command line: `mmaug augment | preview | lint | search | train | demo | ops`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from mmaug import demo as demo_job
from mmaug import policies, report
from mmaug.errors import MmaugError, PolicyError
from mmaug.graph import ON_CONFLICT, TransformGraph
from mmaug.io import augment as augment_job
from mmaug.io import lint as lint_job
from mmaug.io import search as search_job
from mmaug.io import train as train_job
from mmaug.io.folder import Folder
from mmaug.policy import Policy
from mmaug.registry import OPS
from mmaug.report import lint_tables
from mmaug.schema import Schema
from mmaug.schema.fields import MODALITY_KINDS
from mmaug.search import SEARCHERS
from mmaug.search.base.searcher import Budget

app = typer.Typer(
    name="mmaug",
    help="Augment images, text and audio so that what they pair stays true.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console(stderr=True)
PLAIN_WIDTH = 160
"""Characters a line of a table that goes into a file or another program."""
INTERRUPTED = 130
"""What a command exits with that Ctrl-C has ended, as shells have it."""

PolicyOption = Annotated[str, typer.Option("--policy", "-p", help="A policy file, or a name: " + ", ".join(policies.NAMED) + ".")]
SchemaOption = Annotated[
    Path | None, typer.Option("--schema", help="A schema file. Default: schema.json in the data folder, else inferred and shown.")
]
SeedOption = Annotated[int, typer.Option("--seed", "-s", help="Fixes every random choice.")]
DeviceOption = Annotated[str, typer.Option("--device", help="Where children are trained: cpu, cuda, cuda:1, mps.")]
ConflictOption = Annotated[str, typer.Option("--on-conflict", help="edit captions that would become false, skip the step, or raise.")]


def main() -> None:
    """Run the command line; an error that mmaug raises on purpose is shown as one message, without a traceback."""
    try:
        app()
    except MmaugError as error:
        console.print("error", style="bold red", end=" ")
        console.print(str(error), highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None


def graph_for(folder: Folder, policy: str, schema: Path | None, seed: int, on_conflict: str) -> TransformGraph:
    """The graph that a command runs: the schema found, inferred or given, and the policy by file or name."""
    found = Schema.load(schema) if schema is not None else folder.schema()
    for note in found.notes:
        console.print(f"schema: {note}", style="dim", highlight=False, markup=False, soft_wrap=True)
    return TransformGraph(load_policy(policy, found), schema=found, seed=seed, on_conflict=on_conflict)


def load_policy(policy: str, schema: Schema) -> Policy:
    """A policy from a file, or by name for the modalities that the schema has. Raises: PolicyError when it is neither."""
    if policy in policies.NAMED:
        return policies.named(policy, [m for m in MODALITY_KINDS if schema.for_modality(m)])
    path = Path(policy)
    if not path.is_file():
        raise PolicyError(f"--policy {policy!r}: must be a file or one of {', '.join(policies.NAMED)}")
    return Policy.load(path)


@app.command()
def augment(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder with metadata.jsonl (ImageFolder, AudioFolder).")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, or one that an earlier run of the same command left.")],
    policy: PolicyOption = "rand_augment",
    schema: SchemaOption = None,
    copies: Annotated[int, typer.Option("--copies", "-n", min=1, help="Augmented copies of every row.")] = 1,
    workers: Annotated[int, typer.Option("--workers", "-w", min=0, help="Worker processes; the result is the same for any number.")] = 0,
    seed: SeedOption = 0,
    on_conflict: ConflictOption = "edit",
    on_error: Annotated[str, typer.Option("--on-error", help="stop at a bad row, or skip it into errors.jsonl.")] = "stop",
) -> None:
    """Write an augmented copy of a data set; stopped and started again, it goes on where it was.

    Example: [cyan]mmaug augment photos photos-augmented --policy rand_augment --copies 2 --workers 2[/]
    """
    _one_of("--on-conflict", on_conflict, ON_CONFLICT)
    folder = Folder(source, skip=on_error == "skip")
    graph = graph_for(folder, policy, schema, seed, on_conflict)
    summary = augment_job.augment(folder, out, graph, copies=copies, workers=workers, on_error=on_error, console=console)
    console.print(summary, highlight=False, markup=False, soft_wrap=True)


@app.command()
def preview(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder with metadata.jsonl.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path("preview.html"),
    policy: PolicyOption = "rand_augment",
    schema: SchemaOption = None,
    rows: Annotated[int, typer.Option("--rows", help="How many rows to show, evenly spread.", min=1)] = 12,
    copies: Annotated[int, typer.Option("--copies", "-n", min=1, help="Augmented copies of each.")] = 2,
    seed: SeedOption = 0,
    on_conflict: ConflictOption = "edit",
) -> None:
    """Write a page that shows rows before and after: boxes, changed captions, dropped steps with their reasons.

    Example: [cyan]mmaug preview photos --policy rand_augment -o page.html[/]
    """
    _one_of("--on-conflict", on_conflict, ON_CONFLICT)
    folder = Folder(source)
    graph = graph_for(folder, policy, schema, seed, on_conflict)
    count = min(rows, len(folder))
    shown = [folder.load(number * len(folder) // count) for number in range(count)]
    report.preview(graph, [row for _, row in shown], out, keys=[key for key, _ in shown], copies=copies)
    console.print(f"wrote {out}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def lint(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder with metadata.jsonl.")],
    policy: PolicyOption = "rand_augment",
    schema: SchemaOption = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Look at so many rows, evenly spread. Default: all.", min=1)] = None,
    seed: SeedOption = 0,
    on_conflict: ConflictOption = "edit",
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 1 on an error, a warning, a text that cannot be read, or a step that would be vetoed."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Say what the texts speak of, what nobody reads, and which steps would be harmless, edit a text or be vetoed. Reads no pixels.

    Examples: [cyan]mmaug lint photos --policy rand_augment --limit 500[/]

    [cyan]mmaug lint photos --policy policy.json --strict --json > lint.json[/]
    """
    _one_of("--on-conflict", on_conflict, ON_CONFLICT)
    folder = Folder(source, skip=True)
    linter = graph_for(folder, policy, schema, seed, on_conflict).linter()
    report = lint_job.lint(folder, linter, limit=limit, console=console)
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        lint_tables.show(report, Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH))
    if strict and not report.clean:
        raise typer.Exit(1)


@app.command()
def search(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder with metadata.jsonl.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The policy file to write; the result goes beside it.")] = Path("policy.json"),
    searcher: Annotated[str, typer.Option("--searcher", help="One of: " + ", ".join(SEARCHERS) + ".")] = "random_search",
    budget: Annotated[int | None, typer.Option("--budget", "-b", min=1, help="Trials at most. Default: the searcher's own.")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", min=0.01, help="Time at most, of the search without its baselines.")] = None,
    steps: Annotated[
        int,
        typer.Option(
            "--steps", min=1, help="Training steps of a child that scores one candidate; how long a searcher itself trains is its own."
        ),
    ] = 120,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of rows that children are scored on.")] = 0.25,
    schema: SchemaOption = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="Processes; the history is the same for any number.")] = 1,
    resume: Annotated[Path | None, typer.Option("--resume", help="A folder for the journal: stopped or killed, it goes on there.")] = None,
    page: Annotated[Path | None, typer.Option("--report", help="A page to write.")] = None,
    seed: SeedOption = 0,
    on_conflict: ConflictOption = "edit",
    device: DeviceOption = "cpu",
) -> None:
    """Find the policy under which a small child model learns most from the rows, and put it beside its baselines.

    Example: [cyan]mmaug search photos --searcher bayesian_search --budget 60 --workers 2 --resume runs/photos -o policy.json[/]
    """
    _one_of("--on-conflict", on_conflict, ON_CONFLICT)
    folder = Folder(source)
    try:
        found = search_job.search(
            folder, graph_for(folder, "identity", schema, seed, on_conflict).schema, out, searcher=searcher,
            budget=Budget(budget, None, None if minutes is None else 60 * minutes) if budget or minutes else None,
            held_out=held_out, steps=steps, workers=workers, seed=seed, on_conflict=on_conflict, device=device, resume=resume, page=page,
            console=console,
        )  # fmt: skip
    except KeyboardInterrupt:
        left = "nothing was kept; give --resume DIR next time" if resume is None else f"the same command goes on from {resume}"
        console.print(f"stopped; {left}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    text = f"{found.policy}\n{found}\nwrote {out} and {search_job.result_path(out)}"
    console.print(text, highlight=False, markup=False, soft_wrap=True)


@app.command()
def train(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder with metadata.jsonl.")],
    policy: PolicyOption = "rand_augment",
    schema: SchemaOption = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Training steps of each of the two children.")] = 400,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.0, help="Time at most for each.")] = None,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of rows that the children are scored on.")] = 0.25,
    limit: Annotated[int | None, typer.Option("--limit", min=4, help="Take so many rows, evenly spread. Default: all.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A folder for the child that was trained under the policy.")] = None,
    seed: SeedOption = 0,
    on_conflict: ConflictOption = "edit",
    device: DeviceOption = "cpu",
) -> None:
    """Train a small child model without a policy and under one, and print how well each finds what belongs together on held-out rows.

    Example: [cyan]mmaug train photos --policy policy.json --limit 500[/]
    """
    _one_of("--on-conflict", on_conflict, ON_CONFLICT)
    folder = Folder(source)
    graph = graph_for(folder, policy, schema, seed, on_conflict)
    found = train_job.train(
        folder, graph.policy, graph.schema, steps=steps, seconds=seconds, held_out=held_out, limit=limit, seed=seed,
        on_conflict=on_conflict, device=device, out=out, console=console,
    )  # fmt: skip
    for note in found.notes:
        console.print(note, style="dim", highlight=False, markup=False, soft_wrap=True)
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(found.table())


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write scenes, augmented data and page.")] = Path("mmaug-demo"),
    scenes: Annotated[int, typer.Option("--scenes", min=1, help="How many scenes to draw.")] = 24,
    seed: SeedOption = 0,
) -> None:
    """Draw scenes (picture, caption, boxes, mask, stereo sound), augment them and show the result. Needs no data.

    Example: [cyan]mmaug demo[/]
    """
    demo_job.run(out, scenes=scenes, seed=seed, console=console)


@app.command()
def ops(modality: Annotated[str | None, typer.Argument(help="image, text, audio or mix; default all.")] = None) -> None:
    """List the ops with their parameters: what strength 0 to 1 does, and what each does.

    Example: [cyan]mmaug ops audio[/]
    """
    if modality is not None:
        _one_of("MODALITY", modality, (*MODALITY_KINDS, "mix"))
    table = Table(
        Column("op", no_wrap=True, min_width=max(map(len, OPS))), "what it does", "parameters (strength 0 to 1)", "touches", show_lines=True
    )
    for name, op in OPS.items():
        if modality in (None, op.modality):
            params = "\n".join(f"{key}: {param.describe()}" for key, param in op.params.items())
            table.add_row(name, op.summary, params, ", ".join(sorted(op.aspects)))
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(table)


def _one_of(option: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise MmaugError(f"{option} must be one of {', '.join(allowed)}, got {given!r}")
