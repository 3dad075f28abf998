"""Left and right: sides of the picture, of a person, directions, and the words that only look like them."""

from __future__ import annotations

from mmaug.language import lexicon as lex
from mmaug.language.side import Place, Side
from mmaug.language.tokens import gap

_HANDEDNESS = "handedness, not a place in the picture"
_MAY_BE_CORRECT = '"right" may mean exactly or correct'
_MAY_BE_VERB = '"left" may be the verb'
_MAY_BE_POLITICS = "it may be politics, not a place"
_POLITICS = frozenset(
    "party parties politician politicians politics activist activists militant militants extremist extremists demonstration"
    " demonstrations protester protesters winger government coalition leaning".split()
)
_LOCATING = frozenset(("to", "on", "at", "from", "in", "toward", "towards", "of", "with", "and", "or"))
_FAR = frozenset(("far", "extreme", "very"))
_INNER = frozenset("front rear back upper lower gloved index ring middle white side hand".split())


def read_left_right(p: Place) -> Side | None:
    """What a "left" or "right" says; None when it is no side."""
    for reader in (_in_a_name, _joined, _owned, _after_article, _after_a, _before_noun, _after_preposition):
        found = reader(p)
        if found is not _UNDECIDED:
            return found
    return _bare_left(p) if p.word == "left" else _bare_right(p)


_UNDECIDED = Side(0, 0, "", (), "", "")
"""A reader's answer when its pattern is not there; None means "no side at all"."""


def _in_a_name(p: Place) -> Side | None:
    """ "the far-right party", "left-leaning", "the Left Bank"."""
    if p.after in _POLITICS and p.tail in (" ", "-"):
        return p.side("body", doubt=_MAY_BE_POLITICS) if p.after == "leaning" else None
    if p.before == "far" and gap(p.text, p.tokens, p.i - 1) == "-":
        return p.side("absolute", doubt=_MAY_BE_POLITICS)
    return p.side("absolute", doubt="it may be part of a name") if _is_named(p) else _UNDECIDED


def _joined(p: Place) -> Side | None:
    """ "left-handed", "right-most", "top left", "from left to right", "left-hand side", "left_01"."""
    if p.after in ("over", "overs") and p.word == "left" and p.tail in (" ", "-"):
        return None
    if p.word == "left" and p.after == "of" and p.before in ("what's", "whats", "what", "all", "little", "nothing", "much"):
        return _remains(p) if p.before in ("what", "what's", "whats") else None  # "what's left of a pizza"
    if p.after in ("handed", "hander", "handers", "footed", "wing", "winger") and p.tail in ("-", " "):
        return p.side("body", last=1, doubt=_HANDEDNESS)
    if p.after == "most" and p.tail in ("-", " "):
        return p.side("absolute", "most", last=1)
    if p.before in ("top", "bottom", "upper", "lower") and gap(p.text, p.tokens, p.i - 1) in ("-", " "):
        return p.side("body") if p.after in lex.BODY else p.side("absolute", "pair", first=-1)
    if p.after in ("top", "bottom") and p.tail == "-":
        return p.side("absolute", "pair", last=1)
    if p.after == "to" and p.near(2) == lex.OPPOSITE[p.word]:
        return p.side("absolute", "span", first=-1 if p.before == "from" else 0, last=2)
    if p.after == "hand" and p.tail == "-":
        if p.near(2) in ("drive", "man", "rule"):
            return p.side("body", last=1, doubt="a fixed expression")
        return _region(p) if p.near(2) in lex.REGIONS else p.side("body")
    return None if p.tail.startswith("_") else _UNDECIDED


def _is_named(p: Place) -> bool:
    """Whether it stands in a name: "the Left Bank", in a text that is no title with capitals throughout."""
    if p.before != "the" or p.tail != " " or not p.after:
        return False
    own, after = (p.text[token.start : token.end] for token in p.tokens[p.i : p.i + 2])
    return p.text[p.tokens[p.i - 1].start].islower() and own.istitle() and after.istitle()


