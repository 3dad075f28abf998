"""Ops on which captions are used, before the pairing rules: a caption that is discarded cannot veto.

A "structure" function takes the captions and returns the numbers of those that stay, in order; a "drop" function takes one caption and
returns what stands in its place.
"""

from __future__ import annotations

from mmaug.params import Place, Text
from mmaug.registry import register


@register("structure", pick=Place("of the list"))
def choose_caption(captions: list[str], *, pick: float) -> list[int]:
    """Keep one caption of a list.

    pick: which, 0 the first to 1 the last.
    Source: common practice in CLIP training on COCO (one of five captions a step).
    """
    return [min(int(pick * len(captions)), len(captions) - 1)] if captions else []


@register("drop", text=Text(("",), "what stands in its place"))
def drop_caption(caption: str, *, text: str) -> str:
    """Drop the caption, as models that learn with and without one want: give it `p=0.1`. A list of captions keeps its length.

    Spans into it become empty, or the whole of `text`.

    text: what stands in its place, such as the empty prompt of the model.
    Source: Ho and Salimans 2021, "Classifier-free diffusion guidance", algorithm 1.
    """
    return text
