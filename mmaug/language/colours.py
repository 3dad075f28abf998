"""Colour words: which words of a caption claim a colour of pixels, and how each may be renamed or left out."""

from __future__ import annotations

from dataclasses import dataclass

from mmaug import colour
from mmaug.language import lexicon as lex
from mmaug.language.tokens import Token, gap, with_case_of, word_at


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour word.

    `term`: the basic term, or the word itself ("navy", "black and white", "colorful"). `modifier`: "dark", "light", ... or "".
    `role`: adjective ("a red car"), predicate ("the car is red", "in red"), photo ("a black and white photo"), fixed (a claim about pixels that cannot be
    reworded: "red wine", "a black man") or name (no such claim: "Red Sox", the fruit orange). `delete`: the half-open span whose deletion leaves a true
    sentence (the modifier and joined colours go too), or None.
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

    @property
    def deletable(self) -> bool:
        """Whether `delete` may be cut out."""
        return self.delete is not None


MODIFIERS = frozenset(
    (
        "dark light bright pale deep pastel hot neon vivid brilliant dull faded royal sky lime forest baby "
        "dusty rich olive navy solid mostly"
    ).split()
)
VARIED = frozenset(
    (
        "colorful colourful multicolored multicoloured multicolor multicolour rainbow colored coloured "
        "monochrome sepia grayscale greyscale"
    ).split()
)
_ISH = {"reddish": "red", "orangish": "orange", "yellowish": "yellow", "greenish": "green", "bluish": "blue", "blueish": "blue", "purplish": "purple",
        "pinkish": "pink", "brownish": "brown", "blackish": "black", "whitish": "white", "grayish": "gray",
        "greyish": "gray"}  # fmt: skip
_PLURALS = {"reds": "red", "oranges": "orange", "yellows": "yellow", "greens": "green", "blues": "blue", "purples": "purple", "pinks": "pink",
            "browns": "brown", "blacks": "black", "whites": "white", "grays": "gray", "greys": "gray"}  # fmt: skip
TERMS: dict[str, str] = (
    {term: term for term in colour.BASIC}
    | {"grey": "gray"}
    | {word: word for word in colour.WORDS}
    | {word: word for word in VARIED}
    | _ISH
    | _PLURALS
)
"""Colour word -> its term."""

_AMBIGUOUS = frozenset(
    (
        "tan cream creme rust salmon peach coral olive lime plum mustard copper bronze silver gold ivory "
        "charcoal violet lavender rose lilac blond blonde brunette"
    ).split()
)
"""Words that name a thing as often as its colour: an adjective only before a noun, else not a mention."""

_KINDS = {
    "red": (
        "wine meat onion onions pepper peppers cabbage sauce carpet light lights head cross panda panda's "
        "flag sox bull card potatoes bean beans hair haired beard bud snapper oak kite"
    ),
    "green": (
        "bean beans tea pepper peppers salad onion onions light lights card olives thumb vegetable vegetables veggies"
    ),
    "blue": "jay cheese ribbon whale moon berry collar tooth",
    "black": (
        "bear bears pepper olive olives coffee tea bean beans belt board hole market eye widow friday sheep "
        "beans lab labrador berry tie"
    ),
    "white": "wine rice bread house board meat water noise collar trash",
    "brown": "rice bread bear bears sugar bag hair haired",
    "orange": "juice slice slices peel tree trees wedge wedges segment segments half halves sections soda tabby cat",
    "yellow": "pages squash pepper peppers card cab",
    "pink": "lemonade",
    "golden": "retriever retrievers gate state delicious",
}
_KINDS_OF = {term: frozenset(words.split()) for term, words in _KINDS.items()}
_PEOPLE = frozenset(
    (
        "man men woman women person people guy guys lady ladies boy boys girl girls kid kids child children "
        "baby babies male males female females couple family adult adults gentleman player skin skinned hair "
        "haired fur beard hairs"
    ).split()
)
_PHOTO = frozenset(
    (
        "photo photos photograph photographs picture pictures image images photography pic film shot print "
        "portrait drawing sketch"
    ).split()
)
_ORANGE_MAKERS = frozenset(
    (
        "an apple banana naval navel peeled sliced cut half whole ripe mandarin fresh many several three four"
        " five six seven"
    ).split()
)
_PATTERNS = frozenset(
    (
        "plaid striped checkered checked floral spotted dotted patterned camouflage wooden shiny old new big "
        "large small tall young little"
    ).split()
)
_REACH = 8
"""Words that one colour description may span: what is longer is a list, and reading stays linear."""
_JOINS = frozenset(("and", "or", "with"))
_PREDICATE_BEFORE = frozenset(
    (
        "is are was were be being painted colored coloured dyed turned turning turns in wearing looks seems "
        "all lit with of to and very"
    ).split()
)
_BLOCKERS = frozenset(
    "only same different identical both neither either every each all no without any none more fewer most least".split()
)


