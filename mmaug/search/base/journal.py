"""The journal of a search: one line for each answer, appended as it comes, so that a killed search goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmaug.errors import MmaugError

try:
    import fcntl
except ImportError:  # Windows has no such locks: there two searches at once in a folder are the user's to avoid
    fcntl = None  # type: ignore[assignment]

NAME = "journal.jsonl"


class Journal:
    """Answers by key. A last line that a kill has torn is cut off; of two lines on one key the later holds. No folder, no file."""

    def __init__(self, folder: str | Path | None, header: Mapping[str, Any]):
        self.path = None if folder is None else Path(folder) / NAME
        self._lines: dict[str, dict[str, Any]] = {}
        self.seconds = 0.0
        """Wall time of earlier sessions."""
        self._file = None
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a+b")
        try:
            self._lock()
            self._read(header)
        except BaseException:
            self._file.close()
            raise

    def get(self, key: str, asked: Any = None) -> Any:
        """The answer of that key, or None. asked: what it must have been the answer to.

        Raises: MmaugError where it was the answer to something else.
        """
        line = self._lines.get(key)
        if line is None:
            return None
        if line.get("asked") != asked:
            raise MmaugError(
                f"{self.path}: {key} must be of the candidate that this search asks for, got another; the journal was written by another "
                "version of mmaug or of the searcher: start with a new folder"
            )
        return line["answer"]

    def __contains__(self, key: str) -> bool:
        return key in self._lines

    def add(self, key: str, answer: Any, asked: Any = None, seconds: float = 0.0) -> None:
        """Append an answer. seconds: wall time of the search so far."""
        line = {"key": key, "asked": asked, "answer": answer, "seconds": round(seconds, 3)}
        self._lines[key] = line
        if self._file is not None:
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; it stays."""
        if self._file is not None:
            self._file.close()

    def _lock(self) -> None:
        assert self._file is not None and self.path is not None
        if fcntl:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise MmaugError(f"{self.path.parent}: another search is writing here; wait until it has ended") from None

    def _read(self, header: Mapping[str, Any]) -> None:
        assert self._file is not None
        header = json.loads(json.dumps(header))
        self._file.seek(0)
        end = 0
        for number, raw in enumerate(self._file):
            if not raw.endswith(b"\n"):
                break
            self._enter(number, raw, header)
            end += len(raw)
        self._file.truncate(end)
        self._file.seek(0, 2)
        if end == 0:
            self._file.write(json.dumps(header).encode() + b"\n")
            self._file.flush()

    def _enter(self, number: int, raw: bytes, header: Mapping[str, Any]) -> None:
        try:
            line = json.loads(raw)
            if number == 0:
                self._same(line, header)
                return
            self._lines[line["key"]] = line
            self.seconds = max(self.seconds, float(line["seconds"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, MmaugError):
                raise
            raise MmaugError(f"{self.path}: line {number + 1} must be of a journal of mmaug, got {raw[:60]!r}; start anew") from error

    def _same(self, found: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        for part, wanted in header.items():
            if found.get(part) != wanted:
                raise MmaugError(
                    f"{self.path}: this is the journal of another search: its {part} is {_short(found.get(part))}, and here it is "
                    f"{_short(wanted)}; give the same, or start with a new folder"
                )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 300 else text[:297] + "..."
