"""Executing steps on a table in memory: the new table, the exact changes, and what became of every step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError
from tablemend.records import Column, Record
from tablemend.repair import operations, relation, rows, structure
from tablemend.repair.changes import CHANGES, change_table, from_text
from tablemend.repair.compose import Step, compose

STAGED = "_staged"


class Result(Record, frozen=True, kw_only=True):
    """What carrying out steps gave."""

    table: pa.Table  # `_row` and the columns
    columns: tuple[Column, ...]
    touched: tuple[str, ...]  # columns with a changed cell
    changes: pa.Table  # schema CHANGES
    removed: pa.Table  # whole rows, and `_repair`
    won: dict[str, int]  # repair → cells whose final value is its own
    removed_by: dict[str, int]  # repair → rows


def execute(session: Session, parent: pa.Table, columns: tuple[Column, ...], steps: Sequence[Step]) -> Result:
    """Apply steps, in order of precedence, to a snapshot's table; rows stay in order."""
    for step in steps:
        operations.validate(step.operation, step.params)
    try:
        return _executed(session, parent, columns, steps)
    except session.failures as problem:
        first = str(problem).splitlines()[0].rstrip(".!")
        raise RepairError(f"the repairs fail on this table: {first}", hint="Reject or edit them.") from problem


def _executed(session: Session, parent: pa.Table, columns: tuple[Column, ...], steps: Sequence[Step]) -> Result:
    names = [column.name for column in columns]
    relation.register(session, parent, columns)
    composed = compose(session, relation.DATA, names, steps)
    row_steps = [(i, step) for i, step in enumerate(steps) if operations.operation(step.operation).phase == "rows"]
    source = f"({composed.query})"
    if row_steps:
        relation.materialise(session, composed.query, STAGED)
        source = STAGED
    table, changes = _cells(session, parent, columns, composed.touched, source, steps)
    removed = _empty_removed(parent)
    if row_steps:
        merges = rows.remove(session, STAGED, names, row_steps)
        table, changes = _merge(session, parent, table, changes, merges, steps)
        table, removed = _remove(session, parent, table, steps)
        changes = changes.filter(pc.invert(pc.is_in(changes["row"], removed["_row"].combine_chunks())))
    touched = tuple(pc.unique(changes["column"]).cast(pa.string()).to_pylist())
    table, columns, changes = structure.restructure(session, parent, table, columns, changes, steps)
    return Result(
        table=table,
        columns=columns,
        touched=touched,
        changes=changes,
        removed=removed,
        won=_count(changes["repair"]),
        removed_by=_count(removed["_repair"]),
    )


def _count(column: pa.ChunkedArray) -> dict[str, int]:
    counted: dict[str, int] = {}
    for each in pc.value_counts(column).to_pylist():
        counted[each["values"]] = counted.get(each["values"], 0) + each["counts"]
    return counted


def _empty_removed(parent: pa.Table) -> pa.Table:
    return parent.slice(0, 0).append_column("_repair", pa.array([], pa.string()))


def _cells(
    session: Session,
    parent: pa.Table,
    columns: Sequence[Column],
    touched: Sequence[str],
    source: str,
    steps: Sequence[Step],
) -> tuple[pa.Table, pa.Table]:
    """The table with the changed cells, and these cells."""
    if not touched:
        return parent, CHANGES.empty_table()
    picked = ", ".join(
        f"{sql.name(c)} AS a{n}, CASE WHEN {sql.name(c)} IS DISTINCT FROM _tm_o{n} THEN _tm_by{n} END AS b{n}"
        for n, c in enumerate(touched)
    )
    edited = relation.aligned(session.arrow(f"SELECT _row, {picked} FROM {source}"), parent)
    types = {column.name: column.type for column in columns}
    changes = []
    table = parent
    for n, column in enumerate(touched):
        by = edited[f"b{n}"].combine_chunks()
        where = pc.indices_nonzero(pc.is_valid(by))
        if not len(where):
            continue
        new = _typed(edited[f"a{n}"], parent, column, types[column])
        changes.append(_differing(change_table(parent, column, where, new.take(where), by.take(where), steps)))
        table = table.set_column(table.schema.get_field_index(column), column, new)
    return table, pa.concat_tables(changes).unify_dictionaries() if changes else CHANGES.empty_table()


