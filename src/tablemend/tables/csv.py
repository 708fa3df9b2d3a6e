"""Delimited text: values as Arrow arrays, and where the bytes of each value are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.errors import UnreadableSource
from tablemend.records import Column, RejectedRow, TextFormat
from tablemend.tables.buffers import booleans, integers
from tablemend.tables.columns import ROW, named
from tablemend.tables.limits import Limits
from tablemend.tables.text import Text, beginning, decode_damaged, detect_delimiter, field_counts
from tablemend.tables.tokens import DOUBLED, ODD, QUOTED, Spans, field_value, is_open, tokenise

NEVER = 1 << 62
"""A row behind all rows."""

GATHERED = 64 << 20
"""Bytes of rows of many columns that are turned into columns at once."""

LISTED = 1000
"""How many padded and rejected rows are named one by one."""

Progress = Callable[[float], None]
"""Called with the share of the work that is done, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a delimited text holds."""

    table: pa.Table
    columns: tuple[Column, ...]
    format: TextFormat
    padded: tuple[int, ...]
    padded_count: int
    rejected: tuple[RejectedRow, ...]
    rejected_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The accepted records of one stretch as rows by columns; positions count from `base`."""

    base: int
    stop: int
    start: npt.NDArray[np.int32]  # rows × columns; -1 where a short record has no such field
    end: npt.NDArray[np.int32]
    kind: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int32]  # fields of each accepted record
    after: npt.NDArray[np.int32]  # behind the line end of each accepted record
    rejected: npt.NDArray[np.int64]  # where the rejected records start, in the text
    rejected_counts: npt.NDArray[np.int32]  # how many fields they have
    open_from: int  # first row at or behind a quote that is never closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the parts of a delimited text are."""

    delimiter: str
    newline: str
    header: tuple[bytes, ...]  # raw fields of the header record
    body: int  # first byte behind the header record
    width: int  # columns


def layout(text: Text, delimiter: str | None, preferred: str, name: str) -> Layout:
    """Find the delimiter, the header and the number of columns; raise UnreadableSource for no columns."""
    chosen = delimiter or detect_delimiter(text.data, text.start, preferred)
    try:
        spans = next(each for each in tokenise(text.data, chosen, start=text.start, block=1 << 16) if len(each.counts))
    except StopIteration:
        raise UnreadableSource(
            f"{name} has no columns: it holds nothing but blank lines.",
            hint="Give a file whose first line names the columns.",
        ) from None
    count = int(spans.counts[0])
    fields = [
        text.data[spans.base + low : spans.base + high]
        for low, high in zip(spans.start[:count], spans.end[:count], strict=True)
    ]
    line_end = text.data[spans.base + int(spans.end[count - 1]) : spans.base + int(spans.after[0])]
    return Layout(
        delimiter=chosen,
        newline=line_end.decode() or "\n",
        header=tuple(fields),
        body=spans.base + int(spans.after[0]),
        width=_width(count, field_counts(beginning(text.data, text.start), chosen)[1:]),
    )


def _width(header: int, counts: npt.NDArray[np.int32]) -> int:
    """Columns of the header, or of the records where most of them are longer than the header."""
    if not len(counts) or (counts > header).mean() <= 0.5:
        return header
    return max(header, int(np.bincount(counts).argmax()))


def read(
    text: Text, *, delimiter: str | None, preferred: str, limits: Limits, name: str, progress: Progress | None = None
) -> Parsed:
    """Read delimited text into an Arrow table whose first column is `_row`."""
    plan = layout(text, delimiter, preferred, name)
    limits.columns(plan.width, name)
    columns = named(headers_of(plan))
    gathered = _Gathered(text, plan.width)
    ragged = _Ragged(text.data, plan.width)
    rows = 0
    for grid in grids(text, plan):
        gathered.add(grid)
        ragged.note(grid, rows)
        rows += len(grid.counts)
        limits.rows(rows, name)
        if progress:
            progress(grid.stop / len(text.data))
    arrays = gathered.columns()
    numbers = integers(np.arange(1, rows + 1))
    return Parsed(
        table=pa.table([numbers, *arrays], names=[ROW, *(column.name for column in columns)]),
        columns=columns,
        format=TextFormat(encoding=text.encoding, bom=text.bom, delimiter=plan.delimiter, newline=plan.newline),
        padded=tuple(ragged.padded),
        padded_count=ragged.padded_count,
        rejected=ragged.reasons(),
        rejected_count=ragged.rejected_count,
    )


