"""Inflection: singular and plural, verb forms, and a or an. Rules and the common exceptions, no dictionary."""

from __future__ import annotations

import re

_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "persons": "person", "feet": "foot",
    "teeth": "tooth", "geese": "goose",
    "mice": "mouse", "oxen": "ox", "kids": "kid", "policemen": "policeman", "firemen": "fireman",
    "fishermen": "fisherman", "knives": "knife",
    "wives": "wife", "lives": "life", "leaves": "leaf", "loaves": "loaf", "shelves": "shelf", "halves": "half",
    "wolves": "wolf", "calves": "calf",
    "scarves": "scarf", "hooves": "hoof", "thieves": "thief", "selves": "self", "elves": "elf", "buses": "bus",
    "dice": "die", "cacti": "cactus", "skis": "ski",
    "ties": "tie", "pies": "pie", "shoes": "shoe", "toes": "toe", "canoes": "canoe", "movies": "movie",
    "cookies": "cookie", "brownies": "brownie", "hoodies": "hoodie",
    "zombies": "zombie", "selfies": "selfie", "veggies": "veggie", "gases": "gas", "lenses": "lens",
    "snowmen": "snowman", "lies": "lie", "quizzes": "quiz", "horses": "horse",
    "houses": "house", "nurses": "nurse", "purses": "purse", "vases": "vase", "cases": "case", "bases": "base",
    "roses": "rose", "noses": "nose", "hoses": "hose", "axes": "axe",
    "suitcases": "suitcase", "blouses": "blouse", "greenhouses": "greenhouse", "courses": "course",
    "hearses": "hearse", "mooses": "moose", "geeses": "goose",
    "mousses": "mousse", "cheeses": "cheese", "phrases": "phrase", "pauses": "pause", "noises": "noise",
    "doses": "dose", "bookcases": "bookcase", "showcases": "showcase",
}  # fmt: skip
_UNCHANGING = frozenset(
    (
        "glass grass dress bus gas lens bass class cross boss moss mattress waitress actress hostess "
        "seamstress mess press chess tennis news species series sheep deer fish moose scissors glasses "
        "sunglasses jeans pants trousers shorts clothes binoculars goggles headphones pajamas tongs pliers "
        "stairs overalls species cactus campus circus octopus hippopotamus walrus bonus status virus focus "
        "plus us this its was is has his always across less chaos canvas christmas atlas texas paris bliss "
        "kiss ass success business fitness wilderness darkness harness princess fortress princes trellis "
        "penis oasis iris axis basis debris bowls-eye"
    ).split()
)
PLURAL_ALONE = frozenset(
    (
        "people men women children scissors glasses sunglasses jeans pants trousers shorts clothes binoculars"
        " goggles headphones sheep deer fish stairs"
    ).split()
)
_PLURALS = {one: many for many, one in _IRREGULAR.items() if many not in ("persons", "mooses", "geeses")}
_VOWELS = "aeiou"


def singular(word: str) -> str:
    """The singular of a lower-case noun; a word that is not plural comes back as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word[-1] != "s" or word in _UNCHANGING or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "sses", "zzes", "oes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """The plural of a lower-case singular noun."""
    if word in _PLURALS:
        return _PLURALS[word]
    if word in PLURAL_ALONE:
        return word
    if word.endswith("man") and word not in ("human", "german", "roman", "talisman"):
        return word[:-3] + "men"
    if word.endswith(("s", "sh", "ch", "x", "z")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    if word.endswith(("to", "cho")) and word not in ("photo", "auto", "burrito", "poncho"):
        return word + "es"
    return word + "s"


_DOUBLING = re.compile(r"^[^aeiou]*[aeiou][bdglmnprt]$")


def verb(base: str, ending: str) -> str:
    """A regular verb with the ending "s", "ed" or "ing" ("" gives the base)."""
    if ending == "":
        return base
    if ending == "s":
        return plural(base) if not base.endswith("man") else base + "s"
    if base.endswith("ie") and ending == "ing":
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + ending
    if base.endswith("e") and ending == "ed":
        return base + "d"
    if base.endswith("y") and base[-2:-1] not in _VOWELS and ending == "ed":
        return base[:-1] + "ied"
    return base + base[-1] + ending if _DOUBLING.match(base) else base + ending


_AN_ANYWAY = re.compile(r"^(?:hour|honest|honou?r|heir|[fhlmnrsx][bcdfghjkmnpqrstvwxz]*$|8|11\b|18\b|1[18]00\b)", re.IGNORECASE)
_A_ANYWAY = re.compile(r"^(?:uni(?!n|mp|mag)|use|usu|util|eu|ewe|one\b|once\b|ukulele|ufo\b|unicorn|ubiq|urin|u-)", re.IGNORECASE)


def article(word: str) -> str:
    """ "a" or "an", as the next word's sound asks."""
    if _AN_ANYWAY.match(word) and (len(word) == 1 or not word[0].isalpha() or (word[0].lower() == "h" and word[1:2].lower() in "eo")):
        return "an"
    return "an" if word[:1].lower() in _VOWELS and word and not _A_ANYWAY.match(word) else "a"
