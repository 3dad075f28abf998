"""Sentences that say what comes after what, told backwards."""

from __future__ import annotations

import re

from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading

_JOINTS = re.compile(r",?\s+(?:and\s+)?then\s+|,?\s+(?:and\s+)?(?:is\s+|are\s+)?followed\s+by\s+|,?\s+(?:before|after)\s+", re.IGNORECASE)
_STARTS = lex.DETERMINERS | lex.NUMBERS.keys() | frozenset(("silence", "people", "birds", "dogs", "cars", "several", "many", "some"))
"""Words with which a part begins that stands on its own: not "he laughs", "neighs" or "I hear a bell"."""

_LEANING = frozenset(
    "this that these those another other again more same his her its their which being back response reply answer answers".split()
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
    kinds = {joint.split()[-1].lower() for joint in said}
    parts = [part.strip() for part in _JOINTS.split(text)]
    mixed = len(kinds) > 1 and kinds & {"before", "after"}
    if mixed or any(mark in text for mark in ".;!?") or not all(map(_stands_alone, parts)) or _named_again(parts):
        return None
    if text[:1].isupper():
        parts[0] = parts[0][:1].lower() + parts[0][1:]
        parts[-1] = parts[-1][:1].upper() + parts[-1][1:]
    made = parts[-1]
    for part, joint in zip(reversed(parts[:-1]), reversed(said), strict=True):
        made += (joint if _fits(joint, part) else ", then ") + part
    return made + tail


def _stands_alone(part: str) -> bool:
    """Whether a part has a subject of its own and is no list, whose inner order would have to be told too."""
    words = part.lower().split()
    return bool(words) and words[0] in _STARTS and not _LEANING & set(words) and "," not in part


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
