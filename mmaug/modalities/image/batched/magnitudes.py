"""Ops as functions that torch differentiates: with respect to the pictures and to each real magnitude.

An op is written once, as a function of plain numbers to a map (nine numbers), a field of displacements or a colour matrix (twelve).
From there on everything is torch; how those few numbers change with a magnitude is measured by central differences in float64, good
to about 1e-8 of their size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.effects.bend import Bend
from mmaug.effects.colour import is_table
from mmaug.effects.geometry import GeometryMap, Size
from mmaug.errors import MmaugError
from mmaug.modalities.image import warp as rules
from mmaug.modalities.image.batched import colour
from mmaug.modalities.image.batched.canvas import size_of
from mmaug.modalities.image.batched.executor import run
from mmaug.modalities.image.batched.kernels import KERNELS
from mmaug.modalities.image.batched.resize import Window, resize
from mmaug.modalities.image.batched.warp import origins, sample, shrunk, through_bend
from mmaug.modalities.image.program import compile_steps
from mmaug.params import Anywhere, Magnitude, Place
from mmaug.registry import Op, get_op

WHOLE_PIXELS = frozenset({"random_resized_crop", "random_crop", "center_crop", "resize", "pad"})
"""Geometry ops that round to whole pixels: their magnitudes move nothing, then jump."""

_REASONS = {
    "tone": "its table is made of counts and holds whole numbers",
    "erase": "a part covers a pixel or it does not",
    "filter": "its kernel has no torch version",
}


def apply_op(name: str, pictures: Tensor, params: Mapping[str, Any]) -> Tensor:
    """One op on each picture with its own parameters: float [b, 3, h, w] in 0..1 to the same.

    pictures: float32 or float64, on any device. params: for each parameter of the op a value for all pictures, or one a picture: a
    list, or a tensor [b]. Tensors that require gradients get them, where the op is smooth in that parameter (`why_not`).
    Raises: MmaugError for other pictures, for a parameter that is missing or unknown, or where a gradient is asked for that does not
    exist; PolicyError for an unknown op or a value out of its range.
    """
    op = get_op(name)
    _check(op, pictures, params)
    values = {key: _column(params[key], len(pictures), f"{name}: {key}") for key in op.params}
    wanted = {key: value for key, value in values.items() if isinstance(value, Tensor) and _is_real(op, key)}
    asked = [key for key, value in values.items() if isinstance(value, Tensor) and value.requires_grad]
    for key in asked:
        if reason := why_not(name, key):
            raise MmaugError(f"{name}: {key} has no gradient: {reason}; give it as plain numbers, or use .detach()")
    plain = [{key: _number(value[row]) for key, value in values.items()} for row in range(len(pictures))]
    for key, param in op.params.items():
        for row in plain:
            param.from_given(row[key], f"{name}: {key}")
    if pictures.requires_grad and op.family == "filter" and op.function not in KERNELS:
        raise MmaugError(f"{name}: no gradient goes through it: {_REASONS['filter']}; call it on pictures.detach()")
    smooth = _SMOOTH.get(op.family) if wanted and not why_not(name) else None
    if smooth is None:
        out = run([compile_steps([(name, row)], size_of(pictures)) for row in plain], pictures)
        if len(sizes := {size_of(picture) for picture in out}) > 1:
            raise MmaugError(f"{name}: with these params the results have several sizes, {sorted(sizes)}; give pictures one by one")
        return torch.stack(out)
    return smooth(op, pictures, _Rows(op, plain, wanted))


def why_not(name: str, param: str | None = None) -> str | None:
    """Why an op, or one of its parameters, has no gradient; None where it has one."""
    op = get_op(name)
    if param is not None and not _is_real(op, param):
        return "it is chosen, not measured"
    if op.family == "colour" and op.params and is_table(op.function(**_halfway(op))):
        return "its table holds whole numbers"
    if op.family == "geometry":
        return "it rounds to whole pixels" if op.function.__name__ in WHOLE_PIXELS else None
    if op.family == "filter" and op.function in KERNELS:
        return None
    return _REASONS.get(op.family)


class _Rows:
    """The parameters of each row, plain, and as tensors those that may need a gradient."""

    def __init__(self, op: Op, plain: Sequence[dict[str, Any]], tensors: Mapping[str, Tensor]):
        self.op, self.plain, self.tensors = op, plain, tensors

    def numbers(self, function: Callable[[int, dict[str, Any]], np.ndarray], extra: Mapping[str, Tensor] | None = None) -> Tensor:
        """What `function(row, params)` gives for each row, float64 [b, n]; it follows the tensors, and `extra` ones."""
        given = {**self.tensors, **(extra or {})}
        spans = [_span(self.op, key) for key in given]

        def at(row: int, values: Sequence[float]) -> np.ndarray:
            return function(row, {**self.plain[row], **dict(zip(given, values, strict=True))})

        if not given:
            return torch.from_numpy(np.stack([at(row, ()) for row in range(len(self.plain))]))
        columns = [value.to("cpu", torch.float64) for value in given.values()]
        return _Numbers.apply(at, spans, *columns)  # type: ignore[return-value]


class _Numbers(torch.autograd.Function):
    """A function of plain floats, row by row; backward by central differences."""

    @staticmethod
    def forward(ctx: Any, at: Callable[..., np.ndarray], spans: Sequence[tuple[float, float]], *columns: Tensor) -> Tensor:
        ctx.at, ctx.spans = at, spans
        ctx.save_for_backward(*columns)
        rows = torch.stack(columns, 1).tolist()
        return torch.from_numpy(np.stack([at(number, row) for number, row in enumerate(rows)]))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # type: ignore[reportIncompatibleMethodOverride]
        rows = torch.stack(ctx.saved_tensors, 1).tolist()
        pull, found = grads[0].cpu().numpy(), []
        for column, (low, high) in enumerate(ctx.spans):
            if not ctx.needs_input_grad[2 + column]:
                found.append(None)
                continue
            slopes = []
            for number, row in enumerate(rows):
                step = _STEP * (high - low)
                before, after = max(row[column] - step, low), min(row[column] + step, high)
                ends = [ctx.at(number, [*row[:column], end, *row[column + 1 :]]) for end in (before, after)]
                slopes.append(float(pull[number] @ (ends[1] - ends[0])) / (after - before))
            found.append(torch.tensor(slopes, dtype=torch.float64))
        return None, None, *found


_STEP = 1e-6
"""Of the legal range of a magnitude: small against its curves, large against rounding."""


def _geometry(op: Op, pictures: Tensor, rows: _Rows) -> Tensor:
    size = size_of(pictures)
    moves = [op.function(size, **params) for params in rows.plain]
    shape = _field_shape(op, size, rows, moves)

    def numbers(row: int, params: dict[str, Any]) -> np.ndarray:
        move = op.function(size, **params)
        if shape is None:
            return np.array(move.rows)
        field = move.bends[0].field if move.bends else np.zeros(shape)
        return np.concatenate([np.array(move.rows), field.transpose(2, 0, 1).ravel()])

    found = rows.numbers(numbers).to(pictures.dtype if pictures.device.type == "mps" else torch.float64).to(pictures.device)
    backs = torch.linalg.inv(found[:, :9].view(-1, 3, 3))
    tilted = any(not move.straight.is_affine for move in moves)
    x, y = origins(backs.to(pictures.dtype), moves[0].out_size, tilted)
    if shape is not None:
        fields = found[:, 9:].view(-1, 2, *shape[:2]).to(pictures.dtype)
        x, y = through_bend(x, y, fields, Bend(np.zeros(shape), size))
    return _looked_up(pictures, x, y, moves)


def _looked_up(pictures: Tensor, x: Tensor, y: Tensor, moves: Sequence[GeometryMap]) -> Tensor:
    """The pictures at points of theirs, averaged first where maps shrink by 2 or more; nothing black bleeds in where nothing enters."""
    size = size_of(pictures)
    small = [shrunk(size, move.matrix) for move in moves]
    if any(one != size for one in small):
        largest = max(width for width, _ in small), max(height for _, height in small)
        pictures = resize(pictures, [Window((0, 0, *size), one) for one in small], largest)
    far = float("inf")
    inside = [not move.bends and rules.nothing_enters(move) for move in moves]
    ends = [[0.5, w - 0.5, h - 0.5] if within else [-far, far, far] for within, (w, h) in zip(inside, small, strict=True)]
    low, right, bottom = torch.tensor(ends, dtype=x.dtype, device=x.device).T[:, :, None, None]
    across, down = (torch.tensor([one[i] / size[i] for one in small], dtype=x.dtype, device=x.device)[:, None, None] for i in (0, 1))
    return sample(pictures, (x * across).clamp(low, right), (y * down).clamp(low, bottom))


def _field_shape(op: Op, size: Size, rows: _Rows, moves: Sequence[GeometryMap]) -> tuple[int, ...] | None:
    """The shape of the op's field of displacements, if it has any; at its identity it shows none, a little further on it does."""
    for number, params in enumerate(rows.plain):
        nudged = [
            op.function(size, **{**params, key: min(params[key] + 1e-3 * (high - low), high)})
            for key in rows.tensors
            for low, high in [_span(op, key)]
        ]
        for move in (moves[number], *nudged):
            if move.bends:
                return move.bends[0].field.shape
    return None


