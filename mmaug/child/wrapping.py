"""Models of others behind one face: CLIP, SigLIP, VisionTextDualEncoder and CLAP, with what their losses need of them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmaug.child.processing import Processing, ProcessorError
from mmaug.modalities.audio.values import AudioClip

LARGEST_SCALE = math.log(100.0)
"""Of the logarithm of the factor on cosines, as in CLIP's own training; SigLIP's has no bound."""


@dataclass(frozen=True, slots=True)
class Family:
    """What models of a kind have in common.

    outputs: by modality the name of the embedding among a model's outputs. scales: its parameters that hold logarithms of the factor on
    cosines; of two, the mean counts. bias: the parameter added to the logits. pairing: the loss that it was made for. logits: for each
    scale the output that holds cosines times it.
    """

    name: str
    outputs: Mapping[str, str]
    scales: tuple[str, ...]
    bias: str | None
    pairing: str
    logits: tuple[str, ...]


_PICTURES = {"image": "image_embeds", "text": "text_embeds"}
FAMILIES = {
    "clip": Family("CLIP", _PICTURES, ("logit_scale",), None, "contrastive", ("logits_per_image",)),
    "siglip": Family("SigLIP", _PICTURES, ("logit_scale",), "logit_bias", "sigmoid", ("logits_per_image",)),
    "vision-text-dual-encoder": Family("VisionTextDualEncoder", _PICTURES, ("logit_scale",), None, "contrastive", ("logits_per_image",)),
    "clap": Family(
        "CLAP", {"audio": "audio_embeds", "text": "text_embeds"}, ("logit_scale_a", "logit_scale_t"), None, "contrastive",
        ("logits_per_audio", "logits_per_text"),
    ),
}  # fmt: skip
"""By `config.model_type`."""

AFTER_PADDING = ("clap_text_model", "roberta", "xlm-roberta", "camembert")
"""Text towers whose first position is the one after the padding's number."""


def wrap(model: nn.Module, processor: Any) -> Wrapped:
    """A model and its processor behind one face: embeddings by modality, scale and bias, rows to inputs.

    model: CLIPModel, SiglipModel, VisionTextDualEncoderModel or ClapModel, from a checkpoint or a config.
    Raises: ProcessorError for another model, or a processor that does not fit it (told apart by a try on blank values).
    """
    family = family_of(model)
    processing = Processing(processor, _context(model))
    if missing := family.outputs.keys() - set(processing.modalities):
        got = ", ".join(processing.modalities)
        raise ProcessorError(
            f"{family.name} pairs {' and '.join(family.outputs)}; its processor must read both, got {type(processor).__name__}, "
            f"which reads {got}, not {', '.join(sorted(missing))}; load the processor from the model's own checkpoint"
        )
    _check_texts(model, family, processing)
    _check_values(model, processing)
    return Wrapped(model, processing, family)


def family_of(model: Any) -> Family:
    """What kind of model it is. Raises: ProcessorError for one that is not known."""
    kind = getattr(getattr(model, "config", None), "model_type", None)
    if kind not in FAMILIES:
        known = ", ".join(family.name for family in FAMILIES.values())
        raise ProcessorError(f"the model must be one of {known}, got {type(model).__name__} (model_type {kind!r})")
    return FAMILIES[kind]


