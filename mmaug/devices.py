"""Where torch works."""

from __future__ import annotations

from typing import Any

from mmaug.errors import MmaugError


def check_device(where: str, device: Any) -> str:
    """A device as torch calls it. Raises: MmaugError, with the devices that there are, for one that torch cannot work on here."""
    import torch  # imported late: much of the library does without

    try:
        made = torch.device(device)
        torch.empty(0, device=made)
        return str(made)
    except (RuntimeError, AssertionError, TypeError) as error:
        found = ", ".join(["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))])
        said = str(error).splitlines()[0]
        raise MmaugError(f"{where}: device must be one that torch has here ({found}), got {device!r}: {said}") from error
