"""The journal of a search: one line for each answer, appended as it comes, so that a killed search goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mmaug.errors import MmaugError
from mmaug.search.base.plain import plain

try:
    import fcntl
except ImportError:  # Windows has no such locks: there two searches at once in a folder are the user's to avoid
    fcntl = None  # type: ignore[assignment]

NAME = "journal.jsonl"
SEARCHED = ("trial/", "step/", "search/")
"""How the keys of the search itself begin; the others are of its baselines."""

_T = TypeVar("_T")


class Journal:
    """Answers by key. A last line that a kill has torn is cut off; of two lines on one key the later holds. No folder, no file."""

    def __init__(self, folder: str | Path | None, header: Mapping[str, Any]):
        self.path = None if folder is None else Path(folder) / NAME
        self.header = plain(header)
        self._lines: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, int] = {}
        self.seconds = 0.0
        """Wall time of the search in earlier sessions, without its baselines."""
        self._file = None
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise MmaugError(f"resume: {folder} must be a folder that can be written to, got {error}; name another") from error
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise

    @property
    def digest(self) -> str:
        """What tells searches apart, in 16 hexadecimal digits: of the header."""
        return hashlib.blake2b(json.dumps(self.header, sort_keys=True).encode(), digest_size=8).hexdigest()

    def read(self, key: str, made: Callable[[Any], _T], asked: Any = None) -> _T:
        """What `made` makes of the answer of a key that is there. asked: what it must have been the answer to.

        Raises: MmaugError where it was the answer to something else, or is none.
        """
        line = self._lines[key]
        if line.get("asked") != asked:
            raise MmaugError(
                f"{self.path}: {key} must be of the candidate that this search asks for, got another; the journal was written by another "
                "version of mmaug or of the searcher: start with a new folder"
            )
        try:
            return made(line["answer"])
        except (KeyError, TypeError, ValueError, AttributeError, MmaugError) as error:
            where = f"{self.path}: line {self._numbers[key]}" if key in self._numbers else key
            raise MmaugError(
                f"{where}: the answer of {key} must be whole, got {_short(line['answer'])} ({type(error).__name__}: {error}); "
                "start with a new folder"
            ) from error

    def steps(self) -> int:
        """How many steps it holds without a gap, from the first."""
        count = 0
        while f"step/{count}" in self._lines:
            count += 1
        return count

    def __contains__(self, key: str) -> bool:
        return key in self._lines

    def add(self, key: str, answer: Any, asked: Any = None, seconds: float = 0.0) -> None:
        """Append an answer. seconds: wall time of the search so far. Raises: MmaugError where the file cannot be written."""
        line = plain({"key": key, "asked": asked, "answer": answer, "seconds": round(seconds, 3)})
        self._lines[key] = line
        self._numbers.pop(key, None)
        self._write(line)

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

    def _write(self, line: Any) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line, allow_nan=False).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise MmaugError(f"{self.path}: cannot be written: {error}; what is in it is kept") from error

    def _read(self) -> None:
        assert self._file is not None
        self._file.seek(0)
        end = 0
        for number, raw in enumerate(self._file):
            if not raw.endswith(b"\n"):
                break
            self._enter(number, raw)
            end += len(raw)
        self._file.truncate(end)
        self._file.seek(0, 2)
        if end == 0:
            self._write(self.header)

    def _enter(self, number: int, raw: bytes) -> None:
        try:
            line = json.loads(raw)
            if number == 0:
                self._same(line)
                return
            key, seconds, _ = str(line["key"]), float(line["seconds"]), line["answer"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, MmaugError):
                raise
            raise MmaugError(f"{self.path}: line {number + 1} must be of a journal of mmaug, got {raw[:60]!r}; start anew") from error
        self._lines[key], self._numbers[key] = line, number + 1
        if key.startswith(SEARCHED):
            self.seconds = max(self.seconds, seconds)

    def _same(self, found: Mapping[str, Any]) -> None:
        for part, wanted in self.header.items():
            if found.get(part) != wanted:
                name, theirs, ours = _apart(part, found.get(part), wanted)
                raise MmaugError(
                    f"{self.path}: this is the journal of another search: its {name} is {_short(theirs)}, and here it is "
                    f"{_short(ours)}; give the same, or start with a new folder"
                )


def _apart(name: str, one: Any, other: Any) -> tuple[str, Any, Any]:
    """The first place where two values that are not equal differ, and what is there."""
    if isinstance(one, dict) and isinstance(other, dict):
        key = next(key for key in [*one, *other] if key not in one or key not in other or one[key] != other[key])
        return _apart(f"{name}.{key}", one.get(key), other.get(key))
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        place = next(place for place, item in enumerate(one) if item != other[place])
        return _apart(f"{name}[{place}]", one[place], other[place])
    return name, one, other


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 300 else text[:297] + "..."
