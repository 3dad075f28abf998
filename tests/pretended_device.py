"""A device that is not there: its tensors lie in memory as any do, and torch's rules for devices are held to for them.

What meets a tensor of another device raises, as on a GPU; so does `.numpy()`. Only numbers without axes may come from the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

NAME = "pretended"

backend_registration._setup_privateuseone_for_python_backend(NAME)  # for all of the process: only import it in one of its own
torch.__future__.set_overwrite_module_params_on_conversion(True)  # a module's weights may become tensors of another class


aten = torch.ops.aten
_SHAPE: dict[str, Any] = {
    "size": lambda held: list(held.size()),
    "stride": lambda held: list(held.stride()),
    "numel": lambda held: held.numel(),
    "storage_offset": lambda held: held.storage_offset(),
    "dim": lambda held: held.dim(),
    "is_contiguous": lambda held: held.is_contiguous(),
}
_NAMES = [(first + name, name) for name in _SHAPE for first in ("", "sym_") if hasattr(aten, first + name)]
ASKED = {getattr(aten, asked).default: _SHAPE[name] for asked, name in _NAMES}


class There(torch.Tensor):
    """A tensor of the pretended device around one of the CPU."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> There:
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype, layout=held.layout,
            requires_grad=False, dispatch_device=True, dispatch_sizes_strides_policy="sizes",
        )  # fmt: skip
        made.held = held
        return made

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"There({self.held})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return carried_out(func, args, kwargs or {})


class Pretended(TorchDispatchMode):
    """Takes what is made on the pretended device, or moved to it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return carried_out(func, args, kwargs or {})


@contextmanager
def pretended() -> Iterator[str]:
    """The device's name; it is there inside."""
    made = torch.tensor

    def tensor(*args: Any, device: Any = None, **kwargs: Any) -> torch.Tensor:
        """`torch.tensor` shuts modes out."""
        return made(*args, **kwargs).to(device)

    torch.tensor = tensor
    try:
        with Pretended(), torch.autograd.set_multithreading_enabled(False):
            yield NAME
    finally:
        torch.tensor = made


def carried_out(func: Any, args: Any, kwargs: Any) -> Any:
    """An operation on what the tensors hold, on the device that it belongs to."""
    if func is torch.ops.prim.device.default:
        return torch.device(NAME, 0)
    if func in ASKED:  # of the shape, which may be changed in place
        return ASKED[func](args[0].held)
    inside = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, There)]
    asked = kwargs.get("device")
    if func is aten._to_copy.default and asked is None:
        on_it = bool(inside)
    else:
        on_it = bool(inside) if asked is None else torch.device(asked).type == NAME
        moved = func in (aten._to_copy.default, aten.copy_.default)
        if inside and not moved:
            for leaf in tree_leaves((args, kwargs)):
                if isinstance(leaf, torch.Tensor) and not isinstance(leaf, There) and leaf.ndim:
                    raise RuntimeError(f"{func}: expected all tensors on one device, got {NAME} and cpu")
    plain = {**kwargs, "device": torch.device("cpu")} if asked is not None else kwargs
    held = tree_map(lambda leaf: leaf.held if isinstance(leaf, There) else leaf, (args, plain))
    out = func(*held[0], **held[1])
    if func._schema.is_mutable:
        return kwargs.get("out", args[0]) if func._schema.returns else None
    return tree_map(lambda leaf: There(leaf) if isinstance(leaf, torch.Tensor) and on_it else leaf, out)