def headers_of(plan: Layout) -> list[str]:
    """The header of each column; blank for a column that the header record lacks."""
    headers = [decode_damaged(field_value(raw)) for raw in plan.header]
    return headers + [""] * (plan.width - len(headers))


def grids(text: Text, plan: Layout) -> Iterator[Grid]:
    """The records behind the header, stretch by stretch."""
    for spans in tokenise(text.data, plan.delimiter, start=plan.body):
        marked = _with_damage(spans, text.damaged)
        yield _grid(marked, plan.width, _first_open(text.data, marked))


def _with_damage(spans: Spans, damaged: npt.NDArray[np.int64]) -> Spans:
    """Mark the fields that hold bytes which are no UTF-8, so that their values are made one by one."""
    low, high = np.searchsorted(damaged, (spans.base, spans.stop))
    if low < high and len(spans.start):
        fields = np.searchsorted(spans.start, damaged[low:high] - spans.base, side="right") - 1
        spans.kind[fields] = ODD
    return spans


def _first_open(data: bytes, spans: Spans) -> int | None:
    """The first record with a quote that is never closed."""
    for field in np.flatnonzero(spans.kind == ODD).tolist():
        if is_open(data[spans.base + spans.start[field] : spans.base + spans.end[field]]):
            return int(np.searchsorted(spans.first, field, side="right")) - 1
    return None


def _grid(spans: Spans, width: int, first_open: int | None) -> Grid:
    counts = spans.counts
    long = counts > width
    first = spans.first
    accepted = counts[~long]
    shape = (len(accepted), width)
    if (counts == width).all():
        cells = spans.start.reshape(shape), spans.end.reshape(shape), spans.kind.reshape(shape)
    else:
        cells = _ragged(spans, long, shape)
    start, end, kind = cells
    return Grid(
        base=spans.base,
        stop=spans.stop,
        start=start,
        end=end,
        kind=kind,
        counts=accepted,
        after=spans.after[~long],
        rejected=spans.base + spans.start[first[long]].astype(np.int64),
        rejected_counts=counts[long],
        open_from=NEVER if first_open is None else int(np.count_nonzero(~long[:first_open])),
    )


