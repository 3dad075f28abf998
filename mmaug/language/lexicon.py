"""The closed word lists that the analyser looks up: plain English words, lower case."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a string, parted by white space."""
    return frozenset(text.split())


# ---- grammar ---------------------------------------------------------------------------------------------

ARTICLES = words("a an the")
POSSESSIVES = words("his hi her its their my your our hers whose one's someone's somebody's another's")
DEMONSTRATIVES = words("this that these those")
DETERMINERS = ARTICLES | POSSESSIVES | DEMONSTRATIVES | words("some any another other each every either neither both no")
PRONOUNS = words(
    "he she it they we i you him them us me himself herself itself themselves who which what someone "
    "somebody nobody everyone everybody something nothing"
)
PLACES = words(
    "in on at of to from by with near behind beside besides between among amongst inside outside into "
    "onto through across along around against toward towards off out over under above below beneath "
    "underneath atop within past alongside amid opposite next front upon after before beyond throughout "
    "via about for without like per up down during"
)
CONJUNCTIONS = words("and or but nor while as when where because so if than though although plus & whilst since until that")
AUXILIARIES = words(
    "is are was were be been being am isn't aren't wasn't weren't has have had having does do did can "
    "could will would may might should must appears seems looks s're he's she's it's there's they're"
)
ADVERBS = words(
    "very too also together away back forward ahead here there now just still even only almost nearly "
    "quite really already again apart alone indoors outdoors outside inside nearby overhead upstairs "
    "downstairs not never"
)
FUNCTION_WORDS = DETERMINERS | PRONOUNS | PLACES | CONJUNCTIONS | AUXILIARIES | ADVERBS

VERBS = words(
    "sits sit sat stands stand stood walks walk runs run rides ride holds hold plays play eats eat drinks"
    " drink looks look watches watch takes take makes make gets get goes go comes come jumps jump throws "
    "throw catches catch hits hit swings swing wears wear carries carry pulls pull pushes push leans lean"
    " lies lie lays lay rests rest sleeps sleep flies fly drives drive talks talk speaks speak reads "
    "smiles smile poses pose waits wait works work uses use sings sing dances dance performs perform "
    "climbs climb kneels kneel crosses cross moves move passes pass turns turn travels travel grazes "
    "graze prepares prepare tries try hangs hang shows shows show gives give puts put reaches reach "
    "points point stares stare gazes gaze faces kicks kick rolls roll slides slide serves serve skis "
    "skates surfs surf swims swim feeds feed cuts cut cooks cook cleans clean displays contains covers "
    "covered parked filled made dressed painted seen taken left lit piled topped mounted decorated "
    "surrounded attached displayed placed set"
)
"""Caption verbs: words that end a noun phrase although they look like nouns."""

# ---- sides -----------------------------------------------------------------------------------------------

OPPOSITE = {
    "left": "right",
    "leftmost": "rightmost",
    "leftward": "rightward",
    "leftwards": "rightwards",
    "lefthand": "righthand",
    "lefthanded": "righthanded",
    "left's": "right's",
    "lefts": "rights",
    "top": "bottom",
    "upper": "lower",
    "topmost": "bottommost",
    "uppermost": "lowermost",
    "above": "below",
    "upward": "downward",
    "upwards": "downwards",
    "up": "down",
    "over": "under",
    "clockwise": "counterclockwise",
}
OPPOSITE |= {b: a for a, b in OPPOSITE.items()} | {
    "anticlockwise": "clockwise",
    "counter-clockwise": "clockwise",
    "anti-clockwise": "clockwise",
}

NAME_OF = {
    "left": "left",
    "leftmost": "left",
    "leftward": "left",
    "leftwards": "left",
    "lefthand": "left",
    "lefthanded": "left",
    "right": "right",
    "rightmost": "right",
    "rightward": "right",
    "rightwards": "right",
    "righthand": "right",
    "righthanded": "right",
    "top": "up",
    "upper": "up",
    "topmost": "up",
    "uppermost": "up",
    "above": "up",
    "upward": "up",
    "upwards": "up",
    "up": "up",
    "over": "up",
    "bottom": "down",
    "lower": "down",
    "bottommost": "down",
    "lowermost": "down",
    "below": "down",
    "downward": "down",
    "downwards": "down",
    "down": "down",
    "under": "down",
    "beneath": "down",
    "underneath": "down",
    "clockwise": "clockwise",
    "counterclockwise": "counterclockwise",
    "anticlockwise": "counterclockwise",
}
"""Side word -> left, right, up, down, clockwise or counterclockwise."""

REGIONS = words(
    "side sides part parts half portion area corner corners edge edges section third quadrant end ends "
    "panel image picture photo photograph frame margin border region foreground background center row "
    "column wall walls"
)
"""Nouns after left/right that name a place in the picture, so that "top" and "bottom" may stand before them too."""

PICTURES = words("picture image photo photograph frame screen shot scene view page panel canvas photograph")

