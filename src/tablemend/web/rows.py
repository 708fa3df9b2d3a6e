"""The rows of the review grid, as the browser reads them: whole once, then only what was decided since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Response

from tablemend.records import Item, Record
from tablemend.review.gate import Gate, judge
from tablemend.store.filters import Filter
from tablemend.web.api.routes import Content, Routes
from tablemend.web.api.runs import RunPath
from tablemend.web.bundles import LEAST
from tablemend.web.site import Site
from tablemend.workspace import Workspace

MOST = 10_000
"""Rows that a browser is handed at once: up to here a filter answers within 300 ms in it (measured)."""


class Row(Record, frozen=True, kw_only=True):
    """An item as a row of the grid; names are short, as there are thousands of them."""

    id: str
    type: str
    check: str
    operation: str
    column: str
    title: str
    summary: str
    before: Any = None  # of the first cell
    after: Any = None
    shown: bool = False  # whether it changes cells that can be shown
    cells: int = 0
    rows: int = 0
    confidence: float = 0.0
    score: float | None = None
    flags: tuple[str, ...] = ()
    dimension: str = ""
    decision: str = "open"
    by: str = ""
    applied: bool = False
    passes: bool = True  # the gate would promote it
    stale: bool = False


def router(site: Site) -> APIRouter:
    """The endpoints of the grid."""
    routes = Routes("pages", prefix="/data")

    @routes.get("/items/{run}", right="read", answers=Content("application/json", kind="object"))
    def list_rows_of_run(run: RunPath) -> Any:
        """List the items of a run as the grid shows them, with whether the gate would promote each."""
        return packed(rows_json(site.workspace, run))

    @routes.get("/items/{run}/decisions", right="read", answers=Content("application/json", kind="object"))
    def list_decisions_of_run(run: RunPath) -> Any:
        """List what was decided on each item of a run."""
        return packed(decisions_json(site.workspace, run))

    return routes.router


def rows_json(workspace: Workspace, run: str) -> bytes:
    """Every item of a run as rows: {"rows": […], "total": n, "writes": counter}.

    Kept until anybody writes, or its gate is another: a file may be edited without the state hearing of it.
    """
    found = workspace.run(run)
    gate = workspace.gate_of(found.id)

    def load(written: int) -> bytes:
        items = workspace.items(found.id, limit=MOST)
        total = len(items) if len(items) < MOST else workspace.store.items.count(Filter(run=found.id))
        return msgspec.json.encode({"rows": [row(item, gate) for item in items], "total": total, "writes": written})

    return workspace.store.kept(("rows of a review", found.id, msgspec.msgpack.encode(gate)), load)


def decisions_json(workspace: Workspace, run: str) -> bytes:
    """What was decided on each item of a run: {"decisions": [[id, decision, by, applied], …], "writes": counter}."""
    written = workspace.store.writes_counted()
    found = workspace.store.items.standing(workspace.run(run).id)
    return msgspec.json.encode({"decisions": found[:MOST], "writes": written})


def row(item: Item, gate: Gate | None) -> Row:
    """An item as a row."""
    before, after, shown = _first(item.body.get("sample", ()))
    return Row(
        id=item.id,
        type=item.type,
        check=item.check,
        operation=item.operation,
        column=", ".join(item.columns),
        title=item.title,
        summary=item.summary,
        before=before,
        after=after,
        shown=shown,
        cells=item.cells,
        rows=item.rows,
        confidence=item.confidence,
        score=item.scores.get("total"),
        flags=item.flags,
        dimension=item.dimension,
        decision=item.decision,
        by=item.decided_by,
        applied=bool(item.applied),
        passes=gate is None or judge(gate, item).outcome == "promote",
        stale=item.stale,
    )


def _first(sample: Sequence[Any]) -> tuple[Any, Any, bool]:
    if not sample:
        return None, None, False
    return sample[0].get("before"), sample[0].get("after"), True


def packed(body: bytes) -> Response:
    """JSON, compressed where it is worth it; browsers all accept that."""
    import gzip

    if len(body) < LEAST:
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
    headers = {"Cache-Control": "no-store", "Content-Encoding": "gzip"}
    return Response(gzip.compress(body, 1, mtime=0), media_type="application/json", headers=headers)
