"""Lint: counts against hand-counted texts and a naive tally of graph.resolve; what nobody reads is found; nothing heavy is touched."""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import pytest
from io_folders import SHARED
from native import NATIVE
from test_truth_holds import OPS, scene_schema

import mmaug as mm
from mmaug.io.folder import Folder
from mmaug.lint.data import is_foreign
from mmaug.policy import Policy
from mmaug.testing.scenes import draw_scene

CAPTIONS = [
    "a dog on the left of a red car",  # side, colour
    "two dogs under a small tree at night",  # vertical, count, size, light
    "a stop sign and no people",  # writing, negation; "no" counts as well
    "a dog runs",
    "Blue sky at the top",  # vertical, colour
]
WORDS = {"side": 1, "vertical": 2, "colour": 2, "count": 2, "size": 1, "light": 1, "writing": 1, "negation": 1}
SCHEMA = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))


def rows(captions=CAPTIONS, **more):
    return [{"image": np.zeros((32, 48, 3), np.uint8), "caption": text, **more} for text in captions]


def graph(*ops, schema=SCHEMA, **options):
    return mm.TransformGraph(Policy.sequence(*ops), schema=schema, **options)


def findings(report, level=None):
    return [finding.what for finding in report.findings if level in (None, finding.level)]


# -- words ----------------------------------------------------------------------------------------------------------------


def test_words_are_counted_as_by_hand():
    report = graph().lint(rows())
    assert {word.kind: word.texts for word in report.words} == WORDS
    assert all(word.of == 5 and word.share == word.texts / 5 for word in report.words)
    assert report.texts == report.rows == 5
    side = next(word for word in report.words if word.kind == "side")
    assert [(example.key, example.text) for example in side.examples] == [("0", f"{CAPTIONS[0]} | on the left of")]
    assert all(len(word.examples) == min(2, word.texts) for word in report.words)


def test_texts_about_sounds_are_asked_for_order_tempo_and_loudness():
    schema = mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio"))
    audio = {"array": np.zeros((2, 800), np.float32), "sampling_rate": 800}
    report = graph(schema=schema).lint([{"audio": audio, "caption": "a loud bell, then a slow train on the left"}])
    assert {word.kind for word in report.words if word.texts} == {"order", "tempo", "loudness", "side"}
    assert not {"colour", "light", "vertical"} & {word.kind for word in report.words}


# -- steps ----------------------------------------------------------------------------------------------------------------


def test_a_step_is_harmless_edited_or_vetoed():
    report = graph(mm.op("image.horizontal_flip", p=0.01)).lint(rows(), keys="abcde")
    (step,) = report.steps
    assert (step.op, step.tried, step.harmless, step.edited, step.vetoed, step.missing) == ("image.horizontal_flip", 5, 3, 1, 1, 0)
    assert [(e.key, e.text) for e in step.edits] == [("a", f"{CAPTIONS[0]} -> a dog on the right of a red car")]
    (veto,) = step.vetoes
    assert (veto.rule, veto.count) == ("sides_follow", 1)
    assert veto.examples[0].key == "c"
    assert "a mirror makes writing unreadable" in veto.examples[0].text
    assert report.vetoed == 1
    assert not report.clean


def test_with_skip_an_edit_is_a_veto_and_raise_goes_on():
    assert [graph(mm.op("image.horizontal_flip"), on_conflict=on).lint(rows()).steps[0].vetoed for on in ("skip", "raise")] == [2, 1]


def test_a_step_on_a_field_that_the_row_lacks_is_missing():
    schema = mm.Schema(image=mm.Image(optional=True), caption=mm.Caption(of="image"))
    report = graph(mm.op("image.invert"), schema=schema).lint([{"image": None, "caption": "a dog"}])
    assert (report.steps[0].missing, report.steps[0].tried) == (1, 1)
    assert report.clean


def test_every_op_is_tried_once_wherever_it_stands():
    flip = mm.op("image.horizontal_flip", p=0.5)
    policy = Policy.schedule([(0.0, flip), (0.5, Policy.choice([flip, mm.op("image.hue", strength=0.2)], weights=[1, 0], p=0.0))])
    report = mm.TransformGraph(policy, schema=SCHEMA).lint(rows())
    assert [step.op for step in report.steps] == ["image.horizontal_flip", "image.hue strength=0.2"]
    assert all(step.tried == 5 for step in report.steps)


