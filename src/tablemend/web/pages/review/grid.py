"""The grid of items: its columns and options; its rows come from `/data/items`."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag


def _column(head: str, field: str, **options: Any) -> dict[str, Any]:
    return {"headerName": head, "field": field, **options}


def _function(text: str) -> dict[str, str]:
    return {"function": text}


_WORDS = _function("tmWords(params.value)")

_TITLE: dict[str, Any] = {
    "colId": "change",
    "cellRenderer": "TmChange",
    "flex": 3,
    "minWidth": 230,
    "valueGetter": _function("tmChangeText(params)"),
}
_CONFIDENCE = _column("Confidence", "confidence", width=128, cellRenderer="TmConfidence")
_DECISION = _column("Decision", "state", width=100, cellRenderer="TmDecision")
_FLAGS = _column("Flags", "flags", width=130, cellRenderer="TmFlags", valueGetter=_function("tmFlagsText(params)"))

_REPAIRS: list[dict[str, Any]] = [
    _column("Change", "title", **_TITLE),
    _CONFIDENCE,
    _DECISION,
    _column("Column", "column", flex=1, minWidth=104),
    _column("Cells", "cells", width=76, type="rightAligned", valueGetter=_function("tmSize(params)")),
    _column("Check", "check", flex=1, minWidth=120, valueFormatter=_WORDS),
    _FLAGS,
    _column("Repair", "operation", flex=1, minWidth=110, valueFormatter=_WORDS),
]
_STORIES: list[dict[str, Any]] = [
    _column("Story", "title", **_TITLE),
    _column(
        "Total", "total", width=76, type="rightAligned", valueFormatter=_function("d3.format('.1f')(params.value)")
    ),
    _DECISION,
    _column("Band", "check", flex=1, minWidth=104),
    _CONFIDENCE,
    _FLAGS,
]

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
    "rowBuffer": 4,  # rows drawn beyond those in sight: each costs about a millisecond
    "suppressCellFocus": False,
    "ensureDomOrder": True,  # the order that screen readers go by
    "enableCellTextSelection": True,
    "overlayComponentParams": {"noMatchingRows": {"overlayText": "No item matches"}},
    "loading": True,
}


def grid(kind: str) -> dag.AgGrid:
    """The empty grid for the items of a run of a kind."""
    return dag.AgGrid(
        id="review-grid",
        columnDefs=_STORIES if kind == "intel" else _REPAIRS,
        defaultColDef={"sortable": True, "resizable": True, "suppressHeaderMenuButton": True, "filter": False},
        dashGridOptions=_OPTIONS,
        getRowId="params.data.id",
        eventListeners={"cellFocused": ["tmFocused(params)"]},
        className="tm-grid",
        style={"height": "100%", "width": "100%"},
    )
