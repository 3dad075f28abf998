"""The folder that an augmentation writes: claimed by one run at a time, bound to one command, every file whole or absent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmaug.errors import MmaugError
from mmaug.io.lock import Lock

MARK = "mmaug.json"
"""Says which command a folder belongs to."""

HIDDEN = ".mmaug-"
"""What files are called that only a run in progress needs: the lock, the journal, and files half written."""

JOURNAL = HIDDEN + "journal.jsonl"


class Output:
    """OUT, claimed: use it in a `with`. command: what makes two runs the same, plain JSON.

    Raises: MmaugError, before anything is touched, for a folder that holds something else, belongs to another command, is or
    lies in the source, or is being written by another run.
    """

    def __init__(self, path: Path, source: Path, command: Mapping[str, Any]):
        self.path, self.command = path, json.loads(json.dumps(command))
        self._temporary, self._folders = 0, set[Path]()
        _refuse_inside(path, source)
        self._refuse_foreign()

    def __enter__(self) -> Output:
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(self.path / f"{HIDDEN}lock")
        self._lock.acquire()
        try:
            self._refuse_foreign()  # another run may have come first
            self._sweep()
            if not (self.path / MARK).exists():
                self.put(MARK, (json.dumps(self.command, indent=2, ensure_ascii=False) + "\n").encode())
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @property
    def complete(self) -> bool:
        """Whether an earlier run has finished here."""
        return (self.path / "metadata.jsonl").exists() and not (self.path / JOURNAL).exists()

    def put(self, name: str, data: bytes | Iterable[bytes]) -> None:
        """Write a file, given whole or in parts: whoever looks sees all of it or nothing. Raises: MmaugError when that fails."""
        target = self.path / name
        self._temporary += 1
        temporary = target.with_name(f"{HIDDEN}{os.getpid()}-{self._temporary}.tmp")
        try:
            if target.parent not in self._folders:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._folders.add(target.parent)
            with temporary.open("wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
            temporary.replace(target)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise MmaugError(f"{target}: cannot be written, {error.strerror}; mend that and run the same command again to go on") from error

    def _refuse_foreign(self) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise MmaugError(f"{self.path}: must be a folder, but it is a file; name another")
        held = sorted(entry.name for entry in self.path.iterdir() if not entry.name.startswith(HIDDEN))
        if held and MARK not in held:
            shown = ", ".join(held[:5]) + (" ..." if len(held) > 5 else "")
            raise MmaugError(f"{self.path}: must be new or empty, or left by this command; it holds {shown}; name another folder")
        if held:
            self._refuse_other_command()

    def _refuse_other_command(self) -> None:
        mark = self.path / MARK
        try:
            before = json.loads(mark.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise MmaugError(f"{mark}: must say which command wrote this folder, got {error}; name another folder") from error
        if differences := _differences(before, self.command):
            raise MmaugError(
                f"{self.path}: was written by another command: {'; '.join(differences)}; "
                "give the same options to go on with it, or name another folder"
            )

    def _sweep(self) -> None:
        """Take away what a killed run had half written."""
        for temporary in self.path.rglob(f"{HIDDEN}*.tmp"):
            temporary.unlink()


def _differences(before: Any, now: Mapping[str, Any]) -> list[str]:
    """What differs between two commands, in words."""
    if not isinstance(before, Mapping):
        return [f"{MARK} is no JSON object"]
    told = []
    for name in dict.fromkeys([*before, *now]):
        a, b = before.get(name), now.get(name)
        if a != b:
            small = not any(isinstance(value, (dict, list)) for value in (a, b))
            told.append(f"{name} was {a!r}, is {b!r}" if small else f"{name} differs")
    return told


def _refuse_inside(out: Path, source: Path) -> None:
    inner, outer = out.resolve(), source.resolve()
    if inner == outer or outer in inner.parents:
        raise MmaugError(f"{out}: must lie outside the source folder {source}, whose rows it would mix with; name another folder")
