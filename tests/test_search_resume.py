"""A search that was killed goes on to the same history, and no journal is taken for that of another search."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_searches import SPACE, Climber

from mmaug import policies
from mmaug.errors import MmaugError
from mmaug.search import RandomSearch, TrivialAugment
from mmaug.search.base import state
from mmaug.search.base.journal import Journal
from mmaug.testing.searchers import history
from mmaug.testing.tasks import PlantedBandit, PlantedSchedule

SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from mmaug.search import RandomSearch
import small_searches as base
if __name__ == "__main__":
    searcher, task = {made}
    searcher.search(task, task.space, budget={budget}, resume={folder!r}, executor={workers}, rerank_seeds=1)
"""


def _killed(folder: Path, made: str, budget: int, lines: int, workers: int) -> None:
    """A search in a process of its own, killed with -9 once its journal has so many lines."""
    journal = folder / "journal.jsonl"
    tests = str(Path(__file__).parent)
    script = folder.parent / f"{folder.name}.py"
    script.write_text(SCRIPT.format(tests=tests, made=made, budget=budget, folder=str(folder), workers=workers), encoding="utf-8")
    process = subprocess.Popen([sys.executable, script])
    try:
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
                break
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"


@pytest.mark.parametrize(
    ("made", "searcher", "task", "workers"),
    [
        ("RandomSearch(seed=2), base.Slow(rungs=(0.3, 1.0))", RandomSearch(seed=2), PlantedBandit(rungs=(0.3, 1.0)), 1),
        ("RandomSearch(seed=2), base.Slow(rungs=(0.3, 1.0))", RandomSearch(seed=2), PlantedBandit(rungs=(0.3, 1.0)), 2),
    ],
)
def test_a_killed_search_goes_on_to_the_identical_history(tmp_path, made, searcher, task, workers):
    folder = tmp_path / "run"
    _killed(folder, made, 40, 14, workers)
    found = folder / "journal.jsonl"
    with found.open("ab") as file:
        file.write(b'{"key": "trial/99')  # a line torn by the kill
    before = found.read_bytes().count(b"\n")
    assert 14 <= before < 60
    again = searcher.search(task, task.space, budget=40, resume=folder, rerank_seeds=1)
    whole = searcher.search(task, task.space, budget=40, rerank_seeds=1)
    assert history(again) == history(whole)
    assert again.top == whole.top and again.baselines == whole.baselines
    assert all(json.loads(line) for line in found.read_text().splitlines())


def test_a_killed_online_search_goes_on_to_the_identical_history(tmp_path):
    folder = tmp_path / "run"
    _killed(folder, "base.Climber(), base.SlowSchedule()", 30, 9, 1)
    task = PlantedSchedule()
    saved = state.load(folder)
    calls: list[int] = []
    again = Climber().search(task, task.space, budget=30, resume=folder, callbacks=[lambda record: calls.append(record.number)])
    whole = Climber().search(task, task.space, budget=30)
    assert history(again) == history(whole) and len(whole.history) == 30
    assert saved is not None and 0 < saved[0] < 30 and calls == list(range(30))  # callbacks see those of the earlier session too
    assert again.top == whole.top


def test_a_journal_of_another_search_is_refused(tmp_path):
    task = PlantedBandit()
    RandomSearch().search(task, budget=3, resume=tmp_path, baselines=())
    for other, changed, said in (
        (RandomSearch(seed=1), task, "searcher"),
        (RandomSearch(), PlantedBandit(seed=1), "task"),
        (TrivialAugment(), task, "searcher"),
    ):
        with pytest.raises(MmaugError, match=f"another search: its {said}"):
            other.search(changed, budget=3, resume=tmp_path)
    with pytest.raises(MmaugError, match="its init"):
        RandomSearch().search(task, budget=3, resume=tmp_path, init=policies.identity())
    with pytest.raises(MmaugError, match="its space"):
        RandomSearch().search(task, SPACE, budget=3, resume=tmp_path)
    (tmp_path / "journal.jsonl").write_text("not a journal\n")
    with pytest.raises(MmaugError, match="line 1 must be of a journal"):
        RandomSearch().search(task, budget=3, resume=tmp_path)


def test_a_tampered_journal_is_refused(tmp_path):
    """An answer to another candidate is none to this one."""
    task = PlantedBandit()
    RandomSearch().search(task, budget=3, resume=tmp_path, baselines=())
    path = tmp_path / "journal.jsonl"
    lines = path.read_text().splitlines()
    changed = json.loads(lines[1])
    changed["asked"][0] = "0" * 16
    path.write_text("\n".join([lines[0], json.dumps(changed), *lines[2:]]) + "\n")
    with pytest.raises(MmaugError, match="got another"):
        RandomSearch().search(task, budget=3, resume=tmp_path, baselines=())


def test_two_searches_at_once_in_a_folder_are_refused(tmp_path):
    held = subprocess.Popen(
        [sys.executable, "-c", f"import time\nfrom mmaug.search.base.journal import Journal\nkept = Journal({str(tmp_path)!r}, {{}})\n"
         "print('held', flush=True)\ntime.sleep(60)"], stdout=subprocess.PIPE,
    )  # fmt: skip
    with held:
        try:
            assert held.stdout is not None and held.stdout.readline() == b"held\n"
            with pytest.raises(MmaugError, match="another search is writing here"):
                Journal(tmp_path, {})
        finally:
            held.kill()
    Journal(tmp_path, {}).close()  # the lock of the dead is gone


def test_a_longer_budget_goes_on_from_the_shorter(tmp_path):
    task = PlantedBandit()
    RandomSearch().search(task, budget=11, resume=tmp_path, baselines=())
    longer = RandomSearch().search(task, budget=20, resume=tmp_path, baselines=())
    assert history(longer) == history(RandomSearch().search(task, budget=20, baselines=()))
