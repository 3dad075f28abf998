"""The ops that mix rows. Each gives only how pictures and sounds are mixed; texts, boxes and events follow from that."""

from __future__ import annotations

from mmaug.mix.parameters import EVEN, Partner, Share
from mmaug.mix.recipes import Blend, Overlap, Paste, Recipes
from mmaug.params import Place, Setting
from mmaug.registry import register

CAPTIONS = ("weigh", "join")
"""What becomes of the texts: one's own stays, and the shares are told; or both are joined where that is true."""


@register("mix", partner=Partner(), share=Share((0.0, EVEN), has_strength=True), captions=Setting(CAPTIONS))
def mixup(*, partner: str | int | float, share: float, captions: str) -> Recipes:
    """Lay the partner's picture over the whole picture, partly transparent.

    partner: the key of the other row. share: of every pixel that is the partner's, in [0, 1]. captions: "weigh" keeps the text and
    tells the shares, "join" joins both texts where both stay true.
    Source: Zhang et al. 2018, "mixup: Beyond empirical risk minimization", section 2; share = ("beta", alpha) is its draw.
    """
    return {"image": Blend(share)} if share else {}


@register(
    "mix",
    partner=Partner(),
    share=Share((0.0, EVEN), has_strength=True),
    x=Place("of the room to the left"),
    y=Place("of the room above"),
    captions=Setting(CAPTIONS),
)
def cutmix(*, partner: str | int | float, share: float, x: float, y: float, captions: str) -> Recipes:
    """Put a rectangle of the partner's picture into the picture, where it lay there.

    partner: the key of the other row. share: of the picture's area that is pasted, in [0, 1]. x, y: where, 0 left/top to 1
    right/bottom; it is inside the frame. captions: as in mixup.
    Source: Yun et al. 2019, "CutMix", section 3.1 and equation 2 (there the rectangle may stick out of the frame and is cut).
    """
    return {"image": Paste(share, x, y)} if share else {}


@register("mix", partner=Partner(), share=Share((EVEN, EVEN)), start=Place("of the room before"))
def mixgen(*, partner: str | int | float, share: float, start: float) -> Recipes:
    """Mix all of two rows: pictures one over the other, sounds at once, texts joined.

    partner: the key of the other row. share: of the mixture that is the partner's, in [0, 1]. start: where a shorter sound of the
    partner's, or the excerpt of a longer one, lies, 0 at the start to 1 at the end.
    Source: Hao et al. 2023, "MixGen: A new multi-modal data augmentation", section 3 (there pictures and texts).
    """
    return {"image": Blend(share), "audio": Overlap(share, start)} if share else {}


@register("mix", partner=Partner(), share=Share((0.3, EVEN)), start=Place("of the room before"), captions=Setting(CAPTIONS[::-1]))
def audio_mix(*, partner: str | int | float, share: float, start: float, captions: str) -> Recipes:
    """Let the partner's sound be heard at the same time.

    partner: the key of the other row. share: of the loudness that is the partner's, in [0, 1]. start: as in mixgen. captions: as in
    mixup, but "join" where nothing is said: two sounds at once are both heard.
    Source: Tokozume et al. 2018, "Learning from between-class examples for deep sound recognition", section 3.
    """
    return {"audio": Overlap(share, start)} if share else {}


MIXED = {
    "mix.mixup": {"image": Blend},
    "mix.cutmix": {"image": Paste},
    "mix.mixgen": {"image": Blend, "audio": Overlap},
    "mix.audio_mix": {"audio": Overlap},
}
"""The kinds of field that an op mixes, and by what recipe."""
