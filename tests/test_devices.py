"""Children on another device tell what they tell on the CPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from on_pretended_device import SEARCHES, alike, child, search
from typer.testing import CliRunner

import mmaug as mm
from mmaug.cli import app
from mmaug.testing.colour_world import SCHEMA, draw_world
from mmaug.testing.scenes import write_scenes

SCRIPT = Path(__file__).with_name("on_pretended_device.py")
QUICK = ["score_function", "joint"]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def run(*names: str) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), *names], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("agree") == 1 + len(names)


def test_a_child_and_two_searches_keep_to_the_rules_of_a_device():
    run(*QUICK)


@pytest.mark.slow
def test_all_other_searches_keep_to_the_rules_of_a_device():
    run(*(name for name in SEARCHES if name not in QUICK))


@needs_gpu
def test_a_child_on_a_gpu_tells_what_one_on_the_cpu_does():
    alike("child", child("cpu"), child("cuda"))


@needs_gpu
@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_runs_on_a_gpu(name):
    assert search("cuda", name)


def test_a_device_that_is_not_there_is_refused(tmp_path):
    for device in ("cuda:99", "gpu", 3.5, None):
        with pytest.raises(mm.MmaugError, match="ChildTask: device must be one that torch has here"):
            mm.ChildTask(draw_world(8, 1), draw_world(8, 2), schema=SCHEMA, device=device)  # type: ignore[arg-type]
    write_scenes(tmp_path, 8, 0)
    for command in ("search", "train"):
        done = CliRunner().invoke(app, [command, str(tmp_path), "--device", "cuda:99"])
        assert isinstance(done.exception, mm.MmaugError) and "device must be one that torch has here" in str(done.exception)


def test_a_task_on_another_device_is_another_task():
    """A journal of one is not gone on with on the other: sums differ there."""
    made = mm.ChildTask(draw_world(8, 1), draw_world(8, 2), schema=SCHEMA)
    before = made.describe()
    made.device = "cuda:1"
    assert made.describe() == {**before, "device": "cuda"} and before["device"] == "cpu"