def test_of_several_settings_one_is_drawn_for_each_row():
    turns = [mm.op("image.rotate", degrees=degrees) for degrees in (1, 44)]
    report = mm.TransformGraph(Policy.choice(turns, weights=[1, 0]), schema=SCHEMA).lint(rows(["a dog on the left"] * 60))
    (step,) = report.steps
    assert step.op == "image.rotate (2 settings)"
    assert step.tried == step.harmless + step.vetoed == 60
    assert 15 <= step.vetoed <= 45
    strong = [mm.op("image.cutout", strength=strength) for strength in (0.1, 0.5, 0.9)]
    assert graph(*strong).lint(rows()).steps[0].op == "image.cutout strength=0.1 to 0.9 (3 settings)"


def test_an_op_that_cannot_run_is_one_finding():
    linter = graph(mm.op("text.synonym"), mm.op("image.invert")).linter()
    linter.steps[0].add = _refuse
    for number, row in enumerate(rows()):
        linter.add(number, row)
    found = linter.report()
    assert [(f.what, f.rows) for f in found.findings if f.level == "error"] == [("op text.synonym cannot be run", 1)]
    assert found.steps[1].tried == 5


def _refuse(*_):
    raise mm.MmaugError("no model")


@pytest.mark.parametrize("on_conflict", ["edit", "skip"])
def test_steps_agree_with_a_naive_tally_of_resolved_plans(on_conflict):
    """Each op alone in a graph of its own, resolved for each drawn scene, step by step."""
    schema, scenes = scene_schema(recorded_with="image"), [draw_scene(scene) for scene in range(25)]
    whole = graph(*(mm.op(name, p=0.2) for name in NATIVE), schema=schema, seed=3, on_conflict=on_conflict)
    found = {step.op.split()[0]: step for step in whole.lint(scenes).steps}
    for name in NATIVE:
        alone = mm.TransformGraph(Policy.choice([mm.op(name)]), schema=schema, seed=3, on_conflict=on_conflict)
        naive = Counter()
        for number, row in enumerate(scenes):
            for step in alone.plan(key=number).steps:
                trace = alone.resolve(mm.Plan((step,)), row).trace
                naive["vetoed" if trace.vetoes else "edited" if trace.edits else "harmless"] += 1
        step = found[name]
        assert (step.harmless, step.edited, step.vetoed) == (naive["harmless"], naive["edited"], naive["vetoed"]), name
        assert sum(veto.count for veto in step.vetoes) == step.vetoed


def test_keys_come_from_the_key_column_or_the_call():
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"), id=mm.Opaque())
    named = [{**row, "id": f"row-{n}"} for n, row in enumerate(rows())]
    assert mm.TransformGraph(mm.op("image.invert"), schema=schema, key="id").lint(named).words[0].examples[0].key == "row-0"
    with pytest.raises(ValueError, match="longer"):
        graph().lint(rows(), keys=["a"])


# -- data -----------------------------------------------------------------------------------------------------------------


def test_text_that_no_field_declares_is_found():
    report = graph().lint(rows(title="a dog", meta={"by": "us", "n": 1}, things=[{"name": "dog"}], numbers=[1, 2]))
    assert findings(report, "error") == ["column 'title' holds text that no field declares: the graph refuses the row"]
    assert [what.split("'")[1] for what in findings(report, "warning")] == ["meta.by", "things[].name"]
    assert all(finding.rows == 5 for finding in report.findings if finding.level != "note")
    declared = mm.Schema(**SCHEMA.fields, title=mm.Opaque(), meta=mm.Opaque(), name=mm.Opaque(column="things[].name"))
    assert not findings(graph(schema=declared).lint(rows(title="a", meta={"by": "us"}, things=[{"name": "dog"}])), "warning")


def test_an_opaque_sentence_that_speaks_of_sides_is_found():
    schema = mm.Schema(**SCHEMA.fields, title=mm.Opaque())
    (what,) = findings(graph(schema=schema).lint(rows(title="the dog on the left")), "warning")
    assert "'title' is Opaque, and speaks of sides or colours" in what
    assert not findings(graph(schema=schema).lint(rows(title="Creative Commons License 4.0")), "warning")


@pytest.mark.parametrize(
    ("labels", "message"), [(["3"], "are numbers"), ([3], "are numbers"), (["xqzw"], "no English word matches"), (["dog"], None)]
)
def test_labels_that_name_nothing_are_found(labels, message):
    schema = mm.Schema(**SCHEMA.fields, boxes=mm.Boxes(of="image", labels="labels"))
    found = findings(graph(schema=schema).lint(rows(boxes=[[1, 1, 9, 9]], labels=labels)))
    assert [message in what for what in found] == ([True] if message else [])


def test_missing_annotations_are_noted():
    assert findings(graph().lint([])) == [
        "boxes on 'image' are not declared: where the things are that captions name is not known, and crops are judged by area"
    ]
    assert "have no labels" in findings(graph(schema=mm.Schema(**SCHEMA.fields, boxes=mm.Boxes(of="image"))).lint([]))[0]