def _remains(p: Place) -> Side | None:
    """ "What is left of the pizza" speaks of what remains; "What is left of the dog?" may ask for a place."""
    asks = p.near(-1) in ("what", "what's", "whats", "is", "are") and "?" in p.text[p.tokens[p.i].end :]
    return p.side("relation", "of", last=1, doubt='"left of" may mean what remains') if asks else None


def _owned(p: Place) -> Side | None:
    """ "his left arm", "to her right", "the dog's left"."""
    if p.before in ("back", "front", "rear") and p.near(-2) in lex.DETERMINERS and not p.runs_on:
        return p.side("frame")
    if p.before not in lex.POSSESSIVES and not p.before.endswith(("'s", "s'")):
        return _UNDECIDED
    if p.word == "right" and (p.after in ("to", "of") or p.after in lex.RIGHT_CORRECT_AFTER):
        return None
    if p.tail == " " and (p.after in lex.BODY or p.after in _INNER):
        return p.side("body")
    located = p.near(-2) in ("to", "on", "at", "off", "toward", "towards", "over", "from", "out")
    return p.side("frame" if located else "body")


def _after_article(p: Place) -> Side | None:
    """ "to the left of", "on the far right", "the left side", "the right answer"."""
    typo = p.before == "he" and p.near(-2) in ("to", "on", "at")  # "looking to he right" is common
    if not typo and p.before not in ("the", "immediate") and p.before not in _FAR:
        return _UNDECIDED
    if p.before not in ("the", "he") and p.near(-2) not in ("the", "to", "on", "at"):
        return p.side("absolute")
    first = -1 if p.before in ("the", "he") else -2
    lead = p.near(first - 1)
    if p.word == "right" and p.tail == " " and _means_correct(p, lead):
        return None
    if p.word == "right" and p.after in _PAIRS and p.tail == " ":
        return p.side("body", doubt=_MAY_BE_CORRECT)
    if p.after == "direction" and lead != "to":
        return p.side("direction", doubt='"the right direction" may be the correct one' if p.word == "right" else "")
    if p.tail == " " and (p.after in lex.BODY or p.after == "hand") and p.near(2) not in lex.REGIONS:
        return p.side("body")
    if p.after == "hand" or p.after in lex.REGIONS:
        return _region(p)
    if lead in _LOCATING and p.before != "immediate":
        return p.side("direction") if typo else _located(p, first, lead)
    return p.side("absolute", doubt='"the right" may mean the correct one' if p.word == "right" and p.runs_on else "")


def _means_correct(p: Place, lead: str) -> bool:
    """Whether "the right" is the correct one, or a claim ("the right to vote")."""
    claim = p.after == "to" and p.near(2) not in lex.DETERMINERS and lead not in ("to", "on", "at", "from")
    return p.after in lex.RIGHT_CORRECT_AFTER or claim or (p.after == "of" and p.near(2) in _RIGHTS)


def _region(p: Place) -> Side:
    """ "on the left side", "the right-hand corner of the picture"."""
    last = 1 if p.after == "hand" else 0
    of = p.near(last + 2) == "of"
    if p.near(last + 1) == "side" and p.before == "the" and p.near(-2) in ("on", "at", "in") and (not of or _pictured(p, last + 2)):
        return p.side("absolute", "at", first=-2, last=last + 1)
    whose = (p.near(last + 3), p.near(last + 4))
    own = of and (whose[0] in lex.POSSESSIVES or whose[0] == "itself" or any(word in lex.WORN or word in lex.BODY for word in whose))
    return p.side("frame" if own else "absolute", "adjective", last=last)


def _pictured(p: Place, of: int) -> bool:
    """Whether the word `of` places away opens "of the picture" or its like."""
    return p.near(of + 1) in lex.PICTURES or p.near(of + 2) in lex.PICTURES


