"""HuggingFace: augmented `datasets`, a collator, a `Trainer` with the consistency loss, and what they share.

Nothing here is imported before it is used: `pip install 'mmaug[train]'`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mmaug.errors import MmaugError

if TYPE_CHECKING:  # for editors and type checkers; at run time `__getattr__` gives the same
    from mmaug.hf.callback import PolicyCallback as PolicyCallback
    from mmaug.hf.collator import Collator as Collator
    from mmaug.hf.datasets import augment as augment
    from mmaug.hf.epoch import Clock as Clock
    from mmaug.hf.epoch import clock_of as clock_of
    from mmaug.hf.objective import Objective as Objective
    from mmaug.hf.objective import consistency_loss_func as consistency_loss_func
    from mmaug.hf.trainer import ConsistencyMixin as ConsistencyMixin
    from mmaug.hf.trainer import ConsistencyTrainer as ConsistencyTrainer

_HOMES = {
    "Clock": "epoch", "Collator": "collator", "ConsistencyMixin": "trainer", "ConsistencyTrainer": "trainer", "Objective": "objective",
    "PolicyCallback": "callback", "augment": "datasets", "clock_of": "epoch", "consistency_loss_func": "objective",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mmaug.hf' has no attribute {name!r}")
    try:
        module = importlib.import_module(f"mmaug.hf.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mmaug"):
            raise
        raise MmaugError(f"mm.hf.{name} needs {error.name}, which is not installed; pip install 'mmaug[train]'") from error
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
