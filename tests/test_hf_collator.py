"""`mm.hf.Collator`: raw rows in, all views in one batch out."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm
from mmaug.errors import MmaugError, RowError, SchemaError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import hf_runs  # noqa: E402

from mmaug.hf.collator import named  # noqa: E402
from mmaug.hf.objective import Objective, described  # noqa: E402
from mmaug.testing.tiny_models import tiny  # noqa: E402

FLIP = mm.op("image.horizontal_flip")
CAPTIONS = [hf_runs.caption(n) for n in range(32)]


@pytest.fixture(scope="module")
def clip():
    return tiny("clip", CAPTIONS)


def collator(clip, policy=hf_runs.POLICY, **options):
    return mm.hf.Collator(hf_runs.graph(policy), clip[1], **options)


def test_a_batch_is_the_graphs_rows_through_the_processor(clip):
    """View by view, the clean rows first; the processor is called here as its own documentation says."""
    rows, graph, processor = hf_runs.rows(6), hf_runs.graph(), clip[1]
    made = collator(clip, views=2, clean=True)
    made.clock.set(epoch=3)
    batch = made(rows)
    wanted = rows + [graph(row, epoch=3, view=view) for view in range(2) for row in rows]
    theirs = processor(
        images=[row["image"] for row in wanted], text=[row["caption"] for row in wanted], padding=True, return_tensors="pt",
        input_data_format="channels_last",
    )  # fmt: skip
    for name in ("pixel_values", "input_ids", "attention_mask"):
        torch.testing.assert_close(batch[name], theirs[name])
    about = batch["about"]
    assert about["view"].tolist() == [-1] * 6 + [0] * 6 + [1] * 6
    assert named(about["keys"]) == [str(n) for n in range(6)] * 3
    assert torch.equal(about["rows"], about["rows"][:6].repeat(3)) and len(about["rows"].unique()) == 6


def test_what_is_known_of_a_batch_reaches_the_loss(clip):
    """A flip edits "left": the row means something else now, and belongs with no other view of itself."""
    rows = hf_runs.rows(4)
    rows[1] = {**rows[1], "caption": "a bar"}  # nothing to edit
    rows[3] = {**rows[3], "caption": "A  BAR"}  # says the same as the row before
    found = described(collator(clip, FLIP, clean=True)(rows)["about"], ("image", "text"))
    assert found.views == 2 and found.clean
    assert found.preserved.tolist() == [True] * 4 + [False, True, False, True]
    source = found.sources.tolist()
    assert source[1] == source[3] == source[5] == source[7]
    assert len(set(source)) == 5 and source[0] != source[4]
    assert all(bool(has.all()) for has in found.present.values())


def test_of_several_captions_one_is_taken_in_all_views_and_another_in_another_epoch(clip):
    row = {**hf_runs.rows(1)[0], "caption": CAPTIONS[:5]}
    made, told = collator(clip, mm.policies.identity(), views=2, clean=True), []
    for epoch in range(12):
        made.clock.set(epoch=epoch)
        ids = made([row])["input_ids"]
        assert torch.equal(ids[0], ids[1]) and torch.equal(ids[1], ids[2])
        told.append(tuple(ids[0].tolist()))
    assert 3 <= len(set(told)) <= 5
    made.clock.set(epoch=0)
    assert tuple(made([row])["input_ids"][0].tolist()) == told[0]


def test_held_out_rows_come_as_they_are_with_all_their_captions(clip):
    rows = [{**row, "caption": CAPTIONS[n : n + 1 + n]} for n, row in enumerate(hf_runs.rows(3))]
    batch = collator(clip, FLIP, views=2).evaluation()(rows)
    theirs = clip[1](
        images=[row["image"] for row in rows], text=[t for row in rows for t in row["caption"]], padding=True, return_tensors="pt"
    )
    assert torch.equal(batch["input_ids"], theirs["input_ids"]) and batch["about"]["of"].tolist() == [0, 1, 1, 2, 2, 2]
    torch.testing.assert_close(batch["pixel_values"], theirs["pixel_values"])


@pytest.mark.parametrize("kind", ["clip", "siglip", "vision-text-dual-encoder", "clap"])
def test_every_kind_of_model_has_a_loss_with_gradients(kind):
    """The loss of a batch is that of the embeddings, computed here from the model's own outputs."""
    model, processor = tiny(kind, CAPTIONS)
    if kind == "clap":
        schema = mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio"))
        graph = mm.TransformGraph(mm.op("audio.gain", strength=0.5), schema=schema, key="id")
        tones = [(np.sin(np.arange(8000) / (3 + n)).astype(np.float32) * 0.4, 8000) for n in range(4)]
        rows = [{"audio": tone, "caption": CAPTIONS[n], "id": n} for n, tone in enumerate(tones)]
    else:
        graph, rows = hf_runs.graph(mm.op("image.rotate", degrees=(-5, 5))), hf_runs.rows(4)
    batch = mm.hf.Collator(graph, processor, views=2)(rows)
    wrapped = mm.child.wrap(model, processor)
    model.eval()  # no dropout between the two calls
    parts, _ = Objective(wrapped)(model, batch)
    outputs = model(**{name: value for name, value in batch.items() if name not in ("about", "token_type_ids")})
    ours, theirs = (outputs["audio_embeds"] if kind == "clap" else outputs["image_embeds"]), outputs["text_embeds"]
    same = torch.eye(4).repeat(2, 2)
    logits = wrapped.scale * ours @ theirs.T + wrapped.bias
    if kind == "siglip":
        signs = 2 * same - 1
        by_hand = -torch.nn.functional.logsigmoid(signs * logits).sum() / 8
    else:
        by_hand = -(same / 2 * (logits.log_softmax(1) + logits.T.log_softmax(1))).sum() / 16
    torch.testing.assert_close(parts["contrastive"], by_hand, rtol=1e-4, atol=1e-5)
    parts["loss"].backward()
    scales = [value.grad for name, value in model.named_parameters() if "logit_scale" in name]
    assert scales and all(grad is not None and bool(grad.abs() > 0) for grad in scales)
    if kind == "clap":
        assert torch.equal(scales[0], scales[1])  # what begins alike stays alike