def _located(p: Place, first: int, lead: str) -> Side:
    """ "to the left of", "on the far right", "from the left"."""
    if p.after == "of" and p.tail == " " and lead in ("to", "on", "at", "in"):
        return _left_of(p, first)
    if p.before in _FAR:
        return p.side("absolute", "far", first=first - 1) if lead in ("on", "at", "to") and p.near(-2) == "the" else p.side("absolute")
    if lead == "to" and p.near(first - 2) in _NEXT:
        return p.side("absolute", "adjective") if p.runs_on else p.side("absolute")  # "next to the left plate"
    if lead in ("to", "toward", "towards"):
        return p.side("direction") if _moving(p, first - 2) else p.side("absolute", "toward", first=first - 1)
    form = {"from": "from", "on": "at", "at": "at", "in": "at"}.get(lead)
    return p.side("absolute", form, first=first - 1) if form else p.side("absolute")


def _left_of(p: Place, first: int) -> Side:
    """ "to the left of" something: a relation, or a place when the something is the picture."""
    if p.before in _FAR:
        return p.side("absolute", "far", first=first - 1) if _pictured(p, 1) and p.near(-2) == "the" else p.side("relation")
    if _pictured(p, 1):
        return p.side("direction") if _moving(p, first - 2) else p.side("absolute", "at_of", first=first - 1, last=1)
    who, then = p.near(2), p.near(3)
    behind = who in _LOOKERS or then in _LOOKERS  # nobody sees the photographer: it is the side that he would call so
    if behind or who in ("him", "them", "me", "us") or (who == "her" and (not then or then in lex.FUNCTION_WORDS)):
        return p.side("frame")
    return p.side("relation", "to_of", first=first - 1, last=1)


_NEXT = frozenset("next close closer closest near nearer nearest adjacent tied attached connected fastened chained parallel".split())
_LOOKERS = frozenset("photographer camera cameraman viewer observer".split())


def _moving(p: Place, steps: int) -> bool:
    """Whether the word so many places away is a verb of moving or looking, maybe with "off" or "over" after it."""
    word = p.near(steps)
    loose = word in lex.ADVERBS or word in ("off", "over", "out", "up", "down")
    return word in lex.MOVES or (loose and p.near(steps - 1) in lex.MOVES)


def _after_a(p: Place) -> Side | None:
    """ "a left turn", "throws a right", "a right whale"."""
    if p.before not in ("a", "an"):
        return _UNDECIDED
    if p.word == "right" and (p.after in lex.RIGHT_CORRECT_AFTER or (p.after == "to" and p.near(2) not in lex.DETERMINERS)):
        return None  # "a right to vote"
    known = not p.runs_on or p.word == "left" or p.after in lex.BODY or p.after in _TURNED or p.after in _INNER
    return p.side("body", doubt="" if known else _MAY_BE_CORRECT)


_RIGHTS = frozenset("way passage return appeal entry".split())
_PAIRS = frozenset("shoes boots gloves socks sandals skis sneakers clothes".split())
"""Worn in pairs: "the right shoes" are those that fit."""

_TURNED = frozenset(
    ("turn turns lane lanes direction arrow arrows field fielder fielders hitter handlebar swing bend curve footed").split()
)


def _before_noun(p: Place) -> Side | None:
    """ "left arm raised", "left of the cat", "right side", "left turn"."""
    if p.tail != " ":
        return _UNDECIDED
    inner = p.after in _INNER and p.near(2) in lex.BODY and p.near(2) not in ("cross", "kick", "index", "ring")
    if p.after in lex.BODY or p.after == "hand" or inner:
        return p.side("body")
    if p.after == "of":
        remains = p.before in ("what", "is", "are", "much", "little", "lot") and p.near(-2) in (
            "what",
            "all",
            "",
            "not",
            "of",
        )
        if p.near(3) == "own" or (p.word == "right" and p.near(2) in _RIGHTS):
            return None  # "left of his own accord", "has right of way"
        return _remains(p) if remains else p.side("relation", "of", last=1)
    if p.word == "right" and p.after == "side" and p.near(2) in ("up", "out"):
        return None
    if p.after in lex.REGIONS and p.after not in ("part", "end"):
        return p.side("absolute", "adjective")
    return p.side("body") if p.after in _TURNED else _UNDECIDED


