"""Colours of a caption: which words claim a colour of pixels, and how each may be renamed or left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from mmaug import colour
from mmaug.language import colour_words as cw
from mmaug.language import lexicon as lex
from mmaug.language import wordnet
from mmaug.language.colour_runs import THINGS_TOO, Run, run_at
from mmaug.language.tokens import Token, gap, with_case_of, word_at


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour word.

    `term`: the basic term, or the word itself ("navy", "black and white", "colorful").
    `modifier`: "dark", "light", ... or "".
    `role`: adjective ("a red car"), predicate ("the car is red", "in red"), photo ("a black and white photo"), fixed (a
    claim about pixels that cannot be reworded: "red wine", "a black man") or name (no claim: "Red Sox", the fruit).
    `delete`: the half-open span whose deletion leaves a true sentence (modifiers and joined colours go too), or None.
    `noun`: the word after its description, if that may be the noun that it describes, else "".
    """

    start: int
    end: int
    text: str
    term: str
    modifier: str
    role: str
    delete: tuple[int, int] | None
    noun: str = ""

    @property
    def word(self) -> str:
        """The colour word in lower case."""
        return self.text.lower()


def find_colours(text: str, tokens: tuple[Token, ...], at: list[int], negated: bool) -> tuple[Colour, ...]:
    """The colour mentions at the tokens `at` (indices of words in `TERMS`), in order.

    `negated`: whether the text denies something; then nothing may be left out of it.
    """
    found: list[Colour] = []
    done = -1
    for i in at:
        if i > done:
            run = run_at(text, tokens, i)
            found += _run_mentions(run, [j for j in range(i, run.last + 1) if tokens[j].word in cw.TERMS], negated)
            done = run.last
    if sum(_of_people(mention) for mention in found) > 1:  # "a white man and a black man": without the colours nobody tells which is which
        found = [replace(mention, delete=None) if _of_people(mention) else mention for mention in found]
    return tuple(found)


def _of_people(mention: Colour) -> bool:
    return mention.role == "fixed" and mention.noun in cw.PEOPLE


def recoloured(mention: Colour, term: str) -> str | None:
    """The mention's text with another basic term, in the same case and form; None when it cannot be said."""
    if mention.role not in ("adjective", "predicate") or mention.term not in colour.BASIC or mention.word in cw.PLURALS | cw.COMPARED:
        return None
    if mention.word in cw.ISH:
        return with_case_of(mention.text, next(word for word, its in cw.ISH.items() if its == term))
    return with_case_of(mention.text, "grey" if term == "gray" and mention.word == "grey" else term)


def is_kind(mention: Colour) -> bool:
    """Whether a colour and its noun may be the name of a kind ("a red fox", "green tea"): in another colour it is none.

    Such a colour is left out, as a red fox is a fox, and never renamed, as there are no green foxes.
    """
    return bool(mention.noun) and wordnet.is_word(f"{mention.term} {mention.noun}")


def _run_mentions(run: Run, at: list[int], negated: bool) -> list[Colour]:
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
    mixed = any(j == i + 1 and gap(text, tokens, i) in (" ", "-") for i, j in pairwise(at))  # "reddish brown": one colour in two words
    roles = ["fixed" if mixed and role == "adjective" else role for role in roles]
    return [_mention(run, i, role, delete) for i, role in zip(at, roles, strict=True) if role]


def _mention(run: Run, i: int, role: str, delete: tuple[int, int] | None) -> Colour:
    token = run.tokens[i]
    before = word_at(run.tokens, i - 1)
    modifier = before if before in cw.MODIFIERS and gap(run.text, run.tokens, i - 1) in (" ", "-") else ""
    return Colour(
        token.start,
        token.end,
        run.text[token.start : token.end],
        cw.TERMS[token.word],
        modifier,
        role,
        delete,
        run.head if run.noun else "",
    )


