"""Runs over stories, newest first: what was read, by what it was scored, what came of it."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tablemend.errors import NotFound
from tablemend.intel.run import KIND, terms
from tablemend.intel.scoring import Terms
from tablemend.records import Run
from tablemend.web.address import Address, path
from tablemend.web.components import basics, datasets, forms
from tablemend.web.components.allowed import may, note
from tablemend.web.pages.intelligence import scoring
from tablemend.web.pages.runs import words
from tablemend.web.site import Site

LIMIT = 25
WORDS = {"promote": "promoted", "monitor": "monitored", "block": "blocked", "rejected": "rejected"}
"""Count of a run → what it counts."""

_HEAD = ("stories of", "scored by", "read", *WORDS.values(), "status", "when")


def draw(site: Site, address: Address) -> Any:
    """A page of runs."""
    offset = forms.offset(address.query)
    found, total = listed(site, offset)
    if not found and not offset:
        return _nothing()
    rows = [_row(site, run) for run in found]
    return [
        basics.table(_HEAD, rows, label="Runs over stories", numbers=range(2, 7)),
        forms.paging("/intelligence", {}, offset=offset, limit=LIMIT, total=total),
    ]


def listed(site: Site, offset: int) -> tuple[list[Run], int]:
    """A page of runs over stories, newest first, and how many there are."""
    try:
        return site.workspace.runs_page(kind=KIND, limit=LIMIT, offset=offset)
    except NotFound:  # there is no run of the kind yet
        return [], 0


def _nothing() -> Any:
    return basics.empty(
        "No stories yet",
        "A story is a report about a brand, from a feed or a file: a title, an address, a date, claims. Each is scored "
        "by a scorecard, reports of one event are put together, a gate decides what is clear, people decide the rest, "
        "and a brief tells the result.",
        basics.link_button("Score stories", "/intelligence?part=score", primary=True) if may("scan") else None,
        scoring.example() if may("scan") else None,
        note("scan"),
    )


def _row(site: Site, run: Run) -> tuple[Any, ...]:
    by = _terms(site, run)
    counted = [f"{run.counts[name]:,}" if name in run.counts else "–" for name in WORDS]
    return (
        _name(run, by),
        f"{by.scorecard.name}, gate {by.gate.name}" if by else "–",
        f"{sum(run.counts.values()):,}" if run.counts else "–",
        *counted,
        words.status(run.status),
        basics.when(run.started),
    )


def _terms(site: Site, run: Run) -> Terms | None:
    """What a run was scored by; one that is under way, or failed before it read anything, has none."""
    return terms(site.workspace.store, run) if run.counts else None


def _name(run: Run, by: Terms | None) -> Any:
    if by is None:
        return words.run_link(run.id)
    about = f" as {by.source_name}" if by.source_name else ""
    return html.Div(
        [
            dcc.Link(datasets.place(by.source), href=path("intelligence", run.id)),
            html.Div(f"{run.id}, {by.kind}{about}", className="tm-note"),
        ]
    )
