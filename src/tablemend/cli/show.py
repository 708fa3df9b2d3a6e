"""Showing results: tables for people, JSON for programs; data on standard output, messages on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

_PREVIEWED = 100  # cells of a preview printed for people

if TYPE_CHECKING:
    from tablemend.records import Decision, Finding, Item, Score
    from tablemend.repair.apply import Preview
    from tablemend.repair.results import Applied, Healed, Scanned, Surveyed
    from tablemend.store.writes import Write


def json(value: Any) -> None:
    """One JSON document."""
    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A message."""
    print(text, file=sys.stderr)  # noqa: T201


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """A table; numbers stand right."""
    from rich.console import Console
    from rich.table import Table

    shown = list(rows)
    grid = Table(title=title or None, title_justify="left", header_style="bold")
    for n, name in enumerate(head):
        number = bool(shown) and all(isinstance(row[n], int | float) for row in shown)
        whole = name in _WHOLE
        grid.add_column(name, justify="right" if number else "left", overflow="fold", no_wrap=whole)
    for row in shown:
        grid.add_row(*(_cell(value) for value in row))
    Console(highlight=False).print(grid)


_WHOLE = (
    "id",
    "conflict",
    "repair",
    "run",
    "change_set",
    "check",
    "decision",
    "status",
    "metric",
    "outcome",
    "p",
    "q",
    "stars",
)
"""Columns that are copied or read at a glance, and so never cut into lines."""


def _cell(value: Any) -> str:
    from rich.markup import escape

    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2f}" if isinstance(value, float) else escape(str(value))


def score(found: Score) -> str:
    """A score in one line."""
    parts = ", ".join(f"{name} {value:.1f}" for name, value in found.dimensions.items())
    return f"{found.overall:.1f} ({parts})"


def findings(found: Iterable[Finding]) -> None:
    """Findings as a table."""
    rows = [(f.check, ", ".join(f.columns), f.cells, f.rows, f.severity, f.message) for f in found]
    if not rows:
        say("no findings")
        return
    table(("check", "columns", "cells", "rows", "severity", "what"), rows, title="Findings")


def items(found: Iterable[Item], *, title: str = "Repairs") -> None:
    """Items as a table."""
    found = list(found)
    if found and all(each.type == "intel" for each in found):
        stories(found)
        return
    if found and all(each.type == "conflict" for each in found):
        conflicts(found)
        return
    rows = [
        (i.id, i.check, i.operation, ", ".join(i.columns), i.cells, i.rows, i.confidence, i.decision) for i in found
    ]
    table(("id", "check", "operation", "columns", "cells", "rows", "conf.", "decision"), rows, title=title)


def stories(found: Iterable[Item], *, title: str = "Stories") -> None:
    """Items of intelligence as a table."""
    rows = [(i.id, i.scores["total"], i.body["band"], i.decision, i.title) for i in found]
    table(("id", "total", "band", "decision", "title"), rows, title=title)


def conflicts(found: Iterable[Item], *, title: str = "Conflicts") -> None:
    """Items of conflicts as a table."""
    rows = [(i.id, i.scores["total"], i.body["outcome"], i.decision, i.title) for i in found]
    table(("id", "total", "outcome", "decision", "title"), rows, title=title)


def document(found: Item, *, full: bool = False) -> dict[str, Any]:
    """An item as JSON holds it, by its type; in full also what its type alone has, under the name of the type."""
    if found.type == "intel":
        from tablemend.intel.run import item_dict as of_story

        rest = {"summary": found.summary, "claims": found.claims, "evidence": found.evidence}
        return of_story(found) | (rest | {found.type: found.body} if full else {})
    if found.type == "conflict":
        from tablemend.conflicts.items import item_dict as of_conflict

        return of_conflict(found) | ({found.type: found.body} if full else {})
    from tablemend.repair.results import item_dict as of_repair

    return of_repair(found) | ({found.type: found.body} if full else {})


def item(found: Item, log: Iterable[Decision]) -> None:
    """One item in full."""
    body = found.body
    if found.type == "intel":
        story(found, log)
        return
    if found.type == "conflict":
        conflict(found, log)
        return
    rows = [
        ("item", f"{found.id}, version {found.version}"),
        ("check", f"{found.check} ({found.dimension})"),
        ("operation", f"{found.operation} on {', '.join(found.columns) or 'rows'}"),
        ("changes", f"{found.cells:,} cells, {found.rows:,} rows"),
        ("confidence", f"{found.confidence:.2f}"),
        ("flags", ", ".join(found.flags) or "none"),
        ("why", found.summary),
        *(("evidence", each.text) for each in found.evidence),
        *(
            (f"alternative {n}", each.get("label") or f"{each['operation']} {each.get('params', {})}")
            for n, each in enumerate(body.get("alternatives", ()), start=1)
        ),
        *((d.decision, f"{d.when:%Y-%m-%d %H:%M} by {d.by}: {d.reason or d.note}") for d in log),
        ("sql", body.get("sql", "")),
    ]
    table(("", ""), rows)
    sample = [(c["row"], c["column"], c["before"], c["after"]) for c in body.get("sample", ())]
    table(("row", "column", "before", "after"), sample, title="Sample")


