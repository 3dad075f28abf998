"""Policies that mix rows, behind the adapters: the partner is looked up in the data set, and the loss knows whose a row is."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm
from mmaug.errors import MmaugError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("datasets")

import hf_runs  # noqa: E402

from mmaug.hf.objective import Objective, described  # noqa: E402
from mmaug.testing.tiny_models import tiny  # noqa: E402

MIXUP = mm.Policy.sequence(mm.op("image.rotate", degrees=(-5, 5)), mm.op("mix.mixup", share=(0.2, 0.5)))


def pixels(value):
    return np.asarray(value).tolist()


def test_a_data_set_looks_partners_up_among_its_own_rows():
    """Rows of a shuffled part of it too: a row's partner depends on the keys of that part, not on their order."""
    graph, data = hf_runs.graph(MIXUP), hf_runs.dataset(10).add_column("__url__", ["shard.tar"] * 10)
    made = mm.hf.augment(data, graph)
    rows = {n: {"image": data[n]["image"], "caption": data[n]["caption"]} for n in range(10)}
    for n in range(10):
        wanted, trace = graph.run(rows[n], key=n, partners=rows)
        assert pixels(made[n]["image"]) == pixels(wanted["image"]) and made[n]["__url__"] == "shard.tar"
        assert trace.mixed is not None
    turned = mm.hf.augment(data.select(range(9, -1, -1)), graph)
    assert [pixels(row["image"]) for row in turned][::-1] == [pixels(row["image"]) for row in made]


def test_workers_look_up_the_same_partners():
    made = mm.hf.augment(hf_runs.dataset(8), hf_runs.graph(MIXUP))
    loader = torch.utils.data.DataLoader(made, batch_size=2, num_workers=2, collate_fn=list)
    assert [pixels(row["image"]) for batch in loader for row in batch] == [pixels(row["image"]) for row in made]


def test_the_loss_knows_whose_a_mixed_row_is():
    """Targets against a loop: a picture mixed of two belongs to both texts by its shares; the clean ones to their own."""
    graph, data = hf_runs.graph(MIXUP), hf_runs.dataset(6)
    model, processor = tiny("clip", [hf_runs.caption(n) for n in range(64)])
    collator = mm.hf.Collator(graph, processor, views=1, clean=True, partners=data)
    rows = [data[n] for n in range(6)]
    batch = collator(rows)
    traces = [graph.run(row, partners={n: data[n] for n in range(6)})[1] for row in rows]
    targets = np.zeros((12, 12))  # pictures against texts
    for i in range(12):
        for j in range(12):
            targets[i, j] = float(i % 6 == j % 6)
            if i >= 6:
                mixed = traces[i - 6].mixed
                share = mixed.shares["image"]
                targets[i, j] = (1 - share) * (i % 6 == j % 6) + share * (mixed.partner == j % 6)
    found = described(batch["about"], ("image", "text"))
    from mmaug.losses import targets_of

    ours = targets_of(found.sources["image"], found.weights["image"], found.sources["text"], found.weights["text"])
    np.testing.assert_allclose(ours.numpy(), targets, atol=1e-6)
    assert found.preserved.tolist() == [True] * 6 + [False] * 6
    wrapped = mm.child.wrap(model, processor)
    model.eval()
    parts, outputs = Objective(wrapped)(model, batch)
    logits = (wrapped.scale * outputs.image_embeds @ outputs.text_embeds.T).detach().double()
    wanted = torch.from_numpy(targets)
    sides = [(logits, wanted), (logits.T, wanted.T)]
    by_hand = sum(-(t / t.sum(1, keepdim=True) * z.log_softmax(1)).sum(1).mean() for z, t in sides) / 2
    assert parts["contrastive"].item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_a_policy_that_mixes_needs_partners():
    _, processor = tiny("clip", ["a b"])
    with pytest.raises(MmaugError, match="mm.hf.Collator: the policy mixes rows, .* give partners= the whole data set"):
        mm.hf.Collator(hf_runs.graph(MIXUP), processor)
    with pytest.raises(MmaugError, match="mm.hf.augment: the policy mixes rows"):
        mm.hf.augment(hf_runs.dataset(2).to_iterable_dataset(), hf_runs.graph(MIXUP))
    nameless = mm.TransformGraph(MIXUP, schema=hf_runs.SCHEMA)
    with pytest.raises(MmaugError, match=r"must have a column of keys \(row_key\), got .*; add one with dataset.add_column"):
        mm.hf.Collator(nameless, processor, partners=hf_runs.dataset(2))
