"""Ops on which captions are used. A function takes the captions and returns the numbers of those that stay, in order.

They run before the pairing rules: a caption that is discarded cannot veto.
"""

from __future__ import annotations

from mmaug.params import Place
from mmaug.registry import register


@register("structure", pick=Place("of the list"))
def choose_caption(captions: list[str], *, pick: float) -> list[int]:
    """Keep one caption of a list.

    pick: which, 0 the first to 1 the last.
    Source: common practice in CLIP training on COCO (one of five captions a step).
    """
    return [min(int(pick * len(captions)), len(captions) - 1)] if captions else []
