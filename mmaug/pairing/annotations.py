"""What annotations do when their picture or recording changes: they follow exactly, or nothing happens to them."""

from __future__ import annotations

from mmaug.pairing.base import PairRule, follows, harmless
from mmaug.registry import ASPECTS

ON_PICTURES = ("boxes", "keypoints", "mask")
ON_SOUND = ("words", "events")

RULES: tuple[PairRule, ...] = (
    follows("geometry", on=(*ON_PICTURES, "size")),
    follows("view", on=(*ON_PICTURES, "size")),
    harmless("colour", on=(*ON_PICTURES, "size")),
    harmless("quality", on=(*ON_PICTURES, "size")),
    follows("time", on=(*ON_SOUND, "size")),
    follows("order", on=(*ON_SOUND, "size")),
    harmless("pitch", on=(*ON_SOUND, "size")),
    harmless("loudness", on=(*ON_SOUND, "size")),
    harmless("noise", on=(*ON_SOUND, "size")),
    harmless("channels", on=(*ON_SOUND, "size")),
    # A class is kept by every op but those that its field forbids by name, which the graph refuses before any rule is asked.
    *(harmless(aspect, on="label") for aspect in ASPECTS),
)
