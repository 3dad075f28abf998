"""Colours of a caption: which words claim a colour of pixels, and how each may be renamed or left out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from mmaug import colour
from mmaug.language import colour_words as cw
from mmaug.language import lexicon as lex
from mmaug.language.tokens import Token, gap, with_case_of, word_at

_REACH = 10
"""Words that one colour description may span: what is longer is a list, and reading stays linear."""
_THINGS_TOO = cw.AMBIGUOUS - cw.TAN_LIKE
_JOINTS = frozenset((" ", "-", "/", " & ", ", ", ","))


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour word.

    `term`: the basic term, or the word itself ("navy", "black and white", "colorful").
    `modifier`: "dark", "light", ... or "".
    `role`: adjective ("a red car"), predicate ("the car is red", "in red"), photo ("a black and white photo"), fixed (a
    claim about pixels that cannot be reworded: "red wine", "a black man") or name (no claim: "Red Sox", the fruit).
    `delete`: the half-open span whose deletion leaves a true sentence (modifiers and joined colours go too), or None.
    """

    start: int
    end: int
    text: str
    term: str
    modifier: str
    role: str
    delete: tuple[int, int] | None

    @property
    def word(self) -> str:
        """The colour word in lower case."""
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class _Run:
    """Colour words that describe one thing together ("dark red, white and blue"): tokens first..last.

    `head`: the word after them, `tail` what stands between; `noun`: whether the head can be the noun they describe.
    """

    text: str
    tokens: tuple[Token, ...]
    first: int
    last: int
    head: str
    tail: str
    noun: bool


def find_colours(text: str, tokens: tuple[Token, ...], at: list[int], negated: bool) -> tuple[Colour, ...]:
    """The colour mentions at the tokens `at` (indices of words in `TERMS`), in order.

    `negated`: whether the text denies something; then nothing may be left out of it.
    """
    found: list[Colour] = []
    done = -1
    for i in at:
        if i > done:
            run = _run(text, tokens, i)
            found += _run_mentions(run, [j for j in range(i, run.last + 1) if tokens[j].word in cw.TERMS], negated)
            done = run.last
    return tuple(found)


def recoloured(mention: Colour, term: str) -> str | None:
    """The mention's text with another basic term, in the same case and form; None when it cannot be said."""
    if mention.role not in ("adjective", "predicate") or mention.term not in colour.BASIC or mention.word in cw.PLURALS:
        return None
    if mention.word in cw.ISH:
        return with_case_of(mention.text, next(word for word, its in cw.ISH.items() if its == term))
    return with_case_of(mention.text, "grey" if term == "gray" and mention.word == "grey" else term)


def _run_mentions(run: _Run, at: list[int], negated: bool) -> list[Colour]:
    """The mentions of one description, whose colour words are the tokens `at`."""
    photo = _photo(run, at[0])
    if photo:
        return [photo]
    text, tokens = run.text, run.tokens
    roles = [_role(run, i) for i in at]
    delete = None
    if not negated and all(role == "adjective" or (role == "fixed" and _stands_without(run, i)) for role, i in zip(roles, at, strict=True)):
        delete = _deletion(run)
    elif not negated and set(roles) == {"predicate"}:
        delete = _predicate(run)
    mixed = any(j == i + 1 and gap(text, tokens, i) == " " for i, j in pairwise(at))  # "reddish brown": one colour in two words
    roles = ["fixed" if mixed and role == "adjective" else role for role in roles]
    return [_mention(run, i, role, delete) for i, role in zip(at, roles, strict=True) if role]


def _mention(run: _Run, i: int, role: str, delete: tuple[int, int] | None) -> Colour:
    token = run.tokens[i]
    before = word_at(run.tokens, i - 1)
    modifier = before if before in cw.MODIFIERS and gap(run.text, run.tokens, i - 1) in (" ", "-") else ""
    return Colour(token.start, token.end, run.text[token.start : token.end], cw.TERMS[token.word], modifier, role, delete)


