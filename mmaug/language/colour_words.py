"""Which words name a colour, and the nouns before which they mean more than a colour."""

from __future__ import annotations

from mmaug import colour
from mmaug.language import lexicon as lex

MODIFIERS = lex.words("""
    dark light bright pale deep pastel hot neon vivid brilliant dull faded royal sky lime forest baby dusty rich
    olive navy solid mostly
""")
VARIED = lex.words("""
    colorful colourful multicolored multicoloured multicolor multicolour rainbow colored coloured
""")
GREYS_ONLY = lex.words("monochrome grayscale greyscale")
"""Words that stand while a picture without colours has none."""
ISH = {
    "reddish": "red", "orangish": "orange", "yellowish": "yellow", "greenish": "green", "bluish": "blue",
    "blueish": "blue", "purplish": "purple", "pinkish": "pink", "brownish": "brown", "blackish": "black",
    "whitish": "white", "grayish": "gray", "greyish": "gray",
}  # fmt: skip
SHADES = lex.words("""
    mauve amber tangerine jade ochre taupe rose mint azure emerald ruby ginger chestnut rosy apricot sapphire cobalt
    cerulean chartreuse vermilion vermillion periwinkle puce sienna terracotta redbrick camel hazel sandy fair sepia
""")
"""Further shades, known by name only: any change but a slight one makes them false."""
PLURALS = {term + "s": term for term in colour.BASIC} | {"greys": "gray"}
COMPARED = {
    form: term
    for term, forms in {
        "red": "redder reddest", "green": "greener greenest", "blue": "bluer bluest", "yellow": "yellower yellowest",
        "pink": "pinker pinkest", "brown": "browner brownest", "black": "blacker blackest", "white": "whiter whitest",
        "gray": "grayer grayest greyer greyest",
    }.items()
    for form in forms.split()
}  # fmt: skip
"""Colours in degrees: none of these stands for another, and none may be left out."""
HAIR = {"blond": "blond", "blonds": "blond", "blonde": "blonde", "blondes": "blonde", "brunette": "brunette", "brunettes": "brunette",
        "redhead": "redhead", "redheads": "redhead", "redheaded": "redhead"}  # fmt: skip
"""Words that name people by the colour of their hair."""
TERMS: dict[str, str] = (
    {term: term for term in (*colour.BASIC, *colour.WORDS, *VARIED, *GREYS_ONLY, *SHADES)}
    | {"grey": "gray"}
    | ISH
    | PLURALS
    | COMPARED
    | HAIR
)
"""Colour word -> its basic term, or itself."""

AMBIGUOUS = lex.words("""
    tan cream creme rust salmon peach coral olive lime plum mustard copper bronze silver gold ivory charcoal violet
    lavender lilac blond blonde brunette amber jade rose mint ruby ginger chestnut apricot tangerine sapphire emerald
    sienna terracotta camel hazel sandy fair redhead
""")
"""Words that name a thing as often as its colour: colours only before a noun."""
TAN_LIKE = lex.words("tan gold silver blond blonde brunette")
"""Of these, the ones that are colours after "is" and "in" too."""

SHADED_BY = lex.words("""
    engine cherry ruby brick blood hunter ocean rose chocolate lemon mint jet snow pitch midnight electric army navy
    royal sky lime forest baby olive burnt pea strawberry grass wine apple tomato bottle kelly powder steel slate ice peacock candy
    sea moss emerald mustard canary flame rust coal milk ash platinum dirty
""")
"""Things that lend a colour their shade ("fire engine red"): such a claim cannot be reworded."""

EATEN = lex.words("""
    cream creme salmon peach olive lime plum mustard lavender lilac rose mint ginger chestnut apricot tangerine hazel
""")
GROWN = lex.words("""
    tree trees leaf leaves branch branches grove groves bush bushes petal petals blossom blossoms garden gardens plant plants field
    fields orchard flower flowers bouquet stem seed seeds pit pits nut nuts root oil oils juice sauce soup salad wedge wedges slice
    slices half halves fillet fillets filet steak steaks pie pies tart cake cakes jam jelly dressing cheese tea candy cookie cookies
    bread ale beer cocktail salsa dip paste powder spread pudding puff puffs roll rolls sandwich dish meat skin flesh farm farmer
""")
"""Before the second, the first are what grows or is eaten, and no colours: "olive oil", "a peach tree"."""
OF_THINGS = {
    "coral": lex.words("reef reefs island islands fish"),
    "navy": lex.words("officer officers sailor sailors seal seals ship ships base pilot pilots jet jets veteran captain man men yard"),
    "charcoal": lex.words("grill grills barbecue bbq drawing drawings sketch sketches pencil pencils briquettes fire"),
    "gold": lex.words("medalist medalists medallist medallists rush mine"),
    "silver": lex.words("medalist medalists medallist medallists"),
    "bronze": lex.words("medalist medalists medallist medallists statue statues sculpture sculptures"),
    "amber": lex.words("alert"),
}
"""Word -> nouns before which it names a thing, not a colour."""
ONLY_BEFORE = {
    "camel": lex.words("coat coats jacket sweater scarf suit blazer boots dress cardigan pants trousers skirt hat colored coloured"),
    "hazel": lex.words("eye eyes eyed"),
    "sandy": lex.words("hair haired blond blonde"),
    "fair": lex.words("hair haired skin skinned"),
}
"""Word -> the nouns before which alone it is a colour."""
PRODUCTS = {"cream": lex.words("ice sour whipped whip shaving face hand sun clotted heavy double butter cold skin night eye cheese")}
"""Word -> words after which it names a thing: "ice cream cones"."""

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

TITLES = lex.words("mr mrs ms miss mister dr doctor sir lady lord professor prof saint named called")
"""After these comes a name."""

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
ACTIVITIES = lex.words("sitting dining bowling racing surfing skiing bathing boxing hiking running")
"""Of these, the ones that are verbs where no noun follows: "a sitting room", "an orange sitting on a table"."""
