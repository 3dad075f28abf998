"""Which texts have words that an op may make false: sides, colours, counts, writing ..."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from mmaug.language.analyser import Reading, read
from mmaug.lint.report import Example, WordShare

EXAMPLES = 2
"""How many examples of each kind a report shows."""

_ACROSS = frozenset(("left", "right", "clockwise", "counterclockwise"))
_UPRIGHT = frozenset(("up", "down", "vertical", "horizontal"))


def _side(names: frozenset[str]) -> Callable[[Reading], str | None]:
    return lambda reading: next((side.text for side in reading.sides if names & set(side.names)), None)


def _first(mentions: Sequence[object]) -> str | None:
    return str(getattr(mentions[0], "word", mentions[0])) if mentions else None


_PICTURE, _SOUND, _BOTH = frozenset(("image",)), frozenset(("audio",)), frozenset(("image", "audio"))
_KINDS: dict[str, tuple[frozenset[str], Callable[[Reading], str | None]]] = {
    "side": (_BOTH, _side(_ACROSS)),
    "vertical": (_PICTURE, _side(_UPRIGHT)),
    "colour": (_PICTURE, lambda reading: _first([mention for mention in reading.colours if mention.role != "name"])),
    "count": (_BOTH, lambda reading: _first(reading.counts)),
    "size": (_PICTURE, lambda reading: _first(reading.size)),
    "light": (_PICTURE, lambda reading: _first(reading.light)),
    "writing": (_BOTH, lambda reading: reading.writing),
    "negation": (_BOTH, lambda reading: _first(reading.negation)),
    "order": (_SOUND, lambda reading: _first(reading.order)),
    "tempo": (_SOUND, lambda reading: _first(reading.tempo)),
    "loudness": (_SOUND, lambda reading: _first(reading.loudness)),
}
"""Kind -> what texts it is counted in (about pictures, recordings or both), and the first such word of a text."""


class Words:
    """Counts the kinds of words in texts, and keeps the first examples."""

    def __init__(self, about: frozenset[str]):
        self.kinds = {kind: word_of for kind, (of, word_of) in _KINDS.items() if of & about}
        self.texts = 0
        self.found: Counter[str] = Counter()
        self.examples: defaultdict[str, list[Example]] = defaultdict(list)

    def add(self, key: str, field: str, index: int, text: str) -> None:
        """Count one text."""
        reading = read(text)
        self.texts += 1
        for kind, word_of in self.kinds.items():
            if (word := word_of(reading)) is not None:
                self.found[kind] += 1
                if len(self.examples[kind]) < EXAMPLES:
                    self.examples[kind].append(Example(key, field, index, f"{text} | {word}"))

    def shares(self) -> tuple[WordShare, ...]:
        """One value a kind, those that no text has included."""
        return tuple(WordShare(kind, self.found[kind], self.texts, tuple(self.examples[kind])) for kind in self.kinds)
