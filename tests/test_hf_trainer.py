"""`ConsistencyTrainer`: the same training whatever the workers, processes, interruptions and accumulation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mmaug as mm
from mmaug.errors import MmaugError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("datasets")
pytest.importorskip("accelerate")

import hf_runs  # noqa: E402
from hf_runs import dataset, graph, train, trainer  # noqa: E402

from mmaug.testing.tiny_models import tiny  # noqa: E402

SCRIPT = Path(__file__).parent / "hf_runs.py"
FLIP = mm.op("image.horizontal_flip")
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    import datasets
    import transformers

    transformers.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Ten steps of two and a half epochs, with a checkpoint after six, in the middle of the second."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("straight")
    return out, train(trainer(out, max_steps=10, save_strategy="steps", save_steps=6))


def test_workers_make_no_difference(straight, tmp_path):
    """To the bit: the logs with every part of the loss, and the weights."""
    assert train(trainer(tmp_path, max_steps=10, dataloader_num_workers=2)) == straight[1]


def test_a_resumed_training_is_the_straight_one(straight, tmp_path):
    out, wanted = straight
    found = train(trainer(tmp_path, max_steps=10), resume_from_checkpoint=str(out / "checkpoint-6"))
    assert found["digest"] == wanted["digest"]
    assert found["logs"][-4:] == wanted["logs"][-4:]


def test_another_epoch_shows_other_rows(tmp_path):
    """With a learning rate of nothing the loss of an epoch changes only where the draws do."""
    same = {"max_steps": 8, "learning_rate": 0.0, "train_sampling_strategy": "sequential"}
    augmented = [log["loss"] for log in train(trainer(tmp_path, **same))["logs"]]
    plain = [log["loss"] for log in train(trainer(tmp_path, policy=mm.policies.identity(), **same))["logs"]]
    assert plain[:4] == pytest.approx(plain[4:], abs=1e-6) and augmented[:4] != pytest.approx(augmented[4:], abs=1e-4)


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path):
    """torchrun with two gloo processes of four rows each, against one of eight; captions that two processes share belong together."""
    from safetensors.torch import load_file

    told = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    found = {}
    for world in (1, 2):
        out = tmp_path / str(world)
        out.mkdir()
        run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"] if world == 2 else [sys.executable]
        done = subprocess.run([*run, str(SCRIPT), str(out)], check=False, env=told, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        found[world] = json.loads((out / "found.json").read_text()), load_file(out / "weights.safetensors")
    (one, weights), (two, others) = found[1], found[2]
    assert one["evaluation"] == pytest.approx(two["evaluation"])
    for log, other in zip(one["logs"], two["logs"], strict=True):
        assert log == pytest.approx(other, abs=1e-5)
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, atol=1e-5, rtol=1e-5)


def test_accumulation_divides_the_loss_once(tmp_path):
    """Four times the same batch, accumulated, is that batch alone: the same steps, the same logs."""
    batches = [list(range(8)), list(range(8, 16))]
    often = dataset().select([n for batch in batches for _ in range(4) for n in batch])
    once = dataset().select([n for batch in batches for n in batch])
    same = {"max_steps": 2, "optim": "sgd", "learning_rate": 0.1, "train_sampling_strategy": "sequential", "max_grad_norm": 0.0}
    a = trainer(tmp_path, data=often, gradient_accumulation_steps=4, **same)
    b = trainer(tmp_path, data=once, **same)
    accumulated, alone = train(a), train(b)
    for log, other in zip(accumulated["logs"], alone["logs"], strict=True):
        assert log == pytest.approx(other, abs=1e-5)
    for (name, x), (_, y) in zip(a.model.named_parameters(), b.model.named_parameters(), strict=True):
        torch.testing.assert_close(x, y, atol=1e-5, rtol=1e-5, msg=name)


def test_the_light_path_trains_as_the_trainer_does(tmp_path):
    """`compute_loss_func` of a plain Trainer, on rows without duplicates, edits or gaps; with accumulation too."""
    from transformers import Trainer, TrainingArguments

    turn = mm.op("image.rotate", degrees=(-5, 5))
    same = {"gradient_accumulation_steps": 2, "max_steps": 3, "optim": "sgd", "learning_rate": 0.1}
    ours = trainer(tmp_path, policy=turn, **same)
    train(ours)
    model, processor = tiny("clip", [hf_runs.caption(n) for n in range(64)])
    collator = mm.hf.Collator(graph(turn), processor, views=2)
    arguments = TrainingArguments(output_dir=str(tmp_path), **{**_plain(ours.args), **same})
    light = Trainer(
        model=model, args=arguments, data_collator=collator, train_dataset=dataset(),
        compute_loss_func=mm.hf.consistency_loss_func(model, views=2), callbacks=[mm.hf.PolicyCallback(collator)],
    )  # fmt: skip
    light.loss_is_scaled_for_ga = False
    light.train()
    for (name, x), (_, y) in zip(ours.model.named_parameters(), model.named_parameters(), strict=True):
        torch.testing.assert_close(x, y, atol=1e-5, rtol=1e-4, msg=name)
    assert light.state.log_history[0]["fired/image.rotate"] == 1.0


def _plain(arguments):
    names = ("remove_unused_columns", "use_cpu", "report_to", "disable_tqdm", "logging_steps", "lr_scheduler_type", "seed")
    return {name: getattr(arguments, name) for name in names} | {"save_strategy": "no", "per_device_train_batch_size": 8}


@pytest.mark.parametrize("kind", ["siglip", "vision-text-dual-encoder"])
def test_other_models_learn(kind, tmp_path):
    made = trainer(tmp_path, kind=kind, views=1, clean=True, max_steps=24, learning_rate=3e-3, logging_steps=4)
    losses = [log["loss_contrastive"] for log in train(made)["logs"]]
    assert losses[-1] < losses[0]


def test_clap_learns_both_directions(tmp_path):
    """Its own loss trains one; with ours both fall."""
    import datasets

    from mmaug.losses import CrossModalConsistency, Weights

    captions = [f"a {word} tone" for word in ("low", "high", "deep", "shrill", "soft", "clear", "thin", "dark")]
    tones = [(0.4 * np.sin(np.arange(8000) * (0.1 + 0.2 * n))).astype(np.float32) for n in range(8)]
    data = datasets.Dataset.from_dict(
        {"audio": [{"array": tone, "sampling_rate": 8000} for tone in tones], "caption": captions, "id": list(range(8))}
    )
    schema = mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio"))
    model, processor = tiny("clap", captions)
    collator = mm.hf.Collator(mm.TransformGraph(mm.op("audio.gain", db=(-6, 0)), schema=schema, key="id"), processor)
    made = trainer(
        tmp_path, data=data, model=model, data_collator=collator, eval_dataset=data, max_steps=20, learning_rate=3e-3,
        consistency_loss=CrossModalConsistency(Weights(cross_modal=0.0, in_modal=0.0)),
    )  # fmt: skip
    before = made.evaluate()
    train(made)
    after = made.evaluate()
    for direction in ("audio_to_text", "text_to_audio"):
        assert after[f"eval_{direction}_r@1"] > before[f"eval_{direction}_r@1"]


def test_evaluation_knows_every_caption_and_shared_ones(tmp_path):
    """Against a loop over the model's own embeddings, with rows of one to three captions of which some are shared."""
    import datasets
    from PIL import Image

    captions = [[hf_runs.caption(3 * n % 30 + k) for k in range(1 + n % 3)] for n in range(13)]  # 10, 11, 12 share with 0, 1, 2
    columns = {"image": [Image.fromarray(hf_runs.picture(n)) for n in range(13)], "caption": captions, "id": list(range(13))}
    data = datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())
    made = trainer(tmp_path, eval_dataset=data, per_device_eval_batch_size=4, dataloader_drop_last=True)  # of training, not of these
    found = made.evaluate()
    wrapped = made.objective.wrapped
    wrapped.model.eval()
    with torch.no_grad():
        flat = [text for several in captions for text in several]
        vectors = wrapped(wrapped.inputs(image=columns["image"], text=flat))
    scores = (vectors["image"].double() @ vectors["text"].double().T).numpy()
    groups = list(range(13))  # rows joined by captions that they share, however far round
    for _ in range(13):
        for a in range(13):
            for b in range(13):
                if set(captions[a]) & set(captions[b]):
                    groups[a] = groups[b] = min(groups[a], groups[b])
    owner = [groups[n] for n, several in enumerate(captions) for _ in several]
    by_hand = {
        "eval_image_to_text_r@1": np.mean([owner[int(scores[n].argmax())] == groups[n] for n in range(13)]),
        "eval_text_to_image_r@1": np.mean([groups[int(scores[:, m].argmax())] == owner[m] for m in range(len(flat))]),
        "eval_image_to_text_r@5": np.mean([groups[n] in {owner[m] for m in np.argsort(-scores[n])[:5]} for n in range(13)]),
    }
    assert {name: found[name] for name in by_hand} == pytest.approx(by_hand, abs=1e-6)
    assert len(set(groups)) == 10 and 0 < by_hand["eval_image_to_text_r@5"] < 1
    assert np.isfinite(found["eval_loss"])


