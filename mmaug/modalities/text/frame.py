"""Ops that leave a text's words alone and change what is round them: a template, the order of tags.

A function takes the text and the kinds of field that it describes, and returns the new text and where its places went. It runs after the
rules, in the plan's order with the wording ops.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmaug import rng
from mmaug.errors import PolicyError
from mmaug.language import analyser, edits, forms, wordnet
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import OffsetMap, Places, Replacement
from mmaug.language.phrases import is_adjective
from mmaug.language.tokens import word_at
from mmaug.modalities.text.draws import one_of
from mmaug.params import Magnitude, Place, Seed, Text
from mmaug.registry import register

Framed = tuple[str, Places]

OF_PHRASE = {
    "image": ("a photo of {}.", "a picture of {}.", "an image of {}.", "this is a photo of {}.", "a photo showing {}."),
    "audio": ("a sound of {}.", "the sound of {}.", "this is a sound of {}.", "a recording of {}."),
}
"""Templates for what has no finite verb ("a dog on a beach"); those that are true of every picture, or every recording."""
OF_SENTENCE = {
    "image": ("a photo in which {}.", "in this picture, {}.", "this photo shows that {}."),
    "audio": ("a recording in which {}.", "in this recording, {}."),
}
"""Templates for whole sentences."""
OF_EITHER = {"image": ("a photo: {}.", "photo: {}."), "audio": ("a recording: {}.", "sound: {}.")}
"""Templates for what may be either."""


@register("frame", template=Text(("",), 'with one "{}" for the text; "" for templates of our own'), pick=Place("of our own templates"))
def prompt_template(text: str, of: Sequence[str], *, template: str, pick: float) -> Framed:
    """Put the text into a template such as "a photo of {}.".

    Our own templates fit what the text describes (a picture or a sound; a text about both, or in another language, stays) and are true of
    every picture: of CLIP's list most are not ("a blurry photo of {}").

    template: a string with one "{}", or a list of them; "" takes our own. pick: which of our own, 0 the first to 1 the last.
    Raises: PolicyError for a template without exactly one "{}".
    Source: Radford et al. 2021, "Learning transferable visual models from natural language supervision", 3.1.4.
    """
    if template.count("{}") != 1 and template:
        raise PolicyError(f'text.prompt_template: template must have "{{}}" once, where the text goes, got {template!r}')
    if not text.strip():
        return text, OffsetMap()
    if template:
        return _wrapped(text, template)
    reading = analyser.read(text)
    templates = {"sentence": OF_SENTENCE, "phrase": OF_PHRASE, "unsure": OF_EITHER}[_form(reading)]
    ours = templates.get(of[0] if len(of) == 1 else "", ())
    return _wrapped(text, one_of(ours, min(pick, 1 - 2**-53)), reading) if ours and "\n" not in text else (text, OffsetMap())


def _wrapped(text: str, template: str, reading: Reading | None = None) -> Framed:
    """`reading` is given where the text becomes part of a sentence: its capital goes to the front, its full stop to the end, and a bare
    noun takes an article."""
    before, after = template.split("{}")
    made = []
    if reading is not None and before:
        before += _article(reading)
        if _capital_of_sentence(reading):
            made.append(Replacement(0, 1, text[0].lower()))
            before = before[:1].upper() + before[1:]
    mark = re.search(r"\s*[.!]?\s*$", text)
    if reading is not None and mark is not None and after.startswith("."):
        made.append(Replacement(mark.start(), len(text), after))
    else:
        made.append(Replacement(len(text), len(text), after))
    return edits.joined(text, (Replacement(0, 0, before), *(r for r in made if r.text != text[r.start : r.end])))


def _form(reading: Reading) -> str:
    """ "sentence" where a finite verb makes it more than a phrase, "unsure" where a word may be one; a relative clause makes none."""
    words = [token.word for token in reading.tokens]
    if words and words[0] in ("there", "it", "they", "he", "she"):
        return "sentence"
    form = "phrase"
    for i, word in enumerate(words[1:], 1):
        if {"that", "who", "which", "where"} & set(words[max(0, i - 3) : i]) or words[i - 1] in _NO_SUBJECT or is_adjective(words[i - 1]):
            continue
        after = word_at(reading.tokens, i + 1)
        if word in _FINITE or (word in lex.VERBS and word.endswith("s")):
            return "sentence"
        if wordnet.may_be_verb(word) and (after in lex.DETERMINERS | lex.PLACES | lex.CONJUNCTIONS or i + 1 == len(words)):
            form = "unsure"
    return form


_FINITE = lex.words("is are was were has have had can could isn't aren't wasn't weren't there's it's")
_NO_SUBJECT = lex.DETERMINERS | lex.PLACES | lex.CONJUNCTIONS - {"and"}


def _article(reading: Reading) -> str:
    """ "a " or "an " before a label such as "dog" that has no article of its own."""
    words = [token.word for token in reading.tokens]
    if not words or len(words) > 2 or words[0] in lex.FUNCTION_WORDS or words[0] in lex.NUMBERS or reading.text[0].isupper():
        return ""
    head = words[-1]
    counted = wordnet.part_of_speech(head) == "n" and forms.singular(head) == head and head not in forms.PLURAL_ALONE
    return forms.article(words[0]) + " " if counted else ""


def _capital_of_sentence(reading: Reading) -> bool:
    """Whether the first letter is large only because a sentence starts: "A dog", not "Paris" or "TV"."""
    if not reading.tokens or reading.tokens[0].start:
        return False
    token = reading.tokens[0]
    said = reading.text[: token.end]
    small = said[:1].isupper() and (said[1:].islower() or len(said) == 1) and token.word != "i" and wordnet.is_word(token.word)
    above = wordnet.names_above(forms.singular(token.word))
    return small and (token.word in _NO_NAMES or is_adjective(token.word) or (bool(above) and _NAMED.isdisjoint(above)))


_NO_NAMES = lex.FUNCTION_WORDS | lex.NUMBERS.keys() | lex.VAGUE
_NAMED = frozenset(("city", "country", "state", "continent", "island", "river", "month", "weekday", "language"))
"""What a word with a capital may be the name of."""


@register("frame", share=Magnitude(0.0, 1.0, "of the list that a tag may move", 0.0, 1.0), seed=Seed())
def shuffle_tags(text: str, of: Sequence[str], *, share: float, seed: int) -> Framed:
    """Put the tags of a list such as "1girl, outdoors, red hair" into another order; a sentence with commas stays.

    share: how far a tag may move, of the length of the list, in [0, 1]; 1 is any order. seed: which order.
    Source: common practice in training on tag captions (kohya-ss sd-scripts, `shuffle_caption`).
    """
    tags = _tags(text)
    if len(tags) < 3:
        return text, OffsetMap()
    numbers = rng.uniforms(seed, len(tags))
    order = sorted(range(len(tags)), key=lambda n: (1 - share) * n + share * len(tags) * numbers[n])
    return edits.rearranged(text, tags, order)


_TAG = re.compile(r"[^,\s](?:[^,]*[^,\s])?")


def _tags(text: str) -> list[tuple[int, int]]:
    """The spans of the tags; () where the text may be a sentence."""
    tags = [match.span() for match in _TAG.finditer(text)]
    said = [text[start:end].lower().replace("_", " ").split() for start, end in tags]
    sentence = any(len(words) > 4 or words[0] in _OPENERS or not _NO_CLAUSE.isdisjoint(words) for words in said)
    led = [words[0] in lex.DETERMINERS for words in said]
    return [] if sentence or text.rstrip().endswith((".", "!", "?")) or any(c in text for c in ';:\n"') or any(led) != all(led) else tags


_OPENERS = (lex.PLACES | lex.CONJUNCTIONS | lex.PRONOUNS | lex.AUXILIARIES | lex.ADVERBS | lex.ORDER) - {"outdoors", "indoors"}
"""With these a part of a sentence begins, not a tag."""
_NO_CLAUSE = lex.AUXILIARIES | lex.CONJUNCTIONS | lex.ORDER - {"first", "second", "next", "last"}
