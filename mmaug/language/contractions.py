"""Short and long forms of the same words: "is not" and "isn't", "it is" and "it's"."""

from __future__ import annotations

from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.tokens import Token, gap, with_case_of, word_at

_NOT = {
    "isn't": "is", "aren't": "are", "wasn't": "was", "weren't": "were", "don't": "do", "doesn't": "does", "didn't": "did",
    "hasn't": "has", "haven't": "have", "hadn't": "had", "couldn't": "could", "wouldn't": "would", "shouldn't": "should",
}  # fmt: skip
_BEFORE_NOT = frozenset(_NOT.values())
_WHOLE = {"can't": "cannot", "won't": "will not"}
_SHORT = {
    ("it", "is"): "'s", ("he", "is"): "'s", ("she", "is"): "'s", ("that", "is"): "'s", ("there", "is"): "'s", ("who", "is"): "'s",
    ("they", "are"): "'re", ("we", "are"): "'re", ("you", "are"): "'re", ("i", "am"): "'m",
}  # fmt: skip
_LONG = {subject + tail: verb for (subject, verb), tail in _SHORT.items()}
_GOES_ON = lex.DETERMINERS | lex.PLACES | {"not"}
"""What tells "it's" from a possessive and from "it has"."""
_SUBJECTS = (lex.PRONOUNS | {"there", "here"}) - lex.DETERMINERS


def places(reading: Reading) -> list[Replacement]:
    """Every place where the other form may stand, with that form; none in a question, where the words are turned round."""
    if "?" in reading.text:
        return []
    found = []
    last = 0
    for i, token in enumerate(reading.tokens):
        made = _written_out(reading, i) if "'" in token.word else _shortened(reading, i)
        if made is not None and made.start >= last:
            found.append(made)
            last = made.end
    return found


def _written_out(reading: Reading, i: int) -> Replacement | None:
    token = reading.tokens[i]
    said = reading.text[token.start : token.end]
    after = word_at(reading.tokens, i + 1) if gap(reading.text, reading.tokens, i) == " " else ""
    if token.word in _NOT and i and after not in _SUBJECTS:
        return Replacement(token.end - 3, token.end, " NOT" if said.isupper() else " not")
    if token.word in _WHOLE and i:
        return Replacement(token.start, token.end, with_case_of(said, _WHOLE[token.word]))
    verb = _LONG.get(token.word)
    clear = after in _GOES_ON or (after.endswith("ing") and len(after) > 4) or token.word.endswith(("'re", "'m"))
    if verb and clear:
        tail = len(said) - max(said.find("'"), said.find("’"))
        return Replacement(token.end - tail, token.end, f" {verb.upper() if said.isupper() and len(said) > 3 else verb}")
    return None


def _shortened(reading: Reading, i: int) -> Replacement | None:
    token = reading.tokens[i]
    if token.word == "cannot":
        return Replacement(token.start + 3, token.end, "'t")
    if gap(reading.text, reading.tokens, i) != " " or i + 1 >= len(reading.tokens):
        return None
    following = reading.tokens[i + 1]
    if following.word == "not":
        return _not(reading, token, following, first=i == 0)
    ends = gap(reading.text, reading.tokens, i + 1) != " " or i + 2 >= len(reading.tokens)
    tail = _SHORT.get((token.word, following.word))
    if tail is None or ends or word_at(reading.tokens, i + 2) == "not":
        return None
    return Replacement(token.end, following.end, tail.upper() if reading.text[following.start : following.end].isupper() else tail)


def _not(reading: Reading, verb: Token, denial: Token, first: bool) -> Replacement | None:
    """ "is not" as "isn't"; at the start of a text "do not" is an order, which "don't" is too."""
    tail = "N'T" if reading.text[denial.start : denial.end].isupper() else "n't"
    if verb.word == "can":
        return Replacement(verb.end, denial.end, tail[1:])
    if verb.word == "will":
        return Replacement(verb.start, denial.end, with_case_of(reading.text[verb.start : verb.end], "won't"))
    return Replacement(verb.end, denial.end, tail) if verb.word in _BEFORE_NOT and (not first or verb.word == "do") else None
