"""How good the rows were from run to run, and what was found: of worse rows a run finds less, or what is none."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tablemend.conflicts.tallying import Tally
from tablemend.records import Record, Run

SHARES = ("unplaced", "misplaced", "backwards", "unreadable", "half", "unruled", "status_missing")
"""Counts of a tally that are told as shares of the rows that were judged."""


class Subject(Record, frozen=True, kw_only=True):
    """What a run is over; noted when it begins."""

    source: str  # URL#table without password
    target: str  # likewise
    ruleset: str


class Outcome(Record, frozen=True, kw_only=True):
    """What became of a partition, as far as trends look at it."""

    outcome: Literal["done", "failed", "skipped"]


class Report(Record, frozen=True, kw_only=True):
    """A kept report, as far as trends look at it."""

    seconds: float
    parts: tuple[Outcome, ...]
    rows: int
    saved: int
    conflicts: int
    counts: dict[str, int]
    tally: Tally
    dry: bool = False
    incremental: bool = False


class Trend(Record, frozen=True, kw_only=True):
    """One run; its numbers are None where it ended before it had any."""

    run: str
    started: datetime
    status: str  # completed, partial, failed, cancelled or running
    source: str
    dry: bool = False  # nothing was written
    incremental: bool = False  # only what had changed was judged: no picture of all rows
    seconds: float | None = None
    failed: int | None = None  # partitions that could not be judged, of which nothing else is counted
    rows: int | None = None  # that were read
    saved: int | None = None  # that the database left out itself
    judged: int | None = None
    shares: dict[str, float] = {}  # of the rows that were judged, by SHARES; empty where there were none
    suspicious: int | None = None  # keys under which rows of several stand
    conflicts: int | None = None
    new: int | None = None
    resolved: int | None = None


def trend(run: Run, subject: Subject, report: Report | None) -> Trend:
    """What a run tells of its rows."""
    told = Trend(run=run.id, started=run.started, status=run.status, source=subject.source)
    if report is None:
        return told
    tally = report.tally
    return Trend(
        run=told.run,
        started=told.started,
        status=told.status,
        source=told.source,
        dry=report.dry,
        incremental=report.incremental,
        seconds=report.seconds,
        failed=sum(each.outcome == "failed" for each in report.parts),
        rows=report.rows,
        saved=report.saved,
        judged=tally.judged,
        shares={name: getattr(tally, name) / tally.judged for name in SHARES} if tally.judged else {},
        suspicious=len(tally.suspicious),
        conflicts=report.conflicts,
        new=report.counts.get("new", 0),
        resolved=report.counts.get("resolved", 0),
    )
