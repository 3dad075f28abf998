"""Numbers that name what is read or said, and count nothing: "a handwritten seven", "the digit 3", "somebody says four"."""

from __future__ import annotations

from mmaug.language import lexicon as lex
from mmaug.language.tokens import Token, gap, word_at

_TITLES = lex.words("number numeral digit figure")
_SAID = lex.words(
    "say says saying said speak speaks speaking spoke read reads reading pronounce pronounces utter utters whisper whispers shout shouts"
)
_MADE = lex.words("written handwritten printed drawn painted typed spoken pronounced said scribbled sketched")
_AMOUNTS = lex.words("dozen hundred thousand")
_SPACES = (" ", "  ", "-")


def is_numeral(text: str, tokens: tuple[Token, ...], i: int, counted: str) -> bool:
    """Whether the number at token `i` is a name. `counted`: the lemma of the noun that it stands before, or ""."""
    word, before, after = tokens[i].word, word_at(tokens, i - 1), word_at(tokens, i + 1)
    joined = gap(text, tokens, i - 1) in _SPACES
    if word in _AMOUNTS or not (word in lex.NUMBERS or word.isdecimal()):
        return False
    if joined and before in _TITLES:
        return True
    if (counted and counted not in _MADE) or after == "of" or after in lex.AUXILIARIES:
        return False
    if (joined and before in _SAID) or (after in _MADE and set(gap(text, tokens, i)) <= {" ", ",", "-"}):
        return True
    return joined and _after_article(text, tokens, i)


def _after_article(text: str, tokens: tuple[Token, ...], i: int) -> bool:
    """Whether "a" or "an" stands before a number, with nothing but adjectives between: "a neat seven", not "a group of seven"."""
    for j in range(i - 1, max(i - 4, -1), -1):
        if tokens[j].word in ("a", "an"):
            return lex.NUMBERS.get(tokens[i].word) != 1 or any(token.word in _MADE for token in tokens[j:i])  # "a red one" is anything
        if tokens[j].word in lex.FUNCTION_WORDS or tokens[j].word in lex.VERBS - _MADE or gap(text, tokens, j) not in _SPACES:
            return False
    return False
