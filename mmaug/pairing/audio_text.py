"""What a change to a recording means for the text about it: tempo, order, counts, loudness, channels, and what is said."""

from __future__ import annotations

from mmaug.effects.geometry import MIRRORED
from mmaug.effects.sound import AudioState
from mmaug.effects.time import TimeMap
from mmaug.language.analyser import Reading, read
from mmaug.language.edits import Replacement
from mmaug.language.order import reversed_order
from mmaug.language.tokens import Mention, same_words
from mmaug.pairing.base import Context, Edit, PairRule, Sound, Verdict, Veto, harmless, rule
from mmaug.pairing.image_text import turned_sides

TEXTS = ("caption", "messages")

SAME_TEMPO = 1.05
"""How many times faster or slower still counts as the same tempo where a text speaks of tempo."""

SAME_LOUDNESS = 3.0
"""Decibels that may change where a text speaks of loudness."""

QUIETEST = -30.0
"""Decibels below which nothing that a text names can be expected to be heard."""

UNTIMED_KEPT = 0.8
"""The share of a recording that must be kept where a text names sounds and no events say when they are."""

HEARD = 0.8
"""The share of a counted or named event that must still be heard."""

HEARD_AT_ALL = 0.03
"""Seconds of a word that nobody takes for speech any more."""

SILENCE = 0.25
"""Seconds without an event that count as silence."""

_FASTER = frozenset("fast faster quick quickly quicker rapid rapidly speeding brisk briskly hurried upbeat".split())
_SLOWER = frozenset("slow slower slowly leisurely".split())
_LOUD = frozenset("deafening thunderous booming piercing blast loud louder loudly noisy blaring yelling shouting blasting".split())
_ONE_WAY = frozenset(
    "take takes taking land lands landing crash crashes crashing open"
    " opens opening close closes closing shut shuts shutting slam slams slamming"
    " pour pours pouring fill fills filling drain drains draining fall"
    " falls falling drop drops dropping break breaks breaking shatter shatters"
    " shattering pass passes passing accelerate accelerates accelerating decelerate decelerates rev revs revving explode explodes exploding"
    " sneeze sneezes sneezing cough coughs coughing flush flushes flushing"
    " speeds arrives arriving leaves leaving comes coming goes going scream screams screaming"
    " rising rises falling scale crescendo builds building swells swelling"
    " fades ascending descending speeding siren sirens applause".split()
)
"""What is something else, or nothing known, when it is heard backwards."""

_DURATIONS = frozenset(("second", "minute", "hour", "moment", "while"))

_LASTING = frozenset("long short brief briefly every bpm beats per prolonged lengthy".split())
"""What says how long something lasts or how often it comes."""

_STEREO = frozenset("stereo panning panned binaural surround".split())
_SILENT = frozenset(("silent", "silence"))
_SPOKEN = frozenset(
    "speak speaks speaking spoken speech talk talks talking say says saying said voice voices sing sings singing song music musical"
    " word words conversation announcer announces laugh laughs laughing"
    " whisper whispers whispering narrate narrates reciting reads reading"
    " poem sermon preaches preaching cries crying help".split()
)


@rule("time", on=TEXTS)
def tempo_and_what_is_heard(text: str, sound: AudioState, context: Context) -> Verdict:
    """Tempo words stand while the tempo does; what a text counts or names must still be heard, once and whole."""
    move, reading = sound.time, read(text)
    if not text or move.is_identity:
        return None
    if veto := _tempo(reading, move):
        return veto
    if lasting := next((noun for noun in reading.nouns if noun.lemma in _DURATIONS), None):
        return Veto(f"the text says how long something lasts ({reading.text[lasting.start : lasting.end]!r})")
    if word := next((t.word for t in reading.tokens if t.word in _LASTING), None):
        return Veto(f"the text says {word!r}, and everything would last another time or come at another rate")
    if move.kept > 1 - 1e-6 and move.in_order:
        return None
    if reading.writing is not None:
        return Veto(f"the text quotes what is said, and part of it might be cut or moved ({reading.writing})")
    ending = _endings(reading)
    if ending and (context.events is None or move.backwards):
        return Veto(f"the text says {ending[0].word!r}, and the recording would start or end elsewhere")
    return _heard(reading, move, context)


@rule("order", on=TEXTS)
def order_of_sounds(text: str, sound: AudioState, context: Context) -> Verdict:
    """ "Then" and its like need the order of the sounds; backwards, "A, then B" becomes "B, then A".

    Speech and music heard backwards are neither.
    """
    if not text or sound.time.in_order:
        return None
    reading = read(text)
    if sound.time.backwards:
        spoken = next((token.word for token in reading.tokens if token.word in _SPOKEN or token.word in _ONE_WAY), None)
        if spoken:
            return Veto(f"the text says {spoken!r}, and it would be heard backwards")
        if reading.order and not _endings(reading) and (swapped := reversed_order(reading)) and len(sound.time.pieces) == 1:
            return Edit((Replacement(0, len(text), swapped),))
    elif context.events is not None and _same_order(context.events, sound.time):
        return None  # only silence came to the other end
    for mention in (*reading.order, *_endings(reading)):
        return Veto(f"the text says {mention.word!r}, and the order of the sounds would change")
    return None


