"""What is annotated on a mixture is what its pixels show and its samples sound like."""

from __future__ import annotations

import numpy as np
import pytest
from mixing import PLAIN, ROWS, SCHEMA, drop, graph, scene, tone

import mmaug as mm
from mmaug.mix import recipes


def test_pasted_boxes_and_masks_are_what_the_pixels_show():
    flip = mm.op("image.horizontal_flip", p=0.5)
    cut, bare = graph(flip, mm.op("mix.cutmix", share=(0.05, 0.6))), graph(flip)
    for number in range(120):
        rows = {"a": scene(number), "b": scene(500 + number, 100)}
        out, trace = cut.run(rows["a"], key="a", epoch=number, partners=rows)
        mine, theirs = (bare(row, key=key, epoch=number) for key, row in rows.items())  # what each is before they are mixed
        step = trace.steps[-1].step
        left, top, right, bottom = recipes.Paste(*(step.params[name] for name in ("share", "x", "y"))).rectangle((256, 192))
        inside = np.zeros((192, 256), bool)
        inside[top:bottom, left:right] = True
        assert (out["mask"] == np.where(inside, theirs["mask"], mine["mask"])).all()
        wanted = np.where(inside[..., None], np.asarray(theirs["image"]), np.asarray(mine["image"]))
        assert (np.asarray(out["image"]) == wanted).all()
        boxes = dict(zip(out["objects"]["id"], out["objects"]["bbox"], strict=True))
        for row in (mine, theirs):
            for instance, (x, y, width, height) in zip(row["objects"]["id"], row["objects"]["bbox"], strict=True):
                x1, y1, x2, y2 = max(x, left), max(y, top), min(x + width, right), min(y + height, bottom)
                pasted = max(x2 - x1, 0) * max(y2 - y1, 0) / (width * height)
                seen = pasted if row is theirs else 1 - pasted
                assert (instance in boxes) == (seen > 0.2 - 1e-9), (instance, seen)
                if instance in boxes:
                    assert boxes[instance] == pytest.approx([x1, y1, x2 - x1, y2 - y1] if row is theirs else [x, y, width, height])


def test_blended_boxes_are_both_rows_and_their_columns_stay_beside_them():
    schema = mm.Schema(**{name: field for name, field in SCHEMA.fields.items() if name != "mask"}, mask=mm.Opaque())
    rows = {"a": scene(1), "b": scene(2, 100)}
    out = graph(mm.op("mix.mixup", share=0.4), schema=schema)(rows["a"], key="a", partners=rows)
    for name in ("bbox", "category", "colour", "id"):
        assert out["objects"][name] == rows["a"]["objects"][name] + rows["b"]["objects"][name]
    small = {"a": rows["a"], "b": {**rows["b"], "image": rows["b"]["image"].resize((128, 96))}}
    small["b"]["objects"] = {**rows["b"]["objects"], "bbox": [[v / 2 for v in box] for box in rows["b"]["objects"]["bbox"]]}
    assert np.allclose(
        graph(mm.op("mix.mixup", share=0.4), schema=schema)(rows["a"], key="a", partners=small)["objects"]["bbox"], out["objects"]["bbox"]
    )


def test_people_lie_in_one_list_and_boxes_of_a_column_of_their_own_too():
    schema = mm.Schema(
        image=mm.Image(),
        boxes=mm.Boxes(of="image", column="people[].box", format="yolo"),
        joints=mm.Keypoints(of="image", column="people[].joints", names=("left_hand", "right_hand")),
    )
    image = np.zeros((20, 20, 3), np.uint8)
    person = {"box": [0.5, 0.5, 0.4, 0.4], "joints": [[8.0, 8.0, 2], [13.0, 13.0, 2]], "name": "Ann"}
    rows = {
        "a": {"image": image, "people": [person]},
        "b": {"image": image, "people": [{**person, "name": "Bo"}, {**person, "name": "Cy"}]},
    }
    out = graph(mm.op("mix.mixup", share=0.5), schema=schema)(rows["a"], key="a", partners=rows)
    assert [one["name"] for one in out["people"]] == ["Ann", "Bo", "Cy"] and out["people"][2] == {**person, "name": "Cy"}
    cut = graph(mm.op("mix.cutmix", share=0.36, x=0.0, y=0.0), schema=schema)(rows["a"], key="a", partners=rows)
    assert [one["name"] for one in cut["people"]] == ["Ann", "Bo", "Cy"]
    assert cut["people"][0]["joints"] == [[8.0, 8.0, 1], [13.0, 13.0, 2]]  # a hand behind what is pasted
    assert cut["people"][1]["box"] == pytest.approx([0.45, 0.45, 0.3, 0.3])  # 6 to 12 of 6 to 14
    arrays = mm.Schema(image=mm.Image(), boxes=mm.Boxes(of="image", column="boxes", format="xyxy", labels="names"))
    made = graph(mm.op("mix.mixup", share=0.5), schema=arrays)(
        {"image": image, "boxes": np.array([[1.0, 1, 5, 5]]), "names": ("dog",)},
        key="a",
        partners=[{"image": image, "boxes": [[2, 2, 9, 9]], "names": ["cat"]}],
    )
    assert made["boxes"].tolist() == [[1, 1, 5, 5], [2, 2, 9, 9]] and made["names"] == ("dog", "cat")


