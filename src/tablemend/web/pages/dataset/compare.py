"""What differs between two versions of a dataset."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from tablemend.repair.difference import Difference
from tablemend.web.components import basics, marks
from tablemend.web.components.paging import pages, paging
from tablemend.web.pages.dataset.subject import Subject
from tablemend.workspace import Workspace

SIZE = 100
"""Changed cells on a page."""

_ROWS = 20  # rows listed of those that only one version has
_NAMED = 8  # columns shown of them
_LOOK: dict[str, Any] = {"size": "sm", "allowDeselect": False, "searchable": False}


def section(subject: Subject) -> Any:
    """Two versions to choose, and what differs between them."""
    head = subject.dataset.head
    if head == 1:
        return basics.empty("One version", "There is nothing to compare yet: apply repairs, or read the source again.")
    before = subject.number("before", max(head - 1, 1), most=head)
    after = subject.number("after", head, most=head)
    found = compared(subject.site.working, subject.id, before, after)
    return [
        _choice(head, before, after),
        _told(found),
        _columns(subject, found, before, after),
        *_cells(subject, found, before, after),
    ]


class _Asked:
    """Two versions of a dataset; versions never change, so that what differs is worked out once."""

    def __init__(self, workspace: Workspace, *key: Any) -> None:
        self.workspace, self.key = workspace, key

    def __hash__(self) -> int:
        return hash((self.workspace.store.database.name, self.key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and hash(self) == hash(other) and self.key == other.key


def compared(workspace: Workspace, dataset: str, before: int, after: int) -> Difference:
    """What differs, kept for the next page of it."""
    return _compared(_Asked(workspace, dataset, before, after))


@lru_cache(4)
def _compared(asked: _Asked) -> Difference:
    return asked.workspace.diff(*asked.key)


def _choice(head: int, before: int, after: int) -> html.Div:
    numbers = [{"value": str(number), "label": f"version {number}"} for number in range(head, 0, -1)]
    return html.Div(
        [
            dmc.Select(id="dataset-before", label="Before", data=numbers, value=str(before), **_LOOK),
            dmc.Select(id="dataset-after", label="After", data=numbers, value=str(after), **_LOOK),
        ],
        className="tm-choice",
    )


def _told(found: Difference) -> html.P:
    parts = [f"{found.cells.num_rows:,} cells changed"]
    parts += [f"{len(found.rows_removed):,} rows removed"] if found.rows_removed else []
    parts += [f"{len(found.rows_added):,} rows added"] if found.rows_added else []
    parts += [f"columns removed: {', '.join(found.columns_removed)}"] if found.columns_removed else []
    parts += [f"columns added: {', '.join(found.columns_added)}"] if found.columns_added else []
    return html.P("; ".join(parts), className="tm-strong tm-about")


def _columns(subject: Subject, found: Difference, before: int, after: int) -> Any:
    """How many cells of each column changed, as filters."""
    counted = Counter(found.cells["column"].to_pylist())
    if len(counted) < 2:  # nothing to choose
        return None
    chosen = subject.address.query.get("column", "")
    base = {"tab": "compare", "before": before, "after": after}
    chips = [
        dcc.Link(
            f"{name} {number:,}",
            href=subject.here(**base, column=None if name == chosen else name),
            className="tm-chip tm-chip-on" if name == chosen else "tm-chip",
        )
        for name, number in counted.most_common(30)
    ]
    return html.Nav(chips, className="tm-chips", **{"aria-label": "Changed columns"})


def _cells(subject: Subject, found: Difference, before: int, after: int) -> list[Any]:
    import pyarrow.compute as pc

    column = subject.address.query.get("column", "")
    cells = found.cells.filter(pc.equal(found.cells["column"], column)) if column else found.cells
    page = subject.number("page", 1, most=pages(cells.num_rows, SIZE))
    shown = cells.slice((page - 1) * SIZE, SIZE).to_pylist()
    rows = [[f"{each['row']:,}", each["column"], marks.change(each["before"], each["after"])] for each in shown]

    def href(to: int) -> str:
        return subject.here(tab="compare", before=before, after=after, column=column, page=to)

    table = basics.table(("Row", "Column", "Before → after"), rows, label="Changed cells", numbers=(0,))
    return [
        table if rows else None,
        paging(page, cells.num_rows, SIZE, href, what="cells"),
        _whole(subject, "Rows removed", found.rows_removed, before),
        _whole(subject, "Rows added", found.rows_added, after),
    ]


def _whole(subject: Subject, title: str, rows: tuple[int, ...], version: int) -> Any:
    """The first of the rows that only one version has, as they are there."""
    if not rows:
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    snapshot = subject.store.datasets.snapshot(subject.id, version)
    names = [each.name for each in snapshot.columns][:_NAMED]
    data = subject.workspace.snapshots.read(snapshot.hash).select(["_row", *names])
    chosen = data.filter(pc.is_in(data["_row"], pa.array(rows[:_ROWS], data.schema.field("_row").type))).to_pylist()
    table = basics.table(
        ("row", *names), [[marks.value(row[name]) for name in ("_row", *names)] for row in chosen], label=title
    )
    note = f"the first {_ROWS} of {len(rows):,}" if len(rows) > _ROWS else f"{len(rows):,}"
    return basics.section(title, table, note=note)
