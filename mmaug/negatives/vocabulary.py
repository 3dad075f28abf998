"""Which labels stand for which: the labels that annotators looked for, and those so alike that one may be taken for another."""

from __future__ import annotations

from mmaug.language import forms

_GROUPS = """
    bicycle/motorcycle, car/truck/bus, airplane, train, boat
    traffic light, fire hydrant, stop sign, parking meter, bench
    bird, cat, dog, horse, sheep/cow, elephant, bear, zebra, giraffe
    backpack/handbag/suitcase, umbrella, tie
    frisbee, sports ball, kite, baseball bat, baseball glove, tennis racket
    skis, snowboard, skateboard, surfboard
    bottle/cup/wine glass/bowl, fork/knife/spoon
    banana, apple/orange, sandwich/hot dog, broccoli, carrot, pizza, donut/cake
    chair/couch, potted plant, bed, dining table, toilet
    tv/laptop, mouse/remote/cell phone, keyboard
    microwave/oven/toaster, sink, refrigerator
    book, clock, vase, scissors, teddy bear, hair drier, toothbrush
    person
"""
"""COCO's 80 categories by what may stand in for what (mostly its supercategories); a stroke joins those that are taken for each other.

Source: Lin et al. 2014, "Microsoft COCO", figure 11; the strokes are ours, from reading negatives against pictures.
"""

_COCO = [[part.split("/") for part in line.strip().split(", ")] for line in _GROUPS.strip().splitlines()]
_GROUP_OF = {label: group for group in _COCO for alike in group for label in alike}
_ALIKE = {label: frozenset(alike) for group in _COCO for alike in group for label in alike}
COCO = tuple(_GROUP_OF)
_EVERYWHERE = frozenset(
    "person,car,chair,dining table,potted plant,book,bottle,cup,bowl,cell phone,traffic light,handbag,backpack".split(",")
)
"""What stands about in pictures so often that a box may be missing: no caption is made false by naming it."""


def vocabulary_of(labels: frozenset[str]) -> tuple[str, ...]:
    """COCO's categories where all labels of a row are among them; else none is known to have been looked for."""
    return COCO if labels and labels <= _GROUP_OF.keys() else ()


def sisters(label: str, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """What may stand in for a label in a caption: labels of its kind that it is not taken for, in the singular and one word's plural."""
    others = [other for other in vocabulary if other != label and _can_be_said(other)]
    if label not in _GROUP_OF or not _GROUP_OF.keys() >= set(vocabulary):
        return tuple(others)
    near = {other for alike in _GROUP_OF[label] for other in alike} - _ALIKE[label] - _EVERYWHERE
    return tuple(other for other in others if other in near)


def _can_be_said(label: str) -> bool:
    """Whether a label is a noun in the singular, so that "a" and its plural are known."""
    last = label.rpartition(" ")[2]
    return (
        label != "broccoli"
        and label.replace(" ", "").isalpha()
        and label.islower()
        and forms.singular(last) == last
        and last not in forms.PLURAL_ALONE
    )
