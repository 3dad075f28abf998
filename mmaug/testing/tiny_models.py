"""Tiny CLIP, SigLIP, VisionTextDualEncoder and CLAP models with random weights, and processors that fit them; no network.

For tests, examples and trying a training set-up before the real model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmaug.child.tokenizer import BOS, EOS, PAD, build_tokenizer

CONTEXT = 16
SIDE = 32
RATE = 8000

_TOWER: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
_TOKENS: dict[str, Any] = {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD}


def tiny(kind: str, captions: Iterable[str], *, seed: int = 0) -> tuple[Any, Any]:
    """A model and its processor. kind: "clip", "siglip", "vision-text-dual-encoder" or "clap". captions: whose words it knows.

    Pictures of 32 x 32 pixels, 16 tokens a text, one second of sound at 8 kHz.
    """
    import torch

    tokenizer = build_tokenizer(captions)
    tokenizer.model_max_length = CONTEXT
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return {"clip": _clip, "siglip": _siglip, "vision-text-dual-encoder": _dual, "clap": _clap}[kind](tokenizer)


def _text(tokenizer: Any) -> dict[str, Any]:
    return {**_TOWER, **_TOKENS, "vocab_size": len(tokenizer), "max_position_embeddings": CONTEXT}


def _clip(tokenizer: Any) -> tuple[Any, Any]:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    size = {"height": SIDE, "width": SIDE}
    vision = {**_TOWER, "image_size": SIDE, "patch_size": 8}
    model = CLIPModel(CLIPConfig(text_config=_text(tokenizer), vision_config=vision, projection_dim=32))
    return model, CLIPProcessor(CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=size), tokenizer)


def _siglip(tokenizer: Any) -> tuple[Any, Any]:
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    text = {**_text(tokenizer), "projection_size": 32}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config={**_TOWER, "image_size": SIDE, "patch_size": 8}))
    return model, SiglipProcessor(SiglipImageProcessor(size={"height": SIDE, "width": SIDE}), tokenizer)


def _dual(tokenizer: Any) -> tuple[Any, Any]:
    from transformers import (
        BertConfig,
        BertModel,
        VisionTextDualEncoderConfig,
        VisionTextDualEncoderModel,
        VisionTextDualEncoderProcessor,
        ViTConfig,
        ViTImageProcessor,
        ViTModel,
    )

    vision, text = ViTConfig(**_TOWER, image_size=SIDE, patch_size=8), BertConfig(**_text(tokenizer))
    joined = VisionTextDualEncoderConfig.from_vision_text_configs(vision, text, projection_dim=32)
    model = VisionTextDualEncoderModel(joined, ViTModel(vision), BertModel(text))
    return model, VisionTextDualEncoderProcessor(ViTImageProcessor(size={"height": SIDE, "width": SIDE}), tokenizer)


def _clap(tokenizer: Any) -> tuple[Any, Any]:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

    text = {**_text(tokenizer), "max_position_embeddings": CONTEXT + PAD + 1, "projection_dim": 32}
    audio = {
        "spec_size": 64, "num_mel_bins": 64, "patch_size": 4, "patch_stride": [4, 4], "window_size": 4, "patch_embeds_hidden_size": 24,
        "depths": [1, 1], "num_attention_heads": [2, 2], "hidden_size": 48, "projection_dim": 32, "enable_fusion": False,
    }  # fmt: skip
    model = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=32))
    extractor = ClapFeatureExtractor(
        feature_size=64, sampling_rate=RATE, hop_length=128, fft_window_size=512, max_length_s=1, frequency_max=RATE // 2,
        truncation="rand_trunc", padding="repeatpad",
    )  # fmt: skip
    return model, ClapProcessor(extractor, tokenizer)
