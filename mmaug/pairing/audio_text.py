"""What a change of how a recording sounds means for the text about it: loudness, pitch, noise and sides. Times: `audio_heard`."""

from __future__ import annotations

import math

from mmaug.effects.geometry import MIRRORED
from mmaug.effects.sound import AudioState
from mmaug.language import sound_words as words
from mmaug.language.analyser import read
from mmaug.language.edits import Replacement
from mmaug.language.reported import reported_sides
from mmaug.language.side import Side
from mmaug.language.sounds import SoundReading, listen
from mmaug.language.tokens import word_at
from mmaug.pairing import audio_heard
from mmaug.pairing.audio_heard import TEXTS
from mmaug.pairing.base import Context, Edit, PairRule, Verdict, Veto, harmless, rule
from mmaug.pairing.image_text import turned_sides

SAME_LOUDNESS = 3.0
"""Decibels that may change where a text speaks of loudness."""

QUIETEST = -30.0
"""Decibels below which nothing that a text names can be expected to be heard."""

SAME_PITCH = 2.0
"""Semitones that may change where a text speaks of pitch, or of who speaks."""

FURTHEST_PITCH = 6.0
"""Semitones beyond which no voice is a person's, and a thing that a text names may be another."""

UNDERSTOOD_PITCH = 8.0
"""Semitones beyond which speech is hard to understand."""

EXACT_PITCH = 0.2
"""Semitones that may change where a text gives a pitch exactly, in hertz (about 1 %) or by its letter."""

VOICE_PITCH = {
    "man": (-FURTHEST_PITCH, SAME_PITCH),
    "woman": (-SAME_PITCH, 3.0),
    "child": (-SAME_PITCH, FURTHEST_PITCH),
    "baby": (-3.0, FURTHEST_PITCH),
}
"""Who is heard -> the semitones that leave it so. Formants move along, so that four up makes a man young and five a woman."""

FAINT_NOISE = 40.0
"""Decibels that noise must lie below the sound where a text says it is quiet, silent or clear."""

FAR_NOISE = 15.0
"""The same where a text names what is heard in the background or at a distance: that is weaker than the whole."""

COUNTED_NOISE = 10.0
"""The same where a text counts sounds: each must stand out."""

LOUDEST_NOISE = 5.0
"""The same for whatever a text names."""

UNDERSTOOD_NOISE = 0.0
"""The same for what is said."""

NOTICED_ECHO = 0.3
"""Seconds of reverberation that are heard as a room."""

UNDERSTOOD_ECHO = 3.0
"""Seconds of reverberation beyond which speech is hard to understand."""

KEPT_BAND = 0.5
"""The share of the octaves of a sound that must be left."""

ANY_BAND, VOICE_BAND, LOW_BAND, HIGH_BAND = (150.0, 5000.0), (300.0, 3400.0), (40.0, 250.0), (2000.0, 7000.0)
"""Hertz: where most sounds, speech, low and high sounds have their strength."""

_UPRIGHT = frozenset(("up", "down", "vertical"))
_STEREO = frozenset("stereo panning panned binaural surround".split())
_FAINT = words.QUIET | words.DISTANT
_BARE = words.QUIET | words.STILL | words.CLEAR
_FAR = words.DISTANT | words.BACKGROUND
_VOICES = frozenset((*words.SPEAKING, *words.VOICES))


@rule("loudness", on=TEXTS)
def loudness_words(text: str, sound: AudioState, context: Context) -> Verdict:
    """ "Loud" stands when it gets louder, "quiet" and "distant" when it gets quieter; nothing stands when it is gone."""
    if not text or (abs(sound.gain_db) <= SAME_LOUDNESS and sound.level_known):
        return None
    if sound.gain_db < QUIETEST:
        return Veto(f"{sound.gain_db:.0f} dB is too quiet for anything that the text names")
    said = listen(text)
    weak = _FAINT | words.WEAKER if len(said.parts) < 2 else _FAINT
    wrong = weak | words.LOUD if not sound.level_known else weak if sound.gain_db > 0 else words.LOUD
    right = "" if not sound.level_known else "strong" if sound.gain_db > 0 else "faint"
    level = next((mention.word for mention, kind in said.levels if kind != right), None)
    if word := level or _loudness_word(said, wrong):
        change = f"{sound.gain_db:+.0f} dB" if sound.level_known else "of another loudness"
        return Veto(f"the text says {word!r}, and the sound would be {change}")
    return None


