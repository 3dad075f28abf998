"""Networks for the vectors of words in the training of HuggingFace's models."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm
from mmaug.errors import MmaugError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import hf_runs  # noqa: E402
from PIL import Image  # noqa: E402
from test_neural_words import network  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from mmaug.cli import app  # noqa: E402
from mmaug.hf.objective import Objective  # noqa: E402
from mmaug.neural import words  # noqa: E402
from mmaug.testing.tiny_models import tiny  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

CAPTIONS = [hf_runs.caption(n) for n in range(64)]
WIDTH = 32


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """Networks are not put into the user's store."""
    monkeypatch.setenv("MMAUG_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def policy():
    return mm.Policy.sequence(mm.op("text.neural", network=network("noise", "mixing", width=WIDTH).keep(), p=0.6))


def test_a_batch_tells_what_its_rows_ask_for_and_the_model_does_it(policy):
    model, processor = tiny("clip", CAPTIONS)
    batch = mm.hf.Collator(hf_runs.graph(policy), processor, views=2, clean=True)(hf_runs.rows(8))
    asked = words.of_tensor(batch["about"]["networks"])
    assert batch["about"]["networks"].shape == (24, 1, 2) and not any(asked[:8]) and 4 < sum(map(len, asked)) < 16
    wrapped = mm.child.wrap(model, processor)
    parts, outputs = Objective(wrapped)(model, batch)
    table = model.text_model.embeddings.token_embedding  # as transformers names it
    with torch.no_grad():
        expected = words.moved(torch.nn.functional.embedding(batch["input_ids"], table.weight), asked)
    handle = table.register_forward_hook(lambda module, args, output: expected)
    wanted = model(**wrapped.taken(batch))
    handle.remove()
    torch.testing.assert_close(outputs["text_embeds"], wanted["text_embeds"])
    torch.testing.assert_close(outputs["image_embeds"], wanted["image_embeds"])
    plain = {**batch, "about": {name: value for name, value in batch["about"].items() if name != "networks"}}
    assert abs(Objective(wrapped)(model, plain)[0]["loss"].item() - parts["loss"].item()) > 1e-4


@pytest.mark.parametrize("kind", ["clip", "siglip", "vision-text-dual-encoder", "clap"])
def test_every_kind_of_model_has_its_words_where_they_are_looked_for(kind):
    model, processor = tiny(kind, CAPTIONS)
    wrapped, asked = mm.child.wrap(model, processor), [((network("noise", width=WIDTH).keep(), 3),), ()]
    other = next(name for name in wrapped.modalities if name != "text")
    value = {"image": hf_runs.picture(1), "audio": mm.AudioClip(np.ones((1, 8000), np.float32) / 9, 8000)}[other]
    given = wrapped.inputs(text=CAPTIONS[:2], **{other: [value] * 2})
    model.eval()
    with torch.no_grad():
        plain = wrapped(given)
        with words.through(wrapped.words, asked):
            moved = wrapped(given)
    assert (plain["text"][0] - moved["text"][0]).abs().max() > 1e-4
    torch.testing.assert_close(plain["text"][1], moved["text"][1])
    torch.testing.assert_close(plain[other], moved[other])


def test_a_trainer_trains_under_it(tmp_path, policy):
    found = [hf_runs.train(hf_runs.trainer(tmp_path, policy=each, max_steps=3)) for each in (policy, policy, mm.Policy.sequence())]
    assert found[0] == found[1] and found[0]["digest"] != found[2]["digest"]


def test_what_knows_no_model_refuses_it(tmp_path, policy):
    graph = hf_runs.graph(policy)
    with pytest.raises(MmaugError, match="mm.hf.augment: the policy must not have text.neural with a network.*ConsistencyTrainer"):
        mm.hf.augment(hf_runs.dataset(), graph)
    with pytest.raises(MmaugError, match="return_loss=True"):
        mm.hf.Collator(graph, tiny("clip", CAPTIONS)[1], return_loss=True)
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(hf_runs.picture(0)).save(folder / "0.png")
    (folder / "metadata.jsonl").write_text('{"file_name": "0.png", "text": "a red bar"}\n')
    policy.save(tmp_path / "policy.json")
    told = CliRunner().invoke(app, ["augment", str(folder), str(tmp_path / "out"), "--policy", str(tmp_path / "policy.json")])
    assert "must not have text.neural" in str(told.exception) and not (tmp_path / "out").exists()
    mm.hf.Collator(hf_runs.graph(mm.op("text.neural")), tiny("clip", CAPTIONS)[1], return_loss=True)  # without a network it does nothing
