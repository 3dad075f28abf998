"""Joining what is said of two rows, and when that is true of their mixture."""

from __future__ import annotations

import re

from mmaug.language import lexicon, sound_words
from mmaug.language.analyser import Reading, read
from mmaug.language.sounds import listen
from mmaug.language.wordnet import names_object
from mmaug.pairing.naming import naming

_WHOLE = frozenset(
    "monochrome sepia greyscale grayscale blurry blurred closeup zoomed collage aerial upside tilted rotated cropped filled nothing"
    " everything everyone alone".split()
)
"""Words on a whole picture, which a second one in it makes false."""

_WHOLE_PHRASES = re.compile(r"\b(black[ -]and[ -]white|close[ -]up|upside[ -]down|full of|filled with|nothing (?:but|else))\b", re.I)
_SENTENCE_END = re.compile(r"[.!]['\")]?\s+\S")
_MARKS = " \t\n.!,;"
_LOWERED = lexicon.FUNCTION_WORDS | lexicon.NUMBERS.keys() | lexicon.VAGUE
REACH = 25
"""Characters between "the" and the noun that it belongs to."""

_HUSH = sound_words.STILL | sound_words.QUIET | sound_words.CLEAR | sound_words.BACKGROUND


def joined(text: str, other: str) -> tuple[str, int]:
    """Both texts in one, and where the other begins in it: "a dog on a mat, and a cat in a box". An empty one adds nothing."""
    second = other.lstrip()
    if not second.strip() or not text.strip():
        return (text, len(text)) if text.strip() else (other, 0)
    if _SENTENCE_END.search(text) or _SENTENCE_END.search(second):
        first = text.rstrip()
        first += " " if first[-1] in ".!" else ". "
    else:
        first = text.rstrip(_MARKS) + ", and "
        word = re.split(r"[^\w']", second, maxsplit=1)[0]
        if word.lower() in _LOWERED and word != "I":
            second = second[0].lower() + second[1:]
    return first + second, len(first) - (len(other) - len(other.lstrip()))


def untrue(text: str, other: str, labels: frozenset[str] | None, *, heard: bool) -> str | None:
    """Why a text may be false where another row is mixed in, None where it stays true.

    other: what is said of the other row. labels: what is annotated there, None where nothing is. heard: whether sounds are mixed.
    """
    reading = read(text)
    if "?" in text:
        return "it asks, and the other row may answer otherwise"
    if reading.negation:
        return f"it says {reading.negation[0].word!r}, and the other row may have just that"
    if word := next((token.word for token in reading.tokens if token.word in lexicon.SUPERLATIVES | _WHOLE), None):
        return f"it says {word!r} of all that is there, and there would be more"
    if phrase := _WHOLE_PHRASES.search(text):
        return f"it says {phrase[0]!r} of all that is there, and there would be more"
    return _counted(reading, other, labels) or _definite(reading, other, labels) or (_of_sounds(text) if heard else None)


def _counted(reading: Reading, other: str, labels: frozenset[str] | None) -> str | None:
    """A number stands only where what it counts is surely not in the other row: its annotations and its text say so."""
    theirs = {noun.lemma for noun in read(other).nouns}
    for count in reading.counts:
        if count.kind == "vague":
            continue
        known = count.kind == "exact" and count.noun and labels is not None and count.noun not in theirs
        if not known or naming(reading.text, tuple(sorted(labels or ()))).counted:
            return f"it says {count.word!r}, and the other row may have more of it"
    return None


def _definite(reading: Reading, other: str, labels: frozenset[str] | None) -> str | None:
    """ "The dog" is the one that was spoken of before: in a joined text perhaps the other row's."""
    theirs = {noun.lemma for noun in read(other).nouns}
    for token in (token for token in reading.tokens if token.word == "the"):
        noun = next((noun for noun in reading.nouns if 0 < noun.start - token.end < REACH), None)
        if noun and (noun.lemma in theirs or any(names_object(noun.lemma, label) for label in labels or ())):
            return f"it says 'the {noun.lemma}', and the other row has one too"
    return None


def _of_sounds(text: str) -> str | None:
    said = listen(text)
    for mention in (*said.order, *said.endings):
        return f"it says {mention.word!r}, and the other sound would be heard meanwhile"
    if said.counted is not None:
        return f"it says {said.counted.word!r}, and the other sound may be of that kind"
    if word := said.first(_HUSH):
        return f"it says {word!r}, and another sound would be heard"
    return None
