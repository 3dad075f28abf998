"""What a text says of sounds, against answers written down by hand."""

from __future__ import annotations

import pytest

from mmaug.language.analyser import read
from mmaug.language.order import reversed_order
from mmaug.language.reported import reported_sides
from mmaug.language.sounds import listen


@pytest.mark.parametrize(
    ("text", "voices"),
    [
        ("A man and a woman speak", ["man", "woman"]),
        ("Two boys laugh as their mother calls", ["child", "woman"]),
        ("An infant cries", ["baby"]),
        ("A person speaks", []),
        ("A manual typewriter, a womanly mannequin and a kidney", []),
    ],
)
def test_voices(text, voices):
    assert [who for _, who in listen(text).voices] == voices


@pytest.mark.parametrize(
    ("text", "high", "low"),
    [
        ("a high-pitched whine", ["high"], []), ("a deep voice", [], ["deep"]), ("a low hum over shrill beeps", ["shrill"], ["low"]),
        ("a car at high speed", [], []), ("low volume music", [], []), ("high winds and deep breathing", [], []),
    ],
)  # fmt: skip
def test_pitch_words(text, high, low):
    said = listen(text)
    assert ([m.word for m in said.high], [m.word for m in said.low]) == (high, low)


@pytest.mark.parametrize(
    ("text", "small", "large"),
    [
        ("a small dog barks", ["small"], []), ("a large truck idles", [], ["large"]), ("a large crowd by a small table", [], []),
        ("puppies whimper", ["puppies"], []), ("a young man speaks", ["young"], []), ("big old church bells", [], ["big", "old"]),
    ],
)  # fmt: skip
def test_sizes_that_are_heard(text, small, large):
    said = listen(text)
    assert ([m.word for m in said.small], [m.word for m in said.large]) == (small, large)


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("Wind blows and rain falls", True), ("A man speaking", True), ("An engine is idling while birds chirp in the distance", True),
        ("A dog barking", True), ("A dog barks", False), ("A dog barks continuously", True), ("A door slams", False),
        ("A man speaks and a woman speaks", False), ("A man speaks briefly", False), ("An engine starts", False),
        ("Rain falls, then thunder", False), ("Three birds chirp", False), ("Someone unpacks a parcel", False), ("", True),
    ],
)  # fmt: skip
def test_what_lasts(text, lasting):
    assert bool(listen(text).lasting) is lasting


@pytest.mark.parametrize(
    ("text", "backwards"),
    [
        ("Wind blows and rain falls", None), ("waves crash on the shore", None), ("a dog barks", None), ("a fire crackles", None),
        ("a man speaks", "speaks"), ("a piano plays", "piano"), ("a car crashes", "crashes"), ("an engine revving up", "revving"),
        ("water flows into a bucket", "into"), ("a gizmo frobs", ""), ("a gun fires", "gun"),
        ("the rain gradually intensifies", "gradually"), ("wind weakens", "weakens"), ("a storm subsides", "subsides"),
        ("a car drives by", "drives by"), ("a train rumbles past", "rumbles past"), ("a motor winding down", "winding down"),
        ("an engine moves from left to right", "from left to right"), ("a siren pans to the right", "right"),
        ("birds are singing", None), ("birds sing and a woman hums", "sing"), ("an alarm goes off", None), ("a siren goes past", "goes"),
        ("rain by the shore", None), ("hum at a steady and regular pace", None),
    ],
)  # fmt: skip
def test_what_can_be_heard_backwards(text, backwards):
    assert listen(text).backwards == backwards


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("three barks", "three"), ("a dog barks twice", "twice"), ("a horn honks several times", "several"), ("a few beeps", "a few"),
        ("several people talk", None), ("a crowd cheers", None), ("one man speaks", None), ("a continuous hum", None),
        ("a five second beep", None), ("a 440 Hz tone", None), ("a 10.5 Hz hum", None), ("a beep of 3 s", None), ("120 bpm beats", None),
    ],
)  # fmt: skip
def test_what_counts(text, counted):
    found = listen(text).counted
    assert (found and found.word) == counted


