"""The brief of a run: each event once, by band; the whole of it as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from tablemend.intel.brief import Event, Section, Told
from tablemend.intel.brief_text import confirmed, counted, decision, period, title, when, why
from tablemend.web.components import basics, evidence, forms, marks
from tablemend.web.pages.intelligence.subject import DAYS, Subject, stories_of

SHOWN = 20
"""Events of a band that are told here; all of them stand in the files, and under Stories."""
FORMATS = {"md": "Markdown", "html": "HTML", "csv": "CSV", "json": "JSON"}


def section(subject: Subject) -> list[Any]:
    """The brief, and its files."""
    days = float(subject.days) if subject.days else None
    made = subject.workspace.brief(subject.id, days=days)
    head = basics.section(
        title(made),
        html.P(html.Em(made.promise)) if made.promise else None,
        html.P(f"{counted(made)}."),
        html.P(period(made), className="tm-note"),
    )
    return [
        forms.filters(forms.filter_choice("days", "Published", list(DAYS.items()), subject.days), _files(subject)),
        head,
        *(_band(subject, each) for each in made.sections),
        _listed(subject, "Blocked", made.blocked, decision="blocked"),
        _listed(subject, "Below every band", made.below, below="yes"),
        _listed(subject, "Rejected by people", made.rejected_by_people, decision="rejected"),
    ]


def _files(subject: Subject) -> html.Div:
    asked = {"run": subject.id} | ({"days": subject.days} if subject.days else {})
    links = [
        html.A(
            name,
            href=f"/api/v1/intel/brief?{urlencode({**asked, 'format': form})}",
            download=f"brief {subject.id}.{form}",
            className="tm-button",
        )
        for form, name in FORMATS.items()
    ]
    return html.Div(links, className="tm-actions tm-broad", role="group", **{"aria-label": "Download the brief"})


def _band(subject: Subject, each: Section) -> Any:
    told = [_event(subject, event) for event in each.events[:SHOWN]]
    rest = len(each.events) - len(told)
    more = dcc.Link(f"{rest:,} more events", href=subject.here(part="stories", band=each.band)) if rest else None
    note = stories_of(each.stories, len(each.events)) if each.events else "nothing"
    return basics.section(each.band, html.Div(told, className="tm-brief"), more, note=note)


def _event(subject: Subject, event: Event) -> html.Article:
    told = event.lead
    others = f"; {len(event.others):,} other reports" if event.others else ""
    by = html.Span(f"{decision(told)}, ", className="tm-note") if told.decided_by else None
    parts = [
        html.Div([html.Span(f"{told.total:.1f}", className="tm-story-total"), marks.decision(told.decision)]),
        html.H3(dcc.Link(told.title, href=subject.here(part="stories", story=told.id))),
        html.Div([by, html.Span(evidence.link(when(told.published), told.url), className="tm-note")]),
        html.P(told.summary) if told.summary else None,
        html.Ul([html.Li(each.text) for each in told.claims], className="tm-points") if told.claims else None,
        html.Div(f"Sources: {confirmed(told)}{others}", className="tm-note"),
        html.Div(f"Why: {'; '.join(told.why)}", className="tm-note") if told.why else None,
    ]
    return html.Article([part for part in parts if part is not None], className="tm-card")


def _listed(subject: Subject, name: str, told: Sequence[Told], **narrowed: str) -> Any:
    if not told:
        return None
    rows = [
        html.Li(
            [
                dcc.Link(each.title, href=subject.here(part="stories", story=each.id)),
                html.Span(f" {each.total:.1f}: {why(each)}", className="tm-note"),
            ]
        )
        for each in told[:SHOWN]
    ]
    rest = len(told) - len(rows)
    more = dcc.Link(f"{rest:,} more", href=subject.here(part="stories", **narrowed)) if rest else None
    return basics.section(name, html.Ul(rows, className="tm-points"), more, note=f"{len(told):,} stories")