def _matrix(op: Op, pictures: Tensor, rows: _Rows) -> Tensor:
    return _recoloured(pictures, rows.numbers(lambda row, params: op.function(**params).ravel()))


def _balance(op: Op, pictures: Tensor, rows: _Rows) -> Tensor:
    means = pictures.mean((2, 3)) * 255.0
    extra = {channel: means[:, number] for number, channel in enumerate(_CHANNELS)}

    def numbers(row: int, params: dict[str, Any]) -> np.ndarray:
        mean = np.array([params.pop(channel) for channel in _CHANNELS])
        return op.function(mean, **params).ravel()

    return _recoloured(pictures, rows.numbers(numbers, extra))


_CHANNELS = ("mean red", "mean green", "mean blue")


def _recoloured(pictures: Tensor, numbers: Tensor) -> Tensor:
    matrices = numbers.to(pictures.dtype).to(pictures.device).view(-1, 3, 4)
    return colour.through_matrices(pictures * 255.0, matrices) / 255.0


def _kernel(op: Op, pictures: Tensor, rows: _Rows) -> Tensor:
    params = {
        key: rows.tensors[key].to(pictures.device, pictures.dtype)
        if key in rows.tensors
        else torch.tensor([float(row[key]) for row in rows.plain], dtype=pictures.dtype, device=pictures.device)
        for key in op.params
    }
    return KERNELS[op.function](pictures * 255.0, **params).clamp(0.0, 255.0) / 255.0