def story(found: Item, log: Iterable[Decision]) -> None:
    """One item of intelligence in full."""
    parts = ", ".join(f"{name} {value:g}" for name, value in found.scores.items() if name != "total")
    rows = [
        ("item", f"{found.id}, version {found.version}"),
        ("title", found.title),
        *(("url", url) for url in [found.body["story"].get("url", "")] if url),
        ("total", f"{found.scores['total']:.1f} {found.body['band']} ({parts})"),
        ("outcome", f"{found.body['outcome']}, by {found.body['rule']}"),
        ("flags", ", ".join(found.flags) or "none"),
        *(("claim", each.text) for each in found.claims),
        *((each.kind, f"{each.domain or 'no source'} {each.tier}: {each.text}") for each in found.evidence),
        *(("note", each) for each in found.body.get("notes", ())),
        *(("gate", each) for each in found.body.get("explanation", ())),
        *((d.decision, f"{d.when:%Y-%m-%d %H:%M} by {d.by}: {d.reason or d.note}") for d in log),
    ]
    table(("", ""), rows)


def conflict(found: Item, log: Iterable[Decision]) -> None:
    """One conflict in full."""
    parts = ", ".join(f"{name} {value:g}" for name, value in found.scores.items() if name != "total")
    rows = [
        ("item", f"{found.id}, version {found.version}"),
        ("conflict", f"{found.content} in {found.body['target']}"),
        *((f"row {each.id}", each.text) for each in found.evidence),
        ("why", found.summary),
        ("total", f"{found.scores['total']:.1f} {found.body['band']} ({parts})"),
        ("outcome", f"{found.body['outcome']}, by {found.body['rule']}"),
        ("flags", ", ".join(found.flags) or "none"),
        *(("note", each) for each in found.body.get("notes", ())),
        *(("gate", each) for each in found.body.get("explanation", ())),
        *((d.decision, f"{d.when:%Y-%m-%d %H:%M} by {d.by}: {d.reason or d.note}") for d in log),
    ]
    table(("", ""), rows)


def scanned(result: Scanned, *, decided: Iterable[Item] | None = None) -> None:
    """A scan, with its items as they are, or as they were decided since."""
    source = result.snapshot
    say(f"{source.source.name}: {source.rows:,} rows, {len(source.columns)} columns, version {source.version}")
    if source.padded_count or source.rejected_count:
        say(f"{source.padded_count:,} short rows were padded, {source.rejected_count:,} long rows rejected")
    findings(result.findings)
    items(result.items if decided is None else decided)
    say(f"score {score(result.score)}")
    say(f"run {result.run}")


def surveyed(result: Surveyed) -> None:
    """A scan that was made in the database."""
    say(f"{result.source.name}: {result.profile.rows:,} rows, {len(result.profile.columns)} columns, in the database")
    findings(result.findings)
    say(f"score {score(result.score)}, confidence {result.score.confidence:.2f}")
    say(f"run {result.run}; no repair is proposed for a table that stays in its database")


def preview(found: Preview, *, as_json: bool) -> None:
    """What an apply would do."""
    if as_json:
        json(
            {
                "score": {"overall": found.score.overall, "dimensions": found.score.dimensions},
                "cells_changed": found.changes.num_rows,
                "rows_removed": found.rows_removed,
                "changes": found.changes.to_pylist(),
            }
        )
        return
    table(
        ("row", "column", "before", "after", "repair"),
        [tuple(row.values()) for row in found.changes.slice(0, _PREVIEWED).to_pylist()],
    )
    say(f"would change {found.changes.num_rows:,} cells and remove {found.rows_removed:,} rows")
    say(f"score would be {score(found.score)}")


def applied(result: Applied, *, brief: bool = False) -> None:
    """An apply or undo; `brief` leaves out the repairs that were applied."""
    change = result.change_set
    shown = [o for o in change.outcomes if not (brief and o.status == "applied")]
    rows = [(o.repair, o.status, o.cells, o.rows, o.reason) for o in shown]
    if rows:
        table(("repair", "status", "cells", "rows", "reason"), rows)
    say(
        f"{change.kind} {change.id}: {change.cells:,} cells changed, {change.rows_removed:,} rows removed, "
        f"{change.rows_added:,} rows added; version {change.version}"
    )
    if change.kept:
        say(f"{change.kept:,} cells or rows had changed again since and were kept")
    if result.before and result.after:
        say(f"score {result.before.overall:.1f} → {result.after.overall:.1f}")
    if result.write:
        write(result.write)
    if result.table:
        say(f"wrote {result.table_rows:,} rows to {result.table}")


def write(done: Write) -> None:
    """What a database took."""
    found = done.outcome
    say(
        f"wrote {done.change_set} to {done.target}: {found.updated:,} rows updated, {found.deleted:,} deleted, "
        f"{found.inserted:,} inserted"
    )
    if found.conflicts or found.missing:
        say(f"{found.conflicts:,} rows had been changed by somebody else and {found.missing:,} were gone; left alone:")
        table(tuple(found.left[0]), [tuple(row.values()) for row in found.left[:_PREVIEWED]])


def healed(result: Healed) -> None:
    """A whole heal."""
    scanned(result.scanned, decided=result.items)
    if result.applied:
        applied(result.applied, brief=True)
    else:
        say("no repair was approved; nothing was changed")
    waiting = sum(item.decision == "open" for item in result.items)
    if waiting:
        say(f"{waiting} repairs wait for a decision: tablemend items {result.scanned.run} --decision open")
    if result.output:
        say(f"wrote {result.output}")
