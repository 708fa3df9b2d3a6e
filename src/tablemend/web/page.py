"""What the dashboard must know of a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash

from tablemend.records import Record
from tablemend.web.address import Address
from tablemend.web.site import Site


def nothing(app: dash.Dash, site: Site) -> None:
    """Callbacks of a page that has none."""
    del app, site


class Page(Record, frozen=True, kw_only=True):
    """A page, the first part of its path as its name."""

    name: str  # first part of the path; empty for the overview
    title: str  # in the tab of the browser, and in the navigation
    layout: Callable[[Site, Address], Any]
    callbacks: Callable[[dash.Dash, Site], None] = nothing
    icon: str = ""  # in the navigation; a page without one is not in it
    right: str = "read"  # what a user must be allowed to do to see it
