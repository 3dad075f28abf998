"""Negatives of order: what is heard first told last."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mmaug.language.analyser import Reading, read
from mmaug.language.edits import Replacement
from mmaug.language.order import reversed_order
from mmaug.language.wordnet import names_object
from mmaug.negatives.base import Known, Option
from mmaug.pairing.base import Sound

HEARD_SILENCE = 0.15
"""Seconds without a sound at the start, or at the end, that nobody calls silence."""

_JOINTS = re.compile(r",?\s+(?:and\s+)?then\s+|,?\s+(?:and\s+)?(?:is\s+|are\s+)?followed\s+by\s+", re.IGNORECASE)


def orders(reading: Reading, known: Known) -> Iterator[Option]:
    """ "A dog barks, then a bell rings" as "a bell rings, then a dog barks", if every bark ends before any ring begins."""
    said = reversed_order(reading) if reading.order and known.events is not None else None
    if said is None or known.events is None:
        return
    parts = _JOINTS.split(reading.text.rstrip(" .!"))
    if len(parts) != 2:
        return
    first, last = (_times(part, known.events) for part in parts)
    silent = [bool(read(part).silence) for part in parts]
    if silent[1] and not silent[0]:
        why = _no_silence(known.events[0].start if known.events else 0.0, "starts")
    elif silent[0] and not silent[1]:
        why = _no_silence(known.seconds - max((event.end for event in known.events), default=0.0), "ends")
    else:
        apart = first and last and first[1] <= last[0]
        why = f"the first ends at {first[1]:.2f} s, the second begins at {last[0]:.2f} s" if apart and first and last else None
    if why is not None:
        yield Option((Replacement(0, len(reading.text), said),), reading.text, said, why)


def _no_silence(seconds: float, where: str) -> str | None:
    return f"the recording {where} with {seconds:.2f} s of silence" if seconds <= HEARD_SILENCE else None


def _times(part: str, events: tuple[Sound, ...]) -> tuple[float, float] | None:
    """When the sounds that a part names begin and end; None where no event is called so."""
    words = {noun.lemma for noun in read(part).nouns}
    mine = [event for event in events if words & set(event.label.lower().split()) or any(names_object(w, event.label) for w in words)]
    return (min(event.start for event in mine), max(event.end for event in mine)) if mine else None