@rule("pitch", on=TEXTS)
def pitch_words(text: str, sound: AudioState, context: Context) -> Verdict:
    """ "A deep voice" stands when it gets lower, and a man is a man within limits; nothing stands far from its own pitch."""
    by = sound.semitones
    if text and abs(by) > EXACT_PITCH and (exact := listen(text).pitches):
        return Veto(f"the text says {exact[0].word!r}, and the sound would be {by:+.1f} semitones off (at most {EXACT_PITCH:g})")
    if not text or abs(by) <= SAME_PITCH:
        return None
    if abs(by) > FURTHEST_PITCH:
        return Veto(f"{by:+.1f} semitones may make something else of what the text names (at most {FURTHEST_PITCH:g})")
    said = listen(text)
    for mention, who in said.voices:
        lowest, highest = VOICE_PITCH[who]
        if not lowest <= by <= highest:
            return Veto(f"the text says {mention.word!r}, and {by:+.1f} semitones would make another's voice of it")
    if said.ranges:
        return Veto(f"the text says {said.ranges[0].word!r}, and {by:+.1f} semitones may put it into another range")
    for mention in (*said.low, *said.large) if by > 0 else (*said.high, *said.small):
        return Veto(f"the text says {mention.word!r}, and the sound would be {by:+.1f} semitones {'higher' if by > 0 else 'lower'}")
    return None


@rule("noise", on=TEXTS)
def noise_words(text: str, sound: AudioState, context: Context) -> Verdict:
    """ "Quiet" and "clear" bear no noise, "steady" no tremolo, what is far not much noise; and what is named keeps its band."""
    if not text:
        return None
    said = listen(text)
    return _drowned(said, sound.noise_db) or _spoilt(said, sound) or _taken(said, sound)


@rule("channels", on=TEXTS)
def channel_words(text: str, sound: AudioState, context: Context) -> Verdict:
    """Left and right change places in the text when they do in the sound."""
    reading = read(text)
    sides = tuple(side for side in reading.sides if not _UPRIGHT.issuperset(side.names))  # no channel is above another
    if sound.sides == "lost" and (word := next((t.word for t in reading.tokens if t.word in _STEREO), None)):
        return Veto(f"the text says {word!r}, and the sound would come from no side")
    if not sides or sound.sides == "kept":
        return None
    if quoted := listen(text).quoted:
        return Veto(f"the text says {sides[0].text!r}, and quotes what is said, which stays: {quoted}")
    reported = reported_sides(reading)
    if doubtful := next((side for side, sure in reported if not sure and side in sides), None):
        return Veto(f"the text says {doubtful.text!r}, which may be part of what somebody says, and that stays")
    own = tuple(side for side in sides if all(side is not told for told, _ in reported))
    if not own:
        return None
    if sound.sides == "lost":
        return _without_sides(listen(text), own, context)
    made = turned_sides(text, MIRRORED)
    if not isinstance(made, Edit):
        return made
    return Edit(tuple(word for word in made.replacements if any(side.start <= word.start < side.end for side in own)))


@rule("loudness", on="transcript")
def speech_is_heard(text: str, sound: AudioState, context: Context) -> Verdict:
    """What is far too quiet is not heard."""
    return Veto(f"{sound.gain_db:.0f} dB is too quiet to hear what is said") if text and sound.gain_db < QUIETEST else None


@rule("pitch", on="transcript")
def speech_keeps_its_sounds(text: str, sound: AudioState, context: Context) -> Verdict:
    """Who speaks may change, what is said not."""
    far = text and abs(sound.semitones) > UNDERSTOOD_PITCH
    return Veto(f"speech {sound.semitones:+.1f} semitones off is hard to understand (at most {UNDERSTOOD_PITCH:g})") if far else None


@rule("noise", on="transcript")
def speech_is_understood(text: str, sound: AudioState, context: Context) -> Verdict:
    """What is said must still be understood: above the noise, with most of its band, and without the echo of a cathedral."""
    if not text:
        return None
    if sound.noise_db is not None and sound.noise_db < UNDERSTOOD_NOISE:
        return Veto(f"noise {-sound.noise_db:.0f} dB stronger than what is said would drown it")
    if sound.echo > UNDERSTOOD_ECHO:
        return Veto(f"{sound.echo:.1f} s of reverberation would blur what is said (at most {UNDERSTOOD_ECHO:g} s)")
    left = _left(VOICE_BAND, sound.bands)
    return Veto(f"{left:.0%} of the band of speech would be left (at least {KEPT_BAND:.0%})") if left < KEPT_BAND else None


