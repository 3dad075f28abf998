"""Rows as JSON: numpy numbers and arrays as plain ones, and an error with its place for what JSON cannot hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmaug.errors import RowError


def encode(value: Any, where: str = "") -> bytes:
    """The value as one line of JSON without its end, in UTF-8. Raises: RowError for NaN, infinity and what JSON cannot hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_from_numpy)
    except (TypeError, ValueError):
        _refuse(value, where)
        raise
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: UTF-8 cannot hold it, JSON's escapes can
        return json.dumps(value, allow_nan=False, default=_from_numpy).encode()


def _from_numpy(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(type(value).__name__)


def _refuse(value: Any, where: str) -> None:
    """Find what JSON cannot hold, and say where it is."""
    if isinstance(value, float) and not math.isfinite(value):
        raise RowError(f"{where}: must be a finite number, got {value}; mend the row or make it null")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse(item, f"{where}.{key}" if where else f"column {key!r}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            _refuse(item, f"{where}[{number}]")
    elif isinstance(value, (np.ndarray, np.generic)):
        _refuse(value.tolist(), where)
    elif value is not None and not isinstance(value, (str, int, float)):
        raise RowError(f"{where}: must be a value that JSON can hold, got {type(value).__name__}")
