"""Alerts: what was told of scores, drift and failures, to whom, and whether it came there."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tablemend.store.alerts import Alert, Delivery
from tablemend.web.address import Address, path
from tablemend.web.components import basics, forms, marks
from tablemend.web.pages.runs import words
from tablemend.web.site import Site

LIMIT = 100
DAYS = 7
"""Days that the overview looks back: what is older stands in the list."""
SHOWN = 3
"""Alerts on the overview; their number is told whole."""
KINDS = ("score", "drift", "failed", "stalled", "test")
_COLOR = {"delivered": "completed", "failed": "failed", "pending": "queued", "sending": "running"}


def draw(site: Site, address: Address) -> Any:
    """The newest alerts."""
    kind = address.query.get("alert")
    found = site.base.alerts.recent(limit=LIMIT, kind=kind if kind in KINDS else None)
    if not found and not kind:
        return basics.empty(
            "No alert",
            "Where a source on a schedule scores too low, drifts, or cannot be read, it is told here, "
            "and by webhook and mail where these are set.",
            basics.link_button("Schedules", "/settings?part=schedules"),
        )
    names = words.datasets(site)
    rows = [
        (
            basics.when(each.created),
            marks.tag(each.kind),
            words.dataset(each.dataset, names),
            message(each),
            html.Span(["over since ", basics.when(each.resolved)]) if each.resolved else "still so",
            _deliveries(each),
        )
        for each in found
    ]
    head = ("When", "Kind", "Dataset", "What", "State", "Told by")
    return [
        forms.filters(forms.filter_choice("alert", "Kind", KINDS, kind)),
        basics.table(head, rows, label="Alerts"),
    ]


def calm(site: Site) -> Any:
    """Those of the last days that still hold, in few lines; nothing where there are none."""
    found = site.workspace.alerts.standing(days=DAYS)
    if not found:
        return None
    names = words.datasets(site)
    rows = [html.Li(_line(each, names)) for each in found[:SHOWN]]
    more = len(found) - len(rows)
    all_of_them = dcc.Link(f"{more:,} more" if more else "All alerts", href="/runs?part=alerts")
    return html.Section(
        [html.H2("Alerts", className="tm-h2"), html.Ul(rows, className="tm-lines"), all_of_them],
        className="tm-card tm-calm",
        **{"aria-label": "Alerts"},
    )


def _line(each: Alert, names: dict[str, str]) -> list[Any]:
    known = names.get(each.dataset)
    about = dcc.Link(f"Dataset {known}", href=path("datasets", each.dataset)) if known else None
    when = html.Span(basics.when(each.created), className="tm-note")
    return [marks.tag(each.kind, kind="warning"), html.Span(each.message), about, when]


def message(alert: Alert) -> html.Div:
    """What an alert says, with the run that it is about."""
    return html.Div([alert.message, " ", words.run_link(alert.run) if alert.run else ""])


def _deliveries(alert: Alert) -> Any:
    return html.Div([_delivery(each) for each in alert.deliveries])


def _delivery(each: Delivery) -> Any:
    tries = f" after {each.attempts} attempts" if each.attempts > 1 else ""
    return html.Div(
        [
            marks.tag(f"{each.channel}: {each.status}", kind=_COLOR.get(each.status, "")),
            html.Span(f" {each.to}{tries} {each.detail}".rstrip(), className="tm-hint"),
        ]
    )
