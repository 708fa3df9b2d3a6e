"""`runs list`, `runs show` and `runs metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import many, show
from tablemend.cli.main import Json, app, workspace
from tablemend.errors import StateError

if TYPE_CHECKING:
    from tablemend.records import Run, RunReport, Summary

runs = typer.Typer(
    help="Runs: how they ended, and what was measured during them.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(runs, name="runs")

Prometheus = Annotated[bool, typer.Option("--prometheus", help="Print the text format of Prometheus.")]


@runs.command("list")
def list_runs(
    kind: Annotated[str | None, typer.Option(help="Only runs of this kind.", show_default=False)] = None,
    status: Annotated[
        str | None,
        typer.Option(help="Only running, completed, failed, partial or cancelled ones.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most runs to list.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    with workspace(quiet=True) as ws:
        found = ws.runs(kind=kind, status=status, limit=limit)
    if as_json:
        show.json(found)
        return
    if not found:
        show.say("no run is like that")
        return
    rows = [(r.id, r.kind, r.status, f"{r.started:%Y-%m-%d %H:%M:%S}", _seconds(r), _counts(r)) for r in found]
    show.table(("run", "kind", "status", "started", "seconds", "counts"), rows)


@runs.command("show")
def show_run(
    run: Annotated[
        str | None, typer.Argument(help="Run, or the beginning of its id; by default the newest.", show_default=False)
    ] = None,
    as_json: Json = False,
    prometheus: Prometheus = False,
) -> None:
    """Show a run: how it ended, the settings that it went by, and what was measured."""
    import msgspec

    _require_one_format(as_json=as_json, prometheus=prometheus)
    with workspace(quiet=True) as ws:
        report = ws.run_report(run)
        tables = ws.tables_of(report.run.id)
        exported = ws.prometheus(report.run.id) if prometheus else ""
    if prometheus:
        typer.echo(exported, nl=False)
    elif as_json:
        show.json(_document(report) | ({"tables": [msgspec.structs.asdict(each) for each in tables]} if tables else {}))
    else:
        _show(report)
        if tables:
            many.table(tables)


@runs.command()
def metrics(as_json: Json = False, prometheus: Prometheus = False) -> None:
    """Count all runs by kind and status, and show what the newest of each kind measured."""
    _require_one_format(as_json=as_json, prometheus=prometheus)
    with workspace(quiet=True) as ws:
        totals, reports = ws.run_totals(), ws.newest_reports()
        exported = ws.prometheus() if prometheus else ""
    if prometheus:
        typer.echo(exported, nl=False)
    elif as_json:
        show.json({"totals": totals, "newest": [_document(report) for report in reports]})
    else:
        rows = [(kind, status, number) for kind, each in totals.items() for status, number in each.items()]
        show.table(("kind", "status", "runs"), rows)
        for report in reports:
            _figures(report, title=f"{report.run.kind} {report.run.id}")


def _require_one_format(*, as_json: bool, prometheus: bool) -> None:
    if as_json and prometheus:
        raise StateError("--json and --prometheus cannot both be given", hint="Name one of them.")


def _document(report: RunReport) -> dict[str, Any]:
    """Every field, also those that are as by default: a program should not have to know these."""
    import msgspec

    return {
        "run": msgspec.structs.asdict(report.run),
        "settings": report.settings,
        "metrics": {name: msgspec.structs.asdict(each) for name, each in report.metrics.items()},
    }


def _show(report: RunReport) -> None:
    run = report.run
    rows = [
        ("run", f"{run.id}, {run.kind}"),
        ("status", run.status),
        ("dataset", run.dataset and f"{run.dataset}, version {run.version}"),
        ("started", f"{run.started:%Y-%m-%d %H:%M:%S} UTC"),
        ("finished", f"{run.finished:%Y-%m-%d %H:%M:%S} UTC" if run.finished else ""),
        ("seconds", _seconds(run)),
        ("counts", _counts(run)),
        *(("note", note) for note in run.notes),
    ]
    show.table(("", ""), [row for row in rows if row[1] != ""])
    show.table(("setting", "value"), [(name, str(value)) for name, value in report.settings.items()], title="Settings")
    _figures(report, title="Metrics")


def _figures(report: RunReport, *, title: str) -> None:
    if not report.metrics:
        show.say(f"run {report.run.id} has no metrics")
        return
    rows = [_row(name, each) for name, each in report.metrics.items()]
    show.table(("metric", "kind", "count", "mean", "min", "p50", "p95", "max"), rows, title=title)
    dropped = sum(each.count - each.kept for each in report.metrics.values())
    if dropped:
        show.say(f"p50 and p95 leave out the {dropped:,} oldest entries, which were not kept")


def _row(name: str, found: Summary) -> tuple[Any, ...]:
    scale, unit = (1000.0, ", ms") if found.kind == "timing" else (1.0, ", MB" if name.endswith("_mb") else "")
    values = (found.mean, found.min, found.p50, found.p95, found.max)
    return name, found.kind + unit, found.count, *(None if value is None else value * scale for value in values)


def _seconds(run: Run) -> float | str:
    return "" if run.finished is None else (run.finished - run.started).total_seconds()


def _counts(run: Run) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in run.counts.items())
