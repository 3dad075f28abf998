"""libsndfile writes the time into float WAV files and a random number into every Ogg page; here they are set to fixed ones."""

from __future__ import annotations

import struct
import zlib

_SERIAL = struct.pack("<I", 1)


def without_chance(data: bytes) -> bytes:
    """The same file without time stamps and random serial numbers."""
    if data[:4] == b"OggS":
        return _ogg(data)
    return _wav(data) if data[:4] in (b"RIFF", b"RF64") else data


def _wav(data: bytes) -> bytes:
    """A PEAK chunk holds a version, then the time of writing, each 4 bytes."""
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        if name == b"PEAK":
            return data[: place + 12] + b"\0\0\0\0" + data[place + 16 :]
        if name == b"data":
            return data
        place += 8 + size + size % 2
    return data


def _ogg(data: bytes) -> bytes:
    """Each page has its stream's serial number at byte 14 and a checksum over the page, itself as 0, at byte 22."""
    pages, place = [], 0
    while place < len(data):
        count = data[place + 26]
        size = 27 + count + sum(data[place + 27 : place + 27 + count])
        page = data[place : place + size]
        page = page[:14] + _SERIAL + page[18:22] + b"\0\0\0\0" + page[26:]
        pages.append(page[:22] + struct.pack("<I", _checksum(page)) + page[26:])
        place += size
    return b"".join(pages)


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32: zlib's polynomial with the bits of every byte and of the result the other way round, start 0, nothing inverted."""
    value = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(value.to_bytes(4, "little").translate(_REVERSED), "big")


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
