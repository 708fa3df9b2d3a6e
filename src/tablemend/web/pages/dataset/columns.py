"""Columns of a dataset: types, missing and frequent values, findings, scores."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dash import dcc, html

from tablemend.records import ColumnProfile
from tablemend.web.components import basics, marks, scores, values
from tablemend.web.components.paging import pages, paging
from tablemend.web.pages.dataset.subject import Subject

SIZE = 100
"""Columns on a page."""

_HEAD = ("Column", "Type", "Missing", "Distinct", "Values", "Weakest dimension", "Findings")


def section(subject: Subject) -> Any:
    """The columns as a table."""
    if subject.profile is None:
        return basics.empty("Not scanned yet", "A scan measures what each column holds.")
    known = subject.profile.columns
    page = subject.number("page", 1, most=pages(len(known), SIZE))
    shown = known[(page - 1) * SIZE : page * SIZE]
    found = Counter(column for each in subject.findings for column in each.columns)
    rows = [_row(subject, each, found[each.name]) for each in shown]
    return [
        _facts(subject),
        basics.table(_HEAD, rows, label="Columns", numbers=(2, 3)),
        paging(page, len(known), SIZE, lambda to: subject.here(tab="columns", page=to), what="columns"),
    ]


def _facts(subject: Subject) -> Any:
    """What holds for the table as a whole."""
    profile = subject.profile
    if profile is None:
        return None
    told = []
    if profile.duplicate_rows:
        told.append(f"{profile.duplicate_rows:,} rows repeat an earlier one.")
    if profile.keys:
        told.append(f"Could be a key: {'; '.join(', '.join(key) for key in profile.keys[:5])}.")
    if profile.dependencies:
        strong = sorted(profile.dependencies, key=lambda each: -each.strength)[:5]
        told.append("Depends: " + "; ".join(f"{each.target} on {each.determinant}" for each in strong) + ".")
    return html.P(" ".join(told), className="tm-note tm-about") if told else None


def _row(subject: Subject, each: ColumnProfile, findings: int) -> list[Any]:
    missing = each.nulls + each.blanks + each.disguised
    return [
        html.Span(each.name, className="tm-strong"),
        [each.type, html.Div(each.semantic, className="tm-note") if each.semantic != each.type else None],
        _missing(each, missing),
        f"{each.distinct:,}" if each.distinct_exact else f"about {each.distinct:,}",
        values.shown(each),
        _weakest(subject, each.name),
        dcc.Link(f"{findings}", href=subject.here(tab="findings", column=each.name))
        if findings
        else html.Span("none", className="tm-note"),
    ]


def _missing(each: ColumnProfile, missing: int) -> Any:
    if not missing:
        return html.Span("none", className="tm-note")
    parts = (("null", each.nulls), ("blank", each.blanks), ("in disguise", each.disguised))
    told = ", ".join(f"{number:,} {name}" for name, number in parts if number)
    share = marks.percent(missing / each.rows) if each.rows else "–"
    return html.Span([f"{missing:,} ", html.Span(f"({share})", className="tm-note")], title=told)


def _weakest(subject: Subject, column: str) -> Any:
    found = subject.score.columns.get(column) if subject.score else None
    if not found:
        return html.Span("–", className="tm-note", title="not scored")
    told = scores.ordered(found)
    name, value = min(told, key=lambda each: each[1])
    every = ", ".join(f"{name} {marks.floor(value):.1f}" for name, value in told)
    if value >= 100:
        return html.Span("none", className="tm-note", title=every)
    return html.Span([f"{name} ", marks.score(value)], title=every)