def test_a_batch_of_ones_own_collator_needs_no_return_loss(tmp_path):
    """Batches as `run_clip.py` makes them, without `return_loss`: trained and evaluated all the same."""
    model, processor = tiny("clip", [hf_runs.caption(n) for n in range(64)])

    def collate(rows):
        images, texts = [row["image"] for row in rows], [row["caption"] for row in rows]
        return dict(processor(images=images, text=texts, padding=True, return_tensors="pt"))

    from transformers import TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(tmp_path), max_steps=2, remove_unused_columns=False, use_cpu=True, report_to=[], save_strategy="no",
        disable_tqdm=True,
    )  # fmt: skip
    made = mm.hf.ConsistencyTrainer(
        model=model, args=arguments, data_collator=collate, train_dataset=dataset(), eval_dataset=dataset(12), processing_class=processor
    )
    made.train()
    assert "eval_loss" in (found := made.evaluate()) and 0 <= found["eval_mean_r@1"] <= 1


def test_the_plain_trainer_with_its_own_loss(tmp_path):
    """`return_loss=True` in the collator's batches; the epoch is told by the callback."""
    from transformers import Trainer, TrainingArguments

    model, processor = tiny("clip", [hf_runs.caption(n) for n in range(64)])
    collator = mm.hf.Collator(graph(), processor, return_loss=True)
    arguments = TrainingArguments(
        output_dir=str(tmp_path), max_steps=6, remove_unused_columns=False, use_cpu=True, report_to=[], save_strategy="no",
        disable_tqdm=True,
    )  # fmt: skip
    callback = mm.hf.PolicyCallback(collator)
    Trainer(model=model, args=arguments, data_collator=collator, train_dataset=dataset(), callbacks=[callback]).train()
    assert collator.clock.epoch == 1 and 0 < collator.clock.progress < 1


