"""The code in the documentation runs, each block as a program of its own; and the pages stay short."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {
    "docs/all-of-mmaug.md": 200, "docs/draws.md": 60, "docs/mixing.md": 120, "docs/huggingface.md": 160, "CONTRIBUTING.md": 120,
    "README.md": 120,
}  # fmt: skip
"""The pages and how many lines each may have."""


def blocks(page: str) -> list[str]:
    found = re.findall(r"^ *```python\n(.*?)^ *```", (ROOT / page).read_text(encoding="utf-8"), re.S | re.M)
    return [textwrap.dedent(code) for code in found]


RUN_ELSEWHERE = ("README.md", "docs/huggingface.md")  # tests/test_readme.py, tests/test_examples.py
EXAMPLES = [(page, number) for page in PAGES if page not in RUN_ELSEWHERE for number in range(len(blocks(page)))]


def program(path: Path, code: str) -> subprocess.CompletedProcess[str]:
    path.write_text(code, encoding="utf-8")
    return subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=False)


def test_there_are_examples():
    assert {page for page, _ in EXAMPLES} == {"docs/all-of-mmaug.md", "docs/draws.md", "docs/mixing.md", "CONTRIBUTING.md"}
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize(("page", "number"), EXAMPLES)
def test_an_example_runs(page, number, tmp_path):
    code = blocks(page)[number]
    if "torch" in code:
        pytest.importorskip("torch")
    done = program(tmp_path / "example.py", code)
    assert done.returncode == 0, done.stderr
    assert "print(" not in code or done.stdout.strip()


def test_the_test_of_examples_can_fail(tmp_path):
    assert program(tmp_path / "example.py", "import mmaug as mm\nmm.op('image.no_such_op')").returncode != 0


def test_every_epoch_of_the_recipe_draws_anew(tmp_path):
    """Workers that live on see the epoch change: the two epochs do not flip the same rows."""
    pytest.importorskip("torch")
    (code,) = [code for code in blocks("docs/draws.md") if "persistent_workers" in code]
    code = code.replace(
        '[row["caption"] for row in batch]', '*sorted((int(row["image"][0, 0, 0]), "right" in row["caption"]) for row in batch)'
    )
    lines = program(tmp_path / "example.py", code).stdout.splitlines()
    drawn = [sorted(" ".join(re.findall(r"\(.*?\)", line)) for line in lines if line.startswith(str(epoch))) for epoch in (0, 1)]
    pairs = [set(re.findall(r"\((\d+), (True|False)\)", " ".join(epoch))) for epoch in drawn]
    assert len(pairs[0]) == len(pairs[1]) == 8
    assert pairs[0] != pairs[1]


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_short_and_their_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.count("\n") < PAGES[page]
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).exists(), target