@pytest.mark.parametrize(
    ("text", "order", "endings"),
    [
        ("a dog barks, then a cat meows", ["then"], []), ("rain while a man speaks", [], []), ("a man next to a train", [], []),
        ("a bark interrupted by a horn", ["interrupted"], []), ("dogs far away", [], []), ("a car drives away", [], ["away"]),
        ("a five second beep", [], []), ("a second beep", ["second"], []), ("beeps one after the other", [], []),
        ("hums in succession", [], []), ("sawing, drilling and humming in succession", ["succession"], []),
        ("the rain continues", [], []), ("a motor starts", [], ["starts"]), ("a bell after which people talk", ["after"], []),
    ],
)  # fmt: skip
def test_order_and_endings(text, order, endings):
    said = listen(text)
    assert ([m.word for m in said.order], [m.word for m in said.endings]) == (order, endings)


@pytest.mark.parametrize(
    ("text", "backwards"),
    [
        ("A dog barks, then a cat meows.", "A cat meows, then a dog barks."),
        ("A dog barking followed by a cat meowing", "A cat meowing followed by a dog barking"),
        ("A dog barks followed by a squeal", "A squeal, then a dog barks"),
        ("A dog barks before a cat meows", "A cat meows before a dog barks"),
        ("A dog barks after a cat meows", "A cat meows after a dog barks"),
        ("A dog barks, then a cat meows, then a bird chirps", "A bird chirps, then a cat meows, then a dog barks"),
        ("Rain falls. Then wind blows.", "Wind blows. Then rain falls."),
        ("Rain falls and later wind blows.", "Wind blows and later rain falls."),
        ("Rain falls. Afterwards, heavy wind blows.", "Heavy wind blows. Afterwards, rain falls."),
        ("Water runs, followed by wind.", "Wind, then water runs."),
        ("Rustling followed by a dog barking", "A dog barking followed by rustling"),
        ("Hammering, then sawing", "Sawing, then hammering"),
        ("rain then wind then rain", "rain then wind then rain"),
        ("A dog barking then growling", None),
        ("Rain falls, followed by more rain", None),
        ("A dog barks followed by him coughing", None),
        ("Rain falls. A dog barks. Then wind blows.", None),
        ("A dog barks before a cat meows then a bird chirps", None),
        ("A dog barks after which a cat meows", None),
        ("A dog barks, then it growls", None),
        ("First a dog barks, then a cat meows", None),
        ("A dog barks and a cat meows", None),
    ],
)
def test_order_told_backwards(text, backwards):
    assert reversed_order(read(text)) == backwards


