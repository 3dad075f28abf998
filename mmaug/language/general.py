"""More general words that stay true and sound natural: a dog is an animal, a truck a vehicle."""

from __future__ import annotations

from functools import lru_cache

from mmaug.language import forms, wordnet
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.colour_words import PATTERNS, TERMS
from mmaug.language.phrases import phrase_at

_SAID = {
    "animal": "animal", "bird": "bird", "insect": "insect", "vehicle": "vehicle", "watercraft": "vessel", "boat": "boat", "car": "car",
    "aircraft": "aircraft", "fruit": "piece of fruit", "edible_fruit": "piece of fruit", "vegetable": "vegetable", "dessert": "dessert",
    "sandwich": "sandwich", "beverage": "drink", "furniture": "piece of furniture", "bed": "bed", "building": "building", "shop": "shop",
    "room": "room", "road": "road", "tree": "tree", "flower": "flower", "musical_instrument": "musical instrument", "tool": "tool",
    "weapon": "weapon", "garment": "garment", "hat": "hat", "shoe": "shoe", "bag": "bag", "toy": "toy", "ball": "ball",
    "child": "child", "musician": "musician", "person": "person",
}  # fmt: skip
"""What captions may say instead: a word of WordNet above the noun, and how it is said of one."""

_IN_ANOTHER_SENSE = lex.words("""
    person people man men skateboard skateboards mouse mice fly flies fryer cab kiosk locker female females male males mogul moguls
    planter planters speaker speakers pitcher pitchers coach architecture snowflake snowflakes balloon balloons pocket pockets sticker
    stickers tank tanks chicken turkey duck lamb fish crane bat seal star stars model models dish dishes plant plants orange oranges
    cabinet cabinets counter stand band figure figures driver batter catcher runner bus train case ring rings mole cow cows queen queens
    seed seeds conductor javelin javelins wheelchair wheelchairs wagon wagons razor razors toothpick toothpicks gavel rink playhouse
    doghouse bot martins smoothie smoothies cannonball aircraft cattle dinosaur dinosaurs toboggan sled sleds ambulance ambulances
    wheelbarrow wheelbarrows pushcart bison lav tackler
""")
"""Nouns whose main sense in WordNet is not surely that of a caption, or whose wider word sounds odd: found by reading every pair that
34,000 COCO and Flickr30k captions gave."""


_ABSOLUTE = TERMS.keys() | PATTERNS - lex.SIZE
"""Adjectives that mean the same of the wider thing: a red car is a red vehicle, a large mouse is no large animal."""


@lru_cache(maxsize=16384)
def more_general(word: str) -> tuple[str, ...]:
    """What may stand for a noun, nearest first, in its number; () where its main sense is unclear or nothing natural lies above."""
    one = forms.singular(word)
    plural = one != word
    if word in _IN_ANOTHER_SENSE or one in _IN_ANOTHER_SENSE or word in forms.PLURAL_ALONE or wordnet.is_plural_only(word):
        return ()
    above = wordnet.names_above(one)
    found = [_SAID[name] for name in above if name in _SAID and _SAID[name] != one and not (name == "vehicle" and "watercraft" in above)]
    return tuple(many(said) if plural else said for said in tuple(dict.fromkeys(found))[:2])


def many(said: str) -> str:
    """The plural of a noun or of "piece of ..."."""
    head, of, rest = said.partition(" of ")
    first, space, last = head.rpartition(" ")
    return first + space + (last if last == "aircraft" else forms.plural(last)) + of + rest


def general_words(reading: Reading, i: int) -> tuple[str, ...]:
    """What may stand for token `i`, where it is the noun of a plain phrase that says how many there are."""
    phrase = phrase_at(reading, i)
    if phrase is None or not (phrase.opener or phrase.plural):
        return ()
    if any(reading.tokens[j].word not in _ABSOLUTE for j in phrase.adjectives):
        return ()
    words = more_general(reading.tokens[i].word)
    return tuple(word for word in words if word not in ("person", "people")) if phrase.opener in lex.POSSESSIVES else words
