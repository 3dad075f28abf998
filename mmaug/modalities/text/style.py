"""Wording ops on how a text is written: capitals, marks and contractions. What is said stays the same."""

from __future__ import annotations

import re

from mmaug.language import contractions as short
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.modalities.text.draws import Spans, is_free, one_of, rolls
from mmaug.params import Choice, Magnitude, Seed
from mmaug.registry import register


@register("wording", form=Choice(("lower", "upper", "title", "sentence")))
def change_case(reading: Reading, protected: Spans, *, form: str) -> list[Replacement]:
    """Write the text in small letters, in capitals, With Capitals, or with one capital at its start.

    Quotes, names and links keep their case; where a text has any it is not put into capitals as a whole. A side word, a colour or a
    number is the same word in any case, so it goes with the rest.

    form: lower, upper, title or sentence.
    Source: common practice against tokenizers that know case; CLIP reads small letters only (Radford et al. 2021, 2.4).
    """
    text = reading.text
    kept = [(start, end) for start, end in protected if _case_matters(text, start, end)]
    if form == "upper" and any(text[start:end] != text[start:end].upper() for start, end in kept):
        return []
    made = []
    for number, token in enumerate(reading.tokens[:1] if form == "sentence" else reading.tokens):
        word = text[token.start : token.end]
        new = word.lower() if form == "lower" else word.upper() if form == "upper" else _capital(word, number, form)
        if new != word and is_free(token.start, token.end, kept):
            made.append(Replacement(token.start, token.end, new))
    return made


def _case_matters(text: str, start: int, end: int) -> bool:
    """Whether a protected span is a name, a quote or a link: anything but words in small letters, or the first word."""
    words = text[start:end]
    first = words.capitalize() == words and not text[:start].strip()
    return _WORDS.fullmatch(words) is None or not (words.islower() or first)


_WORDS = re.compile(r"\w[\w '’-]*")


def _capital(word: str, number: int, form: str) -> str:
    small = form == "title" and number > 0 and word.lower() in _SMALL
    return word if small else word[:1].upper() + word[1:]


_SMALL = lex.ARTICLES | lex.words("in on at of to from by with and or but nor as for")
"""Words that stay small in a title."""


@register("wording", share=Magnitude(0.0, 1.0, "of the places", 0.0, 1.0), seed=Seed())
def punctuation(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Change marks that carry no meaning: the one at the end, the last comma of a list, a lone comma before "while" or "with".

    share: of the places where a mark may change, in [0, 1]. seed: which places, and which mark.
    Source: Karimi et al. 2021, "AEDA: an easier data augmentation technique for text classification"; only where reading stays.
    """
    made = []
    for (start, end, marks), roll, pick in rolls(_marks(reading.text), seed):
        if roll < share and is_free(start, max(end, start + 1), protected):
            made.append(Replacement(start, end, one_of(marks, pick)))
    return made


_END = re.compile(r"(?<=[a-z0-9)])(\s?[.!]?)\s*$")
_ITEM = r"(?:a|an|the|his|her|their|some|two|three) [\w-]+(?: [\w-]+)?"
_LIST = re.compile(rf"(?:^|\b(?:of|with) )(?:{_ITEM}, )+{_ITEM}(,?) (?:and|or) {_ITEM}(?=[.!]?\s*$)", re.IGNORECASE)
_LONE = re.compile(r"(?<=\w)(,) (?:while|with)\b")
_WHILE = re.compile(r"(?<=\w)() while (?=[\w-]+ [\w-]+)")


def _marks(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Half-open spans of marks (empty where one may be put), and what may stand there."""
    found = []
    if match := _LIST.search(text):
        found.append((*match.span(1), ("",) if match.group(1) else (",",)))
    elif text.count(",") == 1 and (match := _LONE.search(text)):
        found.append((*match.span(1), ("",)))
    elif "," not in text and (match := _WHILE.search(text)):
        found.append((*match.span(1), (",",)))
    if "?" not in text and (match := _END.search(text)):
        found.append((*match.span(1), tuple(mark for mark in (".", "", "!", " .") if mark != match.group(1))))
    return found


@register("wording", share=Magnitude(0.0, 1.0, "of the places", 0.0, 1.0), seed=Seed())
def contractions(reading: Reading, protected: Spans, *, share: float, seed: int) -> list[Replacement]:
    """Shorten "is not" to "isn't" and "it is" to "it's", or write them out; what is denied stays denied.

    share: of the places where one form may stand for the other, in [0, 1]. seed: which places.
    Source: Ribeiro et al. 2020, "Beyond accuracy: behavioral testing of NLP models with CheckList" (its contractions).
    """
    bound = _but_negations(reading, protected)
    return [r for r, roll, _ in rolls(short.places(reading), seed) if roll < share and is_free(r.start, max(r.end, r.start + 1), bound)]


def _but_negations(reading: Reading, protected: Spans) -> list[tuple[int, int]]:
    """The protected spans without those that are just a negating word: "not" and "n't" deny the same."""
    denials = {(m.start, m.end) for m in reading.negation} | {(t.start, t.end) for t in reading.tokens if t.word.endswith("n't")}
    return [span for span in protected if span not in denials]