@pytest.mark.parametrize(
    ("text", "pitches"),
    [
        ("A song in C major.", ["C major"]), ("Middle C on a piano.", ["Middle C"]), ("A 440 Hz tone.", ["440 Hz"]),
        ("A 1 kHz sine tone.", ["1 kHz"]), ("A tone at 440 hertz.", ["440 hertz"]), ("an A flat chord", ["an A flat"]),
        ("A 50Hz hum", ["50Hz"]), ("1,000 Hz", ["1,000 Hz"]), ("a piece in d minor", ["d minor"]), ("a prelude in A minor", ["in A minor"]),
        ("In F# a flute plays", ["F#"]), ("an E string is plucked", ["E string"]), ("the key of G", ["key of G"]), ("a C4 note", ["C4"]),
        ("a cello plays in D.", ["in D"]), ("a kilohertz tone", ["kilohertz"]),
        ("a C4 explosion", []), ("A sharp sound", []), ("a flat surface", []), ("A minor scraping", []), ("in a minor key", []),
        ("a major storm", []), ("A clock ticks at 2 Hz", []), ("a 27 MHz radio", []), ("Vitamin C rattles", []), ("A dog barks", []),
        ("a low hum", []), ("I'd flat out deny it", []),
    ],
)  # fmt: skip
def test_pitches_given_exactly(text, pitches):
    assert [mention.word for mention in listen(text).pitches] == pitches


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("A five second beep.", "second"), ("A five-second beep.", "second"), ("lasts 5 s.", "s"), ("A 3s tone.", "3s"), ("1.5 sec", "sec"),
        ("for half a minute", "minute"), ("twice a second", "second"), ("half-second beeps", "second"), ("for hours", "hours"),
        ("a couple of seconds", "seconds"), ("every other second", "second"), ("a clock ticks every second as it runs", "second"),
        ("for a second, rain falls", "second"), ("a fraction of a second", "second"), ("a 20s tone", "20s"), ("a 500 ms beep", "ms"),
        ("a second beep", None), ("a second, louder beep", None), ("for a second time", None), ("the second dog", None),
        ("a man in his 40s", None), ("1980s music", None), ("music from the 80s", None), ("day hours", None), ("5 sheep", None),
        ("second floor", None), ("a second joins in", None),
    ],
)  # fmt: skip
def test_lengths_of_time(text, measured):
    assert next((mention.word for mention in listen(text).lengths), None) == measured


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("120 bpm beat", ["bpm"]), ("120bpm", ["120bpm"]), ("3000 rpm", ["rpm"]), ("a car at 60 mph", ["mph"]), ("ticks at 2 Hz", ["2 Hz"]),
        ("ten times per minute", ["per"]), ("at moderate speed", ["speed"]), ("a tempo of 90", ["tempo"]),
        ("high speed", []), ("a 440 Hz tone", []), ("slow tempo", []),
    ],
)  # fmt: skip
def test_rates(text, rates):
    assert [mention.word for mention in listen(text).rates] == rates


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("The volume is low.", "faint"), ("barely audible music", "faint"), ("you can barely hear it", "faint"), ("low volume", "faint"),
        ("it is not very loud", "faint"), ("it isn't loud", "faint"), ("under his breath", "faint"), ("turned down", "faint"),
        ("at full volume", "strong"), ("the volume is turned all the way up", "strong"), ("an ear-splitting siren", "strong"),
        ("at the top of her lungs", "strong"), ("not quiet", "strong"), ("a 60 dB hum", "exact"), ("medium volume", "exact"),
        ("a low volume of traffic", None), ("a large volume of water", None), ("the volume rises", None), ("barely moving", None),
    ],
)  # fmt: skip
def test_levels(text, level):
    assert next((kind for _, kind in listen(text).levels), None) == level


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("A man says turn left at the corner.", [True]), ("A navigation system says to turn left.", [True]),
        ("A woman announces that the doors open on the right.", [True]), ("A man tells the driver to turn right.", [True]),
        ("A voice gives directions to turn left.", [True]), ("A dog barks on the left, then a voice says to go right.", [True]),
        ("Turn left, a voice says.", [False]), ("A GPS voice: turn left.", [False]), ("People shout, run to the left.", [False]),
        ("A man says to look left and a dog barks on the right.", [True, False]), ("An announcement that plays on the left.", [False]),
        ("A man says something on the left.", [False]), ("A coach shouts to turn right.", [False]),
        ("A man speaks on the left.", []), ("A man says hello while a dog barks on the left.", []),
        ("A man calls to a dog on the left.", []),
        ("A bark on the left is answered by a bark on the right.", []), ("People talk to the left of the stage.", []),
        ("A bird sings on the left. A man says hello.", []),
    ],
)  # fmt: skip
def test_sides_that_somebody_speaks_of(text, reported):
    """In order: whether each side that may be said surely is."""
    assert [sure for _, sure in reported_sides(read(text))] == reported


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "then then then", "'", "'a' “b”", "日本語", "a" * 5000, "and, with; as: by.", "1" * 5000, "1.1.1 Hz", "Hz" * 2000],
)
def test_any_string_is_read(text):
    listen(text)
    reported_sides(read(text))
