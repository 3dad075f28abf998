"""The driver: journals, states and results that cannot be written, are broken, or do not belong together; the command `mmaug search`."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from small_searches import SPACE, Climber
from typer.testing import CliRunner

from mmaug import cli
from mmaug.errors import MmaugError
from mmaug.io import search as search_job
from mmaug.search import RandomSearch, SearchResult
from mmaug.testing.tasks import PlantedBandit, PlantedSchedule


def test_a_resume_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MmaugError, match=r"resume: .*file must be a folder"):
        RandomSearch().search(PlantedBandit(), budget=2, resume=tmp_path / "file")


def test_a_journal_that_cannot_be_written_says_which(tmp_path, monkeypatch):
    from mmaug.search.base.journal import Journal

    journal = Journal(tmp_path, {})

    class Full:
        def write(self, given: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(MmaugError, match=r"journal.jsonl: cannot be written: .*No space left"):
        patched.setattr(journal, "_file", Full())
        journal.add("trial/0/0", {})
    journal.close()


def test_a_result_is_saved_into_a_new_folder_or_says_why_not(tmp_path):
    result = RandomSearch().search(PlantedBandit(), budget=2, baselines=())
    result.save(tmp_path / "new" / "sub" / "result.json")
    assert SearchResult.load(tmp_path / "new" / "sub" / "result.json") == result
    (tmp_path / "file").write_text("")
    with pytest.raises(MmaugError, match=r"file/result.json: the result cannot be written"):
        result.save(tmp_path / "file" / "result.json")


@pytest.mark.parametrize("text", ['{"baselines": [1]}', '{"top": [3]}', '{"history": {"a": 1}}', '{"cost": null}', '{"more": 1}'])
def test_a_broken_result_is_refused(tmp_path, text):
    path = tmp_path / "result.json"
    RandomSearch().search(PlantedBandit(), budget=2, baselines=()).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | json.loads(text)))
    with pytest.raises(MmaugError, match="must be a file that result.save wrote"):
        SearchResult.load(path)


def _lines(folder: Path) -> list[str]:
    return (folder / "journal.jsonl").read_text().splitlines(keepends=True)


def test_a_state_and_a_journal_that_disagree_are_refused(tmp_path):
    task, journal = PlantedSchedule(), tmp_path / "journal.jsonl"
    Climber().search(task, SPACE, budget=6, resume=tmp_path, baselines=())
    lines = _lines(tmp_path)
    journal.write_text("".join(lines[:4]))
    with pytest.raises(MmaugError, match="the state is that after 6 steps and the journal has 3"):
        Climber().search(task, SPACE, budget=6, resume=tmp_path, baselines=())
    journal.unlink()
    with pytest.raises(MmaugError, match="after 6 steps and the journal has 0"):
        Climber().search(task, SPACE, budget=6, resume=tmp_path, baselines=())
    journal.unlink()
    with pytest.raises(MmaugError, match="must be the state of this search, got that of another"):
        Climber(seed=1).search(task, SPACE, budget=6, resume=tmp_path, baselines=())
    journal.write_text("".join(lines))
    assert len(Climber().search(task, SPACE, budget=8, resume=tmp_path, baselines=()).history) == 8


@pytest.mark.parametrize("answer", [{}, None, 3, {"objective": 1}])
def test_an_answer_that_is_none_is_refused_with_its_line(tmp_path, answer):
    for number, (searcher, task) in enumerate(((RandomSearch(), PlantedBandit()), (Climber(), PlantedSchedule()))):
        folder = tmp_path / str(number)
        searcher.search(task, SPACE, budget=4, resume=folder, baselines=())
        lines = _lines(folder)
        lines[2] = json.dumps(json.loads(lines[2]) | {"answer": answer}) + "\n"
        (folder / "journal.jsonl").write_text("".join(lines))
        with pytest.raises(MmaugError, match=r"journal.jsonl: line 3: the answer of (trial|step)/1"):
            searcher.search(task, SPACE, budget=4, resume=folder, baselines=())


def test_a_journal_of_another_search_says_what_differs(tmp_path):
    RandomSearch().search(PlantedBandit(rungs=(0.3, 1.0)), budget=2, resume=tmp_path, baselines=())
    for task, said in (
        (PlantedBandit(seed=4, rungs=(0.3, 1.0)), r"its task.seed is 0, and here it is 4"),
        (PlantedBandit(rungs=(0.4, 1.0)), r"its task.rungs\[0\] is 0.3, and here it is 0.4"),
    ):
        with pytest.raises(MmaugError, match=said):
            RandomSearch().search(task, budget=2, resume=tmp_path, baselines=())


def test_files_that_can_be_written_are_left_as_they_are(tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text("kept")
    search_job.writable(kept)
    search_job.writable(tmp_path / "new" / "sub" / "policy.json")
    assert kept.read_text() == "kept" and (tmp_path / "new" / "sub").is_dir() and not list((tmp_path / "new" / "sub").iterdir())
    for wrong in (kept / "policy.json", tmp_path):
        with pytest.raises(MmaugError, match="must be a file that can be written"):
            search_job.writable(wrong)


@pytest.mark.parametrize("option", ["--out", "--report"])
def test_the_command_refuses_a_place_that_cannot_be_written_before_it_searches(tmp_path, monkeypatch, option):
    (tmp_path / "file").write_text("")
    given = {"--out": tmp_path / "policy.json", "--report": tmp_path / "page.html"} | {option: tmp_path / "file" / "x.json"}
    monkeypatch.setattr(search_job, "split", lambda *_: pytest.fail("it began"))
    with pytest.raises(MmaugError, match=r"file/x.json: must be a file that can be written"):
        search_job.search([], None, given["--out"], searcher="random_search", page=given["--report"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--resume", "runs"], "stopped; the same command goes on from runs"), ([], "nothing was kept; give --resume DIR")],
)
def test_ctrl_c_says_what_is_left(monkeypatch, options, said):
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    class Rows:
        def __init__(self, *_: Any, **__: Any) -> None: ...

    monkeypatch.setattr(cli, "Folder", Rows)
    monkeypatch.setattr(cli, "graph_for", lambda *_: type("Graph", (), {"schema": None}))
    monkeypatch.setattr(search_job, "search", interrupted)
    shown: list[str] = []
    monkeypatch.setattr(cli.console, "print", lambda text, **_: shown.append(text))
    done = CliRunner().invoke(cli.app, ["search", "photos", *options])
    assert done.exit_code == 130 and said in shown[0]


def test_the_help_says_whose_steps_they_are():
    done = CliRunner().invoke(cli.app, ["search", "--help"], env={"COLUMNS": "400", "NO_COLOR": "1"})
    assert "child that scores one candidate" in " ".join(done.output.split())
