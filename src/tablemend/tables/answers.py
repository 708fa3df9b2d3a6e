"""Answers as files: delimited text, a workbook, or Parquet."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tablemend.errors import OutputError
from tablemend.tables import excel
from tablemend.tables.files import write_whole
from tablemend.tables.formulas import harmless, harmless_column
from tablemend.tables.splice import render
from tablemend.tables.values import as_text

FORMATS = ("csv", "tsv", "xlsx", "parquet")
"""Kinds of files, by their suffix."""


def write(table: pa.Table, path: str | Path, *, title: str = "answer") -> Path:
    """Write a table to a file whose suffix tells its kind; OutputError where it cannot be written."""
    target = Path(path)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise OutputError(f"{path} has a suffix that names no format", hint=f"Use one of {', '.join(FORMATS)}.")
    if not target.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {target.parent}", hint="Make it first.")
    try:
        write_whole(target, lambda part: _write(table, part, kind, title))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    return target


def content(table: pa.Table, kind: str, *, title: str = "answer") -> bytes:
    """A table as the bytes of a file of a kind, one of FORMATS."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"answer.{kind}"
        _write(table, path, kind, title)
        return path.read_bytes()


def _write(table: pa.Table, path: Path, kind: str, title: str) -> None:
    if kind == "parquet":
        pq.write_table(table, path, compression="zstd", compression_level=1)
    elif kind == "xlsx":
        excel.write(path, [(title, table)], path)
    else:
        path.write_bytes(_delimited(table, "," if kind == "csv" else "\t"))


def _delimited(table: pa.Table, delimiter: str) -> bytes:
    """Delimited text in UTF-8; no text of it is one that a spreadsheet would run."""
    mark = delimiter.encode()
    lines = [mark.join(render(harmless(name), delimiter) for name in table.column_names)]
    columns = [harmless_column(column, as_text(column)).to_pylist() for column in table.columns]
    lines += [mark.join(render(value, delimiter) for value in row) or b'""' for row in zip(*columns, strict=True)]
    return b"\n".join(lines) + b"\n"
