"""Items: whatever somebody must decide on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from tablemend.records import Decision, Item, Record, Value
from tablemend.review.gate import Judgement, judge
from tablemend.web.api.body import LARGEST, Body, Limit, Name, Offset, Words
from tablemend.web.api.conditions import Conditions
from tablemend.web.api.page import Page, counted
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site
from tablemend.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

ItemPath = Annotated[str, Path(max_length=500, description="Id of an item, or an unmistakable beginning of it.")]
RunQuery = Annotated[str | None, Query(max_length=500, description="A run; by default the newest scan.")]


class ItemsQuery(Conditions):
    """A page of the items of a run."""

    run: Name | None = Field(None, description="A run; by default the newest scan.")
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    offset: Annotated[int, Field(ge=0, le=LARGEST)] = 0


class ItemRow(Record, frozen=True, kw_only=True):
    """An item in a list, without what only its own page shows."""

    id: str
    run: str
    type: str
    title: str
    version: int
    dataset: str
    summary: str
    check: str
    operation: str
    columns: tuple[str, ...]
    dimension: str
    confidence: float
    cells: int
    rows: int
    flags: tuple[str, ...]
    scores: dict[str, float]
    decision: str
    decided_by: str
    reason: str
    applied: str  # change set that carried it out
    stale: bool
    created: datetime | None
    updated: datetime | None


class ItemDetail(Record, frozen=True, kw_only=True):
    """An item in full, with what was decided on it and what the gate makes of it."""

    item: Item
    decisions: tuple[Decision, ...]  # oldest first
    gate: str  # its name
    judgement: Judgement


class Cell(Record, frozen=True, kw_only=True):
    """A cell that a repair changes."""

    row: int
    column: str
    before: Value
    after: Value
    repair: str


class Edit(Body):
    """Another operation or other parameters for a repair."""

    run: Name | None = None
    operation: Name | None = None
    params: dict[str, Any] | None = None
    alternative: Annotated[int, Field(ge=1, le=1_000)] | None = Field(None, description="Counted from 1.")


class Proposed(Body):
    """A repair of one's own."""

    operation: Name
    columns: Annotated[list[Name], Field(max_length=5_000)] = []
    params: dict[str, Any] = {}
    run: Name | None = None
    explanation: Words = ""


def router(site: Site) -> APIRouter:
    """The endpoints of items."""
    routes = Routes("items")

    @routes.get("/items", right="read", answers=Page[ItemRow])
    def list_items(asked: Annotated[ItemsQuery, Query()]) -> Any:
        """List the items of a run that meet every condition, in the order in which the run found them."""
        ws = site.workspace
        wanted = ws.filter(asked.run, **asked.given)
        found = ws.store.items.select(wanted, limit=asked.limit, offset=asked.offset)
        return counted(map(row, found), ws.store.items.count(wanted), asked.offset, asked.limit)

    @routes.get("/items/{item}", right="read", answers=ItemDetail)
    def get_item(item: ItemPath, run: RunQuery = None) -> Any:
        """Show an item with its evidence, every decision on it, and what its gate makes of it.

        Without a run it is shown as its newest run saw it.
        """
        ws = site.workspace
        found = ws.store.items.get(item, run)
        gate = ws.gate_of(found.run)
        log = tuple(ws.store.items.decisions(found.id))
        return ItemDetail(item=found, decisions=log, gate=gate.name, judgement=judge(gate, found))

    @routes.get("/items/{item}/cells", right="read", answers=Page[Cell])
    def list_cells(item: ItemPath, run: RunQuery = None, limit: Limit = 100, offset: Offset = 0) -> Any:
        """List every cell that a repair changes: what it did where it is applied, else what it would do alone."""
        return cells(changes_of(site.working, item, run), offset, limit)

    @routes.post("/items/{item}/edit", right="decide", answers=Item)
    def edit_item(item: ItemPath, asked: Edit) -> Any:
        """Give a repair another operation, other parameters or one of its alternatives.

        It becomes a new, open version of itself.
        """
        return site.working.edit(
            item, run=asked.run, operation=asked.operation, params=asked.params, alternative=asked.alternative
        )

    @routes.post("/items", right="decide", answers=Item, status=201)
    def propose_item(asked: Proposed) -> Any:
        """Add a repair of your own to a scan; any operation of the vocabulary."""
        return site.working.propose(
            asked.operation, asked.columns, asked.params, run=asked.run, explanation=asked.explanation
        )

    return routes.router


def row(item: Item) -> ItemRow:
    """An item in a list."""
    return ItemRow(**{name: getattr(item, name) for name in ItemRow.__struct_fields__})


def changes_of(ws: Workspace, item: str, run: str | None) -> pa.Table:
    """Every cell that an item changed, or would change."""
    import pyarrow.compute as pc

    found = ws.store.items.get(item, run)
    if not found.applied:
        return ws.preview(found.run, ids=[found.id]).changes
    change = ws.store.change_sets.get(found.applied)
    changes = ws.snapshots.read_changes(change.changes)
    return changes.filter(pc.equal(changes["repair"], found.id))


def cells(changes: pa.Table, offset: int, limit: int) -> Page[Cell]:
    """A page of changed cells."""
    chosen = changes.slice(min(offset, changes.num_rows), limit).to_pylist()
    return Page(items=tuple(Cell(**each) for each in chosen), total=changes.num_rows, offset=offset, limit=limit)
