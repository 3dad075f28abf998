"""What a HuggingFace processor makes of values: pictures, texts and recordings as the tensors that its model takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.errors import MmaugError
from mmaug.modalities.audio import resampling
from mmaug.modalities.audio import values as audio_values
from mmaug.modalities.image import values as image_values
from mmaug.schema import MISSING

PARTS = {"image": "image_processor", "audio": "feature_extractor", "text": "tokenizer"}
"""By modality the part of a processor that reads it; in the order in which a batch holds them."""

UNBOUNDED = 1_000_000
"""Tokenizers that know no longest text say a number above this."""

BLANK = np.zeros((32, 32, 3), np.uint8)
"""What stands for a picture that a row lacks."""


class ProcessorError(MmaugError):
    """A processor is missing a part, or does not fit its model."""


class Processing:
    """A processor taken apart: `processing(image=[...], text=[...])` gives the tensors.

    processor: CLIPProcessor, SiglipProcessor, VisionTextDualEncoderProcessor, ClapProcessor, or anything with two or more of the
    attributes image_processor, feature_extractor and tokenizer. context: tokens of a text at most; default what the tokenizer says.
    Nothing is normalised before the processor does.
    Raises: ProcessorError for fewer than two parts.
    """

    def __init__(self, processor: Any, context: int | None = None):
        self.processor = processor
        self.parts = {name: part for name, at in PARTS.items() if (part := getattr(processor, at, None)) is not None}
        if len(self.parts) < 2:
            raise ProcessorError(
                f"a processor must have two or more of {', '.join(PARTS.values())}, got {type(processor).__name__} with "
                f"{', '.join(PARTS[name] for name in self.parts) or 'none of them'}; a tokenizer and an image processor are joined by "
                "transformers.VisionTextDualEncoderProcessor(image_processor, tokenizer)"
            )
        told = int(getattr(self.parts.get("text"), "model_max_length", UNBOUNDED))
        known = [length for length in (told, context) if length is not None and length < UNBOUNDED]
        self.context = min(known) if known else None

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that it reads."""
        return tuple(self.parts)

    def __call__(self, **values: Sequence[Any]) -> dict[str, Tensor]:
        """The tensors of some values by modality; MISSING stands for what a row lacks, and becomes silence or black.

        image: pictures in any form of `mm.Image`. text: strings. audio: recordings in any form of `mm.Audio`.
        """
        made: dict[str, Tensor] = {}
        for name in self.parts:
            if name in values:
                made.update(getattr(self, f"_{name}")(list(values[name])))
        return made

    def _image(self, pictures: list[Any]) -> Mapping[str, Tensor]:
        planes = [torch.from_numpy(_pixels(picture)).permute(2, 0, 1) for picture in pictures]
        return self.parts["image"](planes, return_tensors="pt", input_data_format="channels_first")

    def _text(self, texts: list[Any]) -> Mapping[str, Tensor]:
        """Texts longer than the context are cut. SigLIP reads a text at its last token, so every text is padded to the context."""
        fixed = self.context is not None and "siglip" in f"{type(self.processor).__name__} {type(self.parts['text']).__name__}".lower()
        padding = "max_length" if fixed else "longest"
        given = ["" if text is MISSING else text for text in texts]
        return self.parts["text"](given, padding=padding, truncation=self.context is not None, max_length=self.context, return_tensors="pt")

    def _audio(self, clips: list[Any]) -> Mapping[str, Tensor]:
        """Mono, at the extractor's rate, and no longer than it takes: what is longer it would cut where a global generator says."""
        extractor = self.parts["audio"]
        rate, longest = int(extractor.sampling_rate), getattr(extractor, "nb_max_samples", None)
        heard = [_mono(clip, rate)[:longest] for clip in clips]
        with _global_state_kept():
            made = dict(extractor(heard, sampling_rate=rate, return_tensors="pt"))
        if "is_longer" in made:  # none is; with truncation="fusion" the extractor marks one at random
            made["is_longer"] = torch.zeros_like(made["is_longer"])
        return made


def _pixels(picture: Any) -> np.ndarray:
    """A picture as uint8 [h, w, 3]; of frames the one in the middle."""
    if picture is MISSING:
        return BLANK
    image_values.look(picture, "a picture for the processor")
    value = picture[len(picture) // 2] if isinstance(picture, (list, tuple)) else picture
    pixels = image_values.to_pixels(value)[0][..., :3]
    return np.ascontiguousarray(pixels) if pixels.flags.writeable else pixels.copy()


def _mono(clip: Any, rate: int) -> np.ndarray:
    """A recording as float32 [samples] at a rate, all channels mixed."""
    if clip is MISSING:
        return np.zeros(rate, np.float32)
    where = "a recording for the processor"
    own, (samples, _) = audio_values.listen(clip, where).rate, audio_values.to_samples(clip, where)
    mixed = samples.mean(0, keepdims=True)
    return np.ascontiguousarray((mixed if own == rate else resampling.resampled(mixed, own, rate))[0], np.float32)


@contextmanager
def _global_state_kept() -> Iterator[None]:
    """Leave numpy's global generator as it was, whatever others draw from it."""
    state = np.random.get_state()  # noqa: NPY002 - it is only kept
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
