"""Places where a word may be put in, left out or change its place with another while the text stays true and reads well."""

from __future__ import annotations

import re
from functools import lru_cache

from mmaug.language import lexicon as lex
from mmaug.language import wordnet
from mmaug.language.analyser import Reading
from mmaug.language.colour_words import TERMS
from mmaug.language.edits import Replacement
from mmaug.language.phrases import NOUNS_IN_ING, Phrase, claims_all, is_adjective, is_plain_noun, phrase_at
from mmaug.language.tokens import gap, word_at

Change = tuple[Replacement, ...]
"""Replacements that go together."""

# ---- putting in ----------------------------------------------------------------------------------------------------------

HEDGES = ("apparently", "evidently", "seemingly", "presumably", "indeed", "actually")
"""Words that claim no more than the sentence without them: what is so is apparently so, and indeed so."""
_CLOSINGS = (", it seems", ", it appears", ", as it seems", ", so it seems")


def room_for_hedges(reading: Reading) -> list[tuple[int, tuple[str, ...]]]:
    """Places (character offsets) and what may be put there: after "is", before a participle after its noun, at the end."""
    text, tokens = reading.text, reading.tokens
    if "?" in text or any(token.word in HEDGES for token in tokens):
        return []
    found: list[tuple[int, tuple[str, ...]]] = []
    for i, token in enumerate(tokens[1:], 1):
        if gap(text, tokens, i) != " " or gap(text, tokens, i - 1) != " " or i + 1 >= len(tokens):
            continue
        after = tokens[i + 1].word
        if token.word in ("is", "are", "was", "were") and after not in _TURNED_ROUND:
            found.append((token.end, tuple(f" {hedge}" for hedge in HEDGES)))
        elif (
            token.word.endswith("ing") and is_participle(reading, i) and tokens[i - 1].word not in _VERBAL and is_plain_noun(reading, i - 1)
        ):
            found.append((token.start, tuple(f"{hedge} " for hedge in HEDGES[:4])))
    end = re.search(r"(?<=[a-z0-9)])(?=\.?\s*$)", text)
    if end and "," not in text and text.count(".") - text.rstrip().endswith(".") == 0 and len(tokens) > 3:
        found.append((end.start(), _CLOSINGS))
    return found


_VERBAL = lex.VERBS | lex.AUXILIARIES
_TURNED_ROUND = lex.PRONOUNS | {"there", "being"}
_COMPLEMENT = lex.DETERMINERS | lex.PLACES - {"of"}


def is_participle(reading: Reading, i: int) -> bool:
    """Whether token `i` is a verb in -ing with something of its own after it ("riding a horse", "standing in")."""
    word, after = reading.tokens[i].word, word_at(reading.tokens, i + 1)
    if not word.endswith("ing") or len(word) < 5 or word in NOUNS_IN_ING or wordnet.part_of_speech(word) == "n":
        return False
    return gap(reading.text, reading.tokens, i) == " " and after in _COMPLEMENT


# ---- leaving out ---------------------------------------------------------------------------------------------------------

_NOT_SUBSECTIVE = lex.words("""
    fake toy stuffed artificial model plush mock imitation virtual former potential future past painted carved animated fictional
    inflatable plastic wooden metal metallic ceramic rubber glass paper stone wax false dead imaginary so-called would-be alleged
    apparent possible probable likely unlikely near partial half hot live real main own same other different various similar certain
    such few many several more most less least last next first second third whole full empty single double triple double-decker
    remote fire ice teddy polar grizzly high low left right top bottom upper lower front back middle side
""")
"""Adjectives without which a noun may name something that is not there (a toy car is no car), or that count, compare or place."""
_KEEP_ADVERBS = lex.words("""
    only nearly hardly barely mostly mainly partly partially possibly probably supposedly apparently seemingly evidently allegedly
    presumably potentially virtually practically exactly roughly approximately mainly family fly early daily likely friendly lovely
    lonely silly ugly elderly curly belly jelly lily july italy holy jolly
""")
_INTENSIFIERS = lex.words("very really quite extremely rather pretty truly fairly somewhat")


