"""What one database can do in bulk, as data: its SQL templates, its types and its gaps, each with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from typing import Any, Literal

from tablemend.records import Record


class Column(Record, frozen=True, kw_only=True):
    """A column of the table that is written to, as the catalogue describes it."""

    name: str
    type: str  # as the catalogue spells it, in lower case
    generated: bool = False  # the database computes it; it is never written
    identity: bool = False  # the database numbers it where no value is given


class Dialect(Record, frozen=True, kw_only=True):
    """One database: every template is filled by `statements`, every function is called by the verb of its name."""

    kind: str  # as in `Database.kind`
    name: str  # as people write it
    quotes: tuple[str, str]  # around an identifier; the second is doubled inside
    placeholder: str  # of the driver, for one parameter
    parameters: Literal["qmark", "format"]  # SQLAlchemy's name for the driver's style of parameters
    catalogue: str  # name, type, generated, identity of the columns of (schema, table)
    stage: tuple[str, ...]  # makes the staging table: {stage}, {columns}, {target}
    matched: tuple[str, ...]  # makes the table of positions that met a row: {matched}
    filled: tuple[str, ...] = ()  # after staging, so that the planner knows the sizes: {stage}
    match: str  # joins staged rows to rows of the target: into {matched} with 1 where {old} holds
    before: tuple[str, ...] = ()  # takes the writer's place before matching, where reading does not
    change: str  # updates the matched rows; the driver counts them
    remove: str  # deletes the matched rows; the driver counts them
    add: str  # inserts the staged rows that met no row; the driver counts them
    rest: str = ""  # where `change` and `remove` match by themselves: what met a row but was not changed
    drop: str = "DROP TABLE IF EXISTS {name}"  # a temporary table
    temporary: str = "{name}"  # name of a temporary table
    savepoints: bool = True  # a failed step can be taken back while the transaction goes on
    outlives: bool = False  # a temporary table stays after a rollback, so a failure drops it
    equal: str = "{a} = {b}"  # keys
    equal_text: str  # keys of text: by bytes, and by the index where there is one
    same: str  # old values: NULL is the same as NULL
    same_text: str  # old values of text: by bytes
    text: tuple[str, ...]  # beginnings of the catalogue's names of text types
    zoned: tuple[str, ...] = ()  # types of moments: a local time says no moment
    local: tuple[str, ...] = ()  # types of local times: a moment would lose its zone
    compared: dict[str, str] = {}  # type without an equality of its own → what is compared instead
    read_as: dict[str, str] = {}  # type that the driver shows shortened → what is selected instead
    types: dict[str, str]  # family of Arrow types → column type of a new table
    in_key: dict[str, str] = {}  # family → column type of a key, where the usual one cannot be indexed
    unsupported: dict[str, str]  # family or feature → why this database or its driver cannot hold or do it
    refused: tuple[str, ...] = ()  # values that the database cannot hold: nul, nan, infinity
    session: tuple[str, str] = ("", "")  # before and after everything, so that the session changes no value
    numbered: tuple[str, str] = ("", "")  # around writing values of an identity column: {target}
    first: str = "SELECT * FROM ({0}\n) AS first_rows LIMIT {1}"  # the first rows of a query
    alters: Callable[[Column, str], str | None] = lambda _, __: None  # (column, family) → why it would change values
    opened: Callable[[Any], AbstractContextManager[Any]] = lambda driver: closing(driver.cursor())
    counted: Callable[[Any], int] = lambda cursor: cursor.rowcount
    load: Callable[..., int]  # (wire, quoted table, columns, batches) → rows that the database counted
    read: Callable[..., Iterator[Any]]  # (database, sql, values, batch rows) → the schema, then batches
    verified: bool = True  # the conformance suite has run on a real server

    def quoted(self, name: str) -> str:
        """An identifier in quotes."""
        first, last = self.quotes
        return first + name.replace(last, last * 2) + last

    def qualified(self, schema: str | None, table: str) -> str:
        """A table with its schema, each in quotes."""
        return ".".join(self.quoted(each) for each in (schema, table) if each is not None)

    def is_text(self, column: Column) -> bool:
        """Whether values of the column are compared as text, where a collation may call different bytes equal."""
        return column.type.startswith(self.text) and not column.type.endswith("]")

    def loses(self, column: Column, family: str) -> str | None:
        """Why a column would not keep values of a family of Arrow types as they are, or None."""
        kind = re.sub(r"\(.*\)", "", column.type)
        if family == "timestamp" and kind in self.zoned:
            return f"a column of type {column.type} keeps moments, and local times do not say in which zone"
        if family == "timestamp with zone" and kind in self.local:
            return f"a column of type {column.type} keeps local times, without the zone"
        return self.alters(column, family)
