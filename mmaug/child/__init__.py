"""The child: a small CLIP-style model that says how good a policy is, and the same for models of your own (`wrap`).

Nothing here is imported before it is used: the child needs `pip install 'mmaug[train]'`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; at run time `__getattr__` gives the same
    from mmaug.child.config import ChildConfig as ChildConfig
    from mmaug.child.config import Recipe as Recipe
    from mmaug.child.model import Child as Child
    from mmaug.child.saving import load_child as load_child
    from mmaug.child.saving import save_child as save_child
    from mmaug.child.task import ChildTask as ChildTask
    from mmaug.child.wrapping import wrap as wrap

_HOMES = {
    "Child": "model", "ChildConfig": "config", "ChildTask": "task", "Recipe": "config", "load_child": "saving", "save_child": "saving",
    "wrap": "wrapping",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mmaug.child' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"mmaug.child.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
