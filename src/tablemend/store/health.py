"""How every dataset stands, read for all of them at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tablemend.records import Record, Run, Score, Snapshot
from tablemend.store import schema
from tablemend.store.codec import unpack
from tablemend.store.database import Database
from tablemend.store.runs import as_run

TREND = 20
"""Versions whose scores make a trend."""


class Standing(Record, frozen=True, kw_only=True):
    """A dataset as it stands."""

    id: str
    name: str
    version: int  # newest
    rows: int
    columns: int
    source: str  # place that it was read from, without secrets
    score: Score | None = None  # of the newest version; None where it was not scored
    trend: tuple[float | None, ...] = ()  # scores of the newest versions, oldest first
    changed: datetime | None = None  # when the newest version was made
    scan: str = ""  # newest finished scan; empty where there is none
    open: int = 0  # items of that scan that nobody has decided on
    approved: int = 0  # items of that scan that are approved and not applied
    run: Run | None = None  # newest run of any kind


class Health:
    """How the datasets of a store stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Standing]:
        """Every dataset, by name; kept until somebody writes."""
        return self._database.recall(("standings",), _standings)


def _standings(connection: sa.Connection) -> list[Standing]:
    datasets = connection.execute(sa.select(schema.datasets).order_by(schema.datasets.c.name)).mappings().all()
    heads, trends = _heads(connection), _trends(connection)
    runs, scans = _newest_runs(connection), _newest_scans(connection)
    waiting = _waiting(connection, list(scans.values()))
    found = []
    for row in datasets:
        identity = row["id"]
        snapshot, score = heads[identity]
        scan = scans.get(identity, "")
        found.append(
            Standing(
                id=identity,
                name=row["name"],
                version=row["head"],
                rows=snapshot.rows,
                columns=len(snapshot.columns),
                source=row["location"],
                score=score,
                trend=trends[identity],
                changed=snapshot.created,
                scan=scan,
                open=waiting.get((scan, "open"), 0),
                approved=waiting.get((scan, "approved"), 0),
                run=runs.get(identity),
            )
        )
    return found


def _heads(connection: sa.Connection) -> dict[str, tuple[Snapshot, Score | None]]:
    datasets, snapshots = schema.datasets.c, schema.snapshots.c
    query = sa.select(snapshots.dataset, snapshots.body, snapshots.score).join(
        schema.datasets, (datasets.id == snapshots.dataset) & (datasets.head == snapshots.version)
    )
    return {name: (unpack(body, Snapshot), _score(score)) for name, body, score in connection.execute(query)}


def _trends(connection: sa.Connection) -> dict[str, tuple[float | None, ...]]:
    datasets, snapshots = schema.datasets.c, schema.snapshots.c
    query = (
        sa.select(snapshots.dataset, snapshots.score)
        .join(schema.datasets, datasets.id == snapshots.dataset)
        .where(snapshots.version > datasets.head - TREND)
        .order_by(snapshots.dataset, snapshots.version)
    )
    found: dict[str, list[float | None]] = {}
    for name, body in connection.execute(query):
        score = _score(body)
        found.setdefault(name, []).append(None if score is None else score.overall)
    return {name: tuple(values) for name, values in found.items()}


def _score(body: bytes | None) -> Score | None:
    return None if body is None else unpack(body, Score)


def _newest(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The newest run of each dataset that meets some conditions, by number."""
    runs = schema.runs.c
    return sa.select(sa.func.max(runs.seq)).where(runs.dataset.is_not(None), *conditions).group_by(runs.dataset)


def _newest_runs(connection: sa.Connection) -> dict[str, Run]:
    query = sa.select(schema.runs).where(schema.runs.c.seq.in_(_newest()))
    return {row["dataset"]: as_run(row) for row in connection.execute(query).mappings()}


def _newest_scans(connection: sa.Connection) -> dict[str, str]:
    runs = schema.runs.c
    finished = _newest(runs.kind == "scan", runs.status == "completed")
    query = sa.select(runs.dataset, runs.id).where(runs.seq.in_(finished))
    return {row.dataset: row.id for row in connection.execute(query)}


def _waiting(connection: sa.Connection, scans: list[str]) -> dict[tuple[str, str], int]:
    """How many items of some scans wait, by scan and decision: for one, or for being carried out."""
    items, links, runs = schema.items.c, schema.item_runs.c, schema.runs.c
    query = (
        sa.select(runs.id, items.decision, sa.func.count())
        .select_from(schema.item_runs)
        .join(schema.runs, runs.seq == links.run)
        .join(schema.items, items.seq == links.item)
        .where(runs.id.in_(scans), items.decision.in_(("open", "approved")), links.applied == "")
        .group_by(runs.id, items.decision)
    )
    return {(run, decision): number for run, decision, number in connection.execute(query)}
