"""The house rules that a machine can hold: who imports whom, how long a file may be, what an import costs."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mmaug
from mmaug.registry import OPS

PACKAGE = Path(mmaug.__file__).parent
BASE = {"errors", "rng", "params", "effects", "colour", "language", "hub", "store", "processes", "devices"}
VALUES = BASE | {"registry", "schema", "plan", "policy", "policies", "trace"}

ALLOWED: dict[str, set[str]] = {
    # who -> whose modules it may import (itself always)
    **{name: BASE for name in BASE},
    **{name: VALUES for name in ("registry", "schema", "plan", "policy", "policies", "trace")},
    "draw": VALUES,
    "neural": BASE,  # networks that transform rows: an op runs them, a searcher finds them
    "modalities": BASE | {"registry", "schema", "neural"},
    "pairing": BASE | {"registry", "schema"},
    **{
        name: VALUES | {"modalities", "pairing", "light", "resolve", "rewrite", "apply", "draw"}
        for name in ("light", "resolve", "rewrite", "apply")
    },
    "batch": VALUES | {"modalities", "pairing", "light", "resolve", "rewrite", "apply", "draw", "mix"},
    "lint": VALUES | {"modalities", "pairing", "light", "resolve", "rewrite", "draw"},
    "graph": VALUES | {"modalities", "pairing", "light", "resolve", "rewrite", "apply", "draw", "batch", "lint", "mix"},
    "negatives": VALUES | {"modalities", "pairing", "light"},
    "losses": {"gathering"},
    "metrics": set(),
    "gathering": set(),
    "mix": VALUES | {"modalities", "pairing", "light", "resolve", "rewrite", "apply"},
    "search": VALUES | {"neural"},
    "child": VALUES | {"modalities", "pairing", "graph", "mix", "losses", "metrics", "gathering", "search", "negatives", "neural"},
    "testing": VALUES | {"modalities", "pairing", "graph", "search", "child"},
}
RIM = {"cli", "demo", "hf", "io", "report", "testing", "__main__", "__init__"}
"""Nobody imports them (but each other); they may import all."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The parts of mmaug that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "mmaug":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmaug."):
            found.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("mmaug.")}
    return found


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    part = part_of(path)
    if part in RIM and part != "testing":
        return
    assert part in ALLOWED, f"{path}: a new part of the house; say in ALLOWED what it may import"
    extra = imported(path) - ALLOWED[part] - {part}
    assert not extra, f"{path} imports {sorted(extra)}; {part} may import {sorted(ALLOWED[part])}"


def test_modalities_do_not_import_each_other():
    for path in modules():
        parts = path.relative_to(PACKAGE).parts
        if parts[0] == "modalities" and len(parts) == 3:
            for other in {"image", "text", "audio", "annotations"} - {parts[1]}:
                assert f"mmaug.modalities.{other}" not in path.read_text(encoding="utf-8"), f"{path} imports modalities.{other}"


def test_the_test_of_imports_sees_a_planted_fault(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("from mmaug import graph\nfrom mmaug.io import folder\nimport mmaug.report.preview\n", encoding="utf-8")
    assert imported(planted) == {"graph", "io", "report"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, f"{path} has {text.count(chr(10))} lines, 400 at most; split it by what it does"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 45, f"{path}:{node.lineno} {node.name} has {length} lines; split it"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def test_public_names_have_docstrings():
    names = [name for name in dir(mmaug) if not name.startswith("_") and name not in ("Any", "TYPE_CHECKING", "annotations")]
    assert len(names) > 30
    assert not [name for name in names if callable(getattr(mmaug, name)) and not inspect.getdoc(getattr(mmaug, name))]


def test_what_editors_see_is_what_is_there():
    """The names that type checkers read in `mmaug/__init__.py` are those that `__getattr__` gives."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {alias.asname: (node.module, alias.name) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told.keys() == {*mmaug._HOMES, *mmaug._MODULES}
    for name, (module, original) in told.items():
        assert getattr(mmaug, name) is getattr(importlib.import_module(str(module)), original)
    with pytest.raises(AttributeError, match="nope"):
        _ = mmaug.nope


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_is_light_and_needs_no_network():
    heavy = fresh(
        "import socket\n"
        "def refuse(*_): raise AssertionError('network at import')\n"
        "socket.socket.connect = refuse\n"
        "import sys, mmaug\n"
        "print([m for m in ('torch', 'transformers', 'datasets', 'albumentations', 'jinja2', 'typer') if m in sys.modules])"
    )
    assert heavy == "[]"


def test_the_test_of_light_imports_can_fail():
    assert fresh("import sys, jinja2, mmaug\nprint('jinja2' in sys.modules)") == "True"


def test_every_op_of_the_first_issue_is_there():
    wanted = (
        "image.horizontal_flip image.rotate90 image.rotate image.translate_x image.random_resized_crop image.brightness image.hue "
        "image.to_gray image.invert image.cutout text.choose_caption text.synonym text.keyboard_typo audio.gain audio.time_stretch "
        "audio.time_shift audio.time_crop audio.reverse audio.swap_channels"
    )
    assert set(wanted.split()) <= OPS.keys()


def test_global_random_state_is_never_named():
    banned = re.compile(r"np\.random\.(seed|rand|randn|randint|choice|uniform|normal|shuffle)\(|^import random|torch\.manual_seed", re.M)
    for path in modules():
        assert not banned.search(path.read_text(encoding="utf-8")), path
