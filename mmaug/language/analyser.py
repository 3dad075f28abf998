"""What a caption says: sides, colours, counts, objects, writing, light, sounds, and the words that no op may touch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mmaug.language import lexicon as lex
from mmaug.language.colour_words import MODIFIERS, TERMS
from mmaug.language.colours import Colour, find_colours
from mmaug.language.nouns import Count, Noun, find_counts, find_nouns
from mmaug.language.sides import SIDE_WORDS, Side, find_sides
from mmaug.language.tokens import Mention, Token, gap, tokens_of, word_at

_MENTION_FIELDS = {
    "light": lex.LIGHT, "size": lex.SIZE, "negation": lex.NEGATIONS, "tempo": lex.TEMPO, "order": lex.ORDER,
    "loudness": lex.LOUDNESS, "pitch": lex.PITCH, "repeats": lex.REPEATS, "silence": lex.SILENCE, "ending": lex.ENDING,
}  # fmt: skip
_COUNTS = lex.NUMBERS.keys() | lex.VAGUE | lex.ALL | lex.NONE | lex.ONLY
_SAYING = frozenset(("says", "saying", "reading", "reads"))
_SAYERS = frozenset("sign signs shirt shirts banner board that sticker hat cap cake bus truck screen wall poster".split())
_NUMBERED = frozenset(("route", "number", "no", "bus", "train", "flight"))
_WRITING_WORDS = lex.WRITING.keys() | lex.WRITING_AFTER.keys() | _SAYING | _NUMBERED | {"writing"}
_PLACES = lex.PLACES | {"next", "front", "middle", "center", "centre", "corner", "background", "foreground", "together"}


def _tags() -> dict[str, tuple[str, ...]]:
    """Word -> the lists it is in: one look-up a word, whatever the number of lists."""
    lists = _MENTION_FIELDS | {
        "side": SIDE_WORDS,
        "colour": TERMS.keys(),
        "count": _COUNTS,
        "writing": _WRITING_WORDS,
        "place": _PLACES,
        "modifier": MODIFIERS,
    }
    tags: dict[str, list[str]] = {}
    for name, words in lists.items():
        for word in words:
            tags.setdefault(word, []).append(name)
    return {word: tuple(names) for word, names in tags.items()}


_TAGS = _tags()
_GUARDED = (
    "negation",
    "order",
    "tempo",
    "loudness",
    "pitch",
    "repeats",
    "silence",
    "place",
    "count",
    "colour",
    "modifier",
)
_QUOTED = re.compile(r"\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|«[^»\n]{1,200}»|(?<!\w)'[^'\n]{1,80}'(?!\w)|(?<!\w)‘[^’\n]{1,80}’(?!\w)")
_PRINTED = re.compile(r"(?<![^\W_])[A-Z]{3,}(?![^\W_])|\d:\d\d|#\s?\d|\b(?:letter|digit|number)s? [A-Z0-9]\b")
_CAPITALS = SIDE_WORDS | lex.ABBREVIATIONS | lex.FUNCTION_WORDS
"""Words that may stand in capitals without being read from the picture."""

_GESTURES = ("symbol", "gesture", "pose")
_DISGUISED = re.compile(r"[\uff21-\uff3a\uff41-\uff5a]|[A-Za-z][\u00ad\u200b-\u200f\u2060\ufeff]+[A-Za-z]")
_SPECIAL = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]{1,64}@\w[\w.-]{1,200}|[#@]\w+|<[^<>\n]{1,40}>|\[[A-Z]{2,8}\]|[^\x00-\u024f\u2000-\u206f\s]+"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one English text says. Every mention has `start`, `end` (half-open, characters) and `word`.

    `numerals`: numbers that are names. `writing`: why a mirror would spoil readable writing, or None. `negation`: the
    negating words. `protected`: sorted, disjoint spans that wording ops leave alone.
    """

    text: str
    tokens: tuple[Token, ...] = ()
    sides: tuple[Side, ...] = ()
    colours: tuple[Colour, ...] = ()
    counts: tuple[Count, ...] = ()
    numerals: tuple[Mention, ...] = ()
    nouns: tuple[Noun, ...] = ()
    writing: str | None = None
    light: tuple[Mention, ...] = ()
    size: tuple[Mention, ...] = ()
    negation: tuple[Mention, ...] = ()
    tempo: tuple[Mention, ...] = ()
    order: tuple[Mention, ...] = ()
    loudness: tuple[Mention, ...] = ()
    pitch: tuple[Mention, ...] = ()
    repeats: tuple[Mention, ...] = ()
    silence: tuple[Mention, ...] = ()
    ending: tuple[Mention, ...] = ()
    protected: tuple[tuple[int, int], ...] = ()


@lru_cache(maxsize=65536)
def legible(text: str) -> bool:
    """Whether words are spelt as they look: no full-width letters, no invisible signs within a word, which a reader does not see."""
    return text.isascii() or not _DISGUISED.search(text)


