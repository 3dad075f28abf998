"""Every transform of albumentations 2.0.8 for pictures: what each does to the world, and which are left out, with the reason.

A plain table, so that nobody waits for the import of albumentations; a test compares it with the installed package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

VERSION = "2.0.8"
"""The version of albumentations that the table was made for, its last."""

EFFECTS = ("moves", "covers", "recolours", "balances", "blinds", "blur", "noise", "coarse", "fog", "shadow", "sharp")
"""What a transform may do. moves: pixels change their places. covers: rectangles are overpainted. recolours: one function of colour,
the same for every picture. balances: colours change in a way that depends on the picture or the place. blinds: parts may become so
pale, dark or painted over that nothing is seen in them. The others are faults of a picture (`effects.picture`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One transform: its class, what it does, and arguments for it where it needs some and none are given."""

    cls: str
    does: tuple[str, ...]
    usual: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name among the ops, without "image."."""
        return f"alb.{snake(self.cls)}"


def snake(cls: str) -> str:
    """The name of a class in words: ISONoise is iso_noise, D4 is d4."""
    parted = re.sub(r"([A-Za-z0-9])([A-Z][a-z]+)", r"\1_\2", cls)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", parted).lower()


_MOVES = """
Affine D4 ElasticTransform GridDistortion HorizontalFlip OpticalDistortion Perspective PiecewiseAffine RandomCropFromBorders
RandomGridShuffle RandomRotate90 RandomScale Rotate SafeRotate ShiftScaleRotate SquareSymmetry ThinPlateSpline TimeReverse Transpose
VerticalFlip
"""

_MOVES_BY: dict[str, dict[str, Any]] = {
    "CenterCrop": {"height": 224, "width": 224, "pad_if_needed": True},
    "Crop": {"x_max": 224, "y_max": 224, "pad_if_needed": True},
    "CropAndPad": {"percent": [-0.1, 0.1]},
    "GridElasticDeform": {"num_grid_xy": [4, 4], "magnitude": 5},
    "LongestMaxSize": {"max_size": 224},
    "Pad": {"padding": 16},
    "PadIfNeeded": {"min_height": 224, "min_width": 224},
    "RandomCrop": {"height": 224, "width": 224, "pad_if_needed": True},
    "RandomResizedCrop": {"size": [224, 224]},
    "RandomSizedCrop": {"min_max_height": [112, 224], "size": [224, 224]},
    "Resize": {"height": 224, "width": 224},
    "SmallestMaxSize": {"max_size": 224},
}

_COVERS: dict[str, dict[str, Any]] = {
    "CoarseDropout": {},
    "Erasing": {},
    "FrequencyMasking": {},
    "GridDropout": {},
    "TimeMasking": {},
    "XYMasking": {"num_masks_x": [1, 2], "num_masks_y": [1, 2], "mask_x_length": [1, 20], "mask_y_length": [1, 20]},
}

_RECOLOURS = """
ChannelDropout ChannelShuffle HueSaturationValue InvertImg PlanckianJitter Posterize RGBShift RandomGamma RandomToneCurve Solarize
ToGray ToSepia
"""

_BALANCES = """
AutoContrast CLAHE ColorJitter Equalize FancyPCA HEStain PlasmaBrightnessContrast RandomBrightnessContrast
"""

_SPOILS: dict[str, tuple[str, ...]] = {
    "AdditiveNoise": ("balances", "noise"),
    "AdvancedBlur": ("blur",),
    "Blur": ("blur",),
    "ChromaticAberration": ("blur",),
    "Defocus": ("blur",),
    "Downscale": ("coarse",),
    "Emboss": ("balances", "sharp"),
    "GaussNoise": ("balances", "noise"),
    "GaussianBlur": ("blur",),
    "GlassBlur": ("blur",),
    "ISONoise": ("noise",),
    "Illumination": ("balances", "shadow"),
    "ImageCompression": ("coarse",),
    "MedianBlur": ("blur",),
    "Morphological": ("blur",),
    "MotionBlur": ("blur",),
    "MultiplicativeNoise": ("balances", "noise"),
    "PixelDropout": ("noise",),
    "PlasmaShadow": ("balances", "shadow"),
    "RandomFog": ("balances", "blinds", "fog"),
    "RandomGravel": ("blinds", "noise"),
    "RandomRain": ("balances", "blinds", "noise", "fog"),
    "RandomShadow": ("blinds", "shadow"),
    "RandomSnow": ("balances", "blinds", "noise"),
    "RandomSunFlare": ("balances", "blinds", "fog"),
    "RingingOvershoot": ("blur", "sharp"),
    "SaltAndPepper": ("noise",),
    "Sharpen": ("balances", "sharp"),
    "ShotNoise": ("noise",),
    "Spatter": ("blinds", "noise"),
    "Superpixels": ("coarse",),
    "UnsharpMask": ("sharp",),
    "ZoomBlur": ("blur",),
}

_ENTRIES = (
    *(Entry(cls, ("moves",)) for cls in _MOVES.split()),
    *(Entry(cls, ("moves",), usual) for cls, usual in _MOVES_BY.items()),
    *(Entry(cls, ("covers",), usual) for cls, usual in _COVERS.items()),
    *(Entry(cls, ("recolours",)) for cls in _RECOLOURS.split()),
    *(Entry(cls, ("balances",)) for cls in _BALANCES.split()),
    *(Entry(cls, does) for cls, does in _SPOILS.items()),
)

CATALOGUE: Mapping[str, Entry] = MappingProxyType({entry.cls: entry for entry in sorted(_ENTRIES, key=lambda entry: entry.name)})
"""By class; every one is the op `image.alb.<snake case of the class>`."""

_VOLUME = "takes volumes, not pictures"
_BOXES = "chooses by the row's own boxes or masks, which a plan does not know; here a crop or cover that loses what a text names is vetoed"
_REFERENCE = "needs other pictures; a pair of rows is mixed by mix.* ops"

LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("CenterCrop3D", "CoarseDropout3D", "CubicSymmetry", "Pad3D", "PadIfNeeded3D", "RandomCrop3D", "ToTensor3D"), _VOLUME
        ),
        **dict.fromkeys(
            (
                "AtLeastOneBBoxRandomCrop",
                "BBoxSafeRandomCrop",
                "ConstrainedCoarseDropout",
                "CropNonEmptyMaskIfExists",
                "MaskDropout",
                "RandomCropNearBBox",
                "RandomSizedBBoxSafeCrop",
            ),
            _BOXES,
        ),
        **dict.fromkeys(("FDA", "HistogramMatching", "Mosaic", "OverlayElements", "PixelDistributionAdaptation"), _REFERENCE),
        "TextImage": "writes text into the picture from a font file and a column of its own",
        "Lambda": "runs a function, which no policy file can hold; register an op instead",
        "NoOp": "does nothing; Policy.sequence() says that",
        "ToRGB": "makes three channels of one, which every picture here has on its way already",
        **dict.fromkeys(
            ("FromFloat", "Normalize", "ToFloat", "ToTensorV2"), "gives something else than an 8-bit picture; a processor does that"
        ),
    }
)
"""The others, by class, each with the reason."""
