"""Negatives of object: a thing named as another of its kind, of which there is none."""

from __future__ import annotations

from collections.abc import Iterator

from mmaug.language import forms
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.nouns import Noun
from mmaug.language.tokens import with_case_of
from mmaug.language.wordnet import names_object, part_of_speech
from mmaug.negatives.base import Known, Option, covered, depicts, instances, is_head
from mmaug.negatives.vocabulary import sisters


def objects(reading: Reading, known: Known) -> Iterator[Option]:
    """ "A dog on a couch" as "a cat on a couch", if cats were looked for, none was found, and no caption may mean one."""
    if known.things is None or depicts(reading):
        return
    labels = {thing.label for thing in known.things}
    nouns = {noun.lemma for other in known.readings for noun in other.nouns}
    for noun in reading.nouns:
        mine = {thing.label for thing in instances(noun.lemma, known.things) if covered(noun.lemma, thing.label)}
        if len(mine) != 1 or not is_head(reading, noun) or _again(reading, noun, mine):
            continue
        for other in sisters(mine.copy().pop(), known.vocabulary):
            if any(_related(other, label) for label in labels) or any(names_object(lemma, other) for lemma in nouns):
                continue
            before = reading.text[noun.start : noun.end]
            if (new := _said(reading, noun, other)) is None:
                continue
            said = with_case_of(before, new)
            yield Option((Replacement(noun.start, noun.end, said),), before, said, f"no box is called {other}, and no caption names one")


def _related(one: str, other: str) -> bool:
    return names_object(one, other) or names_object(other, one)


def _again(reading: Reading, noun: Noun, labels: set[str]) -> bool:
    """Whether the text speaks of these things elsewhere as well."""
    return any(other is not noun and any(names_object(other.lemma, label) for label in labels) for other in reading.nouns)


def _opening(reading: Reading, noun: Noun) -> str | None:
    """The determiner or number that opens a noun's phrase, "" where a bare plural surely is a noun; None where it may be none.

    Nothing but adjectives may stand between: what another noun specifies ("birthday cake") has no sister.
    """
    tokens = [token for token in reading.tokens if token.end <= noun.start]
    for steps, token in enumerate(reversed(tokens[-4:])):
        if token.word in _ARTICLES or token.word in lex.NUMBERS or token.word in lex.VAGUE:
            return token.word
        edge = token.word in lex.PLACES or token.word in lex.CONJUNCTIONS or token.word in lex.VERBS or token.word.endswith("ing")
        if edge or reading.text[token.end : token.end + 1] == ",":
            return "" if noun.plural and steps == 0 else None
        if part_of_speech(token.word) == "n" or token.word in lex.FUNCTION_WORDS:
            return None
    return "" if noun.plural and not tokens else None


_ARTICLES = frozenset("a an one this that each every another the his her their its some these those".split())
_SINGULAR = frozenset("a an one this that each every another".split())


def _said(reading: Reading, noun: Noun, label: str) -> str | None:
    """Another label in the noun's number; None where the number is not plain ("some cake")."""
    opening = _opening(reading, noun)
    single = not noun.plural or opening in _SINGULAR
    if opening is None or (single and opening not in _ARTICLES) or (single and opening == "some"):
        return None
    if single:
        return label
    head, _, last = label.rpartition(" ")
    return f"{head} {forms.plural(last)}".strip()