@lru_cache(maxsize=65536)
def read(text: str) -> Reading:
    """Read an English text: pure, cached, linear in its length; never fails on any string."""
    tokens = tokens_of(text)
    places = _places(tokens)
    negated = "negation" in places or "n't" in text
    sides = find_sides(text, tokens, places["side"]) if "side" in places else ()
    colours = find_colours(text, tokens, places["colour"], negated) if "colour" in places else ()
    nouns = find_nouns(text, tokens)
    counts, numerals = find_counts(text, tokens, nouns, places["count"]) if "count" in places else ((), ())
    quotes = _quoted(text)
    mentions = {
        field: tuple(Mention(tokens[i].start, tokens[i].end, tokens[i].word) for i in places[field])
        for field in _MENTION_FIELDS
        if field in places
    }
    return Reading(
        text, tokens, sides, colours, counts, numerals, nouns,
        writing=_writing(text, tokens, places.get("writing", ()), quotes) or _numeral(numerals),
        protected=_protected(text, tokens, places, quotes, sides),
        **mentions,
    )  # fmt: skip


def _places(tokens: tuple[Token, ...]) -> dict[str, list[int]]:
    """List name -> indices of the tokens in it."""
    places: dict[str, list[int]] = {}
    for i, token in enumerate(tokens):
        word = token.word
        tags = _TAGS.get(word)
        if tags is None:
            if word.isdecimal():
                tags = ("count",)
            elif word.endswith("n't"):
                tags = ("negation",)
            else:
                continue
        for tag in tags:
            places.setdefault(tag, []).append(i)
    return places


def _quoted(text: str) -> list[tuple[int, int]]:
    if '"' not in text and "'" not in text and "“" not in text and "‘" not in text and "«" not in text:
        return []
    return [match.span() for match in _QUOTED.finditer(text)]


def _writing(text: str, tokens: tuple[Token, ...], at: list[int] | tuple[()], quotes: list[tuple[int, int]]) -> str | None:
    """Why the caption quotes or implies writing, digits on things, clock faces or maps; None when it does not."""
    printed = [m.group() for m in _PRINTED.finditer(text) if m.group().lower() not in _CAPITALS]
    if printed and not text.isupper():
        return f"printed letters or a time {printed[0]!r}"
    for start, end in quotes:
        if not text[end : end + 12].lstrip().startswith(_GESTURES):
            return f"quoted words {text[start:end]}"
    for i in at:
        word = tokens[i].word
        near = {word_at(tokens, i - 1), word_at(tokens, i + 1)}
        if word in lex.WRITING and not _unwritten(tokens, i):
            return f'{lex.WRITING[word]}: "{word}"'
        if word in lex.WRITING_AFTER and (near & lex.WRITING_AFTER[word] or word_at(tokens, i + 1).isdecimal()):
            return f'writing on a thing: "{word}"'
        if word == "writing" and (word_at(tokens, i - 1) in lex.WRITTEN or word_at(tokens, i - 1) in TERMS):
            return 'letters or numbers: "writing"'
        said = word in _SAYING and word_at(tokens, i - 1) in ("that", "which")
        if said or (word in _SAYING and {word_at(tokens, j) for j in range(i - 4, i)} & _SAYERS):
            return f'writing on a thing: "{word}"'
        if word in _NUMBERED and (word_at(tokens, i + 1).isdecimal() or (word == "number" and word_at(tokens, i + 1) in lex.NUMBERS)):
            return f'a number on a thing: "{word}"'
    return None


def _numeral(numerals: tuple[Mention, ...]) -> str | None:
    return f"a number that is read: {numerals[0].word!r}" if numerals else None


def _unwritten(tokens: tuple[Token, ...], i: int) -> bool:
    """Whether the thing at token `i` carries no letters here: a keyboard that is played, a sign made with the hand, "signs autographs"."""
    word = tokens[i].word
    if word in lex.INSTRUMENTS:
        return any(token.word in lex.MUSIC for token in tokens)
    if word not in ("sign", "signs"):
        return False
    after = word_at(tokens, i + 1)
    return word_at(tokens, i - 1) in lex.SIGNALS or after in ("language", "autograph", "autographs") or (word == "signs" and after == "of")


def _protected(text, tokens, places, quotes, sides) -> tuple[tuple[int, int], ...]:
    """Spans that wording ops must leave alone, sorted and merged."""
    spans = [(side.start, side.end) for side in sides] + quotes
    kept = {i for tag in _GUARDED for i in places.get(tag, ())}
    kept.update(i for i in places.get("side", ()))
    spans += [(tokens[i].start, tokens[i].end) for i in kept]
    for i, token in enumerate(tokens):
        if i and text[token.start].isupper() and gap(text, tokens, i - 1).strip()[-1:] not in (".", "!", "?", ":"):
            spans.append((token.start, token.end))
    spans += [match.span() for match in _SPECIAL.finditer(text)]
    return merge_spans(spans)


def merge_spans(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sorted spans with overlapping and touching ones joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
