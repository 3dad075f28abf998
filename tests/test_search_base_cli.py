"""The command `mmaug search`: a small folder searched, its files, its errors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from io_folders import picture, pictures, write_rows

import mmaug as mm
from mmaug.errors import MmaugError
from mmaug.io import search as search_job

ROOT = Path(__file__).resolve().parents[1]


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mmaug", "search", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


def _colours(path: Path) -> Path:
    """Twelve pictures with a caption of its own each."""
    write_rows(
        path, [{"file_name": f"{number}.png", "caption": f"{word} {number}"} for number, word in enumerate("ab cd ef gh".split() * 3)]
    )
    for number in range(12):
        picture(number).save(path / f"{number}.png")
    return path


@pytest.mark.slow
def test_a_folder_is_searched_and_the_search_goes_on(tmp_path):
    source, out = _colours(tmp_path / "in"), tmp_path / "policy.json"
    options = ("--steps", 2, "--resume", tmp_path / "run", "-o", out, "--report", tmp_path / "page.html", "--held-out", 0.5)
    done = _run(source, "--budget", 2, *options)
    assert done.returncode == 0, done.stderr
    result = mm.search.SearchResult.load(tmp_path / "policy.result.json")
    assert mm.Policy.load(out) == result.policy and len(result.history) == 2
    assert set(result.baselines) == {"identity", "trivial", "manual", "random"}
    assert (tmp_path / "page.html").stat().st_size > 5000
    said = " ".join(done.stderr.split())
    assert "wrote" in said and "identity" in said and f"{result.baselines['identity'].mean:.4f}" in said
    lines = (tmp_path / "run" / "journal.jsonl").read_bytes()
    again = _run(source, "--budget", 2, *options)
    assert again.returncode == 0 and (tmp_path / "run" / "journal.jsonl").read_bytes() == lines
    before = json.loads((tmp_path / "policy.result.json").read_text())
    assert before["history"] == result.to_json()["history"]


def test_errors_are_one_message(tmp_path):
    source = pictures(tmp_path / "in", 3)
    for arguments, said in (
        (("--searcher", "magic"), "--searcher must be one of random_search, rand_augment"),
        (("--held-out", "1.5"), "must be a share between 0 and 1"),
        (("--held-out", "0.01"), "leaves none on one side"),
        (("--on-conflict", "maybe"), "--on-conflict must be one of"),
    ):
        done = _run(source, *arguments)
        assert done.returncode == 2 and said in " ".join(done.stderr.split()) and "Traceback" not in done.stderr


def test_rows_are_held_out_the_same_way_each_time():
    rows = [{"number": number} for number in range(40)]
    train, valid = search_job.split(rows, 0.25, 3)
    assert len(valid) == 10 and sorted(row["number"] for row in train + valid) == list(range(40))
    assert [row["number"] for row in train] == sorted(row["number"] for row in train)
    assert (train, valid) == search_job.split(rows, 0.25, 3) != search_job.split(rows, 0.25, 4)
    drawn = np.array([search_job.split(rows, 0.25, seed)[1][0]["number"] for seed in range(200)])
    assert len(set(drawn)) > 8
    with pytest.raises(MmaugError, match="more rows"):
        search_job.split(rows[:1], 0.25, 0)


def test_the_examples_of_the_page_run(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "search.md").read_text(encoding="utf-8"), re.S | re.M)
    assert len(blocks) == 3
    for code in blocks:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "print(" not in code or done.stdout.strip()
    assert {path.name for path in tmp_path.iterdir()} == {"result.json", "policy.json", "report.html"}
