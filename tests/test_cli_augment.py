"""The command `mmaug augment`: killed at any moment and started again it ends with the same bytes; errors are messages."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from io_folders import pictures, recordings, rows_of, tree, write_rows

import mmaug as mm

ROOT = Path(__file__).resolve().parents[1]
COPIES = 3


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "mmaug", "augment", *map(str, arguments)]


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def _words(done: subprocess.CompletedProcess[str]) -> str:
    """What a command said, whatever the width of its lines."""
    return " ".join(done.stderr.split())


def _start(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(*arguments), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A source of 150 rows and the tree that an uninterrupted run writes."""
    base = tmp_path_factory.mktemp("whole")
    source = pictures(base / "in", 150)
    done = _run(source, base / "out", "--copies", COPIES)
    assert done.returncode == 0, done.stderr
    return source, tree(base / "out")


def _journal_lines(out: Path) -> int:
    journal = out / ".mmaug-journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _wait_for_rows(process: subprocess.Popen[Any], out: Path, count: int) -> None:
    """Until so many rows are done; the command must be running by then."""
    limit = time.monotonic() + 60
    while _journal_lines(out) < count:
        assert process.poll() is None, "the command ended too early"
        assert time.monotonic() < limit
        time.sleep(0.001)


def _children(pid: int) -> list[int]:
    return [int(p) for task in Path(f"/proc/{pid}/task").glob("*/children") for p in task.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_at_many_moments_it_ends_with_the_same_bytes(tmp_path, whole, workers):
    """Kill -9 after the first rows, then after ever more, then let it end: no row twice, none missing, nothing left over."""
    source, expected = whole
    out, kills = tmp_path / "out", 0
    for after in (0, 1, 30, 75, 110, 149):
        process = _start(source, out, "--copies", COPIES, "--workers", workers)
        limit = time.monotonic() + 30
        while process.poll() is None and _journal_lines(out) <= after and time.monotonic() < limit:
            time.sleep(0.001)
        children = _children(process.pid) if process.poll() is None else []
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        if after < 100:
            assert not (out / "metadata.jsonl").exists()
        limit = time.monotonic() + 10
        while any(map(_alive, children)) and time.monotonic() < limit:
            time.sleep(0.01)
        assert not any(map(_alive, children)), "workers outlive the command"
    assert kills >= 4
    done = _run(source, out, "--copies", COPIES, "--workers", workers)
    assert done.returncode == 0, done.stderr
    assert tree(out) == expected
    assert "complete already" in _words(_run(source, out, "--copies", COPIES))


FORKED = """
import sys
from io_folders import graph_for
from mmaug.io.augment import augment
from mmaug.io.folder import Folder
folder = Folder(sys.argv[1])
augment(folder, sys.argv[2], graph_for(folder), copies=3, workers=3, start_method="fork")
"""


def test_forked_workers_end_when_the_command_is_killed(tmp_path, whole):
    """A fork has every pipe of its parent open; it must close them, or workers keep each other alive for ever."""
    out = tmp_path / "out"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    process = subprocess.Popen([sys.executable, "-c", FORKED, whole[0], out], env={**os.environ, "PYTHONPATH": paths})
    _wait_for_rows(process, out, 5)
    children = _children(process.pid)
    process.kill()
    process.wait()
    assert len(children) == 3
    limit = time.monotonic() + 5
    while any(map(_alive, children)) and time.monotonic() < limit:
        time.sleep(0.01)
    left = [pid for pid in children if _alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def test_a_torn_line_and_half_a_file_are_mended(tmp_path, whole):
    source, expected = whole
    out = tmp_path / "out"
    process = _start(source, out, "--copies", COPIES)
    _wait_for_rows(process, out, 20)
    process.kill()
    process.wait()
    journal = out / ".mmaug-journal.jsonl"
    data = journal.read_bytes()
    journal.write_bytes(data[: data.rindex(b"\n", 0, -1) + 40])
    (out / "images" / ".mmaug-1-1.tmp").write_bytes(b"half a pict")
    assert _run(source, out, "--copies", COPIES, "--workers", 2).returncode == 0
    assert tree(out) == expected


def test_ctrl_c_stops_cleanly(tmp_path, whole):
    source, many = whole[0], ("--copies", 6 * COPIES)
    for attempt in range(5):  # on a busy machine it may be done before we see its fifth row
        out = tmp_path / f"out{attempt}"
        process = subprocess.Popen(
            _command(source, out, *many, "--workers", 2), cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        _wait_for_rows(process, out, 5)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the command and its workers
        errors = process.communicate(timeout=30)[1]
        if process.returncode:
            break
    assert process.returncode not in (0, -signal.SIGKILL)
    assert "run the same command again to go on" in errors
    assert "Traceback" not in errors
    assert _run(source, out, *many).returncode == 0
    assert _run(source, tmp_path / "at once", *many, "--workers", 2).returncode == 0
    assert tree(out) == tree(tmp_path / "at once")


def test_two_runs_at_once_are_refused(tmp_path, whole):
    source, expected = whole
    out = tmp_path / "out"
    process = _start(source, out, "--copies", COPIES)
    _wait_for_rows(process, out, 1)
    os.kill(process.pid, signal.SIGSTOP)
    second = _run(source, out, "--copies", COPIES)
    os.kill(process.pid, signal.SIGCONT)
    assert second.returncode == 2
    assert f"another run is writing here (process {process.pid})" in second.stderr
    assert process.wait(60) == 0
    assert tree(out) == expected


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    source, out = pictures(tmp_path / "in", 1), tmp_path / "out"
    out.mkdir()
    (out / ".mmaug-lock").write_text("1\n")
    assert _run(source, out).returncode == 0
    assert not (out / ".mmaug-lock").exists()


def test_a_worker_that_dies_is_an_error_and_not_a_hang(tmp_path, whole):
    source, expected = whole
    out = tmp_path / "out"
    process = subprocess.Popen(_command(source, out, "--copies", COPIES, "--workers", 2), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    _wait_for_rows(process, out, 5)
    worker = max(_children(process.pid))  # the lowest is multiprocessing's resource tracker
    os.kill(worker, signal.SIGKILL)
    errors = process.communicate(timeout=30)[1]
    assert process.returncode == 2
    assert "a worker process died (exit code -9) at metadata.jsonl line" in errors
    assert _run(source, out, "--copies", COPIES, "--workers", 2).returncode == 0
    assert tree(out) == expected


def test_a_recordings_folder_and_its_summary(tmp_path):
    done = _run(recordings(tmp_path / "in", ending="wav"), tmp_path / "out", "--copies", 2, "--seed", 3)
    assert done.returncode == 0, done.stderr
    assert "10 rows written, 0 skipped" in _words(done)
    assert "pairs/s" in done.stderr
    assert [row["file_name"] for row in rows_of(tmp_path / "out")][:3] == ["0_v0.wav", "0_v1.wav", "1_v0.wav"]


def test_a_bad_row_stops_with_a_message_or_is_skipped(tmp_path):
    source, out = pictures(tmp_path / "in", 3), tmp_path / "out"
    (source / "images/1.png").write_bytes(b"")
    done = _run(source, out)
    assert done.returncode == 2
    assert "line 2: images/1.png: must be a picture, got an empty file" in done.stderr
    assert "Traceback" not in done.stderr
    done = _run(source, out, "--on-error", "skip")
    assert done.returncode == 0
    assert "2 rows written, 1 skipped" in _words(done)
    assert json.loads((out / "errors.jsonl").read_text())["source"] == "images/1.png"


def test_a_bad_line_stops_with_a_message_or_is_skipped(tmp_path):
    source, out = pictures(tmp_path / "in", 3), tmp_path / "out"
    with (source / "metadata.jsonl").open("a") as file:
        file.write("{broken\n")
    done = _run(source, out)
    assert done.returncode == 2
    assert "metadata.jsonl line 4: must be a JSON object, got '{broken'" in _words(done)
    done = _run(source, out, "--on-error", "skip")
    assert done.returncode == 0, done.stderr
    assert "3 rows written, 1 skipped" in _words(done)
    assert json.loads((out / "errors.jsonl").read_text())["line"] == 4


@pytest.mark.parametrize("width", [30, 60, 200])
def test_ops_are_listed_with_their_whole_names(width):
    """In a file or a pipe, whatever the terminal; and in a narrow terminal, where the other columns give way."""
    listed = subprocess.run(
        [sys.executable, "-m", "mmaug", "ops"], capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": str(width)}
    )
    assert all(name in listed.stdout for name in mm.OPS)
    assert max(map(len, listed.stdout.splitlines())) <= 160
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "mmaug", "ops", "image"], stdout=theirs, env={**os.environ, "COLUMNS": str(max(width, 40)), "TERM": "xterm"}
    ):
        os.close(theirs)
        shown = b""
        with suppress(OSError):
            while part := os.read(ours, 65536):
                shown += part
    os.close(ours)
    assert all(name in shown.decode() for name in mm.OPS if name.startswith("image."))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--policy", '{"schema": 1, "policy": {"op": "image.melt", "p": 1.0}}'], "image.melt"),
        (["--policy", '{"schema": 1, "policy": {"op": "image.rotate", "p": 1.0, "params": {"degrees": [-5, 900]}}}'], "900"),
        (["--policy", '{"schema": 1, "policy": {"op": "image.rotate", "p": 7}}'], "got 7"),
        (["--policy", "no_such_policy"], "must be a file or one of identity"),
        (["--schema", '{"schema": 1, "fields": {"image": {"kind": "image"}}}'], "column 'captions' holds text that no field"),
        (["--schema", '{"schema": 1, "fields": {"sound": {"kind": "audio"}}, "more": 1}'], "a schema must be"),
        (["--on-conflict", "shrug"], "--on-conflict must be one of"),
        (["--on-error", "shrug"], "on_error must be one of"),
    ],
)
def test_bad_options_are_messages(tmp_path, arguments, message):
    source = pictures(tmp_path / "in", 1)
    if arguments[1].startswith("{"):
        (tmp_path / "option.json").write_text(arguments[1])
        arguments = [arguments[0], tmp_path / "option.json"]
    done = _run(source, tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert message in _words(done)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out/metadata.jsonl").exists()


def test_an_empty_folder_and_one_of_something_else(tmp_path):
    source = pictures(tmp_path / "in", 1)
    (tmp_path / "empty").mkdir()
    assert "must hold metadata.jsonl" in _run(tmp_path / "empty", tmp_path / "out").stderr
    write_rows(tmp_path / "full", [{"file_name": "mine.png"}])
    before = tree(tmp_path / "full")
    done = _run(source, tmp_path / "full")
    assert done.returncode == 2
    assert "it holds metadata.jsonl; name another folder" in done.stderr
    assert tree(tmp_path / "full") == before
