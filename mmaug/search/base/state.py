"""The state of an online searcher on disk: one safetensors file whose header holds the plain values, so that both change at once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmaug.errors import MmaugError

if TYPE_CHECKING:
    from torch import Tensor

NAME = "state.safetensors"


def save(folder: Path, step: int, tensors: Mapping[str, Tensor], values: Mapping[str, Any], search: str = "") -> None:
    """Write the state after `step` steps, whole or not at all. search: the digest of whose state it is.

    Raises: MmaugError where it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    part = folder / f".{NAME}.{os.getpid()}.part"
    try:
        save_file(_plain(tensors), part, metadata={"step": str(step), "values": json.dumps(values), "search": search})
        part.replace(folder / NAME)
    except (OSError, SafetensorError) as error:
        raise MmaugError(f"{folder / NAME}: cannot be written: {error}; the state of the step before is kept") from error
    finally:
        part.unlink(missing_ok=True)


def load(folder: Path, search: str = "") -> tuple[int, dict[str, Tensor], dict[str, Any]] | None:
    """Number of steps, tensors and values as saved last; None where there are none.

    Raises: MmaugError for a file that is broken, or that another search has saved.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / NAME
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            header, names = file.metadata(), file.keys()  # the file itself cannot be walked
            if search and header["search"] != search:
                raise MmaugError(
                    f"{path}: must be the state of this search, got that of another; give the same, or start with a new folder"
                )
            return int(header["step"]), {name: file.get_tensor(name) for name in names}, json.loads(header["values"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, MmaugError):
            raise
        raise MmaugError(f"{path}: must be a state that a search has saved, got {error}; start with a new folder") from error


def packed(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors by name as bytes that may go to another process; `unpacked` gives them back bit for bit."""
    from safetensors.torch import save as to_bytes

    return to_bytes(_plain(tensors))


def unpacked(given: bytes) -> dict[str, Tensor]:
    """The tensors of `packed`, by name."""
    from safetensors.torch import load as from_bytes

    return from_bytes(given)


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each on its own in the memory of the CPU: weights that are tied would be refused."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
