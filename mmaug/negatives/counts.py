"""Negatives of number: more than there are."""

from __future__ import annotations

from collections.abc import Iterator

from mmaug.language import forms
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.nouns import Count, Noun
from mmaug.language.tokens import with_case_of, word_at
from mmaug.negatives.base import Known, Option, depicts, instances, is_head
from mmaug.pairing.naming import BYSTANDER, area

MORE = (1, 2)
"""By how many a caption's number exceeds that of the boxes. (A smaller one would be true as well: of three dogs, two are two dogs.)"""

UNNAMED = 2
"""How many more boxes than a caption counts there may be: a larger surplus is a crowd."""

_WORDS = {value: word for word, value in lex.NUMBERS.items() if value <= 20}
_UNITS = lex.words("""
    year years month months week weeks day days hour hours minute minutes second seconds foot feet inch inches mile miles way lane
    story storey tier tiered piece pieces slice slices half halves pair pairs set sets type types kind kinds times time percent o'clock
    pm am door level
""")
_ONE = {"is": "are", "was": "were", "has": "have"}


def counts(reading: Reading, known: Known) -> Iterator[Option]:
    """ "Two dogs" as "three dogs", if there are two boxes of dogs; sounds likewise, by their events."""
    if depicts(reading):
        return
    for count in reading.counts:
        noun = _counted(reading, count)
        there = _number(count, noun, known) if noun is not None else 0
        for value in (there + more for more in MORE if there):
            number = with_case_of(count.word, str(value)) if reading.text[count.start].isdecimal() else _WORDS.get(value)
            mended = _agreeing(reading, count, noun) if count.value == 1 and noun is not None else ()
            if number is not None and mended is not None:
                said = with_case_of(reading.text[count.start : count.end], number)
                before = reading.text[count.start : noun.end if noun else count.end]
                after = f"{number} {before.partition(' ')[2]}" if count.value != 1 or noun is None else f"{number} {_plural(noun)}"
                yield Option((Replacement(count.start, count.end, said), *mended), before, after, f"there are {there}")


def _counted(reading: Reading, count: Count) -> Noun | None:
    """The noun that a plain number counts: "dogs" in "two brown dogs"; None for years, pieces, "two of" and "a two man tent"."""
    tokens = reading.tokens
    if count.kind != "exact" or not count.value or (count.word not in _WORDS.values() and not count.word.isdecimal()):
        return None
    first = next(i for i, token in enumerate(tokens) if token.start >= count.start)
    noun = next((n for n in reversed(reading.nouns) if n.lemma == count.noun and 0 < n.start - count.end < 40), None)
    if noun is None or noun.start < count.end or not is_head(reading, noun) or word_at(tokens, first - 1) in _NOT_BEFORE:
        return None
    between = [token.word for token in tokens if count.end <= token.start < noun.start]
    if any(word in _UNITS or "'" in word or word in lex.FUNCTION_WORDS for word in (*between, noun.lemma)) or len(between) > 3:
        return None
    return noun if noun.plural == (count.value > 1) else None


_NOT_BEFORE = lex.words("a an the these those other at by of from another number route bus train no each every page age aged about than")


def _number(count: Count, noun: Noun | None, known: Known) -> int:
    """How many there are of what is counted; 0 where boxes or events do not bear out the caption's own number."""
    value = count.value or 0
    mine = instances(noun.lemma, known.things) if noun is not None else ()
    if mine:
        labels = {thing.label for thing in mine}
        others = [other for reading in known.readings for other in reading.counts if other.value]
        more = any((o.value or 0) > len(mine) for o in others if o.noun and any(t.label in labels for t in instances(o.noun, known.things)))
        clear = min(map(area, mine)) >= BYSTANDER * max(map(area, mine))  # else more may stand far off without a box
        return len(mine) if value <= len(mine) <= value + UNNAMED and clear and not more else 0
    if known.things is None and known.events is not None:
        return value if value == len(known.events) else 0
    return 0


def _plural(noun: Noun) -> str:
    head, _, last = noun.lemma.rpartition(" ")
    return f"{head} {forms.plural(last)}".strip()


def _agreeing(reading: Reading, count: Count, noun: Noun) -> tuple[Replacement, ...] | None:
    """What must change besides when "one dog is" becomes "two dogs are"; None where that cannot be said surely."""
    tokens, text = reading.tokens, reading.text
    first = next(i for i, token in enumerate(tokens) if token.start >= count.start)
    last = next(i for i, token in enumerate(tokens) if token.end == noun.end)
    made = [Replacement(noun.start, noun.end, with_case_of(text[noun.start : noun.end], _plural(noun)))]
    for place in (first - 1, last + 1):
        word = word_at(tokens, place)
        if word in _ONE and (place > first or word_at(tokens, first - 2) == "there"):
            made.append(
                Replacement(tokens[place].start, tokens[place].end, with_case_of(text[tokens[place].start : tokens[place].end], _ONE[word]))
            )
    after = word_at(tokens, last + 1)
    singular = after.endswith("s") and after not in _ONE and after not in lex.PLACES
    owner = any(token.word in ("its", "his", "her", "it", "he", "she", "itself", "himself", "herself") for token in tokens)
    return None if singular or owner else tuple(made)
