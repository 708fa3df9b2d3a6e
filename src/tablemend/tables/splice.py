"""Writing a text file back so that only the cells and rows that differ change their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.errors import OutputError
from tablemend.tables.buffers import integers, numbers, truths
from tablemend.tables.columns import ROW, named
from tablemend.tables.csv import NEVER, Grid, Layout, grids, headers_of, layout, values
from tablemend.tables.text import Text
from tablemend.tables.tokens import DOUBLED, QUOTED, is_open
from tablemend.tables.values import as_one, as_text

_EMPTY = b'""'


def splice(text: Text, delimiter: str, table: pa.Table, name: str) -> Iterator[bytes]:
    """The original text with the values of `table`, in pieces of UTF-8.

    Records are matched by `_row`. Records that the table lacks are left out; rejected records and blank lines stay.
    """
    plan = layout(text, delimiter, delimiter, name)
    table = in_order(table)
    names = [column.name for column in named(headers_of(plan))]
    writer = _Writer(text, plan, table, names)
    yield from writer.head()
    yield from writer.body()


def in_order(table: pa.Table) -> pa.Table:
    """The rows by `_row`."""
    rows = numbers(as_one(table[ROW]))
    return table if (rows[1:] > rows[:-1]).all() else table.sort_by(ROW)


def render(value: str | None, delimiter: str, *, quoted: bool = False) -> bytes:
    """A value as a field: nothing for None, quotes for an empty text and where the text needs them."""
    if value is None:
        return b""
    if not value or quoted or any(mark in value for mark in (delimiter, '"', "\r", "\n")):
        return b'"' + value.replace('"', '""').encode() + b'"'
    return value.encode()


class _Writer:
    def __init__(self, text: Text, plan: Layout, table: pa.Table, names: list[str]) -> None:
        self.text, self.plan, self.names = text, plan, names
        self.table = table
        self.ids: npt.NDArray[np.int64] = numbers(as_one(table[ROW]))
        self.wanted = [name for name in table.column_names if name != ROW]
        self.mark = plan.delimiter.encode()
        self.blank = self.mark if plan.width > 1 else _EMPTY  # a record of nothing that is no blank line
        self.open_quote = any(is_open(raw) for raw in plan.header)

    def head(self) -> Iterator[bytes]:
        """The header record and what stands before it."""
        if self.wanted == self.names:
            yield self.text.data[: self.plan.body]
            return
        known = dict(zip(self.names, self.plan.header, strict=False))
        fields = [known.get(name) or render(name, self.plan.delimiter) for name in self.wanted]
        yield self.text.data[: self.text.start] + self.mark.join(fields) + self.plan.newline.encode()

    def body(self) -> Iterator[bytes]:
        """The records."""
        rows, written = 0, self.plan.body
        write = self._spliced if self.wanted == self.names else self._rebuilt
        for grid in grids(self.text, self.plan):
            chunk = _Chunk(self, grid, rows)
            yield write(chunk)
            rows += len(grid.counts)
            written = grid.stop
        yield from self._added(rows, written)

    def _spliced(self, chunk: _Chunk) -> bytes:
        """A stretch of the original with edits."""
        data, base = self.text.data, chunk.grid.base
        pieces: list[bytes] = []
        position = base
        for start, end, new in sorted(chunk.edits(), key=itemgetter(0, 1)):
            pieces += (data[position : base + start], new)
            position = base + end
        pieces.append(data[position : chunk.grid.stop])
        return b"".join(pieces)

    def _rebuilt(self, chunk: _Chunk) -> bytes:
        """Records with other columns than the original; cells that did not change keep their bytes."""
        columns = [chunk.fields(name) for name in self.wanted]
        pieces = [self.mark.join(fields) or _EMPTY for fields in zip(*columns, strict=True)]
        return b"".join(piece + end for piece, end in zip(pieces, chunk.line_ends(), strict=True))

    def _added(self, rows: int, written: int) -> Iterator[bytes]:
        """Rows that the original lacks, at the end."""
        added = self.table.slice(int(np.searchsorted(self.ids, rows, side="right")))
        if not added.num_rows:
            return
        newline = self.plan.newline.encode()
        if self.text.data[written - 1 : written] not in (b"\n", b"\r"):
            yield newline
        for values_of_row in zip(*(as_text(added[name]).to_pylist() for name in self.wanted), strict=True):
            line = self.mark.join(render(value, self.plan.delimiter) for value in values_of_row)
            yield (line or _EMPTY) + newline


class _Chunk:
    """One stretch of the original beside the rows of the table that belong to it."""

    def __init__(self, writer: _Writer, grid: Grid, rows: int) -> None:
        self.writer, self.grid = writer, grid
        self.low, self.high = np.searchsorted(writer.ids, (rows + 1, rows + len(grid.counts) + 1))
        self.present = writer.ids[self.low : self.high] - rows - 1  # positions in the grid
        self.whole = len(self.present) == len(grid.counts)
        self.open_from = 0 if writer.open_quote else grid.open_from
        writer.open_quote = self.open_from < NEVER

    def edits(self) -> Iterator[tuple[int, int, bytes]]:
        """What to replace, from and to positions in the stretch."""
        yield from self._removals()
        late: dict[int, dict[int, bytes]] = {}
        emptied: list[tuple[int, int, int]] = []
        for column, name in enumerate(self.writer.names):
            for row, new in self._changes(column, name):
                start, end = int(self.grid.start[row, column]), int(self.grid.end[row, column])
                if start < 0:
                    late.setdefault(row, {})[column] = new
                elif new or self.grid.counts[row] > 1:
                    yield start, end, new
                else:
                    emptied.append((row, start, end))
        for row, start, end in emptied:
            yield start, end, b"" if row in late else self.writer.blank
        for row, fields in late.items():
            yield self._late(row, fields)

    def _late(self, row: int, fields: dict[int, bytes]) -> tuple[int, int, bytes]:
        """Fields behind the last one of a short record."""
        count = int(self.grid.counts[row])
        end = int(self.grid.end[row, count - 1])
        added = [fields.get(column, b"") for column in range(count, max(fields) + 1)]
        return end, end, b"".join(self.writer.mark + field for field in added)

    def fields(self, name: str) -> list[bytes]:
        """The bytes of one column of the rows that are left."""
        writer = self.writer
        if name not in writer.names:
            found = as_text(writer.table[name].slice(self.low, self.high - self.low)).to_pylist()
            return [render(value, writer.plan.delimiter) for value in found]
        column = writer.names.index(name)
        changed = dict(self._changes(column, name))
        data, base = writer.text.data, self.grid.base
        start, end = self.grid.start[self.present, column].tolist(), self.grid.end[self.present, column].tolist()
        raw = [data[base + low : base + high] if low >= 0 else b"" for low, high in zip(start, end, strict=True)]
        return [changed.get(row, old) for row, old in zip(self.present.tolist(), raw, strict=True)]

    def line_ends(self) -> list[bytes]:
        """The line ends of the rows that are left."""
        last = self.grid.counts[self.present] - 1
        start = (self.grid.end[self.present, last] + self.grid.base).tolist()
        stop = (self.grid.after[self.present] + self.grid.base).tolist()
        return [self.writer.text.data[low:high] for low, high in zip(start, stop, strict=True)]

    def _removals(self) -> Iterator[tuple[int, int, bytes]]:
        if self.whole:
            return
        gone = np.ones(len(self.grid.counts), dtype=bool)
        gone[self.present] = False
        for row in np.flatnonzero(gone).tolist():
            yield int(self.grid.start[row, 0]), int(self.grid.after[row]), b""

    def _changes(self, column: int, name: str) -> list[tuple[int, bytes]]:
        """Rows of the stretch whose value differs, and the new bytes."""
        old = values(self.writer.text, self.grid, column)
        if not self.whole:
            old = old.take(integers(self.present))
        new = as_text(self.writer.table[name].slice(self.low, self.high - self.low))
        if new.equals(old):
            return []
        where = np.flatnonzero(differing(old, new))
        rows = self.present[where]
        quoted = np.isin(self.grid.kind[rows, column], (QUOTED, DOUBLED)).tolist()
        delimiter = self.writer.plan.delimiter
        found = zip(rows.tolist(), new.take(integers(where)).to_pylist(), quoted, strict=True)
        changes = [(row, render(value, delimiter, quoted=was)) for row, value, was in found]
        if any(row >= self.open_from and b'"' in new for row, new in changes):
            raise OutputError(
                "A quote in the source is never closed, and a new value behind it needs quotes of its own.",
                hint="Close the quote in the source, or export to another format.",
            )
        return changes


def differing(old: pa.Array, new: pa.Array) -> npt.NDArray[np.bool_]:
    """Which values of two arrays differ, a null from anything but a null."""
    unequal = pc.coalesce(pc.not_equal(new, old), pc.xor(old.is_null(), new.is_null()))
    return truths(unequal)
