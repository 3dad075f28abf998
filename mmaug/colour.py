"""Names of colours: CIELAB, prototypes of each colour word, and what a word becomes under a colour function.

Source: Berlin and Kay 1969 (the eleven basic terms); CIE 15:2004 (CIELAB); IEC 61966-2-1 (sRGB, D65).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np

from mmaug.errors import MmaugError

ColourFunction = Callable[[np.ndarray], np.ndarray]
"""float [n, 3] sRGB in 0..255 to the same, already clipped."""

_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
_WHITE = np.array([0.95047, 1.0, 1.08883])
_TO_RELATIVE_XYZ = _TO_XYZ.T / _WHITE
_EPSILON, _KAPPA = 216 / 24389, 24389 / 27
_F_TO_LAB = np.array([[0.0, 500.0, 0.0], [116.0, -500.0, 200.0], [0.0, 0.0, -200.0]])
_LAB_OFFSET = np.array([16.0, 0.0, 0.0])


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of sRGB colours: float [n, 3] in 0..255 to float64 [n, 3] (D65, 2 degrees)."""
    value = np.asarray(rgb, np.float64) / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((np.maximum(value, 0.0) + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_RELATIVE_XYZ
    f = np.where(xyz > _EPSILON, np.cbrt(xyz), (_KAPPA * xyz + 16) / 116)
    return f @ _F_TO_LAB - _LAB_OFFSET


# Typical, dark and light things that people call by the word, as a camera sees them. Red, green and blue
# are each other's exact channel rotations.
_PRIMARY = [
    (255, 0, 0),
    (220, 20, 20),
    (200, 30, 30),
    (170, 20, 20),
    (140, 15, 15),
    (230, 50, 50),
    (190, 45, 45),
    (210, 45, 20),
    (210, 20, 45),
]
_PROTOTYPES: dict[str, list[tuple[int, int, int]]] = {
    "red": _PRIMARY,
    "green": [(b, r, g) for r, g, b in _PRIMARY],
    "blue": [(g, b, r) for r, g, b in _PRIMARY],
    "orange": [(255, 140, 0), (255, 120, 0), (240, 130, 30), (225, 110, 20), (255, 160, 50)],
    "yellow": [(255, 255, 0), (250, 220, 20), (240, 210, 50), (255, 230, 80), (225, 200, 30)],
    "purple": [(128, 0, 128), (110, 30, 140), (90, 20, 120), (150, 60, 180), (160, 80, 200)],
    "pink": [(255, 160, 190), (255, 180, 195), (250, 140, 175), (240, 170, 190), (255, 105, 180)],
    "brown": [(120, 70, 30), (100, 60, 30), (139, 80, 40), (80, 50, 25), (150, 100, 60)],
    "black": [(0, 0, 0), (15, 15, 15), (25, 25, 28), (32, 30, 30), (40, 40, 40)],
    "white": [(255, 255, 255), (245, 245, 245), (235, 235, 235), (250, 248, 240), (228, 228, 230)],
    "gray": [(128, 128, 128), (105, 105, 105), (150, 150, 150), (90, 90, 92), (170, 170, 172)],
}
# Anchors only: they tell `name` where a word's realm ends, but a rule never pushes them through an op.
_ANCHORS: dict[str, list[tuple[int, int, int]]] = {
    "green": [
        (60, 160, 60),
        (34, 120, 34),
        (120, 200, 80),
        (85, 107, 47),
        (144, 220, 144),
        (60, 170, 130),
        (0, 128, 128),
        (20, 60, 30),
    ],
    "blue": [
        (0, 0, 128),
        (70, 130, 200),
        (100, 150, 240),
        (135, 190, 235),
        (25, 25, 80),
        (0, 140, 220),
        (70, 190, 220),
        (50, 60, 100),
    ],
    "red": [(100, 10, 15), (240, 70, 70), (150, 30, 50), (220, 20, 60)],
    "purple": [(60, 20, 80), (190, 150, 220), (200, 60, 200), (140, 40, 220), (180, 30, 160)],
    "pink": [(255, 200, 215), (220, 120, 150), (255, 100, 150)],
    "orange": [(230, 90, 20), (255, 175, 80)],
    "yellow": [(255, 250, 150), (200, 180, 40), (240, 240, 100), (210, 255, 40)],
    "brown": [(60, 35, 20), (170, 120, 75), (110, 50, 30)],
    "white": [(245, 240, 225)],
    "gray": [(75, 75, 75), (190, 190, 190), (120, 125, 130)],
    "black": [(18, 15, 22)],
}
# Teal, turquoise and cyan are green to some and blue to others: as anchors of both they are never sure.
for _between in ((0, 128, 128), (0, 180, 180), (0, 255, 255), (64, 224, 208)):
    _ANCHORS["green"].append(_between)
    _ANCHORS["blue"].append(_between)
# Magenta and fuchsia are purple to some and pink to others.
for _between in ((255, 0, 255), (240, 50, 210), (255, 50, 200), (220, 20, 180), (200, 60, 200), (255, 0, 160)):
    _ANCHORS["purple"].append(_between)
    _ANCHORS["pink"].append(_between)
BASIC = tuple(_PROTOTYPES)
_PLACE = {term: place for place, term in enumerate(BASIC)}

WORDS: dict[str, list[tuple[int, int, int]]] = {
    "navy": [(0, 0, 128), (20, 25, 80)], "teal": [(0, 128, 128), (20, 110, 110)], "turquoise": [(64, 224, 208),
    (50, 190, 190)],
    "aqua": [(0, 255, 255), (80, 220, 220)], "cyan": [(0, 255, 255), (40, 210, 220)], "maroon": [(128, 0, 0),
    (100, 15, 25)],
    "burgundy": [(128, 0, 32), (100, 10, 30)], "crimson": [(220, 20, 60), (180, 20, 40)], "scarlet": [(255, 36, 0),
    (210, 30, 20)],
    "magenta": [(255, 0, 255), (210, 20, 160)], "fuchsia": [(255, 0, 255), (220, 30, 150)],
    "violet": [(143, 0, 255), (138, 60, 200)],
    "lavender": [(200, 180, 240), (220, 210, 245)], "lilac": [(200, 162, 200), (190, 150, 210)],
    "indigo": [(75, 0, 130), (60, 30, 140)],
    "beige": [(245, 245, 220), (225, 205, 170)], "tan": [(210, 180, 140), (190, 150, 100)],
    "khaki": [(195, 176, 145), (160, 145, 105)],
    "cream": [(255, 253, 208), (245, 235, 205)], "creme": [(255, 253, 208), (245, 235, 205)],
    "ivory": [(255, 255, 240), (240, 235, 215)],
    "golden": [(218, 165, 32), (200, 150, 60)], "gold": [(218, 165, 32), (200, 150, 60)],
    "silver": [(192, 192, 192), (160, 162, 165)],
    "bronze": [(205, 127, 50), (140, 90, 45)], "copper": [(184, 115, 51), (170, 90, 60)], "peach": [(255, 218, 185),
    (250, 190, 150)],
    "coral": [(255, 127, 80), (240, 110, 95)], "salmon": [(250, 128, 114), (240, 150, 130)],
    "olive": [(128, 128, 0), (95, 100, 45)],
    "lime": [(191, 255, 0), (120, 230, 40)], "rust": [(183, 65, 14), (150, 70, 35)], "charcoal": [(54, 69, 79),
    (60, 60, 62)],
    "blonde": [(240, 215, 150), (205, 170, 110)], "blond": [(240, 215, 150), (205, 170, 110)],
    "brunette": [(80, 55, 35), (110, 75, 45)],
    "mustard": [(225, 173, 1), (200, 160, 40)], "plum": [(142, 69, 133), (110, 40, 100)], "auburn": [(165, 42, 42),
    (120, 50, 30)],
    "redhead": [(165, 70, 42), (140, 60, 30)],
}  # fmt: skip
"""Colour words that are not basic terms, with two prototypes each."""

_ALIASES = {"grey": "gray"}
_NEUTRAL = ("black", "gray", "white")
_DARKER, _LIGHTER = ("dark", "deep"), ("light", "pale", "pastel")


@cache
def _realm() -> tuple[np.ndarray, tuple[str, ...]]:
    """Every prototype and anchor in CIELAB: float [n, 3], and the term of each."""
    pairs = [(term, rgb) for table in (_PROTOTYPES, _ANCHORS) for term, colours in table.items() for rgb in colours]
    return to_lab(np.array([rgb for _, rgb in pairs])), tuple(term for term, _ in pairs)


@cache
def prototypes(word: str, modifier: str | None = None) -> np.ndarray:
    """The colours that a word may mean: read-only float64 [n, 3], sRGB in 0..255.

    `modifier` "dark" or "light" (and their like) keeps the darker or lighter half.
    Raises: MmaugError for an unknown word.
    """
    word = _ALIASES.get(word, word)
    table = _PROTOTYPES.get(word) or WORDS.get(word)
    if table is None:
        raise MmaugError(f"prototypes: {word!r} is not a colour word that has prototypes; known: {', '.join((*BASIC, *WORDS))}")
    colours = np.array(table, np.float64)
    if modifier in _DARKER or modifier in _LIGHTER:
        order = np.argsort(to_lab(colours)[:, 0], kind="stable")
        half = (len(order) + 1) // 2
        colours = colours[order[:half] if modifier in _DARKER else order[-half:]]
    colours.setflags(write=False)
    return colours


def name(rgb: np.ndarray) -> list[str]:
    """The nearest basic colour term of each colour: float [n, 3] in 0..255."""
    return [BASIC[term] for term in _terms(to_lab(np.atleast_2d(rgb))).tolist()]


def _terms(own: np.ndarray) -> np.ndarray:
    """The nearest term of each colour in CIELAB, float [n, 3]: its place in `BASIC`, int [n]."""
    lab, squares, terms = _searched()
    # |a - b|^2 = |a|^2 - 2 a.b + |b|^2, and |a|^2 is the same for all b
    found = terms[(squares - 2.0 * (own @ lab)).argmin(axis=1)]
    lightness, a, b = own.T
    chromatic = a * a + b * b >= 16.0
    if chromatic.all():
        return found
    # A colour without chroma is black, gray or white, however near a dark brown or a pale pink lies.
    return np.where(chromatic, found, np.where(lightness < 24, _PLACE["black"], np.where(lightness > 84, _PLACE["white"], _PLACE["gray"])))


@cache
def _searched() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All colours that have a name: CIELAB, float [3, n]; its squared lengths; the place of each one's term in `BASIC`."""
    lab, terms = _realm()
    return np.ascontiguousarray(lab.T), (lab**2).sum(axis=1), np.array([_PLACE[term] for term in terms])


@lru_cache(maxsize=4096)
def renamed(term: str, fn: ColourFunction, modifier: str | None = None) -> str | None:
    """What a basic term is called after `fn`: itself, another if all it may mean clearly becomes that, else None.

    Typical colours must agree, and borderline ones too unless the change is slight (light blue turned by 120 degrees is pink,
    so "blue" does not surely become "red"). So must all that photographs show of it: it keeps its name while none of that goes
    where the term is never seen, and gets another only if all of it does. Cached by function.
    Raises: MmaugError when `term` is not a basic term.
    """
    term = _ALIASES.get(term, term)
    if term not in _PROTOTYPES:
        raise MmaugError(f"renamed: {term!r} is not a basic colour term; use `shift` for it. Basic terms: {', '.join(BASIC)}")
    shades, before, typical, known = _shades(term, modifier)
    after = to_lab(fn(shades.copy()))
    terms = _terms(after)
    new = BASIC[terms[0]]
    other = terms != terms[0]
    if other[:typical].any():
        return None
    if new == term:
        return new if _keeps(before, after, other, typical, known, term) else None
    if new == "gray" or _others(after[:known], other[:known], new):
        return None  # what is gray by its pixels may be a white thing in the shade, or a black one in the sun
    if new in _NEUTRAL:
        return new if not other[known:].any() and np.hypot(after[:, 1], after[:, 2]).max() <= _TINT else None
    if _margin(after[:typical], new) < _SURE or _strays(_shades(new, None)[1], after[known:], other[known:], new):
        return None
    return new if _margin(after, new, _NEUTRAL) >= _STILL else None


def _others(after: np.ndarray, other: np.ndarray, new: str) -> bool:
    """Whether one of some colours (CIELAB), where another term than `new` is nearer, is far from every shade that `new` is used for."""
    if new in _NEUTRAL or not other.any():
        return bool(other.any())
    return bool(_distances(after[other], _shades(new, None)[1]).min(axis=1).max() > _NEAR)


def _keeps(before: np.ndarray, after: np.ndarray, other: np.ndarray, typical: int, known: int, term: str) -> bool:
    """Whether colours whose typical ones keep their name all do: CIELAB before and after, and where another term is nearer then; typical
    ones first, then borderline, then photographed.
    """
    if np.abs(after - before).max() <= _SLIGHT:
        return True
    if _strays(before, after[known:], other[known:], term):
        return False
    if np.abs(after[:typical] - before[:typical]).max() <= _SLIGHT:
        return True
    if other[:known].any():
        return False
    if term in _NEUTRAL:
        return bool(np.hypot(after[:known, 1], after[:known, 2]).max() <= _TINT)
    return _margin(after[:known], term, _NEUTRAL) >= _STILL


def _strays(shades: np.ndarray, after: np.ndarray, other: np.ndarray, term: str) -> bool:
    """Whether one of some colours, where another term is nearer, is not near a shade of this one either (all in CIELAB)."""
    if not other.any():
        return False
    own, gone = shades, after[other]
    if term in _NEUTRAL:  # a cast may go any way: what counts is how strong it is
        own, gone = (np.stack([lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])], axis=1) for lab in (own, gone))
    return bool(_distances(gone, own).min(axis=1).max() > _AWAY)


