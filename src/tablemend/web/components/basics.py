"""Headers, icons, links, facts, and what is shown where there is nothing yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from tablemend.errors import TablemendError


def icon(name: str, *, label: str = "") -> html.Span:
    """An icon of `assets/icons`; without a label it is hidden from screen readers."""
    told: dict[str, Any] = {"aria-label": label, "role": "img"} if label else {"aria-hidden": "true"}
    return html.Span(className=f"tm-icon tm-icon-{name}", **told)


def header(title: str, *right: Any, note: Any = None, back: tuple[str, str] | None = None) -> html.Header:
    """The head of a page: its title, where it belongs to, and what can be done."""
    above = dcc.Link(back[0], href=back[1], className="tm-back") if back else None
    left = [above, html.H1(title, className="tm-title"), html.Div(note, className="tm-note") if note else None]
    return html.Header(
        [html.Div(_some(left), className="tm-head-left"), html.Div(_some(right), className="tm-head-right")],
        className="tm-head",
    )


def section(title: str, *children: Any, note: Any = None, id: str | None = None) -> html.Section:  # noqa: A002
    """A titled part of a page."""
    head = [html.H2(title, className="tm-h2"), html.Div(note, className="tm-note") if note else None]
    given = {"id": id} if id else {}
    return html.Section([html.Div(_some(head), className="tm-section-head"), *_some(children)], **given)


def card(*children: Any, className: str = "", **given: Any) -> html.Div:  # noqa: N803
    """A box with a border."""
    return html.Div(_some(children), className=f"tm-card {className}".strip(), **given)


def failed(title: str, problem: TablemendError) -> list[Any]:
    """A page that cannot be shown: its title, why, and what to do."""
    return [header(title), notice("This cannot be shown", f"{problem}.", hint=problem.hint or "")]


def empty(title: str, text: str, *actions: Any) -> html.Div:
    """What is shown where there is nothing yet: what it is for, and how to begin."""
    return html.Div(
        [html.H2(title, className="tm-h2"), html.P(text), html.Div(_some(actions), className="tm-actions")],
        className="tm-empty",
    )


def facts(*pairs: tuple[str, Any]) -> html.Dl:
    """Names and values, one beside the other."""
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(value)], className="tm-fact") for name, value in pairs], className="tm-facts"
    )


def link_button(text: str, href: str, *, primary: bool = False) -> dcc.Link:
    """A link that looks like a button."""
    return dcc.Link(text, href=href, className="tm-button tm-button-primary" if primary else "tm-button")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], *, label: str, numbers: Sequence[int] = ()) -> html.Div:
    """A plain table; `numbers` are the places of its columns that stand to the right."""
    right = dict.fromkeys(numbers, "tm-number")
    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([_head(name, right.get(n)) for n, name in enumerate(head)])),
                html.Tbody(
                    [html.Tr([html.Td(cell, className=right.get(n)) for n, cell in enumerate(row)]) for row in rows]
                ),
            ],
            className="tm-table",
            **{"aria-label": label},
        ),
        className="tm-table-box",
        tabIndex=0,  # so that it can be scrolled by keyboard
        role="region",
        **{"aria-label": label},
    )


def _head(name: str, kind: str | None) -> html.Th | html.Td:
    """The head of a column; one without a name, such as that of buttons, is none to screen readers."""
    return html.Th(name, scope="col", className=kind) if name else html.Td()


def notice(title: str, message: str, *, hint: str = "", color: str = "red") -> dmc.Alert:
    """Something that the reader must know, with what to do."""
    return dmc.Alert(
        [html.Div(message), html.Div(hint, className="tm-hint") if hint else None],
        title=title,
        color=color,
        variant="light",
        className="tm-alert",
    )


def when(moment: datetime | None) -> html.Time | str:
    """A moment: by how long it is ago, with the exact time on hover."""
    if moment is None:
        return "never"
    exact = moment.astimezone(UTC)
    return html.Time(ago(exact), dateTime=exact.isoformat(), title=f"{exact:%Y-%m-%d %H:%M:%S} UTC")


def ago(moment: datetime, *, now: datetime | None = None) -> str:
    """How long ago, in one unit."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 0:
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def megabytes(size: float) -> str:
    """Bytes in words."""
    if size < 2**10:
        return f"{size:,} B"
    number, unit = (size / 2**20, "MB") if size >= 2**20 else (size / 2**10, "KB")
    return f"{number:,.1f}".removesuffix(".0") + f" {unit}"


def _some(children: Sequence[Any]) -> list[Any]:
    return [child for child in children if child is not None]
