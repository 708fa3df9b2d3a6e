"""Times, counts and statuses in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import dcc, html

from tablemend.records import Run
from tablemend.web.address import path
from tablemend.web.components import marks
from tablemend.web.site import Site


def seconds(value: float | None) -> str:
    """How long something took, in the unit that suits it."""
    if value is None:
        return "–"
    if value < 1:
        return f"{1_000 * value:.0f} ms" if value >= 0.0095 else f"{1_000 * value:.1f} ms"
    return f"{value:.2f} s" if value < 120 else f"{value / 60:.1f} min"


def took(started: datetime | None, finished: datetime | None) -> str:
    """The time between two moments; a dash where one is missing."""
    return "–" if started is None or finished is None else seconds((finished - started).total_seconds())


def counts(run: Run) -> str:
    """What a run counted."""
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in run.counts.items())


def status(name: str) -> html.Span:
    """How a run or job stands."""
    return marks.tag(name, kind=name)


def datasets(site: Site) -> dict[str, str]:
    """The name of each dataset by its id."""
    return {each.id: each.name for each in site.base.store.datasets.all()}


def dataset(identity: str, names: dict[str, str]) -> Any:
    """A link to a dataset; its id where it has no name."""
    if identity not in names:
        return identity or "–"
    return dcc.Link(names[identity], href=path("datasets", identity))


def run_link(run: str) -> Any:
    """A link to a run."""
    return dcc.Link(html.Code(run), href=path("runs", run), className="tm-nowrap") if run else "–"


def number(value: float, name: str = "") -> str:
    """A figure: whole where it is whole, in megabytes where its name says so."""
    shown = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return f"{shown} MB" if name.endswith("_mb") else shown
