"""Ops that ask a language model: tiny ones with random weights, saved to a folder; no network."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm
from mmaug.language import analyser
from mmaug.language.edits import apply
from mmaug.language.keeping import keeps_claims, rewritten
from mmaug.modalities.text import hub
from mmaug.registry import get_op
from mmaug.testing.ops import OpContract

pytest.importorskip("transformers")

WORDS = (
    "a an the dog cat car automobile sofa couch kid child children kids red blue left right two not animal vehicle big large house on of "
    "to is sits runs near and in street road . , paraphrase :"
).split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "</s>"]
NAMES = ("contextual", "paraphrase", "back_translate")


def tokenizer():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    bare = Tokenizer(models.WordLevel({word: n for n, word in enumerate([*SPECIAL, *WORDS])}, unk_token="[UNK]"))
    bare.normalizer = normalizers.Lowercase()
    bare.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bare.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 5)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bare, pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]", eos_token="</s>", model_max_length=32
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A masked model that likes "automobile" best, and a sequence-to-sequence model that babbles."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, MarianConfig, MarianMTModel

    folder = tmp_path_factory.mktemp("models")
    with torch.random.fork_rng():
        torch.random.manual_seed(0)
        masked = BertForMaskedLM(
            BertConfig(
                vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, max_position_embeddings=48
            )
        )
        side = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}
        shape = {f"{part}_{key}": value for part in ("encoder", "decoder") for key, value in side.items()}
        special = {"decoder_start_token_id": 0, "eos_token_id": 5, "forced_eos_token_id": None, "pad_token_id": 0}
        babbling = MarianMTModel(MarianConfig(vocab_size=64, d_model=16, max_position_embeddings=96, **shape, **special))
    with torch.no_grad():
        for word, liking in (("automobile", 30.0), ("cat", 28.0), ("blue", 26.0), ("animal", 24.0), ("vehicle", 22.0), ("large", 20.0)):
            masked.cls.predictions.bias[len(SPECIAL) + WORDS.index(word)] = liking
        babbling.final_logits_bias[0, [0, 1, 2, 3, 4, *range(len(SPECIAL) + len(WORDS), 64)]] = -30.0
        babbling.final_logits_bias[0, 5] = 2.0  # it comes to an end
    for name, model in (("masked", masked), ("babbling", babbling)):
        model.save_pretrained(folder / name)
        tokenizer().save_pretrained(folder / name)
    return {name: str(folder / name) for name in ("masked", "babbling")}


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def given(folders, name):
    if name == "contextual":
        return {"model": folders["masked"]}
    return {"model": folders["babbling"]} if name == "paraphrase" else {"there": folders["babbling"], "back": folders["babbling"]}


@pytest.mark.parametrize("law", sorted(name for name in vars(OpContract) if name.startswith("test_")))
@pytest.mark.parametrize("name", NAMES)
def test_the_laws_hold(folders, name, law):
    contract = OpContract()
    contract.ops = [get_op(f"text.{name}")]  # type: ignore[misc]
    contract.given = {**given(folders, name), "device": "cpu", "prompt": "paraphrase: {}", "top": 20}  # type: ignore[misc]
    getattr(contract, law)()


def run(folders, texts, **params):
    readings = [analyser.read(text) for text in texts]
    seeds = list(range(len(texts)))
    made = get_op("text.contextual").function(
        readings, [r.protected for r in readings], share=1.0, model=folders["masked"], device="cpu", seed=seeds, **{"top": 20, **params}
    )
    return [apply(text, replacements)[0] for text, replacements in zip(texts, made, strict=True)]


def test_what_the_model_likes_is_taken_where_it_is_true(folders):
    """Its favourites are automobile, cat, blue, animal, vehicle, large, for every gap; only some are true."""
    texts = ["a red car near the house", "A dog on a sofa.", "two cars and a big dog", "no dog", ""]
    assert run(folders, texts)[0] == "a red automobile near the house"
    assert run(folders, texts)[1] == "An animal on a sofa."
    assert run(folders, texts)[2] in ("two cars and a large dog", "two cars and a large animal", "two cars and a big animal")
    assert run(folders, texts)[3:] == ["no dog", ""]
    assert "cat" not in " ".join(run(folders, texts)) and "blue" not in " ".join(run(folders, texts))


def test_few_likely_words_leave_little(folders):
    assert run(folders, ["a dog on a sofa"], top=2) == ["a dog on a sofa"]  # automobile and cat, no more


def test_a_text_alone_and_among_others_is_reworded_alike(folders):
    texts = ["a dog near a cat", "two big red cars on the street", "the child sits", "a house"]
    together = hub.rewrite(texts, folders["babbling"], 1.0, [3, 4, 5, 6], "cpu")
    assert together == [hub.rewrite([t], folders["babbling"], 1.0, [s], "cpu")[0] for t, s in zip(texts, (3, 4, 5, 6), strict=True)]
    assert together != hub.rewrite(texts, folders["babbling"], 1.0, [7, 8, 9, 10], "cpu")
    cold = hub.rewrite(texts, folders["babbling"], 0.0, [3, 4, 5, 6], "cpu")
    assert cold == hub.rewrite(texts, folders["babbling"], 0.0, [7, 8, 9, 10], "cpu")
    assert hub.rewrite(["dog " * 60], folders["babbling"], 0.0, [1], "cpu") == [""]  # longer than it reads: nothing is cut off


def test_gumbel_noise_draws_as_the_probabilities_say():
    import torch

    scores = torch.log(torch.tensor([[0.1, 0.2, 0.3, 0.4]]))
    draw = hub._Drawn([11], 1.0)
    counts = np.bincount([int(draw(None, scores).argmax()) for _ in range(4000)], minlength=4) / 4000
    assert np.abs(counts - [0.1, 0.2, 0.3, 0.4]).max() < 0.03


def test_models_are_loaded_once(folders, monkeypatch):
    import transformers

    hub.load("MaskedLM", folders["masked"], "cpu")
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_: pytest.fail("loaded twice"))
    run(folders, ["a car"])


def test_neither_state_of_torch_nor_of_numpy_is_touched(folders):
    import torch

    before, numbers = torch.random.get_rng_state().clone(), np.random.get_state()[1].copy()  # noqa: NPY002
    hub.rewrite(["a dog", "a cat"], folders["babbling"], 1.0, [1, 2], "cpu")
    assert torch.equal(before, torch.random.get_rng_state())
    assert (numbers == np.random.get_state()[1]).all()  # noqa: NPY002


def test_babble_never_loses_a_claim(folders):
    texts = ["two red cars left of a dog", "a dog is not on the sofa", "a dog sits in the house"] * 30
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(of="image"))
    for name in ("paraphrase", "back_translate"):
        graph = mm.TransformGraph(mm.op(f"text.{name}", temperature=1.5, **given(folders, name)), schema=schema)
        out = graph({"image": np.zeros((8, 8, 3), np.uint8), "captions": texts}, key=1)["captions"]
        assert all(keeps_claims(analyser.read(a), b) for a, b in zip(texts, out, strict=True))
        assert any(new != text for new, text in zip(out[2::3], texts[2::3], strict=True))  # nothing is claimed there, so babble is taken


@pytest.mark.parametrize(
    ("text", "new", "taken"),
    [
        ("a cook rides two horses", "two horses are ridden by a cook", True),
        ("Two dogs sleep", "There are two dogs sleeping", True),
        ("a man left of a red car", "to the left of a red car stands a man", False),  # read as another phrase: when unsure, no
        ("a man in a red shirt", "a man wearing a red shirt", True),
        ("a man in a red shirt", "a man wearing a shirt", False),
        ("a man in a shirt", "a man in a red shirt", False),
        ("a man in a shirt", "a man not in a shirt", False),
        ("a red car and a blue bus", "a blue bus and a red car", False),
        ("one red car", "one red red car", False),
        ('a sign that says "go"', 'the sign says "go"', True),
        ("a man in Paris", "a man in London", False),
        ("a dog", "a dog", False),
    ],
)
def test_a_reworded_text_is_taken_or_left(text, new, taken):
    reading = analyser.read(text)
    made = rewritten(reading, reading.protected, new)
    assert bool(made) == taken
    if taken:
        assert apply(text, made)[0] == new


def test_spans_stay_with_their_words(monkeypatch):
    monkeypatch.setattr(
        hub, "rewrite", lambda texts, *_: [text.replace("paraphrase: ", "").replace("sits on", "rests upon") for text in texts]
    )
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image", spans="spans"))
    row = {"image": np.zeros((8, 8, 3), np.uint8), "caption": "a red dog sits on a small sofa", "spans": [[2, 9], [20, 30]]}
    out, trace = mm.TransformGraph(mm.op("text.paraphrase"), schema=schema).run(row, key=1)
    assert out["caption"] == "a red dog rests upon a small sofa"
    assert [out["caption"][a:b] for a, b in out["spans"]] == ["red dog", "small sofa"] and trace.edits[0].by == ("text.paraphrase",)


def test_errors_say_what_to_do(tmp_path, folders):
    with pytest.raises(mm.PolicyError, match="by name or folder"):
        hub.load("MaskedLM", str(tmp_path / "nothing"), "cpu")
    with pytest.raises(mm.PolicyError, match="device 'toaster'"):
        hub.load("MaskedLM", folders["masked"], "toaster")
    with pytest.raises(mm.PolicyError, match="prompt must have"):
        mm.TransformGraph(
            mm.op("text.paraphrase", model=folders["babbling"], prompt="say it"), schema=mm.Schema(image=mm.Image(), c=mm.Caption())
        )({"image": np.zeros((8, 8, 3), np.uint8), "c": "a dog"}, key=1)
    with pytest.raises(mm.PolicyError, match="must be a string or a list of strings"):
        mm.op("text.contextual", model=5)
