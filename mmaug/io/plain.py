"""Rows as lines of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmaug.errors import RowError


def plain(value: Any, where: str) -> Any:
    """The value with numpy numbers and arrays as JSON has them. Raises: RowError for NaN, infinity and what JSON cannot hold."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise RowError(f"{where}: must be a finite number, got {value}; mend the row or make it null")
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{number}]") for number, item in enumerate(value)]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist(), where)
    raise RowError(f"{where}: must be a value that JSON can hold, got {type(value).__name__}")


def line(value: Any) -> bytes:
    """One line of JSON, as UTF-8; half a surrogate pair, which UTF-8 cannot hold, stays escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False).encode() + b"\n"
