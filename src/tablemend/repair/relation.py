"""The relation that detection, checks and repairs read: `_row` and every column as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError
from tablemend.records import Column

if TYPE_CHECKING:
    import pyarrow as pa

DATA = "data"


def register(session: Session, table: pa.Table, columns: Sequence[Column], relation: str = DATA) -> None:
    """Make a snapshot readable as text without copying it."""
    source = f"_{relation}_source"
    session.register(source, table)
    selected = ", ".join(_as_text(column) for column in columns)
    session.load(relation, f"SELECT _row{', ' if selected else ''}{selected} FROM {sql.name(source)}")


def materialise(session: Session, query: str, relation: str) -> None:
    """Keep the rows of a query as a table of the session."""
    session.execute(f"CREATE OR REPLACE TEMP TABLE {sql.name(relation)} AS {query}")


def aligned(edited: pa.Table, parent: pa.Table) -> pa.Table:
    """Rows in the parent's order: joins of the engine may have moved them."""
    if edited["_row"].equals(parent["_row"]):
        return edited
    edited = edited.sort_by("_row")
    if not edited["_row"].equals(parent["_row"]):
        raise RepairError("the repairs would lose or double rows; nothing was changed")
    return edited


def _as_text(column: Column) -> str:
    quoted = sql.name(column.name)
    return quoted if column.type == "text" else f"CAST({quoted} AS VARCHAR) AS {quoted}"
