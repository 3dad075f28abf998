"""What a text measures of sounds: pitches by name or in hertz, lengths of time, rates, and how loud something is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mmaug.language import lexicon as lex
from mmaug.language import sound_words as said
from mmaug.language.tokens import Mention, Token, gap, word_at

AUDIBLE = 20.0
"""Hertz below which nothing is heard as a pitch: so often a second something comes."""

# ---- pitches -----------------------------------------------------------------------------------------------

_HERTZ = re.compile(r"(?<![a-z])(kilo|k)?(?:hz|hertz)\b", re.IGNORECASE)
_NUMBER_BEFORE = re.compile(r"(\d[\d.,]*)[\s-]*$")
_BEARERS = "string|chord|note|tone|scale|key|harmonica|whistle|flute|recorder|clarinet|trumpet|horn|bell|pipe|drone|pitch|tuning"
_NOTES = re.compile(
    r"(?<![\w'’])(?:"
    r"[B-Gb-g][ -]?(?:sharp|flat|major|minor)\b"  # "e flat", "C-sharp"
    r"|A-(?:sharp|flat|major|minor)\b|(?:an|An) [Aa] (?:sharp|flat|major|minor)\b"
    r"|(?:in|of|to|from|and|note|high|low|open) A (?:sharp|flat|major|minor)\b"
    r"|in a (?:sharp|flat|major|minor)(?=\s*(?:[.,;!?]|$))"  # "in a minor", not "in a minor key"
    r"|A (?:sharp|flat) (?:major|minor|chord|note|key|scale)|A (?:major|minor) chord"
    r"|[A-G][#♯♭]"
    r"|[A-G](?:maj|min|m|dim|sus|aug|add)(?:\d+(?!\w)| chord)"
    r"|(?:[Mm]iddle|[Cc]oncert)[ -][A-Ga-g](?![\w'’-])|(?:[Hh]igh|[Ll]ow)[ -][B-Gb-g](?![\w'’-])|(?:[Hh]igh|[Ll]ow) A(?![\w'’-])"
    r"|(?:[Kk]ey|[Nn]ote|[Pp]itch|[Cc]hord) of (?:an? )?[A-Ga-g](?![\w'’-])"
    r"|(?:[Nn]otes?|[Kk]ey|[Pp]itch|[Tt]uned to|[Dd]rop)(?: an?)? [A-G](?![\w'’-])"
    rf"|[B-Gb-g][ -](?:{_BEARERS})s?\b|(?:an|the|An|The|open|Open) [Aa][ -](?:{_BEARERS})s?\b"
    r"|in [A-G](?=\s*(?:[.,;!?]|$))"
    r")"
)
"""Notes, chords and keys by their letter; the letter A is told from the article."""

_NUMBERED_NOTES = re.compile(r"(?<!\w)[A-G](?:[b#♯♭]?[0-8]|b)(?!\w)")
"""What is a note among music, and else may be a paper size or an explosive."""

_MUSIC = said.MUSICAL | lex.words("tone tones pitch pitches tuned tuning sine song songs sings sing singing sung")


def pitches(text: str, tokens: tuple[Token, ...]) -> Iterator[Mention]:
    """Pitches that a text gives exactly: "440 Hz", "in C major", "middle C", "an A flat chord"."""
    yield from (mention for mention, number in _frequencies(text) if number is None or number >= AUDIBLE)
    found = [*_NOTES.finditer(text)]
    if not _MUSIC.isdisjoint(token.word for token in tokens):
        found += _NUMBERED_NOTES.finditer(text)
    yield from (Mention(match.start(), match.end(), match.group()) for match in found)


_MIDDLING = re.compile(
    r"\b(?:medium|mid|middle|moderate|moderately|normal|average)[ -](?:range[ -])?(?:pitch|pitched|frequency|register|toned?)\b",
    re.IGNORECASE,
)


def middling(text: str) -> Iterator[Mention]:
    """Pitches that are said to be neither high nor low."""
    yield from (Mention(match.start(), match.end(), match.group().lower()) for match in _MIDDLING.finditer(text))


def _frequencies(text: str) -> Iterator[tuple[Mention, float | None]]:
    """Every frequency with its hertz; None where no number stands before the unit in digits."""
    for unit in _HERTZ.finditer(text):
        first = max(0, unit.start() - 16)
        before = _NUMBER_BEFORE.search(text, first, unit.start())
        start = before.start() if before else unit.start()
        yield Mention(start, unit.end(), text[start : unit.end()]), before and _number(before.group(1), unit.group(1))


def _number(digits: str, kilo: str | None) -> float | None:
    try:
        return float(digits.strip(".,").replace(",", "")) * (1000.0 if kilo else 1.0)
    except ValueError:  # "1.2.3 Hz"
        return None


# ---- lengths of time ---------------------------------------------------------------------------------------

_GLUED = re.compile(r"\d+(?:s|secs?|seconds?|ms|msec|mins?|minutes?|hrs?|hours?)")
_DECADE = re.compile(r"(?:[2-9]|1[6-9]\d|20\d)0s")
_OF_AGE = lex.POSSESSIVES | lex.words("late early mid")
_OF_A_DECADE = lex.words("music song songs pop rock style disco hit hits tune tunes television tv movie film era")
_OF_THE_DAY = lex.words("day daytime daylight night nighttime morning evening early late rush peak business working small wee")
_OFTEN = lex.words("once twice thrice times time beats half fraction tenth quarter")
_FOR = lex.words("for lasts lasting lasted within about almost nearly around approximately roughly")


def lengths(text: str, tokens: tuple[Token, ...]) -> Iterator[Mention]:
    """Lengths of time: "a five-second beep", "3s", "half a minute", "twice a second"; neither a second click nor the 80s."""
    for i, token in enumerate(tokens):
        if _is_length(text, tokens, i):
            yield Mention(token.start, token.end, token.word)


def _is_length(text: str, tokens: tuple[Token, ...], i: int) -> bool:
    word, before = tokens[i].word, word_at(tokens, i - 1)
    if _GLUED.fullmatch(word):
        of_age = before in _OF_AGE or (before == "the" and word_at(tokens, i - 2) in ("in", "from", "of", "like"))
        return not (_DECADE.fullmatch(word) and (of_age or word_at(tokens, i + 1) in _OF_A_DECADE))
    if before.isdecimal():
        return word in said.UNITS or word in said.UNIT_SIGNS
    if word not in said.UNITS:
        return False
    if word.endswith("s"):
        return before not in _OF_THE_DAY
    if before in lex.NUMBERS or before in said.BEFORE_UNITS:
        return True
    if before not in lex.ARTICLES:
        return False
    if word != "second":
        return before != "the"
    further = word_at(tokens, i - 2) if before != "the" else ""
    of = word_at(tokens, i - 3) in _OFTEN and further == "of"
    after = word_at(tokens, i + 1) if not set(gap(text, tokens, i)) & set(".;!?") else ""
    if before == "the" or after in ("time", "times"):
        return False
    return further in _OFTEN or further in _FOR or of or after in said.AFTER_A_SECOND


_PACES, _MEDIUM = lex.words("speed speeds pace tempo rate"), lex.words("medium moderate normal average ordinary")


def rates(text: str, tokens: tuple[Token, ...]) -> Iterator[Mention]:
    """How often or how fast, in numbers: "120 bpm", "3000 rpm", "60 mph", "ten per minute", "clicks at 4 Hz"; or "at moderate speed"."""
    for i, token in enumerate(tokens):
        number = word_at(tokens, i - 1).isdecimal() or word_at(tokens, i - 1) in lex.NUMBERS
        speed = token.word in said.SPEEDS and number
        glued = token.word[:1].isdecimal() and token.word.lstrip("0123456789") in said.SPEEDS | {"bpm"}
        tempo = token.word == "tempo" and any(word_at(tokens, i + k).isdecimal() for k in (1, 2))
        middling = token.word in _PACES and word_at(tokens, i - 1) in _MEDIUM
        if token.word in said.RATES or speed or glued or tempo or middling:
            yield Mention(token.start, token.end, token.word)
    yield from (mention for mention, number in _frequencies(text) if number is not None and number < AUDIBLE)


# ---- loudness ----------------------------------------------------------------------------------------------

_LEVEL = re.compile(r"\b\d+\s?-?(?:db|decibels?)\b|(?:moderate|medium|normal|average)[ -]volume\b(?! of)", re.IGNORECASE)
_FAINT = re.compile(
    r"\b(?:barely|hardly|scarcely|almost|just)[ -](?:be |in|even |just )?(?:audible|audibly|heard?|hearing|perceptible|discernible"
    r"|noticeable|listen)\b|\b(?:low|lower|lowest|lowered|reduced|little|minimal|minimum|soft)[ -]volume\b(?! of)"
    r"|\bvolume (?:is |was |set |kept |turned |remains |very |quite |so |too |really |to )*(?:low|down)\b|\bturned (?:way )?down\b"
    r"|\bunder (?:his|her|their|its|the|my) breaths?\b"
    r"|(?:\b(?:not|never)|n['’]t) (?:very |so |too |that |really |particularly )?(?:loud|loudly|noisy)\b",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"\b(?:full|high|higher|highest|top|maximum|max|great|loud)[ -]volume\b(?! of)|\bear[ -](?:splitting|shattering)\b"
    r"|\btop of (?:his|her|their|its|the|my) (?:lungs|voices?)\b"
    r"|\bvolume (?:is |was |set |kept |turned |remains |very |quite |so |too |really |all |the |way |to )*(?:high|up|full)\b"
    r"|\bturned (?:all the |way )?up\b"
    r"|(?:\b(?:not|never)|n['’]t) (?:very |so |too |that |really |particularly )?(?:quiet|quietly|soft|softly|faint)\b",
    re.IGNORECASE,
)


def levels(text: str) -> Iterator[tuple[Mention, str]]:
    """Phrases that say how loud something is, each with "faint", "strong" or "exact": "barely audible", "at full volume", "60 dB"."""
    for kind, phrases in (("faint", _FAINT), ("strong", _STRONG), ("exact", _LEVEL)):
        yield from ((Mention(match.start(), match.end(), match.group().lower()), kind) for match in phrases.finditer(text))
