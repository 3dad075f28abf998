"""nlpaug as ops: all of its catalogue or a reason, our randomness, our protection."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import random
import subprocess
import sys

import numpy as np
import pytest

from mmaug.language import analyser, edits
from mmaug.language.keeping import keeps_claims
from mmaug.modalities.text import peers
from mmaug.registry import OPS, get_op

nlpaug = pytest.importorskip("nlpaug")
TEXT = 'The brown dog runs happily to the left of two big cars near the old house, with a sign that says "STOP here".'
NAMES = [name for name, op in OPS.items() if op.family == "nlpaug"]


def catalogue():
    """Every augmenter of texts that nlpaug has."""
    found = set()
    for part in ("char", "word", "sentence"):
        package = importlib.import_module(f"nlpaug.augmenter.{part}")
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            own = {name for name, cls in inspect.getmembers(module, inspect.isclass) if cls.__module__ == module.__name__}
            found |= own - {"CharAugmenter", "WordAugmenter", "SentenceAugmenter"}
    return found


def test_every_augmenter_is_an_op_or_left_out_for_a_reason():
    ours = {cls for _, cls, _, _ in peers.AUGMENTERS.values()}
    assert catalogue() == ours | peers.LEFT_OUT.keys() and not ours & peers.LEFT_OUT.keys()
    assert len(NAMES) == len(ours) == 7


def run(name, seed=3, share=0.5, text=TEXT, **own):
    op = get_op(name)
    params = {key: param.from_strength(1.0)([0.0, 0.0]) for key, param in op.params.items()} | own
    reading = analyser.read(text)
    return edits.apply(text, op.function(reading, reading.protected, **(params | {"share": share, "seed": seed})))[0]


def settings(name):
    if name.endswith("reserved"):
        return [{"group": "house|home"}]
    action = get_op(name).params.get("action")
    return [{"action": value} for value in action.values] if action else [{}]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_protected_words_stay_and_the_rest_changes(name):
    for own in settings(name):
        made = {run(name, seed, **own) for seed in range(30)}
        assert len(made - {TEXT}) > (0 if name.endswith("reserved") else 3), own
        for text in made:
            assert keeps_claims(analyser.read(TEXT), text), text
            assert all(word in text for word in ("brown", "left", "two", '"STOP here"')), text


@pytest.mark.parametrize("name", NAMES)
def test_randomness_is_ours(name):
    """A step decides alone what comes out; the global states are neither read nor written."""
    for own in settings(name):
        first = run(name, **own)
        random.seed(99)
        np.random.seed(99)  # noqa: NPY002
        before, numbers = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
        assert run(name, **own) == first
        assert random.getstate() == before and (np.random.get_state()[1] == numbers).all()  # noqa: NPY002


def test_listing_ops_does_not_import_nlpaug():
    code = "import sys, mmaug.modalities; from mmaug.registry import OPS; print('text.nlpaug.keyboard' in OPS, 'nlpaug' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["True", "False"]


def test_without_nlpaug_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "nlpaug.augmenter.char", None)
    with pytest.raises(ValueError, match=r"pip install 'mmaug\[nlpaug\]'"):
        run("text.nlpaug.keyboard", share=0.123)
