"""The table of datasets: how each stands, and what waits there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from tablemend.records import Run
from tablemend.store.health import Standing
from tablemend.web.address import path
from tablemend.web.components import basics, marks, scores

_HEAD = ("Dataset", "Score", "Weakest dimension", "Trend", "Rows", "To review", "Last run")
_RIGHT = {"Score": "tm-number", "Rows": "tm-number", "To review": "tm-number"}


def table(standings: Sequence[Standing]) -> html.Div:
    """Every dataset as a row; on a narrow screen as a card."""
    head = html.Thead(html.Tr([html.Th(name, scope="col", className=_RIGHT.get(name)) for name in _HEAD]))
    given = {"aria-label": "Datasets"}
    rows = html.Tbody([_row(each) for each in standings])
    return html.Div(
        html.Table([head, rows], className="tm-table tm-datasets", **given),
        className="tm-table-box",
        tabIndex=0,
        role="region",
        **given,
    )


def _row(each: Standing) -> html.Tr:
    name = html.Th(
        [
            dcc.Link(each.name, href=path("datasets", each.id)),
            html.Div(place(each.source), className="tm-note tm-source", title=each.source),
        ],
        scope="row",
    )
    cells = (_score(each), scores.weakest(each.score), _trend(each), f"{each.rows:,}", _waiting(each), last(each.run))
    pairs = zip(_HEAD[1:], cells, strict=True)
    return html.Tr([name, *[_cell(title, cell) for title, cell in pairs]])


def place(source: str) -> str:
    """Where something is from, in short: an address, or the name of a file."""
    return source if "://" in source else source.rpartition("/")[2]


def _cell(title: str, content: Any) -> html.Td:
    return html.Td(content, className=_RIGHT.get(title), **{"data-label": title})


def _score(each: Standing) -> html.Span:
    return marks.score(None if each.score is None else each.score.overall, size="medium")


def _trend(each: Standing) -> Any:
    told = [value for value in each.trend if value is not None]
    if len(told) < 2:
        return html.Span(f"version {each.version}", className="tm-note")
    label = f"scores of the last {len(each.trend)} versions, from {told[0]:.1f} to {told[-1]:.1f}"
    low, high = min(told), max(told)
    room = max((high - low) * 0.1, 0.05)
    return html.Span(
        [
            marks.sparkline(each.trend, label=label, low=low - room, high=high + room),
            html.Span(_moved(told[0], told[-1]), className="tm-note"),
        ],
        className="tm-trend",
    )


def _moved(before: float, after: float) -> str:
    """By how much a score moved, in words that need no colour."""
    by = after - before
    return "unchanged" if abs(by) < 0.05 else f"{'+' if by > 0 else '−'}{abs(by):.1f}"


def _waiting(each: Standing) -> Any:
    if not each.scan:
        return html.Span("not scanned", className="tm-note")
    parts: list[Any] = []
    if each.open:
        parts.append(dcc.Link(f"{each.open:,} open", href=f"{path('review', each.scan)}?decision=open"))
    if each.approved:
        parts.append(dcc.Link(f"{each.approved:,} approved", href=f"{path('review', each.scan)}?decision=approved"))
    return html.Div(parts, className="tm-waiting") if parts else html.Span("none", className="tm-note")


def last(run: Run | None) -> Any:
    """What was done last, how it ended, and when."""
    if run is None:
        return html.Span("never", className="tm-note")
    return html.Div(
        [
            dcc.Link(run.kind, href=path("runs", run.id)),
            marks.tag(run.status, kind=run.status),
            html.Span(basics.when(run.finished or run.started), className="tm-note"),
        ],
        className="tm-last",
    )
