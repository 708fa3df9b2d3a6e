"""Findings of a dataset: what failed, how often, where, and the SQL that lists it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from tablemend.records import DIMENSIONS, Finding
from tablemend.web.components import basics, marks
from tablemend.web.components.paging import pages, paging
from tablemend.web.pages.dataset.subject import Subject

SIZE = 50
"""Findings on a page."""

_SAMPLE = 10  # rows shown of a finding
_SQL = 6_000  # characters shown of the SQL, which may list every value
_WIDE = 8  # columns shown of a finding about whole rows


def section(subject: Subject) -> Any:
    """The findings, most severe first."""
    if subject.scan is None:
        return basics.empty("Not scanned yet", "A scan says what is wrong.")
    if not subject.findings:
        return basics.empty("No finding", "Every check of the newest scan passed.")
    query = subject.address.query
    column, dimension = query.get("column", ""), query.get("dimension", "")
    found = [each for each in subject.findings if _meets(each, column, dimension)]
    page = subject.number("page", 1, most=pages(len(found), SIZE))
    shown = found[(page - 1) * SIZE : page * SIZE]

    def href(to: int) -> str:
        return subject.here(tab="findings", column=column, dimension=dimension, page=to)

    return [
        _filters(subject, column, dimension),
        html.P(f"{len(found):,} of {len(subject.findings):,} findings", className="tm-note tm-about"),
        html.Div([_finding(subject, each) for each in shown], className="tm-findings"),
        paging(page, len(found), SIZE, href, what="findings"),
    ]


def _meets(finding: Finding, column: str, dimension: str) -> bool:
    return (not column or column in finding.columns) and (not dimension or finding.dimension == dimension)


def _filters(subject: Subject, column: str, dimension: str) -> html.Nav:
    present = [name for name in DIMENSIONS if any(each.dimension == name for each in subject.findings)]
    chips = [_chip("all dimensions", subject.here(tab="findings", column=column), chosen=not dimension)]
    chips += [
        _chip(name, subject.here(tab="findings", column=column, dimension=name), chosen=name == dimension)
        for name in present
    ]
    if column:
        without = subject.here(tab="findings", dimension=dimension)
        chips.append(dcc.Link(["only column ", html.B(column), " ✕"], href=without, className="tm-chip"))
    return html.Nav(chips, className="tm-chips", **{"aria-label": "Filter of findings"})


def _chip(text: str, href: str, *, chosen: bool) -> dcc.Link:
    return dcc.Link(text, href=href, className="tm-chip tm-chip-on" if chosen else "tm-chip")


def _finding(subject: Subject, each: Finding) -> html.Details:
    severity = "could not be evaluated" if each.status == "error" else each.severity
    counts = f"{each.cells:,} cells, {each.rows:,} rows" if each.cells else f"{each.rows:,} rows"
    head = [
        marks.tag(severity, kind="error" if each.status == "error" else each.severity),
        html.Span(each.message or each.check, className="tm-finding-message"),
        html.Span(counts if each.status == "failed" else "", className="tm-finding-count"),
        html.Span(f"{each.check.replace('_', ' ')}, {each.dimension}", className="tm-note"),
    ]
    column = each.columns[0] if each.columns else ""
    below = [
        html.Div(dcc.Link("Repairs for it", href=subject.review(check=each.check, column=column))),
        _sample(each),
        html.Div([html.H3("SQL", className="tm-h3"), html.Pre(_sql(each.sql))]) if each.sql else None,
    ]
    return html.Details(
        [html.Summary(head), html.Div([one for one in below if one is not None], className="tm-finding-body")],
        className="tm-finding",
    )


def _sample(each: Finding) -> Any:
    if not each.sample:
        return None
    names = list(dict.fromkeys(name for row in each.sample for name in row))[: _WIDE + 1]
    rows = [[marks.value(row.get(name)) for name in names] for row in each.sample[:_SAMPLE]]
    note = "" if len(each.sample) >= each.rows else f"the first of {each.rows:,}"
    return basics.section(
        "Rows", basics.table(_titles(names), rows, label=f"Rows of {each.message or each.check}"), note=note
    )


def _sql(text: str) -> str:
    return text if len(text) <= _SQL else f"{text[:_SQL]}\n-- and {len(text) - _SQL:,} more characters"


def _titles(names: Sequence[str]) -> list[str]:
    return ["row" if name == "_row" else name for name in names]
