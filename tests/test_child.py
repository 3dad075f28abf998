"""The child: its tokenizer, its towers, what it sees of rows, its training."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import mmaug as mm
from mmaug.child.config import ChildConfig, ChildError, Recipe
from mmaug.child.inputs import Batches, RowEncoder, preserved, sources_of
from mmaug.child.model import Child
from mmaug.child.rows import groups_of, prepare, text_of
from mmaug.child.saving import load_child, load_training, save_child, save_training
from mmaug.child.sound import LogMel
from mmaug.child.tokenizer import BOS, EOS, PAD, UNKNOWN, TextEncoder, build_tokenizer, split
from mmaug.child.training import Training, rate_at, train
from mmaug.neural.hearing import mel_filters
from mmaug.testing.colour_world import SCHEMA, draw_world
from mmaug.testing.scenes import draw_scene

SMALL = ChildConfig(width=16, layers=1, heads=2, projection=16)
SCENES = mm.Schema(
    image=mm.Image(), mask=mm.Mask(of="image"), captions=mm.Caption(of="image"), caption_kinds=mm.Opaque(),
    boxes=mm.Boxes(of="image", column="objects.bbox", format="xywh", labels="objects.category"), audio=mm.Audio(optional=True),
    events=mm.Events(of="audio"), audio_caption=mm.Caption(of="audio"),
)  # fmt: skip
"""What `draw_scene` gives: three modalities."""


def batches(rows, config=SMALL, **options):
    tokenizer = build_tokenizer(rows.texts())
    encoder = RowEncoder(config, tokenizer, rows, 1.0)
    return Batches(rows, encoder, **{"batch": 8, "views": 1, "clean": False, "seed": 0, **options}), len(tokenizer)


# -- configuration ------------------------------------------------------------------------------------------------------------------------


def test_config_and_recipe_survive_json():
    for value in (ChildConfig(image_tower="transformer", audio_seconds=2.0), Recipe(views=2, clean=True, weights={"view": 0.5})):
        assert type(value).from_json(json.loads(json.dumps(value.to_json()))) == value
    with pytest.raises(ChildError, match="unknown depht"):
        ChildConfig.from_json({"depht": 3})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"image_size": 30}, "image_size must be a multiple of patch, got image_size=30, patch=8"),
        ({"heads": 3}, "width must be a multiple of heads"),
        ({"image_tower": "mlp"}, "must be one of transformer, convolution"),
        ({"layers": 0}, "layers must be a whole number >= 1"),
        ({"kernel": 4}, "kernel must be odd"),
        ({"audio_seconds": 0}, "audio_seconds must be more than 0"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(given, message):
    with pytest.raises(ChildError, match=message):
        ChildConfig(**given)


def test_an_architecture_is_put_over_the_config():
    config = ChildConfig().with_architecture({"depth": 3, "width": 32, "image_tower": "transformer"})
    assert (config.layers, config.width, config.image_tower) == (3, 32, "transformer")
    with pytest.raises(ChildError, match="unknown colour"):
        ChildConfig().with_architecture({"colour": 1})


# -- tokenizer ----------------------------------------------------------------------------------------------------------------------------


def test_words_become_numbers_with_an_end_that_is_not_two_and_an_unknown_of_their_own():
    tokenizer = build_tokenizer(["A red dog, running.", "a dog"])
    assert tokenizer("a dog zzz")["input_ids"] == [BOS, *tokenizer.convert_tokens_to_ids(["a", "dog"]), UNKNOWN, EOS]
    assert tokenizer.eos_token_id == EOS == 1 and len({BOS, EOS, UNKNOWN, PAD}) == 4
    assert tokenizer("A DOG")["input_ids"] == tokenizer("a dog")["input_ids"]


def test_what_augmentation_writes_is_in_the_vocabulary():
    """Every word that rules and wording ops make of the captions, but for typos, which are unknown."""
    rows = [
        {"image": np.full((32, 32, 3), 90, np.uint8), "caption": c} for c in ("a red car to the left of a small dog", "a cup on a table")
    ]
    tokenizer = build_tokenizer([row["caption"] for row in rows])
    ops = ("text.synonym", "text.hypernym", "text.insert_words", "text.swap_words", "text.delete_words", "text.mask_words")
    policy = mm.Policy.choice([mm.op("image.horizontal_flip"), mm.op("image.channel_shuffle"), *(mm.op(o, strength=1.0) for o in ops)])
    graph = mm.TransformGraph(policy, schema=SCHEMA)
    said = {graph(row, key=key)["caption"] for row in rows for key in range(80)}
    assert len(said) > 12
    unknown = {word for text in said for word in split(text) if word not in tokenizer.get_vocab()}
    assert not unknown


def test_the_vocabulary_is_the_same_in_every_process():
    code = (
        "from mmaug.child.tokenizer import build_tokenizer\nfrom mmaug.testing.colour_world import draw_world\n"
        "print(sorted(build_tokenizer([r['caption'] for r in draw_world(50, 0)]).get_vocab().items()))"
    )
    here = str(sorted(build_tokenizer([row["caption"] for row in draw_world(50, 0)]).get_vocab().items()))
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == here


def test_long_texts_are_cut_and_counted_and_keep_their_end():
    encoder = TextEncoder(build_tokenizer(["one two three four five six"]), 5)
    tokens = encoder(["one two three four five six", "one", "one"])
    assert tokens.shape == (3, 5) and tokens[0, -1] == EOS and tokens[1].tolist()[2:] == [EOS, PAD, PAD]
    assert encoder.cut == 1


# -- towers -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tower", ["convolution", "transformer"])
def test_every_tower_gives_unit_vectors_and_learns(tower):
    config = ChildConfig(width=16, layers=2, heads=2, projection=8, image_tower=tower, audio_tower=tower)
    child = Child(config, 50, ("text", "image", "audio"), seed=1)
    given = {"image": torch.randn(4, 3, 32, 32), "text": torch.randint(4, 50, (4, 6)), "audio": torch.randn(4, 1, 64, 64)}
    made = child(given)
    assert child.modalities == ("image", "text", "audio") and {tuple(x.shape) for x in made.values()} == {(4, 8)}
    assert all(torch.allclose(x.norm(dim=1), torch.ones(4)) for x in made.values())
    sum(x[:, 0].sum() for x in made.values()).backward()
    assert child.logit_scale.grad is None
    unused = [n for n, p in child.named_parameters() if p.grad is None and not n.startswith("logit_")]
    assert all("post_layernorm" in n or "final" in n for n in unused), unused


def test_the_default_child_is_small():
    child = Child(ChildConfig(image_tower="transformer"), 300, ("image", "text"))
    assert 0.2e6 < sum(p.numel() for p in child.parameters()) < 0.3e6


def test_what_is_behind_the_end_of_a_text_changes_nothing():
    child = Child(SMALL, 50, ("image", "text")).eval()
    text = torch.tensor([[BOS, 7, 8, EOS]])
    padded = torch.tensor([[BOS, 7, 8, EOS, PAD, PAD]])
    assert torch.allclose(child({"text": text})["text"], child({"text": padded})["text"], atol=1e-6)


def test_one_modality_is_refused():
    with pytest.raises(ChildError, match="two or more"):
        Child(SMALL, 50, ("image",))


def test_building_a_child_leaves_the_global_generators_alone():
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (Child(SMALL, 50, ("image", "text"), seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before) and np.array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002
    weights = [torch.cat([p.flatten() for p in child.parameters()]) for child in (one, same, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


# -- sound --------------------------------------------------------------------------------------------------------------------------------


def test_a_tone_is_seen_in_its_band_and_while_it_lasts():
    rate, config = 8000, ChildConfig()
    time = np.arange(rate) / rate
    wave = np.where(time < 0.5, np.sin(2 * np.pi * 1000 * time), 0).astype(np.float32)
    (picture,) = LogMel(config, 1.0)([wave[None]])[0]
    assert picture.shape == (64, 64)
    centres = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 4000 / 700), 66)[1:-1] / 2595) - 1)
    assert abs(centres[int(picture[:, 10].argmax())] - 1000) < 60
    assert picture[:, 10].max() > 0.8 and picture[:, 50].max() == -1.0


def test_mel_bands_are_those_of_torchaudio():
    functional = pytest.importorskip("torchaudio.functional")
    theirs = functional.melscale_fbanks(513, 0.0, 4000.0, 64, 8000, mel_scale="htk").T.numpy()
    np.testing.assert_allclose(mel_filters(64, 1024, 8000), theirs, atol=1e-4)


def test_clips_are_cut_padded_and_may_be_absent():
    mel = LogMel(ChildConfig(), 0.5)
    short, long = np.ones((1, 100), np.float32), np.ones((2, 9000), np.float32)
    made = mel([short, long, None])
    assert made.shape == (3, 1, 64, 64) and float(made[2].max()) == -1.0
    assert torch.equal(mel([long[:, :4000]]), mel([long]))


# -- rows ---------------------------------------------------------------------------------------------------------------------------------


def test_rows_are_made_ready_with_what_belongs_to_them():
    scene = draw_scene(5)
    rows = prepare([scene, draw_scene(6)], SCENES, ChildConfig())
    first = rows.variants[0][0]
    assert rows.seen.modalities == ("image", "text", "audio") and "mask" not in rows.schema.fields
    assert first["image"].shape == (32, 32, 3) and first["image"].dtype == np.uint8
    scale = np.array([32 / 256, 32 / 192, 32 / 256, 32 / 192])
    np.testing.assert_allclose(first["objects"]["bbox"], np.array(scene["objects"]["bbox"]) * scale, atol=1e-6)
    assert first["audio"].rate == 8000 and first["audio"].samples.shape[0] == 2
    assert [row["captions"] for row in rows.variants[0]] == [[text] for text in scene["captions"]]
    assert text_of(first, rows.schema, rows.seen) == f"{scene['captions'][0]} {scene['audio_caption']}"
    assert scene["image"].size == (256, 192)


def test_rows_that_share_a_text_belong_together():
    assert groups_of([["a", "b"], ["c"], ["B ", "d"], ["d"], [""], [""]]).tolist() == [0, 1, 0, 0, 4, 5]


def test_rows_of_a_batch_belong_together_by_text_and_by_group_while_they_mean_the_same():
    texts = ["a red star", "a star", "a blue star", "A  blue star", ""]
    assert sources_of(texts, [0, 0, 0, 3, 4], [True, True, False, True, True]).tolist() == [0, 0, 2, 2, 4]
    assert sources_of(texts, [0, 0, 0, 3, 4], [True] * 5).tolist() == [0, 0, 0, 0, 4]


def test_a_row_keeps_its_meaning_unless_a_rule_had_to_edit():
    row = {"image": np.full((32, 32, 3), 90, np.uint8), "caption": "a small dog on the left"}
    flipped = mm.TransformGraph(mm.op("image.horizontal_flip"), schema=SCHEMA).run(row, key=0)[1]
    reworded = mm.TransformGraph(mm.op("text.insert_words", share=1.0), schema=SCHEMA).run({**row, "caption": "a dog is running"}, key=0)[1]
    assert flipped.edits and not preserved(flipped)
    assert reworded.edits and preserved(reworded)


@pytest.mark.parametrize(
    ("rows", "schema", "message"),
    [
        ([], SCHEMA, "at least one row, got none"),
        ({"image": []}, SCHEMA, "a list of rows"),
        ([{"picture": np.zeros((8, 8, 3), np.uint8)}], SCHEMA, r"row 0 \(key 0\): field 'image': column 'image' must be in every row"),
        ([{"image": np.zeros((8, 8, 3), np.uint8), "caption": "a", "title": "b"}], SCHEMA, "column 'title' holds text"),
        ([{"image": np.zeros((8, 8, 3))}], mm.Schema(image=mm.Image()), "two of image, audio and text, got image"),
        ([{"image": np.zeros((8, 8, 3)), "caption": "a"}], SCHEMA, "must be uint8"),
    ],
)
def test_rows_that_do_not_fit_their_schema_are_told_apart(rows, schema, message):
    with pytest.raises(mm.MmaugError, match=message):
        prepare(rows, schema, SMALL)


def test_a_batch_of_no_rows_is_refused():
    made, _ = batches(prepare(draw_world(4, 0), SCHEMA, SMALL))
    with pytest.raises(ChildError, match="at least one row, got none"):
        made.encoder([])


# -- training -----------------------------------------------------------------------------------------------------------------------------


def started(rows, planned=12, recipe=None, policy=None, seed=0):
    recipe = recipe or Recipe(batch=8)
    made, words = batches(rows, batch=recipe.batch, views=recipe.views, clean=recipe.clean, seed=seed)
    graph = policy and mm.TransformGraph(policy, schema=rows.schema, seed=1)
    training = Training(Child(SMALL, words, rows.seen.modalities, seed=seed), recipe, planned)
    return training, lambda number, progress: made.inputs(number, graph, progress)


@pytest.fixture(scope="module")
def world():
    return prepare(draw_world(40, 0), SCHEMA, SMALL)


def test_the_learning_rate_rises_in_a_line_and_falls_in_a_cosine():
    torch_made = torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], lr=1.0), 90)
    assert [rate_at(step, 100, 0.1) for step in range(3)] == pytest.approx([1 / 11, 2 / 11, 3 / 11])
    for step in range(10, 100):
        assert rate_at(step, 100, 0.1) == pytest.approx(torch_made.get_last_lr()[0], abs=1e-9)
        torch_made.optimizer.step()
        torch_made.step()


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_resumed_training_is_the_uninterrupted_one(world, tmp_path, average):
    policy = mm.Policy.sequence(mm.op("image.horizontal_flip", p=0.5), mm.op("text.synonym", p=0.5))
    recipe = Recipe(batch=8, views=2, clean=True, average=average)
    straight, batch = started(world, recipe=recipe, policy=policy)
    losses = train(straight, batch)
    first, batch = started(world, recipe=recipe, policy=policy)
    before = train(first, batch, steps=5)
    save_training(tmp_path / "at.safetensors", first)
    second, batch = started(world, recipe=recipe, policy=policy, seed=9)
    second_batch = started(world, recipe=recipe, policy=policy)[1]
    load_training(tmp_path / "at.safetensors", second)
    assert before + train(second, second_batch) == losses
    assert all(torch.equal(value, straight.state()[name]) for name, value in second.state().items())


_TRAINING = """
import os, signal, sys
import mmaug as mm
from mmaug.child.config import Recipe
from mmaug.child.saving import load_training, save_training
from mmaug.testing.colour_world import SCHEMA, draw_world
from test_child import SMALL, started
from mmaug.child.rows import prepare
rows = prepare(draw_world(40, 0), SCHEMA, SMALL)
policy = mm.Policy.sequence(mm.op("image.horizontal_flip", p=0.5), mm.op("text.synonym", p=0.5))
training, batch = started(rows, recipe=Recipe(batch=8, views=2, clean=True, average=0.9), policy=policy)
place, last = sys.argv[1], int(sys.argv[2])
if os.path.exists(place):
    load_training(place, training)
