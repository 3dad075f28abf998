"""The journal of an augmentation: one line for each finished row, appended as it is done, so that a killed run can go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmaug.errors import MmaugError


class Journal:
    """The finished rows by number. A last line that a kill has torn is cut off; of two lines on one row the later holds."""

    def __init__(self, path: Path):
        self.path = path
        self._offsets: dict[int, int] = {}
        self._file = path.open("a+b")
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            self._enter(line, end)
            end += len(line)
        self._file.truncate(end)
        self._end = end

    def __contains__(self, number: int) -> bool:
        return number in self._offsets

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, number: int, record: bytes) -> None:
        """Append a finished row, whose files must be in their place by now."""
        self._file.write(record)
        self._file.flush()
        self._offsets[number] = self._end
        self._end += len(record)

    def records(self) -> Iterator[dict[str, Any]]:
        """The finished rows in the order of the data."""
        for number in sorted(self._offsets):
            self._file.seek(self._offsets[number])
            yield json.loads(self._file.readline())

    def close(self) -> None:
        """Close the file; it stays."""
        self._file.close()

    def remove(self) -> None:
        """Close the file and take it away: the work is done."""
        self.close()
        self.path.unlink()

    def _enter(self, line: bytes, offset: int) -> None:
        """Remember a row; one with an error is left out, so that it is tried again, as somebody may have mended it."""
        try:
            record = json.loads(line)
            number, failed = record["number"], any("error" in entry for entry in record["entries"])
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            message = f"{self.path}: must hold a JSON object a line, got {line[:60]!r} at byte {offset}; start with a new folder"
            raise MmaugError(message) from error
        if failed:
            self._offsets.pop(number, None)
        else:
            self._offsets[number] = offset
