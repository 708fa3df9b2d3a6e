"""How large a workbook becomes when it is opened, found out before it is.

A workbook is an archive that can unpack to a thousand times its size, and a sheet with two cells in far corners is laid
out with every cell between them. Neither what the archive claims nor what the sheet claims is trusted.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tablemend.errors import LimitExceeded, UnreadableSource
from tablemend.records import Record
from tablemend.tables.limits import Limits

MAX_RATIO = 200
"""Bytes unpacked for one of the file, from `RATIO_FROM` on. Sheets of real tables stay below 50; a bomb has 1,000."""

RATIO_FROM = 64 * 2**20
"""Bytes below which no ratio matters."""

MAX_ENTRIES = 10_000
"""Files in a workbook: a few for each sheet, one for each picture."""

SPREAD_FROM = 20_000_000
"""Cells of a layout from which on it must be filled to a twentieth: each takes 32 bytes, filled or not."""

SPREAD = 20

MAX_LAYOUT = 100_000_000
"""Cells of a layout, filled or not."""

_PIECE = 1 << 20
_NAME = re.compile(rb"""\sr\s*=\s*["']""")
_COLUMNS = 16_384  # of a sheet (limit of the format)
_LAST_COLUMN = 26 + 26**2 + 26**3  # ZZZ; longer words name no column
_LONGEST = 10  # characters of the name of a cell: three letters, seven digits
_BROKEN_HINT = "Save it again as .xlsx, without a password."


class Extent(Record, frozen=True, kw_only=True):
    """Which cells the text of one part of a workbook names."""

    cells: int = 0
    named: int = 0  # cells that say where they are; the others stand side by side
    bottom: int = 0
    right: int = 0

    @property
    def layout(self) -> int:
        """Cells from the corner of the sheet to the last row and column."""
        side_by_side = min(self.cells - self.named, _COLUMNS) if self.cells > self.named else 0
        return max(self.bottom, 1) * max(self.right, side_by_side)


def check(path: Path, limits: Limits) -> None:
    """Raise LimitExceeded or UnreadableSource where a workbook would become too large; formats before .xlsx cannot."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive, path, limits)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, zlib.error) as error:
        raise UnreadableSource(f"{path} is not a workbook that can be read: {error}.", hint=_BROKEN_HINT) from error


def _check_archive(archive: zipfile.ZipFile, path: Path, limits: Limits) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise LimitExceeded(
            f"{path.name} holds {len(entries):,} files; a workbook may hold {MAX_ENTRIES:,}.",
            hint="Save the sheet as a workbook of its own.",
        )
    packed = path.stat().st_size
    _check_size(sum(each.file_size for each in entries), packed, path, limits)
    unpacked = 0
    for entry in entries:
        if entry.filename.lower().endswith((".xml", ".rels", ".bin")):  # nothing else is opened
            unpacked = _check_entry(archive, entry, unpacked, packed, path, limits)


def _check_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, unpacked: int, packed: int, path: Path, limits: Limits
) -> int:
    """The bytes unpacked with those of one entry, counted as they come."""
    extent = Extent()
    for piece in _pieces(archive, entry, limits.max_bytes):
        unpacked += len(piece)
        _check_size(unpacked, packed, path, limits)
        extent = _grown(extent, piece)
    _check_extent(extent, path)
    return unpacked


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """The text of an entry, cut between tags; it is read to its end, whatever length the archive claims."""
    entry.file_size = max(entry.file_size, most + 4 * _PIECE)  # beyond where the limit stops it
    rest = b""
    with archive.open(entry) as stream:
        while piece := stream.read(_PIECE):
            text = rest + piece
            at = text.rfind(b"<")
            if at < 0 or len(text) - at > _PIECE:  # no tag, or one longer than any
                at = len(text)
            yield text[:at]
            rest = text[at:]
    yield rest


def _grown(extent: Extent, piece: bytes) -> Extent:
    """The extent with the cells of a piece; a million cells are counted at once, since sheets have millions."""
    text = np.frombuffer(b" " + piece + bytes(_LONGEST + 4), np.uint8)
    starts, usual = _names(text)
    if not usual:
        text = np.frombuffer(b" " + _NAME.sub(b' r="', piece) + bytes(_LONGEST + 4), np.uint8)
        starts, _ = _names(text)
    rows, columns = _places(text, starts)
    return Extent(
        cells=extent.cells + _cells(text),
        named=extent.named + int((columns > 0).sum()),
        bottom=max(extent.bottom, int(rows.max(initial=0))),
        right=max(extent.right, int(columns.max(initial=0))),
    )


def _cells(text: npt.NDArray[np.uint8]) -> int:
    """How many tags `c` there are, whatever their namespace is called."""
    at = np.flatnonzero(text == ord("c"))
    before, after = text[at - 1], text[at + 1]
    return int((((before == ord("<")) | (before == ord(":"))) & _ends(after)).sum())


def _ends(byte: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    return (byte <= ord(" ")) | (byte == ord(">")) | (byte == ord("/"))


def _names(text: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], bool]:
    """Where the values of the attributes `r` begin, and whether all are written in the usual way."""
    at = np.flatnonzero(text == ord("r"))
    before, after, quote = text[at - 1], text[at + 1], text[at + 2]
    usual = (before == ord(" ")) & (after == ord("=")) & (quote == ord('"'))
    others = (before <= ord(" ")) & ((after <= ord(" ")) | (after == ord("="))) & ~usual
    return at[usual] + 3, not others.any()


def _places(
    text: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Row and column of every name such as AB12; column 0 for the name of a row."""
    rows, columns = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64)
    lettered, numbered = np.ones(len(starts), bool), np.ones(len(starts), bool)
    for at in range(_LONGEST):
        byte = text[starts + at]
        letter, digit = (byte | 32) - np.uint8(97), byte - np.uint8(48)
        lettered &= letter < 26
        columns = np.where(lettered, columns * 26 + letter + 1, columns)
        numbered &= lettered | (digit < 10)
        rows = np.where(numbered & ~lettered, rows * 10 + digit, rows)
    return rows, np.where(columns <= _LAST_COLUMN, columns, 0)


def _check_size(unpacked: int, packed: int, path: Path, limits: Limits) -> None:
    limits.bytes(unpacked, f"{path.name}, unpacked,")
    if unpacked > RATIO_FROM and unpacked > packed * MAX_RATIO:
        raise LimitExceeded(
            f"{path.name} unpacks to more than {MAX_RATIO} times its {packed:,} bytes.",
            hint="Save it again as a workbook, or export its sheet as .csv.",
        )


def _check_extent(extent: Extent, path: Path) -> None:
    layout = extent.layout
    if layout > MAX_LAYOUT or (layout > SPREAD_FROM and layout > extent.cells * SPREAD):
        raise LimitExceeded(
            f"{path.name} spreads {extent.cells:,} cells over a sheet of {layout:,}.",
            hint="Delete the cells far away from the table, or export the sheet as .csv.",
        )
