"""Make `mmaug/language/data/wordnet.txt.xz` from the full WordNet 3.0 table (wn30_synsets.jsonl.xz).

Kept: synsets that SemCor counts at least once; all artifacts, animals, foods, body parts, natural objects and people
(box labels); everything above them. One synset a line: part of speech, lemmas with counts, and rows of its hypernyms,
so that loading needs no JSON. Run: python scripts/reduce_wordnet.py ../shared/data/wordnet/wn30_synsets.jsonl.xz
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path

FIELDS = {"noun.artifact", "noun.animal", "noun.food", "noun.body", "noun.object", "noun.person", "noun.Tops"}
TARGET = Path(__file__).parents[1] / "mmaug/language/data/wordnet.txt.xz"


def kept_rows(rows: list[list]) -> list[int]:
    """Row numbers to keep, in order."""
    kept = {i for i, row in enumerate(rows) if any(count for _, count in row[3]) or (row[2] in FIELDS and not _is_name(row))}
    waiting = list(kept)
    while waiting:
        for parent in rows[waiting.pop()][4]:
            if parent not in kept:
                kept.add(parent)
                waiting.append(parent)
    return sorted(kept)


def _is_name(row: list) -> bool:
    return row[2] in ("noun.person", "noun.object", "noun.animal") and row[3][0][0][:1].isupper()


def main(source: str) -> None:
    with lzma.open(source, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    kept = kept_rows(rows)
    place = {old: new for new, old in enumerate(kept)}
    lines = []
    for i in kept:
        _, pos, _, lemmas, parents, _ = rows[i]
        words = " ".join(f"{lemma.lower()}:{count}" if count else lemma.lower() for lemma, count in lemmas)
        lines.append(f"{'a' if pos == 's' else pos}|{words}|{' '.join(str(place[p]) for p in parents)}")
    TARGET.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(kept)} synsets, {TARGET.stat().st_size} bytes in {TARGET}")


if __name__ == "__main__":
    main(sys.argv[1])