def test_a_mixin_before_ones_own_trainer(tmp_path):
    from transformers import Trainer, TrainingArguments

    class Mine(Trainer):
        steps_seen = 0

        def training_step(self, *given, **options):
            self.steps_seen += 1
            return super().training_step(*given, **options)

    class MineConsistent(mm.hf.ConsistencyMixin, Mine):
        pass

    model, processor = tiny("clip", [hf_runs.caption(n) for n in range(64)])
    arguments = TrainingArguments(
        output_dir=str(tmp_path), max_steps=3, remove_unused_columns=False, use_cpu=True, report_to=[], save_strategy="no",
        disable_tqdm=True, logging_steps=1,
    )  # fmt: skip
    made = MineConsistent(model=model, args=arguments, data_collator=mm.hf.Collator(graph(), processor), train_dataset=dataset())
    made.train()
    assert made.steps_seen == 3 and "loss_contrastive" in made.state.log_history[0]


def test_the_scale_is_kept_in_its_bounds(tmp_path):
    model, _ = tiny("clip", [hf_runs.caption(n) for n in range(64)])
    model.logit_scale.data.fill_(4.7)
    train(trainer(tmp_path, model=model, max_steps=1))
    assert model.logit_scale.item() <= np.log(100) + 1e-6


# -- traps are told -----------------------------------------------------------------------------------------------------------------------


def test_columns_that_trainer_would_remove_are_told(tmp_path):
    with pytest.raises(MmaugError, match=r"write TrainingArguments\(..., remove_unused_columns=False\)"):
        trainer(tmp_path, remove_unused_columns=True)


def test_labels_in_a_training_batch_are_told(tmp_path):
    _, processor = tiny("clip", [hf_runs.caption(n) for n in range(64)])
    collate = mm.hf.Collator(graph(), processor)

    class Labelled(mm.hf.Collator):
        def __call__(self, rows):
            return {**collate(rows), "labels": torch.arange(len(rows))}

    with pytest.raises(MmaugError, match='a training batch must not hold "labels": Trainer counts them'):
        train(trainer(tmp_path, data_collator=Labelled(graph(), processor)))


def test_a_loss_that_is_no_number_stops_with_the_keys(tmp_path):
    model, _ = tiny("clip", [hf_runs.caption(n) for n in range(64)])
    model.visual_projection.weight.data[0, 0] = float("inf")
    with pytest.raises(MmaugError, match=r"the loss must be a number, got loss nan, .*; look at the rows with keys \d+, \d+"):
        train(trainer(tmp_path, model=model))


def test_a_processor_that_does_not_fit_is_told(tmp_path):
    model, _ = tiny("clip", ["a b c"])
    with pytest.raises(MmaugError, match="the tokenizer must have at most the model's"):
        trainer(tmp_path, model=model)


def test_a_callback_without_a_clock_is_told():
    with pytest.raises(MmaugError, match="PolicyCallback: give it the collator"):
        mm.hf.PolicyCallback()
    with pytest.raises(MmaugError, match="object has no clock"):
        mm.hf.PolicyCallback(object())