def _predicate(run: Run) -> tuple[int, int] | None:
    """The span of " is red" in a text that is only "the car is red", which leaves "the car"; None in a sentence with its full stop."""
    tokens, verb = run.tokens, run.first - 1
    ends = run.last + 1 == len(tokens) and not run.text[tokens[run.last].end :].strip()
    subject = tokens[: max(verb, 0)]
    if not ends or len(subject) not in (2, 3) or word_at(tokens, verb) not in ("is", "are", "was", "were"):
        return None
    bare = all(token.word not in lex.FUNCTION_WORDS and token.word not in lex.VERBS for token in subject[1:])
    simple = subject[0].word in ("the", "a", "an", "this", "that") and bare
    return (subject[-1].end, tokens[run.last].end) if simple else None


def _photo(run: Run, i: int) -> Colour | None:
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


def _role(run: Run, i: int) -> str:
    """The role of the colour word at token `i`; "" when it is no colour word here."""
    word, before = run.tokens[i].word, word_at(run.tokens, i - 1)
    if _is_proper(run, i):
        return "fixed" if _is_titled(run) else "name"
    if i == run.last and _is_thing(run, word, before):
        return "name"
    if word in ("orange", "oranges") and (role := _fruit(run, i, before)):
        return role
    if word in cw.AMBIGUOUS and not run.noun and not (word in cw.TAN_LIKE and before in ("is", "are", "in", "and")):
        noun = _is_listed(run) if word in cw.TAN_LIKE else False
        return "fixed" if word in cw.HAIR or noun else ""
    fixed = word in cw.PLURALS or word in cw.COMPARED or (run.tail == "-" and i == run.last) or _lent(run, i)
    kind = i == run.last and (run.head in cw.KINDS.get(cw.TERMS[word], ()) or run.head in cw.PARTS)
    if fixed or kind or (run.head in cw.PEOPLE and run.noun) or (word in cw.HAIR and not run.noun and word not in cw.TAN_LIKE):
        return "fixed"
    return "adjective" if run.noun else "predicate"


def _is_listed(run: Run) -> bool:
    """Whether the noun comes after one more adjective: "gold, decorated walls"."""
    after = word_at(run.tokens, run.last + 2)
    return run.tail == ", " and run.head.endswith(("ed", "y")) and bool(after) and after not in lex.FUNCTION_WORDS


def _is_thing(run: Run, word: str, before: str) -> bool:
    """Whether a word that may be a colour names what something is of, or for: "olive oil", "ice cream cones", "a navy officer"."""
    if before in cw.PRODUCTS.get(word, ()) or (run.noun and run.head in cw.OF_THINGS.get(word, ())):
        return True
    if word in cw.ONLY_BEFORE:
        return run.head not in cw.ONLY_BEFORE[word]
    grown = word in cw.EATEN and run.head in cw.GROWN
    return run.noun and (grown or (word in THINGS_TOO and wordnet.is_word(f"{word} {run.head}")))


def _stands_without(run: Run, i: int) -> bool:
    """Whether a fixed claim may be left out: red wine is wine, and a black bear a bear; but a red panda is no panda."""
    word = run.tokens[i].word
    lent = word_at(run.tokens, run.first - 1) in cw.SHADED_BY  # "a fire engine red truck"
    stays = _is_part(run) or run.head not in cw.IDIOMS
    return run.noun and stays and not _is_proper(run, i) and word not in cw.PLURALS and word not in cw.COMPARED and not lent


def _lent(run: Run, i: int) -> bool:
    """Whether a thing lends the colour its shade: "fire engine red", "sky blue", "wine-red"."""
    own = [run.tokens[j].word for j in range(run.first, i)]
    if len(own) > 2 and own[-1] in cw.MODIFIERS and own[-2] in _JOINING and own[-3] in cw.MODIFIERS:
        return True  # "light to dark blue"
    if word_at(run.tokens, run.first - 1) in cw.SHADED_BY or any(word in cw.SHADED_BY for word in (*own, run.tokens[run.first].word)):
        return True
    return any(word not in cw.MODIFIERS and word not in cw.TERMS and word not in _JOINING for word in own)