@rule("loudness", on=TEXTS)
def loudness_words(text: str, sound: AudioState, context: Context) -> Verdict:
    """ "Loud" stands when it gets louder, "quiet" and "distant" when it gets quieter; nothing stands when it is gone."""
    if not text or abs(sound.gain_db) <= SAME_LOUDNESS:
        return None
    if sound.gain_db < QUIETEST:
        return Veto(f"{sound.gain_db:.0f} dB is too quiet for anything that the text names")
    reading = read(text)
    for mention in reading.loudness:
        if mention.word not in _SILENT and (mention.word in _LOUD) != (sound.gain_db > 0):
            return Veto(f"the text says {mention.word!r}, and the sound would be {sound.gain_db:+.0f} dB")
    return None


@rule("channels", on=TEXTS)
def channel_words(text: str, sound: AudioState, context: Context) -> Verdict:
    """Left and right change places in the text when they do in the sound."""
    reading = read(text)
    if sound.sides == "lost" and (word := next((t.word for t in reading.tokens if t.word in _STEREO), None)):
        return Veto(f"the text says {word!r}, and the sound would come from no side")
    if not reading.sides or sound.sides == "kept":
        return None
    if reading.writing is not None:
        return Veto(f"the text says {reading.sides[0].text!r}, and quotes what is said, which stays ({reading.writing})")
    if sound.sides == "lost":
        return _without_sides(reading, context)
    return turned_sides(text, MIRRORED)


def _without_sides(reading: Reading, context: Context) -> Verdict:
    """Leave out "on the left" where it ends a clause: what the rest says of the sounds stays true if no count depends on it."""
    counted = [count for count in reading.counts if count.kind != "vague"]
    heard = len(context.events) if context.events is not None else None
    for side in reading.sides:
        clause_ends = not reading.text[side.end :].strip() or reading.text[side.end :].lstrip()[0] in ",.;"
        countable = not counted or (len(counted) == 1 and counted[0].value == heard)
        if side.kind != "absolute" or side.form not in ("at", "from", "far") or not clause_ends or not countable:
            return Veto(f"the text says {side.text!r}, and the sound would come from no side")
    return Edit(tuple(Replacement(side.start, side.end, "") for side in reading.sides))


@rule("time", on="transcript")
def words_still_heard(text: str, sound: AudioState, context: Context) -> Verdict:
    """A transcript loses and reorders the words that its recording does, if word times say which; else it needs them all."""
    move = sound.time
    if not text or move.is_identity or (move.kept > 1 - 1e-6 and move.in_order):
        return None
    if context.words is None:
        return Veto("part of what is said would be cut or moved, and no word times say which")
    for word in context.words:
        parts = [last - first for first, last, _, _ in move.images(word.start, word.end)]
        if len(parts) > 1 and sorted(parts)[-2] > HEARD_AT_ALL:
            return Veto(f"{word.label!r} at {word.start:.2f} s would be heard in two parts")
    if not same_words(text, [word.label for word in context.words]):
        return Veto("part of what is said would be cut or moved, and the word times are not those of the transcript")
    return None


@rule("order", on="transcript")
def speech_runs_forwards(text: str, sound: AudioState, context: Context) -> Verdict:
    """Speech heard backwards is not what was said."""
    return Veto("speech would be heard backwards") if text and sound.time.backwards else None


@rule("loudness", on="transcript")
def speech_is_heard(text: str, sound: AudioState, context: Context) -> Verdict:
    """What is far too quiet is not heard."""
    return Veto(f"{sound.gain_db:.0f} dB is too quiet to hear what is said") if text and sound.gain_db < QUIETEST else None


def _endings(reading: Reading) -> list[Mention]:
    """Words of starting, ending, coming and going; "far away" is a place."""
    return [m for m in reading.ending if not (m.word == "away" and reading.text[: m.start].rstrip().lower().endswith("far"))]


def _tempo(reading: Reading, move: TimeMap) -> Veto | None:
    for mention in reading.tempo:
        wrong = (move.rate > SAME_TEMPO and mention.word in _SLOWER) or (move.rate < 1 / SAME_TEMPO and mention.word in _FASTER)
        if wrong:
            return Veto(f"the text says {mention.word!r}, and everything would be {move.rate:.2g} times as fast")
    return None


def _heard(reading: Reading, move: TimeMap, context: Context) -> Veto | None:
    """Something is cut, or comes elsewhere."""
    counted = bool(reading.counts or reading.repeats)
    if context.events is None:
        if counted and (move.kept < 1 - 1e-6 or not move.in_order):
            return Veto("the text counts sounds, and no events say whether one would be cut")
        if move.kept < UNTIMED_KEPT:
            return Veto(f"{move.kept:.0%} of the recording would be kept, and no events say what that loses (at least {UNTIMED_KEPT:.0%})")
        return Veto("the text says there is silence, and no events say where") if reading.silence else None
    if any(count.kind == "exact" and count.value and count.value > len(context.events) for count in reading.counts):
        return Veto("the text counts more sounds than the events show")
    for event in context.events:
        pieces = move.images(event.start, event.end)
        parts = [last - first for first, last, _, _ in pieces]
        whole = max(parts, default=0.0) if counted else sum(parts)
        if event.end > event.start and whole < HEARD * (event.end - event.start):
            return Veto(f"{event.label!r} at {event.start:.2f} s would be cut")
        if counted and len([p for p in pieces if p[1] - p[0] > 0.005]) > 1:
            return Veto(f"{event.label!r} at {event.start:.2f} s would be heard in two parts")
    if reading.silence and not _same_silence(reading, context.events, move):
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


RULES: tuple[PairRule, ...] = (
    tempo_and_what_is_heard,
    order_of_sounds,
    loudness_words,
    channel_words,
    words_still_heard,
    speech_runs_forwards,
    speech_is_heard,
    harmless("channels", on="transcript"),  # what was said stays what was said
)
