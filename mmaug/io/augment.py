"""Writing an augmented copy of a data set, so that a run that is stopped, or killed, can go on and ends with the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

import mmaug
from mmaug.child.asking import refuse
from mmaug.errors import MmaugError, RowError
from mmaug.graph import TransformGraph
from mmaug.io import naming, pool
from mmaug.io.folder import METADATA, Folder
from mmaug.io.journal import Journal
from mmaug.io.output import JOURNAL, Output
from mmaug.io.plain import encode
from mmaug.io.progress import Pairs
from mmaug.io.summary import Tally
from mmaug.io.work import Done, Job

ON_ERROR = ("stop", "skip")
START_METHODS = ("spawn", "fork", "forkserver")


def augment(
    folder: Folder,
    out: str | Path,
    graph: TransformGraph,
    *,
    copies: int = 1,
    workers: int = 0,
    on_error: str = "stop",
    console: Console | None = None,
    start_method: str = "spawn",
) -> str:
    """Write `copies` augmented views of every row to the folder `out`, and say in a few lines what was done.

    The bytes are the same for any number of workers, 0 (this process) and up, and for a run that was killed and started again.
    on_error: "stop" at a row that cannot be augmented, or "skip" it into errors.jsonl. The rows that a folder opened with
    `skip` has left out go there too.
    Raises: RowError at the first bad row with "stop", MmaugError for an `out` that holds something else, a worker that dies, or a policy
    with networks for text, which need a model.
    """
    _check(copies, workers, on_error, start_method)
    refuse(graph.policy, "augmenting a folder")
    exact = naming.masks(graph.schema)
    naming.refuse_collisions(folder, exact)
    own = naming.own_columns(naming.columns_of(folder, graph.schema))
    job = Job(folder, graph, copies, own, exact)
    with Output(Path(out), folder.path, _command(job)) as output:
        if output.complete:
            return f"{output.path} is complete already; nothing was done"
        if own.source != "source":
            _say(console, f"the data has a column source, view or trace, so ours are {', '.join(own.names)}")
        journal = Journal(output.path / JOURNAL)
        try:
            run = _Run(job, output, journal, on_error, console)
            run.work(workers, start_method)
            return run.finish()
        finally:
            journal.close()


class _Run:
    """One run from the first unfinished row to the end."""

    def __init__(self, job: Job, output: Output, journal: Journal, on_error: str, console: Console | None):
        self.job, self.output, self.journal, self.on_error, self.console = job, output, journal, on_error, console
        self.failed: dict[int, str] = {}

    def work(self, workers: int, start_method: str) -> None:
        """Augment and write every row that is not in the journal. Raises: RowError for the first bad row with on_error="stop"."""
        job, total = self.job, len(self.job.folder) * self.job.copies
        with Pairs(self.console, total, len(self.journal) * job.copies) as self.pairs:
            try:
                for done in pool.results(job, self._unfinished(), workers, start_method):
                    self._take(done)
            except KeyboardInterrupt:
                _say(self.console, f"stopped: {len(self.journal)} of {len(job.folder)} rows are done; run the same command again to go on")
                raise
        if self.failed and self.on_error == "stop":
            raise RowError(
                f"{self.failed[min(self.failed)]}. {len(self.journal)} of {len(job.folder)} rows are done and kept: mend the row and run "
                "the same command again, or add --on-error skip"
            )

    def finish(self) -> str:
        """Write what needs every row: metadata, errors, schema; then take the journal away."""
        tally, errors = Tally(), []
        for line, source, reason in self.job.folder.bad:
            errors.append({"line": line, "source": source, "view": None, "error": reason})
            tally.skipped += self.job.copies
        self.output.put(METADATA, self._metadata(tally, errors))
        if errors:
            self.output.put("errors.jsonl", (encode(error) + b"\n" for error in sorted(errors, key=lambda error: error["line"])))
        schema = naming.with_own_columns(self.job.graph.schema, self.job.own)
        self.output.put("schema.json", (json.dumps(schema.to_json(), indent=2, ensure_ascii=False) + "\n").encode())
        self.journal.remove()
        pairs = self.pairs
        return f"{tally.text()}\n{pairs.done - pairs.before} pairs in {pairs.seconds:.1f} s, {pairs.rate:.1f} pairs/s; {self.output.path}"

    def _unfinished(self) -> Iterator[int]:
        """The rows to do; no more once a bad one has stopped the run, so that those before it are all done."""
        for number in range(len(self.job.folder)):
            if self.failed and self.on_error == "stop":
                return
            if number not in self.journal:
                yield number

    def _take(self, done: Done) -> None:
        if done.errors:
            self.failed[done.number] = done.errors[0]
            if self.on_error == "stop":
                return
        for name, data in done.files:
            self.output.put(name, data)
        self.journal.add(done.number, done.record)
        self.pairs.advance(self.job.copies)

    def _metadata(self, tally: Tally, errors: list[dict[str, Any]]) -> Iterator[bytes]:
        """The lines of metadata.jsonl; what went wrong is gathered in `errors`."""
        folder = self.job.folder
        for record in self.journal.records():
            number = record["number"]
            for entry in record["entries"]:
                if "error" in entry:
                    place = {"line": folder.lines[number], "source": folder.key(number)}
                    errors.append({**place, **entry})
                    tally.skipped += self.job.copies if entry["view"] is None else 1
                else:
                    trace = entry["row"][self.job.own.trace]
                    tally.add(trace)
                    # as text: steps of different ops have different parameters, which a table's typed columns could not hold
                    yield encode({**entry["row"], self.job.own.trace: json.dumps(trace, ensure_ascii=False)}) + b"\n"


def _say(console: Console | None, text: str) -> None:
    if console is not None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)


def _command(job: Job) -> dict[str, Any]:
    """What makes two runs the same: they may go on with each other's folder."""
    graph = job.graph
    return {
        "mmaug": mmaug.__version__,
        "metadata": hashlib.sha256((job.folder.path / METADATA).read_bytes()).hexdigest(),
        "policy": graph.policy.to_json(),
        "schema": graph.schema.to_json(),
        "seed": graph.seed,
        "copies": job.copies,
        "on_conflict": graph.on_conflict,
        "rules": [f"{rule.name} {rule.aspect} {' '.join(rule.kinds)}" for rule in graph.rules],
    }


def _check(copies: int, workers: int, on_error: str, start_method: str) -> None:
    for name, value, least in (("copies", copies, 1), ("workers", workers, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise MmaugError(f"{name} must be a whole number >= {least}, got {value!r}")
    for name, given, allowed in (("on_error", on_error, ON_ERROR), ("start_method", start_method, START_METHODS)):
        if given not in allowed:
            raise MmaugError(f"{name} must be one of {', '.join(allowed)}, got {given!r}")
