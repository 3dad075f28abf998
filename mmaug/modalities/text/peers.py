"""nlpaug's augmenters as ops, `text.nlpaug.*`: between the protected spans, with this library's randomness.

nlpaug is imported when the first of them runs. What they make is nlpaug's: protected words stay, but a swapped or deleted word may make a
sentence false or wrong, so none of them is among the ops that `mmaug.policies` draw from.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable
from functools import lru_cache
from inspect import Parameter, Signature
from typing import Any

from mmaug import rng
from mmaug.errors import PolicyError
from mmaug.language.analyser import Reading
from mmaug.language.edits import Replacement
from mmaug.language.keeping import keeps_claims
from mmaug.modalities.text.draws import Spans
from mmaug.params import Choice, Magnitude, Param, Seed, Text
from mmaug.registry import register

SHARE = Magnitude(0.0, 0.5, "of the words", 0.0, 1.0)
CHAR, WORD = "nlpaug.augmenter.char", "nlpaug.augmenter.word"

AUGMENTERS: dict[str, tuple[str, str, str, dict[str, Param]]] = {
    "keyboard": (CHAR, "KeyboardAug", "Hit neighbouring keys", {}),
    "ocr": (CHAR, "OcrAug", "Misread letters as a scanner does", {}),
    "random_char": (CHAR, "RandomCharAug", "Change letters by chance", {"action": Choice(("substitute", "insert", "swap", "delete"))}),
    "random_word": (WORD, "RandomWordAug", "Swap, delete or hide words by chance", {"action": Choice(("swap", "delete", "substitute"))}),
    "spelling": (WORD, "SpellingAug", "Misspell words as people do", {}),
    "split": (WORD, "SplitAug", "Put a space into words", {}),
    "reserved": (WORD, "ReservedAug", "Exchange words of one group", {"group": Text(("",), 'words parted by "|" ("sofa|couch")')}),
}
"""Op -> module, class, what it does, its parameters beside `share` and `seed`."""

LEFT_OUT = {
    "SynonymAug": "needs NLTK data or a PPDB file; use text.synonym",
    "AntonymAug": "says the opposite: the pair would become false",
    "TfIdfAug": "needs a model trained on your texts",
    "WordEmbsAug": "needs a file of word vectors; near vectors are often opposites (left, right)",
    "ContextualWordEmbsAug": "use text.contextual",
    "BackTranslationAug": "use text.back_translate",
    "ContextualWordEmbsForSentenceAug": "adds sentences that no picture or sound bears out",
    "AbstSummAug": "use text.paraphrase with a model that summarises",
    "LambadaAug": "makes texts for a class out of nothing: no pair",
    "RandomSentAug": "orders sentences with a random state of its own, which no seed reaches",
}
"""Every other augmenter of texts in nlpaug 1.1.11, and why it is no op."""


def _op(name: str, module: str, cls: str, does: str, params: dict[str, Param]) -> Callable[..., list[Replacement]]:
    """The function of one op."""
    details = "".join(f" {key}: as nlpaug's, {param.describe()}." for key, param in params.items())

    def run(reading: Reading, protected: Spans, *, share: float, seed: int, **own: Any) -> list[Replacement]:
        return _between(reading, protected, _augmenter(module, cls, share, tuple(own.items())), seed) if share else []

    run.__name__ = f"nlpaug.{name}"
    told = [Parameter(key, Parameter.POSITIONAL_OR_KEYWORD) for key in ("reading", "protected")]
    drawn = [Parameter(key, Parameter.KEYWORD_ONLY) for key in ("share", "seed", *params)]
    run.__signature__ = Signature([*told, *drawn])  # type: ignore[attr-defined]  # `register` compares it with the parameters
    run.__doc__ = f"""{does}, with nlpaug's {cls}; protected words stay.

    share: of the words between two protected ones, in [0, 1]; at least one where it is not 0.{details} seed: which words, and how.
    Source: Ma 2019, "NLP augmentation" (nlpaug 1.1.11), {module}.{cls}.
    """
    return run


for _name, (_module, _class, _does, _params) in AUGMENTERS.items():
    register("nlpaug", share=SHARE, seed=Seed(), **_params)(_op(_name, _module, _class, _does, _params))


@lru_cache(maxsize=256)
def _augmenter(module: str, cls: str, share: float, own: tuple[tuple[str, str], ...]) -> Any:
    """nlpaug's augmenter of that share. Raises: PolicyError where nlpaug is not installed."""
    try:
        make = getattr(importlib.import_module(module), cls)
    except ImportError as error:
        raise PolicyError(f"text.nlpaug ops need nlpaug, which is not installed ({error}); pip install 'mmaug[nlpaug]'") from error
    given = dict(own)
    if "group" in given:
        given = {"reserved_tokens": [given["group"].split("|")]}
    shares = {"aug_word_p": share, "aug_word_max": None} if module == CHAR else {"aug_p": share, "aug_max": None}
    made = make(**given, **shares)
    if cls == "SpellingAug":  # its lists come out of sets, whose order changes from process to process
        made.model.dict = {word: sorted(others) for word, others in made.model.dict.items()}
    return made


def _between(reading: Reading, protected: Spans, augmenter: Any, seed: int) -> list[Replacement]:
    """The augmenter on every stretch of text between protected spans; a stretch stays where a claim would be lost or added."""
    own = copy.copy(augmenter)
    own.sample = _Sampler(seed)  # in the place of a method that reads the global random state
    text, made = reading.text, []
    edges = [0, *(edge for span in protected for edge in span), len(text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        words = text[start:end].strip()
        if any(c.isalpha() for c in words):
            start += len(text[start:end]) - len(text[start:end].lstrip())
            new = " ".join(own.augment(words)[:1])
            if new != words and keeps_claims(reading, text[:start] + new + text[start + len(words) :]):
                made.append(Replacement(start, start + len(words), new))
    return made


class _Sampler:
    """What nlpaug calls to draw: some of a list, or a place inside a word of a length."""

    def __init__(self, seed: int):
        self._generator = rng.generator(seed)

    def __call__(self, values: Any, count: int) -> Any:
        if isinstance(values, int):
            return int(self._generator.integers(1, max(values - 1, 2)))
        return [values[i] for i in self._generator.permutation(len(values))[:count]]
