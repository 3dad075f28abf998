"""What a change of times means for the text about a recording: tempo, what is still heard, counts, order, and what is said."""

from __future__ import annotations

from mmaug.effects.sound import AudioState
from mmaug.effects.time import TimeMap
from mmaug.language import sound_words as words
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.forms import singular
from mmaug.language.lexicon import FUNCTION_WORDS
from mmaug.language.order import reversed_order
from mmaug.language.sounds import SoundReading, listen
from mmaug.language.tokens import same_words, tokens_of, word_at
from mmaug.pairing.base import Context, Edit, PairRule, Sound, Verdict, Veto, rule

TEXTS = ("caption", "messages")

SAME_TEMPO = 1.05
"""How many times faster or slower still counts as the same tempo where a text speaks of tempo."""

FURTHEST_TEMPO = 2.0
"""How many times faster or slower the things that a text names may be: beyond, a walk is a run."""

UNTIMED_KEPT = 0.8
"""The share of a recording that must be kept where a text names sounds and no events say when they are."""

LASTING_KEPT = 0.5
"""The same where all that the text names goes on for a while: rain, an engine running, someone speaking."""

BRIEF_KEPT = 0.95
"""The same where the text names something that is over in a moment, or says what comes after what."""

HEARD = 0.8
"""The share of a counted or named event that must still be heard."""

HEARD_AT_ALL = 0.03
"""Seconds of a word that nobody takes for speech any more, and of silence that nobody notices."""

SILENCE = 0.25
"""Seconds without an event that count as silence."""

_FASTER = frozenset("fast faster quick quickly quicker rapid rapidly speeding brisk briskly hurried upbeat swift swiftly hurriedly".split())
_SLOWER = frozenset("slow slower slowly leisurely sluggish sluggishly".split())


@rule("time", on=TEXTS)
def tempo_and_what_is_heard(text: str, sound: AudioState, context: Context) -> Verdict:
    """Tempo words stand while the tempo does; what a text counts or names must still be heard, once and whole."""
    move, said = sound.time, listen(text)
    if not text or (move.is_identity and not sound.muted):
        return None
    if veto := _tempo(said, move) or _lengths(said, sound):
        return veto
    heard = sound.heard
    if heard.kept > 1 - 1e-6 and move.in_order:
        return None
    gap = max((end - start for start, end in sound.muted), default=0.0)
    if gap > HEARD_AT_ALL and (even := said.first(words.EVEN)):
        return Veto(f"the text says {even!r}, and {gap:.2f} s of it would be silent")
    if said.quoted:
        return Veto(f"the text quotes what is said, and part of it might be cut or moved: {said.quoted}")
    if said.endings and (context.events is None or move.backwards) and not (move.in_order and move.kept > 1 - 1e-6):
        return Veto(f"the text says {said.endings[0].word!r}, and the recording would start or end elsewhere")
    return _untimed(said, heard) if context.events is None else _heard(said, heard, context.events)


@rule("order", on=TEXTS)
def order_of_sounds(text: str, sound: AudioState, context: Context) -> Verdict:
    """ "Then" and its like need the order of the sounds; backwards, "A, then B" becomes "B, then A".

    Speech and music heard backwards are neither.
    """
    if not text or sound.time.in_order:
        return None
    said = listen(text)
    if sound.time.backwards:
        if said.backwards is not None:
            why = (
                f"says {said.backwards!r}, and it would be heard backwards" if said.backwards else "may name what is not the same backwards"
            )
            return Veto(f"the text {why}")
        if said.order and not said.endings and (swapped := reversed_order(said.reading)) and len(sound.time.pieces) == 1:
            return Edit((Replacement(0, len(text), swapped),)) if swapped != text else None
    elif context.events is not None and _same_order(context.events, sound.time):
        return None  # only silence came to the other end
    for mention in (*said.order, *said.endings):
        return Veto(f"the text says {mention.word!r}, and the order of the sounds would change")
    return None


@rule("time", on="transcript")
def words_still_heard(text: str, sound: AudioState, context: Context) -> Verdict:
    """A transcript loses, marks and reorders the words that its recording does, if word times say which; else it needs them all."""
    move = sound.time
    if not text or (sound.heard.kept > 1 - 1e-6 and move.in_order):
        return None
    if context.words is None:
        return Veto("part of what is said would be cut, silent or moved, and no word times say which")
    for word in context.words:
        parts = [last - first for first, last, _, _ in move.images(word.start, word.end)]
        if len(parts) > 1 and sorted(parts)[-2] > HEARD_AT_ALL:
            return Veto(f"{word.label!r} at {word.start:.2f} s would be heard in two parts")
    if not same_words(text, [word.label for word in context.words]):
        return Veto("part of what is said would be cut, silent or moved, and the word times are not those of the transcript")
    starts = [word.start for word in context.words]
    if not move.in_order and starts != sorted(starts):
        return Veto("what is said would change its order, and the words do not stand in the order of their times")
    return None


@rule("order", on="transcript")
def speech_runs_forwards(text: str, sound: AudioState, context: Context) -> Verdict:
    """Speech heard backwards is not what was said."""
    return Veto("speech would be heard backwards") if text and sound.time.backwards else None


