"""Two rows beside each other in time, and the way between them: drawn plainly, and told in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dash import html

from tablemend.conflicts.words import POINTS, minutes

Row = Mapping[str, Any]


def timeline(row: Row) -> Any:
    """The two intervals over one scale, with what they have in common; nothing where an end is unknown."""
    ends = [row[name] for name in ("start_a", "end_a", "start_b", "end_b")]
    if any(each is None for each in ends):
        return None
    a, b = (ends[0], ends[1]), (ends[2], ends[3])
    first, last = min(ends), max(ends)
    span = (last - first) or timedelta(minutes=1)
    both = (max(a[0], b[0]), min(a[1], b[1]))
    shared = _bar("tm-time-both", both, first, span) if both[0] < both[1] else None
    return html.Figure(
        [
            html.Div(
                [
                    *([html.Div(shared, className="tm-time-shared")] if shared is not None else []),
                    _track(row["id_a"], a, first, span),
                    _track(row["id_b"], b, first, span),
                    html.Div([html.Span(_clock(first)), html.Span(_until(first, last))], className="tm-time-scale"),
                ],
                className="tm-time",
                **{"aria-hidden": "true"},
            ),
            html.Figcaption(_told(row, a, b), className="tm-note"),
        ],
        className="tm-figure",
    )


def _track(name: str, interval: tuple[datetime, datetime], first: datetime, span: timedelta) -> html.Div:
    shown = f"{_clock(interval[0])}–{_clock(interval[1])}"
    return html.Div(
        [
            html.Span([html.Strong(name), f" {shown}"], className="tm-time-name"),
            html.Div(_bar("tm-time-bar", interval, first, span), className="tm-time-track"),
        ]
    )


def _bar(kind: str, interval: tuple[datetime, datetime], first: datetime, span: timedelta) -> html.Span:
    """A stretch of the scale; one that ends before it begins is drawn as it would be the other way round."""
    start, end = min(interval), max(interval)
    left, wide = (start - first) / span, (end - start) / span
    return html.Span(className=kind, style={"left": f"{100 * left:.2f}%", "width": f"{100 * wide:.2f}%"})


def _told(row: Row, a: tuple[datetime, datetime], b: tuple[datetime, datetime]) -> str:
    if row["overlap_minutes"]:
        return f"{row['id_a']} and {row['id_b']} have {minutes(row['overlap_minutes'])} in common."
    if row["gap_minutes"] is not None:
        return f"There are {minutes(row['gap_minutes'])} between {row['id_a']} and {row['id_b']}."
    return f"{row['id_a']} is from {_moment(a[0])} to {_moment(a[1])}, {row['id_b']} from {_moment(b[0])} to " + (
        f"{_moment(b[1])}."
    )


def way(row: Row) -> Any:
    """The way between two places, and the time that it takes beside the time that there is; nothing without one."""
    if row["miles"] is None or row["travel_minutes"] is None or row["gap_minutes"] is None:
        return None
    first, second = ("a", "b") if row["first"] == "a" else ("b", "a")
    leave, arrive = (POINTS.get(str(row[name]), str(row[name])) for name in ("leave_from", "arrive_from"))
    needed, there = row["travel_minutes"], row["gap_minutes"]
    most = max(needed, there) or 1.0
    return html.Figure(
        [
            html.Div(
                [
                    _place(row[f"id_{first}"], row[f"differ_{first}"], leave),
                    html.Div(
                        [html.Span(f"{row['miles']:g} mi"), html.Span(className="tm-way-line")],
                        className="tm-way-arrow",
                    ),
                    _place(row[f"id_{second}"], row[f"differ_{second}"], arrive),
                ],
                className="tm-way-sketch",
                **{"aria-hidden": "true"},
            ),
            html.Div(
                [
                    _time("needed", needed, most, "tm-way-needed"),
                    _time("there are", there, most, "tm-way-there"),
                ],
                className="tm-way-times",
                **{"aria-hidden": "true"},
            ),
            html.Figcaption(
                f"{row['miles']:g} miles at {row['mph']:g} miles an hour take {minutes(needed)}; "
                f"there are {minutes(there)}.",
                className="tm-note",
            ),
        ],
        className="tm-figure",
    )


def _place(name: str, differ: str | None, point: str) -> html.Div:
    where = f"{name} at {differ}" if differ else name
    return html.Div([html.Span(className="tm-way-point"), html.Strong(where), html.Span(point, className="tm-note")])


def _time(name: str, value: float, most: float, kind: str) -> html.Div:
    bar = html.Span(html.Span(className=kind, style={"width": f"{100 * value / most:.1f}%"}))
    return html.Div([html.Span(name), bar, html.Span(minutes(value))], className="tm-hbar")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _until(first: datetime, last: datetime) -> str:
    return _clock(last) if last.date() == first.date() else _moment(last)
