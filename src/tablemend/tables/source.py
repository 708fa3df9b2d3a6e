"""What a user names as a source: a path, a URL, standard input or a frame."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from tablemend.errors import SourceNotFound, UnreadableSource
from tablemend.records import Source

KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xlsb": "xlsx",
    ".xls": "xlsx",
    ".ods": "xlsx",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db": "sqlite",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
}
"""Kind of source for each suffix."""

SERVERS = ("postgresql", "mysql", "mssql", "snowflake")
"""Kinds of database that a server holds."""

_SERVER_SCHEMES = {*SERVERS, "postgres", "mariadb"}

_SIGNATURES = (
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1", "arrow"),
    (0, b"SQLite format 3\0", "sqlite"),
    (8, b"DUCK", "duckdb"),
    (0, b"PK\x03\x04", "xlsx"),
    (0, b"\xd0\xcf\x11\xe0", "xlsx"),
)
_SECRET = re.compile(r"(?i)pass|pwd|secret|token|api_?key|^key$|sig(nature)?$|auth")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
STDIN = "-"


def parse(
    text: str,
    *,
    table: str | None = None,
    sql: str | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    name: str | None = None,
) -> Source:
    """Read what a user typed as a source; the record never holds a password.

    Raises SourceNotFound or UnreadableSource where it cannot be one.
    """
    kind, location, named_table, stem = _resolve(text)
    table = table or named_table
    _must_agree(without_secrets(text), kind, table, sql)
    return Source(
        kind=kind,
        location=location,
        name=name or (table if kind in SERVERS and table else "_".join(filter(None, (stem, table)))),
        table=table,
        sql=sql,
        sheet=sheet,
        delimiter=_one_character(delimiter),
        encoding=encoding,
    )


def _must_agree(shown: str, kind: str, table: str | None, sql: str | None) -> None:
    if sql is not None and table is not None:
        raise UnreadableSource("Both a table and a query are named.", hint="Name one of them.")
    if kind in SERVERS and sql is None and table is None:
        raise UnreadableSource(
            f"{shown} is a database, and no table of it is named.", hint="Add #table or #schema.table, or a query."
        )
    if (sql or table) and kind not in {"sqlite", "duckdb", *SERVERS}:
        raise UnreadableSource(
            f"{shown} is not a database, so it has no table or query.", hint="Leave out the table or query."
        )


def _one_character(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    meant = {"\\t": "\t", "tab": "\t"}.get(delimiter.lower(), delimiter)
    if len(meant) != 1 or not meant.isascii() or meant in '"\r\n\0':
        raise UnreadableSource(
            f"{delimiter!r} cannot be a delimiter.", hint="Name one character, such as , or ; or \\t."
        )
    return meant


def from_frame(frame: Any, name: str = "frame") -> Source:
    """Source for anything that offers `__arrow_c_stream__`, such as a pandas, polars or Arrow table."""
    if not hasattr(frame, "__arrow_c_stream__"):
        raise UnreadableSource(
            f"A {type(frame).__name__} is not a table.",
            hint="Give a path, a URL, or a frame of pandas, polars or pyarrow.",
        )
    return Source(kind="frame", location="", name=name)


def without_secrets(text: str) -> str:
    """A URL without its password and without query values that look like secrets; other text as it is."""
    if not _SCHEME.match(text):
        return text
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    query = parse_qsl(parts.query, keep_blank_values=True)
    if any(_SECRET.search(key) for key, _ in query):
        query = [(key, "***" if _SECRET.search(key) else value) for key, value in query]
        parts = parts._replace(query=urlencode(query, safe="*"))
    return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host))


def _resolve(text: str) -> tuple[str, str, str | None, str]:
    """Kind, location, table and name of a source."""
    if text == STDIN:
        return "stdin", STDIN, None, "stdin"
    scheme = _SCHEME.match(text)
    if scheme:
        return _resolve_url(text, scheme[1].lower())
    path, table = _split_table(text)
    return _kind_of(path), str(path), table, path.stem


def _resolve_url(text: str, scheme: str) -> tuple[str, str, str | None, str]:
    if scheme in {"http", "https"}:
        parts = urlsplit(text)
        return "http", without_secrets(text), None, Path(parts.path).stem or parts.hostname or "http"
    if scheme in {"sqlite", "duckdb"}:
        place, _, table = text.split("://", 1)[1].partition("#")
        path = Path(unquote(place[1:] if place.startswith("/") else place))
        _must_be_file(path)
        return scheme, str(path), unquote(table) or None, path.stem
    if scheme.partition("+")[0] in _SERVER_SCHEMES:
        return _resolve_server(text)
    if scheme == "file":
        return _resolve(unquote(urlsplit(text).path))
    raise UnreadableSource(
        f"{without_secrets(text)}: sources of the kind {scheme}:// are not supported yet.",
        hint="Use a file, postgresql://, mysql://, sqlite:///, duckdb:/// or http(s)://.",
    )


def _resolve_server(text: str) -> tuple[str, str, str | None, str]:
    from tablemend.databases.urls import parse as parse_url

    url, address = parse_url(text)
    table = ".".join(each for each in (address.schema, address.table) if each) or None
    return address.kind, address.url, table, url.database or address.kind


def _split_table(text: str) -> tuple[Path, str | None]:
    """A path with `#table` behind it, unless a file has that very name."""
    before, mark, table = text.rpartition("#")
    if mark and not Path(text).exists() and Path(before).exists():
        return Path(before), table or None
    return Path(text), None


def _kind_of(path: Path) -> str:
    _must_be_file(path)
    kind = KINDS.get(path.suffix.lower())
    if kind in {"sqlite", None} or path.stat().st_size == 0:
        return _signed(path) or kind or "csv"
    return kind or "csv"


def _signed(path: Path) -> str | None:
    """Kind of a file by its first bytes, or by its first character for text."""
    with path.open("rb") as file:
        head = file.read(64)
    for position, mark, kind in _SIGNATURES:
        if head[position:].startswith(mark):
            return kind
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return "json" if start[:1] in {b"{", b"["} and not path.suffix else None


def _must_be_file(path: Path) -> None:
    if path.is_dir():
        raise UnreadableSource(f"{path} is a directory.", hint="Name a file in it.")
    if path.exists():
        return
    folder = path.parent
    if not folder.is_dir():
        raise SourceNotFound(f"{path} does not exist: there is no folder {folder}.", hint="Check the path.")
    near = sorted(each.name for each in folder.iterdir() if each.suffix.lower() in KINDS)[:8]
    hint = f"The folder holds {', '.join(near)}." if near else "The folder holds no table file."
    raise SourceNotFound(f"{path} does not exist.", hint=hint)
