"""What the verbs of the main job give back: records with a notebook view and a plain form for JSON."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import msgspec

from tablemend.records import ChangeSet, Finding, Item, Profile, Record, Score, Snapshot, Source
from tablemend.store.writes import Write

if TYPE_CHECKING:
    import pyarrow as pa


class Scanned(Record, frozen=True, kw_only=True):
    """A completed scan: what is wrong, and what would make it right."""

    run: str
    snapshot: Snapshot
    profile: Profile
    findings: tuple[Finding, ...]
    score: Score
    items: tuple[Item, ...]
    seconds: dict[str, float] = {}  # by stage

    @property
    def source(self) -> Source:
        """Where the table comes from."""
        return self.snapshot.source

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "run_id": self.run,
            "dataset": self.snapshot.source.name,
            "version": self.snapshot.version,
            "rows": self.snapshot.rows,
            "columns": len(self.snapshot.columns),
            "score": {"overall": self.score.overall, "dimensions": self.score.dimensions},
            "confidence": self.score.confidence,
            "findings": [finding_dict(each) for each in self.findings],
            "repairs": [item_dict(each) for each in self.items],
            "padded_rows": self.snapshot.padded_count,
            "rejected_rows": self.snapshot.rejected_count,
            "seconds": self.seconds,
        }

    def to_arrow(self) -> pa.Table:
        """The proposed repairs as a table."""
        import pyarrow as pa

        return pa.Table.from_pylist([item_dict(each) for each in self.items])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        head = f"{self.snapshot.source.name}: {self.snapshot.rows:,} rows, score {self.score.overall:.1f}"
        findings = html_table(
            ("check", "columns", "cells", "rows", "severity"),
            [(f.check, ", ".join(f.columns), f.cells, f.rows, f.severity) for f in self.findings],
        )
        repairs = html_table(
            ("id", "check", "operation", "columns", "cells", "rows", "confidence", "decision"),
            [tuple(item_row(each).values()) for each in self.items],
        )
        return f"<h4>{escape(head)}</h4>{findings}{repairs}"


class Surveyed(Record, frozen=True, kw_only=True):
    """A scan that was made in the database: what is wrong, without a version and without repairs."""

    run: str
    source: Source
    profile: Profile
    findings: tuple[Finding, ...]
    score: Score
    seconds: dict[str, float] = {}  # by stage

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "run_id": self.run,
            "dataset": self.source.name,
            "in_the_database": True,
            "rows": self.profile.rows,
            "columns": len(self.profile.columns),
            "score": {"overall": self.score.overall, "dimensions": self.score.dimensions},
            "confidence": self.score.confidence,
            "findings": [finding_dict(each) for each in self.findings],
            "repairs": [],
            "seconds": self.seconds,
        }

    def _repr_html_(self) -> str:
        head = f"{self.source.name}: {self.profile.rows:,} rows in the database, score {self.score.overall:.1f}"
        rows = [(f.check, ", ".join(f.columns), f.cells, f.rows, f.severity) for f in self.findings]
        return f"<h4>{escape(head)}</h4>{html_table(('check', 'columns', 'cells', 'rows', 'severity'), rows)}"


class Applied(Record, frozen=True, kw_only=True):
    """A new version of a dataset, and what it changed."""

    change_set: ChangeSet
    snapshot: Snapshot
    before: Score | None
    after: Score | None
    seconds: dict[str, float] = {}  # by stage
    write: Write | None = None  # to the database that the dataset was read from
    table: str = ""  # address of the new table that the whole version was written to
    table_rows: int = 0  # rows written to it

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        change = self.change_set
        return {
            "change_set": change.id,
            "kind": change.kind,
            "run_id": change.run,
            "version": change.version,
            "cells_changed": change.cells,
            "rows_removed": change.rows_removed,
            "rows_added": change.rows_added,
            "kept": change.kept,
            "undoes": change.undoes,
            "score": {
                "before": self.before.overall if self.before else None,
                "after": self.after.overall if self.after else None,
            },
            "outcomes": [
                {"repair": o.repair, "status": o.status, "cells": o.cells, "rows": o.rows, "reason": o.reason}
                for o in change.outcomes
            ],
            "seconds": self.seconds,
            "write": None if self.write is None else msgspec.to_builtins(self.write),
            "table": {"name": self.table, "rows": self.table_rows} if self.table else None,
        }

    def _repr_html_(self) -> str:
        change = self.change_set
        rows = [(o.repair, o.status, o.cells, o.rows, o.reason) for o in change.outcomes]
        head = f"{change.kind} {change.id}: {change.cells:,} cells, {change.rows_removed:,} rows removed"
        return f"<h4>{escape(head)}</h4>{html_table(('repair', 'status', 'cells', 'rows', 'reason'), rows)}"


class Healed(Record, frozen=True, kw_only=True):
    """A whole heal: scan, decisions, apply and output."""

    scanned: Scanned
    items: tuple[Item, ...]  # with their decisions
    applied: Applied | None  # None where nothing was approved
    output: str | None
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every approved repair could be carried out, and every row be written back where that was asked."""
        if self.applied is None:
            return True
        refused = any(o.status == "refused" for o in self.applied.change_set.outcomes)
        return not refused and (self.applied.write is None or self.applied.write.whole)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        before = self.scanned.score
        after = self.applied.after if self.applied and self.applied.after else before
        change = self.applied.change_set if self.applied else None
        return {
            "ok": self.ok,
            "run_id": self.scanned.run,
            "change_set": change.id if change else None,
            "rows": self.scanned.snapshot.rows,
            "columns": len(self.scanned.snapshot.columns),
            "score": {
                "before": before.overall,
                "after": after.overall,
                "dimensions": {"before": before.dimensions, "after": after.dimensions},
            },
            "findings": [finding_dict(each) for each in self.scanned.findings],
            "repairs": [item_dict(each) for each in self.items],
            "cells_changed": change.cells if change else 0,
            "rows_removed": change.rows_removed if change else 0,
            "refused": [o.repair for o in change.outcomes if o.status == "refused"] if change else [],
            "padded_rows": self.scanned.snapshot.padded_count,
            "rejected_rows": self.scanned.snapshot.rejected_count,
            "output": self.output,
            "seconds": round(self.seconds, 3),
        }

    def _repr_html_(self) -> str:
        return self.scanned._repr_html_() + (self.applied._repr_html_() if self.applied else "")


def finding_dict(finding: Finding) -> dict[str, Any]:
    """A finding as JSON holds it."""
    return {
        "check": finding.check,
        "dimension": finding.dimension,
        "columns": list(finding.columns),
        "severity": finding.severity,
        "status": finding.status,
        "cells": finding.cells,
        "rows": finding.rows,
        "message": finding.message,
        "rule": finding.rule,
        "sql": finding.sql,
    }


def item_row(item: Item) -> dict[str, Any]:
    """An item as a row of a table."""
    return {
        "id": item.id,
        "check": item.check,
        "operation": item.operation,
        "columns": ", ".join(item.columns),
        "cells": item.cells,
        "rows": item.rows,
        "confidence": item.confidence,
        "decision": item.decision,
    }


def item_dict(item: Item) -> dict[str, Any]:
    """An item as JSON holds it."""
    return item_row(item) | {
        "columns": list(item.columns),
        "flags": list(item.flags),
        "explanation": item.summary,
        "decided_by": item.decided_by,
        "reason": item.reason,
        "applied": item.applied or None,
        "version": item.version,
    }


def html_table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A plain HTML table; every cell escaped."""
    cells = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