def _tempo(said: SoundReading, move: TimeMap) -> Veto | None:
    if not 1 / FURTHEST_TEMPO - 1e-9 <= move.rate <= FURTHEST_TEMPO + 1e-9:
        return Veto(f"everything would be {move.rate:.2g} times as fast, and what the text names may be something else then")
    wrong = _SLOWER if move.rate > SAME_TEMPO else _FASTER if move.rate < 1 / SAME_TEMPO else frozenset()
    tokens = said.reading.tokens
    for i, token in enumerate(tokens):
        if token.word in wrong and not (token.word == "speeding" and word_at(tokens, i + 1) == "up"):
            return Veto(f"the text says {token.word!r}, and everything would be {move.rate:.2g} times as fast")
    return None


def _lengths(said: SoundReading, sound: AudioState) -> Veto | None:
    """What a text says of how long something lasts, or how often it comes."""
    rate = sound.time.rate
    cut = sound.heard.kept < 1 - 1e-6
    measured = said.lengths[0].word if said.lengths and (cut or abs(rate - 1) > 1e-9) else None
    long = said.first(words.LENGTHENED, unless_before=words.NOT_LENGTH_AFTER) if rate > SAME_TEMPO or cut else None
    short = said.first(words.SHORTENED, unless_before=words.NOT_LENGTH_AFTER) if rate < 1 / SAME_TEMPO else None
    often = said.rates[0].word if said.rates and not 1 / SAME_TEMPO < rate < SAME_TEMPO else None
    word = measured or long or short or often
    return Veto(f"the text says {word!r}, and everything would last another time or come at another rate") if word else None


def _untimed(said: SoundReading, heard: TimeMap) -> Veto | None:
    """Something is cut or comes elsewhere, and no events say when the sounds are."""
    whole = heard.kept > 1 - 1e-6 and len(heard.pieces) == 1  # as it is, or backwards
    if said.exactly and said.counted and not whole:
        return Veto(f"the text says {said.counted.word!r}, and no events say whether a sound would be cut")
    if said.reading.silence and not (whole and not heard.backwards):
        return Veto("the text says there is silence, and no events say where")
    moments = said.brief or said.order or said.counted or said.endings
    least = BRIEF_KEPT if moments else LASTING_KEPT if said.lasting else UNTIMED_KEPT
    if heard.kept < least - 1e-9:
        return Veto(f"{heard.kept:.0%} of the recording would be kept, and no events say what that loses (at least {least:.0%})")
    return None


def _named(said: SoundReading, events: tuple[Sound, ...]) -> tuple[Sound, ...]:
    """The events that the text speaks of: all of them, unless each sound that it names is the label of some."""
    labels = [{singular(token.word) for token in tokens_of(event.label)} - FUNCTION_WORDS for event in events]
    named: set[int] = set()
    for part in said.parts:
        here = {number for number, label in enumerate(labels) if label & {singular(word) for word in part}}
        if not here:
            return events
        named |= here
    return tuple(events[number] for number in sorted(named)) or events


def _heard(said: SoundReading, heard: TimeMap, every: tuple[Sound, ...]) -> Veto | None:
    """Something is cut, or comes elsewhere, and the events say what."""
    reading, events = said.reading, _named(said, every)
    counted = bool(said.counts or reading.repeats)
    if any(count.kind == "exact" and count.value and count.value > len(events) for count in said.counts):
        return Veto("the text counts more sounds than the events show")
    for event in events:
        pieces = heard.images(event.start, event.end)
        parts = [last - first for first, last, _, _ in pieces]
        whole = max(parts, default=0.0) if counted else sum(parts)
        if event.end > event.start and whole < HEARD * (event.end - event.start):
            return Veto(f"{event.label!r} at {event.start:.2f} s would be cut")
        if counted and len([p for p in pieces if p[1] - p[0] > 0.005]) > 1:
            return Veto(f"{event.label!r} at {event.start:.2f} s would be heard in two parts")
    if reading.silence and not _same_silence(reading, every, heard):
        return Veto("the silence that the text speaks of would be cut")
    return None


def _same_order(events: tuple[Sound, ...], move: TimeMap) -> bool:
    """Whether every event is still heard after the one before it."""
    starts = [to for event in events for _, _, to, _ in move.images(event.start, event.end)[:1]]
    return starts == sorted(starts)


def _same_silence(reading: Reading, events: tuple[Sound, ...], move: TimeMap) -> bool:
    """Whether there is still silence where the text puts it: after the sounds ("then silence"), before them, or both."""
    before = _margins([(e.start, e.end) for e in events], move.seconds)
    now = [(min(to, until), max(to, until)) for e in events for _, _, to, until in move.images(e.start, e.end)]
    after = _margins(now, move.out_seconds)
    after = after[::-1] if move.backwards else after
    last = bool(reading.order) and reading.order[0].start < reading.silence[0].start
    first = bool(reading.order) and not last
    asked = [(b, a) for b, a, other in zip(before, after, (last, first), strict=True) if not other]
    return all(new >= SILENCE or old < SILENCE for old, new in asked)


def _margins(spans: list[tuple[float, float]], seconds: float) -> tuple[float, float]:
    return (min((s for s, _ in spans), default=seconds), seconds - max((e for _, e in spans), default=0.0))


RULES: tuple[PairRule, ...] = (tempo_and_what_is_heard, order_of_sounds, words_still_heard, speech_runs_forwards)