def find_colours(text: str, tokens: tuple[Token, ...], at: list[int], negated: bool) -> tuple[Colour, ...]:
    """The colour mentions at the tokens `at` (indices of words in `TERMS`), in order."""
    found: list[Colour] = []
    for i in at:
        if found and tokens[i].start < found[-1].end:
            continue
        mention = _read(text, tokens, i, negated)
        if mention is not None:
            found.append(mention)
    return tuple(found)


def recoloured(mention: Colour, term: str) -> str | None:
    """The mention's text with another basic term, in the same case and form; None when it cannot be said."""
    if mention.role not in ("adjective", "predicate") or mention.term not in colour.BASIC or mention.word in _PLURALS:
        return None
    if mention.word in _ISH:
        ish = {value: key for key, value in _ISH.items() if key not in ("blueish", "greyish")}
        return with_case_of(mention.text, ish[term])
    return with_case_of(mention.text, "grey" if term == "gray" and mention.word == "grey" else term)


def _read(text: str, tokens: tuple[Token, ...], i: int, negated: bool) -> Colour | None:
    token = tokens[i]
    word, after, tail = token.word, word_at(tokens, i + 1), gap(text, tokens, i)
    if _black_and_white(text, tokens, i):
        photo = (
            word_at(tokens, i + 3) in _PHOTO
            or word_at(tokens, i - 1) in ("in", "a")
            and word_at(tokens, i + 3) in ("", "of")
        )
        if photo:
            return _photo(text, tokens, i)
    if word in _AMBIGUOUS and not _before_noun(tokens, i, tail):
        if not (
            word in ("tan", "gold", "silver", "blond", "blonde", "brunette")
            and word_at(tokens, i - 1) in ("is", "are", "in", "and")
        ):
            return None
    role = _role(text, tokens, i, word, after, tail)
    start = i - 1 if word_at(tokens, i - 1) in MODIFIERS and gap(text, tokens, i - 1) in (" ", "-") else i
    modifier = word_at(tokens, start) if start < i else ""
    delete = None
    if role == "adjective" and not negated and tail == " ":
        delete = _deletion(text, tokens, i)
    return Colour(token.start, token.end, text[token.start : token.end], TERMS[word], modifier, role, delete)


def _black_and_white(text, tokens, i) -> bool:
    return (
        tokens[i].word == "black"
        and word_at(tokens, i + 1) in ("and", "n")
        and word_at(tokens, i + 2) == "white"
        or (tokens[i].word == "black" and word_at(tokens, i + 1) == "white" and gap(text, tokens, i) in (" & ", "/"))
    )


def _photo(text, tokens, i) -> Colour:
    last = i + 2 if word_at(tokens, i + 2) == "white" else i + 1
    start, end = tokens[i].start, tokens[last].end
    delete = (start, end) if word_at(tokens, last + 1) in _PHOTO and word_at(tokens, i - 1) != "in" else None
    return Colour(start, end, text[start:end], "black and white", "", "photo", delete)


def _role(text, tokens, i, word, after, tail) -> str:
    before = word_at(tokens, i - 1)
    capital = text[tokens[i].start].isupper()
    if capital and i and after and text[tokens[i + 1].start].isupper() and tail == " ":
        return "name"
    if (
        capital
        and i
        and gap(text, tokens, i - 1).strip() not in (".", "!", "?", "")
        or capital
        and i
        and gap(text, tokens, i - 1) == " "
        and before.istitle()
    ):
        return "name"
    if word in ("orange", "oranges") and _is_fruit(text, tokens, i, before, after, tail):
        return "name"
    if word in _PLURALS:
        return "fixed"
    if tail == "-":
        return "fixed"
    if (
        after in _KINDS_OF.get(TERMS[word], ())
        or after in _PEOPLE
        and tail == " "
        or after == "and"
        and word_at(tokens, i + 3) in _PEOPLE
        and word_at(tokens, i + 2) in TERMS
    ):
        return "fixed"
    if not _before_noun(tokens, i, tail):
        return "predicate"
    return "adjective"


def _is_fruit(text, tokens, i, before, after, tail) -> bool:
    if tokens[i].word == "oranges" or after in _KINDS_OF["orange"] - {"cat", "tabby"}:
        return True
    if before in ("naval", "navel", "mandarin", "peeled", "sliced", "ripe"):
        return True
    return (
        before in ("an", "the", "one", "apple", "and", "fresh", "half")
        and not _before_noun(tokens, i, tail)
        and before not in ("and",)
        or (before in ("an", "half") and (after in lex.FUNCTION_WORDS or not after or not tail.isspace()))
    )


_INTENSIFIERS = frozenset("very really so extremely mostly mainly primarily almost all".split())
_NOUNS_TOO = frozenset("front overhead inside outside top back opposite like".split())


def _determined(tokens, i) -> bool:
    """Whether a determiner or number opens the noun phrase just before the colour, so that a noun must follow it."""
    j = i - 1
    while i - j < _REACH and (
        word_at(tokens, j) in MODIFIERS
        or word_at(tokens, j) in TERMS
        or word_at(tokens, j) == "and"
        and word_at(tokens, j - 1) in TERMS
    ):
        j -= 1
    word = word_at(tokens, j)
    return word in lex.DETERMINERS or word in lex.NUMBERS or word in lex.SIZE


