"""Texts before and after, word by word, as plain data for a page."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mmaug.light import Light
from mmaug.plan import Plan
from mmaug.resolve import choose
from mmaug.trace import Trace

Part = tuple[str, str]
"""("same" | "del" | "ins", text)."""


def panels(before: Light, after: Light, trace: Trace | None) -> list[dict[str, Any]]:
    """Every text field of a row: each of its texts with what was deleted, inserted and by what. Uses `before` up."""
    counts = {name: len(texts) for name, texts in before.texts.items()}
    chosen = choose(before, Plan(trace.applied)) if trace is not None else {}
    edits = {(edit.field, edit.index): edit.by for edit in trace.edits} if trace is not None else {}
    found = []
    for name, new in after.texts.items():
        kind = before.schema.fields[name].kind
        speakers = _speakers(after.value(name)) if kind == "messages" else [""] * len(new)
        lines = []
        numbers = chosen.get(name, range(len(new)))
        for number, text, speaker in zip(numbers, new, speakers, strict=True):
            old = before.all_texts[name][number]
            by = [rule.replace("_", " ") for rule in edits.get((name, number), ())]
            lines.append({"number": number + 1, "speaker": speaker, "parts": diff(old, text), "by": by})
        found.append({"name": name, "kind": kind, "lines": lines, "count": counts[name]})
    return found


def diff(before: str, after: str) -> list[Part]:
    """What to delete from and insert into `before`, by whole words, to get `after`."""
    if before == after:
        return [("same", after)] if after else []
    old, new = _tokens(before), _tokens(after)
    parts: list[Part] = []
    for op, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            parts.append(("same", "".join(old[a:b])))
        else:
            parts += [("del", "".join(old[a:b]))] * (b > a) + [("ins", "".join(new[c:d]))] * (d > c)
    return parts


def plain(value: Any) -> str:
    """A parameter as a reader wants it: four figures, no quotes."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    if isinstance(value, (list, tuple)):
        return " × ".join(map(plain, value))
    return str(value)


def _tokens(text: str) -> list[str]:
    """Words, and each space or mark between them on its own."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _speakers(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """Who says each text of a chat."""
    found: list[str] = []
    for message in messages:
        content = message["content"]
        count = 1 if isinstance(content, str) else sum(p.get("type") == "text" and isinstance(p.get("text"), str) for p in content)
        found += [str(message.get("role", ""))] * count
    return found
