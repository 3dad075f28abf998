"""Sentences that say what comes after what, told backwards."""

from __future__ import annotations

import re

from mmaug.language import lexicon as lex
from mmaug.language import sound_words as heard
from mmaug.language.analyser import Reading

_JOINTS = re.compile(
    r"(?:,|;|\.)?\s+(?:and\s+)?then,?\s+|[,;]?\s+(?:and\s+)?(?:is\s+|are\s+)?followed\s+by\s+|,?\s+(?:before|after)\s+"
    r"|(?:,|;|\.|\s+and)\s+(?:later|afterwards?|subsequently),?\s+",
    re.IGNORECASE,
)
_STARTS = lex.DETERMINERS | lex.NUMBERS.keys() | frozenset(("silence", "people", "birds", "dogs", "cars", "several", "many", "some"))
"""Words with which a part begins that stands on its own: not "he laughs", "neighs" or "I hear a bell"."""

_SOUNDS = lex.words(
    "rain rainfall snow wind water thunder waves music traffic static applause footsteps speech fire leaves insects crickets engines bells"
)
_LIKE = heard.LOUD | heard.QUIET | heard.DISTANT | lex.words("heavy light strong gentle steady constant continuous")
"""Things that are heard need no article, and may have one of these before them: "heavy rain falls"."""

_LEANING = frozenset(
    "this that these those another other again more further same his her its their which being back response reply answer answers".split()
)
_FINITE = frozenset("is are was were has have had".split())


def reversed_order(reading: Reading) -> str | None:
    """The sentence with its parts in the opposite order ("A, then B" as "B, then A"); None when that cannot be said surely.

    All words of order must be "then", "followed by", "before" or "after" between two parts, and each part must stand on its own.
    """
    text = reading.text.rstrip(" .!")
    tail = reading.text[len(text) :]
    joints = list(_JOINTS.finditer(text))
    if not joints or any(not any(j.start() <= m.start and m.end <= j.end() for j in joints) for m in reading.order):
        return None
    said = [joint.group() for joint in joints]
    kinds = {joint.split()[-1].lower().rstrip(",") for joint in said}
    parts = [part.strip() for part in _JOINTS.split(text)]
    mixed = len(kinds) > 1 and kinds & {"before", "after"}
    if mixed or any(mark in part for part in parts for mark in ".;!?") or not _stand_alone(parts, said) or _named_again(parts):
        return None
    if text[:1].isupper():
        parts[0] = parts[0][:1].lower() + parts[0][1:]
        parts[-1] = parts[-1][:1].upper() + parts[-1][1:]
    made = parts[-1]
    for part, joint in zip(reversed(parts[:-1]), reversed(said), strict=True):
        made += (joint if _fits(joint, part) else ", then ") + part
    return made + tail


def _stand_alone(parts: list[str], joints: list[str]) -> bool:
    """Whether no part leans on an earlier one: "a dog barks, then growls" does, "hammering, then sawing" does not.

    What comes first, and what follows "followed by", may be a doing.
    """
    doings = all(part.lower().split(maxsplit=1)[:1] and part.lower().split()[0].endswith("ing") for part in parts)
    by = [True, *(joint.split()[-1].lower() == "by" for joint in joints)]
    return all(_stands_alone(part, doing=doings or thing) for part, thing in zip(parts, by, strict=True))


def _stands_alone(part: str, *, doing: bool) -> bool:
    """Whether a part has a subject of its own, or may be a doing, and is no list, whose inner order would have to be told too."""
    words = part.lower().split()
    if doing and any(word.endswith("ing") for word in words[:2]) and not lex.PRONOUNS & set(words):
        return not _LEANING & set(words) and "," not in part
    subject = words[1:] if words and words[0] in _LIKE else words
    named = bool(words) and (words[0] in _STARTS or (bool(subject) and subject[0] in _SOUNDS))
    return named and not _LEANING & set(words) and "," not in part


def _named_again(parts: list[str]) -> bool:
    """Whether a part speaks of "the birds" of which an earlier one told first."""
    words = [part.lower().split() for part in parts]
    return any(later[0] == "the" and later[1:2] and later[1] in earlier for i, later in enumerate(words) for earlier in words[:i])


def _fits(joint: str, part: str) -> bool:
    """Whether a part may stand after a joint: after "followed by" only what is a thing or a doing, not a clause."""
    words = part.lower().split()
    doing = any(word.endswith("ing") for word in words) and not _FINITE & set(words)
    clause = words[-1].endswith("s") or (len(words) > 1 and words[-2].endswith("s"))  # "a dog barks", "some birds tweet"
    return joint.lower().split()[-1] != "by" or doing or (len(words) <= 3 and not clause)