def spare_words(reading: Reading) -> list[Change]:
    """What may be left out, each a deletion: adjectives before a noun, adverbs, "that is" before a participle, "There is" at the start.

    () where the text denies, counts all or compares: with fewer words it would claim more.
    """
    if claims_all(reading) or "?" in reading.text:
        return []
    text, tokens = reading.text, reading.tokens
    found: list[Change] = []
    for i, token in enumerate(tokens):
        kind = _spare_kind(token.word)
        alone = kind and gap(text, tokens, i) == " " and (not i or gap(text, tokens, i - 1) == " ")
        if kind == "clause":
            found += _spare_clause(reading, i)
        elif alone and (_spare_adjective if kind == "adjective" else _spare_adverb)(reading, i):
            found.append((Replacement(token.start, token.end, ""),))
    if [token.word for token in tokens[:2]] in (["there", "is"], ["there", "are"]) and word_at(
        tokens, 2
    ) in lex.ARTICLES | lex.NUMBERS.keys():
        found.append((Replacement(tokens[0].start, tokens[1].end, ""),))
    return found


@lru_cache(maxsize=16384)
def _spare_kind(word: str) -> str:
    """What a word is that may go: "adjective", "adverb", "intensifier", "clause" (which "is" may follow), or "" for others."""
    if word in _INTENSIFIERS:
        return "intensifier"
    if word in ("that", "who", "which"):
        return "clause"
    if word.endswith("ly") and len(word) > 4 and word not in _KEEP_ADVERBS and wordnet.part_of_speech(word) == "r":
        return "adverb"
    compares = word.endswith(("er", "est")) and word in lex.SIZE
    return "adjective" if is_adjective(word) and word not in _NOT_SUBSECTIVE and not compares else ""


def _spare_adjective(reading: Reading, i: int) -> bool:
    tokens = reading.tokens
    before, after = word_at(tokens, i - 1), word_at(tokens, i + 1)
    led = before in lex.DETERMINERS or before in lex.NUMBERS or before in lex.PLACES or is_adjective(before)
    return led and (is_plain_noun(reading, i + 1) or (after in TERMS and is_plain_noun(reading, i + 2)))


def _spare_adverb(reading: Reading, i: int) -> bool:
    word, before, after = (word_at(reading.tokens, j) for j in (i, i - 1, i + 1))
    if word in _INTENSIFIERS:
        return is_adjective(after) and not (word == "pretty" and before in ("a", "an"))
    verb_follows = after.endswith("ing") or after in lex.VERBS or after in lex.PLACES
    return verb_follows and before not in lex.CONJUNCTIONS and before not in lex.ADVERBS


def _spare_clause(reading: Reading, i: int) -> list[Change]:
    """ "that is" at token `i` between a noun and a participle."""
    tokens = reading.tokens
    if not 0 < i < len(tokens) - 2 or tokens[i + 1].word not in ("is", "are"):
        return []
    joined = all(gap(reading.text, tokens, j) == " " for j in (i - 1, i, i + 1))
    if joined and is_participle(reading, i + 2) and wordnet.part_of_speech(tokens[i - 1].word) == "n":
        return [(Replacement(tokens[i].start, tokens[i + 1].end, ""),)]
    return []


# ---- changing places -----------------------------------------------------------------------------------------------------

_JOINT_VERBS = lex.words("are were have sit stand walk run play ride look eat lie rest wait talk smile pose sleep")
_PLACE = lex.words("in on at inside outside near by")
_NEAR = frozenset(("next", "beside", "near", "close", "alongside"))
_OF_ALL = lex.words("variety assortment lots full made picture photo view mix mixture combination pile")
_UNCOUNTED = lex.words("""
    flour luggage food grass water furniture equipment clothing traffic graffiti bread rice sunlight snow sand wine beer coffee tea milk
    cheese meat chicken sauce salad soup butter jam sugar salt pepper dirt mud gravel jewelry hair makeup cash mail laundry silverware
    glassware
""")
"""Nouns that take no "a"."""
_NEXT_TO = re.compile(r"(?i)^\s*(?P<one>.+?)(?P<joint>(?: (?:is|are))? (?:next to|beside|near|close to|alongside) )(?P<two>.+?)[.!]?\s*$")


def exchanges(reading: Reading) -> list[Change]:
    """Pairs of equals that may change places: "salt and pepper", "old and rusty", "a car next to a tree" as the whole text."""
    tokens = reading.tokens
    joints = [i for i in range(1, len(tokens) - 1) if tokens[i].word in ("and", "or")]
    near = len(tokens) < 15 and any(token.word in _NEAR for token in tokens)
    ordered = any(mention.word != "next" for mention in reading.order)
    if not (joints or near) or ordered or "?" in reading.text or claims_all(reading):
        return []
    found = [change for i in joints if (change := _joined_pair(reading, i))]
    neighbours = _neighbours(reading) if near else None
    return [neighbours] if neighbours else found


