"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mmaug import processes


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Several threads on busy cores take many times as long, and sums may differ."""
    with processes.one_thread():
        yield
