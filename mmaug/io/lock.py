"""One run at a time in a folder: a lock that the system lets go of when its process dies, however it dies."""

from __future__ import annotations

import os
from pathlib import Path

from mmaug.errors import MmaugError

try:
    import fcntl
except ImportError:  # Windows has no such locks: there two runs at once are the user's to avoid
    fcntl = None  # type: ignore[assignment]


class Lock:
    """A lock file that holds the number of its process; one that a dead process left is taken over."""

    def __init__(self, path: Path):
        self.path = path

    def acquire(self) -> None:
        """Take the lock. Raises: MmaugError when another process has it."""
        while True:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if fcntl:
                    fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.read(self._file, 32).decode(errors="replace").strip()
                os.close(self._file)
                raise MmaugError(
                    f"{self.path.parent}: another run is writing here (process {holder or 'unknown'}); wait until it has ended"
                ) from None
            if self._still_there():
                break
            os.close(self._file)
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let go of the lock and take its file away."""
        self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _still_there(self) -> bool:
        """Whether the file locked is the one in the folder: its last holder may have taken it away in between."""
        try:
            return os.path.samestat(os.fstat(self._file), self.path.stat())
        except FileNotFoundError:
            return False
