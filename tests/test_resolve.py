"""Resolving: conflicts, groups, rules of one's own, several fields, and texts that are edited together."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm
from mmaug.effects import sorts
from mmaug.effects.colour import NO_CHANGE, ColourMap, Unsure
from mmaug.effects.picture import image_state
from mmaug.pairing import DEFAULT, Edit, Follow, Replacement, Rules, Veto, harmless, rule
from mmaug.pairing.image_text import _colours

PICTURE = np.random.default_rng(2).integers(0, 255, (40, 60, 3), np.uint8)
FLIP, GRAY = mm.op("image.horizontal_flip"), mm.op("image.to_gray")
AWAY = mm.op("image.translate_x", fraction=0.9)
"""Moves nearly everything out of view: no caption that names things stands that."""

PAIR = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
SIDE = {"image": PICTURE, "caption": "a dog to the left of a cat"}


def run(row, *ops, schema=PAIR, **options):
    policy = ops[0] if len(ops) == 1 and isinstance(ops[0], mm.Policy) else mm.Policy.sequence(*ops)
    return mm.TransformGraph(policy, schema=schema, **options).run(row, key=1)


def applied(trace):
    return [step.op.split(".")[1] for step in trace.applied]


# -- conflicts ---------------------------------------------------------------------------------------------------------


def test_edit():
    out, trace = run(SIDE, FLIP, AWAY)
    assert out["caption"] == "a dog to the right of a cat" and applied(trace) == ["horizontal_flip"]
    assert np.array_equal(out["image"], PICTURE[:, ::-1])


def test_skip_never_edits():
    out, trace = run(SIDE, FLIP, GRAY, AWAY, on_conflict="skip")
    assert out["caption"] == SIDE["caption"] and applied(trace) == ["to_gray"] and trace.edits == ()
    assert next(v.dropped.reason for v in trace.vetoes) == 'the text would have to change, and on_conflict is "skip"'
    assert not np.array_equal(out["image"], PICTURE[:, ::-1])
    out, trace = run({**SIDE, "caption": "a dog near a cat"}, FLIP, on_conflict="skip")
    assert applied(trace) == ["horizontal_flip"]  # nothing would have to change


def test_skip_still_moves_annotations():
    schema = mm.Schema(**PAIR.fields, boxes=mm.Boxes())
    out, _ = run({"image": PICTURE, "caption": "a dog", "boxes": [[0.0, 0.0, 10.0, 40.0]]}, FLIP, schema=schema, on_conflict="skip")
    assert out["boxes"] == [[50.0, 0.0, 60.0, 40.0]]


def test_raise():
    out, trace = run(SIDE, FLIP, on_conflict="raise")
    assert out["caption"] == "a dog to the right of a cat" and not trace.vetoes
    with pytest.raises(
        mm.ConflictError, match=r"image\.translate_x\(fraction=0\.9\) on image would be dropped: caption\[0\]: .*would stay in view"
    ):
        run(SIDE, FLIP, AWAY, on_conflict="raise")


def test_a_dropped_step_leaves_the_state():
    """What comes after a dropped step is judged as if it had never been."""
    for ops in ([AWAY, FLIP], [FLIP, AWAY], [AWAY, FLIP, AWAY]):
        out, trace = run(SIDE, *ops)
        assert applied(trace) == ["horizontal_flip"] and out["caption"] == "a dog to the right of a cat"


def test_small_turns_add_up():
    tilt = mm.op("image.rotate", degrees=10)
    assert applied(run(SIDE, tilt)[1]) == ["rotate"]
    trace = run(SIDE, tilt, tilt, tilt)[1]
    assert [record.applied for record in trace.steps] == [True, False, False]
    assert "20 degrees off its axes" in trace.vetoes[0].dropped.reason
    assert applied(run(SIDE, tilt, mm.op("image.rotate", degrees=-10), tilt)[1]) == ["rotate"] * 3


# -- groups ------------------------------------------------------------------------------------------------------------


def test_the_others_of_a_sub_policy_stay():
    assert applied(run(SIDE, mm.Policy.sequence(FLIP, AWAY, GRAY))[1]) == ["horizontal_flip", "to_gray"]


def test_all_or_none():
    group = mm.Policy.sequence(FLIP, AWAY, mm.op("text.synonym", share=1.0), all_or_none=True)
    row = {**SIDE, "caption": "a large dog to the left of a small automobile"}
    out, trace = run(row, mm.Policy.sequence(GRAY, group, mm.op("image.rotate", degrees=5)))
    assert applied(trace) == ["to_gray", "rotate"]
    assert out["caption"] == row["caption"]  # the synonym went too
    reasons = {v.step.op: v.dropped.reason for v in trace.vetoes}
    assert "would stay in view" in reasons["image.translate_x"] and not reasons["image.translate_x"].startswith("goes with")
    assert all(reasons[op].startswith("goes with a step that was dropped: ") for op in ("image.horizontal_flip", "text.synonym"))
    alone = run(row, mm.Policy.sequence(GRAY, mm.op("image.rotate", degrees=5)))[0]
    assert np.array_equal(out["image"], alone["image"])


def test_a_choice_of_caption_goes_with_its_group():
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption())
    row = {"image": PICTURE, "captions": ["a dog", "a cat"]}
    choose = mm.op("text.choose_caption", pick=0.9)
    out, trace = run(row, mm.Policy.sequence(choose, AWAY, all_or_none=True), schema=schema)
    assert applied(trace) == [] and out["captions"] == ["a dog", "a cat"] and trace.edits == ()
    out, _ = run(row, mm.Policy.sequence(choose, GRAY, all_or_none=True), schema=schema)
    assert out["captions"] == ["a cat"]


def test_groups_inside_groups_and_side_by_side():
    inner = mm.Policy.sequence(AWAY, all_or_none=True)
    assert applied(run(SIDE, mm.Policy.sequence(FLIP, mm.Policy.choice([inner]), all_or_none=True))[1]) == []
    two = mm.Policy.sequence(mm.Policy.sequence(FLIP, AWAY, all_or_none=True), mm.Policy.sequence(GRAY, FLIP, all_or_none=True))
    assert applied(run(SIDE, two)[1]) == ["to_gray", "horizontal_flip"]
    with pytest.raises(mm.ConflictError):
        run(SIDE, two, on_conflict="raise")


# -- rules of one's own ------------------------------------------------------------------------------------------------


def test_a_rule_of_ones_own_is_asked_beside_the_others():
    asked = []

    @rule("geometry", on="caption")
    def no_cats(text, picture, context):
        asked.append((text, picture.geometry.mirrored, context.field.language))
        return Veto("cats stay") if "cat" in text else None

    assert applied(run(SIDE, FLIP, rules=DEFAULT + no_cats)[1]) == []
    out, trace = run({**SIDE, "caption": "a dog on the left"}, FLIP, rules=DEFAULT + no_cats)
    assert applied(trace) == ["horizontal_flip"] and out["caption"] == "a dog on the right"
    assert asked == [("a dog to the left of a cat", True, "en"), ("a dog on the left", True, "en")]


def test_edits_of_two_rules_are_joined_and_clashes_drop_the_step():
    @rule("geometry", on="caption")
    def dogs(text, picture, context):
        return Edit((Replacement(text.index("dog"), text.index("dog") + 3, "hound"),)) if picture.geometry.mirrored else None

    @rule("geometry", on="caption")
    def sides(text, picture, context):
        return Edit((Replacement(text.index("left"), text.index("left") + 4, "middle"),)) if picture.geometry.mirrored else None

    out, trace = run(SIDE, FLIP, rules=DEFAULT + dogs)
    assert out["caption"] == "a hound to the right of a cat" and len(trace.edits) == 1
    out, trace = run(SIDE, FLIP, rules=DEFAULT + sides)
    assert out["caption"] == SIDE["caption"] and "two rules want to change the same words" in trace.vetoes[0].dropped.reason
    out, trace = run(SIDE, FLIP, FLIP, rules=DEFAULT + dogs)
    assert out["caption"] == SIDE["caption"]


@pytest.mark.parametrize(("kind", "field", "value"), [
    ("label", mm.Label(), 6), ("boxes", mm.Boxes(), [[0.0, 0.0, 5.0, 5.0]]), ("mask", mm.Mask(), PICTURE[..., 0]),
    ("keypoints", mm.Keypoints(), [[1.0, 2.0, 2.0]]), ("size", mm.Size(axis="width"), 60),
])  # fmt: skip
def test_a_rule_may_guard_any_kind(kind, field, value):
    seen = []

    @rule("geometry", on=kind)
    def guard(given, picture, context):
        seen.append(given)
        return Veto("not this one") if picture.geometry.mirrored else None

    schema = mm.Schema(image=mm.Image(), x=field)
    trace = run({"image": PICTURE, "x": value}, FLIP, mm.op("image.rotate90", turns=2), schema=schema, rules=DEFAULT + guard)[1]
    assert applied(trace) == ["rotate90"] and str(trace.vetoes[0].dropped) == "x: not this one (guard)"
    assert all(given is value for given in seen) and len(seen) == 2
    optional = mm.Schema(image=mm.Image(), x=type(field)(optional=True))
    assert applied(run({"image": PICTURE}, FLIP, schema=optional, rules=DEFAULT + guard)[1]) == ["horizontal_flip"]


def test_a_missing_rule_is_an_error_before_the_first_row():
    bare = Rules(r for r in DEFAULT if not (r.aspect == "colour" and "caption" in r.kinds))
    with pytest.raises(mm.RuleError, match=r"no rule says what a change of 'colour' means for a field of kind 'caption'; write one with "):
        mm.TransformGraph(mm.Policy.sequence(mm.op("image.hue", p=0.0)), schema=PAIR, rules=bare)
    mm.TransformGraph(mm.Policy.sequence(FLIP), schema=PAIR, rules=bare)  # which never asks
    said = bare + harmless("colour", on="caption")
    out, trace = run({**SIDE, "caption": "a red car"}, mm.op("image.hue", degrees=120), rules=said)
    assert out["caption"] == "a red car" and applied(trace) == ["hue"]


@pytest.mark.parametrize(("kind", "wrong"), [("caption", "a dog"), ("caption", True), ("caption", Follow("image.invert")),
                                             ("label", Edit(())), ("label", False)])  # fmt: skip
def test_a_rule_that_answers_nonsense(kind, wrong):
    odd = rule("geometry", on=kind)(lambda value, state, context: wrong)
    schema = mm.Schema(**PAIR.fields, label=mm.Label())
    with pytest.raises(mm.RuleError, match=r"rule '<lambda>' on field '(caption|label)': must return None"):
        run({**SIDE, "label": 1}, FLIP, schema=schema, rules=DEFAULT + odd)


def test_a_rule_for_what_does_not_exist():
    with pytest.raises(mm.RuleError, match="aspect must be one of geometry, view"):
        harmless("smell", on="caption")
    with pytest.raises(mm.RuleError, match=r"on must name kinds of field .*got \['captions'\]"):
        harmless("view", on="captions")
    for wrong in (len, 3, [len]):
        with pytest.raises(mm.RuleError, match="a rule must be made with"):
            DEFAULT + wrong


# -- labels ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["6", 6, np.int64(6), np.array(6)])
def test_a_class_that_forbids_an_op(label):
    schema = mm.Schema(image=mm.Image(), digit=mm.Label(of="image", forbids={"6": ["image.rotate90"], "2": ["image.horizontal_flip"]}))
    turn = mm.op("image.rotate90", turns=2)
    trace = run({"image": PICTURE, "digit": label}, turn, FLIP, schema=schema)[1]
    assert applied(trace) == ["horizontal_flip"]
    assert str(trace.vetoes[0].dropped) == "digit: image.rotate90 would change the class '6' (forbids)"
    assert applied(run({"image": PICTURE, "digit": 2}, turn, FLIP, schema=schema)[1]) == ["rotate90"]
    assert applied(run({"image": PICTURE, "digit": 16}, turn, FLIP, schema=schema)[1]) == ["rotate90", "horizontal_flip"]


def test_any_of_several_classes_forbids():
    schema = mm.Schema(image=mm.Image(), digits=mm.Label(optional=True, forbids={"6": ["image.rotate90"], "MISSING": ["image.rotate90"]}))
    for digits, wanted in (([2, 6], []), ((2, 3), ["rotate90"]), (np.array([6, 1]), []), ([], ["rotate90"]), (None, ["rotate90"])):
        assert applied(run({"image": PICTURE, "digits": digits}, mm.op("image.rotate90"), schema=schema)[1]) == wanted


def test_a_tensor_is_a_class_too():
    torch = pytest.importorskip("torch")
    schema = mm.Schema(image=mm.Image(), digit=mm.Label(forbids={"6": ["image.rotate90"]}))
    assert applied(run({"image": PICTURE, "digit": torch.tensor(6)}, mm.op("image.rotate90"), schema=schema)[1]) == []


def test_a_label_guards_only_its_own_picture():
    schema = mm.Schema(a=mm.Image(), b=mm.Image(), digit=mm.Label(of="b", forbids={"6": ["image.horizontal_flip"]}))
    out, trace = run({"a": PICTURE, "b": PICTURE, "digit": 6}, FLIP, schema=schema)
    assert [s.field for s in trace.applied] == ["a"] and out["b"] is PICTURE


def test_a_class_forbids_what_another_field_would_bring():
    """Swapped channels mirror the picture recorded with them, and a mirrored 2 is none."""
    schema = mm.Schema(image=mm.Image(), audio=mm.Audio(recorded_with="image"), digit=mm.Label(forbids={"2": ["image.horizontal_flip"]}))
    row = {"image": PICTURE, "audio": (np.random.default_rng(0).normal(0, 0.1, (2, 800)).astype(np.float32), 8000)}
    for digit, wanted in ((2, []), (8, ["swap_channels"])):
        trace = run({**row, "digit": digit}, mm.op("audio.swap_channels"), schema=schema)[1]
        assert applied(trace) == wanted and len(trace.follows) == len(wanted)


# -- several fields ----------------------------------------------------------------------------------------------------


def test_two_pictures_and_their_captions():
    schema = mm.Schema(a=mm.Image(), b=mm.Image(), of_a=mm.Caption(of="a"), of_b=mm.Caption(of="b"), of_both=mm.Caption(of=("a", "b")))
    row = {"a": PICTURE, "b": PICTURE, "of_a": "a dog on the left", "of_b": 'a "STOP" sign', "of_both": "two pictures"}
    out, trace = run(row, FLIP, schema=schema)  # the quoted writing holds b where it is
    assert [s.field for s in trace.applied] == ["a"] and trace.vetoes[0].dropped.field == "of_b"
    assert out["of_a"] == "a dog on the right" and out["b"] is PICTURE
    out, trace = run(row, mm.op("image.horizontal_flip", field="b"), schema=schema)
    assert applied(trace) == [] and out["of_a"] == row["of_a"]
    out, _ = run({**row, "of_b": "a dog on the left"}, mm.op("image.horizontal_flip", field="b"), schema=schema)
    assert out["of_b"] == "a dog on the right" and out["of_a"] == "a dog on the left" and out["a"] is PICTURE


def test_a_caption_of_picture_and_sound_follows_both():
    """What may be said of another source, which stays, is not edited; recorded together they go together, and it is edited once."""
    schema = mm.Schema(image=mm.Image(), audio=mm.Audio(), caption=mm.Caption(of=("image", "audio")))
    row = {"image": PICTURE, "audio": (np.zeros((2, 800), np.float32), 8000), "caption": "a dog on the left"}
    for op in (FLIP, mm.op("audio.swap_channels")):
        out, trace = run(row, op, schema=schema)
        assert out["caption"] == "a dog on the left" and "which stays" in trace.vetoes[0].dropped.reason
    mono = {**row, "audio": (np.zeros(800, np.float32), 8000)}  # has no sides: the words are the picture's
    assert run(mono, FLIP, schema=schema)[0]["caption"] == "a dog on the right"
    together = mm.Schema(image=mm.Image(), audio=mm.Audio(recorded_with="image"), caption=mm.Caption(of=("image", "audio")))
    for op in (FLIP, mm.op("audio.swap_channels")):
        out, trace = run(row, op, schema=together)
        assert out["caption"] == "a dog on the right" and len(trace.edits) == 1
    two = mm.Schema(a=mm.Image(), b=mm.Image(), caption=mm.Caption(of=("a", "b")))
    pair = {"a": PICTURE, "b": PICTURE, "caption": "a red car to the left of a dog"}
    for op in (mm.op("image.horizontal_flip", field="a"), mm.op("image.hue", degrees=120, field="a")):
        assert run(pair, op, schema=two)[0]["caption"] == pair["caption"]


def test_optional_fields_that_are_not_there():
    schema = mm.Schema(image=mm.Image(), other=mm.Image(optional=True), caption=mm.Caption(of="other", optional=True))
    trace = run({"image": PICTURE}, FLIP, mm.op("text.synonym"), schema=schema)[1]
    assert [s.field for s in trace.applied] == ["image"]
    assert [(v.step.field, v.dropped.rule) for v in trace.vetoes] == [("other", "missing"), ("caption", "missing")]


# -- texts -------------------------------------------------------------------------------------------------------------


def test_spans_move_along():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(spans="spans"))
    text = "a red dog to the left of a cat"

    def words(out):
        return [out["caption"][start:end] for start, end in out["spans"]]

    spans = [[2, 9], [17, 21], [27, 30], [0, 30]]
    row = {"image": PICTURE, "caption": text, "spans": spans}
    assert words(row) == ["red dog", "left", "cat", text]
    out = run(row, FLIP, schema=schema)[0]
    assert (
        words(out) == ["red dog", "to the right of", "cat", out["caption"]] and row["spans"] == spans
    )  # what is replaced in part grows to all
    out = run(row, FLIP, mm.op("image.hue", degrees=120), schema=schema)[0]
    assert words(out)[:3] == ["green dog", "to the right of", "cat"]
    out = run({**row, "spans": [tuple(s) for s in spans]}, FLIP, mm.op("text.keyboard_typo", share=1.0, seed=5), schema=schema)[0]
    assert [type(s) for s in out["spans"]] == [tuple] * 4 and words(out)[3] == out["caption"]


def test_spans_of_a_list_and_of_the_chosen_one():
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(spans="spans"))
    row = {"image": PICTURE, "captions": ["a dog", "left of a cat"], "spans": [[[2, 5]], [[10, 13], [0, 4]]]}
    out = run(row, FLIP, schema=schema)[0]
    assert out["captions"] == ["a dog", "right of a cat"] and out["spans"] == [[[2, 5]], [[11, 14], [0, 8]]]
    out = run(row, FLIP, mm.op("text.choose_caption", pick=0.9), schema=schema)[0]
    assert out["captions"] == ["right of a cat"] and out["spans"] == [[[11, 14], [0, 8]]]


@pytest.mark.parametrize("spans", [[[0, 99]], [[-1, 2]], [[3, 1]], [[0]], [None], "ab", 5, [["0", "2"]], [[0, 1, 2]]])
def test_spans_that_are_none(spans):
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(spans="spans"))
    with pytest.raises(mm.RowError, match=r"column 'spans': .*\[start, end\)"):
        run({**SIDE, "spans": spans if not isinstance(spans, str) else list(spans)}, FLIP, schema=schema)


def test_choosing_captions():
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(), title=mm.Caption())
    row = {"image": PICTURE, "captions": ("one dog", "two dogs", "a dog on the left"), "title": "dogs"}
    for pick, number in ((0.0, 0), (0.34, 1), (1.0, 2)):
        out, trace = run(row, mm.op("text.choose_caption", pick=pick, field="captions"), FLIP, schema=schema)
        assert isinstance(out["captions"], tuple) and len(out["captions"]) == 1 and out["title"] == "dogs"
        assert out["captions"][0].replace("right", "left") == row["captions"][number]
        assert [edit.index for edit in trace.edits] == ([2] if number == 2 else [])
    for texts in ([], ["only"]):
        assert run({**row, "captions": texts}, mm.op("text.choose_caption"), schema=schema)[0]["captions"] == texts


def test_length_and_order_of_a_list_are_kept():
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption())
    texts = ["b on the left", "", "a", "b on the left", "z left of y"]
    out, trace = run({"image": PICTURE, "captions": texts}, FLIP, schema=schema)
    assert out["captions"] == ["b on the right", "", "a", "b on the right", "z right of y"]
    assert [edit.index for edit in trace.edits] == [0, 3, 4]


def chat(*texts):
    return [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": texts[0]}], "id": 1},
        {"role": "assistant", "content": texts[1]},
        {"role": "user", "content": [{"type": "text", "text": texts[2]}, {"type": "tool", "text": "left"}]},
    ]


def test_messages_are_edited_together_or_not_at_all():
    schema = mm.Schema(image=mm.Image(), messages=mm.Messages())
    row = {"image": PICTURE, "messages": chat("what is on the left?", "a dog left of a cat", "thanks")}
    out, trace = run(row, FLIP, schema=schema)
    assert out["messages"] == chat("what is on the right?", "a dog right of a cat", "thanks")
    assert [edit.index for edit in trace.edits] == [0, 1] and row["messages"] == chat(
        "what is on the left?", "a dog left of a cat", "thanks"
    )
    row = {"image": PICTURE, "messages": chat("what is on the left?", 'a sign that says "EXIT"', "thanks")}
    out, trace = run(row, FLIP, schema=schema)
    assert out["messages"] == row["messages"] and out["image"] is PICTURE and trace.vetoes[0].dropped.index == 1


def test_other_languages_veto_what_could_touch_them():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(language="de"))
    row = {"image": PICTURE, "caption": "ein Hund links von einer Katze"}
    ops = [
        FLIP,
        GRAY,
        mm.op("image.hue", degrees=120),
        mm.op("image.cutout", scale=0.2),
        mm.op("text.synonym", share=1.0),
        mm.op("text.keyboard_typo"),
    ]
    out, trace = run(row, *ops, schema=schema)
    assert applied(trace) == [] and out["caption"] == row["caption"] and out["image"] is PICTURE
    assert all("only English can be read, this text is 'de'" in v.dropped.reason for v in trace.vetoes)
    assert applied(run({**row, "caption": ""}, FLIP, schema=schema)[1]) == ["horizontal_flip"]  # nothing is said
    assert applied(run(row, mm.op("image.hue", degrees=0), schema=schema)[1]) == ["hue"]  # nothing happens


def test_wording_steps_of_each_caption_of_a_list_differ():
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption())
    text = "somebody standing beside another person wearing something interesting"
    out = run({"image": PICTURE, "captions": [text] * 4}, mm.op("text.keyboard_typo", share=0.5), schema=schema)[0]
    assert len(set(out["captions"])) == 4


def test_a_colour_that_depends_on_the_picture_is_asked_about_for_every_sort():
    steps = [("brightness", {"factor": 1.2}), ("contrast", {"factor": 1.4}), ("hue", {"degrees": 10.0}), ("equalize", {}), ("invert", {})]
    state = image_state((60, 40))
    for name, params in steps:
        state = mm.OPS[f"image.{name}"].compose(state, params)
    expected = []
    for sort in range(len(sorts.ASKED)):  # one after the other, as if the sort were known
        change = NO_CHANGE
        for stage in state.colour.stages:
            change = change.then(stage.stages[sort] if isinstance(stage, Unsure) else stage)
        expected.append(change)
    assert sorted(sorts.ASKED) == list(range(len(expected)))
    assert list(state.recolours.possible) == [expected[sort] for sort in sorts.ASKED]
    assert state.recolours.possible is state.recolours.possible


def test_a_colour_word_stands_only_if_the_last_sort_asked_agrees():
    """Each sort alone may be the one that disagrees: the word is then left out."""
    same, other = ColourMap(), ColourMap((np.eye(3, 4)[[2, 1, 0]],))
    for place in range(10):
        changes = tuple(other if number == place else same for number in range(10))
        made = _colours("a red car", changes)
        assert isinstance(made, Edit) and [r.text for r in made.replacements] == [""], place
    assert _colours("a red car", (same,) * 10) is None
    assert [r.text for r in _colours("a red car", (other,) * 10).replacements] == ["blue"]
