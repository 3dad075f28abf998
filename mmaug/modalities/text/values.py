"""The forms a text may come in, and the strings that rules and ops see: what comes in goes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmaug.errors import RowError

Restore = Callable[[list[str]], Any]


def to_texts(value: Any, kind: str, where: str) -> tuple[list[str], Restore]:
    """The strings in a caption, transcript or chat, and the function that puts as many others in their place.

    Raises: RowError for another type.
    """
    if kind == "messages":
        return _from_messages(value, where)
    if isinstance(value, str):
        return [value], lambda texts: texts[0]
    if kind == "caption" and isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value):
        form = type(value)
        return list(value), lambda texts: form(texts)
    wanted = "a string or a list of strings" if kind == "caption" else "a string"
    wrong = next((f"[{i}] is {t!r}" for i, t in enumerate(value) if not isinstance(t, str)), "") if isinstance(value, list) else ""
    raise RowError(f"{where}: must be {wanted}, got {type(value).__name__} {wrong or repr(value)[:80]}".rstrip())


def _from_messages(value: Any, where: str) -> tuple[list[str], Restore]:
    """The text of every message: `content` is a string, or a list of parts of which {"type": "text", "text": ...} count."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(m, Mapping) and "content" in m for m in value):
        raise RowError(f'{where}: must be a list of {{"role", "content"}}, got {type(value).__name__} {repr(value)[:80]}')
    texts: list[str] = []
    for number, message in enumerate(value):
        content = message["content"]
        if isinstance(content, str):
            texts.append(content)
        elif isinstance(content, Sequence) and all(isinstance(part, Mapping) for part in content):
            texts += [part["text"] for part in content if _is_text(part)]
        else:
            raise RowError(f'{where}[{number}]["content"]: must be a string or a list of parts, got {type(content).__name__}')

    def restore(new: list[str]) -> list[Any]:
        left = iter(new)
        return [{**m, "content": _filled(m["content"], left)} for m in value]

    return texts, restore


def _filled(content: Any, left: Any) -> Any:
    if isinstance(content, str):
        return next(left)
    return [{**part, "text": next(left)} if _is_text(part) else part for part in content]


def _is_text(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "text" and isinstance(part.get("text"), str)