def _predicate(run: _Run) -> tuple[int, int] | None:
    """The span of " is red" in a text that is only "the car is red", which leaves "the car"; else None."""
    tokens, verb = run.tokens, run.first - 1
    ends = run.last + 1 == len(tokens) and run.text[tokens[run.last].end :].strip() in ("", ".")
    subject = tokens[: max(verb, 0)]
    if not ends or len(subject) not in (2, 3) or word_at(tokens, verb) not in ("is", "are", "was", "were"):
        return None
    bare = all(token.word not in lex.FUNCTION_WORDS and token.word not in lex.VERBS for token in subject[1:])
    simple = subject[0].word in ("the", "a", "an", "this", "that") and bare
    return (subject[-1].end, tokens[run.last].end) if simple else None


# ---- the run ---------------------------------------------------------------------------------------------


def _run(text: str, tokens: tuple[Token, ...], i: int) -> _Run:
    first, last = i, i
    while i - first < _REACH and word_at(tokens, first - 1) in cw.MODIFIERS and gap(text, tokens, first - 1) in (" ", "-"):
        first -= 1
    while last - i < _REACH and (steps := _next_colour(text, tokens, last)):
        last += steps
    while last > i and tokens[last].word in _THINGS_TOO and not _heads(text, tokens, last):
        last -= 1  # "a red rose": the last word is what is red
    head, tail = word_at(tokens, last + 1), gap(text, tokens, last)
    noun = tail in (" ", "-", "\n", "  ") and _is_noun(head, _determined(tokens, first))
    return _Run(text, tokens, first, last, head, tail, noun)


def _heads(text: str, tokens: tuple[Token, ...], last: int) -> bool:
    """Whether a noun follows token `last`, so that this token itself can be its colour."""
    return gap(text, tokens, last) in (" ", "-") and _is_noun(word_at(tokens, last + 1), False)


def _next_colour(text: str, tokens: tuple[Token, ...], last: int) -> int:
    """How many tokens further the description's next colour stands; 0 when there is none."""
    if gap(text, tokens, last) not in _JOINTS:
        return 0
    steps = 2 if word_at(tokens, last + 1) in ("and", "or", "n") else 1
    if word_at(tokens, last + steps) in cw.MODIFIERS and word_at(tokens, last + steps + 1) in cw.TERMS:
        steps += 1
    return steps if word_at(tokens, last + steps) in cw.TERMS else 0


def _determined(tokens: tuple[Token, ...], first: int) -> bool:
    """Whether a determiner or number opens the noun phrase right before the colours, so that a noun must follow."""
    before = word_at(tokens, first - 1)
    return before in lex.DETERMINERS or before in lex.NUMBERS or before in lex.SIZE


def _is_noun(head: str, determined: bool) -> bool:
    """Whether the word after the colours can be the noun that they describe, or an adjective on the way to it."""
    if not head:
        return False
    if head in lex.FUNCTION_WORDS:
        return determined and head in cw.NOUNS_TOO
    verbal = head in lex.VERBS or (head.endswith("ing") and head not in cw.ING_NOUNS)
    return determined or not verbal


def _photo(run: _Run, i: int) -> Colour | None:
    """ "black and white" said of the picture itself."""
    words = [token.word for token in run.tokens[i : run.last + 1]]
    if words not in (["black", "and", "white"], ["black", "n", "white"], ["black", "white"]):
        return None
    pictured = run.head in cw.PHOTO and run.noun
    told = word_at(run.tokens, i - 1) == "in" and any(token.word in cw.PHOTO for token in run.tokens[max(0, i - 9) : i])
    if not pictured and not (told and not run.noun):
        return None
    start, end = run.tokens[i].start, run.tokens[run.last].end
    delete = (start, end) if pictured and word_at(run.tokens, i - 1) != "in" else None
    return Colour(start, end, run.text[start:end], "black and white", "", "photo", delete)


# ---- one word --------------------------------------------------------------------------------------------


def _role(run: _Run, i: int) -> str:
    """The role of the colour word at token `i`; "" when it is no colour word here."""
    word, before = run.tokens[i].word, word_at(run.tokens, i - 1)
    if word in cw.AMBIGUOUS and not run.noun and not (word in cw.TAN_LIKE and before in ("is", "are", "in", "and")):
        return ""
    if _is_proper(run, i) or _is_fruit(run, i, before):
        return "name"
    fixed = word in cw.PLURALS or (run.tail == "-" and i == run.last) or _lent(run)
    kind = i == run.last and run.head in cw.KINDS.get(cw.TERMS[word], ())
    if fixed or kind or (run.head in cw.PEOPLE and run.noun):
        return "fixed"
    return "adjective" if run.noun else "predicate"


