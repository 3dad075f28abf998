"""The forms a picture or mask may come in, and the arrays that kernels see: what comes in goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image as PILImage
from PIL import ImageOps

from mmaug.effects.geometry import Size
from mmaug.errors import RowError

Restore = Callable[[np.ndarray], Any]

MASK_MODES = ("L", "P", "1", "I")
RGB_MODES = ("RGB", "L", "RGBA", "LA", "P", "CMYK", "YCbCr", "1", "HSV", "LAB", "PA", "RGBX")
"""The 8-bit modes of PIL: kernels see them as RGB (and alpha), and give back the mode that came, or the nearest that can hold it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What can be known of a picture without its pixels: size (width, height) and how many frames."""

    size: Size
    frames: int


def look(value: Any, where: str) -> Look:
    """The size and number of frames. Raises: RowError for something that is no 8-bit picture."""
    if isinstance(value, (list, tuple)):
        sizes = {_size(frame, f"{where}[{i}]") for i, frame in enumerate(value)}
        if len(sizes) != 1:
            raise RowError(f"{where}: a list of frames must hold at least one, all of one size, got {sorted(sizes)}")
        return Look(sizes.pop(), len(value))
    return Look(_size(value, where), 1)


def _size(value: Any, where: str) -> Size:
    if isinstance(value, PILImage.Image):
        if value.mode not in RGB_MODES:
            raise RowError(f"{where}: must be an 8-bit picture, got PIL mode {value.mode!r}; scale it to 8 bits first")
        width, height = value.size
        turned = _orientation(value) >= 5
        size = (height, width) if turned else (width, height)
    elif _is_tensor(value):
        fits = value.ndim == 3 and value.shape[0] in (1, 3, 4)
        turned = value.ndim == 3 and value.shape[2] in (1, 3, 4)
        _check_array(fits, "torch.uint8", "[3, h, w]", "permute(2, 0, 1)" if turned else "", value, where)
        size = (value.shape[2], value.shape[1])
    elif isinstance(value, np.ndarray):
        fits = value.ndim == 2 or (value.ndim == 3 and value.shape[2] in (1, 3, 4))
        turned = value.ndim == 3 and value.shape[0] in (1, 3, 4)
        _check_array(fits, "uint8", "[h, w, 3]", "transpose(1, 2, 0)" if turned else "", value, where)
        size = (value.shape[1], value.shape[0])
    else:
        raise RowError(
            f"{where}: must be a PIL image, a uint8 array [h, w, 3], a uint8 tensor [3, h, w] or a list of such frames, "
            f"got {type(value).__name__}"
        )
    if min(size) < 1:
        raise RowError(f"{where}: must have at least one pixel, got {size[0]} x {size[1]}")
    return size


def _check_array(fits: bool, dtype: str, shape: str, turn: str, value: Any, where: str) -> None:
    """Raises: RowError for another dtype, or where the shape does not fit. turn: the call that would give it the shape, if any."""
    if fits and (value.dtype == np.uint8 if dtype == "uint8" else str(value.dtype) == dtype):
        return
    todo = []
    if not fits:
        todo.append(f"the shape must be {shape}: " + (f"transpose it with .{turn}" if turn else "give one picture, or a list of frames"))
    if str(value.dtype) != dtype:
        todo.append("scale values to 0..255 and convert")
    raise RowError(f"{where}: must be {dtype} {shape}, got {value.dtype} {list(value.shape)}; {', and '.join(todo)}")


def to_pixels(value: Any) -> tuple[np.ndarray, Restore]:
    """A single picture as uint8 [h, w, 3 or 4], and the function that gives such pixels back in the form that came."""
    if isinstance(value, PILImage.Image):
        return _from_pil(value)
    if _is_tensor(value):
        return _from_tensor(value)
    if value.ndim == 3 and value.shape[2] in (3, 4):
        return value, np.ascontiguousarray
    grey = value.reshape(value.shape[:2])
    rank = value.ndim
    return np.repeat(grey[:, :, None], 3, axis=2), lambda out: _to_grey(out)[..., None] if rank == 3 else _to_grey(out)


def _from_pil(image: PILImage.Image) -> tuple[np.ndarray, Restore]:
    if _orientation(image) > 1:
        image = ImageOps.exif_transpose(image)
    mode, info = image.mode, {k: image.info[k] for k in ("icc_profile", "dpi") if k in image.info}
    has_alpha = mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    pixels = np.asarray(image if mode == "RGB" and not has_alpha else image.convert("RGBA" if has_alpha else "RGB"))

    def restore(out: np.ndarray) -> PILImage.Image:
        made = PILImage.fromarray(np.ascontiguousarray(out))
        if mode not in ("P", "PA", "RGBX", made.mode):  # palettes cannot hold new colours
            made = made.convert("L" if mode == "1" else mode)
        made.info.update(info if mode == made.mode else {})
        return made

    return pixels, restore


def _from_tensor(value: Any) -> tuple[np.ndarray, Restore]:
    device, channels = value.device, value.shape[0]
    planes = value.detach().cpu().numpy()
    pixels = cv2.merge(list(planes)) if channels > 1 else np.repeat(planes[0][:, :, None], 3, axis=2)  # faster than numpy's transpose
    tensor_from = type(value).new_tensor

    def restore(out: np.ndarray) -> Any:
        if channels == 1:
            kept = _to_grey(out)[None]
        else:
            kept = np.empty((channels, *out.shape[:2]), np.uint8)
            cv2.split(out, [*kept])  # type: ignore[call-overload,arg-type]
        return tensor_from(value, kept, device=device)

    return pixels, restore


def to_labels(value: Any, size: Size, where: str) -> tuple[np.ndarray, Restore]:
    """A mask as an integer array [h, w] of a picture's size, and the function that gives such labels back in the form that came.

    Raises: RowError for another size or for numbers that are not whole.
    """
    if isinstance(value, PILImage.Image):
        if value.mode not in MASK_MODES and not value.mode.startswith("I;16"):
            raise RowError(f"{where}: a mask must have one number a pixel (PIL mode {', '.join(MASK_MODES)}), got {value.mode!r}")
        labels, restore = np.asarray(value), _mask_to_pil(value)
    elif _is_tensor(value):
        labels = value.detach().cpu().numpy()
        restore = lambda out: value.new_tensor(out)  # noqa: E731 - a closure over the tensor's type and device
    else:
        labels, restore = np.asarray(value), lambda out: out
    shape = labels.shape
    if labels.ndim == 3 and 1 in (shape[0], shape[2]):
        inner, labels = restore, labels.reshape([side for side in shape if side != 1] if shape.count(1) == 1 else size[::-1])
        axis = 0 if shape[0] == 1 else 2
        restore = lambda out: inner(np.expand_dims(out, axis))  # noqa: E731
    if labels.shape != (size[1], size[0]):
        raise RowError(f"{where}: must have the picture's size, {size[0]} x {size[1]}, got an array {list(shape)}")
    if labels.dtype.kind not in "uib":
        raise RowError(f"{where}: must hold whole numbers, got {labels.dtype}")
    return labels, restore


def _mask_to_pil(mask: PILImage.Image) -> Restore:
    def restore(out: np.ndarray) -> PILImage.Image:
        made = PILImage.fromarray(np.ascontiguousarray(out))
        if mask.mode == "P":
            made = made.convert("L") if made.mode != "L" else made
            made.putpalette(mask.getpalette() or [])
        return made

    return restore


def _orientation(image: PILImage.Image) -> int:
    """EXIF's orientation, 1 when there is none. The dict is asked first: reading EXIF costs more than a whole plan."""
    return int(image.getexif().get(0x0112, 1) or 1) if "exif" in image.info else 1


def _to_grey(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(PILImage.fromarray(np.ascontiguousarray(pixels[..., :3])).convert("L"))


def _is_tensor(value: Any) -> bool:
    """Whether it is a torch tensor, without importing torch."""
    return type(value).__module__.startswith("torch")