while training.steps < training.planned:
    if training.steps == last:
        os.kill(os.getpid(), signal.SIGKILL)
    print(repr(training.step([batch(training.steps, training.progress)])[0]["loss"]), flush=True)
    if training.steps % 3 == 0:
        save_training(place, training)
"""


def test_a_training_that_is_killed_goes_on_in_a_fresh_process(tmp_path):
    """Killed two steps after its last checkpoint: the losses from there on and the last weights are those of a training left alone."""

    def run(place, last):
        command = [sys.executable, "-c", _TRAINING, str(tmp_path / place), str(last)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent, check=False)
        return done.returncode, done.stdout.split(), done.stderr

    code, straight, told = run("straight", -1)
    assert code == 0 and len(straight) == 12, told
    code, before, _ = run("killed", 8)
    assert code == -signal.SIGKILL and before == straight[:8]
    (tmp_path / "killed.new").write_bytes(b"half a file")  # as if it had been killed while it wrote
    code, after, told = run("killed", -1)
    assert code == 0 and after == straight[6:], told
    assert (tmp_path / "killed").read_bytes() == (tmp_path / "straight").read_bytes()


def test_training_stops_at_its_budgets(world):
    training, batch = started(world)
    assert len(train(training, batch, steps=3)) == 3
    assert train(training, batch, seconds=0.0) == []
    assert len(train(training, batch)) == 9 and training.steps == 12


@pytest.mark.parametrize(("given", "bound"), [(9.0, 100.0), (-3.0, 1.0)])
def test_the_scale_stays_within_bounds(world, given, bound):
    training, batch = started(world)
    with torch.no_grad():
        training.child.logit_scale.fill_(given)
    train(training, batch, steps=1)
    assert float(training.child.scale.detach()) == pytest.approx(bound)


def test_the_moving_average_is_that_of_a_loop(world):
    training, batch = started(world, recipe=Recipe(batch=8, average=0.5))
    weights = [training.child.logit_scale.detach().clone()]
    for _ in range(6):
        train(training, batch, steps=1)
        weights.append(training.child.logit_scale.detach().clone())
    mean = weights[0]
    for step, value in enumerate(weights[1:], 1):
        kept = min(0.5, (1 + step) / (10 + step))
        mean = kept * mean + (1 - kept) * value
    assert torch.allclose(training.scored()["logit_scale"], mean, atol=1e-6)


def test_a_loss_that_is_no_number_stops_with_the_keys_and_changes_nothing(world):
    training, batch = started(world)
    inputs = batch(0, 0.0)
    broken = inputs.given["image"].clone()
    broken[0] = float("nan")
    before = training.state()
    with pytest.raises(
        ChildError, match=rf"training step 0: the loss must be a number, got loss nan.*keys {inputs.keys[0]}, {inputs.keys[1]}"
    ):
        training.step([type(inputs)({**inputs.given, "image": broken}, inputs.batch, inputs.keys)])
    assert all(torch.equal(value, before[name]) for name, value in training.state().items())


def test_a_batch_of_one_row_and_one_of_equal_captions_train_without_harm(world):
    training, _ = started(world.part([0]))
    alone, _ = batches(world.part([0]))
    assert training.step([alone.inputs(0, None, 0.0)])[0]["contrastive"] == pytest.approx(0.0, abs=1e-6)
    same = prepare([{**row, "caption": "a star"} for row in draw_world(6, 0)], SCHEMA, SMALL)
    training, batch = started(same)
    inputs = batch(0, 0.0)
    assert inputs.batch.sources.unique().numel() == 1
    assert np.isfinite(training.step([inputs])[0]["loss"])


def test_rows_may_lack_a_modality():
    """What a row lacks teaches nothing: with other pixels in its place the step is the same."""
    rows = [draw_scene(number) for number in range(6)]
    rows[2]["audio"] = rows[2]["events"] = None
    rows[2]["audio_caption"] = ""
    schema = mm.Schema(**{**SCENES.fields, "events": mm.Events(of="audio", optional=True), "image": mm.Image(optional=True)})
    rows[4]["image"], rows[4]["objects"] = None, {"bbox": [], "category": []}
    made = prepare(rows, schema, SMALL)
    training, batch = started(made, recipe=Recipe(batch=6))
    inputs = batch(0, 0.0)
    assert {name: int(has.sum()) for name, has in inputs.batch.present.items()} == {"audio": 5, "image": 5}
    before = training.state()
    loss = training.step([inputs])[0]["loss"]
    changed = {**inputs.given, "image": torch.where(inputs.present["image"][:, None, None, None], inputs.given["image"], 0.5)}
    training.load(before)
    assert training.step([type(inputs)(changed, inputs.batch, inputs.keys)])[0]["loss"] == pytest.approx(loss, abs=1e-6)


def test_views_lie_one_behind_another_and_the_clean_one_comes_first(world):
    made, _ = batches(world, views=2, clean=True)
    inputs = made.inputs(0, mm.TransformGraph(mm.op("image.invert"), schema=world.schema), 0.0)
    clean, one, two = inputs.given["image"].chunk(3)
    plain = made.inputs(0, None, 0.0).given["image"].chunk(3)[0]
    assert torch.equal(clean, plain) and torch.equal(one, two) and inputs.batch.views == 3 and inputs.batch.clean
    assert inputs.batch.sources.shape == inputs.batch.preserved.shape == (24,) and inputs.batch.preserved[:8].all()


def test_views_and_epochs_have_draws_of_their_own(world):
    made, _ = batches(world.part(range(8)), views=2)
    graph = mm.TransformGraph(mm.op("image.gaussian_noise", strength=0.5), schema=world.schema)
    one, two = made.inputs(0, graph, 0.0).given["image"].chunk(2)
    assert not torch.equal(one, two)
    rows = {epoch: dict(zip(made.numbers(epoch).tolist(), made.inputs(epoch, graph, 0.0).given["image"], strict=False)) for epoch in (0, 1)}
    assert not torch.equal(rows[0][3], rows[1][3])


def test_every_epoch_has_every_row_once_in_an_order_of_its_own(world):
    made, _ = batches(world)
    epochs = [[number for batch in range(5) for number in made.numbers(5 * epoch + batch)] for epoch in range(2)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(40))] * 2 and epochs[0] != epochs[1]


def test_schedules_see_the_progress(world):
    made, _ = batches(world)
    graph = mm.TransformGraph(
        mm.Policy.schedule([(0.0, mm.Policy.sequence()), (0.5, mm.Policy.sequence(mm.op("image.invert")))]), schema=world.schema
    )
    early, late = (made.inputs(0, graph, progress).given["image"] for progress in (0.4, 0.6))
    assert torch.equal(early, made.inputs(0, None, 0.0).given["image"]) and not torch.equal(early, late)


# -- saving -------------------------------------------------------------------------------------------------------------------------------


def test_a_saved_child_comes_back(world, tmp_path):
    tokenizer = build_tokenizer(world.texts())
    child = Child(SMALL, len(tokenizer), ("image", "text"), seed=2)
    save_child(tmp_path, child, tokenizer, seconds=2.5)
    back, words, seconds = load_child(tmp_path)
    assert seconds == 2.5 and words.get_vocab() == tokenizer.get_vocab()
    assert words("a red star")["input_ids"] == tokenizer("a red star")["input_ids"]
    assert all(torch.equal(value, child.state_dict()[name]) for name, value in back.state_dict().items())
    (tmp_path / "model.safetensors").write_bytes(b"no")
    with pytest.raises(ChildError, match="must hold the weights"):
        load_child(tmp_path)
    with pytest.raises(ChildError, match="must be a folder that save_child wrote"):
        load_child(tmp_path / "nothing")


def test_the_state_of_another_child_is_refused(world, tmp_path):
    training, _ = started(world)
    wide = Training(Child(ChildConfig(width=32, layers=1, heads=2, projection=16), 60, ("image", "text")), Recipe(), 5)
    with pytest.raises(ChildError, match="another child"):
        wide.load(training.state())
    with pytest.raises(ChildError, match="must be a file that save_training wrote"):
        load_training(tmp_path / "none", training)
