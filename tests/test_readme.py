"""What the README says is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


def test_the_readme_has_its_examples():
    assert len(blocks()) >= 2


@pytest.mark.parametrize("number", range(len(blocks())))
def test_an_example_runs_and_prints_what_it_says(number, capsys):
    code = blocks()[number]
    exec(compile(code, f"README example {number}", "exec"), {})
    printed = capsys.readouterr().out
    for said in re.findall(r"print\(.*\)\s+# (.*)", code):
        wanted = said.split(" (or ")[0].split(",")[0]
        assert wanted in printed or "steps applied" in said


def test_files_that_the_readme_links_to_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target
