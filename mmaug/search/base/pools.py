"""The ops that a space has where none are named, for each modality."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmaug.policies import uniform

IDENTITY = "identity"
"""What stands in a slot in place of the name of an op: leave this modality as it is."""

MODALITIES = uniform.MODALITIES

IMAGE_OPS = tuple(
    "image.auto_contrast image.equalize image.rotate image.solarize image.saturation image.posterize image.contrast image.brightness"
    " image.sharpness image.shear_x image.shear_y image.translate_x image.translate_y image.invert image.cutout"
    " image.horizontal_flip image.random_resized_crop image.hue image.to_gray image.gaussian_blur".split()
)
"""AutoAugment's ops but for the mixing of pairs, and what training on pictures with captions adds to them."""

POOLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"image": IMAGE_OPS, "text": uniform.TEXT_OPS, "audio": (*uniform.AUDIO_OPS, "audio.swap_channels")}
)
