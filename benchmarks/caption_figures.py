"""How often captions come out right, false or needlessly refused, on the captions labelled by hand in tests/data.

Run: python benchmarks/caption_figures.py [--list]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import labelled

VERDICTS = ("right", "false", "needless veto", "fair veto")
LIST = "--list" in sys.argv


def table(title: str, cases: dict[str, list[tuple[str, str, str | None]]]) -> Table:
    """Counts of the verdicts for each (verdict, caption, answer)."""
    made = Table(title=title)
    for column in ("", "captions", *VERDICTS):
        made.add_column(column, justify="left" if not column else "right")
    for name, found in cases.items():
        verdicts = Counter(verdict for verdict, _, _ in found)
        made.add_row(name, str(len(found)), *(f"{verdicts[v]} ({verdicts[v] / len(found):.1%})" for v in VERDICTS))
        if LIST and name.startswith("dev") and "rules" in name:
            print(*(f"{name} | {v} | {text} | {got}" for v, text, got in found if v in ("false", "needless veto")), sep="\n")
    return made


def mirrored(half: str, answer) -> list[tuple[str, str, str | None]]:
    """Verdicts on the captions with side words after a mirror."""
    made = [(row, answer(row["caption"])) for row in labelled.rows("mirror", half)]
    return [(labelled.mirror_verdict(row, got), row["caption"], got) for row, got in made]


def recoloured(half: str, turned: bool) -> list[tuple[str, str, str | None]]:
    """Verdicts on the captions with colours when these are lost, or the hue is turned by 120 degrees."""
    ops = ("image.hue", {"degrees": 120.0}) if turned else ("image.to_gray", {})
    made = [(row, labelled.said(row["caption"], ops[0], **ops[1])) for row in labelled.rows("recolour", half)]
    return [(labelled.colour_verdict(row, got, turned=turned), row["caption"], got) for row, got in made]


def counted(half: str) -> tuple[int, list[str]]:
    """How many counts there are, and what is misread."""
    rows = labelled.rows("counts", half)
    faults = [f"{fault} | {row['caption']}" for row in rows for fault in labelled.count_faults(row)]
    unseen = [f"unseen {thing!r} | {row['caption']}" for row in rows for thing in labelled.unseen_things(row)]
    return sum(len(row["counts"]) for row in rows), faults + unseen


def main() -> None:
    console = Console(width=140)
    rules = {f"{half}: rules": mirrored(half, lambda text: labelled.said(text, "image.horizontal_flip")) for half in ("dev", "held")}
    plain = {f"{half}: {way.__name__}": mirrored(half, way) for half in ("dev", "held") for way in labelled.BASELINES}
    console.print(table("side words after a mirror", rules | plain))
    console.print(table("colours lost (to_gray)", {f"{half}: rules": recoloured(half, False) for half in ("dev", "held")}))
    console.print(table("hue + 120 degrees", {f"{half}: rules": recoloured(half, True) for half in ("dev", "held")}))
    for half in ("dev", "held"):
        rows = labelled.rows("recolour", half)
        refused = [row["caption"] for row in rows if labelled.said(row["caption"], "image.brightness", factor=1.1) != row["caption"]]
        console.print(f"{half}: {len(refused)} of {len(rows)} colour captions refused or edited under brightness 1.1")
        total, faults = counted(half)
        console.print(f"{half}: {len(faults)} faults in reading {total} counts and the things named")
        if LIST and half == "dev":
            print(*refused, *faults, sep="\n")


if __name__ == "__main__":
    main()
