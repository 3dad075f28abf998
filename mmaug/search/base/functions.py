"""What a function does, as a digest: the same in every process, another once its code or what it carries has changed."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np


def digest(function: Any) -> str:
    """In 16 hexadecimal digits: of code, constants, defaults, closure, the parts of a partial, the fields of an object that is called.

    Of an object that is carried only plain values, arrays, dataclasses and functions count; of others their type does. What code reads
    from its module does not count, nor where in a file it stands.
    """
    found = hashlib.blake2b(digest_size=8)
    for part in _parts(function, ()):
        found.update(part.encode() + b"\0")
    return found.hexdigest()


def _parts(value: Any, above: tuple[int, ...]) -> Iterator[str]:
    if id(value) in above:  # a function that calls itself
        yield "above"
        return
    above = (*above, id(value))
    yield type(value).__qualname__
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)) or value is Ellipsis:
        yield repr(value)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype} {value.shape} {hashlib.blake2b(value.tobytes()).hexdigest()}"
    elif isinstance(value, (set, frozenset)):  # whose order is another in each process
        yield from sorted("\0".join(_parts(one, above)) for one in value)
    else:
        for one in _inside(value, len(above) == 1):
            yield from _parts(one, above)


def _inside(value: Any, called: bool) -> list[Any]:
    """What counts of a value that is made of others. called: it is the function itself."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return [item for pair in sorted(value.items(), key=lambda pair: str(pair[0])) for item in pair]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_consts, value.co_names, value.co_varnames]
    if isinstance(value, FunctionType):
        return [value.__code__, value.__defaults__, value.__kwdefaults__, [_held(cell) for cell in value.__closure__ or ()]]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return [value.__func__, _fields(value.__self__)]
    if isinstance(value, type):
        return [value.__module__, value.__qualname__]
    if dataclasses.is_dataclass(value):
        return [_fields(value), *([type(value).__call__] if called and callable(value) else [])]
    return [type(value).__call__, _fields(value)] if called and isinstance(type(value).__call__, FunctionType) else []


def _fields(owner: Any) -> list[Any]:
    if isinstance(owner, type):
        return [owner]
    if dataclasses.is_dataclass(owner):
        return [item for field in dataclasses.fields(owner) for item in (field.name, getattr(owner, field.name, None))]
    return [type(owner), dict(getattr(owner, "__dict__", {}))]


def _held(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