def test_events_of_both_are_in_order_and_lie_where_the_sounds_are():
    rate = 8000
    beep = np.random.default_rng(0).choice(np.array([-0.5, 0.5], np.float32), 1600)
    sounds = {key: np.zeros(rate * n, np.float32) for key, n in (("a", 2), ("b", 1))}
    sounds["a"][4000:5600], sounds["b"][1600:3200] = beep, beep / 2
    rows = {
        "a": {"audio": (sounds["a"], rate), "events": [{"text": "beep", "start": 0.5, "end": 0.7}]},
        "b": {"audio": (sounds["b"], rate), "events": [{"text": "chirp", "start": 0.2, "end": 0.4}]},
    }
    mix = graph(mm.op("mix.audio_mix", start=(0.0, 1.0)), schema=mm.Schema(audio=mm.Audio(), events=mm.Events(of="audio")))
    for epoch in range(20):
        for key in rows:
            out = mix(rows[key], key=key, epoch=epoch, partners=rows)
            events, heard = out["events"], np.abs(out["audio"][0]) > 1e-3
            assert [event["start"] for event in events] == sorted(event["start"] for event in events)
            covered = np.zeros_like(heard)
            for event in events:
                part = slice(round(event["start"] * rate), round(event["end"] * rate))
                assert heard[part].mean() > 0.9
                covered[part] = True
            assert len(events) < 2 or heard[~covered].mean() < 0.01  # an event of which less than half is left is none any more


def test_what_one_row_lacks_is_told():
    optional = mm.Schema(
        image=mm.Image(optional=True), audio=mm.Audio(optional=True), caption=mm.Caption(of=("image", "audio"), optional=True)
    )
    image, audio = ROWS["p0"]["image"], tone(300, 8000, 0.1, 0.1)
    whole = {"image": image, "audio": audio, "caption": "a cat purrs"}
    mixgen, cutmix = (graph(mm.op(name), schema=optional) for name in ("mix.mixgen", "mix.cutmix"))
    assert "partner 'b': it has none" in drop(mixgen, whole, {"image": image, "caption": "a dog"})
    assert "this row has none" in drop(cutmix, {"audio": audio, "caption": "a cat purrs"}, whole)
    assert "the partner has no text" in drop(mixgen, whole, {"image": image, "audio": audio})
    assert "speaks of audio too, which stays; mix.mixgen" in drop(
        graph(mm.op("mix.mixup", share=0.5, captions="join"), schema=optional), whole, dict(whole)
    )
    assert mixgen(whole, key="a", partners={"b": {**whole, "caption": "a dog barks"}})["caption"] == "a cat purrs, and a dog barks"


def test_a_row_is_not_mixed_with_itself_nor_where_its_class_forbids_it():
    assert "this very row" in drop(graph(mm.op("mix.mixup", share=0.3), schema=PLAIN), ROWS["p0"], ROWS["p0"])
    schema = mm.Schema(**PLAIN.fields, label=mm.Label(of="image", forbids={"6": ("mix.cutmix",)}))
    six, nine = ({**ROWS[key], "label": label} for key, label in (("p0", 6), ("p1", 9)))
    cut = graph(mm.op("mix.cutmix", share=0.3), schema=schema)
    assert "would change the class '6'" in drop(cut, six, nine)
    assert cut.run(nine, key="a", partners={"b": six})[1].mixed is not None


def test_what_a_mixture_has_no_place_for_is_vetoed():
    rows = {"a": scene(1), "b": scene(2)}
    assert "each shows two things" in drop(graph(mm.op("mix.mixup", share=0.3)), rows["a"], rows["b"])
    image = ROWS["p0"]["image"]
    joints = mm.Schema(image=mm.Image(), joints=mm.Keypoints(of="image", names=("nose",)))
    point = {"image": image, "joints": [[1.0, 2.0, 2]]}
    assert "no place" in drop(graph(mm.op("mix.mixup", share=0.3), schema=joints), point, dict(point))
    films = [{"image": [image] * n, "caption": "a"} for n in (2, 3)]
    assert "3 frames, and this row 2" in drop(graph(mm.op("mix.mixup", share=0.3), schema=PLAIN), *films)
    talk = mm.Schema(audio=mm.Audio(), words=mm.Words(of="audio"), transcript=mm.Transcript(of="audio"))
    speech = {"audio": tone(200, 8000, 0.5, 0.2), "words": [{"text": "seven", "start": 0.1, "end": 0.4}], "transcript": "seven"}
    assert "no one transcript" in drop(graph(mm.op("mix.audio_mix"), schema=talk), speech, dict(speech))
    weighed, trace = graph(mm.op("mix.audio_mix", captions="weigh", share=0.3), schema=talk).run(
        speech, key="a", partners=[dict(speech, transcript="two")]
    )
    assert weighed["transcript"] == "seven" and trace.mixed.texts["transcript"] == (("seven", 0.7), ("two", 0.3))
