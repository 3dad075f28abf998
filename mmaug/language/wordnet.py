"""WordNet: synonyms by frequent sense, more general words, and whether a caption's noun names a box's label.

Source: Princeton WordNet 3.0, reduced by scripts/reduce_wordnet.py; licence in data/WORDNET-COPYRIGHT.
Loaded once, when first asked.
"""

from __future__ import annotations

import lzma
from functools import cache, lru_cache
from importlib import resources

from mmaug.language import forms, lexicon

_Sense = tuple[int, int]
"""How often the word has this sense in SemCor, and the synset's row."""


class _Table:
    """The loaded table: a line a synset, and the rows of each word by part of speech."""

    __slots__ = ("lines", "rows")

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.rows: dict[str, list[int]] = {}
        rows = self.rows
        for row, line in enumerate(lines):
            pos, words, _ = line.split("|")
            for word in words.split(" "):
                key = pos + word.partition(":")[0]
                if key in rows:
                    rows[key].append(row)
                else:
                    rows[key] = [row]

    def lemmas(self, row: int) -> list[tuple[str, int]]:
        """The words of a synset and their counts."""
        words = (word.partition(":") for word in self.lines[row].split("|")[1].split(" "))
        return [(word, int(count or 0)) for word, _, count in words]

    def parents(self, row: int) -> list[int]:
        """Rows of the synsets right above."""
        above = self.lines[row].rpartition("|")[2]
        return [int(parent) for parent in above.split(" ")] if above else []


@cache
def _table() -> _Table:
    packed = resources.files("mmaug.language").joinpath("data/wordnet.txt.xz").read_bytes()
    return _Table(lzma.decompress(packed).decode().split("\n"))


@lru_cache(maxsize=16384)
def _senses(word: str, pos: str) -> tuple[_Sense, ...]:
    """The word's senses, most frequent first."""
    table = _table()
    key = word.replace(" ", "_")
    found = [(dict(table.lemmas(row)).get(key, 0), row) for row in table.rows.get(pos + key, ())]
    return tuple(sorted(found, key=lambda sense: -sense[0]))


def _dominant(word: str, pos: str) -> int | None:
    """The row of the word's main sense; None when two senses are about as frequent."""
    senses = _senses(word, pos)
    if not senses:
        return None
    if len(senses) == 1:
        return senses[0][1]
    return senses[0][1] if senses[0][0] >= 3 and senses[0][0] >= 2 * senses[1][0] else None


@lru_cache(maxsize=16384)
def part_of_speech(word: str) -> str | None:
    """n, v, a or r when at least 85 % of the word's uses are of that kind; None when unclear or unknown."""
    base = {
        pos: sum(count for count, _ in _senses(_base(word, pos)[0], pos)) + 0.1 * bool(_senses(_base(word, pos)[0], pos)) for pos in "nvar"
    }
    best = max(base, key=base.__getitem__)
    return best if base[best] > 0 and base[best] >= 0.85 * sum(base.values()) else None


@lru_cache(maxsize=65536)
def is_word(word: str) -> bool:
    """Whether WordNet knows a lower-case word, inflected or not, or it is a function word."""
    return word in lexicon.FUNCTION_WORDS or any(_senses(_base(word, pos)[0], pos) for pos in "nvar")


@lru_cache(maxsize=16384)
def may_be_verb(word: str) -> bool:
    """Whether a lower-case word can be a finite verb: WordNet has it, or it without -s, as one, and seldom as anything else."""
    ending = _base(word, "v")[1]
    uses = {pos: sum(count for count, _ in _senses(_base(word, pos)[0], pos)) for pos in "nvar"}
    return ending in ("", "s") and uses["v"] > 0 and 4 * uses["v"] >= max(uses.values())


def is_plural_only(word: str) -> bool:
    """Whether a noun in -s is a word of its own ("proceedings"), so that no plural can be told from its form."""
    return word.endswith("s") and bool(_senses(word, "n"))


@lru_cache(maxsize=16384)
def synonyms(word: str, pos: str) -> tuple[str, ...]:
    """Single words of the same main sense, in the word's own inflection, the most frequent first; () when unclear.

    `word`: lower case, inflected or not. `pos`: n, v, a or r.
    Both words must have the shared synset as their own main sense.
    """
    base, ending = _base(word, pos)
    row = _dominant(base, pos)
    if row is None:
        return ()
    found = []
    for other, count in sorted(_table().lemmas(row), key=lambda pair: -pair[1]):
        if (
            other != base
            and count > 1
            and other.isalpha()
            and len(other) > 2
            and _dominant(other, pos) == row
            and part_of_speech(other) == pos
        ):
            said = _inflected(other, pos, ending)
            if said and said != word:
                found.append(said)
    return tuple(found)


