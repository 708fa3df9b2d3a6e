"""Datasets and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from tablemend.records import ChangeSet, ColumnProfile, Finding, Profile, Record, Run, Score, Snapshot, Source
from tablemend.store.datasets import Dataset, told_location
from tablemend.store.filters import Filter
from tablemend.web.api.body import Limit, Offset
from tablemend.web.api.page import Page, page
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site
from tablemend.workspace import Workspace

TREND = 30
"""Scores of the newest versions that a list of datasets holds."""

Version = Annotated[int, Query(ge=1, le=2**31 - 1, description="Number of a version.")]
Newest = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Number of a version; by default the newest.")]
DatasetPath = Annotated[str, Path(max_length=4_000, description="Id or name of a dataset.")]


class DatasetSummary(Record, frozen=True, kw_only=True):
    """A dataset at a glance."""

    id: str
    name: str
    location: str
    version: int  # newest
    rows: int
    columns: int
    score: float | None  # of the newest version
    dimensions: dict[str, float]
    trend: tuple[float, ...]  # scores of the newest versions, oldest first
    open: int  # items of the newest scan that wait for a decision
    run: str  # newest completed scan; empty before the first
    scanned: datetime | None


class DatasetDetail(Record, frozen=True, kw_only=True):
    """A dataset with what its newest scan found."""

    summary: DatasetSummary
    source: Source
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]


class VersionInfo(Record, frozen=True, kw_only=True):
    """A version of a dataset."""

    version: int
    parent: int | None
    rows: int
    columns: int
    score: float | None
    dimensions: dict[str, float]
    created: datetime
    hash: str


class Rows(Record, frozen=True, kw_only=True):
    """Rows of a version, each cell as text."""

    columns: tuple[str, ...]  # the permanent number of a row is `_row`
    rows: tuple[tuple[str | None, ...], ...]
    total: int
    offset: int
    limit: int


class CellDifference(Record, frozen=True, kw_only=True):
    """A cell that two versions have differently."""

    row: int
    column: str
    before: str | None
    after: str | None


class VersionDifference(Record, frozen=True, kw_only=True):
    """What differs between two versions: every count, and a page of the cells."""

    cells: Page[CellDifference]
    rows_removed: tuple[int, ...]  # the first thousand
    rows_removed_count: int
    rows_added: tuple[int, ...]  # the first thousand
    rows_added_count: int
    columns_removed: tuple[str, ...]
    columns_added: tuple[str, ...]


class History(Record, frozen=True, kw_only=True):
    """What was done to a dataset, oldest first."""

    versions: tuple[VersionInfo, ...]
    change_sets: tuple[ChangeSet, ...]
    runs: tuple[Run, ...]


MOST_ROWS = 1_000
"""Numbers of rows that a difference lists."""


def router(site: Site) -> APIRouter:
    """The endpoints of datasets."""
    routes = Routes("datasets")
    _present(routes, site)
    _past(routes, site)
    return routes.router


def _present(routes: Routes, site: Site) -> None:
    @routes.get("/datasets", right="read", answers=Page[DatasetSummary])
    def list_datasets(limit: Limit = 100, offset: Offset = 0) -> Any:
        """List the datasets by name, with score, trend and open items."""
        ws = site.workspace
        return page(ws.store.datasets.all(), offset, limit, lambda each: summary(ws, each))

    @routes.get("/datasets/{dataset}", right="read", answers=DatasetDetail)
    def get_dataset(dataset: DatasetPath) -> Any:
        """Show a dataset: columns with their profile, and the findings of its newest scan."""
        return _detail(site.workspace, dataset)

    @routes.get("/datasets/{dataset}/profile", right="read", answers=Profile)
    def get_profile(dataset: DatasetPath) -> Any:
        """Show what the newest scan of a dataset measured of its columns, keys and dependencies."""
        ws = site.workspace
        return ws.store.runs.recall(ws.latest_scan(ws.dataset(dataset)).id, "profile", Profile)


def _past(routes: Routes, site: Site) -> None:
    @routes.get("/datasets/{dataset}/versions", right="read", answers=Page[VersionInfo])
    def list_versions(dataset: DatasetPath, limit: Limit = 100, offset: Offset = 0) -> Any:
        """List the versions of a dataset, newest first."""
        ws = site.workspace
        return page(ws.versions(ws.dataset(dataset))[::-1], offset, limit, lambda each: _version(*each))

    @routes.get("/datasets/{dataset}/history", right="read", answers=History)
    def get_history(dataset: DatasetPath) -> Any:
        """List versions, change sets and runs of a dataset, oldest first."""
        ws = site.workspace
        identity = ws.dataset(dataset)
        return History(
            versions=tuple(_version(*each) for each in ws.versions(identity)),
            change_sets=tuple(ws.change_sets(identity)),
            runs=tuple(reversed(ws.store.runs.recent(dataset=identity))),
        )

    @routes.get("/datasets/{dataset}/rows", right="read", answers=Rows)
    def list_rows(dataset: DatasetPath, version: Newest = None, limit: Limit = 100, offset: Offset = 0) -> Any:
        """List rows of a version, by default the newest, in their order."""
        ws = site.workspace
        return _rows(ws, ws.store.datasets.snapshot(ws.dataset(dataset), version), offset, limit)

    @routes.get("/datasets/{dataset}/diff", right="read", answers=VersionDifference)
    def diff_versions(
        dataset: DatasetPath, before: Version, after: Version, limit: Limit = 100, offset: Offset = 0
    ) -> Any:
        """Compare two versions: every row and column that differs, and a page of the cells."""
        return _difference(site.working, dataset, before, after, offset, limit)


def summary(ws: Workspace, dataset: Dataset) -> DatasetSummary:
    """A dataset at a glance."""
    versions = ws.versions(dataset.id)
    snapshot, score = versions[-1]
    run = ws.newest_scan(dataset.id)
    return DatasetSummary(
        id=dataset.id,
        name=dataset.name,
        location=told_location(snapshot.source, ws.snapshots.folder),
        version=dataset.head,
        rows=snapshot.rows,
        columns=len(snapshot.columns),
        score=score.overall if score else None,
        dimensions=score.dimensions if score else {},
        trend=tuple(each.overall for _, each in versions if each)[-TREND:],
        open=ws.store.items.count(Filter(run=run.id, decision="open")) if run else 0,
        run=run.id if run else "",
        scanned=run.finished if run else None,
    )


def _detail(ws: Workspace, name: str) -> DatasetDetail:
    dataset = ws.store.datasets.get(ws.dataset(name))
    run = ws.newest_scan(dataset.id)
    profile = ws.store.runs.recall(run.id, "profile", Profile) if run else None
    return DatasetDetail(
        summary=summary(ws, dataset),
        source=ws.store.datasets.snapshot(dataset.id).source,
        columns=profile.columns if profile else (),
        findings=ws.findings(run.id) if run else (),
    )


def _version(snapshot: Snapshot, score: Score | None) -> VersionInfo:
    return VersionInfo(
        version=snapshot.version,
        parent=snapshot.parent,
        rows=snapshot.rows,
        columns=len(snapshot.columns),
        score=score.overall if score else None,
        dimensions=score.dimensions if score else {},
        created=snapshot.created,
        hash=snapshot.hash,
    )


def _rows(ws: Workspace, snapshot: Snapshot, offset: int, limit: int) -> Rows:
    from tablemend.tables.splice import in_order
    from tablemend.tables.values import speak

    table = in_order(ws.snapshots.read(snapshot.hash))
    part = table.slice(min(offset, table.num_rows), limit)
    columns = [[speak(value) for value in column.to_pylist()] for column in part.columns]
    return Rows(
        columns=tuple(table.column_names),
        rows=tuple(zip(*columns, strict=True)),
        total=table.num_rows,
        offset=offset,
        limit=limit,
    )


def _difference(ws: Workspace, name: str, before: int, after: int, offset: int, limit: int) -> VersionDifference:
    found = ws.diff(name, before, after)
    cells = found.cells.slice(min(offset, found.cells.num_rows), limit).to_pylist()
    return VersionDifference(
        cells=Page(
            items=tuple(CellDifference(**each) for each in cells),
            total=found.cells.num_rows,
            offset=offset,
            limit=limit,
        ),
        rows_removed=found.rows_removed[:MOST_ROWS],
        rows_removed_count=len(found.rows_removed),
        rows_added=found.rows_added[:MOST_ROWS],
        rows_added_count=len(found.rows_added),
        columns_removed=found.columns_removed,
        columns_added=found.columns_added,
    )