@cache
def _shades(term: str, modifier: str | None) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Typical, borderline and photographed shades of a term, float64 [n, 3]; the same in CIELAB; how many are the first, and the first two.

    Borderline are the anchors that no other term shares. Where a modifier narrows the word, there are only those that are lighter than
    what is typical, for "light" and its like: the typical colours are vivid.
    """
    shared = {rgb for other, colours in _ANCHORS.items() if other != term for rgb in colours}
    typical = prototypes(term, modifier)
    border = [rgb for rgb in _ANCHORS.get(term, ()) if rgb not in shared]
    if modifier:
        bound = to_lab(typical)[:, 0].max()
        border = [rgb for rgb in border if modifier in _LIGHTER and to_lab(np.array([rgb]))[0, 0] > bound]
    known = np.concatenate([typical, np.array(border, np.float64).reshape(-1, 3)])
    shades = np.concatenate([known, photographed(known, term)])
    return shades, to_lab(shades), len(typical), len(known)


_CASTS = np.array([(1.0, 1.0, 1.0), (1.06, 1.0, 0.9), (0.92, 1.0, 1.07)])
"""What a neutral thing looks like beside others: as it is, in warm light and in cool light."""

_LEVELS = {"white": range(80, 241, 20), "gray": range(50, 211, 20), "black": range(45, 111, 13)}
"""Grey levels at which photographs show neutral things, beside the typical ones. (Middles of boxes in COCO's photographs that captions
call so, from the 10th percentile to the 90th or beyond: white 55 to 227, gray 47 to 120, black 4 to 84.)"""

_LIGHTS = (0.5, 0.75, 1.25)
"""How much less or more light than is typical falls on things."""

_DULL = 0.5
"""How far from grey they are, of what is typical. (In COCO's the median chroma of what captions call red is 33, of blue 16; a typical
shade has 70.)"""


def photographed(colours: np.ndarray, term: str) -> np.ndarray:
    """How photographs show things of these colours, float64 [n, 3] to [m, 3]: in less light, with a cast, or dull."""
    if term in _NEUTRAL:
        return np.concatenate([np.array([[level]]) * _CASTS for level in _LEVELS[term]])
    dull = _DULL * colours + (1 - _DULL) * colours.mean(axis=1, keepdims=True)
    return np.concatenate([*_lit(colours), dull])


def _lit(colours: np.ndarray) -> list[np.ndarray]:
    """Colours in less and in more light."""
    return [np.minimum(light * colours, 255.0) for light in _LIGHTS]


_SLIGHT = 10.0
"""A change of lightness or of a colour axis (CIELAB) so small that what was called by a name still is."""

_AWAY = 16.0
"""How far (delta E) a photographed shade may go from all shades that its name is used for before it is in doubt."""

_NEAR = 5.0
"""How far (delta E) a borderline shade may be from one that is called by the new name, where a third name is a little nearer: navy blue is
between blue and purple."""

_TINT = 12.0
"""Chroma (CIELAB) up to which black, gray and white are surely called so."""


def collides(term: str, new: str, fn: ColourFunction) -> bool:
    """Whether things of another basic colour may be called `new` after `fn` as well, so that they can no longer be told apart."""
    others = [other for other in BASIC if other != term]
    return any(new in name(fn(prototypes(other).copy())) for other in others)


_SURE = 8.0
"""How much nearer (delta E) a typical colour must be to its new name than to any other before a caption may say so."""


_STILL = 3.0
"""How much nearer than to black, gray or white every colour, borderline ones too, must be to keep its name: pale greens turn gray."""


def _margin(own: np.ndarray, term: str, others: tuple[str, ...] = BASIC) -> float:
    """How much nearer colours in CIELAB are to `term` than to the nearest of the other terms: the smallest, in delta E."""
    same, other = _divided(term, others)
    return float((_distances(own, other).min(axis=1) - _distances(own, same).min(axis=1)).min())


@cache
def _divided(term: str, others: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The realm of a term and that of other terms, both float [n, 3] in CIELAB."""
    lab, terms = _realm()
    same = np.array([its == term for its in terms])
    other = np.array([its != term and its in others for its in terms])
    return lab[same], lab[other]


def _distances(own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """From each of some points to each of others: float [n, k] and [m, k] to [n, m]. Products: three times faster than differences."""
    squares = (own**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2.0 * (own @ others.T)
    return np.sqrt(np.maximum(squares, 0.0))


@lru_cache(maxsize=4096)
def shift(word: str, fn: ColourFunction, modifier: str | None = None, *, lit: bool = False) -> float:
    """The largest CIELAB distance (delta E 1976) that `fn` moves a prototype of the word, or (lit) one in less or more light.

    Cached by function. Raises: MmaugError for an unknown word.
    """
    colours = prototypes(word, modifier)
    colours = np.concatenate(_lit(colours)) if lit else colours
    return float(np.linalg.norm(to_lab(fn(colours.copy())) - to_lab(colours), axis=1).max())
