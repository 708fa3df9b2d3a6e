"""Schedules: sources that are read again by themselves, and what can be done with each."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.store.schedules import Schedule
from tablemend.web.address import Address
from tablemend.web.api import places
from tablemend.web.components import basics, forms, schedules
from tablemend.web.components.allowed import may, note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.runs import words
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """Every schedule, and a form for a new one."""
    del address
    names = words.datasets(site)
    rows = [_row(each, names) for each in site.base.schedules.list()]
    head = ("name", "source", "every", "alert below", "next", "last read", "failures", "")
    table = basics.table(head, rows, label="Schedules", numbers=(6,))
    none = html.P("No source is read again by itself yet.", className="tm-note")
    return [note("admin"), table if rows else none, _form() if may("admin") else None]


def _row(each: Schedule, names: dict[str, str]) -> tuple[Any, ...]:
    name = each.name if each.dataset not in names else words.dataset(each.dataset, {each.dataset: each.name})
    return (
        html.Span([name, " ", html.Span(f"by {each.by}", className="tm-hint")]),
        html.Span(each.source),
        schedules.every(each.interval),
        schedules.threshold(each),
        schedules.due(each),
        schedules.last(each),
        schedules.failures(each),
        schedules.buttons("settings", each),
    )


def _form() -> Any:
    return basics.section(
        "New schedule",
        html.Div(
            [
                forms.text("settings", "source", "Source", placeholder="https://… or a database URL#table"),
                forms.text("settings", "schedule", "Name", placeholder="by default that of the source"),
                *schedules.fields("settings"),
                html.Div(forms.button("settings", "schedule-add", "Add", primary=True), className="tm-actions"),
            ],
            className="tm-form",
        ),
    )


def _add(site: Site, asked: Asked) -> Done:
    made = site.workspace.schedules.add(
        places.source(site, asked.text("source")),
        interval=asked.text("interval"),
        name=asked.text("schedule") or None,
        threshold=schedules.asked_threshold(asked),
    )
    return schedules.added(made)


ACTIONS = {"schedule-add": Action(run=_add, blames="source"), **schedules.ACTIONS}
