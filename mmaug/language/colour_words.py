"""Which words name a colour, and the nouns before which they mean more than a colour."""

from __future__ import annotations

from mmaug import colour
from mmaug.language import lexicon as lex

MODIFIERS = lex.words("""
    dark light bright pale deep pastel hot neon vivid brilliant dull faded royal sky lime forest baby dusty rich
    olive navy solid mostly
""")
VARIED = lex.words("""
    colorful colourful multicolored multicoloured multicolor multicolour rainbow colored coloured monochrome sepia
    grayscale greyscale
""")
ISH = {
    "reddish": "red", "orangish": "orange", "yellowish": "yellow", "greenish": "green", "bluish": "blue",
    "blueish": "blue", "purplish": "purple", "pinkish": "pink", "brownish": "brown", "blackish": "black",
    "whitish": "white", "grayish": "gray", "greyish": "gray",
}  # fmt: skip
SHADES = lex.words("""
    mauve amber tangerine jade ochre taupe rose mint azure emerald ruby ginger chestnut rosy apricot sapphire cobalt
""")
"""Further shades, known by name only: any change but a slight one makes them false."""
PLURALS = {term + "s": term for term in colour.BASIC} | {"greys": "gray"}
TERMS: dict[str, str] = {term: term for term in (*colour.BASIC, *colour.WORDS, *VARIED, *SHADES)} | {"grey": "gray"} | ISH | PLURALS
"""Colour word -> its basic term, or itself."""

AMBIGUOUS = lex.words("""
    tan cream creme rust salmon peach coral olive lime plum mustard copper bronze silver gold ivory charcoal violet
    lavender lilac blond blonde brunette amber jade rose mint ruby ginger chestnut apricot tangerine sapphire emerald
""")
"""Words that name a thing as often as its colour: colours only before a noun."""
TAN_LIKE = lex.words("tan gold silver blond blonde brunette")
"""Of these, the ones that are colours after "is" and "in" too."""

SHADED_BY = lex.words("""
    engine cherry ruby brick blood hunter ocean rose chocolate lemon mint jet snow pitch midnight electric army navy
    royal sky lime forest baby olive
""")
"""Things that lend a colour their shade ("fire engine red"): such a claim cannot be reworded."""

KINDS = {
    "red": lex.words("""
        wine meat onion onions pepper peppers cabbage sauce carpet light lights head cross panda sox bull card
        potatoes bean beans hair haired beard bud snapper oak
    """),
    "green": lex.words("bean beans tea pepper peppers salad onion onions light lights card olives thumb vegetable vegetables veggies"),
    "blue": lex.words("jay cheese ribbon whale moon berry collar"),
    "black": lex.words("""
        bear bears pepper olive olives coffee tea bean beans belt board hole market eye widow friday sheep lab
        labrador berry
    """),
    "white": lex.words("wine rice bread house board meat water noise collar"),
    "brown": lex.words("rice bread bear bears sugar hair haired"),
    "orange": lex.words("""
        juice slice slices peel tree trees wedge wedges segment segments half halves sections soda tabby cat piece
        pieces
    """),
    "yellow": lex.words("pages squash pepper peppers card cab"),
    "pink": lex.words("lemonade"),
    "golden": lex.words("retriever retrievers gate state delicious"),
}
"""Term -> nouns with which it names a kind ("red wine"): a claim that no other term may replace."""

IDIOMS = lex.words("""
    head cross panda sox bull bud thumb moon collar belt board hole market eye friday lab house water noise pages gate state delicious
    berry hair haired hairs skin skinned
""")
"""Nouns that alone would say something else, or too little: "a woman with hair"."""

SAID = lex.words("is are was were be in painted turned wearing wears dressed dyed look looks all bright dark light of")
"""Before "orange" alone these say a colour of something; elsewhere it is the fruit."""
PARTS = lex.words("eyed headed haired skinned faced bearded legged handed footed tipped clad tinted toned")
"""What a colour belongs to before these ("a blue eyed dog"): they do not stand without it."""
UPWARD = lex.words(
    "several many multiple various numerous dozens plenty lots lot number group groups bunch crowd herd flock row rows stack pile"
)
"""Of more things than the coloured ones there are at least as many: the colour may be left out after these."""

PEOPLE = lex.words("""
    man men woman women person people guy guys lady ladies boy boys girl girls kid kids child children baby babies
    male males female females couple family adult adults gentleman player skin skinned hair haired fur beard hairs
""")
"""People, skin and hair: their colours are claims that no other term may replace."""

PHOTO = lex.words("""
    photo photos photograph photographs picture pictures image images photography pic film shot print portrait
    drawing sketch
""")
PATTERNS = lex.words("""
    plaid striped checkered checked floral spotted dotted patterned camouflage wooden shiny old new big large small
    tall young little
""")
"""Adjectives that "and" joins to a colour: leaving out the colour alone would leave "plaid and umbrellas"."""
BLOCKERS = lex.words("only same different identical both neither either every each all no without any none more fewer most least")
INTENSIFIERS = lex.words("very really so extremely mostly mainly primarily almost all")
NOUNS_TOO = lex.words("front overhead inside outside top back opposite like")
"""Function words that are nouns or adjectives after "a blue"."""
ING_NOUNS = lex.words("""
    building buildings railing railings clothing awning awnings wing wings ring rings ceiling string strings swing
    swings painting frosting icing siding lighting bowling sitting dining topping king racing wedding coping marking
    markings surfing skiing bathing boxing hiking running
""")
