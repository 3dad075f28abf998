"""The closed word lists of captions about sounds: plain English words, lower case."""

from __future__ import annotations

from mmaug.language import forms
from mmaug.language.lexicon import words


def verbs(text: str) -> frozenset[str]:
    """The verbs of a string in all their regular forms."""
    return frozenset(forms.verb(base, ending) for base in text.split() for ending in ("", "s", "ed", "ing"))


# ---- who is heard ------------------------------------------------------------------------------------------

VOICES: dict[str, str] = {
    **dict.fromkeys(
        words(
            "man men man's mans male males guy guys gentleman gentlemen father dad boyfriend husband king he tenor baritone lord "
            "uncle grandfather grandpa policeman newsman anchorman cowboy actor priest monk"
        ),
        "man",
    ),
    **dict.fromkeys(
        words(
            "woman women woman's womans womens female females lady ladies mother mom mum mommy girlfriend wife queen she soprano "
            "alto aunt grandmother grandma actress nun"
        ),
        "woman",
    ),
    **dict.fromkeys(
        words("child children child's kid kids boy boys boy's girl girls girl's son daughter toddler toddlers youngster youngsters"),
        "child",
    ),
    **dict.fromkeys(words("baby babies baby's infant infants infant's newborn newborns"), "baby"),
}
"""Word -> man, woman, child or baby: whose voice another pitch would make another's."""

YOUNG_ANIMALS = words(
    "puppy puppies pup pups kitten kittens chick chicks lamb lambs calf calves foal piglet piglets duckling ducklings gosling "
    "goslings cub cubs"
)
SMALL = words("small smaller smallest little tiny young toy mini miniature younger")
LARGE = words("large larger largest big bigger biggest huge giant enormous massive heavy heavier old older elderly grown")
SIZED = words(
    "dog dogs cat cats animal animals bird birds horse horses pig pigs cow cows goat goats sheep duck ducks frog frogs bell bells "
    "engine engines motor motors truck trucks vehicle vehicles car cars boat boats motorboat bus train plane airplane aircraft jet "
    "machine explosion drum drums gong cannon gun kitten steam voice man men woman women male males female females boy boys girl "
    "girls person people"
)
"""What sounds lower the larger, or the older, it is."""

HIGH = words("high higher highest shrill squeaky treble soprano falsetto tinny")
LOW = words("low lower lowest deep deeper deepest deeply bass baritone")
RANGES = words("soprano sopranos mezzo alto altos contralto contraltos countertenor countertenors tenor tenors baritone baritones falsetto")
"""Voices and instruments that are named after how high they are."""
NOT_PITCH_AFTER = words(
    "speed speeds volume volumes wind winds pressure powered power rate rates school heel heels traffic gear gears breath breaths "
    "breathing breathe water snow grass fryer fried frying quality level levels rpm rpms flying way chair altitude energy gust "
    "gusts tide five up idle idling setting"
)
"""After these "high", "low" and "deep" say something else than a pitch."""

# ---- how it sounds -----------------------------------------------------------------------------------------

QUIET = words(
    "quiet quieter quietly faint fainter faintly soft softer softly hushed whisper whispers whispering whispered subdued inaudible "
    "calm calmly peaceful peacefully serene"
)
NOT_LOUDNESS_AFTER = words("material materials surface surfaces object objects cloth fabric ground soil drink drinks ball balls floor toy")
"""After these "soft" says how something feels."""
LOUD = words(
    "loud louder loudly loudest noisy noisily deafening thunderous booming piercing blast blasts blasting blaring blares roaring "
    "earsplitting deafeningly thunderously thundering noisily blare blared"
)
DISTANT = words("distance distant distantly far afar faraway")
BACKGROUND = words("background backdrop")
WEAKER = BACKGROUND | words("muffled")
"""Weak beside another sound; where no other is named, weak."""
STILL = words("silence silent silently quiet stillness pause pauses pausing paused")
CLEAR = words("clear clearly crisp crisply clean cleanly pristine pure noiseless")
OUTDOORS = words("outdoors outdoor outside")
EVEN = words(
    "constant constantly continuous continuously steady steadily consistent consistently unbroken uninterrupted even evenly "
    "ceaselessly nonstop"
)
LOW_SOUNDS = words("bass rumble rumbles rumbling thunder thunders deep low hum hums humming boom booms booming thud thuds thump thumps")
HIGH_SOUNDS = words(
    "high hiss hisses hissing shrill squeak squeaks squeaking squeaky chirp chirps chirping tweet tweets tweeting whistle whistles "
    "whistling sizzle sizzles sizzling cricket crickets jingle jingles jingling tinkle tinkling sibilant crinkle crinkles crinkling "
    "rustle rustles rustling beep beeps beeping ding dings ticking ticks tick spray sprays spraying cymbal cymbals static crackle "
    "crackles crackling"
)