BODY = words(
    "hand hands arm arms leg legs foot feet eye eyes ear ears shoulder shoulders knee knees elbow elbows "
    "wrist wrists ankle ankles thigh thighs calf cheek forearm forearms finger fingers thumb thumbs toe "
    "toes hip hips fist fists palm breast chest pectoral eyebrow brow bicep biceps shin heel nostril "
    "temple paw paws wing wings hoof claw horn fin tusk flipper glove gloves shoe shoes boot boots sock "
    "socks sleeve sleeves pocket hook jab punch cross kick index ring pinky lens tire wheel headlight ski"
    " forehand backhand profile"
)
"""Parts and things that have a left and a right of their own: the mirror image swaps them, a turn does not."""

WORN = words(
    "jacket coat shirt tee sweater sweatshirt hoodie dress skirt pants jeans shorts uniform jersey vest suit hat cap helmet mask face head "
    "body neck back mouth nose forehead belly stomach torso"
)
"""What one wears or is: its left side may be the wearer's."""

MOVES = words(
    "look looks looking looked face faces facing faced turn turns turning turned point points pointing "
    "pointed head heads heading move moves moving lean leans leaning leaned tilt tilts tilting tilted "
    "gaze gazes gazing glance glances glancing stare stares staring go goes going swing swings swinging "
    "veer veers veering steer steers steering bend bends bending reach reaches reaching fly flies flying "
    "speed speeds speeding drive drives driving travel travels traveling travelling walk walks walking "
    "run runs running ride rides riding jump jumps jumping slide slides sliding pan pans panning shift "
    "shifts shifting drift drifts drifting kick kicks kicking throw throws throwing bank banks banking "
    "swerve swerves swerving peer peers peering dive dives diving step steps stepping roll rolls rolling "
    "skate skates skating ski skis skiing turned hit hits hitting bow bows bowing curve curves curving "
    "sway sways swaying"
)
FREE_MOVES = words("point points pointing pointed face faces facing faced move moves moving")
"""Moves whose side is the picture's, not the mover's, so that a quarter turn may rename it."""

LEVELS = words("surface horizon water ground head heads knee knees waist elbow shoulder shoulders eyes clouds earth sea")
"""Above or below these tells a height in the world, not a place in the picture."""
HEIGHTS = words(
    "mountain mountains hill hillside cliff climb climbs climbing climber climbers stairs staircase "
    "ladder slide ramp tower peak slope rock tree building"
)
"""Where these are, "at the top" may be the thing's top, not the picture's."""

PATHS = words(
    "street streets road roads path pathway sidewalk track tracks runway aisle hall hallway corridor highway freeway alley river stream "
    "lane trail walkway beach court pier boardwalk canal avenue driveway platform field line rail rails railroad railway sideline"
)
"""Down or up these one goes along: nothing is said of below and above."""
UP_IDIOMS = words(
    "close closed closing lined line lining set sets setting dressed dress dresses cut chopped made wrapped bundled hooked lit warm "
    "warming parked grown washed mixed filled backed tied packed opened ends snuggled cuddled curled walks walking walk walked "
    "comes coming pulled "
    "pulling pulls drives driving drove dried covered sliced lighting lights heating heated wound crumpled bunched scrunched beat"
)
DOWN_IDIOMS = words(
    "sit sits sitting lie lies lying lay lays laying kneel kneels kneeling crouched crouching slow slows slowing run broken worn shut"
)
"""Before "up" and "down" these make one word with it: how something stands or is done, not where."""

REST = words("only last piece pieces slice slices bit bits few little remaining portion chunk")
"""Words about what remains: after them a bare "left" is the verb."""

# "left" as the verb's past or participle: what stands before it ...
LEFT_VERB_BEFORE = words(
    "has have had having been being was were he she it they we i who that which already just never not "
    "only nothing anything something anyone someone pins pin much is are be what one ones get gets "
    "getting got"
)
# ... or after it.
LEFT_VERB_AFTER = words(
    "behind over open alone unattended out empty standing untouched after before for home town school "
    "work early unfinished abandoned outside undone uneaten bare intact running parked them him it us me "
    "her exposed room a an the by up off"
)
# "right" as "exactly", "at once", "correct" or "claim", by the word after it.
RIGHT_ADVERB_AFTER = words(
    "next behind after before beside near above below under underneath beneath over by into onto out "
    "outside inside through across around against along away now here there where when as up down off on "
    "in at from back past between before toward towards alongside amongst among then how"
)
RIGHT_CORRECT_AFTER = words(
    "answer answers way ways time moment place spot thing things choice amount size key angle angles "
    "triangle whale whales person people fit tool tools word words question questions price note notes "
    "conditions distance height temperature kind sort track tracks mood equipment gear ingredients decision"
)

# ---- writing ---------------------------------------------------------------------------------------------

