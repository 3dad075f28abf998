"""Who is mixed with whom, and what the loss is told of it."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from mixing import DATA, PLAIN, ROWS, graph, pictures, plain
from scipy import stats

import mmaug as mm
from mmaug.plan import Plan, Step

# -- who is the partner -----------------------------------------------------------------------------------------------


def test_partners_are_drawn_evenly_and_nobody_is_its_own():
    rows = {f"p{n}": {} for n in range(7)}
    mix = graph(mm.op("mix.mixup"), schema=PLAIN)
    found = Counter(mix.plan(key="p3", epoch=epoch, partners=rows).steps[0].params["partner"] for epoch in range(1800))
    assert found.keys() == rows.keys() - {"p3"} and stats.chisquare(list(found.values())).pvalue > 1e-3
    strangers = Counter(mix.plan(key="q", epoch=epoch, partners=rows).steps[0].params["partner"] for epoch in range(2100))
    assert strangers.keys() == rows.keys() and stats.chisquare(list(strangers.values())).pvalue > 1e-3


def test_a_draw_depends_on_the_set_of_keys_alone():
    keys: list[Any] = [3, "3", 11, "a", 0, "b"]
    ways = [
        mm.mix.Partners({key: {} for key in order}) for order in (keys, keys[::-1], [np.int64(3), "3", np.int32(11), np.str_("a"), 0, "b"])
    ]
    for u in np.linspace(0, 0.999, 50):
        for own in ("3", 3, "nobody", b"bytes"):
            assert len({repr(way.pick(u, own)) for way in ways}) == 1
    listed = mm.mix.Partners([{"n": 0}, {"n": 1}, {"n": 2}])
    assert {listed.pick(u, 1) for u in (0.0, 0.49, 0.5, 0.999)} == {0, 2} and listed[2] == {"n": 2}
    assert {listed.pick(u, "1") for u in (0.0, 0.4, 0.9)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g(ROWS["p0"], key="p0"), "policy mixes rows, and there are none to mix in"),
        (lambda g: g.batch([ROWS["p0"]], keys=["p0"]), "policy mixes rows, and there are none to mix in"),
        (lambda g: g(ROWS["p0"], partners=ROWS), "must know which row this is; give key="),
        (lambda g: g(ROWS["p0"], key="p0", partners={"p0": ROWS["p0"]}), "row 'p0' has nobody to be mixed with"),
        (lambda g: g(ROWS["p0"], key="p0", partners={}), "at least one row"),
        (lambda g: g(ROWS["p0"], key="p0", partners=lambda key: ROWS[key]), "a function must come with its keys"),
        (lambda g: g(ROWS["p0"], key="p0", partners=7), "must be a mapping from key to row"),
        (lambda g: g(ROWS["p0"], key="p0", partners={1.5: ROWS["p1"]}), "keys must be strings or whole numbers"),
        (lambda g: g(ROWS["p0"], key="p0", partners={"x": 3}), "partner 'x': must be a dict"),
        (lambda g: g(ROWS["p0"], key="p0", partners={"x": {"caption": "a"}}), "partner 'x': field 'image'"),
        (lambda g: g.resolve(g.plan(key="p0"), ROWS["p0"]), "there are no partners"),
        (lambda g: g.resolve(g.plan(key="p0"), ROWS["p0"], partners=ROWS), "its key was never drawn"),
        (lambda g: g.resolve(g.plan(key="p0", partners={"gone": {}}), ROWS["p0"], partners=ROWS), "none of that key"),
        (lambda g: g.resolve(Plan((*g.plan(key="p0", partners=ROWS).steps, Step("image.invert", "image"))), ROWS["p0"]), "after all other"),
        (lambda g: mm.mix.Partners(lambda key: {}[key], keys=["a"])["a"], "none of that key"),
        (lambda g: graph(mm.op("mix.mixup", field="image"), schema=PLAIN), "takes no field"),
        (lambda g: graph(mm.op("mix.audio_mix"), schema=PLAIN), "mixes audio fields, and the schema has none"),
        (lambda g: mm.op("mix.mixup", share=1.2), r"must lie in \[0, 1\]"),
        (lambda g: mm.op("mix.mixup", share=("beta", 0)), "alpha in"),
        (lambda g: mm.op("mix.mixup", captions="both"), "must be one of 'weigh', 'join'"),
        (lambda g: mm.op("mix.mixgen", strength=0.5), "no magnitude"),
        (lambda g: mm.op("mix.mixup", partner=b"p1"), "a string or a whole number"),
    ],
)
def test_what_cannot_be_mixed_is_an_error_that_says_what_to_do(call, message):
    with pytest.raises(mm.MmaugError, match=message):
        call(graph(mm.op("mix.mixup", share=0.3), schema=PLAIN))


def test_a_partner_may_be_fixed_and_a_share_of_nothing_is_nothing():
    fixed = graph(mm.op("mix.mixup", partner="p2", share=0.5), schema=PLAIN)
    assert {fixed.plan(key=key, partners=ROWS).steps[0].params["partner"] for key in range(9)} == {"p2"}
    out, trace = graph(mm.op("mix.cutmix", strength=0.0, captions="join"), schema=PLAIN).run(ROWS["p0"], key="p0", partners=ROWS)
    assert plain(out) == plain(ROWS["p0"]) and trace.mixed is None and trace.steps[0].applied


# -- soft positives ---------------------------------------------------------------------------------------------------


def test_traces_become_sources_and_weights_for_the_loss():
    torch = pytest.importorskip("torch")
    from mmaug import losses

    rows = {f"p{n}": row for n, row in enumerate(pictures(4).values())}
    mix = graph(mm.op("mix.mixup", share=0.3, p=0.6), schema=PLAIN, seed=5)
    keys, traces = list(rows), [mix.run(row, key=key, partners=rows)[1] for key, row in rows.items()]
    assert 0 < sum(trace.mixed is not None for trace in traces) < 4
    of = mm.mix.sources(keys, traces, ("image", "text"))
    numbers = {key: int(mm.mix.sources([key], traces[:1]).sources["image"][0, 0]) for key in keys}
    embeddings = {
        name: torch.nn.functional.normalize(torch.randn(4, 6, generator=torch.Generator().manual_seed(n)), dim=1)
        for n, name in enumerate(("image", "text"))
    }
    only = losses.CrossModalConsistency(losses.Weights(cross_modal=0.0, in_modal=0.0))
    made = only(embeddings, 5.0, 0.0, losses.Batch(sources=of.sources, weights=of.weights))["contrastive"]
    share = [{key: 1.0} for key in keys]
    for own, trace in zip(share, traces, strict=True):
        if trace.mixed is not None:
            (own[next(iter(own))], own[trace.mixed.partner]) = 0.7, 0.3
    targets = [[share[i].get(key, 0.0) for key in keys] for i in range(4)]  # picture i is so much of text j, which is all its own
    total = 0.0
    for a, b, wanted in (("image", "text", targets), ("text", "image", list(zip(*targets, strict=True)))):
        for i in range(4):
            scores = [5 * float(embeddings[a][i] @ embeddings[b][j]) for j in range(4)]
            norm = math.log(sum(map(math.exp, scores)))
            total -= sum(wanted[i][j] / sum(wanted[i]) * (scores[j] - norm) for j in range(4)) / 8
    assert float(made) == pytest.approx(total, rel=1e-5)
    assert len(set(numbers.values())) == 4 and of.sources["text"].dtype == torch.int64
    assert (of.weights["text"] == torch.tensor([1.0, 0.0])).all()
    with pytest.raises(ValueError, match="by modality must come with weights"):
        only(embeddings, 5.0, 0.0, losses.Batch(sources=of.sources))


def test_joined_rows_share_in_every_modality():
    pytest.importorskip("torch")
    rows = {key: {"image": ROWS["p0"]["image"], "caption": text} for key, text in (("a", "a dog"), ("b", "a cat"))}
    traces = [graph(mm.op("mix.mixgen"), schema=PLAIN).run(rows[key], key=key, partners=rows)[1] for key in rows]
    of = mm.mix.sources(list(rows), traces)
    assert of.weights["image"].tolist() == of.weights["text"].tolist() == [[0.5, 0.5]] * 2
    assert of.weights["audio"].tolist() == [[1.0, 0.0]] * 2
    assert of.sources["image"][0].tolist() == of.sources["image"][1].tolist()[::-1]


@pytest.mark.skipif(not (DATA / "coco").is_dir(), reason="the shared data is not here")
def test_photos_are_mixed_and_nothing_is_lost():
    from mmaug.io.folder import Folder

    folder = Folder(DATA / "coco")
    rows = dict(folder.load(number) for number in range(0, 400, 10))
    schema = mm.Schema(
        image=mm.Image(), captions=mm.Caption(of="image"),
        boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"),
        joints=mm.Keypoints(of="image", column="persons[].keypoints", names="coco17"),
    )  # fmt: skip
    rows = {key: {name: row.get(name, []) for name in ("image", "captions", "objects", "persons")} for key, row in rows.items()}
    mix = graph(mm.op("text.choose_caption"), mm.op("mix.mixgen"), mm.op("mix.mixup", share=0.4), schema=schema)
    joined = 0
    for key, row in rows.items():
        out, trace = mix.run(row, key=key, partners=rows)
        assert trace.mixed is not None and out["image"].size == row["image"].size
        joined += trace.mixed.op == "mix.mixgen"
        other = rows[trace.mixed.partner]
        assert len(out["objects"]["bbox"]) == len(out["objects"]["category"]) == len(row["objects"]["bbox"]) + len(other["objects"]["bbox"])
        assert len(out["persons"]) == len(row["persons"]) + len(other["persons"])
    assert joined >= 3
