"""What is said of a mixture is true of both rows in it, or the step is vetoed."""

from __future__ import annotations

from typing import Any

import pytest
import truth
from mixing import PLAIN, ROWS, SOUNDS, drop, graph, scene, tone

import mmaug as mm


def test_joined_captions_are_true_of_what_the_pixels_show():
    joins = graph(
        mm.op("image.horizontal_flip", p=0.5), mm.op("image.hue", strength=0.6, p=0.3), mm.op("image.random_resized_crop", strength=0.2),
        mm.op("text.choose_caption"), mm.op("mix.cutmix", share=(0.2, 0.6), captions="join"),
    )  # fmt: skip
    mixed, lies = 0, []
    for number in range(160):
        rows = {"a": scene(number), "b": scene(1000 + number, 100)}
        out, trace = joins.run(rows["a"], key="a", epoch=number, partners=rows)
        if trace.mixed is None:
            continue
        mixed += 1
        (own, _), (other, _) = trace.mixed.texts["captions"]
        assert out["captions"] in ([f"{own.rstrip('.')}, and {other}"], [f"{own} {other}"])
        both = {name: rows["a"]["objects"][name] + rows["b"]["objects"][name] for name in ("id", "category")}
        judged = {**out, "captions": [own, other], "audio_caption": None}
        lies += [f"{fault}\n{trace}" for fault in truth.false_claims(judged, {"objects": both})]
    assert not lies, f"{len(lies)} of {mixed}; the first:\n{lies[0]}"
    assert mixed >= 5


def say(op: mm.policy.PolicyOp, mine: Any, other: Any, schema=PLAIN, **more) -> Any:
    source = {"image": ROWS["p0"]["image"]} if "image" in schema.fields else {"audio": tone(300, 8000, 0.2, 0.1)}
    out, trace = graph(op, schema=schema).run(
        {**source, "caption": mine, **more}, key="a", partners={"b": {**source, "caption": other, **more}}
    )
    return out["caption"] if trace.mixed is not None else None


@pytest.mark.parametrize(
    ("mine", "other", "joined"),
    [
        ("a dog on a mat", "a cat in a box", "a dog on a mat, and a cat in a box"),
        ("A dog sleeps on a mat.", "A cat sits in a box.", "A dog sleeps on a mat, and a cat sits in a box."),
        ("A dog sleeps.", "Boats in Venice", "A dog sleeps, and Boats in Venice"),
        ("A dog. It runs.", "A cat", "A dog. It runs. A cat"),
        (["a dog", "a hound"], ["a cat"], ["a dog, and a cat", "a hound, and a cat"]),
        (["a dog"], ["a cat", "a kitten"], ["a dog, and a cat"]),
        ("a red car", "a dog", "a car, and a dog"),  # nobody knows how red it is under the other picture
        ("", "a dog", "a dog"),
        ("several dogs", "a dog", "several dogs, and a dog"),
        ("two dogs", "a cat", None),  # without boxes the other picture may have dogs
        ("a dog", "three dogs", None),
        ("a room with no people", "a man", None),
        ("a man alone on a beach", "a boat", None),
        ("the largest dog", "a cat", None),
        ("a black and white photo of a dog", "a cat", "a photo of a dog, and a cat"),
        ("a collage of dogs", "a cat", None),
        ("a close-up of a dog", "a cat", None),
        ("a sunny street", "a cat", None),
        ("an empty room", "a cat", None),
        ("is this a dog?", "a cat", None),
        ("the dog is asleep", "a dog runs", None),
        ("the dog is asleep", "a boat sails", "the dog is asleep, and a boat sails"),
    ],
)
def test_texts_are_joined_where_both_stay_true(mine, other, joined):
    assert say(mm.op("mix.mixgen"), mine, other) == joined


@pytest.mark.parametrize(
    ("mine", "other", "joined"),
    [
        ("a dog barks", "rain falls", "a dog barks, and rain falls"),
        ("a dog barks, then a car passes", "rain falls", None),
        ("a dog barks", "music fades away", None),
        ("three barks", "rain falls", None),
        ("a quiet room", "rain falls", None),
        ("a loud bang", "rain falls", None),
        ("a clear voice", "rain falls", None),
        ("someone laughs twice", "rain falls", None),
    ],
)
def test_texts_about_sounds_are_joined_where_both_stay_true(mine, other, joined):
    assert say(mm.op("mix.audio_mix"), mine, other, SOUNDS) == joined


def test_a_count_stands_where_boxes_rule_out_more_of_it():
    schema = mm.Schema(**PLAIN.fields, boxes=mm.Boxes(of="image", labels="names"))
    image = ROWS["p0"]["image"]
    dogs = {"image": image, "caption": "two dogs", "boxes": [[1, 1, 9, 9], [12, 1, 20, 9]], "names": ["dog", "dog"]}

    def other(name: str) -> dict[str, Any]:
        return {"image": image, "caption": "something", "boxes": [[2, 2, 30, 25]], "names": [name]}

    mix = graph(mm.op("mix.mixgen"), schema=schema)
    assert mix(dogs, key="a", partners={"b": other("cat")})["caption"] == "two dogs, and something"
    assert "may have more of it" in drop(mix, dogs, other("dog"))