@dataclass(frozen=True, eq=False)
class Wrapped:
    """A model and its processor; made by `wrap`."""

    model: Any
    processing: Processing
    family: Family

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it embeds, as "image", "audio", "text"."""
        return tuple(self.family.outputs)

    @property
    def pairing(self) -> str:
        """The loss that it was made for, as for `mm.losses.CrossModalConsistency`."""
        return self.family.pairing

    def inputs(self, **values: Sequence[Any]) -> dict[str, Tensor]:
        """The model's inputs for values by modality: `wrapped.inputs(image=[...], text=[...])`."""
        return self.taken(self.processing(**{name: values[name] for name in self.modalities if name in values}))

    def taken(self, made: Mapping[str, Any]) -> dict[str, Any]:
        """Those of some named values that the model takes; a tokenizer may make more."""
        names = inspect.signature(self.model.forward).parameters
        return {name: value for name, value in made.items() if name in names and name != "return_loss"}

    def embeddings(self, outputs: Any) -> dict[str, Tensor]:
        """Unit vectors float [n, d] by modality, of what the model gave."""
        return {name: F.normalize(outputs[at], dim=-1) for name, at in self.family.outputs.items()}

    def __call__(self, given: Mapping[str, Any]) -> dict[str, Tensor]:
        """Unit vectors by modality for the model's inputs."""
        return self.embeddings(self.model(**self.taken(given)))

    @property
    def scale(self) -> Tensor:
        """The factor on cosines, with its gradient; of CLAP's two the geometric mean."""
        logs = [getattr(self.model, name) for name in self.family.scales]
        return torch.stack([log.reshape(()) for log in logs]).mean().exp()

    @property
    def bias(self) -> Tensor | float:
        """What is added to the logits."""
        return getattr(self.model, self.family.bias).reshape(()) if self.family.bias else 0.0

    @property
    def words(self) -> nn.Module:
        """The layer that holds the vectors of words."""
        return self.model.text_model.get_input_embeddings()

    def clamp(self) -> None:
        """Keep the factor on cosines within 1 to 100; called after every step. SigLIP's is left alone."""
        if self.pairing == "contrastive":
            with torch.no_grad():
                for name in self.family.scales:
                    getattr(self.model, name).clamp_(0.0, LARGEST_SCALE)


def _config(model: Any, part: str, name: str) -> Any:
    """A number of the model's text, vision or audio configuration, or None."""
    return getattr(getattr(model.config, f"{part}_config", None), name, None)


def _context(model: Any) -> int | None:
    """How many tokens a text may have. RoBERTa's kind count positions from the one after that of the padding."""
    positions = _config(model, "text", "max_position_embeddings")
    if positions is not None and _config(model, "text", "model_type") in AFTER_PADDING:
        return positions - (_config(model, "text", "pad_token_id") or 0) - 1
    return positions


def _check_texts(model: Any, family: Family, processing: Processing) -> None:
    tokenizer, words = processing.parts["text"], _config(model, "text", "vocab_size")
    if words is not None and len(tokenizer) > words:
        raise ProcessorError(
            f"{family.name}: the tokenizer must have at most the model's {words} tokens, got {len(tokenizer)}; "
            "load both from one checkpoint, or call model.resize_token_embeddings"
        )
    end = _config(model, "text", "eos_token_id")
    if family.name != "CLIP" or end is None:
        return
    ours = processing(text=["a"])["input_ids"][0].tolist()
    read = max(ours) if end == 2 else end  # an old config says 2, and then the highest token of a text is where it is read
    if tokenizer.eos_token_id != read or read not in ours:
        where = "at its highest token (the config's end token is 2, of old)" if end == 2 else f"at its end token, {end} in the config"
        raise ProcessorError(
            f"CLIP reads a text {where}; the tokenizer must end texts with it, got {ours} for 'a', and its end token is "
            f"{tokenizer.eos_token_id}; load both from one checkpoint, or give text_config.eos_token_id the tokenizer's number"
        )


def _check_values(model: Any, processing: Processing) -> None:
    """Give the processor blank values and see whether the model would take what it makes."""
    side = _config(model, "vision", "image_size")
    if "image" in processing.parts and side is not None:
        made = list(processing(image=[np.zeros((48, 64, 3), np.uint8)])["pixel_values"].shape[-2:])
        wanted = [side, side] if isinstance(side, int) else list(side)
        if made != wanted:
            raise ProcessorError(
                f"the model takes pictures of {wanted[0]} x {wanted[1]} pixels, and the processor makes {made[0]} x {made[1]} of one; "
                f'set its size and crop_size to {{"height": {wanted[0]}, "width": {wanted[1]}}}'
            )
    bands = _config(model, "audio", "num_mel_bins")
    if "audio" in processing.parts and bands is not None:
        rate = int(processing.parts["audio"].sampling_rate)
        made = processing(audio=[AudioClip(np.zeros(rate, np.float32), rate)])["input_features"].shape
        if made[-1] != bands:
            raise ProcessorError(
                f"the model hears {bands} mel bands, and the processor makes {made[-1]}; load the processor from the model's own "
                "checkpoint, or set its feature_size"
            )
        most = _config(model, "audio", "spec_size") * max(_config(model, "audio", "spec_size") // bands, 1)
        if made[-2] > most:
            raise ProcessorError(
                f"the model hears at most {most} frames of sound, and the processor makes {made[-2]}; set its max_length_s or hop_length"
            )
