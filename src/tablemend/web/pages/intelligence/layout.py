"""The page Intelligence: its parts, and those of one run, which have an address each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html

from tablemend.web.address import Address, path
from tablemend.web.components import asking, basics, datasets, following, forms
from tablemend.web.components.allowed import may
from tablemend.web.doing import box, drawn
from tablemend.web.pages.intelligence import brief, compare, rejected, runs, scoring, stories, times
from tablemend.web.pages.intelligence.subject import Subject
from tablemend.web.site import Site

PAGE = "intelligence"
PARTS = {"runs": "Runs", "score": "Score stories"}
_DRAW = {"runs": runs.draw, "score": scoring.draw}

OF_RUN: dict[str, tuple[str, Callable[[Subject], Any]]] = {
    "stories": ("Stories", stories.section),
    "brief": ("Brief", brief.section),
    "compare": ("Compare", compare.section),
    "rejected": ("Rejected", rejected.section),
    "times": ("Run and times", times.section),
}
"""The parts of a run, by what the query string calls them."""


def layout(site: Site, address: Address) -> Any:
    """The page."""
    return html.Div([asking.place(PAGE), box(PAGE, drawn(draw, site, address))])


def draw(site: Site, address: Address) -> Any:
    """What the page shows at an address, with the state that it was drawn in."""
    place = following.place(PAGE, site.workspace.store.writes_counted(), mark(site, address))
    if address.subject:
        return [place, *_of_run(Subject(site, address))]
    part = address.query.get("part", "runs")
    part = part if part in PARTS else "runs"
    score = basics.link_button("Score stories", "/intelligence?part=score", primary=True)
    head = basics.header("Intelligence", score if part == "runs" and may("scan") else None, note=_NOTE)
    return [place, head, forms.tabs("/intelligence", "part", PARTS, part), html.Div(_DRAW[part](site, address))]


_NOTE = "News and market stories, scored by what they mean for a brand, with the sources behind every claim."


def mark(site: Site, address: Address) -> str:
    """Changes with a run over stories, or with a decision on one of the run that is shown."""
    store = site.workspace.store
    if address.subject:
        return following.mark_of(store.items.standing(address.subject))
    found, _ = runs.listed(site, 0)
    return following.mark_of([(each.id, each.status) for each in found])


def _of_run(subject: Subject) -> list[Any]:
    name = subject.address.query.get("part", "stories")
    name = name if name in OF_RUN else "stories"
    titles = {key: title for key, (title, _) in OF_RUN.items()}
    if number := len(subject.found.rejected):
        titles["rejected"] = f"Rejected {number:,}"
    return [
        _head(subject),
        forms.tabs(path(PAGE, subject.id), "part", titles, name),
        html.Div(OF_RUN[name][1](subject), className="tm-tab-body"),
    ]


def _head(subject: Subject) -> Any:
    terms, found = subject.terms, subject.found
    brand = terms.scorecard.policy.brand if terms.scorecard.policy else ""
    told = ", ".join(f"{number:,} {runs.WORDS[name]}" for name, number in found.counts.items())
    by = f"scorecard {terms.scorecard.name}, gate {terms.gate.name}, ages counted to {terms.now:%Y-%m-%d %H:%M} UTC"
    note = [html.Div(f"{found.read:,} read: {told}"), html.Div(by)]
    about = datasets.place(terms.source)
    review = basics.link_button("Review", path("review", subject.id), primary=True) if found.items else None
    return basics.header(
        f"{brand}: {about}" if brand else about, review, note=note, back=("Intelligence", "/intelligence")
    )
