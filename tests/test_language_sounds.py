"""What a text says of sounds, against answers written down by hand."""

from __future__ import annotations

import pytest

from mmaug.language.analyser import read
from mmaug.language.order import reversed_order
from mmaug.language.sounds import listen


@pytest.mark.parametrize(
    ("text", "voices"),
    [
        ("A man and a woman speak", ["man", "woman"]),
        ("Two boys laugh as their mother calls", ["child", "woman"]),
        ("An infant cries", ["baby"]),
        ("A person speaks", []),
        ("A manual typewriter, a womanly mannequin and a kidney", []),
    ],
)
def test_voices(text, voices):
    assert [who for _, who in listen(text).voices] == voices


@pytest.mark.parametrize(
    ("text", "high", "low"),
    [
        ("a high-pitched whine", ["high"], []), ("a deep voice", [], ["deep"]), ("a low hum over shrill beeps", ["shrill"], ["low"]),
        ("a car at high speed", [], []), ("low volume music", [], []), ("high winds and deep breathing", [], []),
    ],
)  # fmt: skip
def test_pitch_words(text, high, low):
    said = listen(text)
    assert ([m.word for m in said.high], [m.word for m in said.low]) == (high, low)


@pytest.mark.parametrize(
    ("text", "small", "large"),
    [
        ("a small dog barks", ["small"], []), ("a large truck idles", [], ["large"]), ("a large crowd by a small table", [], []),
        ("puppies whimper", ["puppies"], []), ("a young man speaks", ["young"], []), ("big old church bells", [], ["big", "old"]),
    ],
)  # fmt: skip
def test_sizes_that_are_heard(text, small, large):
    said = listen(text)
    assert ([m.word for m in said.small], [m.word for m in said.large]) == (small, large)


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("Wind blows and rain falls", True), ("A man speaking", True), ("An engine is idling while birds chirp in the distance", True),
        ("A dog barking", True), ("A dog barks", False), ("A dog barks continuously", True), ("A door slams", False),
        ("A man speaks and a woman speaks", False), ("A man speaks briefly", False), ("An engine starts", False),
        ("Rain falls, then thunder", False), ("Three birds chirp", False), ("Someone unpacks a parcel", False), ("", True),
    ],
)  # fmt: skip
def test_what_lasts(text, lasting):
    assert bool(listen(text).lasting) is lasting


@pytest.mark.parametrize(
    ("text", "backwards"),
    [
        ("Wind blows and rain falls", None), ("waves crash on the shore", None), ("a dog barks", None), ("a fire crackles", None),
        ("a man speaks", "speaks"), ("a piano plays", "piano"), ("a car crashes", "crashes"), ("an engine revving up", "revving"),
        ("water flows into a bucket", "into"), ("a gizmo frobs", ""), ("a gun fires", "gun"),
    ],
)  # fmt: skip
def test_what_can_be_heard_backwards(text, backwards):
    assert listen(text).backwards == backwards


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("three barks", "three"), ("a dog barks twice", "twice"), ("a horn honks several times", "several"), ("a few beeps", "a few"),
        ("several people talk", None), ("a crowd cheers", None), ("one man speaks", None), ("a continuous hum", None),
    ],
)  # fmt: skip
def test_what_counts(text, counted):
    found = listen(text).counted
    assert (found and found.word) == counted


@pytest.mark.parametrize(
    ("text", "order", "endings"),
    [
        ("a dog barks, then a cat meows", ["then"], []), ("rain while a man speaks", [], []), ("a man next to a train", [], []),
        ("a bark interrupted by a horn", ["interrupted"], []), ("dogs far away", [], []), ("a car drives away", [], ["away"]),
        ("the rain continues", [], []), ("a motor starts", [], ["starts"]), ("a bell after which people talk", ["after"], []),
    ],
)  # fmt: skip
def test_order_and_endings(text, order, endings):
    said = listen(text)
    assert ([m.word for m in said.order], [m.word for m in said.endings]) == (order, endings)


@pytest.mark.parametrize(
    ("text", "backwards"),
    [
        ("A dog barks, then a cat meows.", "A cat meows, then a dog barks."),
        ("A dog barking followed by a cat meowing", "A cat meowing followed by a dog barking"),
        ("A dog barks followed by a squeal", "A squeal, then a dog barks"),
        ("A dog barks before a cat meows", "A cat meows before a dog barks"),
        ("A dog barks after a cat meows", "A cat meows after a dog barks"),
        ("A dog barks, then a cat meows, then a bird chirps", "A bird chirps, then a cat meows, then a dog barks"),
        ("A dog barks before a cat meows then a bird chirps", None),
        ("A dog barks after which a cat meows", None),
        ("A dog barks, then it growls", None),
        ("First a dog barks, then a cat meows", None),
        ("A dog barks and a cat meows", None),
    ],
)
def test_order_told_backwards(text, backwards):
    assert reversed_order(read(text)) == backwards


@pytest.mark.parametrize("text", ["", " ", "\0", "then then then", "'", "'a' “b”", "日本語", "a" * 5000, "and, with; as: by."])
def test_any_string_is_read(text):
    listen(text)
