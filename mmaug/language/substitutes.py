"""Synonyms that fit where a word stands: nouns and adjectives in plain surroundings, in their main sense."""

from __future__ import annotations

from mmaug.language import lexicon as lex
from mmaug.language import wordnet
from mmaug.language.analyser import Reading
from mmaug.language.colour_words import TERMS
from mmaug.language.phrases import phrase_at
from mmaug.language.tokens import gap, word_at

_BEFORE_NOUN = (
    lex.DETERMINERS | lex.NUMBERS.keys() | lex.POSSESSIVES | lex.SIZE | lex.PLACES | TERMS.keys() | frozenset(("of", "with", "and"))
)

_ANOTHER_SENSE = lex.words("""
    person persons people someone someones somebody soul souls fries lid eyelid runner runners smuggler smugglers plain evident cheesy
    crummy cowboy puncher pitcher hurler technology engineering sunny gay cheery story stories tale tales thought idea style way ways
    manner manners tries effort efforts part parts portion kind sort war warfare sun sunlight cloth fabric burly husky city metropolis
    cities huge vast building buildings edifice edifices country nation countries nations cupboard cupboards closet closets metro subway
    hall hallway tub bathtub job occupation podium pulpit animal animals beast beasts creature creatures baby babies infant infants
    component components element elements battle engagement eyeglasses monocles proceedings mens film films movie movies icebox
    refrigerator elderly older trolley streetcar country countries freight cargo child children youngster youngsters
    sleeveless fruitless tube tubes tubing tubings cattle oxen foliage leaf leafs district territory bronco bronc lei wreath swampy styles
    modes trolleys streetcars dice dices mike min secs sat saturday veggie nomadic candid expansive serial weedy gritty suns sunlights
    vibrant vivacious diminutive engineerings technologies ceremonial faith penalties relevance chorine bureau vocals fringe fringes brow
    brows combatants sod sward hirsute motivation batsman slugger refrigerators iceboxes pitchers hurlers cowboys punchers newsman newsmen
""")
"""Words whose main sense in WordNet is seldom that of a caption, or whose synonym sounds odd there: found by reading some 1,500 swaps in
COCO, Flickr30k and AudioCaps captions."""


def substitutes(reading: Reading, i: int) -> tuple[str, ...]:
    """What may stand for token `i` in its form, the most frequent first; () where it is not plainly a noun or an adjective."""
    tokens, text = reading.tokens, reading.text
    word, before, after = tokens[i].word, word_at(tokens, i - 1), word_at(tokens, i + 1)
    if len(word) < 3 or word in lex.FUNCTION_WORDS or word in _ANOTHER_SENSE or word.endswith(("ing", "ed")):
        return ()
    if "-" in gap(text, tokens, i) or (i and "-" in gap(text, tokens, i - 1)):
        return ()
    ends = not after or gap(text, tokens, i) != " " or after in lex.FUNCTION_WORDS or after in lex.VERBS or after.endswith("ing")
    pos = wordnet.part_of_speech(word)
    is_noun = pos == "n" and not wordnet.is_plural_only(word) and ((ends and before in _BEFORE_NOUN) or phrase_at(reading, i) is not None)
    is_adjective = pos == "a" and not ends and before in lex.DETERMINERS
    words = wordnet.synonyms(word, pos) if pos and (is_noun or is_adjective) else ()
    return tuple(other for other in words if other not in _ANOTHER_SENSE)
