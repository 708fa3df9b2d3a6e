"""What is known of a version, for people: a self-contained HTML page, and sheets of a workbook."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from tablemend.errors import NotFound
from tablemend.records import Finding, Item, Profile, Record, Run, Score, Snapshot
from tablemend.repair.results import html_table
from tablemend.store.filters import Filter
from tablemend.store.state import Store
from tablemend.tables.files import write_whole
from tablemend.tables.snapshot import Snapshots

_CELLS = 1000  # changed cells listed in the page
_SHEET_CELLS = 1_000_000  # rows that a worksheet holds, less its header

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
th{position:sticky;top:0;background:Canvas}
td{overflow-wrap:anywhere}
.bar{height:.6rem;border-radius:.3rem;background:#8883;overflow:hidden}.bar i{display:block;height:100%;background:#2a7}
.score{font-size:2.4rem;font-weight:600}
pre{white-space:pre-wrap;background:#8882;padding:.6rem;border-radius:.3rem}
"""


class Known(Record, frozen=True, kw_only=True):
    """What the newest scan says of a dataset, and what was changed up to a version."""

    snapshot: Snapshot
    score: Score | None
    run: Run | None
    profile: Profile | None
    findings: tuple[Finding, ...]
    items: tuple[Item, ...]
    changes: pa.Table


def known(store: Store, snapshots: Snapshots, snapshot: Snapshot) -> Known:
    """Gather what the state holds of a version."""
    scores = {each.version: found for each, found in store.datasets.versions(snapshot.dataset)}
    try:
        run = store.runs.latest("scan", snapshot.dataset)
    except NotFound:
        run = None
    return Known(
        snapshot=snapshot,
        score=scores[snapshot.version],
        run=run,
        profile=store.runs.recall(run.id, "profile", Profile) if run else None,
        findings=tuple(store.runs.recall(run.id, "findings", list[Finding])) if run else (),
        items=tuple(store.items.select(Filter(run=run.id))) if run else (),
        changes=_changes(store, snapshots, snapshot),
    )


def _changes(store: Store, snapshots: Snapshots, snapshot: Snapshot) -> pa.Table:
    """Cells of every change set that led from the source to the version, oldest first."""
    lineage = _lineage(store, snapshot)
    tables = []
    for each in store.change_sets.of(snapshot.dataset):
        if each.version in lineage:
            cells = snapshots.read_changes(each.changes)
            named = {"change_set": each.id, "version": each.version}
            for place, (name, value) in enumerate(named.items()):
                cells = cells.add_column(place, name, pa.array([value] * cells.num_rows))
            tables.append(cells)
    return pa.concat_tables(tables).unify_dictionaries() if tables else pa.table({})


def _lineage(store: Store, snapshot: Snapshot) -> set[int]:
    """Versions from the source's own down to this one."""
    versions = {each.version: each for each, _ in store.datasets.versions(snapshot.dataset)}
    found, current = set[int](), snapshot
    while current.parent is not None:
        found.add(current.version)
        current = versions[current.parent]
    return found


def sheets(found: Known) -> list[tuple[str, pa.Table]]:
    """The validation results and the changes as further sheets of a workbook."""
    listed = [
        {
            "check": each.check,
            "dimension": each.dimension,
            "columns": ", ".join(each.columns),
            "severity": each.severity,
            "status": each.status,
            "cells": each.cells,
            "rows": each.rows,
            "message": each.message,
        }
        for each in found.findings
    ]
    names = ("check", "dimension", "columns", "severity", "status", "cells", "rows", "message")
    validation = (
        pa.Table.from_pylist(listed) if listed else pa.table({name: pa.array([], pa.string()) for name in names})
    )
    changes = found.changes if found.changes.num_columns else pa.table({"change_set": pa.array([], pa.string())})
    return [("Validation", validation), ("Changes", changes.slice(0, _SHEET_CELLS))]


def write(found: Known, path: Path) -> Path:
    """Write the page."""
    write_whole(path, lambda temporary: _write(temporary, page(found)))
    return path


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def page(found: Known) -> str:
    """The whole page; every value escaped, nothing loaded from elsewhere."""
    name = escape(found.snapshot.source.name)
    parts = [
        f"<h1>{name}, version {found.snapshot.version}</h1>",
        f"<p>{found.snapshot.rows:,} rows, {len(found.snapshot.columns)} columns, "
        f"written {found.snapshot.created:%Y-%m-%d %H:%M} UTC</p>",
        _score(found.score),
        _section("Findings of the newest scan", _findings(found.findings)),
        _section("Repairs", _items(found.items)),
        _section("Changes from the source", _change_rows(found.changes)),
        _section("Columns", _columns(found.profile)),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>{body}</body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content or '<p>None.</p>'}"


def _score(score: Score | None) -> str:
    if score is None:
        return "<p>This version was not scored.</p>"
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td>{value:.1f}</td><td><div class="bar"><i style="width:{value:.1f}%"></i></div>'
        "</td></tr>"
        for name, value in score.dimensions.items()
    )
    return f'<p class="score">{score.overall:.1f}</p><table><tbody>{rows}</tbody></table>'


def _findings(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return ""
    rows: list[tuple[Any, ...]] = [
        (f.check, ", ".join(f.columns), f"{f.cells:,}", f"{f.rows:,}", f.severity, f.message) for f in findings
    ]
    queries = "".join(
        f"<details><summary>{escape(f.check)}: {escape(', '.join(f.columns))}</summary>"
        f"<pre>{escape(f.sql)}</pre></details>"
        for f in findings
    )
    return html_table(("check", "columns", "cells", "rows", "severity", "what"), rows) + queries


def _items(items: tuple[Item, ...]) -> str:
    if not items:
        return ""
    head = ("id", "check", "operation", "columns", "cells", "rows", "confidence", "decision", "by", "why")
    rows: list[tuple[Any, ...]] = [
        (
            i.id,
            i.check,
            i.operation,
            ", ".join(i.columns),
            f"{i.cells:,}",
            f"{i.rows:,}",
            f"{i.confidence:.2f}",
            i.decision,
            i.decided_by,
            i.summary,
        )
        for i in items
    ]
    return html_table(head, rows)


def _change_rows(changes: pa.Table) -> str:
    if not changes.num_rows:
        return ""
    shown = changes.slice(0, _CELLS).to_pylist()
    more = f"<p>The first {len(shown):,} of {changes.num_rows:,} cells.</p>" if changes.num_rows > _CELLS else ""
    return more + html_table(tuple(changes.column_names), [tuple(row.values()) for row in shown])


def _columns(profile: Profile | None) -> str:
    if profile is None:
        return ""
    head = ("column", "type", "meaning", "missing", "distinct", "smallest", "largest", "most frequent")
    rows: list[tuple[Any, ...]] = [
        (
            c.name,
            c.type,
            c.semantic,
            f"{c.nulls + c.blanks + c.disguised:,}",
            f"{c.distinct:,}{'' if c.distinct_exact else ' (about)'}",
            "" if c.minimum is None else c.minimum,
            "" if c.maximum is None else c.maximum,
            ", ".join(f"{each.value} ({each.n:,})" for each in c.top[:3]),
        )
        for c in profile.columns
    ]
    return html_table(head, rows)