_IRREGULAR_VERBS = frozenset(
    (
        "be have do go come run sit stand ride hold eat drink drive fly swim sing write read take make get "
        "give see hit cut put set let throw catch buy bring think teach fight feed lead meet sleep keep leave"
        " feel lose sell tell stick swing hang dig win shoot slide bite hide break speak steal wear tear fall"
        " draw grow know blow begin ring sink shake wake rise build bend lend send spend spread shut split "
        "find bind wind grind fling cling sling lie lay pay say spring cost hurt swear swell tread weep weave"
        " string sweep shine"
    ).split()
)


def _base(word: str, pos: str) -> tuple[str, str]:
    """The base form and the ending ("", "s", "ed", "ing") of a word; itself when no base is known."""
    if pos == "n":
        one = forms.singular(word)
        return (one, "s") if one != word and _senses(one, "n") else (word, "")
    if pos == "v":
        for ending in ("ing", "ed", "s"):
            if word.endswith(ending) and len(word) > len(ending) + 1:
                stem = word[: -len(ending)]
                for base in (stem, stem + "e", stem[:-1], stem[:-1] + "y", stem[:-1] + "ie"):
                    if _senses(base, "v") and forms.verb(base, ending) == word:
                        return base, ending
    return word, ""


def _inflected(base: str, pos: str, ending: str) -> str | None:
    if pos == "n":
        return forms.plural(base) if ending else base
    if pos == "v":
        return None if ending == "ed" and base in _IRREGULAR_VERBS else forms.verb(base, ending)
    return base


@lru_cache(maxsize=16384)
def names_above(noun: str) -> tuple[str, ...]:
    """Every word above the main sense of a singular noun, nearest first, with "_" for spaces; () when the sense is unclear."""
    row = _dominant(noun, "n")
    table, found, level = _table(), [], [row] if row is not None else []
    for _ in range(14):
        level = list(dict.fromkeys(parent for row in level for parent in table.parents(row)))
        found += [word for row in level for word, _ in table.lemmas(row)]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=16384)
def _frequent(word: str) -> frozenset[int]:
    """Rows of a noun's senses that are at least a quarter as frequent as its main one (all, when none is counted)."""
    senses = _senses(word, "n")
    return frozenset(row for count, row in senses if 4 * count >= senses[0][0])


@lru_cache(maxsize=16384)
def _above(row: int) -> frozenset[int]:
    """A synset and everything above it."""
    found, waiting = {row}, [row]
    while waiting:
        for parent in _table().parents(waiting.pop()):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return frozenset(found)


def is_a(lemma: str, label: str) -> bool:
    """Whether a frequent sense of the noun `lemma` is one of `label`'s or lies below it (a puppy is a dog)."""
    wanted = _frequent(label)
    return any(not wanted.isdisjoint(_above(row)) for row in _frequent(lemma))


@lru_cache(maxsize=16384)
def may_stand_for(other: str, word: str, pos: str) -> bool:
    """Whether `other` has the form of `word` and names, in a frequent sense, the same as it or something above it."""
    base, ending = _base(word, pos)
    wider, its_ending = _base(other, pos)
    if ending != its_ending or wider in _TOO_WIDE or part_of_speech(other) != pos:
        return False
    wanted = {row for count, row in _senses(wider, pos) if 4 * count >= _senses(wider, pos)[0][0]}
    main = _dominant(base, pos)
    return main is not None and not wanted.isdisjoint(_above(main))


_TOO_WIDE = frozenset(
    (
        "entity thing object whole artifact artefact item matter substance group body part unit "
        "instrumentality organism living being causal agent structure covering instrumentation relation "
        "abstraction device equipment container stuff piece area place side end top back front one other"
    ).split()
)
_ALSO = {
    "person": ("crowd couple family team audience pedestrian passenger rider skier snowboarder skateboarder surfer "
            "biker cyclist motorcyclist player batter catcher pitcher umpire kid guy lady gentleman chef officer "
            "cop worker someone somebody bride groom performer spectator adult male female toddler teen teenager "
            "human member climber hiker jumper walker diver bowler commuter model"),
    "motorcycle": "motorbike bike moped scooter motor harley", "bicycle": "bike cycle",
    "airplane": "plane jet aircraft airliner jetliner aeroplane",
    "boat": "ship canoe kayak sailboat ferry yacht raft vessel rowboat", "truck": "lorry pickup semi",
    "car": "automobile vehicle taxi cab suv sedan jeep minivan van",
    "bus": "coach", "train": "locomotive engine tram subway", "traffic light": "light signal stoplight",
    "stop sign": "sign", "dog": "pup puppy doggy canine",
    "cat": "kitten kitty feline", "cow": "cattle bull calf ox steer bovine", "sheep": "lamb ram ewe",
    "horse": "pony foal colt mare stallion",
    "bird": "pigeon seagull duck goose parrot owl eagle gull chicken hen rooster turkey", "bear": "cub",
    "tv": "television tv screen monitor set", "couch": "sofa loveseat",
    "cell phone": "phone cellphone smartphone mobile iphone telephone",
    "laptop": "computer notebook macbook", "refrigerator": "fridge freezer", "oven": "stove",
    "donut": "doughnut pastry", "hot dog": "hotdog sausage frankfurter",
    "dining table": "table desk", "potted plant": "plant houseplant", "tie": "necktie bowtie",
    "handbag": "purse bag", "suitcase": "luggage bag", "backpack": "bag knapsack rucksack",
    "sports ball": "ball baseball football basketball volleyball", "frisbee": "disc disk",
    "remote": "controller wiimote", "teddy bear": "bear teddy toy", "skis": "ski", "ski": "skis",
    "sink": "basin washbasin", "cup": "mug", "wine glass": "glass wineglass goblet",
    "hair drier": "dryer blowdryer", "tennis racket": "racquet racket", "bottle": "beer", "pizza": "pie",
    "cake": "cupcake",
    "baseball bat": "bat", "baseball glove": "glove mitt", "bed": "bunk", "chair": "seat armchair stool recliner",
    "bench": "seat",
}  # fmt: skip
_ALSO_OF = {label: frozenset(words.split()) for label, words in _ALSO.items()}
_HEADLESS = frozenset((
    "hot dog", "teddy bear", "stuffed animal", "stuffed bear", "surf board", "snow board", "skate board", "motor bike", "motor cycle",
    "street light", "street sign", "stop sign", "traffic signal", "horse carriage", "dog house", "bird house", "cat tree",
))  # fmt: skip
"""Compounds that are no kind of their last word, or of another thing than a box with that name shows."""

