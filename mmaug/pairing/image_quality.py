"""What blur, noise, fog and shadows mean for the text about a picture: words on how well it can be seen, and things too small then."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mmaug.effects.picture import ImageState
from mmaug.language.analyser import Reading, read
from mmaug.pairing.base import Context, PairRule, Verdict, Veto, harmless, rule
from mmaug.pairing.image_text import TEXTS
from mmaug.pairing.naming import area, named

UNNOTICED: Mapping[str, float] = {"blur": 0.002, "sharp": 0.2, "noise": 0.02, "coarse": 0.004, "fog": 0.02, "shadow": 0.02, "overlay": 0.02}
"""Amounts of each fault that no text speaks of: shares of the shorter side, of the contrast, or of the light."""

LOST: Mapping[str, float] = {"blur": 0.1, "noise": 0.5, "coarse": 0.1, "fog": 0.65, "shadow": 0.85, "overlay": 0.65}
"""Amounts from which on nobody can say any more what the picture shows."""

SMALLEST_BLURRED = 4.0
"""A named thing must stay this many times as wide and high as the blur to be known for what it is."""

BLURRED_UNBOXED = 0.04
"""Blur, as a share of the shorter side, that is borne where the text names things whose size no box says."""

READABLE = 0.004
"""Blur, as a share of the shorter side, from which writing that a text quotes cannot be read."""

_SHARPNESS = frozenset(
    "blur blurs blurred blurry blurring blurriness unfocused focus focused defocused sharp sharply crisp crisply clear clearly bokeh hazy"
    " fuzzy grainy grain pixelated pixellated noisy static resolution detailed detail details quality visible".split()
)
"""Words on how well a picture can be seen. ("Clear" may be said of water: a veto then is needless, and rare.)"""

_IN_FOG = _SHARPNESS | frozenset(
    "fog foggy mist misty haze smog smoggy smoke smoky steam steamy sun sunny sunlit sunlight sunshine cloudless cloudy overcast"
    " weather indoors indoor inside".split()
)

_SPEAKS_OF: Mapping[str, frozenset[str]] = {
    "blur": _SHARPNESS,
    "sharp": _SHARPNESS,
    "noise": _SHARPNESS | frozenset("snow snowing snowy rain raining dust dusty speckled".split()),
    "coarse": _SHARPNESS,
    "fog": _IN_FOG,
    "overlay": _IN_FOG | frozenset("outdoors outdoor outside night dark plain blank empty".split()),
    "shadow": frozenset("shadow shadows shadowy shade shaded shady sunny sunlit bright brightly lit".split()),
}


@rule("quality", on=TEXTS)
def what_can_be_seen(text: str, picture: ImageState, context: Context) -> Verdict:
    """Words on sharpness, grain, fog and shadow stand only while those do; what a text names must stay large enough to be known."""
    faults = {kind: amount for kind, amount in picture.faults.items() if amount > UNNOTICED[kind]}
    if not faults or not text:
        return None
    reading = read(text)
    for kind in faults:
        if word := next((token.word for token in reading.tokens if token.word in _SPEAKS_OF[kind]), None):
            return Veto(f"the text says {word!r}, and the picture would have {_NAMES[kind]}")
        if faults[kind] >= LOST.get(kind, math.inf):
            return Veto(f"the picture would have so much {kind} that nobody could say what it shows")
    blur = faults.get("blur", 0.0) + faults.get("coarse", 0.0)
    return _too_small(reading, picture, context, blur) if blur else None


_NAMES = {
    "blur": "more blur",
    "sharp": "sharper edges",
    "noise": "more noise",
    "coarse": "coarser pixels",
    "fog": "fog in it",
    "shadow": "a new shadow",
    "overlay": "another picture over it",
}


def _too_small(reading: Reading, picture: ImageState, context: Context, blur: float) -> Veto | None:
    if blur > READABLE and reading.writing is not None:
        return Veto(f"the text speaks of writing, which could not be read any more ({reading.writing})")
    size = SMALLEST_BLURRED * blur * min(picture.geometry.out_size)
    zoom = picture.geometry.zoom
    mine, naming = named(reading.text, context.things or ())
    if blur > BLURRED_UNBOXED and not naming.everything:
        return Veto("the picture would be blurred, and no box shows how large all is that the text names")
    for thing in mine:
        if area(thing) * zoom < size * size:
            return Veto(f"the text names the {thing.label}, which would be too blurred to be known")
    return None


RULES: tuple[PairRule, ...] = (what_can_be_seen, harmless("quality", on="transcript"))