# ---- in time -----------------------------------------------------------------------------------------------

SUCCESSION = words("succession sequence successively consecutively sequentially")
SEQUENCE = SUCCESSION | words("leading leads led interrupted interrupts interrupting preceding precedes prior upon suddenly abruptly")
"""Further words that put one sound after another, or say that it comes in a moment."""
NEARBY_AFTER = words("by to up at range proximity")
"""After these "close" is near, not shut."""
SURFACES = words(
    "shore shoreline beach air surface surfaces ground floor wall road street gravel grass room hall field forest microphone top "
    "hard solid wooden metal concrete"
)
TOGETHER = words("while simultaneously during meanwhile")
"""Words of order that hold both ways."""

SPEAKING = verbs(
    "speak talk say sing laugh converse communicate chat chatter murmur mumble mutter narrate recite preach announce whisper rap "
    "shout yell holler lecture vocalize call chant giggle chuckle discuss argue instruct deliver scold pray babble"
) | words(
    "spoke spoken sung said speech speeches talked voice voices song songs word words conversation conversations announcement "
    "announcements announcer monologue dialogue narration narrator laughter speaker speakers commentary commentator sermon poem "
    "language accent lyrics vocals vocal choir crowd_a help audio tv television radio radios intercom loudspeaker microphone "
    "megaphone announcers interview lecture giggling dispatcher news"
)
MUSICAL = words(
    "music musical musically melody melodies tune tunes piano guitar guitars drum drums drumming drummer organ violin flute trumpet "
    "harmonica banjo orchestra band instrument instruments instrumental beat beats synthesizer note notes chord chords hymn concert "
    "ringtone jingle chime chimes chimed chiming bell bells gong gongs cymbal cymbals xylophone strum strums strumming pluck plucks "
    "plucked plucking scale keyboardist bass accordion harp cello saxophone bagpipes marimba"
)
ONE_WAY = verbs(
    "land crash open close shut slam pour fill drain fall drop break shatter pass accelerate decelerate explode sneeze cough flush "
    "arrive leave come go scream rise build swell fade ascend descend start stop begin end finish turn try crank ignite inflate "
    "deflate inhale exhale bounce thunder bang boom shoot splash crow zoom unzip zip dump swallow gulp pull push switch approach "
    "depart recede grow increase decrease slow pick collide shift launch release unleash change adjust trigger activate intensify "
    "strengthen weaken escalate lessen diminish dwindle subside abate ease taper wane mount worsen decay vanish disappear emerge "
    "enter exit cease halt quit conclude resume quicken heighten soften deepen amplify raise lift transition evolve develop gain "
    "lull remove throw toss strike burst jump collapse topple erupt detonate"
) | words(
    "gun guns rifle pistol artillery rev revs revved revving fires fired firing takes taking takeoff take took fell broke came went "
    "gone poured rose grew speeding speeds sped crescendo ascending descending falling siren's gunshot gunshots gunfire shot shots "
    "explosion explosions blast blasts rooster roosters cuckoo shattering slower faster louder softer quieter closer nearer "
    "stronger weaker heavier lighter harder fainter gradually gradual progressively increasingly decreasingly crescendos become becomes "
    "became becoming gets getting threw thrown struck nears nearing lowers lowered lowering begun goes "
    "began dies dying waking ignition splash splashes splashing hits hit hitting thud thuds hiccup hiccups"
)
"""What is something else, or nothing known, when it is heard backwards."""
MOTIONS = verbs(
    "drive fly ride run travel move sail speed cruise roll walk jog gallop trot zoom whiz whoosh buzz zip swim roar race rumble chug "
    "putter sputter drift float slide skid"
)
BOUND = words("by past off into toward towards away out")
"""After a motion these say that something comes or goes."""
CHANGING = verbs(
    "wind quiet peter sputter power calm cool spin spool warm trail thin shut rev wear tail level fizzle burn simmer fizz dry quieten"
)
"""With "up", "down", "out" or "off" these say that something becomes more or less."""
ACROSS = words("from pan pans panning panned")
"""With a side these say that a sound moves."""
VESSELS = words("jar container bucket glass cup bottle bowl tub bathtub basin pot mug pitcher tank")
"""What flows into these rises in pitch as they fill."""
EVEN_MOVES = (
    (words("rain rainfall snow hail raindrops sleet"), verbs("fall drop come pour splash") | words("hits hit hitting")),
    (words("wave waves surf ocean sea"), verbs("crash break splash come")),
)
"""Subjects, and what they do evenly enough to sound the same backwards."""

