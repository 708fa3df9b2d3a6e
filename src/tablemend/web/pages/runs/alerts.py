"""Alerts: what was told of scores, drift and failures, to whom, and whether it came there."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.store.alerts import Alert, Delivery
from tablemend.web.address import Address
from tablemend.web.components import basics, forms, marks
from tablemend.web.pages.runs import words
from tablemend.web.site import Site

LIMIT = 100
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
            html.Div([each.message, " ", words.run_link(each.run) if each.run else ""]),
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
