"""Words to numbers: one token a word, from a vocabulary that is made of the captions, always the same for the same captions.

Training of byte-pair and word-piece vocabularies gives other tokens in every process; a count of words does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from mmaug import colour
from mmaug.language import general, lexicon, loosening, sides, wordnet

SPECIAL = {"bos_token": "<|start|>", "eos_token": "<|end|>", "unk_token": "<|unknown|>", "pad_token": "<|pad|>"}
"""In this order: the end is number 1. As number 2 CLIP would look for it in another way, and an unknown word must not end a text."""

BOS, EOS, UNKNOWN, PAD = range(4)
MASK = "[MASK]"
"""What `text.mask_words` writes; one word for the child."""

KEPT = 100_000
"""Texts whose tokens are remembered; then the memory starts again."""


def build_tokenizer(captions: Iterable[str], most: int = 8192) -> PreTrainedTokenizerFast:
    """A tokenizer whose words are those of the captions and those that augmentation may write into them.

    most: how many words at most; the captions' own come first, the frequent before the rare, equals by the alphabet.
    """
    counts: Counter[str] = Counter()
    for caption in captions:
        counts.update(split(caption))
    own = sorted(counts, key=lambda word: (-counts[word], word))
    words = [*SPECIAL.values(), *dict.fromkeys([*own, *written(own)])][: most + len(SPECIAL)]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token=SPECIAL["unk_token"]))
    tokenizer.normalizer = _NORMALIZER
    tokenizer.pre_tokenizer = _SPLITTER
    begin, end = SPECIAL["bos_token"], SPECIAL["eos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A {end}", special_tokens=[(begin, BOS), (end, EOS)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)


_NORMALIZER = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
_SPLITTER = pre_tokenizers.BertPreTokenizer()


def split(text: str) -> list[str]:
    """The words of a text as the tokenizer sees them."""
    return [word for word, _ in _SPLITTER.pre_tokenize_str(_NORMALIZER.normalize_str(text))]


def written(own: Sequence[str]) -> list[str]:
    """What rules and wording ops may write into texts of these words: sides, colours, hedges, synonyms and more general words."""
    others: dict[str, None] = {}
    for word in own:
        if (pos := wordnet.part_of_speech(word)) in ("n", "a"):
            found = (*wordnet.synonyms(word, pos), *(general.more_general(word) if pos == "n" else ()))
            others.update(dict.fromkeys(part for other in found for part in split(other)))
    closed = sorted({*colour.BASIC, *sides.SIDE_WORDS, *loosening.HEDGES, *_SEEMING, *lexicon.FUNCTION_WORDS})
    return [*dict.fromkeys(part for word in closed for part in split(word)), *split(MASK), *others]


_SEEMING = (",", ".", "as", "so", "it", "seems", "appears")
"""Of ", as it seems" and its like, which `text.insert_words` puts at the end, and what `text.punctuation` does."""


class TextEncoder:
    """Texts as rows of numbers, each text looked up once. cut: how many different texts were longer than the context."""

    def __init__(self, tokenizer: Any, context: int):
        self.tokenizer, self.context, self.cut = tokenizer, context, 0
        self._known: dict[str, list[int]] = {}

    def tokens(self, text: str) -> list[int]:
        """The numbers of one text with begin and end, at most `context`; the end stays."""
        found = self._known.get(text)
        if found is None:
            found = self.tokenizer.backend_tokenizer.encode(text).ids
            if len(found) > self.context:
                self.cut += 1
                found = [*found[: self.context - 1], EOS]
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[text] = found
        return found

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """int64 [n, length], padded to the longest of them."""
        rows = [self.tokens(text) for text in texts]
        longest = max(map(len, rows), default=2)
        return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows], dtype=torch.long).reshape(len(rows), longest)
