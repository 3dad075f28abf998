"""The command `mmaug lint`: what it says of drawn folders, its exit status, its errors."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from io_folders import pictures, recordings, write_rows

import mmaug as mm

ROOT = Path(__file__).resolve().parents[1]


def _run(*arguments: object, **more) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mmaug", "lint", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **more)


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.json"
    mm.Policy.sequence(mm.op("image.horizontal_flip", p=0.1)).save(path)
    return path


def test_tables_say_what_and_why(tmp_path, policy):
    done = _run(pictures(tmp_path / "in", 4), "--policy", policy)
    assert done.returncode == 0, done.stderr
    said = _words(done.stdout)
    assert "4 rows, 8 texts" in said
    assert "a red ball left of a box, 0" in said
    assert "image.horizontal_flip" in said
    assert "left of" in said
    assert "note.by" in said
    assert max(map(len, done.stdout.splitlines())) <= 160 or "warning" in done.stdout


def test_json_is_the_report_and_limit_spreads_rows(tmp_path, policy):
    source = pictures(tmp_path / "in", 6)
    done = _run(source, "--policy", policy, "--json", "--limit", 3)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["rows"] == 3
    assert value["steps"][0]["op"] == "image.horizontal_flip"
    assert value["steps"][0]["edited"] == 3
    side = next(word for word in value["words"] if word["kind"] == "side")
    assert [example["key"] for example in side["examples"]] == ["images/0.png", "images/2.png"]


def test_strict_fails_on_a_warning_a_veto_or_a_bad_row_and_not_otherwise(tmp_path, policy):
    source = pictures(tmp_path / "in", 2)
    assert _run(source, "--policy", policy, "--strict").returncode == 1  # a German caption, and note.by
    clean = [
        {"file_name": f"images/{n}.png", "captions": ["a ball left of a box"], "boxes": [[5, 4, 20, 20]], "labels": ["ball"]}
        for n in (0, 1)
    ]
    write_rows(source, clean)
    (source / "schema.json").unlink()
    fields = {"image": mm.Image(), "captions": mm.Caption(of="image"), "boxes": mm.Boxes(of="image", labels="labels")}
    mm.Schema(**fields).save(source / "schema.json")
    assert _run(source, "--policy", policy, "--strict").returncode == 0
    assert _run(source, "--policy", policy, "--strict", "--on-conflict", "skip").returncode == 1
    assert _run(source, "--policy", policy, "--on-conflict", "skip").returncode == 0
    (source / "images/1.png").write_bytes(b"")
    done = _run(source, "--policy", policy, "--strict")
    assert done.returncode == 1
    assert "images/1.png: must be a picture, got an empty file" in _words(done.stdout)
    assert "Traceback" not in done.stderr


def test_a_bad_line_is_a_finding(tmp_path, policy):
    source = pictures(tmp_path / "in", 2)
    with (source / "metadata.jsonl").open("a") as file:
        file.write("{broken\n")
    done = _run(source, "--policy", policy, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = [f for f in json.loads(done.stdout)["findings"] if f["level"] == "error"]
    assert "line 3: must be a JSON object, got '{broken'" in found["example"]


def test_recordings_are_linted(tmp_path):
    policy = tmp_path / "policy.json"
    mm.Policy.sequence(mm.op("audio.reverse"), mm.op("audio.gain", db=9), mm.op("text.synonym")).save(policy)
    done = _run(recordings(tmp_path / "in"), "--policy", policy, "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert [step["op"] for step in value["steps"]] == ["audio.reverse", "audio.gain db=9", "text.synonym"]
    assert all(step["tried"] == 5 for step in value["steps"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--policy", '{"schema": 1, "policy": {"op": "image.melt", "p": 1.0}}'], "image.melt"),
        (["--policy", "no_such_policy"], "must be a file or one of identity"),
        (["--schema", '{"schema": 1, "fields": {"sound": {"kind": "audio"}}, "more": 1}'], "a schema must be"),
        (["--on-conflict", "shrug"], "--on-conflict must be one of"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_bad_options_are_messages(tmp_path, arguments, message):
    source = pictures(tmp_path / "in", 1)
    if arguments[1].startswith("{"):
        (tmp_path / "option.json").write_text(arguments[1])
        arguments = [arguments[0], tmp_path / "option.json"]
    done = _run(source, *arguments)
    assert done.returncode == 2
    assert message in _words(done.stderr)
    assert "Traceback" not in done.stderr


def test_an_undeclared_caption_is_a_finding_with_its_column(tmp_path, policy):
    source = pictures(tmp_path / "in", 2)
    mm.Schema(image=mm.Image()).save(tmp_path / "schema.json")
    done = _run(source, "--policy", policy, "--schema", tmp_path / "schema.json", "--strict")
    assert done.returncode == 1
    assert "error column 'captions' holds text that no field declares: the graph refuses the row (2 rows)" in _words(done.stdout)


def test_an_empty_folder_is_a_message(tmp_path):
    (tmp_path / "empty").mkdir()
    done = _run(tmp_path / "empty")
    assert done.returncode == 2
    assert "must hold metadata.jsonl" in done.stderr


def test_a_narrow_terminal_shows_every_op(tmp_path, policy):
    source = pictures(tmp_path / "in", 2)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mmaug", "lint", str(source), "--policy", str(policy)]
    environment = {**os.environ, "COLUMNS": "70", "TERM": "xterm"}
    with subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=subprocess.DEVNULL, env=environment):
        os.close(theirs)
        shown = b""
        with suppress(OSError):
            while part := os.read(ours, 65536):
                shown += part
    os.close(ours)
    assert "image.horizontal_flip" in shown.decode()


def test_help_has_an_example():
    assert "mmaug lint photos --policy rand_augment" in _words(_run("--help", env={**os.environ, "COLUMNS": "160"}).stdout)
