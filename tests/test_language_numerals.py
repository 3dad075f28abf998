"""Numbers that are names, by hand: what is read or said counts nothing."""

import numpy as np
import pytest

import mmaug as mm
from mmaug.language.analyser import read

NAMED = """a handwritten seven; seven, written by hand; the number 7; the digit seven; somebody says seven; a seven; a handwritten one; a
Boeing 747; a zero; six written on a wall; a child says four while a dog barks; the figure 8 on a door; Three, spoken by a man; a bold red 5
on a truck"""
COUNTED = """a group of seven; two dogs; a red one; one in a shirt; a man says two are missing; seven of them; a voice counts to ten; three;
two people and a dog; a hundred; a 3 year old boy; a family of four; a man reads two books; six red cars; says two dogs barked; a large
number of dogs; a four-legged animal; zero people"""


def texts(lines: str) -> list[str]:
    return [" ".join(text.split()) for text in lines.split(";")]


@pytest.mark.parametrize("text", texts(NAMED))
def test_a_number_that_is_read_counts_nothing(text):
    reading = read(text)
    assert reading.numerals and not reading.counts and reading.writing


@pytest.mark.parametrize("text", texts(COUNTED))
def test_a_number_of_things_is_a_count(text):
    reading = read(text)
    assert reading.counts and not reading.numerals


@pytest.mark.parametrize(
    ("op", "params", "stands"),
    [
        ("image.rotate", {"degrees": 15.0}, True),
        ("image.rotate90", {"turns": 2}, False),
        ("image.horizontal_flip", {}, False),
        ("image.random_resized_crop", {"scale": (0.8, 0.8)}, True),
        ("audio.time_crop", {"keep": 0.5}, False),
        ("audio.pitch_shift", {"semitones": 2.0}, True),
    ],
)
def test_what_a_written_and_spoken_digit_allows(op, params, stands):
    row = {
        "image": np.full((32, 32, 3), 90, np.uint8),
        "audio": {"array": np.ones(8000, np.float32), "sampling_rate": 8000},
        "text": "a six",
    }
    schema = mm.Schema(image=mm.Image(), audio=mm.Audio(), text=mm.Caption(of=("image", "audio")))
    _, trace = mm.TransformGraph(mm.Policy.sequence(mm.op(op, **params)), schema=schema).run(row, key=1)
    assert (not trace.vetoes) == stands
