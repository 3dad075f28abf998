"""`hard_negatives`: captions made false by one word or phrase, and surely false of what is annotated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mmaug import rng
from mmaug.errors import MmaugError
from mmaug.language import edits
from mmaug.language.analyser import Reading, read
from mmaug.light import Light
from mmaug.modalities.image import values as image_values
from mmaug.negatives.base import Known, Negative, Option, is_plain
from mmaug.negatives.colours import colours, seen
from mmaug.negatives.counts import counts
from mmaug.negatives.objects import objects
from mmaug.negatives.order import orders
from mmaug.negatives.places import relations, sides
from mmaug.negatives.vocabulary import vocabulary_of
from mmaug.schema import Schema, sources

MAKERS = {"relation": relations, "side": sides, "colour": colours, "count": counts, "object": objects, "order": orders}
"""Kind of negative -> (reading, what is known) -> the ways to make the text false that are surely false."""


def hard_negatives(
    row: Mapping[str, Any],
    schema: Schema,
    n: int = 4,
    *,
    seed: int = 0,
    key: str | int = "",
    vocabulary: Sequence[str] | None = None,
    pixels: bool = True,
) -> tuple[Negative, ...]:
    """Up to n captions for each caption of a row that differ from it in one claim and are surely false of the pair.

    Boxes and events must bear out what a caption says and rule out what its negative says; where they do not, there is none.
    seed, key: the same, with the same row, give the same negatives; key names the row.
    vocabulary: the labels that were looked for in every picture, so that what has no box is not there; only these are put in for
    objects. Default: COCO's 80 categories where all labels of the row are among them, else none.
    pixels: whether the picture may be read to see that a colour is not in it (a few thousand pixels; else only the one thing of
    its name changes its colour).

    Raises: MmaugError for n below 1 or a vocabulary that is no list of strings, RowError for a row that does not fit the schema.
    Source: Yuksekgonul et al. 2023, "When and why vision-language models behave like bags-of-words" (hard negatives in training);
    Hsieh et al. 2023, "SugarCrepe" (negatives must be plausible and false).
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise MmaugError(f"hard_negatives: n must be a whole number, 1 or more, got {n!r}")
    if isinstance(vocabulary, str) or not all(isinstance(label, str) for label in vocabulary or ()):
        raise MmaugError(f"hard_negatives: vocabulary must be a list of labels, got {vocabulary!r}")
    schema.refuse_undeclared(row)
    light = Light(schema, row)
    found: list[Negative] = []
    for name in schema.of_kind("caption"):
        if schema.fields[name].language != "en" or name not in light.all_texts:
            continue
        known = _known(light, name, vocabulary, pixels)
        taken = {_bare(text) for texts in light.all_texts.values() for text in texts}
        for index, text in enumerate(light.all_texts[name]):
            reading = read(text)
            generator = rng.generator(rng.derive(seed, key, name, index, text))
            found += _drawn(reading, known, name, index, n, generator, taken) if is_plain(reading) else ()
    return tuple(found)


def _drawn(
    reading: Reading, known: Known, field: str, index: int, n: int, generator: np.random.Generator, taken: set[str]
) -> Iterator[Negative]:
    """Negatives of one caption: one of each kind in turn, in drawn order, until there are n."""
    kinds = [list(MAKERS)[i] for i in generator.permutation(len(MAKERS))]
    waiting = {kind: _shuffled(list(MAKERS[kind](reading, known)), generator) for kind in kinds}
    left = n
    while left and any(waiting.values()):
        for kind in kinds:
            if not left or not waiting[kind]:
                continue
            option = waiting[kind].pop()
            text = edits.apply(reading.text, option.replacements)[0]
            if _bare(text) not in taken:
                taken.add(_bare(text))
                left -= 1
                yield Negative(text, kind, field, index, option.before, option.after, option.why)


def _shuffled(options: list[Option], generator: np.random.Generator) -> list[Option]:
    return [options[i] for i in generator.permutation(len(options))]


def _bare(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(" .!")


def _known(light: Light, field: str, vocabulary: Sequence[str] | None, pixels: bool) -> Known:
    """What is known of the picture and the recording that a caption speaks of."""
    pictures = [name for name in sources(light.schema.fields[field]) if name in light.looks]
    sounds = [name for name in sources(light.schema.fields[field]) if name in light.hearings]
    still = len(pictures) == 1 and light.looks[pictures[0]].frames == 1
    things = light.context(field, pictures[0]).things if still else None
    events = light.context(field, sounds[0]).events if len(sounds) == 1 else None
    labels = frozenset(thing.label for thing in things or ())
    return Known(
        things,
        light.looks[pictures[0]].size if still else (1, 1),
        events,
        light.hearings[sounds[0]].seconds if len(sounds) == 1 else 0.0,
        tuple(read(text) for texts in light.all_texts.values() for text in texts),
        vocabulary_of(labels) if vocabulary is None else tuple(vocabulary),
        seen(lambda: _picture(light.value(pictures[0]))) if still and pixels else None,
    )


def _picture(value: Any) -> np.ndarray:
    frame = value[0] if isinstance(value, (list, tuple)) else value
    return image_values.to_pixels(frame)[0][..., :3]
