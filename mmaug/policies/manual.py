"""A strong policy made by hand: what practice in contrastive learning has settled on, for each modality."""

from __future__ import annotations

from collections.abc import Sequence

from mmaug.policies.uniform import known
from mmaug.policy import Policy, op


def manual_strong(modalities: Sequence[str] = ("image",)) -> Policy:
    """For each modality what people combine by hand, strongly: the baseline that a search has to beat.

    modalities: of "image", "text", "audio".
    Raises: PolicyError for another modality.
    Source: of each choice, beside it.
    """
    parts = {"image": _image, "text": _text, "audio": _audio}
    return Policy.sequence(*(parts[modality]() for modality in known(modalities)))


def _image() -> Policy:
    return Policy.sequence(
        # SLIP (Mu et al. 2022) crops half of the picture or more where there are captions; SimCLR's 0.08 loses what they name
        op("image.random_resized_crop", scale=(0.5, 1.0), ratio=(3 / 4, 4 / 3)),
        op("image.horizontal_flip", p=0.5),  # SimCLR (Chen et al. 2020), appendix A
        Policy.sequence(  # MoCo v2 (Chen et al. 2020), section 3: colour jitter 0.4, 0.4, 0.4, 0.1 with probability 0.8
            op("image.brightness", factor=(0.6, 1.4)),
            op("image.contrast", factor=(0.6, 1.4)),
            op("image.saturation", factor=(0.6, 1.4)),
            op("image.hue", degrees=(-36, 36)),  # 0.1 of a turn
            p=0.8,
        ),
        op("image.to_gray", p=0.2),  # SimCLR, appendix A
        op("image.gaussian_blur", p=0.5, sigma=(0.1 / 224, 2.0 / 224)),  # SimCLR: sigma 0.1 to 2 pixels of 224
    )


def _text() -> Policy:
    return Policy.sequence(
        op("text.choose_caption"),  # one of the captions of a picture a time, as CLIP's training does with several
        op("text.synonym", p=0.5, share=(0.1, 0.2)),  # EDA (Wei and Zou 2019), section 2: a tenth of the words
        op("text.delete_words", p=0.5, share=(0.1, 0.2)),  # the same
    )


def _audio() -> Policy:
    return Policy.sequence(
        op("audio.gain", p=0.5, db=(-6, 6)),  # audiomentations, Gain: half of its default reach, in decibels
        op("audio.time_shift", p=0.5, fraction=(-0.25, 0.25)),  # Piczak 2015, section 3: random time delays
        op("audio.time_stretch", p=0.5, rate=(0.9, 1.1)),  # Salamon and Bello 2017, section II-B: about the milder of its rates
        op("audio.gaussian_noise", p=0.5, snr_db=(10, 30)),  # Snyder et al. 2018 (x-vectors), 3.3: noise at 0 to 15 dB; milder here
        op("audio.time_mask", p=0.5, fraction=(0.0, 0.1)),  # SpecAugment (Park et al. 2019), section 2
        op("audio.frequency_mask", p=0.5, width=(0.0, 0.2)),  # the same; there at most 27 of 80 bands
    )
