"""Undoing exactly a change set, a repair or a cell, also after later changes.

An undo is a list of edits: the value a cell must still have, and the value it gets back. A cell that has another
value by now was changed later; it is kept and counted, unless forced.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.records import Column, Record
from tablemend.repair import relation
from tablemend.repair.changes import CHANGES, as_text, change_table, from_text
from tablemend.repair.compose import Step

UNDO = "undo"
"""What stands as repair in the changes of an undo."""


class Edits(Record, frozen=True, kw_only=True):
    """What an undo asks for."""

    cells: pa.Table  # row, column, expected, new
    origin: pa.Table  # the table that holds the new values, typed
    columns: tuple[Column, ...]  # of `origin`
    add: pa.Table  # whole rows to put back
    remove: pa.Array  # `_row` of rows to take out


class Restored(Record, frozen=True, kw_only=True):
    """What an undo gave."""

    table: pa.Table
    changes: pa.Table  # schema CHANGES
    removed: pa.Table  # whole rows taken out
    added: pa.Table  # whole rows put back
    kept: int  # cells and rows left alone, as they had changed again


_BETWEEN = """
SELECT coalesce(d.row, w.row) AS row, coalesce(d."column", w."column") AS "column",
  CASE WHEN d.row IS NULL THEN w.before ELSE d.after END AS expected,
  CASE WHEN w.row IS NULL THEN d.before ELSE w.after END AS new