WRITING = (
    {word: "clock or dial" for word in words("clock clocks clocktower watchface dial dials sundial")}
    | {
        word: "letters or numbers"
        for word in words(
            "text texts letters lettering word words numeral numerals alphabet caption captions slogan "
            "logo logos emblem emblems insignia label labels labeled labelled inscription graffiti headline headlines subtitle "
            "subtitles handwriting font signature barcode typed engraved autograph spelled spelling "
            "spells written dated labelled inscribed captioned titled digit digits menu menus receipt receipts handwritten"
        )
    }
    | {
        word: "sign or plate"
        for word in words(
            "sign signs signage advertisement advertisements poster posters whiteboard blackboard billboard billboards banner banners "
            "plaque plaques placard placards scoreboard nameplate chalkboard marquee"
        )
    }
    | {
        word: "a printed page"
        for word in words(
            "book books textbook textbooks newspaper newspapers magazine magazines comic comics brochure brochures flyer flyers"
        )
    }
    | {
        word: "keys or a map"
        for word in words("keyboard keyboards map maps calendar calendars globe atlas speedometer crossword scrabble typewriter")
    }
)
WRITING_AFTER = {
    "plate": words("license licence number name registration"),
    "plates": words("license licence number name registration"),
    "number": words("jersey the with wearing bib shirt player race racing competition identification"),
    "numbers": words("race racing competition wearing with shirts jerseys bibs"),
    "jersey": words("numbered number"),
    "tag": words("name price"),
    "tags": words("name price"),
}
WRITTEN = words(
    "with some of the has have its japanese chinese asian arabic english hebrew foreign korean russian hindi thai spanish french german "
    "language cursive fancy bold big large small"
)
"""Before "writing" these tell the noun, as a colour does: "a wall with white writing", not "a man writing"."""

SIGNALS = words("peace piece thumbs thumb up hand gang victory ok okay finger middle shaka love heart")
"""Before "sign" these tell a gesture: there is nothing to read."""

ABBREVIATIONS = words("suv suvs atv atvs bmx bbq dvd dvds wii scuba lcd led usa ufo rvs tvs nyc pvc diy bbqs tnt lgbt")
"""In capitals these are written so by habit, not read from the picture."""

INSTRUMENTS = words("keyboard keyboards")
MUSIC = words(
    "music musical musician piano guitar guitars guitarist drum drums drummer band singer singing sings "
    "microphone stage plays playing yamaha concert bass"
)
"""Where these are, a keyboard is an instrument: its keys carry no letters."""

# ---- light, size -----------------------------------------------------------------------------------------

LIGHT = words(
    "dark darkness night nighttime nightfall evening dusk dawn sunset sunrise twilight midnight bright "
    "brightly sunny sunlit sunlight sunshine dim dimly gloomy shadowy shadow shadows silhouette "
    "silhouettes silhouetted backlit moonlight moonlit day daytime daylight afternoon morning noon "
    "overcast cloudy lit unlit well-lit illuminated glowing shade shaded shady"
)
SIZE = words(
    "large larger largest big bigger biggest huge giant gigantic enormous massive small smaller smallest "
    "little tiny miniature close closeup closely far farther further furthest distant distance near "
    "nearer nearby tall taller tallest short shorter wide narrow zoomed enlarged magnified"
)

# ---- counts ----------------------------------------------------------------------------------------------

NUMBERS = {
    word: value
    for value, word in enumerate(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen twenty"
        ).split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "thousand": 1000, "dozen": 12}
GATHERED = words("couple pair pairs group groups bunch crowd crowds herd flock row rows stack pile lot lots number trio duo")
"""Words that count only before "of": a couple alone is two people, a row boat is one boat."""
VAGUE = GATHERED | words("several many few multiple various numerous dozens hundreds thousands plenty")
GROUPS = {"pair": 2, "couple": 2, "trio": 3, "duo": 2, "dozen": 12}
ALL = words("all every each both everyone everybody everything")
NONE = words("no none nobody zero nothing neither")
ONLY = words("only single sole lone alone solely just solitary")
SUPERLATIVES = words("most least more fewer less largest smallest biggest tallest shortest first last same different only second third")
NEGATIONS = words("no not never without none nobody nothing nor neither cannot nowhere hardly barely empty lacking missing")

# ---- sound -----------------------------------------------------------------------------------------------

TEMPO = words(
    "fast faster quick quickly quicker rapid rapidly slow slower slowly speeding speed steady steadily "
    "brisk briskly hurried leisurely tempo upbeat"
)
ORDER = words(
    "then before after first second finally followed following follows while later afterwards next last "
    "beginning until once lastly eventually subsequently meanwhile preceded simultaneously during"
)
LOUDNESS = words(
    "loud louder loudly quiet quieter quietly faint fainter faintly soft softer softly distant distantly "
    "muffled silent noisy deafening thunderous booming piercing blast blaring whisper whispers whispering yelling shouting hushed blasting"
)
PITCH = words(
    "deep deeper deeply high higher low lower pitched pitch high-pitched low-pitched shrill squeaky bass "
    "treble man men woman women male males female females boy boys girl girls child children kid kids "
    "baby lady"
)
REPEATS = words(
    "twice thrice once repeatedly repeated repeats continuously continuous constantly constant "
    "intermittent intermittently times again several multiple series"
)
SILENCE = words("silence silent silently pause pauses pausing quiet stillness")
ENDING = words(
    "start starts starting started begin begins beginning end ends ending ended stop stops stopping "
    "stopped fade fades fading approach approaches approaching depart departs departing recede recedes "
    "receding continue continues increasing increases decreasing decreases gets growing grows closer away"
)