_EVERYDAY = frozenset("""
    animal animals pet pets mammal bird fish insect reptile beast creature livestock food fruit vegetable veggie produce meat dessert snack
    meal dish pastry bread drink beverage sweet candy vehicle automobile car bike boat ship craft watercraft aircraft transport furniture
    seat appliance device gadget machine computer tool utensil cutlery silverware kitchenware tableware crockery dinnerware vessel jar bag
    baggage luggage toy plant flower clothing garment footwear headgear jewelry instrument weapon ball board phone telephone electronics
    person human individual someone somebody people adult child female male woman man
""".split())  # fmt: skip
"""The words above a label that people use for things: WordNet's others ("fixture", "figure", "way") say something else in a caption."""

_SELDOM_PEOPLE = frozenset("""
    speaker controller wheeler tackle planter maker checker coaster peeler topper rocker hood flop straight self grind star classic picket
    conveyor maroon pop character
""".split())  # fmt: skip
"""Things and kinds more often than the people whom WordNet has under these words."""


@lru_cache(maxsize=65536)
def names_object(noun: str, label: str) -> bool:
    """Whether a caption's noun (singular, lower case, may be a compound) can name a box with this label, in any number.

    True for the same word, words below the label (a woman is a person), everyday words above it (an animal, for "dog")
    and the last word of a compound label ("table" for "dining table").
    """
    label = " ".join(label.lower().replace("_", " ").replace("-", " ").split())
    label = " ".join([*label.split(" ")[:-1], forms.singular(label.split(" ")[-1])])
    if noun == label or noun.replace(" ", "") == label.replace(" ", "") or noun in _ALSO_OF.get(label, ()):
        return True
    if noun in _TOO_WIDE or not noun:
        return False
    if " " in label and label not in _HEADLESS and label.rpartition(" ")[2] == noun:
        return True
    if " " in noun and not _senses(noun, "n"):
        head = noun.rpartition(" ")[2]
        return noun not in _HEADLESS and head != "house" and names_object(head, label)
    wanted = _frequent(label)
    if noun not in _HEADLESS and any(not wanted.isdisjoint(_above(row)) for row in _meant(noun)):
        return True
    return noun in _words_above(label)


@cache
def _kinds() -> tuple[frozenset[int], ...]:
    """The synsets above kinds of thing, in the order in which a noun is taken to mean them."""
    return tuple(frozenset(row for _, row in _senses(word, "n")) for word in ("food", "artifact", "animal", "flora", "person"))


@lru_cache(maxsize=16384)
def _meant(noun: str) -> frozenset[int]:
    """The frequent senses that are meant of a thing in a picture: a hot dog is food, a pole an artifact, and neither is a person."""
    rows = _frequent(noun)
    if noun in _SELDOM_PEOPLE:
        return frozenset()
    kinds = (frozenset(row for row in rows if not above.isdisjoint(_above(row))) for above in _kinds())
    return rows if len(rows) < 2 else next((mine for mine in kinds if mine), rows)


@lru_cache(maxsize=4096)
def _words_above(label: str) -> frozenset[str]:
    """Everyday words above what the label means."""
    table, found = _table(), set()
    level = set(_meant(label))
    for _ in range(14):
        level = {parent for row in level for parent in table.parents(row)}
        found |= {word.replace("_", " ") for row in level for word, _ in table.lemmas(row)}
    return frozenset(found & _EVERYDAY)
