"""The page Runs: its parts, which have an address each."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.doing import box, drawn
from tablemend.web.pages.runs import alerts, audit, figures, listing, one, under_way
from tablemend.web.site import Site

PARTS = {"runs": "Runs and jobs", "figures": "Figures", "alerts": "Alerts", "audit": "Audit log"}
_DRAW = {"runs": listing.draw, "figures": figures.draw, "alerts": alerts.draw, "audit": audit.draw}


def layout(site: Site, address: Address) -> Any:
    """The page."""
    return html.Div(box("runs", drawn(draw, site, address)))


def draw(site: Site, address: Address) -> Any:
    """What the page shows at an address."""
    if address.subject:
        return one.draw(site, address.subject)
    if job := address.query.get("job"):
        return under_way.draw_one(site, job)
    part = address.query.get("part", "runs")
    part = part if part in PARTS else "runs"
    return [basics.header("Runs"), forms.tabs("/runs", "part", PARTS, part), html.Div(_DRAW[part](site, address))]
