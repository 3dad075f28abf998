"""Language models by name or folder: loaded once a process, asked for many texts at once, the same answer for the same seed.

torch and transformers are imported when the first model is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from mmaug import rng
from mmaug.errors import PolicyError

CHUNK = 64
"""Texts that go through a model together, at most."""


@lru_cache(maxsize=8)
def load(kind: str, name: str, device: str) -> tuple[Any, Any]:
    """The tokenizer and model of a name on the Hub or a folder. `kind`: "MaskedLM" or "Seq2SeqLM".

    Raises: PolicyError where transformers or the model is not there.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise PolicyError(f"ops that ask a model need torch and transformers ({error}); pip install 'mmaug[models]'") from error
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        model = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(name)
    except (OSError, ValueError) as error:
        at = "is no model folder" if os.path.isdir(name) else "was not found on disk or on the Hub"  # noqa: PTH112 - a name may be no path
        raise PolicyError(f"model {name!r}: must be a {kind} of transformers, by name or folder, and {at}: {error}") from error
    try:
        return tokenizer, model.eval().to(torch.device(device))
    except RuntimeError as error:
        raise PolicyError(f'device {device!r}: must be one that torch can use, such as "cpu" or "cuda": {error}') from error


def likely_words(texts: Sequence[tuple[str, str]], name: str, top: int, device: str) -> list[list[str]]:
    """For each (what stands before, what stands after) the model's `top` whole words for the gap, the likeliest first."""
    import torch

    tokenizer, model = load("MaskedLM", name, device)
    found: list[list[str]] = []
    for first in range(0, len(texts), CHUNK):
        masked = [before + tokenizer.mask_token + after for before, after in texts[first : first + CHUNK]]
        batch = tokenizer(masked, return_tensors="pt", padding=True, truncation=True).to(model.device)
        with torch.inference_mode():
            scores = model(**batch).logits
        for ids, row in zip(batch["input_ids"], scores, strict=True):
            places = (ids == tokenizer.mask_token_id).nonzero()
            best = row[places[0, 0]].topk(min(top, row.shape[-1])).indices.tolist() if len(places) else []
            found.append([word for i in best if (word := _whole_word(tokenizer, name, i))])
    return found


def _whole_word(tokenizer: Any, name: str, token: int) -> str:
    """The word that a token is by itself, or "" for a part of one."""
    piece = tokenizer.convert_ids_to_tokens(token) or ""  # a model may have more numbers than its tokenizer has words
    bare = piece.lstrip("Ġ▁")
    return (
        bare if bare.isalpha() and (bare != piece or not _marks_words(tokenizer, name)) and token not in tokenizer.all_special_ids else ""
    )


@lru_cache(maxsize=8)
def _marks_words_of(name: str, vocabulary: tuple[str, ...]) -> bool:
    return any(piece.startswith(("Ġ", "▁")) for piece in vocabulary)


def _marks_words(tokenizer: Any, name: str) -> bool:
    """Whether the tokenizer marks where words begin (RoBERTa, T5), not where they go on (BERT)."""
    return _marks_words_of(name, tuple(tokenizer.get_vocab()))


def rewrite(texts: Sequence[str], name: str, temperature: float, seeds: Sequence[int], device: str) -> list[str]:
    """What a sequence-to-sequence model writes for each text; "" where the text is longer than it reads, or it comes to no end.

    temperature: 0 takes the likeliest word each time, 1 draws as the model's probabilities say. seeds: one a text; what is drawn for a
    text does not depend on the others.
    """
    import torch
    import transformers

    tokenizer, model = load("Seq2SeqLM", name, device)
    made: list[str] = []
    for first in range(0, len(texts), CHUNK):
        chunk = list(texts[first : first + CHUNK])
        batch = tokenizer(chunk, return_tensors="pt", padding=True, truncation=True).to(model.device)
        drawing = transformers.LogitsProcessorList([_Drawn(seeds[first : first + CHUNK], temperature)] if temperature else [])
        limits = [2 * int(mask.sum()) + 8 for mask in batch["attention_mask"]]
        with torch.inference_mode():
            ids = model.generate(
                **batch, do_sample=False, num_beams=1, max_new_tokens=max(limits), max_length=None, logits_processor=drawing
            )
        readable = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None) or 10**9)
        whole = [len(one) < readable for one in tokenizer(chunk)["input_ids"]]
        for row, limit, fits in zip(ids[:, 1:].tolist(), limits, whole, strict=True):
            end = row.index(model.config.eos_token_id) if model.config.eos_token_id in row[:limit] else None
            made.append(tokenizer.decode(row[:end], skip_special_tokens=True).strip() if fits and end is not None else "")
    return made


class _Drawn:
    """Draws words with each text's own seed: the largest of the log-probabilities plus Gumbel noise is a draw from them.

    Source: Gumbel 1954, "Statistical theory of extreme values"; Maddison et al. 2014, "A* sampling", 2.
    """

    def __init__(self, seeds: Sequence[int], temperature: float):
        self._generators = [rng.generator(seed) for seed in seeds]
        self._temperature = temperature

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        noise = np.stack([generator.gumbel(size=scores.shape[-1]) for generator in self._generators])
        return scores + self._temperature * scores.new_tensor(noise)