def _ragged(
    spans: Spans, long: npt.NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    start = np.full(shape, -1, dtype=np.int32)
    end = np.full(shape, -1, dtype=np.int32)
    kind = np.zeros(shape, dtype=np.uint8)
    record = np.repeat(np.arange(len(spans.counts)), spans.counts)
    column = np.arange(len(record)) - np.repeat(spans.first, spans.counts)
    row = (np.cumsum(~long) - 1)[record]
    keep = ~long[record]
    cells = row[keep], column[keep]
    start[cells], end[cells], kind[cells] = spans.start[keep], spans.end[keep], spans.kind[keep]
    return start, end, kind


def values(text: Text, grid: Grid, column: int) -> pa.Array:
    """The values of one column of a stretch: null for an empty field without quotes and for a missing one."""
    return _texts(text.data, grid.base, grid.start[:, column], grid.end[:, column], grid.kind[:, column])


def _texts(
    data: bytes, base: int, start: npt.NDArray[np.int32], end: npt.NDArray[np.int32], kind: npt.NDArray[np.uint8]
) -> pa.Array:
    """The values of fields that follow one another."""
    if not len(start):
        return pa.array([], pa.string())
    missing = start < 0
    if missing.any():
        end = np.maximum.accumulate(np.maximum(end, 0))
        start = np.where(missing, end, start)
    inside = ((kind == QUOTED) | (kind == DOUBLED)).astype(np.int32)
    found = _slices(data, base, start + inside, end - inside, null=(start == end))
    found = _patched(found, kind == DOUBLED, lambda part: pc.replace_substring(part, '""', '"'))
    odd = kind == ODD
    return _patched(found, odd, lambda _: _one_by_one(data, base, start[odd], end[odd]))


class _Gathered:
    """The values of every column, stretch by stretch.

    A stretch with more columns than rows is read field after field and then turned, together with those that follow it:
    to read a column by itself costs more than its few values.
    """

    def __init__(self, text: Text, width: int) -> None:
        self.text = text
        self.pieces: list[list[pa.Array]] = [[] for _ in range(width)]
        self.flat: list[pa.Array] = []  # row by row
        self.size = 0

    def add(self, grid: Grid) -> None:
        """Read the values of the next stretch."""
        rows, width = grid.start.shape
        flat = rows < width
        if not flat or self.size + grid.stop - grid.base > GATHERED:
            self._turn()
        if flat:
            fields = grid.start.ravel(), grid.end.ravel(), grid.kind.ravel()
            self.flat.append(_texts(self.text.data, grid.base, *fields))
            self.size += grid.stop - grid.base
            return
        for position, piece in enumerate(self.pieces):
            piece.append(values(self.text, grid, position))

    def _turn(self) -> None:
        """Make columns of what was read row by row."""
        width = len(self.pieces)
        rows = sum(map(len, self.flat)) // width
        if rows:
            order = np.arange(rows * width).reshape(rows, width).T.ravel()
            turned = pa.concat_arrays(self.flat).take(integers(order))
            for position, piece in enumerate(self.pieces):
                piece.append(turned.slice(position * rows, rows))
        self.flat, self.size = [], 0

    def columns(self) -> list[pa.ChunkedArray]:
        """All that was read, column by column."""
        self._turn()
        return [pa.chunked_array(piece, type=pa.string()) for piece in self.pieces]


def _slices(
    data: bytes, base: int, start: npt.NDArray[np.int32], end: npt.NDArray[np.int32], *, null: npt.NDArray[np.bool_]
) -> pa.Array:
    """Strings between positions that only rise, copied by Arrow's take: every second of value, gap, value, gap …"""
    size = len(start)
    offsets = np.empty(2 * size + 1, dtype=np.int32)
    offsets[0:-1:2], offsets[1::2], offsets[-1] = start, end, end[-1]
    buffer = pa.py_buffer(data).slice(base, int(end[-1]))
    strings = pa.StringArray.from_buffers(2 * size, pa.py_buffer(offsets), buffer)
    indices = integers(np.arange(0, 2 * size, 2, dtype=np.int32), null if null.any() else None)
    return strings.take(indices)


def _patched(array: pa.Array, mask: npt.NDArray[np.bool_], change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Replace the masked values."""
    if not mask.any():
        return array
    where = booleans(mask)
    return pc.replace_with_mask(array, where, change(array.filter(where)))


def _one_by_one(data: bytes, base: int, start: npt.NDArray[np.int32], end: npt.NDArray[np.int32]) -> pa.Array:
    spans = zip(start.tolist(), end.tolist(), strict=True)
    return pa.array([decode_damaged(field_value(data[base + low : base + high])) for low, high in spans], pa.string())


class _Ragged:
    """Counts the records that are too short or too long, and names the first of them."""

    def __init__(self, data: bytes, width: int) -> None:
        self.data, self.width = data, width
        self.padded: list[int] = []
        self.padded_count = 0
        self.rejected: list[tuple[int, int]] = []  # where it starts, how many fields it has
        self.rejected_count = 0

    def note(self, grid: Grid, rows: int) -> None:
        """Count the ragged records of a stretch that follows `rows` accepted records."""
        short = np.flatnonzero(grid.counts < self.width)
        self.padded_count += len(short)
        self.padded += (short[: LISTED - len(self.padded)] + rows + 1).tolist()
        self.rejected_count += len(grid.rejected)
        room = LISTED - len(self.rejected)
        self.rejected += list(zip(grid.rejected[:room].tolist(), grid.rejected_counts[:room].tolist(), strict=True))

    def reasons(self) -> tuple[RejectedRow, ...]:
        """The first rejected records with their lines."""
        found, position, line = [], 0, 1
        for start, fields in self.rejected:
            line += line_ends(self.data, position, start)
            position = start
            found.append(RejectedRow(line=line, reason=f"{fields} fields where the header has {self.width}"))
        return tuple(found)


def line_ends(data: bytes, low: int, high: int) -> int:
    """How many lines end between two positions."""
    return data.count(b"\n", low, high) + data.count(b"\r", low, high) - data.count(b"\r\n", low, high)
