"""Texts that someone else reworded: do they still say what may not change, and which replacements lead there?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mmaug.language import analyser
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement

_WEAK = lex.words("of to from by with for at as in on upon into onto about like per via during")
"""Words of place that another wording may need or spare ("in a shirt", "wearing a shirt"); "under" or "behind" must stay."""


def claims(text: str, protected: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The protected spans that every wording must hold."""
    return [(start, end) for start, end in protected if text[start:end].lower() not in _WEAK]


def keeps_claims(reading: Reading, new: str) -> bool:
    """Whether a new text holds every claim of the old one as often, and no further one (a "not", a colour, a name)."""
    return _counted(reading) == _counted(analyser.read(new))


def _counted(reading: Reading) -> Counter[str]:
    return Counter(reading.text[start:end].lower() for start, end in claims(reading.text, reading.protected))


def rewritten(reading: Reading, protected: Sequence[tuple[int, int]], new: str) -> list[Replacement]:
    """The replacements that turn a text into `new`, between its protected spans but the weakest.

    [] where `new` is the same, or says no more surely what may not change: a claim is missing, comes more or less often or in
    another order, or a word of their kinds has come in.
    """
    text = reading.text
    if new == text or not keeps_claims(reading, new):
        return []
    made, at, reached = [], 0, 0
    for start, end in claims(text, protected):
        said = re.compile(rf"(?<!\w){re.escape(text[start:end])}(?!\w)", re.IGNORECASE)
        found = said.search(new, reached)
        if found is None or len(said.findall(new)) != len(said.findall(text)):
            return []
        made += [Replacement(at, start, new[reached : found.start()]), Replacement(start, end, found.group())]
        at, reached = end, found.end()
    made.append(Replacement(at, len(text), new[reached:]))
    return [r for r in made if r.text != text[r.start : r.end]]
