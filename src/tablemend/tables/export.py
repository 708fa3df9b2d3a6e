"""Writing a snapshot to a file: a text source with only its changes, anything else anew."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

from tablemend.errors import OutputError
from tablemend.records import Snapshot, Source
from tablemend.tables import excel, json_export, text
from tablemend.tables.columns import ROW
from tablemend.tables.files import write_whole
from tablemend.tables.formulas import harmless, harmless_column
from tablemend.tables.snapshot import Snapshots
from tablemend.tables.splice import in_order, render, splice
from tablemend.tables.values import as_text

STDOUT = "-"
_TEXT = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": ","}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A snapshot on its way to a file."""

    snapshot: Snapshot
    snapshots: Snapshots
    sheets: Sequence[tuple[str, pa.Table]] = ()
    safe: bool = False  # no text that a spreadsheet would run

    def table(self) -> pa.Table:
        """The values, without `_row`."""
        return self.rows().drop_columns([ROW])

    def rows(self) -> pa.Table:
        """The values, `_row` first, in its order."""
        return in_order(self.snapshots.read(self.snapshot.hash))


def export(
    snapshot: Snapshot,
    snapshots: Snapshots,
    out: str | Path,
    *,
    sheets: Sequence[tuple[str, pa.Table]] = (),
    overwrite: bool = False,
    safe: bool = False,
) -> Path | None:
    """Write a snapshot to `out`, whose suffix decides the format; `-` is standard output.

    A snapshot of a text or JSON file that goes to the same kind of file keeps all that did not change. Further
    `sheets` (title, table) go into a workbook. `safe` writes a text file anew from its values, in UTF-8, with an
    apostrophe before texts that a spreadsheet would run; workbooks mark these as text without it. Returns where it was
    written. Raises OutputError for a target that cannot be written, or that is the source while `overwrite` is false.
    """
    job = Export(snapshot=snapshot, snapshots=snapshots, sheets=sheets, safe=safe)
    if str(out) == STDOUT:
        for piece in _delimited(job, _own_delimiter(snapshot)):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return None
    target = check_target(out, snapshot.source, overwrite=overwrite)
    writer = _WRITERS[target.suffix.lower()]
    try:
        write_whole(target, lambda path: writer(job, path, target))
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written: {error.strerror or error}.", hint="Choose a folder that you may write to."
        ) from error
    return target


def check_target(
    out: str | Path, source: Source | None = None, *, further: Sequence[str] = (), overwrite: bool = False
) -> Path:
    """Raise OutputError where `out` cannot be written, before any work is done; `further` suffixes count as known."""
    path = Path(out)
    known = sorted({*_WRITERS, *further})
    if path.is_dir():
        raise OutputError(f"{out} is a directory", hint="Name a file in it.")
    if path.suffix.lower() not in known:
        raise OutputError(f"{out} has a suffix that names no format", hint=f"Use one of {', '.join(known)}.")
    if not path.parent.is_dir():
        raise OutputError(f"{out} cannot be written: there is no folder {path.parent}", hint="Make the folder first.")
    origin = Path(source.location) if source else None
    if not overwrite and path.exists() and origin is not None and origin.is_file() and path.samefile(origin):
        raise OutputError(f"{out} is the source itself", hint="Name another file, or ask to overwrite it.")
    return path.resolve()


def _own_delimiter(snapshot: Snapshot) -> str:
    return snapshot.format.delimiter if snapshot.format else ","


def _write_delimited(job: Export, path: Path, target: Path) -> None:
    own = job.snapshot.format
    suffix = target.suffix.lower()
    alike = own is not None and (own.delimiter == "\t") == (_TEXT[suffix] == "\t")
    same = Path(job.snapshot.source.location).suffix.lower() == suffix  # also a .csv that holds tabs
    delimiter = _own_delimiter(job.snapshot) if alike or same or suffix == ".txt" else _TEXT[suffix]
    with path.open("wb") as file:
        file.writelines(_delimited(job, delimiter))


def _delimited(job: Export, delimiter: str) -> Iterable[bytes]:
    form, original = job.snapshot.format, job.snapshot.original
    if job.safe or form is None or original is None or form.delimiter != delimiter:
        return _fresh(job, delimiter)
    decoded = text.decode(job.snapshots.original(original), job.snapshot.dataset, form.encoding)
    pieces = splice(decoded, delimiter, job.rows(), job.snapshot.dataset)
    if decoded.encoding == "utf-8":
        return pieces
    try:
        return [decoded.encode(b"".join(pieces))]
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{error.object[error.start]!r} cannot be written in {decoded.encoding}, the encoding of the source.",
            hint="Export to .parquet, .xlsx or .json, or reject the repair that brings this character in.",
        ) from error


def _fresh(job: Export, delimiter: str) -> Iterator[bytes]:
    """Delimited text in UTF-8, made from values alone, under the headers of the source."""
    table, mark = job.table(), delimiter.encode()
    known = {column.name: column.header for column in job.snapshot.columns}
    headers = [known.get(name, name) or None for name in table.column_names]
    if job.safe:
        headers = [header and harmless(header) for header in headers]
    yield mark.join(render(header, delimiter) for header in headers) + b"\n"
    for batch in table.to_batches(max_chunksize=1 << 16):
        columns = [_texts(job, pa.chunked_array([column])).to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield (mark.join(render(value, delimiter) for value in row) or b'""') + b"\n"


def _texts(job: Export, column: pa.ChunkedArray) -> pa.Array:
    texts = as_text(column)
    return harmless_column(column, texts) if job.safe else texts


def _write_json(job: Export, path: Path, target: Path) -> None:
    lines = target.suffix.lower() not in {".json"}
    path.write_bytes(json_export.rendered(job.snapshot, job.snapshots, job.rows(), lines=lines))


def _write_parquet(job: Export, path: Path, _: Path) -> None:
    pq.write_table(job.table(), path, compression="zstd", compression_level=1)


def _write_arrow(job: Export, path: Path, _: Path) -> None:
    table = job.table()
    with pa.OSFile(str(path), "wb") as file, ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _write_excel(job: Export, path: Path, target: Path) -> None:
    excel.write(path, [(job.snapshot.dataset, job.table()), *job.sheets], target)


_WRITERS: dict[str, Callable[[Export, Path, Path], None]] = {
    **dict.fromkeys(_TEXT, _write_delimited),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), _write_json),
    **dict.fromkeys((".parquet", ".pq"), _write_parquet),
    **dict.fromkeys((".arrow", ".feather", ".ipc"), _write_arrow),
    ".xlsx": _write_excel,
}
