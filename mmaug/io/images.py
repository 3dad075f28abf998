"""Pictures in files: decoded once and whole, encoded in the format they came in."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from mmaug.errors import RowError

FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF",
}  # fmt: skip
"""File endings and Pillow's names of the formats."""

LOSSLESS = ("PNG", "BMP", "TIFF")

_MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16"),
}
"""The modes that each format can hold."""


def decode(data: bytes, ending: str, where: str, *, deep: bool = False) -> tuple[Image.Image, dict[str, Any]]:
    """The picture, upright (EXIF's orientation applied), and how to encode one like it.

    deep: one channel of more than 8 bits is welcome (a mask, a depth map).
    Raises: RowError for a file that is empty, cut off, of another format, animated, or of 16 bits.
    """
    if not data:
        raise RowError(f"{where}: must be a picture, got an empty file (0 bytes); get the file again")
    try:
        # "JPEG" opens MPO too: pictures of many phones
        image = Image.open(io.BytesIO(data), formats=[FORMATS[ending]])
        _check_form(image, where, deep)
        saving = _saving(image, data)
        image.load()
        upright = ImageOps.exif_transpose(image) if image.getexif().get(0x0112, 1) != 1 else image
    except RowError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        got = "bytes that are none" if isinstance(error, UnidentifiedImageError) else error  # whose text names an object in memory
        message = f"{where}: must be a whole {FORMATS[ending]} picture, got {got}; get the file again or take the row out"
        raise RowError(message) from error
    return upright, saving


def encode(image: Image.Image, ending: str, saving: Mapping[str, Any]) -> bytes:
    """The bytes of a file with this ending. EXIF is left out: its orientation has been applied."""
    form = FORMATS[ending]
    if image.mode not in _MODES[form]:
        alpha = "A" in image.getbands() and "RGBA" in _MODES[form]
        image = image.convert("RGBA" if alpha else "RGB")
    profile = image.info.get("icc_profile")
    more = {**saving, "icc_profile": profile} if profile and form != "BMP" else dict(saving)
    buffer = io.BytesIO()
    image.save(buffer, form, **more)
    return buffer.getvalue()


def _check_form(image: Image.Image, where: str, deep: bool) -> None:
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise RowError(f"{where}: must hold one picture, got {image.n_frames} frames; write each to a file of its own")  # type: ignore[attr-defined]
    raw = " ".join(str(tile[3]) for tile in getattr(image, "tile", ()))  # Pillow silently cuts 16-bit colour down to 8
    wide = image.mode.startswith(("I", "F"))
    if (wide and not deep) or (";16" in raw and not wide):
        raise RowError(f"{where}: must have 8 bits a channel, got 16 or more (mode {image.mode}); scale it to 8 bits first")


def _saving(image: Image.Image, data: bytes) -> dict[str, Any]:
    """What Pillow must be told to write a picture like this one."""
    if image.format in ("JPEG", "MPO"):
        sampling = JpegImagePlugin.get_sampling(image) if image.mode == "RGB" else -1
        return {"quality": 95, "subsampling": max(sampling, 0)}
    if image.format == "WEBP":
        return {"lossless": True} if b"VP8L" in data[:64] or b"VP8 " not in data else {"quality": 95}
    return {"compression": "tiff_lzw"} if image.format == "TIFF" else {}
