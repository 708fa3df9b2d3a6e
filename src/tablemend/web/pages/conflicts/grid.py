"""The grid of conflicts: its columns and options; its rows come a block at a time from the interface for programs."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag

BLOCK = 100
"""Rows that are asked for at once: some screens."""
BLOCKS = 20
"""Blocks that a browser keeps."""


def _column(head: str, field: str, **options: Any) -> dict[str, Any]:
    return {"headerName": head, "field": field, "colId": field, **options}


_COLUMNS: list[dict[str, Any]] = [
    _column("Status", "status", width=92, cellRenderer="TmConflictStatus"),
    _column("Rule", "flags", flex=2, minWidth=130, valueFormatter={"function": "tmWords(params.value)"}),
    _column("One", "a", flex=1, minWidth=118, sortable=False),
    _column("Other", "b", flex=1, minWidth=118, sortable=False),
    _column("At stake", "amount", width=92, type="rightAligned"),
    _column("From", "start_a", width=148),
    _column("In common", "overlap_minutes", width=104, type="rightAligned"),
    _column("Way", "miles", width=92, type="rightAligned"),
    _column("Money", "class", width=96, sortable=False),
    _column("Changed", "changed_at", width=148),
]

_OPTIONS: dict[str, Any] = {
    "rowSelection": {"mode": "multiRow", "headerCheckbox": False, "checkboxes": True, "enableClickSelection": False},
    "selectionColumnDef": {"headerName": "Pick", "width": 56, "pinned": "left", "suppressHeaderMenuButton": True},
    "rowHeight": 34,
    "headerHeight": 34,
    "cacheBlockSize": BLOCK,
    "maxBlocksInCache": BLOCKS,
    "maxConcurrentDatasourceRequests": 2,
    "blockLoadDebounceMillis": 60,  # a scroll past a block does not ask for it
    "animateRows": False,
    "rowBuffer": 4,
    "ensureDomOrder": True,  # the order that screen readers go by
    "enableCellTextSelection": True,
    "overlayComponentParams": {"noRows": {"overlayText": "No conflict matches"}},
}


def grid() -> dag.AgGrid:
    """The empty grid."""
    return dag.AgGrid(
        id="conflicts-grid",
        columnDefs=_COLUMNS,
        defaultColDef={
            "sortable": True,
            "sortingOrder": ["desc", "asc", None],
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "filter": False,
        },
        rowModelType="infinite",
        dashGridOptions=_OPTIONS,
        getRowId="params.data.conflict",
        eventListeners={"cellFocused": ["tmConflictFocused(params)"]},
        className="tm-grid",
        style={"height": "100%", "width": "100%"},
    )
