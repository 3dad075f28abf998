"""What each text op costs a caption, beside nlpaug's augmenter of the same kind.

A caption is read once and remembered, for the rules and for every op and epoch, so both are told: an op on a caption that has been read,
and on one that has not. Processor time of one thread, all in one run; WordNet is loaded before.

Run: python benchmarks/text.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import nlpaug.augmenter.char as nac
import nlpaug.augmenter.word as naw
from rich.console import Console
from rich.table import Table

import mmaug.modalities  # noqa: F401 - enters the ops
from mmaug.language import analyser, edits
from mmaug.registry import OPS, get_op

SHARE = 0.3
NOUNS = "dog cat horse truck bicycle sofa backpack guitar elephant kitchen".split()
CAPTIONS = [
    text.format(one, two)
    for one in NOUNS
    for two in NOUNS
    for text in (
        "A young person is happily standing next to a {} and a red {} in front of an old building.",
        "a {} sitting on a wooden bench near a large {} with trees and mountains in the background",
    )
]
PEERS: dict[str, Callable[[], object]] = {
    "keyboard_typo": lambda: nac.KeyboardAug(aug_word_p=SHARE),
    "ocr_typo": lambda: nac.OcrAug(aug_word_p=SHARE),
    "char_noise": lambda: nac.RandomCharAug(action="substitute", aug_word_p=SHARE),
    "misspell": lambda: naw.SpellingAug(aug_p=SHARE),
    "split_words": lambda: naw.SplitAug(aug_p=SHARE),
    "swap_words": lambda: naw.RandomWordAug(action="swap", aug_p=SHARE),
    "delete_words": lambda: naw.RandomWordAug(action="delete", aug_p=SHARE),
    "mask_words": lambda: naw.RandomWordAug(action="substitute", target_words=["[MASK]"], aug_p=SHARE),
}
"""The others have no counterpart there that runs offline (nlpaug's synonyms need NLTK data)."""


def seconds(call: Callable[[str, int], object]) -> float:
    """Seconds for one pass over all captions."""
    start = time.process_time()
    for number, text in enumerate(CAPTIONS):
        call(text, number)
    return time.process_time() - start


def ours(name: str) -> Callable[[str, int], str]:
    """One op from text to text."""
    op = get_op(f"text.{name}")
    fixed = {key: param.from_strength(0.3)([0.5, 0.5]) for key, param in op.params.items() if key != "seed"}
    fixed |= {"share": SHARE} if "share" in fixed else {}

    def run(text: str, number: int) -> str:
        reading = analyser.read(text)
        params = {**fixed, "seed": number} if "seed" in op.params else fixed
        return edits.apply(text, op.function(reading, reading.protected, **params))[0]

    return run


def fresh(call: Callable[[str, int], object]) -> float:
    """Captions that nothing has read before."""
    analyser.read.cache_clear()
    return seconds(call)


def main(rounds: int = 9) -> None:
    """Print the table."""
    table = Table("op", "ours, us", "on a new caption, us", "nlpaug, us", "nlpaug / ours", "on a new caption", title="a caption, medians")
    scale, ratios = 1e6 / len(CAPTIONS), []
    for name in (op.name.partition(".")[2] for op in OPS.values() if op.family == "wording"):
        own = ours(name)
        peer = PEERS[name]() if name in PEERS else None
        fresh(own)
        times: tuple[list[float], ...] = ([], [], [])
        for _ in range(rounds):
            times[0].append(seconds(own))
            times[1].append(fresh(own))
            times[2].append(seconds(lambda text, _, peer=peer: peer.augment(text)) if peer is not None else 0.0)
        figures = [f"{statistics.median(one) * scale:.0f}" for one in times[: 2 + (peer is not None)]] + ["-"] * (peer is None)
        found = [statistics.median(b / a for a, b in zip(one, times[2], strict=True)) for one in times[:2]]
        ratios += [found] if peer is not None else []
        table.add_row(name, *figures, *(f"{ratio:.1f}" if peer is not None else "-" for ratio in found))
    Console(width=120).print(table)
    for title, column in zip(("captions read before", "new captions"), zip(*ratios, strict=True), strict=True):
        Console().print(f"nlpaug / ours, {title}: least {min(column):.1f}, median {statistics.median(column):.1f}")


if __name__ == "__main__":
    main()