ANIMALS = words("bird birds insect insects cricket crickets cicada cicadas frog frogs owl owls duck ducks geese seagulls animal animals")
CALLS = verbs("call sing chatter chat converse communicate chant")
PEOPLE = VOICES.keys() | words(
    "person people someone somebody crowd crowds group choir audience individual individuals everyone adult adults"
)
"""Where these are not heard, the calls of animals are not speech."""

STEADY_SOUNDS = verbs(
    "rain blow flow stream trickle gurgle bubble boil run hum buzz whir whirr drone idle vibrate rumble rattle drill sand saw grind "
    "hiss crackle sizzle fry chirp tweet coo croak snore breathe cry applaud clap cheer tick type sew spin churn roar clatter "
    "rustle crumple crinkle walk gallop trot clop ring lap patter purr howl bleat oink moo cluck quack squeal squeak whistle "
    "chatter murmur play drive travel operate work spray wash splash bark meow neigh grunt growl pant whimper whine scrape rub "
    "scratch shuffle tap click clack clank jingle beep honk clang knock hammer sputter puff chug putter swarm hover fly swim squawk "
    "caw mew shower drip sprinkle stir sweep vacuum mow chop cut move ride sail paddle row function slosh swish pump polish wipe "
    "brush scribble crunch burn step ticktock creak squish gust crack"
) | words(
    "rain rainfall rainstorm wind winds windy breeze river creek waterfall fountain waves wave ocean sea surf engine engines motor "
    "motors traffic highway static crickets insects cicadas crowd audience applause clock helicopter propeller blades fan dryer "
    "shower faucet footsteps siren sirens alarm alarms machine machinery typing sewing noise hum water babbling silence stillness "
    "fire flames vibration chainsaw droplets raindrops cutlery sound sounds noises"
)
"""What goes on for a while, and sounds much the same backwards."""

LASTING_ONLY = words("speech music song monologue conversation melody") | verbs(
    "speak talk sing narrate converse preach chat lecture laugh"
)
"""What goes on for a while, but not backwards."""

MOMENTS = verbs(
    "bang slam explode burp belch sneeze cough pop crash thud thump boom smack slap drop hit shut close open flush yelp gasp hiccup "
    "snap honk beep clink ding click knock shoot pass start stop begin end turn approach accelerate rev scream shriek splash bounce "
    "toot bark meow crow whistle"
) | words("fires fired shot shots gunshot gunshots explosion explosions door doors horn bell ding thunder blast bump bumps")
"""What is over in a moment, where nothing says that it goes on."""

GOING_ON = EVEN | words(
    "repeatedly repeated repetitive repetitively ongoing continues continuing incessantly rhythmic rhythmically regularly throughout often"
)

LENGTHENED = words("long prolonged lengthy")
SHORTENED = words("short brief briefly shortly momentary momentarily")
NOT_LENGTH_AFTER = words("distance distances way line hair haired after before afterwards thereafter stop range sleeve")
"""After these "long" and "short" say no length of time."""
RATES = words("bpm per")
SPEEDS = words("rpm rpms mph kph kmh fps")
BEFORE_UNITS = words("few half split quarter every other each per several many last final")
AFTER_A_SECOND = frozenset(("", *words("later before after apart of long then and or so in while until as")))
UNITS = words("second seconds minute minutes hour hours millisecond milliseconds")
UNIT_SIGNS = words("s sec secs ms msec min mins hr hrs h")
