"""What may be asked of a database: one statement that reads, and none that writes or changes the session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from tablemend.caching.statements import CHANGES, DIALECTS, effect

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tablemend.databases.database import Database

_PLANS = {"explain", "describe", "desc"}
_BEGINNINGS = {"select", "with", "values", "table", "show", *_PLANS}
_OBEYED = re.compile(r"/\*M?!", re.I)  # comments that MySQL and MariaDB carry out
_RUN = re.compile(r"\banaly[sz]e\b", re.I)
_BATCHES = {"postgresql", "duckdb"}  # whose drivers take several statements at once


def refusal(sql: str, kind: str) -> str:
    """Why a text is not to be asked of a kind of database, in words; "" where it may."""
    try:
        tokens = sqlglot.tokenize(sql, dialect=DIALECTS.get(kind, kind))
    except SqlglotError:
        return "its SQL is not understood"
    if kind == "mysql" and _OBEYED.search(sql):
        return "a comment in it would be carried out"
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if _several(sql, kind, tokens):
        return "it may hold several statements"
    words = [each.text.lower() for each in tokens if _is_word(each)]
    first = words[0] if words else ""
    if words and first not in _BEGINNINGS and not (first == "from" and kind == "duckdb"):
        return f"it begins with {first.upper()}, not with SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN"
    if first in _PLANS:  # of which the rest is one token
        return "EXPLAIN ANALYZE runs what it explains" if _RUN.search(sql) else ""
    return "it would write to a table or file" if "into" in words or _changes(sql, kind) else ""


def is_plain(sql: str, kind: str) -> bool:
    """Whether it certainly leaves the session as it was."""
    return ":=" not in sql and not effect(sql, kind).unknown


def _several(sql: str, kind: str, tokens: list[Token]) -> bool:
    if any(each.token_type is TokenType.SEMICOLON for each in tokens):
        return True
    inside = sql[: tokens[-1].end + 1] if tokens else ""
    return kind in _BATCHES and ";" in inside and "\\" in inside  # where a text ends may be seen in two ways


def _is_word(token: Token) -> bool:
    quoted = token.token_type is TokenType.IDENTIFIER or "STRING" in token.token_type.name
    return not quoted and token.text[:1].isalpha()


def _changes(sql: str, kind: str) -> bool:
    try:
        found = sqlglot.parse(sql, dialect=DIALECTS.get(kind, kind))
    except Exception:  # noqa: BLE001 - of whatever kind: the database says what is wrong
        return False
    return any(each is not None and each.find(*CHANGES, exp.Into) is not None for each in found)


class Discarding:
    """A database whose connections are closed after use, so that nothing that a query did to a session stays."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @contextmanager
    def connect(self, *, read_only: bool = False, timeout: float | None = None) -> Iterator[sa.Connection]:
        """A connection that nobody uses again."""
        with self._database.connect(read_only=read_only, timeout=timeout) as connection:
            try:
                yield connection
            finally:
                if not connection.invalidated:
                    connection.invalidate()

    @contextmanager
    def adbc(self, *, read_only: bool = False, timeout: float | None = None) -> Iterator[Any]:
        """An ADBC connection that nobody uses again."""
        with self._database.adbc(read_only=read_only, timeout=timeout) as connection:
            try:
                yield connection
            finally:
                connection.close()