def _differing(changes: pa.Table) -> pa.Table:
    """Without cells that got their old value back: `2` beside 2.0 is no other number."""
    same = pc.fill_null(pc.equal(changes["before"], changes["after"]), fill_value=False)
    return changes.filter(pc.invert(same)) if pc.any(same).as_py() else changes


def _typed(after: pa.ChunkedArray, parent: pa.Table, column: str, kind: str) -> pa.ChunkedArray:
    target = parent[column].type
    if kind == "text":
        return after.cast(target)
    try:
        return from_text(after, target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise RepairError(
            f"column {column} holds {target}, and a repair would put something else there: {problem}",
            hint="Reject that repair, or change its parameters.",
        ) from problem


def _merge(
    session: Session,
    parent: pa.Table,
    table: pa.Table,
    changes: pa.Table,
    merges: Sequence[rows.Merge],
    steps: Sequence[Step],
) -> tuple[pa.Table, pa.Table]:
    """Write the cells that merges fill; of two merges that fill a cell the first does."""
    done: dict[str, pa.ChunkedArray] = {}
    for merge in merges:
        filled = session.arrow(f"SELECT _row, new FROM {merge.relation} ORDER BY _row")
        if merge.column in done:
            filled = filled.filter(pc.invert(pc.is_in(filled["_row"], done[merge.column].combine_chunks())))
        if not filled.num_rows:
            continue
        known = done.get(merge.column)
        done[merge.column] = pa.chunked_array([*(known.chunks if known else ()), *filled["_row"].chunks])
        changes = pa.concat_tables(
            [_without(changes, merge.column, filled["_row"]), _filled(parent, filled, merge, steps)]
        )
        table = _written(table, merge.column, filled)
    return table, changes.unify_dictionaries()


def _without(changes: pa.Table, column: str, gone: pa.ChunkedArray) -> pa.Table:
    """The changes but for some rows of a column."""
    same = pc.and_(
        pc.equal(changes["column"].cast(pa.string()), column), pc.is_in(changes["row"], gone.combine_chunks())
    )
    return changes.filter(pc.invert(same))


def _filled(parent: pa.Table, filled: pa.Table, merge: rows.Merge, steps: Sequence[Step]) -> pa.Table:
    """What a merge changes, measured from the parent: a cell that gets its old value back is no change."""
    where = pc.index_in(filled["_row"].combine_chunks(), parent["_row"].combine_chunks())
    by = pa.array(np.full(filled.num_rows, merge.step, np.int32))
    new = from_text(filled["new"], parent[merge.column].type)
    return _differing(change_table(parent, merge.column, where, new, by, steps))


def _written(table: pa.Table, column: str, filled: pa.Table) -> pa.Table:
    where = pc.index_in(filled["_row"].combine_chunks(), table["_row"].combine_chunks())
    mask = np.zeros(table.num_rows, bool)
    mask[where.to_numpy(zero_copy_only=False)] = True
    new = from_text(filled["new"], table[column].type).combine_chunks()
    values = pc.replace_with_mask(table[column].combine_chunks(), pa.array(mask), new)
    return table.set_column(table.schema.get_field_index(column), column, values)


def _remove(session: Session, parent: pa.Table, table: pa.Table, steps: Sequence[Step]) -> tuple[pa.Table, pa.Table]:
    """Take removed rows out; they are kept whole, as they were in the parent."""
    gone = session.arrow(f"SELECT _row, step FROM {rows.REMOVED} ORDER BY _row")
    where = pc.is_in(parent["_row"], gone["_row"].combine_chunks())
    by = [steps[step].id for step in gone["step"].to_pylist()]
    removed = parent.filter(where).append_column("_repair", pa.array(by, pa.string()))
    return table.filter(pc.invert(where)), removed
