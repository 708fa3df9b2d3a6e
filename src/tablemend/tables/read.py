"""Reading any source into an Arrow table of text or typed columns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from tablemend.errors import LimitExceeded, SourceNotFound, UnreadableSource
from tablemend.records import Column, RejectedRow, Source, TextFormat
from tablemend.tables import arrow, csv, duckdb, excel, http, json, sqlite, text
from tablemend.tables.csv import Progress
from tablemend.tables.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A source as it was read, ready to become a snapshot."""

    table: pa.Table  # `_row` first
    columns: tuple[Column, ...]
    source: Source
    format: TextFormat | None = None  # for delimited text
    original: bytes | None = None  # the source's bytes, for text and JSON
    key: tuple[str, ...] = ()  # primary key columns, from the catalogue
    padded: tuple[int, ...] = ()
    padded_count: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    cut: bool = False  # only its beginning was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a reader needs to read a source."""

    source: Source
    limits: Limits
    progress: Progress | None = None
    headers: Mapping[str, str] | None = None
    url: str | None = None
    body: bytes | None = None
    frame: Any = None
    stdin: BinaryIO | None = None
    most: int | None = None

    @property
    def path(self) -> Path:
        """Where the source's file is."""
        return Path(self.source.location)


def load(
    source: Source,
    limits: Limits | None = None,
    *,
    progress: Progress | None = None,
    headers: Mapping[str, str] | None = None,
    url: str | None = None,
    body: bytes | None = None,
    frame: Any = None,
    stdin: BinaryIO | None = None,
    most: int | None = None,
) -> Loaded:
    """Read a source; raise SourceNotFound, UnreadableSource or LimitExceeded.

    For HTTP and servers of databases, `headers`, `url` (the full one, with the secrets that `parse` left out of the
    record) and `body` (posted) are used and never kept; `most` is the number of bytes after which an answer is cut.
    """
    request = Request(
        source=source,
        limits=limits or Limits(),
        progress=progress,
        headers=headers,
        url=url,
        body=body,
        frame=frame,
        stdin=stdin,
        most=most,
    )
    return _READERS[source.kind](request)


def _file_bytes(request: Request) -> bytes:
    _file_bytes_allowed(request)
    path = request.path
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _filled(data, path.name)


def _file_bytes_allowed(request: Request) -> None:
    """Raise where the file is gone, empty or too large."""
    path = request.path
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceNotFound(f"{path} cannot be found: {error.strerror}.", hint="Check the path.") from error
    request.limits.bytes(size, path.name)
    if not size:
        raise _empty(path.name)


def _unreadable(path: Path, error: OSError) -> UnreadableSource:
    return UnreadableSource(f"{path} cannot be read: {error.strerror}.", hint="Check who may read the file.")


def _empty(name: str) -> UnreadableSource:
    return UnreadableSource(f"{name} is empty.", hint="Give a file whose first line names the columns.")


def _filled(data: bytes, name: str) -> bytes:
    if not data.strip():
        raise _empty(name)
    return data


def _csv_file(request: Request) -> Loaded:
    return _csv(request, _file_bytes(request), request.path.name)


def _csv(request: Request, data: bytes, name: str) -> Loaded:
    source = request.source
    decoded = text.decode(data, name, source.encoding)
    parsed = csv.read(
        decoded,
        delimiter=source.delimiter,
        preferred="\t" if name.lower().endswith((".tsv", ".tab")) else ",",
        limits=request.limits,
        name=name,
        progress=request.progress,
    )
    return Loaded(
        table=parsed.table,
        columns=parsed.columns,
        source=source,
        format=parsed.format,
        original=data,
        padded=parsed.padded,
        padded_count=parsed.padded_count,
        rejected=parsed.rejected,
        rejected_count=parsed.rejected_count,
    )


def _json(request: Request, data: bytes, name: str, *, lines: bool = False) -> Loaded:
    document = json.parse(text.decode(data, name, request.source.encoding).as_str(), name, lines=lines)
    parsed = json.read(document, request.limits, name)
    return Loaded(
        table=parsed.table,
        columns=parsed.columns,
        source=request.source,
        original=data,
        rejected=parsed.rejected,
        rejected_count=parsed.rejected_count,
    )