def _after_preposition(p: Place) -> Side | None:
    """ "in left with other people", "turned to right"."""
    if p.before not in ("to", "on", "at", "from", "towards", "toward", "in"):
        return _UNDECIDED
    adverb = p.word == "right" and p.after in lex.RIGHT_ADVERB_AFTER
    if not p.ends and (adverb or p.after not in lex.FUNCTION_WORDS):
        return _UNDECIDED
    return p.side("direction" if _moving(p, -2) else "absolute")


def _bracketed(p: Place) -> bool:
    return p.tail[:1] in (")", ":", "]") or gap(p.text, p.tokens, p.i - 1).strip()[-1:] in ("(", "[")


def _bare_left(p: Place) -> Side | None:
    """A "left" alone: the verb, a direction after a verb of moving, or unsure."""
    free = p.ends or p.after in lex.PLACES or p.after in lex.CONJUNCTIONS
    if p.before in lex.MOVES and p.before not in ("run", "ride", "step") and free:
        return _direction(p)
    if _is_verb(p):
        return None
    if p.before in ("and", "or") and p.near(-2) == "right" and p.near(-3) in lex.MOVES:
        return _direction(p)
    beside_right = p.before in ("and", "or") and p.near(-2) in ("right", "left")
    if beside_right or (p.after in ("and", "or", "to") and p.near(2) == "right") or _bracketed(p):
        return p.side("absolute")
    return p.side("absolute", doubt=_MAY_BE_VERB)


def _is_verb(p: Place) -> bool:
    """Whether a bare "left" is the verb or participle: "she left", "left behind", "the only thing left",
    "approached and left"."""
    if p.before in lex.LEFT_VERB_BEFORE or (p.after in lex.LEFT_VERB_AFTER and p.tail.isspace()):
        return True
    if (p.ends or p.after in lex.PLACES) and any(p.near(-k) in lex.REST for k in range(1, 6)):
        return True
    if (p.before == "and" and p.near(-2).endswith("ed")) or (p.before == "then" and p.near(-2) not in ("right", "left")):
        return True
    left_on = p.after == "on" and gap(p.text, p.tokens, p.i + 1)[:1] in (".", ",", "")
    return left_on or (p.after == "to" and p.near(2) not in lex.DETERMINERS)


def _bare_right(p: Place) -> Side | None:
    """A "right" alone: the adverb, "correct", a direction after a verb of moving, or unsure."""
    if p.before in ("all", "just", "exactly", "alright", "quite") or p.after in (
        "angle",
        "angles",
        "whale",
        "whales",
        "triangle",
    ):
        return None
    if p.before in lex.MOVES:
        gazing = p.before.startswith(("look", "star", "gaz", "glanc", "swing"))
        steering = p.before.startswith(("turn", "fac", "point", "veer", "lean", "bank", "steer", "head", "curv", "bend", "swerv"))
        if p.ends or (steering and p.after in lex.FUNCTION_WORDS - {"here", "there", "next", "behind"}):
            return _direction(p)
        if gazing:
            return _direction(p) if p.after in ("while", "and", "but", "with") else None
    if p.ends and p.before in ("is", "are", "was", "were"):
        return None  # "makes sure that everything is right"
    if p.before in ("and", "or") and p.near(-2) == "left" and p.near(-3) in lex.MOVES:
        return _direction(p)  # "turn left or right on the road"
    beside_left = p.before in ("and", "or") and p.near(-2) == "left"
    if beside_left or (p.after in ("and", "or") and p.near(2) in ("left", "bottom", "top")) or _bracketed(p):
        return p.side("absolute")
    if p.after in ("on", "in") and (p.near(2) in lex.PICTURES or p.near(3) in lex.PICTURES):
        return p.side("absolute", doubt=_MAY_BE_CORRECT)  # "in the foreground right on the picture"
    if p.tail.isspace() and (p.after in lex.RIGHT_ADVERB_AFTER or p.after in lex.RIGHT_CORRECT_AFTER):
        return None
    return p.side("absolute", doubt=_MAY_BE_CORRECT)


def _direction(p: Place) -> Side:
    return p.side("direction", "free" if p.before in lex.FREE_MOVES else "word")
