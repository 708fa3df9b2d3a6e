"""Schedules wherever they are shown: how often, what can be done with one, and the fields of a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import dcc, html

from tablemend.errors import SettingsError
from tablemend.store.schedules import Schedule
from tablemend.web.components import basics, forms, marks
from tablemend.web.components.allowed import may
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.site import Site


def every(seconds: int) -> str:
    """An interval in the largest unit that divides it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def threshold(each: Schedule) -> str:
    """The score below which it alerts."""
    return "–" if each.threshold is None else f"{each.threshold:g}"


def due(each: Schedule) -> Any:
    """When it is read next."""
    return basics.when(each.next) if each.enabled else marks.tag("paused", kind="warning")


def last(each: Schedule) -> html.Span:
    """When it was read last, and the job that read it."""
    job = dcc.Link("newest refresh", href=f"/runs?job={each.job}") if each.job else None
    return html.Span([basics.when(each.last), " ", job])


def failures(each: Schedule) -> html.Span:
    """How often it failed, one time after the other."""
    return html.Span(f"{each.failures:,}", className="tm-slow" if each.failures else "")


def buttons(page: str, each: Schedule) -> Any:
    """What can be done with a schedule, for those who may."""
    if not may("admin"):
        return None
    turn, caption = ("schedule-pause", "Pause") if each.enabled else ("schedule-resume", "Resume")
    return html.Div(
        [
            forms.button(page, "schedule-run", "Read now", key=each.id, label=f"Read now: {each.name}"),
            forms.button(page, turn, caption, key=each.id, label=f"{caption} {each.name}"),
            forms.confirmed(
                page, "schedule-remove", "Remove", "Its dataset and versions stay.", key=each.id, sure="Remove it"
            ),
        ],
        className="tm-actions",
    )


def fields(page: str) -> list[Any]:
    """How often, and what to alert at."""
    return [
        forms.text(page, "interval", "Every", "1h", description="30s, 15m, 1h, 1d"),
        forms.text(page, "threshold", "Alert where the score is below", placeholder="no alert"),
    ]


def asked_threshold(asked: Asked) -> float | None:
    """The threshold that the field says; none where it is empty."""
    text = asked.text("threshold")
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError as problem:
        raise SettingsError(f"{text!r} is no score", hint="Give a threshold from 0 to 100.") from problem


def added(made: Schedule) -> Done:
    """What is said of a new schedule."""
    return Done(title=f"{made.name} is read every {every(made.interval)}", message="For the first time now.")


def _run(site: Site, asked: Asked) -> Done:
    job = site.workspace.schedules.run_now(asked.key)
    return Done(title="It is being read", message=dcc.Link("Watch it", href=f"/runs?job={job.id}"))


def _does(verb: str, said: str) -> Callable[[Site, Asked], Done]:
    def run(site: Site, asked: Asked) -> Done:
        found: Schedule = getattr(site.workspace.schedules, verb)(asked.key)
        return Done(title=f"{said} {found.name}")

    return run


ACTIONS = {
    "schedule-run": Action(run=_run),
    "schedule-pause": Action(run=_does("pause", "Paused")),
    "schedule-resume": Action(run=_does("resume", "Resumed")),
    "schedule-remove": Action(run=_does("remove", "Removed")),
}
"""What a click on one of the buttons does."""
