"""Applying more of a scan whose first repairs are applied already: as if all had been approved together."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tablemend.engine.duckdb import Session
from tablemend.errors import Conflict, StateError
from tablemend.records import Column, Item, Record, Run, Snapshot
from tablemend.repair.changes import CHANGES
from tablemend.repair.commit import Change
from tablemend.repair.difference import difference
from tablemend.repair.execution import Result
from tablemend.store.filters import Filter
from tablemend.store.state import Store


class Standing(Record, frozen=True, kw_only=True):
    """Where a dataset stands since a scan."""

    head: Snapshot
    base: Snapshot  # what the scan saw
    applied: tuple[Item, ...] = ()  # repairs of the scan that lead from the base to the head


def standing(store: Store, scan: Run) -> Standing:
    """The head, if nothing but applies of this scan has led to it; Conflict otherwise."""
    if scan.version is None:
        raise StateError("this run read no table", hint="Scan a source first.")
    head, base = store.datasets.snapshot(scan.dataset), store.datasets.snapshot(scan.dataset, scan.version)
    if head.hash == base.hash:
        return Standing(head=head, base=head)
    since = [each for each in store.change_sets.of(scan.dataset) if each.version > base.version]
    own = [each for each in since if each.kind == "apply" and each.run == scan.id]
    if len(own) != head.version - base.version or head.columns != base.columns:
        raise Conflict(
            f"{head.source.name} has moved on from version {base.version} to {head.version} since this scan",
            hint="Scan it again (`tablemend scan --head`); decisions on what is still there are kept.",
        )
    applied = tuple(item for item in store.items.select(Filter(run=scan.id)) if item.applied)
    return Standing(head=head, base=base, applied=applied)


_RELATIVE = """
SELECT d.row, d."column", d.before, d.after, c.repair
FROM differs AS d LEFT JOIN won AS c ON c.row = d.row AND c."column" = d."column"
ORDER BY d."column", d.row
"""


def relative(session: Session, head: pa.Table, columns: Sequence[Column], result: Result) -> Change:
    """A result that was computed from the base, as a change of the head."""
    found = difference(session, head, result.table, columns, result.columns)
    won = result.changes
    for name in ("column", "repair"):
        won = won.set_column(won.schema.get_field_index(name), name, won[name].cast(pa.string()))
    session.register("differs", found.cells)
    session.register("won", won)
    changes = session.arrow(_RELATIVE)
    for name in ("column", "repair"):
        encoded = changes[name].cast(pa.string()).dictionary_encode()
        changes = changes.set_column(changes.schema.get_field_index(name), name, encoded)
    gone = result.removed.filter(pc.is_in(result.removed["_row"], pa.array(found.rows_removed, pa.int64())))
    back = result.table.filter(pc.is_in(result.table["_row"], pa.array(found.rows_added, pa.int64())))
    whole = head.filter(pc.is_in(head["_row"], gone["_row"].combine_chunks()))
    return Change(
        table=result.table,
        columns=result.columns,
        changes=changes.cast(CHANGES),
        removed=whole.append_column("_repair", gone["_repair"]),
        added=back,
    )
