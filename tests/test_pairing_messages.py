"""Chat rows: a question and its answer are edited together or not at all."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm

PICTURE = np.random.default_rng(9).integers(0, 255, (40, 60, 3), np.uint8)
FLIP = mm.op("image.horizontal_flip")
HUE = mm.op("image.hue", degrees=120)
GRAY = mm.op("image.to_gray")


def chat(*turns: str, parts: bool = False) -> list[dict]:
    """A chat of question, answer, question, ...; parts: as lists of parts, the first with the picture."""
    roles = ("user", "assistant")
    if not parts:
        return [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    said = [[{"type": "text", "text": text}] for text in turns]
    said[0].insert(0, {"type": "image"})
    return [{"role": roles[i % 2], "content": content} for i, content in enumerate(said)]


def run(messages: list[dict], *ops, caption: str | None = None):
    fields = {"image": mm.Image(), "messages": mm.Messages(of="image"), "caption": mm.Caption(of="image", optional=True)}
    graph = mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(**fields))
    return graph.run({"image": PICTURE, "messages": messages, "caption": caption}, key=1)


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize(
    ("before", "op", "after"),
    [
        (
            ("Is the dog to the left of the cat?", "Yes, the dog is to the left of the cat."),
            FLIP,
            ("Is the dog to the right of the cat?", "Yes, the dog is to the right of the cat."),
        ),
        (
            ("What is on the right?", "A dog.", "And on the left?", "A cat, left of a tree."),
            FLIP,
            ("What is on the left?", "A dog.", "And on the right?", "A cat, right of a tree."),
        ),
        (
            ("What do you see?", "A dog that looks right at the camera."),
            FLIP,
            ("What do you see?", "A dog that looks right at the camera."),
        ),
        (("What is there?", "A red car.", "And beside it?", "A dog."), HUE, ("What is there?", "A green car.", "And beside it?", "A dog.")),
        (("What is there?", "A yellow car."), GRAY, ("What is there?", "A car.")),
    ],
)
def test_all_turns_are_edited_together(before, op, after, parts):
    out, trace = run(chat(*before, parts=parts), op)
    assert trace.vetoes == () and out["messages"] == chat(*after, parts=parts)


@pytest.mark.parametrize(
    ("turns", "op"),
    [
        (("Is the dog on the left?", 'Yes, and a shirt says "GO".'), FLIP),  # the answer refuses, so the question stays
        (('What does the sign "STOP" mean?', "Cars on the left must wait."), FLIP),
        (("Which hand does she use?", "She is left-handed."), FLIP),
        (("Where is the dog?", "Right."), FLIP),
        (("Is the car red?", "Yes."), HUE),  # what a question asks about cannot be weakened or renamed for a bare "yes"
        (("What color is the car?", "It is yellow."), GRAY),
        (("A red car?", "No, the cup is yellow, not red."), HUE),
    ],
)
def test_one_turn_that_refuses_drops_the_step_for_all(turns, op):
    messages = chat(*turns)
    out, trace = run(messages, op, caption="a dog on the left")
    assert len(trace.vetoes) == 1 and trace.applied == ()
    assert out["messages"] == messages and out["caption"] == "a dog on the left" and out["image"] is PICTURE


def test_a_chat_and_a_caption_of_one_picture_agree():
    out, _ = run(chat("Where is the dog?", "On the left."), FLIP, caption="a dog on the left")
    assert out["caption"] == "a dog on the right" and out["messages"][1]["content"] == "On the right."
    out, trace = run(chat("Where is the dog?", "On the left."), FLIP, caption="a dog beside a stop sign")
    assert len(trace.vetoes) == 1 and out["messages"][1]["content"] == "On the left."
