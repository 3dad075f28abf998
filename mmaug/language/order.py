"""Sentences that say what comes after what, told backwards."""

from __future__ import annotations

import re

from mmaug.language.analyser import Reading

_JOINTS = re.compile(r",?\s+(?:and\s+)?then\s+|,?\s+(?:and\s+)?(?:is\s+|are\s+)?followed\s+by\s+", re.IGNORECASE)
_BACKWARD_WORDS = re.compile(r"^(?:he|she|it|they|this|that|these|those|another|the other|again|more)\b", re.IGNORECASE)


def reversed_order(reading: Reading) -> str | None:
    """The sentence with its parts in the opposite order ("A, then B" as "B, then A"); None when that cannot be said surely.

    All words of order must be "then" or "followed by" between two parts, and no part may lean on the one before it ("it", "again").
    """
    text = reading.text.rstrip(" .!")
    tail = reading.text[len(text) :]
    joints = list(_JOINTS.finditer(text))
    if not joints or any(not any(j.start() <= m.start and m.end <= j.end() for j in joints) for m in reading.order):
        return None
    parts = [part.strip() for part in _JOINTS.split(text)]
    if not all(parts) or any(_BACKWARD_WORDS.match(part) for part in parts) or any(mark in text for mark in ".;!?"):
        return None
    said = [joint.group() for joint in joints]
    if text[:1].isupper():
        parts[0] = parts[0][:1].lower() + parts[0][1:] if not parts[0][:2].isupper() else parts[0]
        parts[-1] = parts[-1][:1].upper() + parts[-1][1:]
    made = parts[-1]
    for part, joint in zip(reversed(parts[:-1]), reversed(said), strict=True):
        made += joint + part
    return made + tail