def test_other_languages_and_empty_texts_are_found():
    report = graph(mm.op("image.invert")).lint(rows(["ein Hund liegt auf dem roten Sofa", "", "a dog lies on a red sofa"]))
    assert [(f.level, f.rows) for f in report.findings[:1]] == [("warning", 1)]
    assert "does not look English" in findings(report)[0]
    assert any("empty text" in what for what in findings(report, "note"))
    german = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image", language="de"))
    report = graph(mm.op("image.invert"), schema=german).lint(rows(["ein Hund"]))
    assert (report.unread, report.texts, report.vetoed) == (1, 1, 1)
    assert "only English can be read" in findings(report, "warning")[0]


def test_english_captions_look_english():
    path = SHARED / "captions" / "flickr30k_captions.txt"
    if not path.is_file():
        pytest.skip("no captions in ../shared/data")
    texts = path.read_text(encoding="utf-8").splitlines()[:2000]
    assert sum(map(is_foreign, texts)) <= 4


@pytest.mark.parametrize(
    "text",
    [
        "un chien est assis sur le canapé rouge",
        "eine Frau mit zwei Hunden steht vor dem Haus",
        "dos perros corren por la playa con una pelota",
        "een man fietst door de straat met zijn hond",
    ],
)
def test_other_languages_look_foreign(text):
    assert is_foreign(text)


def test_a_bad_row_is_a_finding_and_the_rest_is_read():
    bad = [{"image": np.zeros((4, 4, 3), np.float32), "caption": "a dog"}, {"caption": "a dog"}, "a dog"]
    report = graph(mm.op("image.invert")).lint([*rows(), *bad])
    assert report.rows == 8
    assert report.texts == 5
    assert {f.what: f.rows for f in report.findings if f.level == "error"} == {
        "rows cannot be used": 2,
        "a row must be a dict of its columns": 1,
    }


# -- the report -----------------------------------------------------------------------------------------------------------


def test_a_report_is_json_and_readable():
    report = graph(mm.op("image.horizontal_flip")).lint(rows())
    value = json.loads(json.dumps(report.to_json()))
    assert value == report.to_json()
    assert value["words"][0]["share"] == 0.2
    assert value["clean"] is False
    text = str(report)
    assert re.search(r"side +1 +20.0%", text)
    assert re.search(r"image.horizontal_flip +3 harmless +1 edited +1 vetoed", text)
    assert "1 by sides_follow" in text


def test_clean_means_that_nothing_is_lost():
    harmless = graph(mm.op("image.invert"), schema=mm.Schema(**SCHEMA.fields, boxes=mm.Boxes(of="image", labels="labels")))
    fine = rows(["a dog runs"], boxes=[[1, 1, 9, 9]], labels=["dog"])
    assert harmless.lint(fine).clean
    assert not harmless.lint([{**row, "note": {"by": "us"}} for row in fine]).clean
    assert not harmless.lint([*fine, "bad"]).clean


def test_no_pixels_or_samples_are_read(monkeypatch):
    row = draw_scene(4)
    for name in ("mmaug.modalities.image.values.to_pixels", "mmaug.modalities.image.values.to_labels"):
        monkeypatch.setattr(name, lambda *_: pytest.fail("pixels were read"))
    monkeypatch.setattr(type(row["image"]), "load", lambda *_: pytest.fail("pixels were read"))
    row["audio"]["array"] = np.broadcast_to(np.float32(np.nan), row["audio"]["array"].shape)
    report = graph(*map(mm.op, OPS), schema=scene_schema(recorded_with="image")).lint([row])
    assert not findings(report, "error")
    assert all(step.tried for step in report.steps)


def test_real_photos_are_linted():
    if not (SHARED / "coco").is_dir():
        pytest.skip("no coco in ../shared/data")
    folder = Folder(SHARED / "coco")
    loaded = [folder.load(number) for number in range(0, len(folder), 40)]
    flip = mm.TransformGraph(Policy.sequence(mm.op("image.horizontal_flip"), mm.op("image.to_gray")), schema=folder.schema())
    report = flip.lint([row for _, row in loaded], keys=[key for key, _ in loaded])
    texts = [text for _, row in loaded for text in row["captions"]]
    assert (report.rows, report.texts) == (len(loaded), len(texts))
    colours = next(word for word in report.words if word.kind == "colour")
    named = sum(
        bool(re.search(r"\b(red|green|blue|yellow|black|white|brown|orange|pink|purple|gray|grey)\b", text.lower())) for text in texts
    )
    assert abs(colours.texts - named) <= 0.15 * named
    assert all(step.tried == len(loaded) for step in report.steps)
    assert report.steps[1].edited + report.steps[1].vetoed > 0.1 * len(loaded)
