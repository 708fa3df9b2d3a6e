"""The page Settings: its parts, which have an address each."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.components.allowed import may
from tablemend.web.doing import box, drawn
from tablemend.web.pages.settings import (
    account,
    cache,
    gates,
    learning,
    rules,
    schedules,
    scorecards,
    state,
    users,
    values,
)
from tablemend.web.site import Site

PARTS = {
    "gates": "Gates",
    "scorecards": "Scorecards",
    "rules": "Rules",
    "schedules": "Schedules",
    "learning": "Learning",
    "cache": "Cache",
    "state": "State",
    "values": "All settings",
    "users": "Users",
    "account": "My account",
}
_MODULES = {
    "gates": gates,
    "scorecards": scorecards,
    "rules": rules,
    "schedules": schedules,
    "learning": learning,
    "cache": cache,
    "state": state,
    "values": values,
    "users": users,
    "account": account,
}
ACTIONS = {name: action for module in _MODULES.values() for name, action in module.ACTIONS.items()}


def layout(site: Site, address: Address) -> Any:
    """The page."""
    return html.Div(box("settings", drawn(draw, site, address)))


def draw(site: Site, address: Address) -> Any:
    """What the page shows at an address; what only admins see is no part of it for others."""
    parts = {name: title for name, title in PARTS.items() if name != "users" or may("admin")}
    part = address.query.get("part", "gates")
    part = part if part in parts else "gates"
    return [
        basics.header("Settings"),
        forms.tabs("/settings", "part", parts, part),
        html.Div(_MODULES[part].draw(site, address)),
    ]
