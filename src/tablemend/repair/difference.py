"""What differs between two versions of a dataset, row by permanent row."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.records import Column, Record
from tablemend.repair import relation

CELLS = pa.schema([("row", pa.int64()), ("column", pa.string()), ("before", pa.string()), ("after", pa.string())])


class Difference(Record, frozen=True, kw_only=True):
    """Cells of rows and columns that both versions have, and what only one of them has."""

    cells: pa.Table  # schema CELLS
    rows_removed: tuple[int, ...]
    rows_added: tuple[int, ...]
    columns_removed: tuple[str, ...]
    columns_added: tuple[str, ...]


def difference(
    session: Session,
    before: pa.Table,
    after: pa.Table,
    before_columns: Sequence[Column],
    after_columns: Sequence[Column],
) -> Difference:
    """Compare two versions."""
    relation.register(session, before, before_columns, "before")
    relation.register(session, after, after_columns, "after")
    old, new = [each.name for each in before_columns], [each.name for each in after_columns]
    cells = [_cells(session, column) for column in old if column in set(new)]
    return Difference(
        cells=pa.concat_tables([CELLS.empty_table(), *cells]),
        rows_removed=_only(session, "before", "after"),
        rows_added=_only(session, "after", "before"),
        columns_removed=tuple(column for column in old if column not in set(new)),
        columns_added=tuple(column for column in new if column not in set(old)),
    )


def _cells(session: Session, column: str) -> pa.Table:
    quoted = sql.name(column)
    return session.arrow(
        f'SELECT b._row AS row, {sql.literal(column)} AS "column", b.{quoted} AS before, a.{quoted} AS after '
        f'FROM "before" AS b JOIN "after" AS a ON a._row = b._row '
        f"WHERE a.{quoted} IS DISTINCT FROM b.{quoted} ORDER BY 1"
    ).cast(CELLS)


def _only(session: Session, here: str, there: str) -> tuple[int, ...]:
    rows = session.rows(f'SELECT _row FROM "{here}" WHERE _row NOT IN (SELECT _row FROM "{there}") ORDER BY 1')
    return tuple(int(row) for (row,) in rows)