def test_progress_moves_within_an_epoch_whatever_the_workers(clip):
    """A schedule that flips from the middle of the only epoch on."""
    late = mm.Policy.schedule([(0.0, mm.policies.identity()), (0.5, FLIP)])
    found = []
    for workers in (0, 2):
        made = collator(clip, late)
        loader = torch.utils.data.DataLoader(hf_runs.rows(32), batch_size=4, num_workers=workers, collate_fn=made)
        made.clock.set(epoch=0, progress=0.0, each=1 / 8)
        found.append([batch["about"]["kept"].all().item() for batch in loader])
    assert found[0] == found[1] == [True] * 4 + [False] * 4


def test_which_ops_fired_is_counted_across_workers(clip):
    policy = mm.Policy.sequence(FLIP, mm.op("image.to_gray", p=0.5))
    made = collator(clip, policy, views=2)
    rows = [{**row, "caption": "a red bar on the left" if row["id"] % 4 else "a sign that says LEFT"} for row in hf_runs.rows(32)]
    loader = torch.utils.data.DataLoader(rows, batch_size=4, num_workers=2, collate_fn=made, persistent_workers=True)
    list(loader)
    told = made.tally.take()
    traces = [made.graph.run(row, view=view)[1] for row in rows for view in range(2)]
    wanted = {
        f"{kind}/{op}": sum(any(step.op == op for step in steps(trace)) for trace in traces) / 64
        for kind, steps in (("fired", lambda t: t.applied), ("vetoed", lambda t: [r.step for r in t.vetoes]))
        for op in ("image.horizontal_flip", "image.to_gray")
    }
    assert told == {name: share for name, share in wanted.items() if share}
    assert 0 < told["vetoed/image.horizontal_flip"] < 1 and made.tally.take() == {}


