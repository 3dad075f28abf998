"""Sentences that say what comes after what, told backwards."""

from __future__ import annotations

import re

from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading

_JOINTS = re.compile(r",?\s+(?:and\s+)?then\s+|,?\s+(?:and\s+)?(?:is\s+|are\s+)?followed\s+by\s+", re.IGNORECASE)
_STARTS = lex.DETERMINERS | lex.NUMBERS.keys() | frozenset(("silence", "people", "birds", "dogs", "cars", "several", "many", "some"))
"""Words with which a part begins that stands on its own: not "he laughs", "neighs" or "I hear a bell"."""

_LEANING = frozenset("this that these those another other again more same his her its their".split())


def reversed_order(reading: Reading) -> str | None:
    """The sentence with its parts in the opposite order ("A, then B" as "B, then A"); None when that cannot be said surely.

    All words of order must be "then" or "followed by" between two parts, and each part must stand on its own.
    """
    text = reading.text.rstrip(" .!")
    tail = reading.text[len(text) :]
    joints = list(_JOINTS.finditer(text))
    if not joints or any(not any(j.start() <= m.start and m.end <= j.end() for j in joints) for m in reading.order):
        return None
    parts = [part.strip() for part in _JOINTS.split(text)]
    if not all(map(_stands_alone, parts)) or any(mark in text for mark in ".;!?"):
        return None
    said = [joint.group() for joint in joints]
    if text[:1].isupper():
        parts[0] = parts[0][:1].lower() + parts[0][1:]
        parts[-1] = parts[-1][:1].upper() + parts[-1][1:]
    made = parts[-1]
    for part, joint in zip(reversed(parts[:-1]), reversed(said), strict=True):
        made += joint + part
    return made + tail


def _stands_alone(part: str) -> bool:
    """Whether a part has a subject of its own and is no list, whose inner order would have to be told too."""
    words = part.lower().split()
    return bool(words) and words[0] in _STARTS and not _LEANING & set(words) and "," not in part
