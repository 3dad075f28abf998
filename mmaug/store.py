"""Where the networks that policies name are kept: by a name that follows from their content, for this user, and beside saved policies.

A network is a folder of `genotype.json` and `network.safetensors`. A policy holds only its name, so that it is the same value on every
machine; what saves a policy takes its networks along, and what loads it puts them here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from mmaug.errors import MmaugError

FILES = ("genotype.json", "network.safetensors")

_NAME = re.compile(r"[0-9a-f]{12}")

_aside: ContextVar[Path | None] = ContextVar("aside", default=None)


def root() -> Path:
    """The store: `networks` in $MMAUG_CACHE, else in the user's cache folder; within `aside` a folder of its own."""
    if (own := _aside.get()) is not None:
        return own
    if given := os.environ.get("MMAUG_CACHE"):
        return Path(given) / "networks"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mmaug" / "networks"


@contextmanager
def aside() -> Iterator[None]:
    """While it lasts, networks are kept in a folder that is removed at its end: for those that are only tried."""
    with tempfile.TemporaryDirectory() as own:
        before = _aside.set(Path(own))
        try:
            yield
        finally:
            _aside.reset(before)


def beside(path: str | Path) -> Path:
    """Where the networks of a saved file lie: `policy.networks` beside `policy.json`."""
    return Path(path).with_suffix(".networks")


def is_name(network: str) -> bool:
    """Whether it is a name, and no folder."""
    return _NAME.fullmatch(network) is not None


def folder(network: str) -> Path:
    """The folder of a network, by its name in the store or as a folder of its own.

    Raises: MmaugError where there is none.
    """
    place = root() / network if is_name(network) else Path(network)
    if not _is_whole(place):
        todo = "load the policy from where it was saved with its networks (mm.Policy.load), or give the folder of a saved network"
        raise MmaugError(f"network {network!r}: must be in {place}, which holds no {' and '.join(FILES)}; {todo}")
    return place


def put(place: str | Path) -> str:
    """Copy the network of a folder into the store; its name. Raises: MmaugError where the folder holds none."""
    found = folder(str(place))
    try:
        name = json.loads((found / FILES[0]).read_text(encoding="utf-8"))["name"]
    except (ValueError, KeyError, TypeError):
        name = None
    if not isinstance(name, str) or not is_name(name):
        raise MmaugError(f"{place}/{FILES[0]}: must hold the name of the network, of 12 hexadecimal digits, got {name!r}")
    copy(found, root() / name)
    return name


def copy(source: Path, to: Path) -> None:
    """The files of a network, whole or not at all; those that are there already stay."""
    if _is_whole(to):
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=to.parent, prefix=".part-"))
    try:
        part.chmod(0o755)
        for file in FILES:
            shutil.copyfile(source / file, part / file)
        part.rename(to)
    except OSError:
        if not _is_whole(to):  # else another process was faster
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def names(value: Any) -> Iterator[str]:
    """The networks that a JSON value names: of a policy, or of anything that holds policies."""
    if isinstance(value, dict):
        given = value.get("params", {}).get("network", ()) if isinstance(value.get("params"), dict) and "op" in value else ()
        yield from (name for name in ([given] if isinstance(given, str) else given) if name)
        for item in value.values():
            yield from names(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from names(item)


def give(value: Any, to: Path) -> None:
    """Copy the networks that a JSON value names from the store into a folder, which is made if there are any."""
    for name in sorted(set(names(value))):
        copy(folder(name), to / name)


def take(value: Any, given: Path) -> None:
    """Put the networks that a JSON value names into the store, from the folder they were given along in.

    Raises: MmaugError for one that is neither there nor in the store.
    """
    for name in sorted(set(names(value))):
        if _is_whole(given / name):
            put(given / name)
        elif not is_name(name) or not _is_whole(root() / name):
            raise MmaugError(f"the network {name!r} must lie in {given}; copy that folder too, it was written with the file")


def _is_whole(place: Path) -> bool:
    return all((place / file).is_file() for file in FILES)