def _stands_without(run: _Run, i: int) -> bool:
    """Whether a fixed claim may be left out: red wine is wine, and a black bear a bear; but a red panda is no panda."""
    lent = word_at(run.tokens, run.first - 1) in cw.SHADED_BY  # "a fire engine red truck"
    return run.noun and run.head not in cw.IDIOMS and run.tokens[i].word not in cw.PLURALS and not lent


def _lent(run: _Run) -> bool:
    """Whether a thing lends the colour its shade: "fire engine red", "sky blue"."""
    return word_at(run.tokens, run.first - 1) in cw.SHADED_BY or run.tokens[run.first].word in cw.SHADED_BY


def _is_proper(run: _Run, i: int) -> bool:
    """Whether the word is part of a name: capital inside a sentence, or before another capital."""
    text, tokens = run.text, run.tokens
    if not text[tokens[i].start].isupper() or text.isupper():
        return False
    if i + 1 < len(tokens) and gap(text, tokens, i) == " " and text[tokens[i + 1].start].isupper():
        return True
    return i > 0 and gap(text, tokens, i - 1).strip() not in (".", "!", "?", "")


def _is_fruit(run: _Run, i: int, before: str) -> bool:
    """Whether "orange" is the fruit, its juice or its tree."""
    word = run.tokens[i].word
    if word not in ("orange", "oranges"):
        return False
    made_of = run.head in cw.KINDS["orange"] and run.head not in ("cat", "tabby")
    if word == "oranges" or made_of or before in ("naval", "navel", "mandarin", "peeled", "sliced", "ripe"):
        return True
    alone = not run.noun or (run.head.endswith("ing") and run.head not in cw.ING_NOUNS)  # "an orange growing in a tree"
    return alone and run.first == run.last and before not in cw.SAID


# ---- leaving out -----------------------------------------------------------------------------------------


def _deletion(run: _Run) -> tuple[int, int] | None:
    """The span of the whole description, when nothing counts, compares or is joined to what it describes."""
    text, tokens, first = run.text, run.tokens, run.first
    before = word_at(tokens, first - 1)
    listed = first > 0 and gap(text, tokens, first - 1) == ", " and word_at(tokens, first - 2) not in cw.TERMS  # "a large, red car"
    if run.tail != " " or listed or run.head in cw.PARTS or (before in ("and", "or") and word_at(tokens, first - 2) in cw.PATTERNS):
        return None
    if (
        word_at(tokens, first - 1) in lex.ARTICLES
        and word_at(tokens, first - 2) in ("and", "or")
        and word_at(tokens, first - 3) in cw.TERMS
    ):
        return None  # "a white and a red bus"
    while _goes_too(word_at(tokens, first - 1)) and gap(text, tokens, first - 1) in (" ", "-"):
        first -= 1
    return None if _counted(text, tokens, first) else (tokens[first].start, tokens[run.last].end)


def _goes_too(word: str) -> bool:
    """Whether a word before the colours only says how: "brightly colored", "multi-colored", "very red"."""
    return word in cw.INTENSIFIERS or word == "multi" or (word.endswith("ly") and len(word) > 4)


def _counted(text: str, tokens: tuple[Token, ...], first: int) -> bool:
    """Whether a number, a quantifier or a comparison stands in the noun phrase before token `first`."""
    for i in range(first - 1, max(-1, first - 6), -1):
        word = word_at(tokens, i)
        if gap(text, tokens, i) not in (" ", ", ", "-"):
            return False
        if _counts(word):
            return word != "pair" or word_at(tokens, i + 1) != "of"
        if word in lex.FUNCTION_WORDS:
            of = i if word == "of" else i - 1
            counted = word_at(tokens, of - 1)
            return word_at(tokens, of) == "of" and (_counts(counted) and counted != "pair")
    return False


def _counts(word: str) -> bool:
    if word in cw.UPWARD:
        return False
    lists = (lex.NUMBERS, cw.BLOCKERS, lex.SUPERLATIVES, lex.ALL, lex.NONE, lex.VAGUE)
    return word.isdecimal() or any(word in words for words in lists)
