"""When the source of a dataset is read again, and a form to have that done."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.errors import SourceNotFound
from tablemend.store.schedules import Schedule
from tablemend.tables.source import SERVERS
from tablemend.web.api import places
from tablemend.web.components import basics, forms, schedules
from tablemend.web.components.allowed import may, note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.dataset.subject import Subject
from tablemend.web.site import Site


def section(subject: Subject) -> Any:
    """The schedules that feed the dataset, else how to have one."""
    if subject.schedules:
        return [note("admin"), *(_one(each) for each in subject.schedules)]
    why = _unrepeatable(subject)
    if why:
        return basics.empty("It is not read again by itself", f"{why}.")
    told = "Its source can be read again at an interval: what has changed becomes a new version, which is scanned."
    if not may("admin"):
        return [html.P(told), note("admin")]
    return [html.P(told), _form(subject.id, secret=subject.snapshot.source.kind in SERVERS)]


def _one(each: Schedule) -> Any:
    about = basics.facts(
        ("source", each.source),
        ("every", schedules.every(each.interval)),
        ("alert below", schedules.threshold(each)),
        ("next", schedules.due(each)),
        ("last read", schedules.last(each)),
        ("failures", schedules.failures(each)),
        ("set by", html.Span([f"{each.by}, ", basics.when(each.created)])),
    )
    return basics.section(each.name, about, html.Div(schedules.buttons("dataset", each), className="tm-below"))


def _unrepeatable(subject: Subject) -> str:
    """Why the source cannot be read again by itself, or not for who is asking; empty where it can."""
    source = subject.snapshot.source
    why = subject.workspace.schedules.unrepeatable(source)
    if why or not may("admin"):
        return why
    try:
        places.source(subject.site, source.location)
    except SourceNotFound as problem:
        return problem.message
    return ""


def _form(dataset: str, *, secret: bool) -> Any:
    add = forms.button("dataset", "schedule-set", "Read it again", key=dataset, primary=True)
    told = "A password is not kept: give it where the driver of the database looks for it."
    return html.Div(
        [
            *schedules.fields("dataset"),
            html.P(told, className="tm-note") if secret else None,
            html.Div(add, className="tm-actions"),
        ],
        className="tm-form",
    )


def _set(site: Site, asked: Asked) -> Done:
    """The source is that of the dataset, never one that a browser names."""
    workspace = site.workspace
    places.source(site, workspace.store.datasets.snapshot(asked.key).source.location)
    made = workspace.schedules.repeat(
        asked.key, interval=asked.text("interval"), threshold=schedules.asked_threshold(asked)
    )
    return schedules.added(made)


ACTIONS = {"schedule-set": Action(run=_set, blames="interval"), **schedules.ACTIONS}
