"""Wording ops that ask a language model, any of the Hub's by name or folder, for all texts of a row at once.

What the model says is taken only where it keeps every protected word and brings in no other of their kinds; else the text stays.
None of them is among the ops that `mmaug.policies` draw from: they need a model.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmaug.errors import PolicyError
from mmaug.language import analyser, wordnet
from mmaug.language import lexicon as lex
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.keeping import rewritten
from mmaug.language.phrases import claims_all
from mmaug.language.tokens import with_case_of
from mmaug.modalities.text import hub
from mmaug.modalities.text.draws import Spans, free, one_of, rolls
from mmaug.params import Fixed, Magnitude, Seed, Text
from mmaug.registry import register

Made = list[list[Replacement]]
DEVICE = Text(("cpu",), "where the model runs, as torch names it")
TEMPERATURE = Fixed(0.7, "0 the likeliest words, 1 drawn as likely as the model says", 0.0, 2.0)


@register(
    "model",
    share=Magnitude(0.0, 1.0, "of the nouns, verbs and adjectives", 0.0, 1.0),
    model=Text(("distilbert/distilroberta-base",), "a masked language model by name or folder"),
    top=Fixed(50, "words of the model to choose among", 1, 1000),
    device=DEVICE,
    seed=Seed(),
)
def contextual(
    readings: Sequence[Reading], protected: Sequence[Spans], *, share: float, model: str, top: float, device: str, seed: Sequence[int]
) -> Made:
    """Put words that a masked language model finds likely in the place of others, where WordNet has them for the same or a wider thing.

    Likely alone is not enough: in "a dog on a bed" the model finds "cat" as likely as "puppy".

    share: of the nouns, verbs and adjectives, in [0, 1]. model: name or folder. top: how many of its likeliest words are looked at.
    device: "cpu", "cuda". seed: which words.
    Source: Kobayashi 2018, "Contextual augmentation: data augmentation by words with paradigmatic relations", 3.
    """
    asked = [
        (n, i, pick)
        for n, reading in enumerate(readings)
        if share and not claims_all(reading)
        for i, roll, pick in rolls(free(reading, protected[n]), seed[n])
        if roll < share and _can_change(reading.tokens[i].word)
    ]
    made: Made = [[] for _ in readings]
    if not asked:
        return made
    gaps = [(readings[n].text[: readings[n].tokens[i].start], readings[n].text[readings[n].tokens[i].end :]) for n, i, _ in asked]
    for (n, i, pick), words in zip(asked, hub.likely_words(gaps, model, int(top), device), strict=True):
        token = readings[n].tokens[i]
        fits = [word for word in dict.fromkeys(map(str.lower, words)) if _fits(token.word, word)]
        if fits:
            said = with_case_of(readings[n].text[token.start : token.end], one_of(fits, pick * pick))
            made[n].append(Replacement(token.start, token.end, said))
    return made


def _can_change(word: str) -> bool:
    return len(word) > 2 and word.isalpha() and word not in lex.FUNCTION_WORDS and wordnet.part_of_speech(word) is not None


def _fits(word: str, other: str) -> bool:
    """Whether `other` is another word that is true wherever `word` is, in the same form, and none of the protected kinds."""
    pos = wordnet.part_of_speech(word)
    return other != word and pos is not None and wordnet.may_stand_for(other, word, pos) and not analyser.read(other).protected


@register(
    "model",
    model=Text(("humarin/chatgpt_paraphraser_on_T5_base",), "a sequence-to-sequence model by name or folder"),
    prompt=Text(("paraphrase: {}",), 'what the model is asked, with "{}" for the text'),
    temperature=TEMPERATURE,
    device=DEVICE,
    seed=Seed(),
)
def paraphrase(
    readings: Sequence[Reading],
    protected: Sequence[Spans],
    *,
    model: str,
    prompt: str,
    temperature: float,
    device: str,
    seed: Sequence[int],
) -> Made:
    """Let a model say the text in other words; it stays as it is where a protected word would be lost, added or moved.

    Beyond the protected words nobody checks what the model says: use one you trust.

    model: name or folder. prompt: what it is asked, "{}" is the text. temperature: 0 the likeliest words, 1 drawn as likely as the model
    says. device: "cpu", "cuda". seed: what is drawn.
    Raises: PolicyError for a prompt without exactly one "{}".
    Source: Raffel et al. 2020, "Exploring the limits of transfer learning with a unified text-to-text transformer" (T5).
    """
    if prompt.count("{}") != 1:
        raise PolicyError(f'text.paraphrase: prompt must have "{{}}" once, where the text goes, got {prompt!r}')
    told = [n for n, reading in enumerate(readings) if reading.tokens]
    asked = [prompt.replace("{}", readings[n].text) for n in told]
    return _taken(readings, protected, told, hub.rewrite(asked, model, temperature, [seed[n] for n in told], device))


@register(
    "model",
    there=Text(("Helsinki-NLP/opus-mt-en-de",), "a model that translates from English, by name or folder"),
    back=Text(("Helsinki-NLP/opus-mt-de-en",), "a model that translates back into English"),
    temperature=TEMPERATURE,
    device=DEVICE,
    seed=Seed(),
)
def back_translate(
    readings: Sequence[Reading], protected: Sequence[Spans], *, there: str, back: str, temperature: float, device: str, seed: Sequence[int]
) -> Made:
    """Translate the text into another language and back; it stays as it is where a protected word would be lost, added or moved.

    there, back: the two models, by name or folder. temperature: of the way back; the way there takes the likeliest words. device: "cpu",
    "cuda". seed: what is drawn.
    Source: Sennrich et al. 2016, "Improving neural machine translation models with monolingual data", 3 (back-translation).
    """
    told = [n for n, reading in enumerate(readings) if reading.tokens]
    seeds = [seed[n] for n in told]
    foreign = hub.rewrite([readings[n].text for n in told], there, 0.0, seeds, device)
    return _taken(readings, protected, told, hub.rewrite(foreign, back, temperature, seeds, device))


def _taken(readings: Sequence[Reading], protected: Sequence[Spans], told: Sequence[int], written: Sequence[str]) -> Made:
    """The replacements of each text; none where the model wrote nothing."""
    made: Made = [[] for _ in readings]
    for n, new in zip(told, written, strict=True):
        made[n] = rewritten(readings[n], protected[n], new) if new else []
    return made
