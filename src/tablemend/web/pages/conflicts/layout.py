"""The page Conflicts: its jobs, and the parts of one, which have an address each."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tablemend.web.address import Address, path
from tablemend.web.components import asking, basics, following, forms
from tablemend.web.conflicts import names
from tablemend.web.doing import box, drawn
from tablemend.web.pages.conflicts import listing, quality, runs, whatif
from tablemend.web.pages.conflicts.subject import PAGE, PARTS, Subject, secret_lacks
from tablemend.web.site import Site

EXAMPLE = """[settings.conflicts_jobs.home]
source = "postgresql://reader@host/care#visits"
to = "postgresql://writer@host/care#conflict"
rules = "visits"
"""
_DRAW = {"list": listing.section, "run": runs.section, "what-if": whatif.section, "quality": quality.section}


def layout(site: Site, address: Address) -> Any:
    """The page."""
    return html.Div([asking.place(PAGE), html.Div(id="conflicts-others"), box(PAGE, drawn(draw, site, address))])


def draw(site: Site, address: Address) -> Any:
    """What the page shows at an address, with the state that it was drawn in."""
    written = site.workspace.store.writes_counted()
    if not names(site):
        return [following.place(PAGE, written, mark(site, address)), *_none()]
    subject = Subject(site, address)
    return html.Div(
        [
            following.place(PAGE, written, mark(site, address)),
            _head(subject),
            _secret(subject),
            _DRAW[subject.part](subject),
        ],
        className="tm-review-page" if subject.part == "list" and subject.summary.total else "",
    )


def mark(site: Site, address: Address) -> str:
    """Changes with a run on the conflicts that are shown; their list follows by itself."""
    if not names(site) or address.query.get("part", "list") != "run":
        return ""
    subject = Subject(site, address)
    found = subject.workspace.conflicts.runs(subject.name, limit=runs.LIMIT)
    return following.mark_of([(each.run.id, each.run.status) for each in found])


def _none() -> list[Any]:
    """How a job is made, where there is none."""
    how = html.P(
        [
            "A job names the table of rows, the table in which their conflicts are kept, and a ruleset. An admin "
            "writes it into ",
            html.Code("tablemend.toml"),
            ", with a secret that hashes the keys of people in ",
            html.Code("TABLEMEND_CONFLICTS_SECRET"),
            ".",
        ]
    )
    return [
        basics.header("Conflicts", note=_NOTE),
        basics.empty(
            "No job yet",
            "Conflicts are pairs of rows that contradict each other, such as one person at two places at once.",
            html.Div([how, html.Pre(EXAMPLE, **{"aria-label": "A job", "tabIndex": 0})], className="tm-below"),
        ),
    ]


_NOTE = "Rows that cannot both be true, kept up to date in your database."


def _head(subject: Subject) -> html.Div:
    source, to = subject.workspace.conflicts.shown(subject.name)
    jobs = [
        dcc.Link(name, href=path(PAGE, name), className="tm-chip tm-chip-on" if name == subject.name else "tm-chip")
        for name in subject.names
    ]
    several = len(jobs) > 1
    return html.Div(
        [
            basics.header(
                f"Conflicts: {subject.name}",
                html.Nav(jobs, className="tm-chips", **{"aria-label": "Jobs"}) if several else None,
                note=f"{subject.rules.title or subject.rules.name}, from {source} to {to}",
            ),
            forms.tabs(path(PAGE, subject.name), "part", PARTS, subject.part),
        ]
    )


def _secret(subject: Subject) -> Any:
    problem = secret_lacks(subject.workspace)
    if problem is None:
        return None
    return basics.notice("The job cannot run", f"{problem}.", hint=problem.hint or "", color="yellow")
