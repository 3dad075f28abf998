"""Negatives of colour: a colour that no caption mentions, far from the one that is said, and not there to be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from mmaug import colour
from mmaug.effects.view import Box
from mmaug.language import colours as colour_words
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.colour_words import SHADES, VARIED
from mmaug.language.colours import Colour
from mmaug.language.edits import Replacement
from mmaug.negatives.base import Known, Option, depicts, instances, is_head, phrase_after
from mmaug.pairing.base import Thing

FAR = 55.0
"""CIELAB distance between the nearest prototypes of two colours that nobody takes for one another."""

IN_BOX = 0.02
"""The share of a thing's box that may have the new colour."""

IN_PICTURE = 0.001
"""The same of the whole picture, where no single box shows the thing."""

SAMPLES = 64
"""Pixels along each axis that are looked at."""

BETWEEN = 1.3
"""A pixel that is at most this much further from a colour than from its own may be called by it, and
SHADE = 6.0 CIELAB units more."""
SHADE = 6.0

VIVID, LIT = 1.6, 1.5
"""How much more colourful and brighter a thing may be than its pixels: people name a blue shirt in the shade blue."""

_TINY = frozenset("eye eyes lip lips nail nails eyebrows".split())
"""Things so small that a few pixels decide."""

_PACKED = np.array([4096, 64, 1])
_NEUTRAL = ("black", "gray", "white")


def colours(reading: Reading, known: Known) -> Iterator[Option]:
    """ "A red car" as "a green car", if nothing green is there, or if there is one car and nothing green about it."""
    if any(mention.role == "photo" or mention.word in VARIED or mention.term in SHADES for r in known.readings for mention in r.colours):
        return
    said = {mention.term for r in known.readings for mention in r.colours}
    for mention in reading.colours:
        noun = phrase_after(reading, mention.end)
        if mention.role not in ("adjective", "predicate") or mention.term not in colour.BASIC or (noun and noun.lemma in _TINY):
            continue
        thing = None if depicts(reading) else _only_thing(reading, mention, known)
        for term in colour.BASIC:
            new = colour_words.recoloured(mention, term) if all(_apart(term, other) for other in said) else None
            if new is None or (mention.modifier and term in _NEUTRAL):
                continue
            if (why := _why(term, mention, thing, known)) is not None:
                yield Option((Replacement(mention.start, mention.end, new),), mention.text, new, why)


def _why(term: str, mention: Colour, thing: Thing | None, known: Known) -> str | None:
    """What shows that nothing that the caption may mean has this colour; None when nothing does."""
    if known.share is None:
        if thing is None or term in _NEUTRAL:
            return None  # nearly everything has something black, gray or white about it
        return f"the only {thing.label} is {mention.text}"
    if thing is not None and known.share(term, thing.box) <= IN_BOX:
        return f"the only {thing.label} is {mention.text}, and its box has nothing {term} in it"
    return f"nothing in the picture is {term}" if known.share(term, None) <= IN_PICTURE else None


def _only_thing(reading: Reading, mention: Colour, known: Known) -> Thing | None:
    """The one thing whose colour is said; None where there are several, or no box shows it."""
    noun = phrase_after(reading, mention.end) if mention.role == "adjective" else None
    if mention.role == "predicate":
        before = [token for token in reading.tokens if token.end <= mention.start]
        if before and before[-1].word in ("is", "was", "are", "were"):
            noun = next((n for n in reversed(reading.nouns) if len(before) > 1 and n.end == before[-2].end), None)
    mine = instances(noun.lemma, known.things) if noun is not None and is_head(reading, noun) else ()
    joined = noun is not None and any(t.word in lex.PLACES for t in reading.tokens if mention.end <= t.start < noun.start)
    return mine[0] if len(mine) == 1 and not joined else None


@cache
def _apart(term: str, other: str) -> bool:
    """Whether two colour words name colours that nobody takes for one another; teal is green to some and blue to others."""
    ours, theirs = (colour.to_lab(colour.prototypes(word)) for word in (term, other))
    return {term, other} != {"green", "blue"} and bool(np.linalg.norm(ours[:, None] - theirs[None], axis=-1).min() >= FAR)


def seen(picture: Callable[[], np.ndarray]) -> Callable[[str, Box | None], float]:
    """Which share of a picture, or of a box (x1, y1, x2, y2) in it, may be called by a basic colour term; looked at when first asked.

    picture: gives uint8 [h, w, 3]. The share is 1.0 for an empty box: nothing is known of it.
    """

    @cache
    def shares(box: Box | None) -> dict[str, float]:
        pixels = picture()
        if box is not None:
            x1, y1, x2, y2 = (max(0, round(number)) for number in box)
            pixels = pixels[y1:y2, x1:x2]
        return _shares(pixels)

    return lambda term, box: shares(box)[term]


def _shares(pixels: np.ndarray) -> dict[str, float]:
    """The share of pixels that may be called by each basic colour term: those nearest to it, those hardly further,
    and those that would be nearest in more light or with more colour."""
    if not pixels.size:
        return dict.fromkeys(colour.BASIC, 1.0)
    height, width = pixels.shape[:2]
    rows = np.linspace(0, height - 1, min(height, SAMPLES)).round().astype(int)
    columns = np.linspace(0, width - 1, min(width, SAMPLES)).round().astype(int)
    coarse, counts = np.unique((pixels[rows][:, columns].reshape(-1, 3) >> 2) @ _PACKED, return_counts=True)
    rgb = ((coarse[:, None] // _PACKED % 64) * 4 + 2).astype(np.float32)  # alike pixels once: names are slow
    lab = colour.to_lab(rgb).astype(np.float32)
    distance = {term: _distance(lab, term) for term in colour.BASIC}
    nearest = np.min(list(distance.values()), axis=0)
    grey = rgb.mean(axis=1, keepdims=True)
    names = [np.array(colour.name(np.clip(shade, 0, 255))) for shade in (rgb, LIT * rgb, grey + VIVID * (rgb - grey))]
    called = {term: own <= BETWEEN * nearest + SHADE for term, own in distance.items()}
    there = {term: np.any([near, *(name == term for name in names)], axis=0) for term, near in called.items()}
    return {term: float(counts[places].sum() / counts.sum()) for term, places in there.items()}


def _distance(lab: np.ndarray, term: str) -> np.ndarray:
    """From each colour to the nearest prototype of a term: float32 [n]."""
    prototypes = colour.to_lab(colour.prototypes(term)).astype(np.float32)
    squares = (prototypes**2).sum(1) - 2 * lab @ prototypes.T
    return np.sqrt(np.maximum(squares.min(1) + (lab**2).sum(1), 0.0))