_SMOOTH: dict[str, Callable[[Op, Tensor, _Rows], Tensor]] = {
    "geometry": _geometry,
    "colour": _matrix,
    "balance": _balance,
    "filter": _kernel,
}


def _check(op: Op, pictures: Tensor, params: Mapping[str, Any]) -> None:
    if op.modality != "image":
        raise MmaugError(f"{op.name}: must be an op on pictures, of the modality image; it is one of the modality {op.modality}")
    if pictures.ndim != 4 or pictures.shape[1] != 3 or pictures.dtype not in (torch.float32, torch.float64):
        raise MmaugError(
            f"{op.name}: pictures must be float32 or float64 [b, 3, h, w] in 0..1, got {pictures.dtype} {list(pictures.shape)}; "
            "for uint8, pictures.float() / 255"
        )
    if params.keys() != op.params.keys():
        raise MmaugError(f"{op.name}: params must hold {', '.join(op.params) or 'nothing'}; got {', '.join(params) or 'nothing'}")


def _column(value: Any, rows: int, where: str) -> Any:
    """A parameter's values, one a row."""
    if isinstance(value, Tensor):
        if value.shape not in ((), (rows,)):
            raise MmaugError(f"{where}: a tensor must hold one value, or one value a picture, {rows}; got {list(value.shape)}")
        return value.expand(rows)
    return value if isinstance(value, list) and len(value) == rows else [value] * rows


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


def _is_real(op: Op, param: str) -> bool:
    return isinstance(op.params[param], (Magnitude, Place, Anywhere))


def _span(op: Op, param: str) -> tuple[float, float]:
    kind = op.params.get(param)
    if kind is None:
        return 0.0, 255.0  # a mean
    return getattr(kind, "low", 0.0), getattr(kind, "high", 1.0)


def _halfway(op: Op) -> dict[str, Any]:
    return {key: param.from_strength(0.5)([0.5] * max(param.uniforms, 1)) for key, param in op.params.items()}