_JOINING = frozenset(("and", "or", "n", "to"))


def _is_proper(run: Run, i: int) -> bool:
    """Whether the word is part of a name: capital before or after another, or after a title, or inside a sentence after a sign."""
    text, tokens = run.text, run.tokens
    if not text[tokens[i].start].isupper() or text.isupper():
        return False
    if i + 1 < len(tokens) and gap(text, tokens, i) == " " and text[tokens[i + 1].start].isupper():
        return True
    before, between = word_at(tokens, i - 1), gap(text, tokens, i - 1).strip()
    if i == 0 or between in ("!", "?"):
        return False
    if between in ("", ".") and before in cw.TITLES:
        return True
    lists = (lex.FUNCTION_WORDS, lex.NUMBERS, lex.SIZE, cw.MODIFIERS, cw.TERMS, cw.PATTERNS)
    if between == "" and text[tokens[i - 1].start].isupper() and not any(before in words for words in lists):
        return True  # "James Brown"
    return between not in (".", "")


def _is_titled(run: Run) -> bool:
    """Whether every word of the text that is no function word has a capital, so that a capital tells no name: "A Red Car On A Road"."""
    said = [run.text[token.start].isupper() for token in run.tokens if token.word not in lex.FUNCTION_WORDS]
    return len(said) > 2 and all(said)


def _fruit(run: Run, i: int, before: str) -> str:
    """The role of "orange" where it is not surely a colour: name where it is the fruit, its juice or its tree, fixed in doubt."""
    text, tokens = run.text, run.tokens
    made_of = run.head in cw.KINDS["orange"] and run.head not in ("cat", "tabby")
    if tokens[i].word == "oranges" or made_of or before in ("naval", "navel", "mandarin", "peeled", "sliced", "ripe"):
        return "name"
    other = before == "one" and word_at(tokens, i - 2) in lex.DETERMINERS  # "the other one orange"
    if run.noun or run.first != run.last or before in cw.SAID or before.endswith("'s") or other:
        return ""
    told = gap(text, tokens, i - 1) == ", " and run.head not in ("and", "or")  # "a cone, orange"
    return "fixed" if told and (not run.head or run.tail == ", ") else "name"


# ---- leaving out -----------------------------------------------------------------------------------------


def _deletion(run: Run) -> tuple[int, int] | None:
    """The span of the whole description, when nothing counts, compares or is joined to what it describes."""
    text, tokens, first = run.text, run.tokens, run.first
    before = word_at(tokens, first - 1)
    listed = first > 0 and gap(text, tokens, first - 1) == ", " and word_at(tokens, first - 2) not in cw.TERMS  # "a large, red car"
    part = _is_part(run)
    described = word_at(tokens, run.last + 2) if part and gap(text, tokens, run.last + 1) == " " else ""
    if part and (not described or described in lex.FUNCTION_WORDS or described in lex.VERBS):
        return None
    if run.head in ("eye", "eyes") and before in ("with", "has", "have", "having"):
        return None  # "a girl with eyes"
    if (run.tail != " " and not part) or listed or (before in ("and", "or") and word_at(tokens, first - 2) in cw.PATTERNS):
        return None
    if (
        word_at(tokens, first - 1) in lex.ARTICLES
        and word_at(tokens, first - 2) in ("and", "or")
        and word_at(tokens, first - 3) in cw.TERMS
    ):
        return None  # "a white and a red bus"
    while _goes_too(word_at(tokens, first - 1)) and gap(text, tokens, first - 1) in (" ", "-"):
        first -= 1
    return None if _counted(text, tokens, first) else (tokens[first].start, tokens[run.last + part].end)


def _is_part(run: Run) -> bool:
    """Whether the word after the colours goes with them: "a blue-eyed dog", "a red-roofed house"."""
    return run.head in cw.PARTS or (run.tail == "-" and run.head.endswith("ed"))


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
