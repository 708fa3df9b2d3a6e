"""Looking into a source before it is scanned: its columns with types, its first rows, the parts that it has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tablemend.errors import UnreadableSource
from tablemend.records import Record, Source

if TYPE_CHECKING:
    from tablemend.store.datasets import Dataset
    from tablemend.tables.read import Loaded
    from tablemend.workspace.state import State

SHOWN = 20
"""Rows of a preview."""
ROWS = 5_000
"""Rows that types are told by: a profile of them takes a tenth of a second."""
SECONDS = 10.0
"""Most seconds that a query on a file may take in a preview: a person waits for it, and others for their turn."""
HEAD = 2**20
"""Bytes of a long text that a preview reads: thousands of rows, and quick."""

_TEXTS = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson")


class PreviewColumn(Record, frozen=True, kw_only=True):
    """A column of a source, by its first rows."""

    name: str
    header: str
    type: str
    semantic: str


class SourcePreview(Record, frozen=True, kw_only=True):
    """A source before it is scanned."""

    kind: str  # csv, json, xlsx, postgresql, …
    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]  # the first ones
    row_count: int | None  # None where only the beginning was read
    sheet: str = ""  # of a workbook: the one that is shown
    table: str = ""  # of a database: the one that is shown
    delimiter: str = ""  # of delimited text
    encoding: str = ""  # of text, as far as it was told
    padded_rows: int = 0
    rejected_rows: int = 0


def preview(workspace: State, source: str, options: Mapping[str, str | None]) -> SourcePreview:
    """The columns and first rows of a source; raises SourceError where it cannot be read as a table."""
    from tablemend.repair.reading import parsed
    from tablemend.tables.source import SERVERS

    place = parsed(source, options)
    if place.kind in SERVERS:
        loaded = _server(workspace, source, place)
        return shown(workspace, loaded, place, partly=loaded.table.num_rows >= ROWS)
    if place.kind in ("sqlite", "duckdb"):
        loaded = load(workspace, str(source), _first_rows(place), seconds=SECONDS)
        return shown(workspace, loaded, place, partly=loaded.table.num_rows >= ROWS)
    if place.kind == "http":
        loaded = load(workspace, source, options, most=HEAD)
        return shown(workspace, loaded, place, partly=loaded.cut)
    path = Path(place.location)
    with beginning(path) as short:
        part = None if short is None else _part(workspace, short, options)
    return shown(workspace, part or load(workspace, source, options), place, partly=part is not None)


def fed(workspace: State, source: str, options: Mapping[str, str | None], name: str | None) -> Dataset | None:
    """The dataset that a scan of a source would give a version to; None where it would make a new one."""
    from tablemend.repair.reading import parsed
    from tablemend.store.datasets import dataset_id

    place = parsed(source, options, name)
    return workspace.ready().datasets.find(dataset_id(place, workspace.snapshots.folder))


def load(
    workspace: State,
    source: str,
    options: Mapping[str, str | None],
    *,
    most: int | None = None,
    seconds: float | None = None,
) -> Loaded:
    """A source as it is read for a scan; of the web at most so many bytes, of a file of a database for so long."""
    from tablemend.repair.reading import read
    from tablemend.telemetry import silent

    settings = workspace.settings
    if seconds is not None:
        settings = settings.model_copy(update={"push_down_timeout": min(seconds, settings.push_down_timeout)})
    return read(source, settings, silent, options=options, most=most)


def parts(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sheets of a workbook, and the tables of a file that is a database; raises SourceError."""
    from tablemend.tables import duckdb, excel, source, sqlite

    kind = source.parse(str(path)).kind
    sheets = excel.sheets(path) if kind == "xlsx" else ()
    tables = sqlite.tables(path) if kind == "sqlite" else duckdb.tables(path) if kind == "duckdb" else ()
    return tuple(sheets), tuple(tables)


def shown(workspace: State, loaded: Loaded, place: Source, *, partly: bool) -> SourcePreview:
    """What is shown of a source that was read, whole or its beginning."""
    from tablemend.tables.values import speak

    first = loaded.table.slice(0, SHOWN)
    columns = [[speak(value) for value in first[each.name].to_pylist()] for each in loaded.columns]
    written = loaded.format
    return SourcePreview(
        kind=loaded.source.kind,
        columns=_described(workspace, loaded),
        rows=tuple(zip(*columns, strict=True)),
        row_count=None if partly else loaded.table.num_rows,
        sheet=loaded.source.sheet or "",
        table=place.table or "",
        delimiter=written.delimiter if written else "",
        encoding=written.encoding if written else "",
        padded_rows=loaded.padded_count,
        rejected_rows=loaded.rejected_count,
    )


def _described(workspace: State, loaded: Loaded) -> tuple[PreviewColumn, ...]:
    """Columns with the types that a scan would find in the first thousands of rows."""
    from tablemend.quality.profile import profile
    from tablemend.repair import relation

    with workspace._session() as session:
        relation.register(session, loaded.table.slice(0, ROWS), loaded.columns)
        found = profile(session, relation.DATA, loaded.columns)
    return tuple(
        PreviewColumn(name=each.name, header=own.header, type=each.type, semantic=each.semantic)
        for own, each in zip(loaded.columns, found.columns, strict=True)
    )


def _first_rows(place: Source) -> dict[str, str | None]:
    """How the first rows of a table or query in a file are read."""
    from tablemend.engine import sql as syntax
    from tablemend.tables.sqlite import choose

    if place.sql:
        return {"sql": f"SELECT * FROM ({place.sql.strip().rstrip(';')}\n) AS q LIMIT {ROWS}"}
    path = Path(place.location)
    chosen = choose(parts(path)[1], place.table, path)
    names = chosen.split(".", 1) if place.kind == "duckdb" else [chosen]
    return {"sql": f"SELECT * FROM {'.'.join(map(syntax.name, names))} LIMIT {ROWS}"}


def _server(workspace: State, source: str, place: Source) -> Loaded:
    from tablemend.databases.database import Database
    from tablemend.databases.pool import limits
    from tablemend.repair.reading import limits_of
    from tablemend.tables import server
    from tablemend.tables.read import Loaded

    with Database(source, limits=limits(workspace.settings), purpose="preview") as database:
        table, columns, key = server.read(database, place, limits_of(workspace.settings), first=ROWS)
    return Loaded(table=table, columns=columns, source=place, key=key)


def _part(workspace: State, short: Path, options: Mapping[str, str | None]) -> Loaded | None:
    """The beginning of a file, where it can be read alone; a quoted cell may be cut in two."""
    try:
        return load(workspace, str(short), options)
    except UnreadableSource:
        return None


@contextmanager
def beginning(path: Path) -> Iterator[Path | None]:
    """A file of the beginning of a long text, up to the end of a line; none for any other file."""
    if path.suffix.lower() not in _TEXTS or path.stat().st_size <= HEAD:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, path.open("rb") as file:
        head = file.read(HEAD)
        whole, newline, _ = head.rpartition(b"\n")
        short = Path(folder) / path.name
        short.write_bytes(whole + newline)
        yield short if newline else None
