"""Other people's models behind one face: what they are given, what they give, and processors that do not fit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import mmaug as mm

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from mmaug.child.processing import Processing, ProcessorError  # noqa: E402
from mmaug.testing.tiny_models import tiny  # noqa: E402

CAPTIONS = ["a red dog left of a cat", "a blue car", "two birds sing"]
KINDS = ("clip", "siglip", "vision-text-dual-encoder", "clap")


@pytest.fixture(scope="module")
def models():
    return {kind: tiny(kind, CAPTIONS) for kind in KINDS}


def values(wrapped, count=3):
    draws = np.random.default_rng(0)
    if "image" in wrapped.modalities:
        return {"image": [draws.integers(0, 256, (40, 50, 3), dtype=np.uint8) for _ in range(count)], "text": CAPTIONS[:count]}
    return {"audio": [(draws.normal(0, 0.1, 8000).astype(np.float32), 8000) for _ in range(count)], "text": CAPTIONS[:count]}


@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_scale_and_bias_are_the_models_own(models, kind):
    """What we say of a model gives its own logits back."""
    model, processor = models[kind]
    wrapped = mm.child.wrap(model, processor)
    assert wrapped.modalities == (("audio", "text") if kind == "clap" else ("image", "text"))
    assert wrapped.pairing == ("sigmoid" if kind == "siglip" else "contrastive")
    outputs = model(**wrapped.inputs(**values(wrapped)))
    found = wrapped.embeddings(outputs)
    logits = wrapped.scale * found[wrapped.modalities[0]] @ found["text"].T + wrapped.bias
    theirs = outputs.logits_per_audio if kind == "clap" else outputs.logits_per_image
    torch.testing.assert_close(logits, theirs, atol=1e-4, rtol=1e-4)
    for vectors in found.values():
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_are_those_of_the_processor_itself(models, kind):
    """Pictures as PIL, arrays or tensors: the tensors that the processor makes of PIL pictures."""
    from PIL import Image

    model, processor = models[kind]
    wrapped = mm.child.wrap(model, processor)
    given = values(wrapped)
    ours = wrapped.inputs(**given)
    if kind == "clap":
        clips = [samples for samples, _ in given["audio"]]
        theirs = processor(text=CAPTIONS, audio=clips, sampling_rate=8000, return_tensors="pt", padding=True)
        torch.testing.assert_close(ours["input_features"], theirs["input_features"])
    else:
        pictures = [Image.fromarray(pixels) for pixels in given["image"]]
        padding = {"padding": "max_length", "max_length": 16} if kind == "siglip" else {"padding": True}
        theirs = processor(text=CAPTIONS, images=pictures, return_tensors="pt", **padding)
        forms = {"PIL": pictures, "tensors": [torch.from_numpy(pixels).permute(2, 0, 1) for pixels in given["image"]]}
        for form in forms.values():
            assert torch.equal(wrapped.inputs(image=form)["pixel_values"], ours["pixel_values"])
        torch.testing.assert_close(ours["pixel_values"], theirs["pixel_values"])
    assert torch.equal(ours["input_ids"], theirs["input_ids"])


def test_grey_and_transparent_pictures_are_read_as_rgb(models):
    processing = Processing(models["clip"][1])
    grey = np.random.default_rng(1).integers(0, 256, (40, 40), dtype=np.uint8)
    three = np.repeat(grey[..., None], 3, axis=2)
    four = np.concatenate([three, np.full((40, 40, 1), 9, np.uint8)], axis=2)
    made = processing(image=[grey, three, four])["pixel_values"]
    assert torch.equal(made[0], made[1]) and torch.equal(made[1], made[2])


def test_texts_longer_than_the_context_are_cut_and_unknown_words_do_no_harm(models):
    model, processor = models["clip"]
    wrapped = mm.child.wrap(model, processor)
    tokens = wrapped.inputs(text=["dog " * 100, "xylophone dog", ""])["input_ids"]
    assert tokens.shape == (3, 16) and (tokens == processor.tokenizer.eos_token_id).sum(1).tolist() == [1, 1, 1]
    out = model(**wrapped.inputs(**{**values(wrapped), "text": ["dog " * 100, "xylophone", ""]}))
    assert bool(torch.isfinite(out.text_embeds).all())


def test_a_tokenizer_that_knows_no_longest_text_takes_the_models(models):
    model, processor = tiny("clip", CAPTIONS)
    processor.tokenizer.model_max_length = int(1e30)
    assert mm.child.wrap(model, processor).processing.context == 16
    model, processor = tiny("clap", CAPTIONS)
    processor.tokenizer.model_max_length = int(1e30)
    wrapped = mm.child.wrap(model, processor)
    assert wrapped.processing.context == 16  # 20 positions, of which RoBERTa's kind leaves 4 out
    assert bool(torch.isfinite(model(**wrapped.inputs(**{**values(wrapped), "text": ["dog " * 100] * 3})).text_embeds).all())


def test_long_recordings_are_cut_where_they_begin_and_no_global_generator_is_drawn_from(models):
    """CLAP's extractor would cut at random."""
    processing = Processing(models["clap"][1])
    ramp = np.linspace(-0.5, 0.5, 30000, dtype=np.float32) * np.sin(np.arange(30000) / 5).astype(np.float32)
    before = repr(np.random.get_state())  # noqa: NPY002
    made = [processing(audio=[(ramp, 8000)])["input_features"] for _ in range(3)]
    assert repr(np.random.get_state()) == before  # noqa: NPY002
    assert torch.equal(made[0], made[1]) and torch.equal(made[1], made[2])
    assert torch.equal(made[0], processing(audio=[(ramp[:8000], 8000)])["input_features"])


