"""Up and down: places and relations that a turn renames, and those (held up, upside down) that it cannot."""

from __future__ import annotations

from mmaug.language import lexicon as lex
from mmaug.language.side import Place, Side
from mmaug.language.tokens import Token, word_at

AXES = {"horizontal": "horizontal", "horizontally": "horizontal", "vertical": "vertical", "vertically": "vertical"}
_COUNTED = lex.DETERMINERS | {"two", "three", "several"}
_PARTS = frozenset("corner corners half edge row part portion third quarter section".split())
_PREPOSITIONS = frozenset("at in on to near toward towards from along across".split())


def read_above_below(p: Place) -> Side | None:
    """ "above" and "below": a relation before a noun phrase, else a height that no turn may rename."""
    if p.tail.startswith("-") or p.after in ("average", "all", "ground", "freezing", "zero", "sea"):
        return None
    relative = p.tail.isspace() and p.after in _COUNTED and p.after not in lex.POSSESSIVES and p.near(2) not in lex.LEVELS
    measured = p.before in ("from", "up", "down", "way", "far", "high", "just", "right", "directly")
    return p.side("relation", "of") if relative and not measured else p.side("support")


def read_support(p: Place) -> Side | None:
    """ "over", "under", "beneath", "underneath": held up or hidden as often as higher or lower."""
    if p.tail != " " or p.after in _LOOSE or (p.word == "over" and p.before in _BENT):
        return None
    named = p.after in lex.DETERMINERS or p.after in lex.PRONOUNS or p.after not in lex.FUNCTION_WORDS
    return p.side("support") if named and not p.after.isdecimal() and p.after not in lex.NUMBERS else None


_LOOSE = frozenset("there here cast joyed sized construction way control age water head top".split())
"""After "over" and "under" these make one word with it, or say how something is done."""
_BENT = frozenset("all bent bends bending bend leaning leans leaned folded turned turning knocked falling fallen tipped hunched".split())


def read_top_bottom(p: Place) -> Side | None:
    """ "top", "bottom", "upper", "lower"; a garment and a part of a body are no sides."""
    if p.before == "on" and p.word == "top":
        return p.side("support", first=-1, last=p.after == "of")
    if p.after in ("left", "right") and p.tail in (" ", "-"):
        return None  # read from "left" or "right", as one phrase
    if p.word in ("upper", "lower"):
        return p.side("absolute", "adjective") if p.after in lex.REGIONS else None
    if p.after in _PARTS:
        own = p.near(2) == "of" and p.near(3) not in lex.PICTURES and p.near(4) not in lex.PICTURES
        return p.side("support") if own else p.side("absolute", "adjective")  # "the top part of a van" is its own
    if p.before != "the" or p.near(-2) not in _PREPOSITIONS:
        return None
    return _at_the_top(p)


def _at_the_top(p: Place) -> Side:
    """ "at the top", "at the top of the picture", "at the top of the stairs"."""
    lead, of = p.near(-2), p.after == "of"
    pictured = of and (p.near(2) in lex.PICTURES or p.near(3) in lex.PICTURES)
    around = p.tokens[max(0, p.i - 40) : p.i + 40]
    if not pictured and (of or any(token.word in lex.HEIGHTS for token in around)):
        return p.side("support")
    if lead == "from":
        return p.side("absolute", "from", first=-2)
    if lead in ("at", "on"):
        return p.side("absolute", "at_of" if of else "at", first=-2, last=of)
    return p.side("absolute")


def read_up_down(p: Place) -> Side | None:
    """ "pointing up" and "upside down"; "looking up", "sitting down" and "close up" are no sides."""
    if p.word == "down" and p.before in ("upside", "face"):
        return p.side("orientation", first=-1)
    pointing = p.before in ("pointing", "points", "pointed", "facing", "faces", "aimed", "point")
    return p.side("direction", "free") if pointing and p.after not in lex.DETERMINERS else None


def is_level(tokens: tuple[Token, ...], i: int) -> bool:
    """Whether the "up" or "down" at token `i` says nothing of above and below: "down the street", "sitting down", "a close up"."""
    word, before, after = tokens[i].word, word_at(tokens, i - 1), word_at(tokens, i + 1)
    uphill = after in _SLOPES or (after in lex.DETERMINERS and before in lex.MOVES | {"comes", "coming"})
    if not uphill and before in (lex.UP_IDIOMS if word == "up" else lex.DOWN_IDIOMS if word == "down" else ()):
        return True
    if word == "up" and after in ("close", "against"):
        return True
    ahead = (word_at(tokens, j) for j in range(i + 1, i + 5))
    return word in ("up", "down") and after in lex.DETERMINERS and next((w in lex.PATHS for w in ahead if w in lex.PATHS | _SLOPES), False)


_SLOPES = frozenset(
    "hill hills mountain mountains slope slopes stairs steps ramp stair staircase ladder escalator cliff wave waves tree".split()
)


def read_axis(p: Place) -> Side:
    """ "horizontal" and "vertical"."""
    return p.side("axis", "axis", names=(AXES[p.word],))


def read_sideways(p: Place) -> Side:
    """ "sideways": kept by mirrors, lost by turns."""
    return p.side("orientation", names=("left", "right"))
