"""One run: how it ended, where its time went, and what it went by."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.records import Run, RunReport, Summary
from tablemend.web.address import path
from tablemend.web.components import basics
from tablemend.web.pages.runs import words
from tablemend.web.site import Site
from tablemend.workspace.conflicts import DECIDE, KIND, UNDO

_STAGE = "stage."
_REVIEWED = ("scan", "intel")


def draw(site: Site, identity: str) -> Any:
    """The run whose id begins so."""
    report = site.base.run_report(identity)
    run, names = report.run, words.datasets(site)
    return [
        basics.header(
            f"{run.kind} {run.id}",
            words.status(run.status),
            *_links(site, run, names),
            note=names.get(run.dataset),
            back=("Runs", "/runs"),
        ),
        *(basics.notice("What was noted", note, color=_color(run)) for note in run.notes),
        html.Div([_facts(run, names), stages(report)], className="tm-columns"),
        _tables(site, run),
        _metrics(report),
        html.Details(
            [
                html.Summary("Settings that it went by"),
                basics.facts(*_settings(report)),
            ],
            className="tm-section-head",
        ),
    ]


def _settings(report: RunReport) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in report.settings.items()]


def _color(run: Run) -> str:
    return "red" if run.status == "failed" else "yellow"


def conflicts_of(site: Site, run: Run) -> str:
    """The job over conflicts whose table a run read or wrote; empty where it is none, or of none."""
    kinds = (KIND, DECIDE, UNDO)
    return next(iter(site.base.conflicts.jobs_of(run.id)), "") if run.kind in kinds else ""


def _report(run: Run) -> str:
    return f"?part=run&run={run.id}" if run.kind == KIND and run.counts else "?part=run"


def _links(site: Site, run: Run, names: dict[str, str]) -> list[Any]:
    found = []
    if run.dataset in names:
        found.append(basics.link_button("Dataset", path("datasets", run.dataset)))
    if run.kind == "intel" and run.status in ("completed", "partial"):
        found.append(basics.link_button("Intelligence", path("intelligence", run.id)))
    if job := conflicts_of(site, run):
        found.append(basics.link_button("Conflicts", path("conflicts", job) + _report(run), primary=True))
    if run.kind in _REVIEWED and run.status in ("completed", "partial"):
        found.append(basics.link_button("Review", path("review", run.id), primary=True))
    return found


def _facts(run: Run, names: dict[str, str]) -> Any:
    version = f", version {run.version}" if run.version is not None else ""
    return basics.section(
        "Run",
        basics.facts(
            ("dataset", html.Span([words.dataset(run.dataset, names), version])),
            ("started", basics.when(run.started)),
            ("finished", basics.when(run.finished) if run.finished else "not yet"),
            ("last sign of life", basics.when(run.heartbeat) if run.heartbeat and not run.finished else "–"),
            ("took", words.took(run.started, run.finished)),
            *((name.replace("_", " "), f"{number:,}") for name, number in run.counts.items()),
        ),
    )


def stages(report: RunReport) -> Any:
    """The time of each stage as a bar; nothing where none was measured."""
    found = {
        name.removeprefix(_STAGE): each.sum
        for name, each in report.metrics.items()
        if name.startswith(_STAGE) and each.kind == "timing"
    }
    if not found:
        return None
    return basics.section("Stages", bars(found, label="Seconds of each stage"))


def bars(values: dict[str, float], *, label: str) -> html.Div:
    """Times as bars, the longest first."""
    most = max(values.values(), default=0) or 1
    rows = [
        html.Div(
            [
                html.Span(name.replace("_", " ")),
                html.Span(html.Span(style={"width": f"{100 * value / most:.1f}%"}), **{"aria-hidden": "true"}),
                html.Span(words.seconds(value)),
            ],
            className="tm-hbar",
            role="listitem",
        )
        for name, value in sorted(values.items(), key=lambda each: -each[1])
    ]
    return html.Div(rows, className="tm-bars", role="list", **{"aria-label": label})


def _tables(site: Site, run: Run) -> Any:
    found = site.base.tables_of(run.id)
    if not found:
        return None
    rows = [[str(getattr(each, name)) for name in each.__struct_fields__] for each in found]
    return basics.section("Tables", basics.table(found[0].__struct_fields__, rows, label="Tables of the run"))


def _metrics(report: RunReport) -> Any:
    if not report.metrics:
        return basics.section("Metrics", html.P("Nothing was measured.", className="tm-note"))
    rows = [metric(name, each) for name, each in report.metrics.items()]
    head = ("Metric", "Kind", "Count", "Mean", "p50", "p95", "Most", "In all")
    return basics.section("Metrics", basics.table(head, rows, label="Metrics of the run", numbers=range(2, 8)))


def metric(name: str, found: Summary) -> tuple[Any, ...]:
    """The figures of a metric as a row."""

    def shown(value: float | None) -> str:
        if value is None:
            return "–"
        return words.seconds(value) if found.kind == "timing" else words.number(value, name)

    values = (found.mean, found.p50, found.p95, found.max, found.last if found.kind == "gauge" else found.sum)
    return (html.Code(name), found.kind, f"{found.count:,}", *(shown(value) for value in values))
