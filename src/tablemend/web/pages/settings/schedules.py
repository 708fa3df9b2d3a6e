"""Schedules: sources that are read again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import dcc, html

from tablemend.errors import SettingsError
from tablemend.store.schedules import Schedule
from tablemend.web.address import Address
from tablemend.web.components import basics, forms, marks
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.runs import words
from tablemend.web.pages.settings.access import may, only_admins
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """Every schedule, and a form for a new one."""
    del address
    names = words.datasets(site)
    rows = [_row(each, names) for each in site.base.schedules.list()]
    head = ("name", "source", "every", "alert below", "next", "last read", "failures", "")
    table = basics.table(head, rows, label="Schedules", numbers=(6,))
    none = html.P("No source is read again by itself yet.", className="tm-note")
    return [only_admins(), table if rows else none, _form() if may("admin") else None]


def _row(each: Schedule, names: dict[str, str]) -> tuple[Any, ...]:
    name = each.name if each.dataset not in names else words.dataset(each.dataset, {each.dataset: each.name})
    job = dcc.Link("newest refresh", href=f"/runs?job={each.job}") if each.job else None
    state = basics.when(each.next) if each.enabled else marks.tag("paused", kind="warning")
    return (
        html.Span([name, " ", html.Span(f"by {each.by}", className="tm-hint")]),
        html.Span(each.source),
        every(each.interval),
        "–" if each.threshold is None else f"{each.threshold:g}",
        state,
        html.Span([basics.when(each.last), " ", job]),
        html.Span(f"{each.failures:,}", className="tm-slow" if each.failures else ""),
        _buttons(each) if may("admin") else None,
    )


def _buttons(each: Schedule) -> Any:
    turn, caption = ("schedule-pause", "Pause") if each.enabled else ("schedule-resume", "Resume")
    return html.Div(
        [
            forms.button("settings", "schedule-run", "Read now", key=each.id, label=f"Read now: {each.name}"),
            forms.button("settings", turn, caption, key=each.id, label=f"{caption} {each.name}"),
            forms.confirmed(
                "settings", "schedule-remove", "Remove", "Its dataset and versions stay.", key=each.id, sure="Remove it"
            ),
        ],
        className="tm-actions",
    )


def every(seconds: int) -> str:
    """An interval in the largest unit that divides it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _form() -> Any:
    return basics.section(
        "New schedule",
        html.Div(
            [
                forms.text("settings", "source", "Source", placeholder="https://… or a database URL#table"),
                forms.text("settings", "schedule", "Name", placeholder="by default that of the source"),
                forms.text("settings", "interval", "Every", "1h", description="30s, 15m, 1h, 1d"),
                forms.text("settings", "threshold", "Alert where the score is below", placeholder="no alert"),
                html.Div(forms.button("settings", "schedule-add", "Add", primary=True), className="tm-actions"),
            ],
            className="tm-form",
        ),
    )


def _add(site: Site, asked: Asked) -> Done:
    threshold = asked.text("threshold")
    made = site.workspace.schedules.add(
        asked.text("source"),
        interval=asked.text("interval"),
        name=asked.text("schedule") or None,
        threshold=_number(threshold) if threshold else None,
    )
    return Done(title=f"{made.name} is read every {every(made.interval)}", message="For the first time now.")


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError as problem:
        raise SettingsError(f"{text!r} is no score", hint="Give a threshold from 0 to 100.") from problem


def _run(site: Site, asked: Asked) -> Done:
    job = site.workspace.schedules.run_now(asked.key)
    return Done(title="It is being read", message=dcc.Link("Watch it", href=f"/runs?job={job.id}"))


def _does(verb: str, said: str) -> Callable[[Site, Asked], Done]:
    def run(site: Site, asked: Asked) -> Done:
        found: Schedule = getattr(site.workspace.schedules, verb)(asked.key)
        return Done(title=f"{said} {found.name}")

    return run


ACTIONS = {
    "schedule-add": Action(run=_add, blames="source"),
    "schedule-run": Action(run=_run),
    "schedule-pause": Action(run=_does("pause", "Paused")),
    "schedule-resume": Action(run=_does("resume", "Resumed")),
    "schedule-remove": Action(run=_does("remove", "Removed")),
}