def test_a_share_too_small_to_be_told_is_not_joined():
    for share, told in ((0.2, False), (0.45, True), (0.8, False)):
        assert (say(mm.op("mix.mixup", share=share, captions="join"), "a dog", "a cat") is not None) == told
        assert say(mm.op("mix.mixup", share=share), "a dog", "a cat") == "a dog"  # weighed: the trace tells how much
        assert (say(mm.op("mix.audio_mix", share=share), "a dog barks", "rain falls", SOUNDS) is not None) == told


def test_the_trace_names_the_text_as_it_was_in_the_row():
    captions = [f"a {animal} asleep" for animal in ("dog", "cat", "cow", "goat", "horse")]
    row, other = ({"image": ROWS[key]["image"], "caption": texts} for key, texts in (("p0", captions), ("p1", ["a boat at sea"])))
    mix, found = graph(mm.op("text.choose_caption"), mm.op("mix.mixgen"), schema=PLAIN), set()
    for epoch in range(12):
        out, trace = mix.run(row, key="a", epoch=epoch, partners={"b": other})
        (edit,) = trace.edits
        assert edit.before == captions[edit.index] and [edit.after] == out["caption"] == [f"{edit.before}, and a boat at sea"]
        _, refused = mix.run({**row, "caption": [f"two {text}" for text in captions]}, key="a", epoch=epoch, partners={"b": other})
        assert refused.vetoes[0].dropped.index == edit.index
        found.add(edit.index)
    assert len(found) > 2


def test_texts_that_cannot_be_joined_veto():
    foreign = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image", language="de"))
    assert say(mm.op("mix.mixgen"), "ein Hund", "eine Katze", foreign) is None
    chat = mm.Schema(image=mm.Image(), caption=mm.Messages(of="image"))
    assert say(mm.op("mix.mixgen"), [{"role": "user", "content": "a dog"}], [{"role": "user", "content": "a cat"}], chat) is None


def test_spans_of_both_texts_cut_out_the_same_words():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image", spans="spans"))
    image = ROWS["p0"]["image"]
    rows = {
        "a": {"image": image, "caption": "A dog sleeps.", "spans": [[2, 5]]},
        "b": {"image": image, "caption": "  A cat sits", "spans": [[4, 7], [2, 3]]},
    }
    out = graph(mm.op("mix.mixgen"), schema=schema)(rows["a"], key="a", partners=rows)
    assert [out["caption"][a:b] for a, b in out["spans"]] == ["dog", "cat", "a"]


def test_on_conflict_holds_for_mixing_too():
    rows = {key: {"image": ROWS["p0"]["image"], "caption": text} for key, text in (("a", "a dog"), ("b", "a cat"), ("c", "two dogs"))}
    skip = graph(mm.op("mix.mixgen"), schema=PLAIN, on_conflict="skip")
    assert 'on_conflict is "skip"' in drop(skip, rows["a"], rows["b"])
    strict = graph(mm.op("mix.mixgen"), schema=PLAIN, on_conflict="raise")
    assert strict(rows["a"], key="a", partners={"b": rows["b"]})["caption"] == "a dog, and a cat"
    with pytest.raises(mm.ConflictError, match="cannot be joined"):
        strict(rows["a"], key="a", partners={"c": rows["c"]})


def test_a_row_is_mixed_once_and_the_second_step_takes_the_place_of_a_vetoed_one():
    rows = {key: {"image": ROWS["p0"]["image"], "caption": text} for key, text in (("a", "a dog"), ("b", "two cats"), ("c", "a boat"))}
    two = graph(mm.op("mix.mixgen", partner="b"), mm.op("mix.mixup", partner="c", share=0.4), schema=PLAIN)
    _, trace = two.run(rows["a"], key="a", partners=rows)
    assert [record.applied for record in trace.steps] == [False, True] and trace.mixed.partner == "c"
    first = graph(mm.op("mix.mixgen", partner="c"), mm.op("mix.mixup", partner="b", share=0.4), schema=PLAIN)
    _, trace = first.run(rows["a"], key="a", partners=rows)
    assert [record.applied for record in trace.steps] == [True, False] and "mixed once" in str(trace.vetoes[0].dropped)
    both = graph(
        mm.Policy.sequence(mm.op("mix.mixgen", partner="b"), mm.op("image.invert"), all_or_none=True),
        mm.op("mix.mixup", share=0.4, partner="c"),
        schema=PLAIN,
    )
    _, trace = both.run(rows["a"], key="a", partners=rows)
    assert [record.step.op for record in trace.steps if record.applied] == ["mix.mixup"] and trace.mixed.partner == "c"


def test_a_label_may_forbid_nothing_and_stays():
    schema = mm.Schema(**PLAIN.fields, label=mm.Label(of="image"))
    rows = {key: {**ROWS["p0"], "image": ROWS[key]["image"], "label": n} for n, key in enumerate(ROWS)}
    assert graph(mm.op("mix.mixup", share=0.3), schema=schema)(rows["p1"], key="p1", partners=rows)["label"] == 1
