"""Jobs: those under way with bars that move, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from dash import dcc, html

from tablemend.store.jobs import Job
from tablemend.web.address import path
from tablemend.web.components import basics, forms
from tablemend.web.identity import current
from tablemend.web.pages.runs import words
from tablemend.web.site import Site


def live(jobs: Sequence[Job], children: Any, *, names: dict[str, str]) -> html.Div:
    """Jobs with bars, and what belongs to them; drawn anew when one of them ends or another begins."""
    known = {each.id: [each.status, each.changed] for each in jobs}
    active = [each for each in jobs if not each.over]
    return html.Div(
        [
            dcc.Store(id="runs-moved"),
            dcc.Store(id="runs-redrawn"),
            html.Div([card(each, names) for each in active], className="tm-jobs"),
            children,
        ],
        **{"data-jobs": msgspec.json.encode(known).decode()},
    )


def card(job: Job, names: dict[str, str]) -> html.Div:
    """A job under way: what, how far, since when, and the way to stop it."""
    share = f"{job.fraction:.0%}".replace("%", "")
    label = f"{job.verb} {names.get(job.subject, job.subject)}"
    bar = html.Div(
        html.Span(style={"width": f"{share}%"}),
        className="tm-meter",
        role="progressbar",
        **{"aria-label": label, "aria-valuenow": share, "aria-valuemin": "0", "aria-valuemax": "100"},
    )
    return html.Div(
        [
            html.Div(
                [
                    html.Strong([dcc.Link(job.verb, href=f"/runs?job={job.id}"), " "]),
                    words.dataset(job.subject, names),
                    html.Div([f"{job.by}, ", basics.when(job.started or job.created)], className="tm-hint"),
                ]
            ),
            html.Div([bar, html.Span(f"{job.stage or 'waiting'}, {share} %", className="tm-stage")]),
            html.Span("stopping …", className="tm-hint")
            if job.cancel
            else forms.button("runs", "cancel", "Cancel", key=job.id, label=f"Cancel {label}", right=_to_cancel(job)),
        ],
        className="tm-job",
        **{"data-job": job.id},
    )


def _to_cancel(job: Job) -> str:
    """What it takes to end a job: one's own is ended by whoever may ask for one."""
    return "scan" if job.by == current().name else "apply"


def table(jobs: Sequence[Job], names: dict[str, str]) -> Any:
    """Jobs that are over, or wait."""
    rows = [
        (
            dcc.Link(job.verb, href=f"/runs?job={job.id}"),
            words.status(job.status),
            words.dataset(job.subject, names),
            job.by,
            basics.when(job.created),
            words.took(job.started, job.finished),
            words.run_link(job.run),
        )
        for job in jobs
    ]
    return basics.table(
        ("Job", "Status", "Of", "By", "Asked for", "Took", "Run"), rows, label="Newest jobs", numbers=(5,)
    )


def draw_one(site: Site, identity: str) -> Any:
    """One job: how it stands, what came of it, or why it failed."""
    job, names = site.base.jobs.get(identity), words.datasets(site)
    head = basics.header(
        f"{job.verb} {names.get(job.subject, job.subject)}",
        words.status(job.status),
        basics.link_button("Conflicts", _conflicts(job)) if job.verb in _CONFLICTS else None,
        note=f"job {job.id}",
        back=("Runs", "/runs"),
    )
    facts = basics.facts(
        ("asked for by", job.by),
        ("of", words.dataset(job.subject, names)),
        ("asked for", basics.when(job.created)),
        ("waited", words.took(job.created, job.started)),
        ("took", words.took(job.started, job.finished)),
        ("run", words.run_link(job.run)),
    )
    return live([job], html.Div([head, _ended(job), basics.section("Job", facts)]), names=names)


_CONFLICTS = {"conflicts": "run", "undo_conflicts": "run", "what_if": "what-if"}
"""Verb of a job over conflicts → the part of their page that tells of it."""


def _conflicts(job: Job) -> str:
    told = f"&run={job.result['run']}" if "run" in job.result else ""
    told = f"&answer={job.id}" if job.verb == "what_if" and job.result else told
    return f"{path('conflicts', job.subject)}?part={_CONFLICTS[job.verb]}{told}"


def _ended(job: Job) -> Any:
    if job.error:
        title, message, hint = (str(job.error.get(name, "")) for name in ("title", "message", "hint"))
        return basics.notice(title or "It failed", message, hint=hint)
    if not job.result:
        return None
    rows = [(name.replace("_", " "), _shown(value)) for name, value in job.result.items()]
    return basics.section("Result", basics.facts(*rows))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
