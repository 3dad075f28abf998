"""What else a reading holds: counts, nouns, writing, sounds, protected words; any string at all."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmaug.language import analyser
from mmaug.language.analyser import read


def words(mentions) -> list[str]:
    return [mention.word for mention in mentions]


@pytest.mark.parametrize(
    ("text", "kind", "value", "noun"),
    [
        ("Two small dogs run", "exact", 2, "dog"),
        ("a pair of shoes", "exact", 2, "shoe"),
        ("3 men", "exact", 3, "man"),
        ("several cars", "vague", None, "car"),
        ("a couple of birds", "vague", None, "bird"),
        ("no people", "none", 0, "person"),
        ("all the chairs", "all", None, ""),
        ("the only cat", "only", None, "cat"),
        ("a group of people", "vague", None, "person"),
        ("a trio of singers", "exact", 3, "singer"),
        ("a number of boats", "vague", None, "boat"),
        ("two black and white cows graze", "exact", 2, "cow"),
        ("three orange, white and black fish", "exact", 3, "fish"),
        ("three other young men look on", "exact", 3, "man"),
        ("many onlookers observe a parade", "vague", None, "onlooker"),
        ("one arm outstretched", "exact", 1, "arm"),
        ("3 matching balconies", "exact", 3, "balcony"),
        ("two parked cars", "exact", 2, "car"),
        ("a drink in one hand, straw in a cup", "exact", 1, "hand"),
        ("sheep, one standing apart", "vague", None, ""),
    ],
)
def test_counts(text, kind, value, noun):
    (count,) = read(text).counts
    assert (count.kind, count.value) == (kind, value)
    assert count.noun == noun or not noun


@pytest.mark.parametrize(
    "text", ["they look at each other", "a row boat", "a man dressed in all white", "a couple on a bench", "he reads a lot"]
)
def test_no_counts(text):
    assert read(text).counts == ()


def test_nouns_are_singular_and_compounds_are_one():
    assert {("woman", True), ("hot dog", False), ("bus", False)} <= {
        (n.lemma, n.plural) for n in read("Women with a hot dog near a bus").nouns
    }
    assert "dog" not in {n.lemma for n in read("a hot dog").nouns}


@pytest.mark.parametrize(
    "text",
    ['a shirt with "NY" on it', "a stop sign", "a license plate", "a clock tower", "a sign that says go",
    "a jersey with the number 7", "a company logo",
     "a man reading a book", "a sign on a pole", "two people read newspapers", "the runner with number fourteen", "player #3",
     "a wall with white writing", "a building with Japanese writing on it", "runners wearing race numbers", "a van that says go",
     "the word love", "a street sign", "a computer keyboard", "a map on the wall", "“hello” on a wall"],
)  # fmt: skip
def test_writing(text):
    assert read(text).writing


@pytest.mark.parametrize(
    "text",
    [
        "a man plays a keyboard on stage",
        "a dog's bone",
        "a girl makes a peace sign",
        "a man writing at a desk",
        "large numbers of people",
        "she gives a thumbs-up sign",
        "he uses sign language",
        "he shows signs of agony",
        "a SCUBA diver beside an SUV",
        "IT IS a dog",
        "don't walk, it's late",
        "a blue plate",
    ],
)
def test_no_writing(text):
    assert read(text).writing is None


def test_sound_words():
    reading = read("A loud dog barks twice, then a man with a deep voice speaks slowly before fading away in silence")
    assert words(reading.loudness) == ["loud"]
    assert words(reading.repeats) == ["twice"]
    assert words(reading.order) == ["then", "before"]
    assert "deep" in words(reading.pitch)
    assert words(reading.tempo) == ["slowly"]
    assert "fading" in words(reading.ending)
    assert words(reading.silence) == ["silence"]


def test_light_size_and_negation():
    reading = read("A large dog at night, not a small one")
    assert words(reading.light) == ["night"]
    assert words(reading.size) == ["large", "small"]
    assert words(reading.negation) == ["not"]
    assert words(read("it isn't here").negation) == ["isn't"]


def test_protected_words():
    text = 'Two red dogs, not cats, left of Paris say "go on" at http://x.org then 🐶'
    kept = "|".join(text[start:end] for start, end in read(text).protected)
    for word in ("Two", "red", "not", "left of", "Paris", '"go on"', "http://x.org", "then", "🐶", "at"):
        assert word in kept
    assert "cats" not in kept and "dogs" not in kept


@given(st.text(max_size=120))
def test_any_string_is_read(text):
    reading = read(text)
    for mention in (*reading.sides, *reading.colours, *reading.counts, *reading.nouns, *reading.tokens):
        assert 0 <= mention.start < mention.end <= len(text)
    spans = reading.protected
    assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))


@pytest.mark.parametrize("text", ["", " ", "🐶", "כלב משמאל", "left", "a\nred\nleft", "\ud800", "ǅ", "'" * 50, "İstanbul left"])
def test_odd_strings_are_read(text):
    assert read(text).text == text


@pytest.mark.parametrize(
    "piece",
    [
        "left right of the red and white ",
        "'a \"b ",
        "red, ",
        "a",
        "and red ",
        "a@",
        "<",
        "two of all ",
        "dark ",
        "the top ",
    ],
)
def test_reading_is_linear(piece):
    """A hundred thousand characters take well under two seconds; a quadratic reader takes minutes."""
    start = time.perf_counter()
    analyser.read.__wrapped__(piece * (100_000 // len(piece)))
    assert time.perf_counter() - start < 10
