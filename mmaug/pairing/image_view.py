"""What a text about a picture may still say when part of the picture is out of view, covered, or somewhere else."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

from mmaug.effects.geometry import Turn
from mmaug.effects.picture import ImageState
from mmaug.effects.view import Seen
from mmaug.language.analyser import Reading, read
from mmaug.pairing.base import Context, PairRule, Thing, Verdict, Veto, rule
from mmaug.pairing.image_text import SMALL_TURN, TEXTS
from mmaug.pairing.naming import PLACE_NOUNS, area, named

NAMED_SHARE = 0.4
"""The share of a named thing's box that must stay in view."""

LARGE = 0.5
"""Of the things that a plural names, one at least this much as large as the largest is hardly there by the way."""

WHOLE_SHARE = 0.98
"""The same where the text says that it is there entirely."""

SMALLEST_SEEN = 0.003
"""The share of the new picture that a named thing must fill to be seen at all (unless it was that small before)."""

UNBOXED_VIEW = 0.7
"""The share of the picture that must stay in view where the text names things that no box shows."""

COUNTED_VIEW = 0.9
"""The same where the text counts such things, calls them small or whole, or speaks of corners: any of them may lie at the border."""

COUNTED_COVERED = 0.01
"""The share of the picture that may be covered there: a cover may lie on just the thing that is counted."""

DRIFT = 0.1
"""The share of the width or height by which the middle of the picture may move where places are named without boxes."""

NEAR_MIDDLE = 0.05
"""Of the width or height: a thing nearer to the middle is hardly the one that is said to be on a side, where others are named."""

ZOOM = 1.25
"""How much larger or smaller things may become where the text says how near they are."""

SIZE_ZOOM = 2.0
"""The same where it says how large they are: a small dog is still small a little nearer, but not when it fills the picture."""

_AT_BORDER = frozenset("corner corners edge edges border borders".split())
_WHOLE = frozenset("entire entirely whole full fully complete completely".split())
_EXACT = _AT_BORDER | _WHOLE
_DISTANCES = frozenset("close closeup closely far farther further distant distance zoomed enlarged magnified".split())
_SIZES = frozenset(
    "large larger largest big bigger biggest huge giant gigantic enormous massive small smaller smallest tiny miniature".split()
)


@rule("view", on=TEXTS)
def named_things_stay(text: str, picture: ImageState, context: Context) -> Verdict:
    """A text that names or counts what is no longer seen, or says where it is, vetoes when that is no longer so."""
    if not text or (picture.geometry.is_identity and not picture.hidden):
        return None
    reading = read(text)
    mine, naming = named(text, context.things or ())
    if not naming.everything and (veto := _unboxed(picture, naming.fine or _word_of(text, _EXACT) is not None)):
        return veto
    seen = [(thing, picture.seen(thing.box)) for thing in mine]
    loosely = () if reading.sides else naming.loosely
    return (
        (_things(text, picture, seen, loosely) if seen else None)
        or _places(reading, picture, seen, naming.everything)
        or (_order(reading, picture, seen) if seen and reading.sides else None)
        or (_nearness(reading, picture) if reading.size else None)
    )


Seens = list[tuple[Thing, Seen]]


def _things(text: str, picture: ImageState, seen: Seens, loosely: tuple[tuple[frozenset[str], int], ...]) -> Veto | None:
    bound = WHOLE_SHARE if _word_of(text, _WHOLE) else NAMED_SHARE
    enough: set[str] = set()
    for labels, least in loosely if bound == NAMED_SHARE else ():
        if _enough(picture, [pair for pair in seen if pair[0].label in labels], least):
            enough |= labels
    for thing, now in seen:
        if thing.label in enough:
            continue
        if now.share < bound:
            one = f"the {thing.label}" if sum(t.label == thing.label for t, _ in seen) == 1 else f"a {thing.label}, one of several,"
            return Veto(f"the text names {one} of which {now.share:.0%} would stay in view (less than {bound:.0%})")
        if _too_small(picture, thing, now):
            return Veto(f"the text names the {thing.label}, which would hardly be seen")
    return None


def _too_small(picture: ImageState, thing: Thing, now: Seen) -> bool:
    whole = picture.geometry.size[0] * picture.geometry.size[1]
    new_whole = picture.geometry.out_size[0] * picture.geometry.out_size[1]
    before, after = area(thing) / whole, now.share * area(thing) * picture.geometry.zoom / new_whole
    return after < min(SMALLEST_SEEN, 0.9 * before)


def _enough(picture: ImageState, seen: Seens, least: int) -> bool:
    """Whether a plural or mass stays true: so many, and half, of the things are still seen, and all of the large ones."""
    kept = [now.share >= NAMED_SHARE and not _too_small(picture, thing, now) for thing, now in seen]
    large = LARGE * max((area(thing) for thing, _ in seen), default=0.0)
    lost = any(not stays and area(thing) >= large for stays, (thing, _) in zip(kept, seen, strict=True))
    return sum(kept) >= max(least, len(seen) / 2) and not lost


