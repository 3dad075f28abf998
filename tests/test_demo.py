"""`mmaug demo` from an empty folder to a data set and a page; again; and where it must refuse."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

import mmaug as mm
from mmaug import demo
from mmaug.io.folder import Folder


def run(out: Path, **options: int) -> str:
    said = io.StringIO()
    demo.run(out, **{"scenes": 4, **options}, console=Console(file=said, width=300))
    return said.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("demo") / "new" / "folder"
    return out, run(out)


def contents(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_writes_data_and_page_and_says_where(made: tuple[Path, str]) -> None:
    out, said = made
    assert all(str(out / name) in said for name in ("preview.html", "augmented", "scenes", "policy.json"))
    before, after = Folder(out / "scenes"), Folder(out / "augmented")
    assert (len(before), len(after)) == (4, 8)
    assert {"image", "mask", "audio", "captions", "objects", "events", "audio_caption"} <= before.load(0)[1].keys() & after.load(0)[
        1
    ].keys()
    assert (out / "preview.html").read_text(encoding="utf-8").count("<article") == 4
    assert mm.Policy.load(out / "policy.json") == demo.POLICY


@pytest.mark.parametrize(
    ("called", "said"),
    [("/opt/x/bin/mmaug", "/opt/x/bin/mmaug augment "), ("/opt/x/mmaug/__main__.py", f"{sys.executable} -m mmaug augment ")],
)
def test_says_how_to_call_the_program_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str, said: str) -> None:
    """Nobody promises that `mmaug` is on the PATH: `make demo` runs it from .venv."""
    monkeypatch.setattr(sys, "argv", [called, "demo"])
    assert f"redo {said}" in run(tmp_path / "new", scenes=1)


def test_truth_that_no_op_keeps_is_left_out(made: tuple[Path, str]) -> None:
    for name in ("scenes", "augmented"):
        for line in (made[0] / name / "metadata.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert "colour" not in row["objects"] and "caption_kinds" not in row


def test_page_shows_what_was_written(made: tuple[Path, str]) -> None:
    out, _ = made
    page = (out / "preview.html").read_text(encoding="utf-8")
    lines = (out / "augmented/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    traces = [json.loads(json.loads(line)["trace"]) for line in lines]
    steps = [step["status"] for trace in traces for step in trace["steps"]]
    assert f"{sum(len(trace['edits']) for trace in traces)} texts edited in 8 copies" in page
    assert page.count('<li class="vetoed">') == steps.count("vetoed") and steps.count("applied") > 8


def test_again_is_complete_and_changes_nothing(made: tuple[Path, str]) -> None:
    out, _ = made
    before = contents(out)
    said = run(out)
    assert "complete already" in said and "preview.html" in said and contents(out) == before


def test_goes_on_after_a_stop_while_drawing(made: tuple[Path, str], tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    (out / "scenes.part/images").mkdir(parents=True)
    for name in ("0000.png", "0099.png"):
        (out / "scenes.part/images" / name).write_bytes(b"half")
    (out / demo.SETTINGS).write_text(json.dumps({"scenes": 4, "seed": 0}))
    run(out)
    augmented = {name: data for name, data in contents(out).items() if name.startswith(("scenes/", "augmented/images", "augmented/audio"))}
    assert augmented == {name: contents(made[0])[name] for name in augmented} and not (out / "scenes.part").exists()


def test_refuses_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(mm.MmaugError, match="holds something else; give another folder"):
        run(tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"mine"}


def test_refuses_a_demo_with_other_settings(made: tuple[Path, str]) -> None:
    with pytest.raises(mm.MmaugError, match=r"'seed': 0.*'seed': 1"):
        run(made[0], seed=1)