def test_fusion_marks_no_recording_at_random(models):
    _, processor = tiny("clap", CAPTIONS)
    processor.feature_extractor.truncation = "fusion"
    before = repr(np.random.get_state())  # noqa: NPY002
    made = Processing(processor)(audio=[(np.zeros(8000, np.float32), 8000)] * 8)
    assert not made["is_longer"].any() and repr(np.random.get_state()) == before  # noqa: NPY002


def test_other_rates_and_channels_are_brought_to_the_models(models):
    """A tone at twice the rate in two channels is the same tone."""
    processing = Processing(models["clap"][1])
    tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32) * 0.5
    slow = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000).astype(np.float32) * 0.5
    made = processing(audio=[(np.stack([tone, tone]), 16000), (slow, 8000)])["input_features"]
    inner = made[:, :, 4:-4]  # at its ends a resampler has less to go on
    assert float((inner[0] - inner[1]).abs().mean()) < 1.0 and int((inner[0].mean(1).argmax() - inner[1].mean(1).argmax()).abs()) <= 1


def test_the_factor_on_cosines_stays_in_its_bounds(models):
    model, processor = tiny("clip", CAPTIONS)
    wrapped = mm.child.wrap(model, processor)
    for given, kept in ((7.0, 100.0), (-1.0, 1.0), (3.0, float(np.exp(3.0)))):
        model.logit_scale.data.fill_(given)
        wrapped.clamp()
        assert wrapped.scale.item() == pytest.approx(kept, rel=1e-5)
    model, processor = tiny("siglip", CAPTIONS)
    model.logit_scale.data.fill_(4.77)  # what google/siglip-base has learnt: 118
    mm.child.wrap(model, processor).clamp()
    assert model.logit_scale.item() == pytest.approx(4.77)


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_made_here_is_read_again(models, kind, tmp_path):
    from transformers import AutoModel, AutoProcessor

    model, processor = models[kind]
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of transformers, on its own files
        again = mm.child.wrap(AutoModel.from_pretrained(tmp_path), AutoProcessor.from_pretrained(tmp_path))
    wrapped = mm.child.wrap(model, processor)
    model.eval()
    given = values(wrapped)
    assert again.processing.context == wrapped.processing.context == 16
    for name, vectors in again(again.inputs(**given)).items():
        torch.testing.assert_close(vectors, wrapped(wrapped.inputs(**given))[name])


# -- what does not fit ----------------------------------------------------------------------------------------------------------------


def test_a_processor_of_another_modality_is_told(models):
    with pytest.raises(ProcessorError, match="CLAP pairs audio and text; its processor must read both, got CLIPProcessor, which reads"):
        mm.child.wrap(models["clap"][0], models["clip"][1])
    with pytest.raises(ProcessorError, match=r"two or more of image_processor, feature_extractor, tokenizer, got .* with none of them"):
        mm.child.wrap(models["clip"][0], object())
    with pytest.raises(ProcessorError, match="got CLIPImageProcessor with none of them; a tokenizer and an image processor are joined by"):
        mm.child.wrap(models["clip"][0], models["clip"][1].image_processor)


def test_a_model_of_another_kind_is_told(models):
    from transformers import BertConfig, BertModel

    small = BertModel(BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9))
    with pytest.raises(ProcessorError, match="the model must be one of CLIP, SigLIP, VisionTextDualEncoder, CLAP, got BertModel"):
        mm.child.wrap(small, models["clip"][1])


def test_a_tokenizer_with_more_words_than_the_model_is_told(models):
    _, processor = tiny("clip", [*CAPTIONS, "zebra quagga okapi"])
    with pytest.raises(ProcessorError, match=r"CLIP: the tokenizer must have at most the model's \d+ tokens, got"):
        mm.child.wrap(models["clip"][0], processor)


def test_a_text_that_clip_would_read_in_the_wrong_place_is_told():
    """Without the end token CLIP reads the first place of every text: all would be alike, and nobody told."""
    model, processor = tiny("clip", CAPTIONS)
    model.config.text_config.eos_token_id = 5
    with pytest.raises(ProcessorError, match=r"CLIP reads a text at its end token, 5 in the config; .* its end token is 1; load both"):
        mm.child.wrap(model, processor)
    model.config.text_config.eos_token_id = 2
    with pytest.raises(ProcessorError, match="at its highest token"):
        mm.child.wrap(model, processor)


def test_pictures_of_another_size_are_told(models):
    model, processor = tiny("clip", CAPTIONS)
    processor.image_processor.crop_size = {"height": 24, "width": 24}
    with pytest.raises(ProcessorError, match=r"takes pictures of 32 x 32 pixels, and the processor makes 24 x 24 of one; set its size"):
        mm.child.wrap(model, processor)


def test_other_mel_bands_are_told(models):
    from transformers import ClapFeatureExtractor

    _, processor = tiny("clap", CAPTIONS)
    processor.feature_extractor = ClapFeatureExtractor(
        feature_size=32, sampling_rate=8000, hop_length=128, max_length_s=1, frequency_max=4000
    )
    with pytest.raises(ProcessorError, match="the model hears 64 mel bands, and the processor makes 32"):
        mm.child.wrap(models["clap"][0], processor)
