"""What negatives are made from: what is known of a row, which things a noun means, and when a text is plain enough to be made false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmaug.effects.geometry import Size
from mmaug.effects.view import Box
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.nouns import Noun
from mmaug.language.tokens import gap, word_at
from mmaug.language.wordnet import is_a, names_object, part_of_speech
from mmaug.pairing.base import Sound, Thing

MOST = 8
"""Boxes of one name from which on annotators may have left some out."""


@dataclass(frozen=True, slots=True)
class Negative:
    """A caption made false.

    kind: relation, side, colour, count, object or order. field, index: the caption that it was made of. before, after: the words
    that were changed. why: what shows that it is false.
    """

    text: str
    kind: str
    field: str
    index: int
    before: str
    after: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "text": self.text, "kind": self.kind, "field": self.field, "index": self.index,
            "before": self.before, "after": self.after, "why": self.why,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """One way to make a text false: replacements in it, the words changed, and what shows that it is false."""

    replacements: tuple[Replacement, ...]
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of what a caption speaks of.

    things: the boxes of its picture of `size`, events: the sounds of its recording of `seconds`; None where not annotated.
    readings: of every caption of the row. vocabulary: the labels that were looked for in the picture.
    share: (colour term, box or None for the whole picture) -> the share of it that may be called so; None where it must not be seen.
    """

    things: tuple[Thing, ...] | None
    size: Size
    events: tuple[Sound, ...] | None
    seconds: float
    readings: tuple[Reading, ...]
    vocabulary: tuple[str, ...]
    share: Callable[[str, Box | None], float] | None


_DOUBTFUL = lex.words("""
    or except excepting excluding but than if unless maybe perhaps may might could would should instead rarely seldom if whether
    seems appears looks like resembling resembles supposed imaginary
""")
_DEPICTED = lex.words("""
    statue statues sculpture painting painted drawing drawn sketch reflection reflections reflected reflecting mirror mirrors toy
    toys model figurine figurines poster cartoon tattoo fake pretend plastic stuffed costume dressed shadow shadows silhouette collage
    photos pictures images screens shown displayed video
""")
"""What is shown of things that are not there, or there twice: boxes may or may not show it."""


def is_plain(reading: Reading) -> bool:
    """Whether a text only says what is there: it denies, excepts, compares, supposes, asks and quotes nothing."""
    text = reading.text
    if reading.negation or any(mark in text for mark in '?"“«') or any(token.word in _DOUBTFUL for token in reading.tokens):
        return False
    return not any(token.word.endswith("n't") for token in reading.tokens)


def depicts(reading: Reading) -> bool:
    """Whether a text may speak of things in a mirror, on a screen or made of plaster."""
    return any(token.word in _DEPICTED for token in reading.tokens)


_EVERYDAY = lex.words("""
    plane jet airliner jetliner aeroplane motorbike bike sailboat rowboat canoe kayak taxi cab suv sedan minivan pickup locomotive
    puppy pup kitten kitty lamb ewe calf bull pony foal mare stallion cub pigeon seagull duck goose owl parrot
    sofa television tv fridge doughnut hotdog sausage purse necktie smartphone cellphone racquet wineglass goblet mug cupcake
    surfer skier snowboarder skateboarder biker cyclist player batter catcher pitcher umpire rider kid guy lady gentleman bride groom
    toddler teenager adult man woman boy girl child people skateboarder
""")
"""Everyday words for COCO's categories that WordNet does not put below them, and that name nothing else in a picture."""
_LOOSE = lex.words("""
    light signal engine screen monitor set computer table desk bag ball disc glass bat seat toy bear phone telephone bed basin case tie
    board coach stand plant beer head vehicle train tree mouse glove suit crowd couple audience member party stop bug saw spring
""")
"""Words that WordNet puts below a label, or at its side, and that name more than it."""


def covered(noun: str, label: str) -> bool:
    """Whether everything that a noun names has this label: the noun is the label, an everyday word for it, or says more."""
    if noun == label.lower().replace("_", " "):
        return True
    return names_object(noun, label) and (noun in _EVERYDAY or (noun not in _LOOSE and is_a(noun, label)))


def instances(noun: str, things: tuple[Thing, ...] | None) -> tuple[Thing, ...]:
    """Everything that a noun may mean, one box each; () where boxes may not show all of it."""
    mine = tuple(thing for thing in things or () if names_object(noun, thing.label))
    return mine if 0 < len(mine) <= MOST and any(covered(noun, thing.label) for thing in mine) else ()


def is_head(reading: Reading, noun: Noun) -> bool:
    """Whether a noun ends its noun phrase: "dog" in "a dog runs", not in "a dog house" or "the dog's bowl"."""
    tokens = reading.tokens
    last = next((i for i, token in enumerate(tokens) if token.end == noun.end), -1)
    if last < 0 or "'" in tokens[last].word:
        return False
    after, between = word_at(tokens, last + 1), gap(reading.text, tokens, last)
    if not after or between != " ":
        return not between.startswith(("-", "/", "'", "_"))
    return after in lex.FUNCTION_WORDS or after in lex.VERBS or after in lex.OPPOSITE or after.endswith("ing") or after in lex.ORDER


def is_thing(noun: Noun) -> bool:
    """Whether a candidate for a noun is one: not "sitting", "parked" or "wet"."""
    word = noun.lemma.rpartition(" ")[2]
    if word.endswith(("ing", "ed")) or word in lex.VERBS or word in lex.REGIONS or word in lex.ORDER:
        return False
    return part_of_speech(word) not in ("v", "a", "r")


def phrase_after(reading: Reading, place: int) -> Noun | None:
    """The noun that heads the noun phrase at a place of the text; None where none opens there."""
    end = place
    for i, token in enumerate(reading.tokens):
        if token.start < place:
            continue
        inner = token.word in lex.DETERMINERS or token.word in lex.NUMBERS
        stop = (token.word in lex.FUNCTION_WORDS and not inner) or token.word in lex.VERBS or token.word in lex.OPPOSITE
        opens = inner and end > place and reading.tokens[i - 1].word not in lex.DETERMINERS
        if stop or opens or (end > place and token.start - end > 1) or token.word.endswith("ing"):
            break
        end = token.end
    return next((noun for noun in reading.nouns if noun.start >= place and noun.end == end), None)
