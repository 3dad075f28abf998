"""The child itself: small towers of CLIP's kind for pictures, texts and log-mel pictures of sound, into one space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPVisionConfig, CLIPVisionModelWithProjection

from mmaug.child.config import ChildConfig, ChildError
from mmaug.child.tokenizer import BOS, EOS, PAD
from mmaug.neural.words import Asked, through

MODALITIES = ("image", "text", "audio")
EMBEDDED = "towers.text.text_model.embeddings.token_embedding.weight"
"""The weight that holds the vectors of words."""

LARGEST_SCALE = math.log(100.0)
"""Of the logarithm of the factor on cosines, as in CLIP's own training."""


class Child(nn.Module):
    """A tower a modality; `child({"image": pixels, "text": tokens})` gives unit vectors by modality.

    config: the architecture. vocabulary: how many words there are. modalities: two or more of "image", "text", "audio". seed: of the
    initial weights; the global generator is left as it was. scale: the factor on cosines at the start.
    Source: Radford et al. 2021, "Learning transferable visual models" (CLIP), figure 3; the towers are transformers' own.
    """

    def __init__(self, config: ChildConfig, vocabulary: int, modalities: Sequence[str], *, seed: int = 0, scale: float = 10.0):
        super().__init__()
        if len(set(modalities) & set(MODALITIES)) < 2 or len(set(modalities)) != len(modalities):
            raise ChildError(f"Child: modalities must be two or more of {', '.join(MODALITIES)}, got {list(modalities)}")
        self.config, self.vocabulary = config, vocabulary
        self.modalities = tuple(name for name in MODALITIES if name in modalities)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.towers = nn.ModuleDict({name: _tower(name, config, vocabulary) for name in self.modalities})
        self.logit_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.logit_bias = nn.Parameter(torch.tensor(0.0))

    def forward(self, given: Mapping[str, Tensor], asked: Sequence[Asked] = ()) -> dict[str, Tensor]:
        """Unit vectors float [n, projection] of what is given: image float [n, 3, s, s] in [-1, 1], text int64 [n, length], audio float
        [n, 1, mels, frames]. asked: the networks that the vectors of each text's words go through.
        """
        with through(self.words, asked) if any(asked) else nullcontext():
            return {name: F.normalize(_project(self.towers[name], name, x), dim=1) for name, x in given.items()}

    @property
    def words(self) -> nn.Module:
        """The layer that holds the vectors of words. Raises: AttributeError for a child that reads no text."""
        return self.get_submodule(EMBEDDED.removesuffix(".weight"))

    @property
    def scale(self) -> Tensor:
        """The factor on cosines."""
        return self.logit_scale.exp()

    def clamp(self) -> None:
        """Keep the factor on cosines within 1 to 100; called after every step."""
        with torch.no_grad():
            self.logit_scale.clamp_(0.0, LARGEST_SCALE)


def _project(tower: Any, name: str, x: Tensor) -> Tensor:
    """The mean over patches or words, projected: a small child learns faster from it than from one token that has to gather all."""
    if isinstance(tower, Convolution):
        return tower(x)
    if name == "text":
        words = (x != PAD).unsqueeze(2)
        hidden = tower.text_model(input_ids=x).last_hidden_state
        return tower.text_projection((hidden * words).sum(1) / words.sum(1))
    hidden = tower.vision_model(pixel_values=x).last_hidden_state[:, 1:].mean(1)
    return tower.visual_projection(tower.vision_model.post_layernorm(hidden))


def _tower(name: str, config: ChildConfig, vocabulary: int) -> nn.Module:
    size = {
        "hidden_size": config.width, "intermediate_size": 4 * config.width, "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads, "projection_dim": config.projection,
    }  # fmt: skip
    if name == "text":
        special = {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD}
        text = CLIPTextConfig(vocab_size=vocabulary, max_position_embeddings=config.context, **size, **special)  # type: ignore[arg-type]
        return _quickened(CLIPTextModelWithProjection(text))
    side, patch, channels = (config.image_size, config.patch, 3) if name == "image" else (config.mels, config.audio_patch, 1)
    if (config.image_tower if name == "image" else config.audio_tower) == "convolution":
        return Convolution(channels, max(patch // 2, 1), config)
    picture = CLIPVisionConfig(image_size=side, patch_size=patch, num_channels=channels, **size)  # type: ignore[arg-type]
    return _quickened(CLIPVisionModelWithProjection(picture))


def _quickened(tower: nn.Module) -> nn.Module:
    """Initial weights for a training of a hundred steps: words, places and patches large enough to be told apart from the first step, and
    layers that begin as the identity. CLIP's own begin with all pictures alike, and take thousands of steps to leave that.

    Source: Zhang et al. 2019, "Fixup initialization", section 3 (the last weights of a residual branch are 0).
    """
    with torch.no_grad():
        for name, weights in tower.named_parameters():
            if name.endswith(("out_proj.weight", "fc2.weight")):
                weights.zero_()
            elif name.endswith(("token_embedding.weight", "position_embedding.weight")):
                weights.mul_(50.0)  # CLIP's 0.02 to 1
            elif name.endswith("patch_embedding.weight"):
                weights.mul_(10.0)  # to 0.2
    return tower


class Convolution(nn.Module):
    """A stem that takes patches of half the transformer's side, residual convolutions, the means over a grid of places, a projection.

    Source: He et al. 2016, "Identity mappings in deep residual networks" (pre-activation), with group norm for small batches.
    """

    GRID = 4

    def __init__(self, channels: int, stride: int, config: ChildConfig):
        super().__init__()
        groups = math.gcd(8, config.width)
        self.stem = nn.Conv2d(channels, config.width, stride, stride)
        self.norms = nn.ModuleList(nn.GroupNorm(groups, config.width) for _ in range(config.layers + 1))
        self.blocks = nn.ModuleList(
            nn.Conv2d(config.width, config.width, config.kernel, padding=config.kernel // 2) for _ in range(config.layers)
        )
        self.projection = nn.Linear(config.width * self.GRID**2, config.projection, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """float [n, channels, s, s] to float [n, projection]."""
        x = self.stem(x)
        for norm, block in zip(self.norms, self.blocks, strict=False):
            x = x + block(F.gelu(norm(x)))
        return self.projection(F.adaptive_avg_pool2d(F.gelu(self.norms[-1](x)), self.GRID).flatten(1))
