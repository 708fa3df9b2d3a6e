"""The grid of items: its columns and options; its rows come from `/data/items`."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag

_COLUMNS: list[dict[str, Any]] = [
    {
        "headerName": "Change",
        "field": "title",
        "colId": "change",
        "cellRenderer": "TmChange",
        "flex": 3,
        "minWidth": 220,
        "valueGetter": {"function": "tmChangeText(params)"},
    },
    {"headerName": "Column", "field": "column", "flex": 1, "minWidth": 110},
    {"headerName": "Check", "field": "check", "flex": 1, "minWidth": 110, "valueFormatter": {"function": "tmWords(params.value)"}},
    {"headerName": "Repair", "field": "operation", "flex": 1, "minWidth": 110, "valueFormatter": {"function": "tmWords(params.value)"}},
    {"headerName": "Cells", "field": "cells", "width": 84, "type": "rightAligned", "valueGetter": {"function": "tmSize(params)"}},
    {"headerName": "Confidence", "field": "confidence", "width": 124, "cellRenderer": "TmConfidence"},
    {"headerName": "Flags", "field": "flags", "width": 120, "cellRenderer": "TmFlags", "valueGetter": {"function": "tmFlagsText(params)"}},
    {"headerName": "Decision", "field": "state", "width": 118, "cellRenderer": "TmDecision"},
]  # fmt: skip

_OPTIONS: dict[str, Any] = {
    "rowSelection": {
        "mode": "multiRow",
        "selectAll": "filtered",  # a click on the head chooses all that match
        "headerCheckbox": True,
        "checkboxes": True,
        "enableClickSelection": False,
    },
    "selectionColumnDef": {"width": 44, "pinned": "left", "suppressHeaderMenuButton": True},
    "rowHeight": 34,
    "headerHeight": 34,
    "isExternalFilterPresent": {"function": "tmFiltered()"},
    "doesExternalFilterPass": {"function": "tmPasses(params)"},
    "includeHiddenColumnsInQuickFilter": False,
    "cacheQuickFilter": True,
    "animateRows": False,
    "suppressCellFocus": False,
    "ensureDomOrder": True,  # the order that screen readers go by
    "enableCellTextSelection": True,
    "overlayNoRowsTemplate": "<span>No item matches</span>",
    "theme": {"function": "tmTheme(theme)"},
    "loading": True,
}


def grid() -> dag.AgGrid:
    """The empty grid."""
    return dag.AgGrid(
        id="review-grid",
        columnDefs=_COLUMNS,
        defaultColDef={"sortable": True, "resizable": True, "suppressHeaderMenuButton": True, "filter": False},
        dashGridOptions=_OPTIONS,
        getRowId="params.data.id",
        eventListeners={"cellFocused": ["tmFocused(params)"]},
        className="tm-grid",
        style={"height": "100%", "width": "100%"},
    )