def _before_noun(tokens, i, tail, hops=_REACH) -> bool:
    """Whether what follows can be the noun that the colour stands before (through joined colours and adjectives)."""
    after = word_at(tokens, i + 1)
    if not after or not (tail.isspace() or tail in ("-", ", ", " & ", "/", ",")):
        return False
    if after in _JOINS or tail in (", ", " & ", "/", ","):
        j = i + 2 if after in _JOINS else i + 1
        while word_at(tokens, j) in MODIFIERS or word_at(tokens, j) in ("and", "or"):
            j += 1
        if word_at(tokens, j) not in TERMS or j - i > 4 or after == "with" or j + 1 >= len(tokens):
            return False
        joint = {1: " ", 2: ", ", 3: " & "}.get(tokens[j + 1].start - tokens[j].end, ".")
        return hops > 0 and _before_noun(tokens, j, joint, hops - 1)
    if after in lex.FUNCTION_WORDS:
        return after in _NOUNS_TOO and _determined(tokens, i)
    verbal = after in lex.VERBS or after.endswith("ing") and after not in _ING_NOUNS
    return not verbal or _determined(tokens, i)


_ING_NOUNS = frozenset(
    (
        "building buildings railing railings clothing awning awnings wing wings ring rings ceiling string "
        "strings swing swings painting frosting icing siding lighting bowling sitting dining clothing topping"
        " king racing wedding coping marking markings surfing skiing bathing boxing hiking running"
    ).split()
)


def _deletion(text: str, tokens: tuple[Token, ...], i: int) -> tuple[int, int] | None:
    """The span of the colour with its modifiers and joined colours, when nothing counts or compares what it describes."""
    first, last = i, i
    while first > 0 and i - first < _REACH and _joined(text, tokens, first):
        first -= 1
    while (
        last + 1 < len(tokens)
        and last - i < _REACH
        and (
            _joined(text, tokens, last + 1)
            and word_at(tokens, last + 1) in TERMS
            or word_at(tokens, last + 1) in ("and", "or")
            and _colour_ahead(tokens, last + 2)
            or gap(text, tokens, last) in (", ", " & ", "/", ",")
            and _colour_ahead(tokens, last + 1)
            or word_at(tokens, last + 1) in MODIFIERS
            and word_at(tokens, last + 2) in TERMS
        )
    ):
        last += 1
    while word_at(tokens, first) in ("and", "or", "with"):
        first += 1
    if (
        gap(text, tokens, last) != " "
        or word_at(tokens, last + 1) in _KINDS_OF.get(TERMS.get(word_at(tokens, last), ""), frozenset()) | _PEOPLE
    ):
        return None
    if (
        first
        and gap(text, tokens, first - 1) == ", "
        or word_at(tokens, first - 1) in ("and", "or")
        and word_at(tokens, first - 2) in _PATTERNS
    ):
        return None
    while word_at(tokens, first - 1) in _INTENSIFIERS and gap(text, tokens, first - 1) == " ":
        first -= 1
    return None if _counted(text, tokens, first, last) else (tokens[first].start, tokens[last].end)


def _colour_ahead(tokens, i) -> bool:
    return word_at(tokens, i) in TERMS or word_at(tokens, i) in MODIFIERS and word_at(tokens, i + 1) in TERMS


def _joined(text, tokens, i) -> bool:
    """Whether the token before `i` belongs to the same colour description."""
    before, glue = word_at(tokens, i - 1), gap(text, tokens, i - 1)
    if glue not in (" ", ", ", " & ", "/", "-", ","):
        return False
    return (
        before in MODIFIERS
        or before in TERMS
        or before in ("and", "or")
        and (word_at(tokens, i - 2) in TERMS)
        and glue == " "
    )


def _counted(text, tokens, first, last) -> bool:
    """Whether a number, a quantifier or a comparison stands in the same noun phrase."""
    i = first - 1
    while i >= 0 and gap(text, tokens, i) in (" ", ", ", "-"):
        word = word_at(tokens, i)
        if (
            word in lex.NUMBERS
            or word in _BLOCKERS
            or word in lex.SUPERLATIVES
            or word in lex.ALL
            or word in lex.NONE
            or word in lex.VAGUE
            or word.isdigit()
        ):
            return word != "pair" and word != "group" or word_at(tokens, i + 1) != "of"
        if word in lex.DETERMINERS or word in lex.FUNCTION_WORDS and word != "very":
            i -= word != "of" and word_at(tokens, i - 1) == "of"
            before = word_at(tokens, i - 1)
            return word_at(tokens, i) == "of" and (
                before in lex.NUMBERS or before in lex.ALL or before in ("most", "couple")
            )
        if i < first - 4:
            return False
        i -= 1
    return False
