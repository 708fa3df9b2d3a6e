"""Pictures of few colours: large matrices as a PNG with a palette, and the values behind it packed small."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED = 3  # colour type of a palette
MISSING = -32_768
"""In packed values: there is none."""


def png(places: npt.NDArray[np.uint8], colors: Sequence[str]) -> bytes:
    """A picture (PNG, third edition) whose pixels are places in `colors` plus 1; 0 is transparent. Row 0 is on top."""
    tall, wide = places.shape
    palette = b"\x00\x00\x00" + b"".join(bytes.fromhex(color[1:]) for color in colors)
    rows = np.zeros((tall, wide + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = places
    return _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", wide, tall, 8, _INDEXED, 0, 0, 0)),
            _chunk(b"PLTE", palette),
            _chunk(b"tRNS", b"\x00"),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def between(colors: Sequence[str], count: int) -> list[str]:
    """So many colours, in even steps along those given."""
    stops = np.array([list(bytes.fromhex(color[1:])) for color in colors], np.float64)
    at = np.linspace(0, len(colors) - 1, count)
    mixed = [np.interp(at, np.arange(len(colors)), stops[:, channel]) for channel in range(3)]
    return ["#" + bytes(np.rint(each).astype(np.uint8).tolist()).hex() for each in np.column_stack(mixed)]


def shades(values: npt.NDArray[np.float64], most: float, count: int) -> npt.NDArray[np.uint8]:
    """The place of each value among so many shades from −most to most, plus 1; 0 where there is none (NaN)."""
    there = ~np.isnan(values)
    scaled = np.clip(np.where(there, values, 0.0) / most, -1, 1)
    found = np.rint((scaled + 1) / 2 * (count - 1)).astype(np.uint8) + np.uint8(1)
    return np.where(there, found, np.uint8(0))


def digits(values: npt.NDArray[np.float64]) -> int:
    """The decimals, negative for tens, to which the values can be rounded so that they fit 16 bits."""
    most = float(np.nanmax(np.abs(values), initial=0.0))
    return min(300, math.floor(math.log10(32_767) - math.log10(most))) if most else 0


def packed(values: npt.NDArray[np.float64], decimals: int) -> str:
    """Values to so many decimals, row by row: 16-bit integers (little-endian) in base64, `MISSING` where NaN."""
    there = ~np.isnan(values)
    whole = np.where(there, np.rint(np.where(there, values, 0.0) * 10.0**decimals), MISSING)
    return base64.b64encode(whole.astype("<i2").tobytes()).decode("ascii")