def _unboxed(picture: ImageState, fine: bool) -> Veto | None:
    if fine and picture.covered > COUNTED_COVERED:
        return Veto("the text counts, places in a corner or calls small what no box shows, and the covered part may hide it")
    bound = COUNTED_VIEW if fine else UNBOXED_VIEW
    if picture.shows(bound):
        return None
    return Veto(
        f"{picture.share:.0%} of the picture would stay in view, and no box shows where all that the text names is (less than {bound:.0%})"
    )


def _places(reading: Reading, picture: ImageState, seen: Seens, all_named: bool) -> Veto | None:
    """Places in the picture ("on the left", "in the corner"): each named thing keeps its half, else the middle its place."""
    placed = [side for side in reading.sides if side.kind in ("absolute", "frame")]
    vague = _word_of(reading.text, PLACE_NOUNS)
    if not placed and vague is None:
        return None
    word, (turn, off) = vague or placed[0].text, picture.geometry.turn()
    if placed and seen and all_named:
        exact = vague in _AT_BORDER or any(side.form in ("far", "most") for side in placed)
        axes = frozenset(int((name in ("up", "down")) != (turn[0] == 0)) for side in placed for name in side.names)
        for thing, now in seen:
            if not _same_place(thing, now, picture, axes, alone=len(seen) == 1, exact=exact):
                return Veto(f"the text says {placed[0].text!r}, and the {thing.label} would be in another part of the picture")
        if vague is None:
            return None
    if off > SMALL_TURN:
        return Veto(f"the text says {word!r}, and the picture is {off:.0f} degrees off its axes")
    if (drift := _drift(picture)) > DRIFT:
        return Veto(f"the text says {word!r}, and the middle of the picture moves by {drift:.0%}")
    return None


@lru_cache(maxsize=65536)
def _word_of(text: str, words: frozenset[str]) -> str | None:
    return next((token.word for token in read(text).tokens if token.word in words), None)


def _order(reading: Reading, picture: ImageState, seen: Seens) -> Veto | None:
    """Relations ("left of", "above"): every two named things keep their order along both axes, turned with the picture."""
    related = next((side for side in reading.sides if side.kind in ("relation", "support", "frame")), None)
    if related is None:
        return None
    turn, _ = picture.geometry.turn()
    for (one, now_one), (other, now_other) in combinations(seen, 2):
        (x, y), (other_x, other_y) = _middle(one), _middle(other)
        turned = _turned(turn, x - other_x, y - other_y)
        after = (now_one.centre[0] - now_other.centre[0], now_one.centre[1] - now_other.centre[1])
        for axis in (0, 1):
            if abs(turned[axis]) > 0.5 * abs(turned[1 - axis]) and turned[axis] * after[axis] <= 0:
                return Veto(f"the text says {related.text!r}, and the {one.label} and the {other.label} would change their order")
    return None


def _nearness(reading: Reading, picture: ImageState) -> Veto | None:
    area = picture.geometry.out_size[0] * picture.geometry.out_size[1] / (picture.geometry.size[0] * picture.geometry.size[1])
    zoom = (picture.geometry.zoom / area) ** 0.5
    for mention in reading.size:
        bound = ZOOM if mention.word in _DISTANCES else SIZE_ZOOM if mention.word in _SIZES else math.inf
        if not 1 / bound <= zoom <= bound:
            return Veto(f"the text says {mention.word!r}, and things would fill {zoom:.2g} times as much of the picture")
    return None


def _same_place(thing: Thing, now: Seen, picture: ImageState, axes: frozenset[int], *, alone: bool, exact: bool) -> bool:
    """Whether a thing is still in the (turned) half of the picture it was in, along the axes that the text speaks of.

    axes: of the new picture, 0 is x. alone: no other thing is named, so that it is this one even near the middle.
    exact: it must hardly move at all, along both axes.
    """
    (width, height), (new_width, new_height) = picture.geometry.size, picture.geometry.out_size
    x, y = _middle(thing)
    turned = _turned(picture.geometry.turn()[0], x / width - 0.5, y / height - 0.5)
    after = (now.centre[0] / new_width - 0.5, now.centre[1] / new_height - 0.5)
    if exact and any(abs(t - a) > DRIFT for t, a in zip(turned, after, strict=True)):
        return False
    for axis in axes:
        was, now_at = abs(turned[axis]), after[axis] * (1 if turned[axis] > 0 else -1)
        clear = now_at >= min(NEAR_MIDDLE, 0.9 * was) and now_at > 0  # boxes only say about where a thing's middle is
        if not clear and (alone or was >= NEAR_MIDDLE):
            return False
    return True


def _turned(turn: Turn, x: float, y: float) -> tuple[float, float]:
    return (turn[0] * x + turn[1] * y, turn[2] * x + turn[3] * y)


def _drift(picture: ImageState) -> float:
    """How far the middle of the picture moves, as a share of the new width or height."""
    (width, height), (new_width, new_height) = picture.geometry.size, picture.geometry.out_size
    x, y = picture.geometry.point(width / 2, height / 2)
    return max(abs(x / new_width - 0.5), abs(y / new_height - 0.5))


def _middle(thing: Thing) -> tuple[float, float]:
    x1, y1, x2, y2 = thing.box
    return ((x1 + x2) / 2, (y1 + y2) / 2)


RULES: tuple[PairRule, ...] = (named_things_stay,)