FROM done AS d FULL JOIN wanted AS w ON d.row = w.row AND d."column" = w."column"
WHERE expected IS DISTINCT FROM new
ORDER BY 2, 1
"""


def between(session: Session, done: pa.Table, wanted: pa.Table) -> pa.Table:
    """Cells that lead from what a change set did to what it should have done, both from the same parent."""
    for name, changes in (("done", done), ("wanted", wanted)):
        session.register(f"_{name}", changes)
        session.execute(
            f'CREATE OR REPLACE TEMP VIEW {name} AS SELECT row, "column"::VARCHAR AS "column", '
            f"before, after FROM _{name}"
        )
    return session.arrow(_BETWEEN)


def towards(
    session: Session,
    done: pa.Table,
    done_columns: Sequence[Column],
    wanted: pa.Table,
    wanted_columns: Sequence[Column],
) -> tuple[pa.Table, pa.Array, pa.Array]:
    """Cells that lead from one table to another, and the rows that come and go; a missing column counts as empty."""
    relation.register(session, done, done_columns, "_done")
    relation.register(session, wanted, wanted_columns, "_wanted")
    had, has = {each.name for each in done_columns}, {each.name for each in wanted_columns}
    parts = []
    for column in sorted(had | has):
        old = f"d.{sql.name(column)}" if column in had else "NULL::VARCHAR"
        new = f"w.{sql.name(column)}" if column in has else "NULL::VARCHAR"
        parts.append(
            f'SELECT d._row AS row, {sql.literal(column)} AS "column", {old} AS expected, {new} AS new '
            f"FROM _done AS d JOIN _wanted AS w ON w._row = d._row WHERE {old} IS DISTINCT FROM {new}"
        )
    cells = session.arrow(f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY 2, 1")
    return cells, _only(wanted, done), _only(done, wanted)


def _only(here: pa.Table, there: pa.Table) -> pa.Array:
    rows = here["_row"].combine_chunks()
    return rows.filter(pc.invert(pc.is_in(rows, there["_row"].combine_chunks())))


def restore(table: pa.Table, edits: Edits, *, force: bool = False) -> Restored:
    """Carry out the edits on the head of a dataset."""
    kept = 0
    changes = [CHANGES.empty_table()]
    present = set(table.column_names)
    for column in pc.unique(edits.cells["column"]).to_pylist():
        asked = edits.cells.filter(pc.equal(edits.cells["column"], column))
        if column not in present:
            kept += asked.num_rows
            continue
        table, changed, left = _restore_column(table, column, asked, edits.origin, force=force)
        kept += left
        changes.append(changed)
    table, removed = _take_out(table, edits.remove)
    table, added = _put_back(table, edits.add)
    return Restored(
        table=table,
        changes=pa.concat_tables(changes).unify_dictionaries(),
        removed=removed,
        added=added,
        kept=kept,
    )


def _restore_column(
    table: pa.Table, column: str, asked: pa.Table, origin: pa.Table, *, force: bool
) -> tuple[pa.Table, pa.Table, int]:
    """The table, what changed in the column, and how many cells were left as they have changed again."""
    asked = asked.sort_by("row")
    where = pc.index_in(asked["row"].combine_chunks(), table["_row"].combine_chunks())
    gone = where.null_count
    asked, where = asked.filter(pc.is_valid(where)), where.drop_null()
    values = table[column]
    current = values.take(where)
    current = current if pa.types.is_string(current.type) else as_text(current)
    differs = pc.invert(same_text(current, asked["new"]))
    wanted = differs if force else pc.and_(differs, same_text(current, asked["expected"]))
    left = gone + pc.sum(differs, min_count=0).as_py() - pc.sum(wanted, min_count=0).as_py()
    asked, where = asked.filter(wanted), where.filter(wanted)
    step = Step(id=UNDO, operation="custom", columns=(column,))
    by = pa.array(np.zeros(len(where), np.int32))
    changed = change_table(table, column, where, asked["new"], by, [step])
    mask = np.zeros(table.num_rows, bool)
    mask[where.to_numpy(zero_copy_only=False)] = True
    new = _values(origin, column, asked, values.type)
    if pa.types.is_nested(values.type) or pa.types.is_dictionary(values.type):
        index = np.arange(table.num_rows)
        index[mask] = table.num_rows + np.arange(len(where))
        replaced = pa.chunked_array([*values.chunks, *new.chunks], values.type).take(pa.array(index))
    else:
        replaced = pc.replace_with_mask(values.combine_chunks(), pa.array(mask), new.combine_chunks())
    return table.set_column(table.schema.get_field_index(column), column, replaced), changed, left


def _values(origin: pa.Table, column: str, asked: pa.Table, kind: pa.DataType) -> pa.ChunkedArray:
    """The values to put back, as the origin holds them; its text where the column has another type by now."""
    if column not in origin.column_names or origin[column].type != kind:
        return from_text(asked["new"], kind)
    return origin[column].take(pc.index_in(asked["row"].combine_chunks(), origin["_row"].combine_chunks()))


def same_text(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    """Equal, or both missing."""
    equal = pc.fill_null(pc.equal(left.cast(pa.string()), right.cast(pa.string())), fill_value=False)
    return pc.or_(equal, pc.and_(pc.is_null(left), pc.is_null(right)))


def _take_out(table: pa.Table, gone: pa.Array) -> tuple[pa.Table, pa.Table]:
    where = pc.is_in(table["_row"], gone.cast(pa.int64()))
    return table.filter(pc.invert(where)), table.filter(where)


def _put_back(table: pa.Table, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows come back at their place; columns that came since are empty in them."""
    rows = rows.filter(pc.invert(pc.is_in(rows["_row"], table["_row"].combine_chunks())))
    if not rows.num_rows:
        return table, rows
    arrays = [
        rows[name].cast(kind) if name in rows.column_names else pa.nulls(rows.num_rows, kind)
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
    ]
    rows = pa.table(arrays, schema=table.schema)
    return pa.concat_tables([table, rows]).sort_by("_row"), rows


def reopen_columns(
    table: pa.Table, columns: tuple[Column, ...], origin: pa.Table, before: Sequence[Column], after: Sequence[Column]
) -> tuple[pa.Table, tuple[Column, ...]]:
    """Make room, still empty, for the columns that a change set dropped and that `origin` holds."""
    present = {each.name for each in columns} | {each.name for each in after}
    found = list(columns)
    for place, column in enumerate(before):
        if column.name in present:
            continue
        known = [each.name for each in found]
        at = next((known.index(each.name) + 1 for each in reversed(before[:place]) if each.name in known), 0)
        kind = origin.schema.field(column.name).type
        table = table.add_column(at + 1, column.name, pa.nulls(table.num_rows, kind))
        found.insert(at, column)
    return table, tuple(found)


def close_columns(
    table: pa.Table, columns: tuple[Column, ...], before: Sequence[Column], after: Sequence[Column]
) -> tuple[pa.Table, tuple[Column, ...]]:
    """Take out the columns that a change set made, unless later changes filled them."""
    made = {each.name for each in after} - {each.name for each in before}
    gone = {name for name in made & set(table.column_names) if table[name].null_count == table.num_rows}
    return table.drop_columns(sorted(gone)), tuple(each for each in columns if each.name not in gone)