def _joined_pair(reading: Reading, i: int) -> Change | None:
    """What "and" or "or" at token `i` joins: two adjectives, two nouns under one article, two phrases that are all of the subject."""
    text, tokens = reading.text, reading.tokens
    if gap(text, tokens, i - 1) != " " or gap(text, tokens, i) != " ":
        return None
    if word_at(tokens, i + 2) in ("and", "or") or word_at(tokens, i - 2) in ("and", "or") or "," in text[: tokens[i].start]:
        return None
    adjectives = _pair_of_adjectives(reading, i)
    if adjectives:
        return adjectives
    one, two = phrase_at(reading, i - 1), _phrase_from(reading, i + 1)
    if one is None or two is None:
        return None
    if one.opener in lex.POSSESSIVES or two.opener in lex.POSSESSIVES:  # "a man and his dog": "his" looks back
        return None
    (first, last), (start, end) = (one.first, one.head), (two.first, two.head)
    ends = gap(text, tokens, end) != " " or end + 1 == len(tokens)
    before, after = word_at(tokens, first - 1), word_at(tokens, end + 1)
    if one.opener in lex.ARTICLES and not two.opener and last == first + 1 and start == end:  # one article for both: "a shirt and tie"
        alike = one.plural == two.plural and not (
            one.opener != "the" and (tokens[end].word.endswith("s") or tokens[end].word in _UNCOUNTED)
        )
        return _exchange(reading, (last, last), (start, end)) if alike and (ends or after in _PLACE or after in _JOINT_VERBS) else None
    subject = first == 0 and (ends or after in _JOINT_VERBS)
    listed = not one.opener and first == last and start == end and _lists(reading, first) and (ends or after in _PLACE)
    held = before in ("wearing", "holding", "carrying") and ends
    alike = bool(one.opener) == bool(two.opener)
    return _exchange(reading, (first, last), (start, end)) if alike and (subject or listed or held) else None


def _lists(reading: Reading, i: int) -> bool:
    """Whether token `i` stands after "with" or the "of" of "full of": what "and" joins to it belongs there too."""
    before = word_at(reading.tokens, i - 1)
    return before == "with" or (before == "of" and word_at(reading.tokens, i - 2) in _OF_ALL)


def _pair_of_adjectives(reading: Reading, i: int) -> Change | None:
    tokens = reading.tokens
    one, two, before, after = (word_at(tokens, j) for j in (i - 1, i + 1, i - 2, i + 2))
    if not (is_adjective(one) and is_adjective(two)) or one.endswith("ly") or one in TERMS or two in TERMS or one in _INTENSIFIERS:
        return None
    attribute = before in lex.DETERMINERS and tokens[i].word == "and" and is_plain_noun(reading, i + 2)
    predicate = before in ("is", "are", "looks", "looking") and (not after or gap(reading.text, tokens, i + 1) != " ")
    return _exchange(reading, (i - 1, i - 1), (i + 1, i + 1)) if attribute or predicate else None


def _phrase_from(reading: Reading, first: int) -> Phrase | None:
    """The plain phrase that starts with token `first`."""
    for last in range(first, min(first + 4, len(reading.tokens))):
        if last > first and gap(reading.text, reading.tokens, last - 1) != " ":
            return None
        phrase = phrase_at(reading, last)
        if phrase is not None:
            return phrase if phrase.first == first else None
    return None


def _neighbours(reading: Reading) -> Change | None:
    """ "A car next to a tree." as the whole text: being next to holds both ways."""
    match = _NEXT_TO.match(reading.text)
    if match is None:
        return None
    starts = {token.start: i for i, token in enumerate(reading.tokens)}
    sides = []
    for name in ("one", "two"):
        first = starts.get(match.start(name))
        whole = _phrase_from(reading, first) if first is not None else None
        if whole is None or reading.tokens[whole.head].end != match.end(name):
            return None
        sides.append(whole)
    one, two = sides
    if one.plural != two.plural and (" is " in match["joint"] or " are " in match["joint"]):
        return None
    return _exchange(reading, (one.first, one.head), (two.first, two.head))


def _exchange(reading: Reading, one: tuple[int, int], two: tuple[int, int]) -> Change:
    """Two runs of tokens in each other's place; a capital at the start of the text stays there."""
    tokens, text = reading.tokens, reading.text
    (a, b), (c, d) = (tokens[one[0]].start, tokens[one[1]].end), (tokens[two[0]].start, tokens[two[1]].end)
    first, second = text[a:b], text[c:d]
    if not text[:a].strip() and first[:1].isupper() and not first[1:2].isupper():
        first, second = first[:1].lower() + first[1:], second[:1].upper() + second[1:]
    return Replacement(a, b, second), Replacement(c, d, first)
