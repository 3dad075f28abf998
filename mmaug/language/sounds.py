"""What a text says of sounds: who is heard, how high and how loud, what lasts, and what cannot be heard backwards."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mmaug.language import lexicon as lex
from mmaug.language import measures
from mmaug.language import sound_words as said
from mmaug.language.analyser import Reading, read
from mmaug.language.nouns import Count
from mmaug.language.tokens import Mention, Token, word_at

_PARTING = frozenset(
    "and with while as then followed before after over along alongside amid amidst among amongst accompanied but including plus "
    "when until during meanwhile simultaneously against through by".split()
)
"""Words between one sound and the next."""

_NEUTRAL = (
    lex.FUNCTION_WORDS
    | said.DISTANT
    | said.BACKGROUND
    | said.LOUD
    | said.QUIET
    | said.SURFACES
    | said.EVEN
    | lex.ORDER
    | lex.TEMPO
    | frozenset("close area space range regular pace".split())
)
_ONCE = frozenset("twice thrice once times again".split())
_AGAIN = re.compile(r"\bone after (?:another|the other|the next)\b|\b(\w{1,12}) after \1\b|\bafter (?:each|one an)other\b")
_LISTED = re.compile(r",|\band\b|\bthen\b|&", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“«][^\"”»\n]*[\"”»]|(?<!\w)['‘][^'’\n]+['’](?!\w)")


@dataclass(frozen=True, slots=True)
class SoundReading:
    """What one English text says of sounds; every mention has its place in the text.

    parts: the words of each sound that it names.
    voices: whose voice may be heard, each with "man", "woman", "child" or "baby". high, low: said to be of such a pitch.
    small, large: things whose size is heard in their pitch. order: what comes before what. endings: what starts, stops,
    comes or goes. quoted: the first words in quotation marks. pitches: given exactly, by letter or in hertz.
    ranges: voices and instruments named after how high they are, and what is of a medium pitch. lengths, rates: how long
    and how often, in numbers. levels: phrases of loudness, each with "faint", "strong" or "exact". counts: numbers that
    measure nothing. counted: the first word that counts sounds; `exactly` says whether it gives a number. brief: the first
    sound that is over in a moment, as a number that is said. lasting: everything named goes on for a while.
    backwards: the first thing that cannot be heard backwards, "" where something is not known, None where all can.
    """

    reading: Reading
    parts: tuple[frozenset[str], ...]
    voices: tuple[tuple[Mention, str], ...]
    high: tuple[Mention, ...]
    low: tuple[Mention, ...]
    small: tuple[Mention, ...]
    large: tuple[Mention, ...]
    order: tuple[Mention, ...]
    endings: tuple[Mention, ...]
    quoted: str | None
    pitches: tuple[Mention, ...]
    ranges: tuple[Mention, ...]
    lengths: tuple[Mention, ...]
    rates: tuple[Mention, ...]
    levels: tuple[tuple[Mention, str], ...]
    counts: tuple[Count, ...]
    counted: Mention | None
    exactly: bool
    brief: Mention | None
    lasting: bool
    backwards: str | None

    def first(self, words: Collection[str], unless_before: Collection[str] = ()) -> str | None:
        """The first word of the text that is one of these and does not stand before one of those."""
        tokens = self.reading.tokens
        found = (i for i, token in enumerate(tokens) if token.word in words and word_at(tokens, i + 1) not in unless_before)
        return next((tokens[i].word for i in found), None)


@lru_cache(maxsize=65536)
def listen(text: str) -> SoundReading:
    """Read an English text about sounds: pure and cached; never fails on any string."""
    reading = read(text)
    tokens = reading.tokens
    voices = tuple((_mention(token), said.VOICES[token.word]) for token in tokens if token.word in said.VOICES)
    lengths, pitches = tuple(measures.lengths(text, tokens)), tuple(measures.pitches(text, tokens))
    rates = tuple(measures.rates(text, tokens))
    counts = tuple(count for count in reading.counts if not _measures(count, (*lengths, *pitches, *rates)))
    order, endings, counted = tuple(_order(reading, lengths)), tuple(_endings(reading)), _counted(reading, counts)
    brief = next((_mention(token) for i, token in enumerate(tokens) if _is_brief(tokens, i)), next(iter(reading.numerals), None))
    parts = _parts(reading)
    loose = order or endings or counted or brief or len(voices) > 1 or reading.silence or any(t.word in said.SHORTENED for t in tokens)
    return SoundReading(
        reading,
        tuple(parts),
        voices,
        high=_pitched(tokens, said.HIGH),
        low=_pitched(tokens, said.LOW),
        small=_sized(tokens, said.SMALL) + tuple(_mention(token) for token in tokens if token.word in said.YOUNG_ANIMALS),
        large=_sized(tokens, said.LARGE),
        order=order,
        endings=endings,
        quoted=found.group() if (found := _QUOTED.search(text)) else None,
        pitches=pitches,
        ranges=(*(_mention(token) for token in tokens if token.word in said.RANGES), *measures.middling(text)),
        lengths=lengths,
        rates=rates,
        levels=tuple(measures.levels(text)),
        counts=counts,
        counted=counted,
        exactly=counted is not None and counted.word not in ("times", "again") and counted.word.split()[-1] not in lex.VAGUE,
        brief=brief,
        lasting=not loose and all(part & (said.STEADY_SOUNDS | said.LASTING_ONLY | said.GOING_ON) for part in parts),
        backwards=_backwards(reading, parts),
    )


def _mention(token: Token) -> Mention:
    return Mention(token.start, token.end, token.word)


def _parts(reading: Reading) -> list[frozenset[str]]:
    """The words of each sound that the text names; places and the like alone are no part."""
    parts, words = [], set()
    for i, token in enumerate(reading.tokens):
        before = reading.text[reading.tokens[i - 1].end : token.start] if i else ""
        if token.word in _PARTING or any(mark in before for mark in ",.;:"):
            parts.append(words)
            words = set()
        if token.word not in _PARTING:
            words.add(token.word)
    return [frozenset(part) for part in (*parts, words) if any(w not in _NEUTRAL and not w.endswith("ly") for w in part)]


def _pitched(tokens: tuple[Token, ...], words: frozenset[str]) -> tuple[Mention, ...]:
    """ "High" and the like where they say a pitch, not a speed, a wind or a volume."""
    return tuple(
        _mention(token) for i, token in enumerate(tokens) if token.word in words and word_at(tokens, i + 1) not in said.NOT_PITCH_AFTER
    )


def _sized(tokens: tuple[Token, ...], sizes: frozenset[str]) -> tuple[Mention, ...]:
    """Sizes of things that sound by their size."""
    return tuple(
        _mention(token)
        for i, token in enumerate(tokens)
        if token.word in sizes and {word_at(tokens, i + k) for k in (1, 2, 3)} & said.SIZED
    )


def _measures(count: Count, measured: tuple[Mention, ...]) -> bool:
    """Whether a number is that of a length, a pitch or a rate: "five seconds", "440 Hz"."""
    return any(mention.start <= count.start < mention.end or 0 <= mention.start - count.end <= 1 for mention in measured)


def _order(reading: Reading, lengths: tuple[Mention, ...]) -> Iterator[Mention]:
    """Words of order that do not hold both ways; "next to" is a place, "a five second beep" a length, "one after another" repeats."""
    found = [*reading.order, *(_mention(token) for token in reading.tokens if token.word in said.SEQUENCE)]
    for mention in sorted(found, key=lambda mention: mention.start):
        after = reading.text[mention.end :].split(maxsplit=2)
        follower = after[0].lower() if after else ""
        place = (mention.word == "next" and follower == "to") or (mention.word == "second" and follower in ("man", "person"))
        counts = mention.word == "once" and follower not in lex.DETERMINERS | lex.PRONOUNS  # "barks once", not "once the door opens"
        repeats = _one_after_another(reading, mention)
        if mention.word not in said.TOGETHER and mention not in lengths and not (place or counts or repeats):
            yield mention


def _one_after_another(reading: Reading, mention: Mention) -> bool:
    """Whether a word only says that the same comes again: "beeps in succession", but not "sawing and drilling in succession"."""
    around = reading.text[max(0, mention.start - 12) : mention.end + 12].lower()
    again = mention.word in said.SUCCESSION or _AGAIN.search(around)
    before = reading.text[: mention.start].rstrip().removesuffix("one").rstrip(" ,")  # "fireworks go off, one after the other"
    return bool(again) and not _LISTED.search(before)


def _endings(reading: Reading) -> Iterator[Mention]:
    """Words of starting, ending, coming and going; "far away" is a place, and what continues neither ends nor begins."""
    for mention in reading.ending:
        away = mention.word == "away" and reading.text[: mention.start].rstrip().lower().endswith("far")
        if not away and mention.word not in ("continue", "continues"):
            yield mention


def _counted(reading: Reading, counts: tuple[Count, ...]) -> Mention | None:
    """What counts sounds: "three barks", "twice", "several times", "a few beeps"; "several people talk" does not."""
    for count in counts:
        after = reading.text[count.end :].lower().split(maxsplit=2)
        if (count.kind == "exact" and count.word != "one") or (count.kind == "vague" and set(after[:2]) & (said.MOMENTS | {"times"})):
            return Mention(count.start, count.end, count.word)
    return next((mention for mention in reading.repeats if mention.word in _ONCE), None)


def _is_brief(tokens: tuple[Token, ...], i: int) -> bool:
    """Whether a word names what is over in a moment: not "barking", "dogs bark" or what is said to go on."""
    word, before = tokens[i].word, word_at(tokens, i - 1)
    if word not in said.MOMENTS or word.endswith("ing") or (before.endswith("s") and not word.endswith("s")):
        return False
    return not any(word_at(tokens, j) in said.GOING_ON for j in range(i - 3, i + 4))


def _backwards(reading: Reading, parts: list[frozenset[str]]) -> str | None:
    tokens = reading.tokens
    words = [token.word for token in tokens]
    even = frozenset[str]().union(*(verbs for subject, verbs in said.EVEN_MOVES if subject & set(words)))
    calls = said.CALLS if said.ANIMALS & set(words) and not said.PEOPLE & set(words) else frozenset()
    for i, word in enumerate(words):
        after = word_at(tokens, i + 1)
        near = (word == "close" and after in said.NEARBY_AFTER) or (word in ("goes", "go", "going") and after in ("off", "on"))
        if (word in said.ONE_WAY and word not in even and not near) or (word in said.SPEAKING and word not in calls):
            return word
        if word in said.MUSICAL:
            return word
        before = word_at(tokens, i - 1)
        bound = word == "past" or (word in said.BOUND and before in said.MOTIONS and after != "of")
        if bound or (word in ("up", "down", "out", "off") and before in said.CHANGING):
            return f"{before} {word}"
    if "into" in words and said.VESSELS & set(words):
        return "into"
    if moved := next((side for side in reading.sides if side.kind == "direction" or said.ACROSS & set(words)), None):
        return moved.text
    return None if all(part & (said.STEADY_SOUNDS | calls) for part in parts) else ""