# -- rows that are not as they should be ------------------------------------------------------------------------------------------------


def test_rows_that_lack_a_modality_count_only_where_they_have_it(clip):
    """The loss is that of the complete rows alone; the gradient reaches nothing through the others."""
    model, processor = clip
    schema = mm.Schema(image=mm.Image(optional=True), caption=mm.Caption(of="image", optional=True))
    graph = mm.TransformGraph(mm.policies.identity(), schema=schema, key="id")
    rows = hf_runs.rows(6)
    rows[1], rows[4] = {**rows[1], "image": None}, {**rows[4], "caption": None}
    made = mm.hf.Collator(graph, processor)
    objective = Objective(mm.child.wrap(model, processor))
    model.eval()
    some, _ = objective(model, made(rows))
    whole, _ = objective(model, made([rows[n] for n in (0, 2, 3, 5)]))
    for name, value in whole.items():
        torch.testing.assert_close(some[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("captions", [["a red bar"] * 8, ["x y z " * 60] * 7 + ["unknown words, all of them: qwzx"]], ids=["same", "long"])
def test_duplicate_long_and_unknown_captions_do_no_harm(clip, captions):
    model, processor = clip
    rows = [{**row, "caption": text} for row, text in zip(hf_runs.rows(8), captions, strict=True)]
    batch = collator(clip, views=2)(rows)
    assert batch["input_ids"].shape[1] <= 16
    parts, _ = Objective(mm.child.wrap(model, processor))(model, batch)
    assert bool(torch.isfinite(parts["loss"]))
    if len(set(captions)) == 1:  # everything belongs together: nothing is lower than the entropy of that
        assert described(batch["about"], ("image", "text")).sources.unique().numel() == 1
        assert parts["contrastive"].item() >= np.log(16) - 1e-4


def test_a_batch_of_one_is_fine_and_an_empty_one_is_told(clip):
    model, processor = clip
    made = collator(clip)
    parts, _ = Objective(mm.child.wrap(model, processor))(model, made(hf_runs.rows(1)))
    assert parts["contrastive"].item() == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(RowError, match="a batch must hold at least one row, got none"):
        made([])
    with pytest.raises(RowError, match=r"got only empty dicts; TrainingArguments\(remove_unused_columns=False\) keeps"):
        made([{}, {}])
    with pytest.raises(RowError, match="must be given a list of rows, one dict each, got list of str"):
        made(["a", "b"])


def test_a_bad_row_is_told_with_its_key(clip):
    rows = hf_runs.rows(3)
    rows[2] = {**rows[2], "caption": None}
    with pytest.raises(RowError, match=r"row 2 \(key 2\): field 'caption': column 'caption' must hold a value in every row"):
        collator(clip)(rows)
    del rows[1]["id"]
    with pytest.raises(RowError, match="key column 'id' must be in every row, got the columns"):
        collator(clip)(rows)


def test_a_loss_that_is_no_number_tells_the_keys(clip):
    model, processor = tiny("clip", CAPTIONS)
    model.text_projection.weight.data[0, 0] = float("nan")
    batch = collator(clip, views=2)(hf_runs.rows(3))
    with pytest.raises(MmaugError, match=r"the loss must be a number, got loss nan, .*; look at the rows with keys 0, 1, 2, or lower the"):
        Objective(mm.child.wrap(model, processor))(model, batch)


def test_what_does_not_fit_together_is_told(clip):
    with pytest.raises(MmaugError, match="views must be a whole number >= 1"):
        collator(clip, views=0)
    sound = mm.TransformGraph(mm.op("audio.gain"), schema=mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio")))
    with pytest.raises(
        SchemaError, match=r"the processor reads image and text, and the schema has no field for image \(fields audio, caption\)"
    ):
        mm.hf.Collator(sound, clip[1])
