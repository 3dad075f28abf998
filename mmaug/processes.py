"""What all processes of the library keep to: one thread each, and Ctrl-C is for the one that started the others."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of OpenCV and of torch: several on busy cores are slower, up to 50 times, and sum in another order."""
    torch = sys.modules.get("torch")
    before, of_torch = cv2.getNumThreads(), torch.get_num_threads() if torch else 0
    cv2.setNumThreads(1)
    if torch and of_torch != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
        if torch and of_torch != 1:
            torch.set_num_threads(of_torch)


@contextmanager
def ctrl_c_ignored() -> Iterator[None]:
    """A worker that starts now ignores Ctrl-C from its first moment, while it still imports: who starts it decides what that means."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set this
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
