"""Letting go of what old runs left, never of a decision or of what can still be undone."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tablemend.records import Record
from tablemend.store import schema
from tablemend.store.codec import stamp
from tablemend.store.database import Database


class Retained(Record, frozen=True, kw_only=True):
    """What old runs left and what of it went: exact numbers of rows."""

    runs_old: int  # runs that ended before the given moment
    runs_kept: int  # of these, runs that something still needs
    runs_removed: int
    items_removed: int  # that nobody has decided on and no later run saw
    artifacts_removed: int  # profiles, checks, findings and scores of old runs
    metrics_removed: int
    links_removed: int  # places in lists of old runs, of items that later runs saw too

    @property
    def changed(self) -> bool:
        """Whether anything went."""
        gone = (self.runs_removed, self.items_removed, self.artifacts_removed, self.metrics_removed, self.links_removed)
        return any(gone)


class _Undone(Exception):
    """Takes a trial back."""


def retain(database: Database, before: datetime, *, dry_run: bool = False) -> Retained:
    """Let go of what runs that ended before a moment left, as one transaction; a dry run counts and changes nothing.

    Kept whole are the newest finished run of each kind and dataset, every run whose items were applied, and every run
    that was the last to see an item with a decision. Kept are all decisions, change sets, versions and the audit log.
    """
    result: Retained | None = None
    try:
        with database.transaction() as connection:
            result = _retain(connection, stamp(before))
            if dry_run:
                raise _Undone
    except _Undone:
        pass
    assert result is not None  # noqa: S101 - set in the transaction, or an error has left it
    return result


def _retain(connection: sa.Connection, moment: str) -> Retained:
    runs, items, links, versions = schema.runs, schema.items, schema.item_runs, schema.item_versions
    ended = (runs.c.status != "running") & (runs.c.finished < moment)
    finished = runs.c.status.in_(("completed", "partial"))
    newest = sa.select(sa.func.max(runs.c.seq)).where(finished).group_by(runs.c.kind, runs.c.dataset)
    decided = sa.select(items.c.run).where(sa.exists().where(schema.decisions.c.item == items.c.seq))
    needed = runs.c.seq.in_(newest) | runs.c.id.in_(sa.select(schema.change_sets.c.run)) | runs.c.seq.in_(decided)
    old = sa.select(runs.c.seq).where(ended, ~needed)
    old_ids = sa.select(runs.c.id).where(ended, ~needed)
    count_old = _count(connection, sa.select(runs.c.seq).where(ended))

    def remove(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        return connection.execute(table.delete().where(*conditions)).rowcount

    artifacts = remove(schema.artifacts, schema.artifacts.c.run.in_(old_ids))
    metrics = remove(schema.metrics, schema.metrics.c.run.in_(old_ids))
    undecided = (
        sa.select(items.c.seq)
        .where(items.c.run.in_(old), ~sa.exists().where(schema.decisions.c.item == items.c.seq))
        .where(~sa.exists().where((links.c.item == items.c.seq) & (links.c.applied != "")))
    )
    gone = [int(seq) for seq in connection.execute(undecided).scalars()]
    for chunk in (gone[start : start + 500] for start in range(0, len(gone), 500)):
        remove(links, links.c.item.in_(chunk))
        remove(versions, versions.c.item.in_(chunk))
        remove(items, items.c.seq.in_(chunk))
    shown = sa.exists().where((items.c.seq == links.c.item) & (items.c.run == links.c.run))
    unlinked = remove(links, links.c.run.in_(old), ~shown, links.c.applied == "")
    used = [sa.exists().where(table.c.run == runs.c.seq) for table in (items, links, versions)]
    removed = remove(runs, ended, ~needed, ~sa.or_(*used))
    return Retained(
        runs_old=count_old,
        runs_kept=count_old - removed,
        runs_removed=removed,
        items_removed=len(gone),
        artifacts_removed=artifacts,
        metrics_removed=metrics,
        links_removed=unlinked,
    )


def _count(connection: sa.Connection, query: sa.Select[tuple[int]]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())