def _json_file(request: Request) -> Loaded:
    return _json(request, _file_bytes(request), request.path.name)


def _json_lines_file(request: Request) -> Loaded:
    return _json(request, _file_bytes(request), request.path.name, lines=True)


def _sniffed(request: Request, data: bytes, name: str) -> Loaded:
    """JSON where the text reads as such, else delimited text."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        try:
            return _json(request, data, name)
        except UnreadableSource:
            if request.source.delimiter is None and data.lstrip()[:1] == b"{":
                raise
    return _csv(request, data, name)


def _stdin(request: Request) -> Loaded:
    stream = request.stdin or sys.stdin.buffer
    data = stream.read(request.limits.max_bytes + 1)
    request.limits.bytes(len(data), "Standard input")
    return _sniffed(request, _filled(data, "Standard input"), "Standard input")


def _http(request: Request) -> Loaded:
    location = request.source.location
    answer = http.fetch(
        request.url or location, request.limits, headers=request.headers, body=request.body, most=request.most
    )
    data = _filled(answer.data, location)
    is_json = "json" in answer.kind
    if answer.cut:
        data = _whole_lines(data, location, is_json=is_json)
    found = _json(request, data, location) if is_json else _sniffed(request, data, location)
    return replace(found, cut=answer.cut)


def _whole_lines(data: bytes, name: str, *, is_json: bool) -> bytes:
    """The lines that are whole of a text that was cut; LimitExceeded for a document, which says nothing in parts."""
    if is_json or data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["} or b"\n" not in data:
        raise LimitExceeded(
            f"{name} has more than {len(data):,} bytes, and a part of it cannot be read alone.",
            hint="It can be scanned without looking at it first.",
        )
    return data[: data.rindex(b"\n") + 1]


def _typed(request: Request, found: tuple[pa.Table, tuple[Column, ...]], key: tuple[str, ...] = ()) -> Loaded:
    table, columns = found
    return Loaded(table=table, columns=columns, source=request.source, key=key)


def _excel_file(request: Request) -> Loaded:
    _file_bytes_allowed(request)
    return _typed(request, excel.read(request.path, request.source.sheet, request.limits))


def _parquet_file(request: Request) -> Loaded:
    _file_bytes_allowed(request)
    return _typed(request, arrow.read_parquet(request.path, request.limits))


def _arrow_file(request: Request) -> Loaded:
    _file_bytes_allowed(request)
    return _typed(request, arrow.read_arrow(request.path, request.limits))


def _sqlite_file(request: Request) -> Loaded:
    _file_bytes_allowed(request)
    table, columns, key = sqlite.read(request.path, request.source.table, request.source.sql, request.limits)
    return _typed(request, (table, columns), key)


def _duckdb_file(request: Request) -> Loaded:
    _file_bytes_allowed(request)
    table, columns, key = duckdb.read(request.path, request.source.table, request.source.sql, request.limits)
    return _typed(request, (table, columns), key)


def _server(request: Request) -> Loaded:
    from tablemend.databases.database import Database
    from tablemend.tables import server

    with Database(request.url or request.source.location, purpose="scan") as database:
        table, columns, key = server.read(database, request.source, request.limits, request.progress)
    return _typed(request, (table, columns), key)


def _frame(request: Request) -> Loaded:
    if request.frame is None:
        raise UnreadableSource(
            f"The frame {request.source.name} is not at hand.", hint="Give the frame again; it is not kept."
        )
    return _typed(request, arrow.table_of(request.frame, request.source.name, request.limits))


_READERS: dict[str, Callable[[Request], Loaded]] = {
    "arrow": _arrow_file,
    "csv": _csv_file,
    "duckdb": _duckdb_file,
    "frame": _frame,
    "http": _http,
    "json": _json_file,
    "mssql": _server,
    "mysql": _server,
    "postgresql": _server,
    "snowflake": _server,
    "jsonl": _json_lines_file,
    "parquet": _parquet_file,
    "sqlite": _sqlite_file,
    "stdin": _stdin,
    "xlsx": _excel_file,
}