def _loudness_word(said: SoundReading, wrong: frozenset[str]) -> str | None:
    """The first of these words that is neither denied nor says how something feels: "a soft cloth", "not loud"."""
    tokens = said.reading.tokens
    for i, token in enumerate(tokens):
        feels = word_at(tokens, i + 1) in words.NOT_LOUDNESS_AFTER
        if token.word in wrong and not feels and not any(m.start <= token.start < m.end for m, _ in said.levels):
            return token.word
    return None


def _drowned(said: SoundReading, noise_db: float | None) -> Veto | None:
    """Noise among what a text says is quiet, silent, clear, far, or anything at all."""
    if noise_db is None:
        return None
    word, least = said.first(_BARE), FAINT_NOISE
    if word is None:
        word, least = said.first(_FAR), FAR_NOISE
    if word is None and said.counted is not None:
        word, least = said.counted.word, COUNTED_NOISE
    if word is not None and noise_db < least:
        return Veto(f"the text says {word!r}, and noise would lie {noise_db:.0f} dB below the sound (at least {least:g})")
    if noise_db < LOUDEST_NOISE:
        return Veto(f"noise {noise_db:.0f} dB below the sound may drown what the text names (at least {LOUDEST_NOISE:g} dB)")
    return None


def _spoilt(said: SoundReading, sound: AudioState) -> Veto | None:
    echoes = sound.echo > NOTICED_ECHO
    if (echoes or sound.distorted or sound.bands) and (word := said.first(words.CLEAR)):
        return Veto(f"the text says {word!r}, and the sound would be spoilt")
    if sound.distorted and (word := said.first(words.STILL)):
        return Veto(f"the text says {word!r}, and what is faint would be as strong as the rest")
    if sound.distorted and said.reading.sides:
        return Veto(f"the text says {said.reading.sides[0].text!r}, and one side may be no louder than the other")
    if echoes and (word := said.first(words.OUTDOORS)):
        return Veto(f"the text says {word!r}, and the sound would echo as in a room for {sound.echo:.1f} s")
    if sound.fluctuates and (word := said.counted.word if said.counted else said.first(words.EVEN)):
        return Veto(f"the text says {word!r}, and the sound would go up and down")
    return None


def _taken(said: SoundReading, sound: AudioState) -> Veto | None:
    """Frequencies are gone that something in the text needs."""
    if not sound.bands:
        return None
    for listed, band, what in (
        (words.LOW_SOUNDS, LOW_BAND, "low"),
        (words.HIGH_SOUNDS, HIGH_BAND, "high"),
        (_VOICES, VOICE_BAND, "of speech"),
    ):
        if (word := said.first(listed)) and (left := _left(band, sound.bands)) < KEPT_BAND:
            return Veto(f"the text says {word!r}, and {left:.0%} of the frequencies {what} would be left (at least {KEPT_BAND:.0%})")
    left = _left(ANY_BAND, sound.bands)
    return Veto(f"{left:.0%} of the frequencies of common sounds would be left (at least {KEPT_BAND:.0%})") if left < KEPT_BAND else None


def _left(band: tuple[float, float], taken: tuple[tuple[float, float], ...]) -> float:
    """The share of the octaves of a band that is not taken away."""
    whole = math.log2(band[1] / band[0])
    cuts = [(max(low, band[0]), min(high, band[1])) for low, high in taken]
    return 1 - sum(math.log2(high / low) for low, high in cuts if high > low) / whole


def _without_sides(said: SoundReading, sides: tuple[Side, ...], context: Context) -> Verdict:
    """Leave out "on the left" where it ends a clause: what the rest says of the sounds stays true if no count depends on it."""
    text = said.reading.text
    counted = [count for count in said.counts if count.kind != "vague"]
    heard = len(context.events) if context.events is not None else None
    for side in sides:
        clause_ends = not text[side.end :].strip() or text[side.end :].lstrip()[0] in ",.;"
        countable = not counted or (len(counted) == 1 and counted[0].value == heard)
        if side.kind != "absolute" or side.form not in ("at", "from", "far") or not clause_ends or not countable:
            return Veto(f"the text says {side.text!r}, and the sound would come from no side")
    return Edit(tuple(Replacement(side.start, side.end, "") for side in sides))


RULES: tuple[PairRule, ...] = (
    *audio_heard.RULES,
    loudness_words,
    pitch_words,
    noise_words,
    channel_words,
    speech_is_heard,
    speech_keeps_its_sounds,
    speech_is_understood,
    harmless("channels", on="transcript"),  # what was said stays what was said
)
