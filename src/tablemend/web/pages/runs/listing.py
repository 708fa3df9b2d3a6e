"""Jobs under way, and every run, newest first."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.errors import NotFound
from tablemend.store.runs import STATUSES
from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.components.allowed import may
from tablemend.web.pages.runs import under_way, words
from tablemend.web.site import Site

LIMIT = 25
JOBS = 8
"""Newest jobs that are shown above the runs."""


def draw(site: Site, address: Address) -> Any:
    """The conditions, the jobs and the runs."""
    names = words.datasets(site)
    kinds = sorted(site.base.run_totals())
    wanted = {name: address.query.get(name) for name in ("kind", "status", "dataset")}
    return [
        forms.filters(
            forms.filter_choice("kind", "Kind", kinds, wanted["kind"]),
            forms.filter_choice("status", "Status", STATUSES, wanted["status"]),
            forms.filter_choice("dataset", "Dataset", sorted(names.items(), key=lambda e: e[1]), wanted["dataset"]),
        ),
        html.Div(moving(site, address), id="runs-live"),
    ]


def moving(site: Site, address: Address) -> Any:
    """What changes while it is looked at."""
    names = words.datasets(site)
    jobs = site.base.jobs.recent(limit=JOBS)
    jobs = [*(each for each in site.base.jobs.active() if each not in jobs), *jobs]
    over = [each for each in jobs if each.over]
    parts = [basics.section("Newest jobs", under_way.table(over, names)) if over else None, _runs(site, address, names)]
    return under_way.live(jobs, html.Div(parts), names=names)


def _runs(site: Site, address: Address, names: dict[str, str]) -> Any:
    query = {name: value for name in ("kind", "status", "dataset") if (value := address.query.get(name))}
    offset = forms.offset(address.query)
    conditions: dict[str, Any] = dict(query)
    try:
        found, total = site.base.runs_page(**conditions, limit=LIMIT, offset=offset)
    except NotFound:  # a kind that there is no run of, or no longer
        found, total = [], 0
    if not found and not query:
        return basics.empty(
            "Nothing was done yet",
            "Scans, repairs and undos are listed here, with the time that each of their stages took.",
            basics.link_button("Add data", "/add", primary=True) if may("scan") else None,
        )
    rows = [
        (
            words.run_link(run.id),
            run.kind,
            words.status(run.status),
            words.dataset(run.dataset, names),
            basics.when(run.started),
            words.took(run.started, run.finished),
            words.counts(run),
        )
        for run in found
    ]
    head = ("Run", "Kind", "Status", "Dataset", "Started", "Took", "Counts")
    return basics.section(
        "Runs",
        basics.table(head, rows, label="Runs", numbers=(5,)),
        forms.paging("/runs", query, offset=offset, limit=LIMIT, total=total),
    )
