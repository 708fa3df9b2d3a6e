"""Reading any source into an Arrow table of text or typed columns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from tablemend.errors import UnreadableSource
from tablemend.records import Column, RejectedRow, Source, TextFormat
from tablemend.tables import csv, text
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a reader needs to read a source."""

    source: Source
    limits: Limits
    progress: Progress | None = None
    headers: Mapping[str, str] | None = None
    url: str | None = None
    frame: Any = None
    stdin: BinaryIO | None = None


def load(
    source: Source,
    limits: Limits | None = None,
    *,
    progress: Progress | None = None,
    headers: Mapping[str, str] | None = None,
    url: str | None = None,
    frame: Any = None,
    stdin: BinaryIO | None = None,
) -> Loaded:
    """Read a source; raise SourceNotFound, UnreadableSource or LimitExceeded.

    `headers` and `url` (the full URL, with what `parse` left out of the record) are used and never kept.
    """
    request = Request(
        source=source,
        limits=limits or Limits(),
        progress=progress,
        headers=headers,
        url=url,
        frame=frame,
        stdin=stdin,
    )
    return _READERS[source.kind](request)


def _file_bytes(request: Request) -> bytes:
    path = Path(request.source.location)
    request.limits.bytes(path.stat().st_size, path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableSource(
            f"{path} cannot be read: {error.strerror}.", hint="Check who may read the file."
        ) from error
    return _filled(data, path.name)


def _filled(data: bytes, name: str) -> bytes:
    if not data.strip():
        raise UnreadableSource(f"{name} is empty.", hint="Give a file whose first line names the columns.")
    return data


def _csv_file(request: Request) -> Loaded:
    return csv_bytes(request, _file_bytes(request), Path(request.source.location).name)


def csv_bytes(request: Request, data: bytes, name: str) -> Loaded:
    """Delimited text as a loaded source."""
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


def _stdin(request: Request) -> Loaded:
    stream = request.stdin or sys.stdin.buffer
    data = stream.read(request.limits.max_bytes + 1)
    request.limits.bytes(len(data), "Standard input")
    return csv_bytes(request, _filled(data, "Standard input"), "Standard input")


_READERS: dict[str, Callable[[Request], Loaded]] = {
    "csv": _csv_file,
    "stdin": _stdin,
}
